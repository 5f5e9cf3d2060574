/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/packet.h"
#include "launcher/birth.h"
#include "launcher/launcher.h"
#include "launcher/request.h"
#include "launcher/serve.h"

static int serve_probe(Connection *connection,
                       const LauncherRequest *request,
                       const ServeFds *fds) {
        Launcher *launcher = connection->launcher;
        const ChildPlan plan = {
                .kind = CHILD_PROBE,
                .uid = request->uid,
                .fds = fds->fds,
                .n_fds = fds->n_fds,
        };
        _cleanup_(child_freep) Child *child = NULL;
        int r;

        if (launcher->table.n_probes >= TABLE_PROBES_MAX || child_table_is_full(&launcher->table))
                return -EAGAIN;
        child = child_new(launcher, CHILD_PROBE);
        if (!child)
                return -ENOMEM;
        r = lease_take_probe(&launcher->leases, request->uid);
        if (r < 0)
                return r;
        child->uid = request->uid;
        child->state = LAUNCHER_RUNNING;
        child->deadline_usec = clock_usec(CLOCK_MONOTONIC) + request->deadline_usec;
        child_insert(child);

        r = child_fork(child, &plan);
        if (r < 0)
                return r;
        child_await(TAKE_PTR(child), connection, request->serial);
        return 0;
}

static int serve_spawn(Connection *connection, const LauncherRequest *request) {
        Launcher *launcher = connection->launcher;
        _cleanup_(child_freep) Child *child = NULL;
        ChildPlan plan = {.kind = CHILD_TENDER, .uid = request->uid};
        int r;

        if (child_table_is_full(&launcher->table))
                return -EMFILE;
        child = child_new(launcher, CHILD_TENDER);
        if (!child)
                return -ENOMEM;
        r = lease_take_tender(&launcher->leases, request->uid);
        if (r < 0)
                return r;
        child->uid = request->uid;
        child->id = launcher->table.next_id++;
        child->state = LAUNCHER_AT_GATE;
        memcpy(child->name, request->name, sizeof(child->name));
        memcpy(child->scope, request->scope, sizeof(child->scope));
        child_insert(child);

        plan.name = child->name;
        plan.scope = child->scope;
        r = child_fork(child, &plan);
        if (r < 0)
                return r;
        child_await(child, connection, request->serial);
        child_answer(TAKE_PTR(child), 0);
        return 0;
}

static int serve_open(Connection *connection, const LauncherRequest *request, const ServeFds *fds) {
        Launcher *launcher = connection->launcher;
        Child *child = child_table_find(&launcher->table, request->child);
        GateOrder order = {.gid = request->gid};
        int r;

        if (!child)
                return -ENOENT;
        if (child->state != LAUNCHER_AT_GATE)
                return child->state == LAUNCHER_ENDED ? -ESRCH : -EALREADY;
        r = lease_run_tender(&launcher->leases, child->uid);
        if (r < 0)
                return r;

        memcpy(order.cpus, request->cpus, sizeof(order.cpus));
        r = packet_send(child->gate.fd, &order, sizeof(order), fds->fds, fds->n_fds);
        if (r < 0)
                return r == -EPIPE ? -ESRCH : r;
        child->state = LAUNCHER_RUNNING;
        child_await(child, connection, request->serial);
        return 0;
}

static int serve_signal(Connection *connection, const LauncherRequest *request) {
        Child *child = child_table_find(&connection->launcher->table, request->child);
        int r;

        r = child ? child_signal(child, request->signal) : -ENOENT;
        if (r < 0)
                return r;
        connection_answer(connection, request->serial, 0);
        return 0;
}

static int serve_list(Connection *connection, const LauncherRequest *request) {
        const ChildTable *table = &connection->launcher->table;
        LauncherReply answer = {
                .kind = LAUNCHER_ANSWER,
                .serial = request->serial,
                .count = table->n_tenders,
                .uid_first = connection->launcher->leases.first,
                .uid_last = connection->launcher->leases.last,
        };

        LIST_FOREACH(link, &table->tenders) {
                const Child *child = LIST_ENTRY(link, Child, link);
                LauncherReply entry = child_describe(child);

                entry.kind = LAUNCHER_ENTRY;
                entry.serial = request->serial;
                entry.error = child->error;
                connection_send(connection, &entry);
        }
        connection_send(connection, &answer);
        return 0;
}

static int serve_forget(Connection *connection, const LauncherRequest *request) {
        Child *child = child_table_find(&connection->launcher->table, request->child);
        int r;

        if (request->child == 0) {
                r = lease_give_left(&connection->launcher->leases, request->uid);
                if (r < 0)
                        return r;
        } else if (!child)
                return -ENOENT;
        else if (child->state != LAUNCHER_ENDED)
                return -EBUSY;
        child_free(child);
        connection_answer(connection, request->serial, 0);
        return 0;
}

static int serve_cancel(Connection *connection, const LauncherRequest *request) {
        LIST_FOREACH(link, &connection->children) {
                Child *child = LIST_ENTRY(link, Child, waiting);

                if (child->kind != CHILD_PROBE || child->serial != request->child)
                        continue;
                (void) child_signal(child, SIGKILL);
                connection_answer(connection, request->serial, 0);
                return 0;
        }
        return -ENOENT;
}

static int serve_verb(Connection *connection, const LauncherRequest *request, const ServeFds *fds) {
        switch ((LauncherVerb) request->verb) {
        case LAUNCHER_PROBE:
                return serve_probe(connection, request, fds);
        case LAUNCHER_SPAWN:
                return serve_spawn(connection, request);
        case LAUNCHER_OPEN:
                return serve_open(connection, request, fds);
        case LAUNCHER_SIGNAL:
                return serve_signal(connection, request);
        case LAUNCHER_LIST:
                return serve_list(connection, request);
        case LAUNCHER_FORGET:
                return serve_forget(connection, request);
        case LAUNCHER_CANCEL:
                return serve_cancel(connection, request);
        }
        return -EPROTO;
}

void serve(Connection *connection,
           const LauncherRequest *request,
           size_t size,
           const ServeFds *fds) {
        int r;

        r = request_check(request, size, fds->n_fds);
        if (r == 0)
                r = serve_verb(connection, request, fds);
        if (r < 0)
                connection_answer(connection, request->serial, r);
}

void serve_lost(Connection *connection) {
        LIST_FOREACH(link, &connection->children) {
                Child *child = LIST_ENTRY(link, Child, waiting);

                list_remove(&child->waiting);
                child->asker = NULL;
                if (child->kind == CHILD_PROBE)
                        (void) child_signal(child, SIGKILL);
        }
}

int serve_deadlines(Launcher *launcher) {
        uint64_t now, next = UINT64_MAX;

        if (list_is_empty(&launcher->table.probes))
                return -1;
        now = clock_usec(CLOCK_MONOTONIC);
        LIST_FOREACH(link, &launcher->table.probes) {
                Child *child = LIST_ENTRY(link, Child, link);

                if (child->timed_out)
                        continue;
                if (child->deadline_usec > now) {
                        next = MIN_OF(next, child->deadline_usec);
                        continue;
                }
                child->timed_out = true;
                (void) child_signal(child, SIGKILL);
        }
        if (next == UINT64_MAX)
                return -1;
        return (int) MIN_OF((next - now + 999) / 1000, (uint64_t) INT_MAX);
}
