/* SPDX-License-Identifier: ISC */

/* The record of a run, as somebody may have changed it. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "manager/manager-internal.h"

static Run run_of(RunRecord *record) {
        return (Run){
                .pid = record->pid,
                .start_ticks = record->start_ticks,
                .uid = record->uid,
                .slice_number = record->slice_number,
                .opened_usec = record->opened_usec,
                .started_usec = record->started_usec,
                .added_name = record->added_name,
                .taps = record->taps,
                .n_taps = record->n_taps,
                .taps_persist = record->taps_persist,
                .blocks = record->blocks,
                .n_blocks = record->n_blocks,
        };
}

/* What is noted of it is counted, and noted again. */
static void check_claim(Unikernel *unikernel, const RunRecord *record) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        Unikernel again = {.name = unikernel->name};
        _cleanup_(freep) char *text = NULL;
        const Demand place = {.name = &unikernel->name, .share.n_unikernels = 1};
        const Share *held;
        RunRecord other;

        property(tree && claim_restore(&unikernel->claim, tree, &place) == 0, "there is a place");
        unikernel_claim_found_running(unikernel, record);
        property(claim_is_running(unikernel->claim), "it runs whatever was noted");
        held = claim_held(unikernel->claim);
        property(run_record_format(unikernel, &text) == 0 &&
                         run_record_parse(&again, &other, text, strlen(text)) == 0,
                 "what it was admitted with can be read again");
        property(other.has_claim && other.memory_bytes == held->memory_bytes &&
                         cpus_equal(&other.cpus, &held->cpus) && other.n_bridges == held->bridges.n,
                 "and stays as it is");
        for (size_t i = 0; i < other.n_bridges; i++)
                property(bridges_contain(&held->bridges, other.bridges[i].text),
                         "so do its bridges");
        unikernel->claim = claim_free(unikernel->claim);
        free(again.invocations);
        free(again.tender_path);
}

static void check(Unikernel *unikernel, RunRecord *record) {
        Run run = run_of(record);
        Unikernel again = {.name = unikernel->name};
        _cleanup_(freep) char *text = NULL;
        RunRecord other;

        property(record->pid >= 0, "a process is no process group");
        property(unikernel->n_invocations <= UNIKERNEL_INVOCATIONS_MAX,
                 "there are not too many invocations");

        unikernel->run = record->pid > 0 ? &run : NULL;
        property(run_record_format(unikernel, &text) == 0, "what was read can be written");
        property(run_record_parse(&again, &other, text, strlen(text)) == 0,
                 "what was written can be read");
        property(!unikernel->run ||
                         (other.pid == record->pid && other.start_ticks == record->start_ticks &&
                          other.uid == record->uid && other.slice_number == record->slice_number &&
                          other.started_usec == record->started_usec),
                 "a run stays as it is");
        property(!unikernel->run || (other.n_taps == record->n_taps &&
                                     other.taps_persist == record->taps_persist &&
                                     memcmp(other.taps, record->taps, sizeof(other.taps)) == 0),
                 "its taps stay as they are");
        property(!unikernel->run ||
                         (other.n_blocks == record->n_blocks &&
                          memcmp(other.blocks, record->blocks, sizeof(other.blocks)) == 0),
                 "its block devices stay as they are");
        for (size_t i = 0; i < record->n_taps; i++)
                property(strncmp(record->taps[i].text, "alb", 3) == 0,
                         "nothing is taken for a tap of ours that is none");
        property(again.n_restarts == unikernel->n_restarts &&
                         again.state_usec == unikernel->state_usec &&
                         again.last_exit.result == unikernel->last_exit.result &&
                         again.last_exit.status == unikernel->last_exit.status &&
                         again.last_exit.timestamp_usec == unikernel->last_exit.timestamp_usec,
                 "how the last run ended stays as it is");
        property(memcmp(&again.history, &unikernel->history, sizeof(History)) == 0 &&
                         again.backoff.delay_usec == unikernel->backoff.delay_usec &&
                         again.backoff.unseen == unikernel->backoff.unseen &&
                         again.next_usec == unikernel->next_usec &&
                         again.next_utc_usec == unikernel->next_utc_usec &&
                         again.watched_until_usec == unikernel->watched_until_usec &&
                         again.watched_change == unikernel->watched_change &&
                         again.is_held == unikernel->is_held &&
                         again.lacks_bridge == unikernel->lacks_bridge,
                 "what is to come stays as it is");
        property(again.n_invocations == unikernel->n_invocations &&
                         (again.n_invocations == 0 ||
                          memcmp(again.invocations, unikernel->invocations,
                                 again.n_invocations * sizeof(sd_id128_t)) == 0),
                 "the invocations stay as they are");
        unikernel->run = NULL;
        free(again.invocations);
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *copy = fuzz_copy(data, size);
        Unikernel unikernel = {.name = {"alice:web"}};
        RunRecord record = {.pid = 42};
        int r;

        r = run_record_parse(&unikernel, &record, copy, size);
        if (r < 0) {
                property(r == -EBADMSG, "a run's record is refused in one way");
                property(record.pid == 42 && unikernel.n_invocations == 0 &&
                                 unikernel.state_usec == 0,
                         "a refused record leaves no trace");
                return false;
        }
        check(&unikernel, &record);
        if (record.has_claim)
                check_claim(&unikernel, &record);
        free(unikernel.invocations);
        return true;
}
