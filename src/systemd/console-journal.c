/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-messages.h>

#include "base/cleanup.h"
#include "systemd/console-journal.h"

/* The longest line that journald makes has 48 KiB; anything beyond this is cut. */
#define FIELD_MAX (1024U * 1024U)

static void journal_closep(sd_journal **journal) {
        if (*journal)
                sd_journal_close(*journal);
}

static int add_match(sd_journal *journal, const char *field, const char *value) {
        char match[512];
        int size;

        size = snprintf(match, sizeof(match), "%s=%s", field, value);
        if (size < 0 || (size_t) size >= sizeof(match))
                return -ENAMETOOLONG;
        return sd_journal_add_match(journal, match, (size_t) size);
}

/* Only fields that journald sets itself: nobody can forge an underscore, nor the transport
 * "driver", which is journald's own. */
static int add_matches(sd_journal *journal, const char *scope) {
        int r;

        r = add_match(journal, "_SYSTEMD_UNIT", scope);
        if (r >= 0)
                r = sd_journal_add_disjunction(journal);
        if (r >= 0)
                r = add_match(journal, "_TRANSPORT", "driver");
        if (r >= 0)
                r = add_match(journal, "MESSAGE_ID", SD_MESSAGE_JOURNAL_DROPPED_STR);
        if (r >= 0)
                r = add_match(journal, "OBJECT_SYSTEMD_UNIT", scope);
        return r;
}

int console_journal_open(sd_journal **ret, const char *scope) {
        _cleanup_(journal_closep) sd_journal *journal = NULL;
        int r;

        r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
        if (r < 0)
                return r;
        r = sd_journal_set_data_threshold(journal, FIELD_MAX);
        if (r < 0)
                return r;
        r = add_matches(journal, scope);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(journal);
        return 0;
}

/* The value of a field of the current entry, valid until the next call. -ENODATA when it has no
 * such field, or a broken one: a damaged journal loses entries, never the rest of itself. */
static int get_field(sd_journal *journal, const char *name, const char **ret, size_t *ret_size) {
        size_t size, prefix = strlen(name) + 1;
        const void *data;
        int r;

        r = sd_journal_get_data(journal, name, &data, &size);
        if (r == -ENOENT || r == -EBADMSG || r == -EADDRNOTAVAIL || r == -E2BIG)
                return -ENODATA;
        if (r < 0)
                return r;
        if (size < prefix)
                return -ENODATA;
        *ret = (const char *) data + prefix;
        *ret_size = size - prefix;
        return 0;
}

static int get_invocation(sd_journal *journal, const char *name, sd_id128_t *ret) {
        char text[SD_ID128_STRING_MAX];
        const char *value;
        size_t size;
        int r;

        r = get_field(journal, name, &value, &size);
        if (r < 0)
                return r;
        if (size != sizeof(text) - 1)
                return -ENODATA;
        memcpy(text, value, size);
        text[size] = '\0';
        return sd_id128_from_string(text, ret) < 0 ? -ENODATA : 0;
}

/* A notice is about a run, but by journald, whose own invocation it carries. */
static bool is_notice(sd_journal *journal) {
        const char *value;
        size_t size;

        return get_field(journal, "_TRANSPORT", &value, &size) >= 0 && size == strlen("driver") &&
               memcmp(value, "driver", size) == 0;
}

int console_journal_look(sd_journal *journal, ConsoleEntry *ret) {
        ConsoleEntry entry = {};
        int r;

        r = sd_journal_get_realtime_usec(journal, &entry.realtime_usec);
        if (r == -EBADMSG || r == -EADDRNOTAVAIL)
                return -ENODATA;
        if (r < 0)
                return r;
        r = get_invocation(journal,
                           is_notice(journal) ? "OBJECT_SYSTEMD_INVOCATION_ID"
                                              : "_SYSTEMD_INVOCATION_ID",
                           &entry.invocation);
        if (r < 0 && r != -ENODATA)
                return r;
        entry.has_invocation = r >= 0;

        *ret = entry;
        return 0;
}

