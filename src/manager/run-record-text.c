/* SPDX-License-Identifier: ISC */

/* What the file of a run says. A newer daemon may say more: what this one does not know it lets be.
 */

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"
#include "network/wire.h"

static json_t *invocations_to_json(const Unikernel *unikernel) {
        char text[SD_ID128_STRING_MAX];
        json_t *array = json_array();

        for (size_t i = 0; i < unikernel->n_invocations; i++)
                if (json_array_append_new(array, json_string(sd_id128_to_string(
                                                         unikernel->invocations[i], text))) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

/* "alb7=service": which network of the guest's it is is not in its configuration any more when that
 * was changed. */
static json_t *taps_to_json(const Run *run) {
        json_t *array = json_array();

        for (size_t i = 0; run && i < run->n_taps; i++) {
                const TapName *tap = &run->taps[i];

                if (json_array_append_new(array,
                                          json_sprintf("%s%s%s", tap->text,
                                                       tap->guest[0] ? "=" : "", tap->guest)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

static json_t *blocks_to_json(const Run *run) {
        json_t *array = json_array();

        for (size_t i = 0; run && i < run->n_blocks; i++)
                if (json_array_append_new(array, json_string(run->blocks[i].text)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

/* null for one that has nothing but its place. */
static json_t *claim_to_json(const Claim *claim) {
        char cpus[CPUS_TEXT_MAX + 1];
        const Share *held;
        json_t *array;

        if (!claim || !claim_is_running(claim))
                return json_null();
        held = claim_held(claim);
        cpus_format(&held->cpus, cpus);
        array = json_array();
        for (size_t i = 0; i < held->bridges.n; i++)
                if (json_array_append_new(array, json_string(held->bridges.names[i].text)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return json_pack("{s:I, s:s, s:o}", "Memory", (json_int_t) held->memory_bytes, "CPUs", cpus,
                         "Bridges", array);
}

static json_t *exits_to_json(const History *history) {
        json_t *array = json_array();

        for (size_t i = 0; i < history->n_entries; i++) {
                const HistoryEntry *entry = &history->entries[i];

                if (json_array_append_new(array,
                                          json_pack("[s, i, I, I, I]",
                                                    exit_result_to_string(entry->result),
                                                    entry->status, (json_int_t) entry->n_times,
                                                    (json_int_t) entry->first_usec,
                                                    (json_int_t) entry->last_usec)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

/* What is to come when the run is over, or was. */
static json_t *restart_to_json(const Unikernel *unikernel) {
        const Run *run = unikernel->run;
        const Backoff *backoff = &unikernel->backoff;

        return json_pack("{s:b, s:b, s:b, s:I, s:I, s:I, s:b, s:I, s:I, s:b, s:I, s:I, s:I, s:I}",
                         "Waiting",
                         (int) (unikernel->state == STATE_WAITING || unikernel->restart_asked),
                         "Held", (int) unikernel->is_held, "LacksBridge",
                         (int) unikernel->lacks_bridge, "Next", (json_int_t) unikernel->next_usec,
                         "NextRestartTimestamp", (json_int_t) unikernel->next_utc_usec, "Delay",
                         (json_int_t) backoff->delay_usec, "Unseen", (int) backoff->unseen,
                         "Opened", (json_int_t) (run ? run->opened_usec : 0), "Started",
                         (json_int_t) (run ? run->started_usec : 0), "AddedName",
                         (int) (run && run->added_name), "WatchedUntil",
                         (json_int_t) unikernel->watched_until_usec, "WatchedChange",
                         (json_int_t) unikernel->watched_change, "DueChange",
                         (json_int_t) unikernel->due_change, "DueWatch",
                         (json_int_t) unikernel->due_watch_usec);
}

static const char *const requests[RUN_N_REQUESTS] = {
        [RUN_REQUEST_NONE] = "",
        [RUN_REQUEST_START] = "start",
        [RUN_REQUEST_STOP] = "stop",
        [RUN_REQUEST_STOP_UNTIL_BOOT] = "stop-until-boot",
        [RUN_REQUEST_DESTROY] = "destroy",
        [RUN_REQUEST_DESTROY_WITH_BLOCKS] = "destroy-with-blocks",
};

static RunRequest request_at_hand(const Unikernel *unikernel) {
        if (unikernel->destroying)
                return unikernel->destroys_blocks ? RUN_REQUEST_DESTROY_WITH_BLOCKS
                                                  : RUN_REQUEST_DESTROY;
        if (!unikernel->wanted)
                return RUN_REQUEST_STOP;
        if (unikernel->stays_until_boot)
                return RUN_REQUEST_STOP_UNTIL_BOOT;
        return unikernel->start ? RUN_REQUEST_START : RUN_REQUEST_NONE;
}

/* None for one of a daemon that is newer than this one. */
static RunRequest request_from_string(const char *word) {
        for (size_t i = 0; word && i < RUN_N_REQUESTS; i++)
                if (strcmp(requests[i], word) == 0)
                        return (RunRequest) i;
        return RUN_REQUEST_NONE;
}

static json_t *run_to_json(const Unikernel *unikernel) {
        const Run *run = unikernel->run;
        const Exit *exit = &unikernel->last_exit;

        return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:i, s:I, s:b, s:s, s:s*, s:b, s:o, "
                         "s:b, s:o, s:o, s:o, s:o, s:o}",
                         "MainPID", (json_int_t) (run ? run->pid : 0), "StartTicks",
                         (json_int_t) (run ? run->start_ticks : 0), "UID",
                         (json_int_t) (run ? run->uid : 0), "SliceNumber",
                         (json_int_t) (run ? run->slice_number : 0), "Restarts",
                         (json_int_t) unikernel->n_restarts, "StateChangeTimestamp",
                         (json_int_t) unikernel->state_usec, "ExitResult",
                         exit_result_to_string(exit->result), "ExitStatus", exit->status,
                         "ExitTimestamp", (json_int_t) exit->timestamp_usec, "Failed",
                         (int) (unikernel->state == STATE_FAILED), "Request",
                         requests[request_at_hand(unikernel)], "Tender", unikernel->tender_path,
                         "ArgumentsVisible", (int) unikernel->shows_arguments, "Taps",
                         taps_to_json(run), "TapsPersist", (int) (run && run->taps_persist),
                         "Blocks", blocks_to_json(run), "Claim", claim_to_json(unikernel->claim),
                         "Invocations", invocations_to_json(unikernel), "Exits",
                         exits_to_json(&unikernel->history), "Restart", restart_to_json(unikernel));
}

int run_record_format(const Unikernel *unikernel, char **ret) {
        _cleanup_(json_decrefp) json_t *record = run_to_json(unikernel);
        char *text = record ? json_dumps(record, JSON_COMPACT) : NULL;

        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

static int read_invocations(Unikernel *unikernel, const json_t *array) {
        sd_id128_t invocations[UNIKERNEL_INVOCATIONS_MAX];
        size_t n = json_array_size(array);
        int r;

        if (!json_is_array(array) || n > UNIKERNEL_INVOCATIONS_MAX)
                return -EBADMSG;
        for (size_t i = 0; i < n; i++) {
                const char *text = json_string_value(json_array_get(array, i));

                if (!text || sd_id128_from_string(text, &invocations[i]) < 0)
                        return -EBADMSG;
        }
        for (size_t i = 0; i < n; i++) {
                r = unikernel_note_invocation(unikernel, invocations[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* A name that is none of a tap of ours is nothing that we remove. */
static int read_tap(TapName *ret, const char *text) {
        size_t length = strcspn(text, "="), guest = length + (text[length] == '=');

        if (length >= sizeof(ret->text) || strlen(text + guest) >= sizeof(ret->guest) ||
            strncmp(text, NETWORK_PREFIX, strlen(NETWORK_PREFIX)) != 0)
                return -EBADMSG;
        for (const char *c = text + guest; *c; c++)
                if (!isalnum((unsigned char) *c))
                        return -EBADMSG;
        memcpy(ret->text, text, length);
        ret->text[length] = '\0';
        strcpy(ret->guest, text + guest);
        return 0;
}

static int read_taps(RunRecord *ret, const json_t *array) {
        size_t n = json_array_size(array);

        if (n > DEVICES_MAX || (array && !json_is_array(array)))
                return -EBADMSG;
        for (size_t i = 0; i < n; i++) {
                const char *text = json_string_value(json_array_get(array, i));

                if (!text || read_tap(&ret->taps[i], text) < 0)
                        return -EBADMSG;
        }
        ret->n_taps = n;
        return 0;
}

/* Those of the time before it was told have what their configuration says. */
static int read_blocks(RunRecord *ret, const json_t *array) {
        size_t n = json_array_size(array);

        if (n > DEVICES_MAX || (array && !json_is_array(array)))
                return -EBADMSG;
        for (size_t i = 0; i < n; i++) {
                const char *text = json_string_value(json_array_get(array, i));

                if (!text || strlen(text) > NAME_LABEL_MAX)
                        return -EBADMSG;
                strcpy(ret->blocks[i].text, text);
        }
        ret->n_blocks = n;
        ret->has_blocks = array;
        return 0;
}

static int read_claim(RunRecord *ret, json_t *object) {
        const char *cpus;
        json_int_t memory;
        json_t *bridges;

        if (!object || json_is_null(object))
                return 0;
        if (json_unpack(object, "{s:I, s:s, s:o}", "Memory", &memory, "CPUs", &cpus, "Bridges",
                        &bridges) < 0 ||
            memory < 0 || !json_is_array(bridges) || json_array_size(bridges) > DEVICES_MAX ||
            (cpus[0] && cpus_parse(&ret->cpus, cpus, NULL) < 0))
                return -EBADMSG;
        for (size_t i = 0; i < json_array_size(bridges); i++) {
                const char *name = json_string_value(json_array_get(bridges, i));

                if (!name || !bridge_name_is_valid(name))
                        return -EBADMSG;
                strcpy(ret->bridges[i].text, name);
        }
        ret->n_bridges = json_array_size(bridges);
        ret->memory_bytes = (uint64_t) memory;
        ret->has_claim = true;
        return 0;
}

static int read_exit(HistoryEntry *ret, json_t *array) {
        json_int_t status, times, first, last;
        const char *result;

        if (json_unpack(array, "[s, I, I, I, I]", &result, &status, &times, &first, &last) < 0)
                return -EBADMSG;
        if (status < 0 || status > INT32_MAX || times < 0 || times > UINT32_MAX || first < 0 ||
            last < 0)
                return -EBADMSG;
        *ret = (HistoryEntry){
                .result = exit_result_from_string(result),
                .status = (int) status,
                .n_times = (uint32_t) times,
                .first_usec = (uint64_t) first,
                .last_usec = (uint64_t) last,
        };
        return 0;
}

/* Those of the time before there were any had none; so with what is to come. */
static int read_exits(History *ret, const json_t *array) {
        History history = {};
        int r;

        if (!array)
                return 0;
        if (!json_is_array(array) || json_array_size(array) > HISTORY_MAX)
                return -EBADMSG;
        for (size_t i = 0; i < json_array_size(array); i++) {
                r = read_exit(&history.entries[history.n_entries++], json_array_get(array, i));
                if (r < 0)
                        return r;
        }
        if (!history_is_valid(&history))
                return -EBADMSG;
        *ret = history;
        return 0;
}

typedef struct Restart {
        bool held, lacks_bridge;
        uint64_t next_usec, next_utc_usec;
        uint64_t watched_until_usec, watched_change;
        uint64_t due_change, due_watch_usec;
        Backoff backoff;
} Restart;

static int read_restart(Restart *ret, RunRecord *record, json_t *object) {
        int waiting, held, lacks_bridge, unseen, added_name;
        json_int_t next, next_utc, delay, opened, watched_until = 0, watched_change = 0;
        json_int_t started = 0, due_change = 0, due_watch = 0;

        if (!object)
                return 0;
        if (json_unpack(object,
                        "{s:b, s:b, s:b, s:I, s:I, s:I, s:b, s:I, s?I, s:b, s?I, s?I, s?I, s?I}",
                        "Waiting", &waiting, "Held", &held, "LacksBridge", &lacks_bridge, "Next",
                        &next, "NextRestartTimestamp", &next_utc, "Delay", &delay, "Unseen",
                        &unseen, "Opened", &opened, "Started", &started, "AddedName", &added_name,
                        "WatchedUntil", &watched_until, "WatchedChange", &watched_change,
                        "DueChange", &due_change, "DueWatch", &due_watch) < 0)
                return -EBADMSG;
        if (next < 0 || next_utc < 0 || delay < 0 || opened < 0 || watched_until < 0 ||
            watched_change < 0 || started < 0 || due_change < 0 || due_watch < 0)
                return -EBADMSG;
        *ret = (Restart){
                .held = held,
                .lacks_bridge = lacks_bridge,
                .next_usec = (uint64_t) next,
                .next_utc_usec = (uint64_t) next_utc,
                .watched_until_usec = (uint64_t) watched_until,
                .watched_change = (uint64_t) watched_change,
                .due_change = (uint64_t) due_change,
                .due_watch_usec = (uint64_t) due_watch,
                .backoff = {.delay_usec = (uint64_t) delay, .unseen = unseen},
        };
        record->waiting = waiting;
        record->added_name = added_name;
        record->opened_usec = (uint64_t) opened;
        record->started_usec = (uint64_t) started;
        return 0;
}

static void take_restart(Unikernel *unikernel, const Restart *restart) {
        unikernel->is_held = restart->held;
        unikernel->lacks_bridge = restart->lacks_bridge;
        unikernel->next_usec = restart->next_usec;
        unikernel->next_utc_usec = restart->next_utc_usec;
        unikernel->watched_until_usec = restart->watched_until_usec;
        unikernel->watched_change = restart->watched_change;
        unikernel->due_change = restart->due_change;
        unikernel->due_watch_usec = restart->due_watch_usec;
        unikernel->backoff = restart->backoff;
}

int run_record_parse(Unikernel *unikernel, RunRecord *ret, const char *text, size_t size) {
        json_int_t pid, ticks, uid, slice, restarts, changed, status, ended;
        _cleanup_(json_decrefp) json_t *record = NULL;
        int failed, visible = 0, persist = 0, r;
        const char *result, *request = NULL, *tender = NULL;
        RunRecord read = {};
        History history = {};
        Restart restart = {};

        record = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (!record ||
            json_unpack(record,
                        "{s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:b, s?s, s?s, s?b, s?b}",
                        "MainPID", &pid, "StartTicks", &ticks, "UID", &uid, "SliceNumber", &slice,
                        "Restarts", &restarts, "StateChangeTimestamp", &changed, "ExitResult",
                        &result, "ExitStatus", &status, "ExitTimestamp", &ended, "Failed", &failed,
                        "Request", &request, "Tender", &tender, "ArgumentsVisible", &visible,
                        "TapsPersist", &persist) < 0)
                return -EBADMSG;
        if (pid < 0 || pid > INT32_MAX || ticks < 0 || uid < 0 || uid > UINT32_MAX || slice < 0 ||
            slice > UINT32_MAX || restarts < 0 || restarts > UINT32_MAX || status < 0 ||
            status > INT32_MAX || changed < 0 || ended < 0)
                return -EBADMSG;
        r = read_taps(&read, json_object_get(record, "Taps"));
        if (r >= 0)
                r = read_blocks(&read, json_object_get(record, "Blocks"));
        if (r >= 0)
                r = read_claim(&read, json_object_get(record, "Claim"));
        if (r >= 0)
                r = read_exits(&history, json_object_get(record, "Exits"));
        if (r >= 0)
                r = read_restart(&restart, &read, json_object_get(record, "Restart"));
        if (r >= 0)
                r = read_invocations(unikernel, json_object_get(record, "Invocations"));
        if (r >= 0)
                r = unikernel_set_tender(unikernel, tender, visible);
        if (r < 0)
                return r;
        /* A daemon before this one did not note it: it is what it ran since. */
        if (read.started_usec == 0)
                read.started_usec = (uint64_t) changed;
        take_restart(unikernel, &restart);
        unikernel->history = history;
        unikernel->n_restarts = (uint32_t) restarts;
        unikernel->state_usec = (uint64_t) changed;
        unikernel->last_exit = (Exit){
                .result = exit_result_from_string(result),
                .status = (int) status,
                .timestamp_usec = (uint64_t) ended,
        };
        read.pid = (pid_t) pid;
        read.start_ticks = (uint64_t) ticks;
        read.uid = (uint32_t) uid;
        read.slice_number = (uint32_t) slice;
        read.failed = failed;
        read.request = request_from_string(request);
        read.taps_persist = persist;
        *ret = read;
        return 0;
}
