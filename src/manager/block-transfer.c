/* SPDX-License-Identifier: ISC */

/*
 * The content of a block device on its way. In: the client's bytes go through inflate and
 * block-store into a new file, which replaces that of the device when all of them are there. Out:
 * block-read puts them into a pipe. The daemon touches none of these bytes. These programs end with
 * the connection to the launcher, so none of them outlives us; what they leave in tmp, the writer
 * removes at its next start.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "image/report.h"
#include "manager/blocks-internal.h"
#include "manager/probe.h"
#include "systemd/log.h"

/* A wider pipe saves switches: 1 MiB is what pipe-max-size allows. */
#define PIPE_SIZE (1 << 20)

/* Whoever makes progress has TransferMaxSec, and beyond that a second for each MiB of the device:
 * what is slower than that is there to keep it busy. */
#define USEC_PER_UNIT UINT64_C(1000000)

static uint64_t deadline_of(const BlockDevice *device) {
        uint64_t usec = device->manager->settings.transfer_max_usec +
                        device->size_bytes / BLOCK_UNIT * USEC_PER_UNIT;

        return MIN_OF(usec, LAUNCHER_DEADLINE_MAX_USEC);
}

static void format_number(char ret[static 3 * sizeof(uint64_t) + 1], uint64_t number) {
        snprintf(ret, 3 * sizeof(uint64_t) + 1, "%" PRIu64, number);
}

static int make_pipe(int *ret_reading, int *ret_writing) {
        int pair[2];

        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        fcntl(pair[1], F_SETPIPE_SZ, PIPE_SIZE);
        *ret_reading = pair[0];
        *ret_writing = pair[1];
        return 0;
}

/* What there is of one in either direction. */
typedef struct Transfer {
        ListLink link; /* of the manager's */
        BlockDevice *device;
        void (*release)(struct Transfer *transfer); /* tells nobody */
        ManagerDone done;
        void *userdata;
        bool is_delegated, is_revoked;
} Transfer;

static void transfer_begin(Transfer *transfer, BlockDevice *device, bool is_delegated) {
        transfer->device = device;
        transfer->is_delegated = is_delegated;
        list_append(&device->manager->block_transfers, &transfer->link);
}

void blocks_revoke(Manager *manager, const Name *path) {
        LIST_FOREACH(link, &manager->block_transfers) {
                Transfer *transfer = LIST_ENTRY(link, Transfer, link);

                if (!transfer->is_delegated ||
                    !name_is_below(transfer->device->name.text, path->text))
                        continue;
                transfer->is_revoked = true;
                /* Those of it that run. What runs none is told so when it goes on. */
                probes_cancel(manager, transfer);
        }
}

void block_transfers_free_all(Manager *manager) {
        LIST_FOREACH(link, &manager->block_transfers) {
                Transfer *transfer = LIST_ENTRY(link, Transfer, link);

                free(transfer->userdata);
                transfer->release(transfer);
        }
}

static int refuse_revoked(const Transfer *transfer, Fault *fault) {
        return fault_set(fault, FAULT_NOT_AUTHORIZED,
                         "Who owns what is above %s has changed meanwhile, try again",
                         transfer->device->name.text);
}

/* --- in --- */

typedef struct Intake {
        Transfer transfer; /* first: its programs are known by its address */
        int file_fd;
        BlockSource source;
        char temporary[32];
        unsigned n_programs; /* those that have not ended */
        bool have_temporary; /* tmp holds a file of ours */
        InflateReport inflate;
        size_t inflate_size;
        BlockReport store;
        size_t store_size;
        int r; /* the first failure */
        Fault fault;
} Intake;

static Intake *intake_free(Intake *intake) {
        list_remove(&intake->transfer.link);
        fd_close(intake->source.fd);
        fd_close(intake->file_fd);
        free(intake);
        return NULL;
}

DEFINE_CLEANUP(Intake *, intake_free);

static void release_intake(Transfer *transfer) {
        intake_free((Intake *) transfer);
}

