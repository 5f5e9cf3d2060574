/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/report.h"
#include "manager/intake.h"
#include "manager/probe.h"

/* A wider pipe saves switches between inflate and store: 1 MiB is what pipe-max-size allows. */
#define PIPE_SIZE (1 << 20)

typedef struct Intake {
        ListLink link; /* of the manager's */
        Manager *manager;
        Name name;
        bool is_delegated;
        int client_fd, file_fd;
        int finished_fd; /* closing it tells read-notes that the file is whole */
        char temporary[32];
        unsigned n_pending;
        unsigned n_transfers; /* of inflate and store, those that have not ended */
        bool have_temporary;  /* tmp/ holds a file of ours */
        InflateReport inflate;
        size_t inflate_size;
        StoreReport store;
        size_t store_size;
        IntakeResult result;
        int r; /* the first failure */
        Fault fault;
        IntakeDone done;
        void *userdata;
} Intake;

static Intake *intake_free(Intake *intake) {
        list_remove(&intake->link);
        fd_close(intake->client_fd);
        fd_close(intake->file_fd);
        fd_close(intake->finished_fd);
        fd_close(intake->result.image_fd);
        free(intake);
        return NULL;
}

DEFINE_CLEANUP(Intake *, intake_free);

static void fail(Intake *intake, int r) {
        if (intake->r == 0)
                intake->r = r;
}

/* Whoever waits for the file to be finished need not wait any longer. */
static void give_up(Intake *intake, int r) {
        fail(intake, r);
        intake->finished_fd = fd_close(intake->finished_fd);
}

void intakes_revoke(Manager *manager, const Name *path) {
        LIST_FOREACH(link, &manager->intakes) {
                Intake *intake = LIST_ENTRY(link, Intake, link);

                if (!intake->is_delegated || !name_is_below(intake->name.text, path->text))
                        continue;
                /* One that has failed already says why in any case. */
                if (intake->r == 0)
                        give_up(intake,
                                fault_set(&intake->fault, FAULT_NOT_AUTHORIZED,
                                          "Who owns what is above %s has changed meanwhile, try "
                                          "again",
                                          intake->name.text));
                /* Those of its programs that run. What runs none fails when it goes on. */
                probes_cancel(manager, intake);
        }
}

static void drop_temporary(Intake *intake) {
        if (!intake->have_temporary)
                return;
        intake->have_temporary = false;
        writer_order(intake->manager->writer,
                     &(const WriterOrder){
                             .verb = WRITER_REMOVE,
                             .folder = WRITER_TMP,
                             .name = intake->temporary,
                     },
                     NULL, NULL);
}

/* One of the parallel parts is done: the last one ends the intake. */
static void settle(Intake *intake) {
        if (--intake->n_pending > 0)
                return;
        if (intake->r < 0) {
                drop_temporary(intake);
                image_release(intake->manager, intake->result.hold);
        }
        intake->done(intake->userdata, intake->r, &intake->fault, &intake->result);
        intake_free(intake);
}

static void on_notes(void *userdata, const ProbeResult *result) {
        Intake *intake = userdata;
        size_t size;
        int r;

        r = probe_check(result, "The image", intake->manager->settings.transfer_max_usec,
                        &intake->fault);
        if (r >= 0 && intake->r == 0) {
                probe_copy_report(result, &intake->result.notes, sizeof(intake->result.notes),
                                  &size);
                r = notes_report_check(&intake->result.notes, size, &intake->fault);
        }
        if (r < 0)
                fail(intake, r);
        intake->result.info.target = intake->result.notes.target;
        intake->result.info.abi_version = intake->result.notes.abi_version;
        settle(intake);
}

static int refuse_disk(Intake *intake, int error) {
        /* The first failure is the one that is told. */
        return disk_refuse(intake->r == 0 ? &intake->fault : NULL, error,
                           "The image could not be written");
}

static void on_published(void *userdata, const WriterAnswer *answer) {
        Intake *intake = userdata;

        if (answer->error == -ENOENT && intake->r == 0)
                /* Our file is gone from tmp: it was emptied by another writer. */
                fail(intake, fault_set(&intake->fault, FAULT_FAILED,
                                       "albatross-writer went away while the image was taken in"));
        else if (answer->error < 0)
                fail(intake, refuse_disk(intake, answer->error));
        else {
                intake->have_temporary = false;
                intake->result.image_fd = TAKE_FD(answer->fds[0]);
        }
        settle(intake);
}

