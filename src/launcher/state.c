/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "launcher/birth.h"
#include "launcher/launcher.h"
#include "launcher/state.h"

#define STATE_SIZE_MAX (64U * 1024 * 1024)

static bool record_is_sound(const StateRecord *record) {
        bool ended = record->state == LAUNCHER_ENDED;

        if (record->kind != CHILD_TENDER && record->kind != CHILD_PROBE)
                return false;
        if (record->state < LAUNCHER_AT_GATE || record->state > LAUNCHER_ENDED)
                return false;
        if (record->kind == CHILD_PROBE ? record->id != 0 || ended : record->id == 0)
                return false;
        if (record->pid <= 1 || record->lock_fd < 0)
                return false;
        if (ended ? record->end_fd != -1 || record->gate_fd != -1 : record->end_fd < 0)
                return false;
        if (record->state == LAUNCHER_AT_GATE && record->gate_fd < 0)
                return false;
        return memchr(record->name, '\0', sizeof(record->name)) &&
               memchr(record->scope, '\0', sizeof(record->scope));
}

/* What is named once: a descriptor, or the id of a tender. */
typedef struct Claim {
        uint64_t what;
        uint64_t sharer; /* a lock's uid: whoever runs as that shares it; 0: nobody may */
} Claim;

static int compare_claims(const void *a, const void *b) {
        uint64_t left = ((const Claim *) a)->what, right = ((const Claim *) b)->what;

        return (left > right) - (left < right);
}

static bool claims_are_distinct(Claim *claims, size_t n) {
        qsort(claims, n, sizeof(*claims), compare_claims);
        for (size_t i = 1; i < n; i++)
                if (claims[i].what == claims[i - 1].what &&
                    (claims[i].sharer == 0 || claims[i].sharer != claims[i - 1].sharer))
                        return false;
        return true;
}

/* Whoever closed one of two that are the same would close the other's. */
static int check_distinct(const StateHeader *header, const StateRecord *records) {
        _cleanup_(freep) Claim *claims = NULL;
        size_t n = 0;
        bool distinct;

        claims = calloc(3 * (size_t) header->n_records + 1, sizeof(*claims));
        if (!claims)
                return -ENOMEM;
        for (size_t i = 0; i < header->n_records; i++)
                if (records[i].kind == CHILD_TENDER)
                        claims[n++] = (Claim){.what = records[i].id};
        distinct = claims_are_distinct(claims, n);

        n = 0;
        claims[n++] = (Claim){.what = (uint64_t) header->listener_fd};
        for (size_t i = 0; i < header->n_records; i++) {
                const StateRecord *record = records + i;

                claims[n++] = (Claim){.what = (uint64_t) record->lock_fd, .sharer = record->uid};
                if (record->end_fd >= 0)
                        claims[n++] = (Claim){.what = (uint64_t) record->end_fd};
                if (record->gate_fd >= 0)
                        claims[n++] = (Claim){.what = (uint64_t) record->gate_fd};
        }
        return distinct && claims_are_distinct(claims, n) ? 0 : -EPROTO;
}

int state_check(const void *data,
                size_t size,
                const StateHeader **ret_header,
                const StateRecord **ret_records) {
        const StateHeader *header = data;
        const StateRecord *records;
        size_t records_size;
        int r;

        if (size < sizeof(*header) || header->magic != STATE_MAGIC ||
            header->version != STATE_VERSION || header->record_size != sizeof(*records))
                return -EPROTO;
        if (header->next_id == 0 || header->listener_fd < 0)
                return -EPROTO;
        if (__builtin_mul_overflow(header->n_records, sizeof(*records), &records_size) ||
            size - sizeof(*header) != records_size)
                return -EPROTO;

        records = (const void *) ((const char *) data + sizeof(*header));
        for (size_t i = 0; i < header->n_records; i++)
                if (!record_is_sound(records + i) || records[i].id >= header->next_id)
                        return -EPROTO;
        r = check_distinct(header, records);
        if (r < 0)
                return r;

        *ret_header = header;
        *ret_records = records;
        return 0;
}

static void record_fill(StateRecord *record, const Child *child) {
        *record = (StateRecord){
                .id = child->id,
                .start_ticks = child->start_ticks,
                .deadline_usec = child->deadline_usec,
                .kind = child->kind,
                .state = child->state,
                .uid = child->uid,
                .step = child->step,
                .pid = child->pid,
                .end_fd = child->end.fd,
                .gate_fd = child->gate.fd,
                .lock_fd = lease_lock_fd(&child->launcher->leases, child->uid),
                .error = child->error,
                .journal_error = child->journal_error,
                .wait_status = child->wait_status,
                .timed_out = child->timed_out,
                .usage = child->usage,
        };
        memcpy(record->name, child->name, sizeof(record->name));
        memcpy(record->scope, child->scope, sizeof(record->scope));
}

