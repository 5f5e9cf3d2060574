/* SPDX-License-Identifier: ISC */

/*
 * A unikernel that runs, and whose record can't be read: a crash of the host or somebody's hand has
 * left it broken, or a newer daemon has written it. Nobody has asked for its end, so it runs on.
 * What it is nobody knows: it has its name, its uid, its taps and its block devices, and nothing
 * can be done with it here. All that is noted of it stays as it is, how it ended included, so that
 * a daemon that finds the record again goes on from there.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"
#include "systemd/log.h"

static bool is_there(const Manager *manager, const char *folder, const char *name) {
        char path[sizeof("unikernels/.json") + NAME_MAX_LENGTH];

        snprintf(path, sizeof(path), "%s/%s.json", folder, name);
        return faccessat(manager->state_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

bool lost_has_record(const Manager *manager, const char *name) {
        /* The writer moves it while we go on; one that is undone is no loss. */
        return !undone_contains(manager, name) &&
               (is_there(manager, "quarantine", name) || is_there(manager, "unikernels", name));
}

static int read_record(Manager *manager, const Name *name, RunRecord *ret) {
        Unikernel reader = {.manager = manager, .name = *name};
        int r;

        r = run_record_read(&reader, ret);
        free(reader.invocations);
        free(reader.tender_path);
        return r;
}

/* Its end was asked for, or is settled already. */
static bool is_over(const RunRecord *record, pid_t pid) {
        return record->pid != pid ||
               (record->request != RUN_REQUEST_NONE && record->request != RUN_REQUEST_START);
}

static void tell(const Name *name) {
        log_print(LOG_ERR,
                  "The unikernel %s was running when its record could not be read. It is "
                  "left as it is, but nothing can be done with it until its record is back "
                  "in %s/v1/unikernels/%s.json and albatrossd is restarted; see quarantine/ "
                  "there. What ends it is: systemctl stop albatross-%s.scope",
                  name->text, ALBATROSS_STATEDIR, name->text, name->text);
}

Unikernel *lost_add(Manager *manager, const char *text, pid_t pid) {
        Unikernel *unikernel;
        RunRecord record = {};
        Name name;
        int r;

        if (name_parse(&name, text, NULL) < 0 || !lost_has_record(manager, name.text))
                return NULL;
        if (read_record(manager, &name, &record) >= 0 && is_over(&record, pid))
                return NULL;
        unikernel = unikernel_new(manager, &name);
        if (!unikernel)
                return NULL;
        r = unikernel_claim_found(unikernel);
        if (r >= 0)
                r = unikernels_add(manager, unikernel);
        if (r < 0) {
                unikernel_free(unikernel);
                return NULL;
        }
        unikernel->is_lost = unikernel->wanted = true;
        tell(&name);
        return unikernel;
}

static int add_unlisted(Manager *manager, const char *text) {
        RunRecord record;
        Name name;

        /* settle_unlisted() looks whether it still runs. */
        if (!unikernels_find(manager, text) && name_parse(&name, text, NULL) >= 0 &&
            read_record(manager, &name, &record) >= 0 && record.pid > 0)
                (void) lost_add(manager, text, record.pid);
        return 0;
}

int lost_add_unlisted(Manager *manager) {
        return run_records_visit(manager, add_unlisted);
}

void lost_ended(Unikernel *unikernel) {
        if (unikernel->state == STATE_STOPPED)
                return;
        unikernel_set_state(unikernel, STATE_STOPPED);
        log_print(LOG_ERR, "The unikernel %s, whose record can't be read, has ended",
                  unikernel->name.text);
}

int lost_give_up(Manager *manager, const Name *name, Fault *fault) {
        Unikernel *unikernel = unikernels_find(manager, name->text);
        int r;

        if (unikernel && unikernel->is_lost && unikernel->state != STATE_STOPPED) {
                r = fault_set(fault, FAULT_ALREADY_EXISTS,
                              "A unikernel %s runs, but its record can't be read", name->text);
                fault_hint(fault,
                           "See: albatrossctl status; what ends it is: systemctl stop "
                           "albatross-%s.scope",
                           name->text);
                return r;
        }
        if (unikernel && !unikernel->is_lost)
                return 0;
        /* What is noted of a run of that name would be taken for the new one's. */
        run_record_remove_name(manager, name->text);
        if (!unikernel)
                return 0;
        if (unikernel->run)
                run_give_back(unikernel, TAKE_PTR(unikernel->run));
        unikernels_remove(manager, unikernel);
        unikernel_free(unikernel);
        return 0;
}