static void finish(Intake *intake, int r) {
        Manager *manager = intake->transfer.device->manager;

        /* The last descriptor of a file that goes takes its place on the disk along: that may take
         * long, and is the writer's to do. */
        intake->file_fd = fd_close(intake->file_fd);
        if (r < 0 && intake->have_temporary)
                (void) writer_order(manager->writer,
                                    &(const WriterOrder){
                                            .verb = WRITER_REMOVE,
                                            .folder = WRITER_BLOCK_TMP,
                                            .name = intake->temporary,
                                    },
                                    NULL, NULL);
        intake->transfer.done(intake->transfer.userdata, r, &intake->fault);
        intake_free(intake);
}

static void on_replaced(void *userdata, const WriterAnswer *answer) {
        Intake *intake = userdata;
        int r = answer->error;

        if (r == -ENOENT)
                /* Our file is gone from tmp: it was emptied by another writer. */
                r = fault_set(&intake->fault, FAULT_FAILED,
                              "albatross-writer went away while the block device %s was written",
                              intake->transfer.device->name.text);
        else if (r < 0)
                r = block_refuse(intake->transfer.device, "written", r, &intake->fault);
        intake->have_temporary = intake->have_temporary && r < 0;
        finish(intake, r);
}

static int replace(Intake *intake) {
        struct stat st;
        uint64_t inode;

        if (fstat(intake->file_fd, &st) < 0)
                return -errno;
        inode = st.st_ino;
        return writer_order(intake->transfer.device->manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_REPLACE_BLOCK,
                                    .name = intake->temporary,
                                    .target = intake->transfer.device->name.text,
                                    .data = &inode,
                                    .size = sizeof(inode),
                            },
                            on_replaced, intake);
}

static void on_confirmed(void *userdata, bool is_there) {
        Intake *intake = userdata;
        int r;

        if (intake->transfer.is_revoked)
                r = refuse_revoked(&intake->transfer, &intake->fault);
        else if (is_there)
                r = replace(intake);
        else
                r = fault_set(&intake->fault, FAULT_FAILED,
                              "Who brought the content of the block device %s has gone",
                              intake->transfer.device->name.text);
        if (r < 0)
                finish(intake, r);
}

/* The programs know of no device, and the reports speak of images. */
static int refuse(Intake *intake, int error, const Fault *fault) {
        const BlockDevice *device = intake->transfer.device;

        if (fault->code != FAULT_INVALID_IMAGE) {
                intake->fault = *fault;
                return error;
        }
        if (intake->inflate.header.error == -EFBIG)
                return fault_set(&intake->fault, FAULT_INVALID_CONTENT,
                                 "The content is larger than the %" PRIu64
                                 " MiB of the block device %s",
                                 device->size_bytes / BLOCK_UNIT, device->name.text);
        error = fault_set(&intake->fault, FAULT_INVALID_CONTENT, "%s", fault->message);
        if (intake->inflate.format != INFLATE_PLAIN)
                fault_hint(&intake->fault,
                           "If it only looks compressed, and is to be taken as it is: --plain");
        return error;
}

/* Both have ended. Of two failures the earlier one is the cause: see image/wire.h. */
static int check_reports(Intake *intake) {
        Fault inflate_fault = {}, store_fault = {};
        int inflate_r, store_r;

        inflate_r = inflate_report_check(&intake->inflate, intake->inflate_size, &inflate_fault);
        store_r = block_report_check(&intake->store, intake->store_size, "albatross-block-store",
                                     &store_fault);
        if (inflate_r < 0 && !(intake->inflate.header.error == -EPIPE && store_r < 0))
                return refuse(intake, inflate_r, &inflate_fault);
        if (store_r < 0)
                return refuse(intake, store_r, &store_fault);
        if (intake->inflate.size != intake->store.size)
                return fault_set(&intake->fault, FAULT_FAILED,
                                 "Of %" PRIu64 " bytes of the content, %" PRIu64 " were stored",
                                 intake->inflate.size, intake->store.size);
        return 0;
}