/* The bytes are all there: have them on disk under their name, while it is seen what they are. An
 * image that turns out to be none is held by nobody and goes again. */
static int publish(Intake *intake) {
        ImageInfo *info = &intake->result.info;
        int r;

        intake->finished_fd = fd_close(intake->finished_fd);
        for (size_t i = 0; i < IMAGE_DIGEST_SIZE; i++)
                snprintf(info->digest + 2 * i, 3, "%02x", intake->store.digest[i]);
        info->size_bytes = intake->store.size;

        r = image_hold(&intake->result.hold, intake->manager, info->digest);
        if (r < 0)
                return r;
        r = writer_order(intake->manager->writer,
                         &(const WriterOrder){
                                 .verb = WRITER_PUBLISH,
                                 .folder = WRITER_IMAGES,
                                 .name = intake->temporary,
                                 .target = info->digest,
                         },
                         on_published, intake);
        if (r < 0)
                return r;
        intake->n_pending++;
        return 0;
}

/* A limit that was met is an administrator's to change: by which setting? */
static int refuse_transfer(Intake *intake, int r, const Fault *fault, int error) {
        intake->fault = *fault;
        if (error == -EFBIG)
                fault_hint(&intake->fault, "What is allowed: ImageSizeMax= in albatrossd.conf(5)");
        else if (error == -ETIMEDOUT)
                fault_hint(&intake->fault,
                           "How long is waited: TransferIdleSec= in albatrossd.conf(5)");
        return r;
}

/* Both have ended. Of two failures the earlier one is the cause: see image/wire.h. */
static int check_transfer(Intake *intake) {
        Fault inflate_fault = {}, store_fault = {};
        int inflate_r, store_r;

        inflate_r = inflate_report_check(&intake->inflate, intake->inflate_size, &inflate_fault);
        store_r = store_report_check(&intake->store, intake->store_size, &store_fault);
        if (inflate_r < 0 && !(intake->inflate.header.error == -EPIPE && store_r < 0))
                return refuse_transfer(intake, inflate_r, &inflate_fault,
                                       intake->inflate.header.error);
        if (store_r < 0)
                return refuse_transfer(intake, store_r, &store_fault, intake->store.header.error);
        if (intake->inflate.size != intake->store.size)
                return fault_set(&intake->fault, FAULT_FAILED,
                                 "Of %" PRIu64 " bytes of the image, %" PRIu64 " were stored",
                                 intake->inflate.size, intake->store.size);
        if (intake->store.size == 0)
                return fault_set(&intake->fault, FAULT_INVALID_IMAGE, "The image is empty");
        return 0;
}

static void transfer_done(Intake *intake) {
        int r;

        if (--intake->n_transfers == 0) {
                r = intake->r == 0 ? check_transfer(intake) : intake->r;
                if (r >= 0)
                        r = publish(intake);
                if (r < 0)
                        give_up(intake, r);
        }
        settle(intake);
}

static void on_inflated(void *userdata, const ProbeResult *result) {
        Intake *intake = userdata;
        int r;

        r = probe_check(result, "The image", intake->manager->settings.transfer_max_usec,
                        &intake->fault);
        if (r < 0)
                give_up(intake, r);
        probe_copy_report(result, &intake->inflate, sizeof(intake->inflate), &intake->inflate_size);
        transfer_done(intake);
}

static void on_stored(void *userdata, const ProbeResult *result) {
        Intake *intake = userdata;
        int r;

        r = probe_check(result, "The image", intake->manager->settings.transfer_max_usec,
                        &intake->fault);
        if (r < 0)
                give_up(intake, r);
        probe_copy_report(result, &intake->store, sizeof(intake->store), &intake->store_size);
        transfer_done(intake);
}

static int start_program(Intake *intake, const ProbeSpec *spec, ProbeDone done) {
        int r;

        r = probe_start(intake->manager, spec, done, intake);
        if (r < 0)
                return fault_set(&intake->fault, FAULT_FAILED,
                                 "albatross-launcher could not have the image taken in: %s",
                                 strerror(-r));
        intake->n_pending++;
        return 0;
}

