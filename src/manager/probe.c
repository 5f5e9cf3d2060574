/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "domain/config.h"
#include "manager/probe.h"

/* The largest report is of read-notes, some 5 KiB; a pipe takes 64 KiB without anybody reading. */
#define REPORT_MAX (16U * 1024U)

/* How often one that waits while too many others run is tried again. */
#define AGAIN_USEC (50ULL * 1000ULL)

static const char *const names[N_PROGRAMS] = {
        [PROGRAM_INFLATE] = "albatross-inflate",
        [PROGRAM_STORE] = "albatross-store",
        [PROGRAM_READ_NOTES] = "albatross-read-notes",
        [PROGRAM_BLOCK_STORE] = "albatross-block-store",
        [PROGRAM_BLOCK_READ] = "albatross-block-read",
};

typedef struct Probe {
        ListLink link; /* of the manager's probes */
        Manager *manager;
        LauncherCall call;
        int report_fd;
        size_t report_max;
        unsigned n_tries;
        uint64_t patient_until_usec; /* on CLOCK_MONOTONIC */
        sd_event_source *again;
        UidWait uid_wait;
        ProbeDone done;
        void *userdata;
} Probe;

static Probe *probe_free(Probe *probe) {
        /* The program's own descriptor is the manager's. */
        for (size_t i = 1; i < probe->call.n_fds; i++)
                fd_close(probe->call.fds[i]);
        fd_close(probe->report_fd);
        sd_event_source_disable_unref(probe->again);
        list_remove(&probe->uid_wait.link);
        list_remove(&probe->link);
        free(probe);
        return NULL;
}

DEFINE_CLEANUP(Probe *, probe_free);

void probes_free_all(Manager *manager) {
        LIST_FOREACH(link, &manager->probes)
        probe_free(LIST_ENTRY(link, Probe, link));
}

void probes_cancel(Manager *manager, const void *userdata) {
        LIST_FOREACH(link, &manager->probes) {
                Probe *probe = LIST_ENTRY(link, Probe, link);
                LauncherCall cancel = {
                        .request.verb = LAUNCHER_CANCEL,
                        .request.child = probe->call.request.serial,
                };

                /* One that can't be ended now ends at its deadline. */
                if (probe->userdata == userdata)
                        (void) launcher_call(manager->launcher, &cancel);
        }
}

static int send_probe(Probe *probe) {
        int r;

        r = manager_take_uid(probe->manager, &probe->call.request.uid);
        if (r < 0)
                return manager_wait_for_uid(probe->manager, &probe->uid_wait) ? 0 : r;
        r = launcher_call(probe->manager->launcher, &probe->call);
        if (r < 0)
                uid_pool_release(probe->manager->uids, probe->call.request.uid);
        return r;
}

static void send_again(void *userdata) {
        _cleanup_(probe_freep) Probe *probe = userdata;
        ProbeResult result = {};

        result.error = send_probe(probe);
        if (result.error < 0)
                probe->done(probe->userdata, &result);
        else
                TAKE_PTR(probe);
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Probe *probe = userdata;

        probe->again = sd_event_source_disable_unref(probe->again);
        send_again(probe);
        return 0;
}

static int try_later(Probe *probe) {
        return sd_event_add_time_relative(probe->manager->event, &probe->again, CLOCK_MONOTONIC,
                                          AGAIN_USEC, 0, on_again, probe);
}

/* Has it gone on for another time? */
static bool is_tried_again(Probe *probe, int error) {
        if (error == -EBUSY)
                return ++probe->n_tries < UID_TRIES && send_probe(probe) >= 0;
        return error == -EAGAIN && clock_usec(CLOCK_MONOTONIC) < probe->patient_until_usec &&
               try_later(probe) >= 0;
}

static void on_probed(void *userdata, const LauncherReply *reply) {
        _cleanup_(probe_freep) Probe *probe = userdata;
        ProbeResult result = {.error = reply ? reply->error : -EPIPE};
        _cleanup_(freep) char *report = NULL;

        uid_pool_release(probe->manager->uids, probe->call.request.uid);
        if (is_tried_again(probe, result.error)) {
                TAKE_PTR(probe);
                return;
        }

        if (reply) {
                int r;

                result.wait_status = reply->wait_status;
                /* The program is gone, so all that it said is in the pipe. The pipe's end may not
                 * be: a child of ours that is just being executed has all that we have. */
                r = file_read_fd(probe->report_fd, probe->report_max, &report, &result.report_size);
                if (result.error == 0)
                        result.error = r;
                result.report = report;
        }
        probe->done(probe->userdata, &result);
}

