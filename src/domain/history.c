/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "domain/history.h"

/* How the tender took a stop depends on the tender: to us these are all the same. */
static bool is_same(const HistoryEntry *entry, Exit exit) {
        return entry->result == exit.result &&
               (entry->status == exit.status || exit.result == EXIT_STOPPED);
}

void history_add(History *history, Exit exit) {
        HistoryEntry *newest = &history->entries[0];

        if (exit.result == EXIT_NONE)
                return;
        if (history->n_entries > 0 && is_same(newest, exit)) {
                if (newest->n_times < UINT32_MAX)
                        newest->n_times++;
                newest->last_usec = exit.timestamp_usec;
                return;
        }

        if (history->n_entries < HISTORY_MAX)
                history->n_entries++;
        memmove(newest + 1, newest, (history->n_entries - 1) * sizeof(*newest));
        *newest = (HistoryEntry){
                .result = exit.result,
                .status = exit.status,
                .n_times = 1,
                .first_usec = exit.timestamp_usec,
                .last_usec = exit.timestamp_usec,
        };
}

bool history_is_valid(const History *history) {
        if (history->n_entries > HISTORY_MAX)
                return false;
        for (size_t i = 0; i < history->n_entries; i++) {
                const HistoryEntry *entry = &history->entries[i];
                const HistoryEntry *older = entry + 1;

                /* The clock may have been set back between two ends: times are not compared. */
                if (entry->result <= EXIT_NONE || entry->result >= EXIT_N_RESULTS ||
                    entry->n_times == 0)
                        return false;
                if (i + 1 < history->n_entries &&
                    is_same(older, (Exit){.result = entry->result, .status = entry->status}))
                        return false;
        }
        return true;
}