/* Inflate to store through a pipe. */
static int start_transfer(Intake *intake) {
        _cleanup_(fd_closep) int reading = -1, writing = -1;
        const Settings *settings = &intake->manager->settings;
        char max[3 * sizeof(uint64_t) + 1], idle[3 * sizeof(uint64_t) + 1];
        int pair[2];
        int r;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        reading = pair[0];
        writing = pair[1];
        fcntl(writing, F_SETPIPE_SZ, PIPE_SIZE);

        snprintf(max, sizeof(max), "%" PRIu64, settings->image_size_max_bytes);
        snprintf(idle, sizeof(idle), "%" PRIu64,
                 manager_whole_seconds(settings->transfer_idle_usec));
        r = start_program(intake,
                          &(const ProbeSpec){
                                  .program = PROGRAM_INFLATE,
                                  .arguments = {max},
                                  .input = intake->client_fd,
                                  .output = writing,
                                  .deadline_usec = settings->transfer_max_usec,
                          },
                          on_inflated);
        if (r < 0)
                return r;
        intake->n_transfers++;
        r = start_program(intake,
                          &(const ProbeSpec){
                                  .program = PROGRAM_STORE,
                                  .arguments = {max, idle},
                                  .input = reading,
                                  .output = intake->file_fd,
                                  .deadline_usec = settings->transfer_max_usec,
                          },
                          on_stored);
        if (r < 0)
                return r;
        intake->n_transfers++;
        return 0;
}

/* Started ahead, it waits for the file to be finished: its start is not waited for. */
static int start_notes(Intake *intake) {
        char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
        _cleanup_(fd_closep) int fd = -1, reading = -1;
        int pair[2];

        /* Our own new file, and for reading only. */
        snprintf(path, sizeof(path), "/proc/self/fd/%d", intake->file_fd);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        reading = pair[0];
        intake->finished_fd = pair[1];
        return start_program(intake,
                             &(const ProbeSpec){
                                     .program = PROGRAM_READ_NOTES,
                                     .input = fd,
                                     .output = reading,
                                     .deadline_usec = intake->manager->settings.transfer_max_usec,
                             },
                             on_notes);
}

static void on_temporary(void *userdata, const WriterAnswer *answer) {
        Intake *intake = userdata;
        int r = answer->error;

        /* Whoever could not tell may have made it. */
        intake->have_temporary = r != -EEXIST;
        if (r < 0)
                r = refuse_disk(intake, r);
        else
                r = reserve_check(intake->manager, intake->manager->state_fd, ALBATROSS_STATEDIR,
                                  &intake->fault);
        if (r == 0)
                r = intake->r;
        if (r == 0) {
                intake->file_fd = TAKE_FD(answer->fds[0]);
                r = start_transfer(intake);
                if (r >= 0)
                        r = start_notes(intake);
                /* Nobody else has the client's descriptor open any longer than needed. */
                intake->client_fd = fd_close(intake->client_fd);
        }
        if (r < 0)
                give_up(intake, r);
        settle(intake);
}

int intake_start(Manager *manager, const IntakeOrder *order, IntakeDone done, void *userdata) {
        _cleanup_(intake_freep) Intake *intake = NULL;
        int r;

        intake = calloc(1, sizeof(*intake));
        if (!intake)
                return -ENOMEM;
        list_append(&manager->intakes, &intake->link);
        intake->manager = manager;
        intake->name = *order->name;
        intake->is_delegated = order->is_delegated;
        intake->done = done;
        intake->userdata = userdata;
        intake->file_fd = intake->finished_fd = -1;
        intake->result.image_fd = -1;
        intake->client_fd = fcntl(order->client_fd, F_DUPFD_CLOEXEC, 3);
        if (intake->client_fd < 0)
                return -errno;
        snprintf(intake->temporary, sizeof(intake->temporary), "image-%" PRIu64,
                 ++manager->n_intakes);

        r = writer_order(manager->writer,
                         &(const WriterOrder){
                                 .verb = WRITER_TEMPORARY,
                                 .name = intake->temporary,
                         },
                         on_temporary, intake);
        if (r < 0)
                return r;
        intake->n_pending = 1;
        TAKE_PTR(intake);
        return 0;
}
