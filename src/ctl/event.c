/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "ctl/ended.h"
#include "ctl/escape.h"
#include "ctl/event.h"
#include "ctl/human.h"
#include "ctl/json.h"
#include "ctl/properties.h"

/* How each is called in JSON, under which key it has its name, and how it reads. */
static const struct {
        const char *event, *key, *words;
} kinds[EVENT_N_KINDS] = {
        [EVENT_NONE] = {"none", "Name", ""},
        [EVENT_CREATED] = {"created", "Name", "created"},
        [EVENT_STARTED] = {"started", "Name", "started"},
        [EVENT_ENDED] = {"ended", "Name", "ended: "},
        [EVENT_RESTARTING] = {"restarting", "Name", "restarting in "},
        [EVENT_STOPPED] = {"stopped", "Name", "stopped"},
        [EVENT_FAILED] = {"failed", "Name", "failed"},
        [EVENT_CHANGED] = {"changed", "Name", "configuration changed"},
        [EVENT_DESTROYED] = {"destroyed", "Name", "destroyed"},
        [EVENT_POLICY_CHANGED] = {"policy-changed", "Path", "policy changed"},
        [EVENT_POLICY_REMOVED] = {"policy-removed", "Path", "policy removed"},
        [EVENT_BLOCK_CREATED] = {"block-created", "Block", "block device created"},
        [EVENT_BLOCK_CHANGED] = {"block-changed", "Block", "block device changed"},
        [EVENT_BLOCK_REMOVED] = {"block-removed", "Block", "block device removed"},
        [EVENT_DAEMON_GONE] = {"daemon-gone", NULL, "albatrossd went away"},
        [EVENT_DAEMON_BACK] = {"daemon-back", NULL, "albatrossd is back"},
};

static int set(json_t *object, const char *key, json_t *value) {
        return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}

static int print_json(FILE *out, const Event *event, JsonMode mode) {
        _cleanup_(json_decrefp) json_t *object = NULL;
        int r;

        object = json_pack("{s:I, s:s}", "Timestamp", (json_int_t) event->usec, "Event",
                           kinds[event->kind].event);
        if (!object)
                return -ENOMEM;
        r = event->name ? set(object, kinds[event->kind].key, json_string(event->name)) : 0;
        if (r >= 0 && event->invocation)
                r = set(object, "InvocationID", json_string(event->invocation));
        if (r >= 0 && event->kind == EVENT_STARTED && event->pid > 0)
                r = set(object, "MainPID", json_integer((json_int_t) event->pid));
        if (r >= 0 && event->kind == EVENT_ENDED)
                r = set(object, "ExitResult", json_string(event->result));
        if (r >= 0 && event->kind == EVENT_ENDED)
                r = set(object, "ExitStatus", json_integer(event->status));
        if (r >= 0 && event->kind == EVENT_RESTARTING)
                r = set(object, "NextRestartTimestamp",
                        json_integer((json_int_t) event->next_usec));
        return r < 0 ? r : json_print(out, object, mode);
}

static void print_time(FILE *out, uint64_t usec) {
        time_t sec = (time_t) (usec / 1000000);
        char text[64] = "";
        struct tm local;

        if (localtime_r(&sec, &local))
                strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
        fprintf(out, "%s.%03u ", text, (unsigned) (usec / 1000 % 1000));
}

int event_print(FILE *out, const Event *event, JsonMode mode) {
        char words[MAX_OF(ENDED_WORDS_MAX, HUMAN_MAX) + 1] = "";

        if (mode != JSON_OFF)
                return print_json(out, event, mode);

        print_time(out, event->usec);
        if (event->name) {
                escape_write(out, event->name, strlen(event->name), ESCAPE_LINE);
                /* The ":" tells a path from a unikernel of the same name. */
                fputs(strcmp(kinds[event->kind].key, "Path") == 0 ? ": " : " ", out);
        }
        if (event->kind == EVENT_ENDED)
                ended_words(event->result, event->status, words);
        else if (event->kind == EVENT_RESTARTING)
                human_span(event->next_usec > event->usec ? event->next_usec - event->usec : 0,
                           words);
        fputs(kinds[event->kind].words, out);
        escape_write(out, words, strlen(words), ESCAPE_LINE);
        putc('\n', out);
        return 0;
}

static bool is_over(const char *state) {
        return strcmp(state, "stopped") == 0 || strcmp(state, "failed") == 0 ||
               strcmp(state, "waiting") == 0;
}

static bool has_process(const char *state) {
        return strcmp(state, "running") == 0 || strcmp(state, "stopping") == 0;
}

EventKind lives_changed(Lives *lives, const char *name, const char *state, uint64_t since_usec) {
        json_t *life = json_object_get(lives, name);
        char before[16] = "";
        uint64_t before_usec = properties_number(life, "Since");

        snprintf(before, sizeof(before), "%s", properties_string(life, "State"));
        if (strcmp(before, state) == 0 && before_usec == since_usec)
                return EVENT_CHANGED;

        json_object_set_new(
                lives, name,
                json_pack("{s:s, s:I}", "State", state, "Since", (json_int_t) since_usec));
        if (has_process(before) && is_over(state))
                return EVENT_ENDED;
        if (strcmp(state, "running") == 0)
                return EVENT_STARTED;
        if (strcmp(state, "failed") == 0)
                return EVENT_FAILED;
        /* Nobody hears for the second time that one which is new is not running. */
        return strcmp(state, "stopped") == 0 && life ? EVENT_STOPPED : EVENT_NONE;
}

EventKind lives_ended(Lives *lives, const char *name) {
        const char *state = properties_string(json_object_get(lives, name), "State");

        return strcmp(state, "failed") == 0 ? EVENT_FAILED : EVENT_NONE;
}
