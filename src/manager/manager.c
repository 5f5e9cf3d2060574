/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/tender.h"
#include "manager/blocks.h"
#include "manager/manager-internal.h"
#include "manager/probe.h"
#include "manager/tenders.h"
#include "systemd/log.h"

static void unobserved(void *userdata, const Unikernel *unikernel) {
}

static void unobserved_policy(void *userdata, const Name *path) {
}

static void unobserved_block(void *userdata, const BlockDevice *device) {
}

static const ManagerObserver no_observer = {
        .added = unobserved,
        .removed = unobserved,
        .state_changed = unobserved,
        .configured = unobserved,
        .exited = unobserved,
        .restarting = unobserved,
        .policy_changed = unobserved_policy,
        .policy_removed = unobserved_policy,
        .block_added = unobserved_block,
        .block_removed = unobserved_block,
        .block_changed = unobserved_block,
};

void manager_look_ready(Manager *manager) {
        static const Fault no_fault;

        if (!manager->ready || !manager->listed || !manager->bridges_told || !manager->writes)
                return;
        /* Those that run may have all the uids that were asked about so far. When they have all
         * that there are, nothing can be started, but everything else is served. */
        if (uid_pool_n_free(manager->uids) == 0 && manager->asking_uids)
                return;
        manager->ready(manager->ready_userdata, 0, &no_fault);
        manager->ready = NULL;
        if (policy_limits_begin(manager) < 0)
                log_print(LOG_ERR, "The slices of policies can't be given their limits");
        /* Ahead of who needs them: their answers take a moment. */
        tenders_ask_all(manager->tenders);
        revisions_begin(manager);
        boot_begin(manager);
}

/* The launcher's own range is what binds: it does not take our word for which uids are free. */
static void check_uid_range(const Manager *manager, const LauncherReply *listed) {
        if (manager->settings.uid_min >= listed->uid_first &&
            manager->settings.uid_max <= listed->uid_last)
                return;
        log_print(LOG_ERR,
                  "UidRange=%u-%u is not within %u-%u, which albatross-launcher lends: what "
                  "gets another uid can't be started; see UidRange= in albatrossd.conf(5)",
                  manager->settings.uid_min, manager->settings.uid_max, listed->uid_first,
                  listed->uid_last);
}

void manager_list_done(Manager *manager, const LauncherReply *listed) {
        check_uid_range(manager, listed);
        /* Whatever runs is known now, and nothing has been started yet. */
        if (!manager->listed) {
                if (run_records_sweep(manager) < 0)
                        log_print(LOG_ERR, "Runs of those that are gone are still noted");
                blocks_sweep(manager);
                if (taps_sweep(manager) < 0)
                        log_print(LOG_ERR, "No memory to look for taps of nobody");
        }
        manager->listed = true;
        manager_look_ready(manager);
}

/* One that can't use the state directory is not started in a loop. */
static void on_writer(void *userdata, const WriterAnswer *answer) {
        Manager *manager = userdata;
        Fault fault = {};

        manager->writes = answer->error >= 0;
        if (manager->writes)
                manager_look_ready(manager);
        else if (manager->ready)
                manager->ready(manager->ready_userdata, answer->error, &fault);
}

static int count(void *userdata, const Unikernel *unikernel) {
        Host *host = userdata;

        host->n_unikernels++;
        if (unikernel->run && unikernel->run->opened)
                host->n_running++;
        /* What it was admitted with: its configuration may have been changed since. */
        host->memory_used_bytes += claim_held(unikernel->claim)->memory_bytes;
        return 0;
}

typedef struct Look {
        Tenders *tenders;
        TenderWait wait;
        ManagerDone done;
        void *userdata;
} Look;

static void look_again(void *userdata) {
        static const Fault no_fault;
        Look *look = userdata;

        if (tenders_ask_all(look->tenders) == -EAGAIN) {
                tenders_wait(look->tenders, &look->wait);
                return;
        }
        look->done(look->userdata, 0, &no_fault);
        free(look);
}

void manager_look_for_tenders(Manager *manager, ManagerDone done, void *userdata) {
        static const Fault no_fault;
        Look *look;

        look = calloc(1, sizeof(*look));
        if (!look) {
                done(userdata, -ENOMEM, &no_fault);
                return;
        }
        look->tenders = manager->tenders;
        look->done = done;
        look->userdata = userdata;
        look->wait = (TenderWait){.again = look_again, .userdata = look};
        look_again(look);
}

