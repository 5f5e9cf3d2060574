/* SPDX-License-Identifier: ISC */

#include <stdlib.h>
#include <string.h>

#include "launcher/child-table.h"
#include "launcher/connection.h"
#include "launcher/launcher.h"

void child_table_init(ChildTable *table, uint64_t first_id) {
        *table = (ChildTable){.next_id = first_id};
        list_init(&table->tenders);
        list_init(&table->probes);
        for (size_t i = 0; i < TABLE_BUCKETS; i++)
                list_init(table->buckets + i);
}

bool child_table_is_full(const ChildTable *table) {
        return table->n_tenders + table->n_probes >= table->n_max;
}

/* Ids count up, so they spread over the buckets by themselves. */
Child *child_table_find(const ChildTable *table, uint64_t id) {
        LIST_FOREACH(link, &table->buckets[id % TABLE_BUCKETS]) {
                Child *child = LIST_ENTRY(link, Child, bucket);

                if (child->id == id)
                        return child;
        }
        return NULL;
}

Child *child_new(Launcher *launcher, ChildKind kind) {
        Child *child = calloc(1, sizeof(*child));

        if (!child)
                return NULL;
        child->launcher = launcher;
        child->kind = kind;
        child->end.fd = child->gate.fd = -1;
        return child;
}

void child_insert(Child *child) {
        ChildTable *table = &child->launcher->table;

        if (child->kind == CHILD_PROBE) {
                list_append(&table->probes, &child->link);
                table->n_probes++;
                return;
        }
        list_append(&table->tenders, &child->link);
        list_append(&table->buckets[child->id % TABLE_BUCKETS], &child->bucket);
        table->n_tenders++;
}

Child *child_free(Child *child) {
        if (!child)
                return NULL;

        if (list_is_linked(&child->link)) {
                if (child->kind == CHILD_PROBE) {
                        child->launcher->table.n_probes--;
                        lease_give_probe(&child->launcher->leases, child->uid);
                } else {
                        child->launcher->table.n_tenders--;
                        lease_give_tender(&child->launcher->leases, child->uid);
                }
        }
        list_remove(&child->link);
        list_remove(&child->bucket);
        list_remove(&child->waiting);
        watch_stop(&child->end);
        watch_stop(&child->gate);
        free(child);
        return NULL;
}

void child_await(Child *child, Connection *asker, uint64_t serial) {
        child->asker = asker;
        child->serial = serial;
        list_append(&asker->children, &child->waiting);
}

LauncherReply child_describe(const Child *child) {
        LauncherReply reply = {
                .child = child->id,
                .start_ticks = child->start_ticks,
                .journal_error = child->journal_error,
                .wait_status = child->wait_status,
                .step = child->step,
                .state = child->state,
                .pid = (uint32_t) child->pid,
                .uid = child->uid,
                .usage = child->usage,
        };

        memcpy(reply.name, child->name, sizeof(reply.name));
        memcpy(reply.scope, child->scope, sizeof(reply.scope));
        return reply;
}

void child_answer(Child *child, int error) {
        LauncherReply reply;

        if (!child->asker)
                return;
        reply = child_describe(child);
        reply.kind = LAUNCHER_ANSWER;
        reply.serial = child->serial;
        reply.error = error;
        connection_send(child->asker, &reply);
        list_remove(&child->waiting);
        child->asker = NULL;
}