static void program_ended(Intake *intake, const ProbeResult *result) {
        Fault fault = {};
        int r;

        r = probe_check(result, "The content", deadline_of(intake->transfer.device), &fault);
        if (r < 0 && intake->r == 0) {
                intake->r = r;
                intake->fault = fault;
        }
        if (--intake->n_programs > 0)
                return;
        if (intake->transfer.is_revoked)
                r = refuse_revoked(&intake->transfer, &intake->fault);
        else
                r = intake->r == 0 ? check_reports(intake) : intake->r;
        if (r < 0)
                finish(intake, r);
        else
                intake->source.confirm(intake->source.userdata, on_confirmed, intake);
}

static void on_inflated(void *userdata, const ProbeResult *result) {
        Intake *intake = userdata;

        probe_copy_report(result, &intake->inflate, sizeof(intake->inflate), &intake->inflate_size);
        program_ended(intake, result);
}

static void on_stored(void *userdata, const ProbeResult *result) {
        Intake *intake = userdata;

        probe_copy_report(result, &intake->store, sizeof(intake->store), &intake->store_size);
        program_ended(intake, result);
}

static int start_inflate(Intake *intake, int writing) {
        char max[3 * sizeof(uint64_t) + 1];

        format_number(max, intake->transfer.device->size_bytes);
        return probe_start(intake->transfer.device->manager,
                           &(const ProbeSpec){
                                   .program = PROGRAM_INFLATE,
                                   .arguments = {max, intake->source.is_plain ? "--plain" : NULL},
                                   .input = intake->source.fd,
                                   .output = writing,
                                   .deadline_usec = deadline_of(intake->transfer.device),
                           },
                           on_inflated, intake);
}

static int start_store(Intake *intake, int reading) {
        const Manager *manager = intake->transfer.device->manager;
        char max[3 * sizeof(uint64_t) + 1], idle[3 * sizeof(uint64_t) + 1];
        char reserve[3 * sizeof(uint64_t) + 1];
        uint64_t reserve_bytes;
        int r;

        r = reserve_get(manager, manager->block_fd, &reserve_bytes);
        if (r < 0)
                return r;
        format_number(max, intake->transfer.device->size_bytes);
        format_number(idle, manager_whole_seconds(manager->settings.transfer_idle_usec));
        format_number(reserve, reserve_bytes);
        return probe_start(intake->transfer.device->manager,
                           &(const ProbeSpec){
                                   .program = PROGRAM_BLOCK_STORE,
                                   .arguments = {max, idle, reserve},
                                   .input = reading,
                                   .output = intake->file_fd,
                                   .deadline_usec = deadline_of(intake->transfer.device),
                           },
                           on_stored, intake);
}

/* Those that were started are waited for, whatever becomes of the other. */
static int start_programs(Intake *intake) {
        _cleanup_(fd_closep) int reading = -1, writing = -1;
        int r;

        r = make_pipe(&reading, &writing);
        if (r < 0)
                return r;
        r = start_inflate(intake, writing);
        if (r < 0)
                return r;
        intake->n_programs++;
        r = start_store(intake, reading);
        if (r >= 0)
                intake->n_programs++;
        /* Nobody else has the client's descriptor open any longer than needed. */
        intake->source.fd = fd_close(intake->source.fd);
        return r;
}

static void on_temporary(void *userdata, const WriterAnswer *answer) {
        Intake *intake = userdata;
        const Manager *manager = intake->transfer.device->manager;
        int r = answer->error;

        /* Whoever could not tell may have made it. */
        intake->have_temporary = r != -EEXIST;
        if (r < 0)
                r = block_refuse(intake->transfer.device, "written", r, &intake->fault);
        else {
                intake->file_fd = TAKE_FD(answer->fds[0]);
                r = reserve_check(manager, manager->block_fd, manager->settings.block_folder,
                                  &intake->fault);
        }
        if (r == 0 && intake->transfer.is_revoked)
                r = refuse_revoked(&intake->transfer, &intake->fault);
        if (r == 0)
                r = start_programs(intake);
        if (r >= 0)
                return;
        intake->r = r;
        if (intake->n_programs == 0)
                finish(intake, r);
}