/* Backwards until there are enough of them. */
static int seek_lines(sd_journal *journal, const ConsoleOptions *options) {
        uint64_t n = 0;
        int r;

        /* Exactly at the last moment that was asked for, an entry would be beyond the position. */
        if (options->until_usec < UINT64_MAX)
                r = sd_journal_seek_realtime_usec(journal, options->until_usec + 1);
        else
                r = sd_journal_seek_tail(journal);

        while (r >= 0) {
                ConsoleEntry entry;

                r = sd_journal_previous(journal);
                if (r < 0)
                        return r;
                /* Fewer than that are there at all. */
                if (r == 0) {
                        r = sd_journal_seek_head(journal);
                        return r < 0 ? r : 0;
                }
                /* None at all: everything after the last one is new. */
                if (options->n_lines == 0)
                        return 0;

                r = console_journal_look(journal, &entry);
                if (r < 0 && r != -ENODATA)
                        return r;
                if (r >= 0 && entry.realtime_usec < options->since_usec)
                        return 0;
                if (r >= 0 && console_decide(options, &entry) == CONSOLE_TAKE &&
                    ++n == options->n_lines)
                        return 1;
                r = 0;
        }
        return r;
}

/* Behind the entry of that cursor or, should it be gone, to the next one that is there. */
static int seek_after(sd_journal *journal, const char *cursor) {
        int r;

        r = sd_journal_seek_cursor(journal, cursor);
        if (r >= 0)
                r = sd_journal_next(journal);
        if (r <= 0)
                return r;
        r = sd_journal_test_cursor(journal, cursor);
        return r < 0 ? r : r == 0;
}

int console_journal_seek(sd_journal *journal, const ConsoleOptions *options) {
        int r;

        if (options->after)
                return seek_after(journal, options->after);
        if (options->n_lines < UINT64_MAX)
                return seek_lines(journal, options);
        if (options->since_usec > 0)
                r = sd_journal_seek_realtime_usec(journal, options->since_usec);
        else
                r = sd_journal_seek_head(journal);
        return r < 0 ? r : 0;
}

static int export_cursor(sd_journal *journal, ConsoleExport *export) {
        /* There is nothing before the first one. */
        static const char head[] = "t=0";
        _cleanup_(freep) char *cursor = NULL;
        int r;

        r = sd_journal_get_cursor(journal, &cursor);
        if (r < 0 && r != -EADDRNOTAVAIL)
                return r;
        return console_export_field(export, "__CURSOR", cursor ? cursor : head,
                                    strlen(cursor ? cursor : head));
}

int console_journal_export_place(sd_journal *journal, ConsoleExport *export) {
        int r;

        r = export_cursor(journal, export);
        return r < 0 ? r : console_export_end(export);
}

int console_journal_export(sd_journal *journal, ConsoleExport *export) {
        /* _TRANSPORT tells journald's own notices, which may claim anything else, from what a
         * guest printed. */
        static const char *const fields[] = {"_SYSTEMD_INVOCATION_ID",
                                             "OBJECT_SYSTEMD_INVOCATION_ID",
                                             "_TRANSPORT",
                                             "PRIORITY",
                                             "SYSLOG_IDENTIFIER",
                                             "MESSAGE_ID",
                                             "N_DROPPED",
                                             "_LINE_BREAK",
                                             "MESSAGE"};
        char text[32];
        uint64_t realtime_usec;
        int r;

        r = sd_journal_get_realtime_usec(journal, &realtime_usec);
        if (r < 0)
                return r;
        snprintf(text, sizeof(text), "%" PRIu64, realtime_usec);
        r = console_export_field(export, "__REALTIME_TIMESTAMP", text, strlen(text));
        if (r >= 0)
                r = export_cursor(journal, export);
        if (r < 0)
                return r;

        for (size_t i = 0; i < N_ELEMENTS(fields); i++) {
                const char *value;
                size_t size;

                r = get_field(journal, fields[i], &value, &size);
                if (r == -ENODATA)
                        continue;
                if (r >= 0)
                        r = console_export_field(export, fields[i], value, size);
                if (r < 0)
                        return r;
        }
        return console_export_end(export);
}