int probe_check(const ProbeResult *result, const char *what, uint64_t deadline_usec, Fault *fault) {
        if (result->error == -ETIMEDOUT)
                return fault_set(fault, FAULT_TIMED_OUT, "%s did not arrive within %" PRIu64 " s",
                                 what, manager_whole_seconds(deadline_usec));
        if (result->error == -EPERM)
                return fault_set(fault, FAULT_START_FAILED,
                                 "albatross-launcher does not lend the uids of UidRange=, see "
                                 "albatrossd.conf(5)");
        if (result->error == -EPIPE)
                return fault_set(fault, FAULT_LAUNCHER_GONE,
                                 "albatross-launcher went away meanwhile: %s did not arrive", what);
        if (result->error == -EAGAIN)
                return fault_set(fault, FAULT_TOO_MANY_REQUESTS,
                                 "Too many transfers are under way on this host");
        if (result->error < 0)
                return fault_set(fault, FAULT_FAILED,
                                 "albatross-launcher could not have %s taken in: %s", what,
                                 strerror(-result->error));
        return 0;
}

void probe_copy_report(const ProbeResult *result,
                       void *target,
                       size_t target_size,
                       size_t *ret_size) {
        *ret_size = result->report_size;
        if (result->report_size == target_size)
                memcpy(target, result->report, target_size);
}

static int probe_argv(const ProbeSpec *spec) {
        Strings strings = {};
        int r;

        r = strings_append(&strings, spec->name ? spec->name : names[spec->program]);
        for (size_t i = 0; r >= 0 && i < N_ELEMENTS(spec->arguments) && spec->arguments[i]; i++)
                r = strings_append(&strings, spec->arguments[i]);
        if (r >= 0)
                r = file_memfd("albatross-argv", strings.data, strings.size);
        strings_clear(&strings);
        return r;
}

/* Our own copy, /dev/null for -1. */
static int copy_fd(int fd) {
        int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : open("/dev/null", O_RDWR | O_CLOEXEC);

        return copy < 0 ? -errno : copy;
}

int probe_start(Manager *manager, const ProbeSpec *spec, ProbeDone done, void *userdata) {
        _cleanup_(probe_freep) Probe *probe = NULL;
        int report[2];
        int r;

        probe = calloc(1, sizeof(*probe));
        if (!probe)
                return -ENOMEM;
        list_append(&manager->probes, &probe->link);
        probe->manager = manager;
        probe->done = done;
        probe->userdata = userdata;
        probe->report_fd = -1;
        probe->patient_until_usec = clock_usec(CLOCK_MONOTONIC) + spec->patience_usec;
        probe->report_max = spec->report_max > 0 ? 2 * spec->report_max : REPORT_MAX;
        probe->call.request.verb = LAUNCHER_PROBE;
        probe->call.request.deadline_usec = spec->deadline_usec;
        probe->uid_wait = (UidWait){.again = send_again, .userdata = probe};
        probe->call.done = on_probed;
        probe->call.userdata = probe;

        probe->call.fds[probe->call.n_fds++] =
                spec->name ? spec->program_fd : manager->programs[spec->program];
        r = probe_argv(spec);
        if (r < 0)
                return r;
        probe->call.fds[probe->call.n_fds++] = r;
        r = copy_fd(spec->input);
        if (r < 0)
                return r;
        probe->call.fds[probe->call.n_fds++] = r;
        r = copy_fd(spec->output);
        if (r < 0)
                return r;
        probe->call.fds[probe->call.n_fds++] = r;
        if (pipe2(report, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        probe->report_fd = report[0];
        /* A page takes no write that does not fit as a whole, so it may stay short of being full;
         * what fills two of them is larger than one in any case. */
        if (spec->report_max > 0)
                fcntl(report[0], F_SETPIPE_SZ, 2 * spec->report_max);
        probe->call.fds[probe->call.n_fds++] = report[1];

        r = send_probe(probe);
        /* Told with the rest, by probe_check(), when it is so the second time, too. */
        if (r == -EAGAIN)
                r = try_later(probe);
        if (r < 0)
                return r;
        TAKE_PTR(probe);
        return 0;
}