int block_take_in(BlockDevice *device,
                  const BlockSource *source,
                  ManagerDone done,
                  void *userdata) {
        _cleanup_(intake_freep) Intake *intake = NULL;
        int r;

        intake = calloc(1, sizeof(*intake));
        if (!intake)
                return -ENOMEM;
        intake->transfer =
                (Transfer){.release = release_intake, .done = done, .userdata = userdata};
        transfer_begin(&intake->transfer, device, source->is_delegated);
        intake->source = *source;
        intake->file_fd = -1;
        intake->source.fd = fcntl(source->fd, F_DUPFD_CLOEXEC, 3);
        if (intake->source.fd < 0)
                return -errno;
        snprintf(intake->temporary, sizeof(intake->temporary), "block-%" PRIu64,
                 ++device->manager->n_block_transfers);
        r = writer_order(device->manager->writer,
                         &(const WriterOrder){
                                 .verb = WRITER_TEMPORARY_BLOCK,
                                 .name = intake->temporary,
                                 .data = &device->size_bytes,
                                 .size = sizeof(device->size_bytes),
                         },
                         on_temporary, intake);
        if (r < 0)
                return r;
        TAKE_PTR(intake);
        return 0;
}

/* --- out --- */

typedef struct Outlet {
        Transfer transfer; /* first, as above */
        /* Held until the device is idle again, so that who has read to the end can have it at once.
         */
        int writing;
} Outlet;

static void release_outlet(Transfer *transfer) {
        Outlet *outlet = (Outlet *) transfer;

        list_remove(&transfer->link);
        fd_close(outlet->writing);
        free(outlet);
}

static void on_read(void *userdata, const ProbeResult *result) {
        Outlet *outlet = userdata;
        BlockReport report;
        Fault fault = {};
        size_t size;
        int r;

        list_remove(&outlet->transfer.link);
        r = probe_check(result, "The content", deadline_of(outlet->transfer.device), &fault);
        if (r >= 0) {
                probe_copy_report(result, &report, sizeof(report), &size);
                r = block_report_check(&report, size, "albatross-block-read", &fault);
                /* A client that wants no more has hung up; that is all. */
                if (r < 0 && size == sizeof(report) && report.header.error == -EPIPE)
                        r = 0;
        }
        if (r < 0)
                /* The answer is out long since: the client sees that something is missing. */
                log_print(LOG_NOTICE, "The block device %s was not read to its end: %s",
                          outlet->transfer.device->name.text,
                          fault.code != FAULT_NONE ? fault.message : strerror(-r));
        outlet->transfer.done(outlet->transfer.userdata, r, &fault);
        release_outlet(&outlet->transfer);
}

int block_hand_out(BlockDevice *device,
                   const BlockReadOrder *order,
                   ManagerDone done,
                   void *userdata,
                   Fault *fault) {
        _cleanup_(fd_closep) int reading = -1, writing = -1, file = -1;
        _cleanup_(freep) Outlet *outlet = NULL;
        char idle[3 * sizeof(uint64_t) + 1];
        int r;

        file = block_open_file(device, O_RDONLY, fault);
        if (file < 0)
                return file;
        r = make_pipe(&reading, &writing);
        if (r < 0)
                return r;
        outlet = calloc(1, sizeof(*outlet));
        if (!outlet)
                return -ENOMEM;
        outlet->transfer =
                (Transfer){.release = release_outlet, .done = done, .userdata = userdata};
        outlet->writing = writing;

        format_number(idle, manager_whole_seconds(device->manager->settings.transfer_idle_usec));
        r = probe_start(device->manager,
                        &(const ProbeSpec){
                                .program = PROGRAM_BLOCK_READ,
                                .arguments = {order->compression == BLOCK_COMPRESSION_GZIP ? "gzip"
                                                                                           : "none",
                                              idle},
                                .input = file,
                                .output = writing,
                                .deadline_usec = deadline_of(device),
                        },
                        on_read, outlet);
        if (r < 0)
                return r;
        transfer_begin(&outlet->transfer, device, order->reader.is_delegated);
        TAKE_PTR(outlet);
        TAKE_FD(writing);
        return TAKE_FD(reading);
}