static StateRecord *records_fill(StateRecord *record, const ListLink *children) {
        LIST_FOREACH(link, children)
        record_fill(record++, LIST_ENTRY(link, Child, link));
        return record;
}

int state_save(const Launcher *launcher) {
        const ChildTable *table = &launcher->table;
        size_t n = (size_t) table->n_tenders + table->n_probes;
        size_t size = sizeof(StateHeader) + n * sizeof(StateRecord);
        _cleanup_(freep) StateHeader *header = NULL;
        StateRecord *record;

        header = calloc(1, size);
        if (!header)
                return -ENOMEM;
        *header = (StateHeader){
                .magic = STATE_MAGIC,
                .version = STATE_VERSION,
                .n_records = (uint32_t) n,
                .next_id = table->next_id,
                .listener_fd = launcher->listener.fd,
                .record_size = sizeof(StateRecord),
        };
        record = (void *) (header + 1);
        record = records_fill(record, &table->tenders);
        (void) records_fill(record, &table->probes);
        return file_memfd("albatross-launcher-state", header, size);
}

static int set_inherit(int fd, bool inherit) {
        if (fd < 0)
                return 0;
        return fcntl(fd, F_SETFD, inherit ? 0 : FD_CLOEXEC) < 0 ? -errno : 0;
}

static int children_inherit(const ListLink *children, bool inherit) {
        int r;

        LIST_FOREACH(link, children) {
                const Child *child = LIST_ENTRY(link, Child, link);

                r = set_inherit(child->end.fd, inherit);
                if (r < 0)
                        return r;
                r = set_inherit(child->gate.fd, inherit);
                if (r < 0)
                        return r;
                r = set_inherit(lease_lock_fd(&child->launcher->leases, child->uid), inherit);
                if (r < 0)
                        return r;
        }
        return 0;
}

int state_inherit(const Launcher *launcher, bool inherit) {
        int r;

        r = set_inherit(launcher->listener.fd, inherit);
        if (r < 0)
                return r;
        r = children_inherit(&launcher->table.tenders, inherit);
        if (r < 0)
                return r;
        return children_inherit(&launcher->table.probes, inherit);
}

static int restore_lease(Launcher *launcher, const StateRecord *record) {
        Leases *leases = &launcher->leases;
        int r;

        r = lease_adopt(leases, record->uid, record->lock_fd);
        if (r < 0)
                return r;
        if (record->kind == CHILD_PROBE)
                return lease_take_probe(leases, record->uid);
        r = lease_take_tender(leases, record->uid);
        if (r < 0)
                return r;
        return record->state == LAUNCHER_AT_GATE ? 0 : lease_run_tender(leases, record->uid);
}

static int restore_child(Launcher *launcher, const StateRecord *record) {
        _cleanup_(child_freep) Child *child = NULL;
        int r;

        child = child_new(launcher, (ChildKind) record->kind);
        if (!child)
                return -ENOMEM;
        child->state = (LauncherState) record->state;
        child->id = record->id;
        child->pid = record->pid;
        child->uid = record->uid;
        child->start_ticks = record->start_ticks;
        child->error = record->error;
        child->journal_error = record->journal_error;
        child->step = (LauncherStep) record->step;
        child->wait_status = record->wait_status;
        child->usage = record->usage;
        child->deadline_usec = record->deadline_usec;
        child->timed_out = record->timed_out;
        memcpy(child->name, record->name, sizeof(child->name));
        memcpy(child->scope, record->scope, sizeof(child->scope));

        r = restore_lease(launcher, record);
        if (r < 0)
                return r;
        child_insert(child);
        if (record->end_fd >= 0) {
                r = child_watch(child, record->end_fd, record->gate_fd);
                if (r < 0)
                        return r;
        }

        /* Whoever waited for a probe has lost his connection by the exec. */
        if (child->kind == CHILD_PROBE)
                (void) child_signal(child, SIGKILL);
        TAKE_PTR(child);
        return 0;
}

int state_restore(Launcher *launcher, int fd, int *ret_listener_fd) {
        _cleanup_(freep) char *data = NULL;
        const StateHeader *header;
        const StateRecord *records;
        size_t size;
        int r, n_lost = 0;

        r = file_read_fd(fd, STATE_SIZE_MAX, &data, &size);
        if (r < 0)
                return r;
        r = state_check(data, size, &header, &records);
        if (r < 0)
                return r;

        launcher->table.next_id = header->next_id;
        for (size_t i = 0; i < header->n_records; i++) {
                r = restore_child(launcher, records + i);
                if (r < 0)
                        n_lost++;
        }
        r = state_inherit(launcher, false);
        if (r < 0)
                return r;
        *ret_listener_fd = header->listener_fd;
        return n_lost;
}