void manager_get_host(Manager *manager, Host *ret) {
        struct statvfs status;
        Policy machine;
        Host host = {};

        manager_machine_policy(manager, &machine);
        host.memory_bytes = machine.memory_bytes;
        host.cpus = machine.cpus;
        if (fstatvfs(manager->state_fd, &status) == 0) {
                host.disk_size_bytes = (uint64_t) status.f_blocks * status.f_frsize;
                host.disk_free_bytes = (uint64_t) status.f_bavail * status.f_frsize;
        }
        manager_visit(manager, "", count, &host);
        *ret = host;
}

uint64_t manager_whole_seconds(uint64_t usec) {
        return (usec + 999999U) / 1000000U;
}

static int open_folder(int parent_fd, const char *path) {
        int fd;

        if (mkdirat(parent_fd, path, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(parent_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static int open_programs(Manager *manager, Fault *fault) {
        static const char *const paths[N_PROGRAMS] = {
                [PROGRAM_INFLATE] = ALBATROSS_LIBEXECDIR "/albatross-inflate",
                [PROGRAM_STORE] = ALBATROSS_LIBEXECDIR "/albatross-store",
                [PROGRAM_READ_NOTES] = ALBATROSS_LIBEXECDIR "/albatross-read-notes",
                [PROGRAM_BLOCK_STORE] = ALBATROSS_LIBEXECDIR "/albatross-block-store",
                [PROGRAM_BLOCK_READ] = ALBATROSS_LIBEXECDIR "/albatross-block-read",
        };

        for (Program program = 0; program < N_PROGRAMS; program++) {
                manager->programs[program] = trusted_open(paths[program], NULL, fault);
                if (manager->programs[program] < 0)
                        return manager->programs[program];
        }
        return tenders_new(&manager->tenders, manager);
}

static int open_folders(Manager *manager, Fault *fault) {
        const struct {
                int *fd;
                const char *path;
        } folders[] = {
                {&manager->state_fd, ALBATROSS_STATEDIR "/v1"},
                {&manager->run_fd, ALBATROSS_RUNTIMEDIR "/runs"},
                {&manager->slices_fd, ALBATROSS_RUNTIMEDIR "/slices"},
        };

        for (size_t i = 0; i < N_ELEMENTS(folders); i++) {
                *folders[i].fd = open_folder(AT_FDCWD, folders[i].path);
                if (*folders[i].fd < 0)
                        return fault_set(fault, FAULT_FAILED, "%s can't be opened: %s",
                                         folders[i].path, strerror(-*folders[i].fd));
        }
        /* Whoever else works there would take our tenders for strays, and we his. The writer has
         * this descriptor, too: what the one before us was asked to write comes first. */
        if (flock(manager->state_fd, LOCK_EX | LOCK_NB) < 0)
                return fault_set(fault, FAULT_FAILED, "Another albatrossd works in %s",
                                 ALBATROSS_STATEDIR "/v1");
        return 0;
}

/* A disk under load has an fsync wait for seconds. */
#define WRITER_PATIENCE_USEC (UINT64_C(10) * 1000000U)

static int start_writers(Manager *manager) {
        const WriterSpec writer = {
                .program = ALBATROSS_LIBEXECDIR "/albatross-writer",
                .state_fd = manager->state_fd,
                .block_fd = manager->block_fd,
                .patience_usec = WRITER_PATIENCE_USEC,
        };
        const WriterSpec look_up = {
                .program = ALBATROSS_LIBEXECDIR "/albatross-look-up",
                .state_fd = -1,
                .block_fd = -1,
                .patience_usec = manager->settings.start_usec,
                .is_replaced = true,
        };
        int r;

        r = writer_link_new(&manager->writer, manager->event, &writer);
        if (r < 0)
                return r;
        /* About no uid at all: the answer says that it has begun. */
        r = writer_order(manager->writer, &(const WriterOrder){.verb = WRITER_FREE_UIDS}, on_writer,
                         manager);
        if (r < 0)
                return r;
        return writer_link_new(&manager->look_up, manager->event, &look_up);
}

static int open_all(Manager *manager, Fault *fault) {
        const LauncherHandlers handlers = {
                .entry = adopt_entry,
                .exited = adopt_exited,
                .gone = adopt_launcher_gone,
                .userdata = manager,
        };
        int r;

        r = open_folders(manager, fault);
        if (r < 0)
                return r;
        r = open_programs(manager, fault);
        if (r < 0)
                return r;
        r = uid_pool_new(&manager->uids, manager->settings.uid_min, manager->settings.uid_max);
        if (r < 0)
                return r;
        r = scope_watch_new(&manager->scopes, manager->bus);
        if (r < 0)
                return r;
        r = blocks_open_folder(manager, fault);
        if (r < 0)
                return r;
        r = start_writers(manager);
        if (r < 0)
                return r;
        r = host_bridges_begin(manager);
        if (r < 0)
                return r;
        return launcher_link_new(&manager->launcher, manager->event, &handlers);
}

int manager_new(Manager **ret, const ManagerSetup *setup) {
        Manager *manager;
        Fault fault = {};
        int r;

        manager = calloc(1, sizeof(*manager));
        if (!manager)
                return -ENOMEM;
        manager->event = sd_event_ref(setup->event);
        manager->bus = sd_bus_ref(setup->bus);
        manager->settings = *setup->settings;
        *setup->settings = (Settings){};
        manager->state_fd = manager->run_fd = manager->slices_fd = manager->block_fd = -1;
        list_init(&manager->probes);
        list_init(&manager->policy_jobs);
        list_init(&manager->policy_look_ups);
        list_init(&manager->limit_changes);
        list_init(&manager->blocks_in_use);
        list_init(&manager->block_transfers);
        list_init(&manager->intakes);
        list_init(&manager->outlets);
        list_init(&manager->uid_holds);
        list_init(&manager->uid_waits);
        for (Program program = 0; program < N_PROGRAMS; program++)
                manager->programs[program] = -1;
        manager->observer = no_observer;
        manager->ready = setup->ready;
        manager->ready_userdata = setup->userdata;

        manager->paths = path_tree_new();
        r = manager->paths ? open_all(manager, &fault) : -ENOMEM;
        if (r >= 0)
                r = policies_load(manager);
        if (r >= 0)
                r = blocks_load(manager);
        if (r >= 0)
                r = records_load(manager);
        if (r >= 0)
                r = images_sweep(manager, r > 0);
        if (r >= 0)
                r = undone_begin(manager);
        if (r >= 0)
                r = adopt_begin(manager);
        if (r >= 0)
                r = manager_refill_uids(manager);
        if (r < 0) {
                log_print(LOG_ERR, "albatrossd can't start: %s",
                          fault.code != FAULT_NONE ? fault.message : strerror(-r));
                manager_free(manager);
                return r;
        }
        *ret = manager;
        return 0;
}

int manager_set_bus(Manager *manager, sd_bus *bus) {
        sd_bus_unref(manager->bus);
        manager->bus = sd_bus_ref(bus);
        return scope_watch_set_bus(manager->scopes, bus);
}

static void free_node(void *node) {
        unikernel_free(node);
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        /* Nothing that runs is touched: the next daemon finds it. */
        sd_event_source_disable_unref(manager->relist_timer);
        policy_jobs_free(manager);
        probes_free_all(manager);
        outlets_free_all(manager);
        policy_limits_free(manager);
        sd_event_source_disable_unref(manager->undone_timer);
        sd_event_source_disable_unref(manager->bridges_timer);
        statistics_free(manager->statistics);
        launcher_link_free(manager->launcher);
        network_link_free(manager->network);
        writer_link_free(manager->writer);
        writer_link_free(manager->look_up);
        scope_watch_free(manager->scopes);
        blocks_free_all(manager);
        tdestroy(manager->unikernels, free_node);
        tdestroy(manager->images, free);
        path_tree_free(manager->paths);
        bridges_clear(&manager->bridges);
        slices_free_all(manager);
        sd_event_source_disable_unref(manager->uids_timer);
        uid_pool_free(manager->uids);
        tenders_free(manager->tenders);
        settings_clear(&manager->settings);
        for (Program program = 0; program < N_PROGRAMS; program++)
                fd_close(manager->programs[program]);
        fd_close(manager->state_fd);
        fd_close(manager->run_fd);
        fd_close(manager->slices_fd);
        fd_close(manager->block_fd);
        free(manager->boot);
        sd_bus_unref(manager->bus);
        sd_event_unref(manager->event);
        free(manager);
        return NULL;
}

void manager_set_observer(Manager *manager, const ManagerObserver *observer) {
        manager->observer = *observer;
}
