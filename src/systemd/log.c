/* SPDX-License-Identifier: ISC */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "systemd/log.h"

/* What log_send() itself adds, and the frame of a field. */
#define TEXT_ROOM (LOG_TEXT_MAX + 256U)

/* Of entries that wait: what a daemon says in a bad minute. */
#define BACKLOG_MAX (256U << 10)

/* One of a process, as its standard error output is. */
static struct {
        const char *identifier;
        struct sockaddr_un address;
        int fd;     /* connected to journald */
        int target; /* where to: the journal, or not */
        int level;
        sd_event_source *source; /* on while something waits */
        size_t begin, end;       /* of what waits: entries, each behind its size */
        uint64_t n_lost;
        char backlog[BACKLOG_MAX];
} journal = {.identifier = "albatross", .fd = -1, .level = LOG_INFO};

enum {
        TARGET_CONSOLE,
        TARGET_JOURNAL,
        N_TARGETS,
};

static const char *const targets[N_TARGETS] = {
        [TARGET_CONSOLE] = "console",
        [TARGET_JOURNAL] = "journal",
};

static const char *const levels[] = {
        [LOG_EMERG] = "emerg", [LOG_ALERT] = "alert",     [LOG_CRIT] = "crit",
        [LOG_ERR] = "err",     [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
};

/* --- to journald --- */

static int connect_journal(void) {
        const struct sockaddr *address = (const struct sockaddr *) &journal.address;

        return connect(journal.fd, address, sizeof(journal.address)) < 0 ? -errno : 0;
}

static int try_send(const char *data, size_t size) {
        if (send(journal.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
                return 0;
        /* Somebody has made its socket anew. */
        if ((errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET) &&
            connect_journal() >= 0 &&
            send(journal.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
                return 0;
        return errno == ENOBUFS ? -EAGAIN : -errno;
}

static void keep(const char *data, size_t size) {
        uint32_t length = (uint32_t) size;

        if (journal.begin > 0 && sizeof(journal.backlog) - journal.end < sizeof(length) + size) {
                memmove(journal.backlog, journal.backlog + journal.begin,
                        journal.end - journal.begin);
                journal.end -= journal.begin;
                journal.begin = 0;
        }
        /* Without a loop nobody would ever send it. */
        if (!journal.source || sizeof(journal.backlog) - journal.end < sizeof(length) + size ||
            sd_event_source_set_enabled(journal.source, SD_EVENT_ON) < 0) {
                journal.n_lost++;
                return;
        }
        memcpy(journal.backlog + journal.end, &length, sizeof(length));
        memcpy(journal.backlog + journal.end + sizeof(length), data, size);
        journal.end += sizeof(length) + size;
}

static void deliver(const char *data, size_t size) {
        int r = -EAGAIN;

        /* In their order. */
        if (journal.begin == journal.end)
                r = try_send(data, size);
        if (r == -EAGAIN)
                keep(data, size);
        else if (r < 0)
                journal.n_lost++;
}

static int on_room(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        uint64_t n_lost;
        uint32_t length;
        int r;

        while (journal.begin < journal.end) {
                memcpy(&length, journal.backlog + journal.begin, sizeof(length));
                r = try_send(journal.backlog + journal.begin + sizeof(length), length);
                if (r == -EAGAIN)
                        return 0;
                if (r < 0)
                        journal.n_lost++;
                journal.begin += sizeof(length) + length;
        }
        journal.begin = journal.end = 0;
        (void) sd_event_source_set_enabled(journal.source, SD_EVENT_OFF);
        n_lost = journal.n_lost;
        journal.n_lost = 0;
        if (n_lost > 0)
                log_print(LOG_WARNING, "journald was too slow, %llu messages of ours were lost",
                          (unsigned long long) n_lost);
        return 0;
}

/* --- entries --- */

/* The form that can carry any bytes: the name, a size, the value. */
static void append(LogEntry *entry, const char *name, const char *value, size_t length) {
        size_t name_length = strlen(name);
        uint64_t size = htole64(length);
        char *p = entry->data + entry->size;

        if (length == 0 ||
            name_length + length + sizeof(size) + 2 > sizeof(entry->data) - entry->size)
                return;
        p = mempcpy(p, name, name_length);
        *p++ = '\n';
        p = mempcpy(p, &size, sizeof(size));
        p = mempcpy(p, value, length);
        *p++ = '\n';
        entry->size = (size_t) (p - entry->data);
}

static bool is_silent(const LogEntry *entry) {
        return !entry->is_kept && LOG_PRI(entry->priority) > journal.level;
}

void log_begin(LogEntry *entry, int priority, const char *message_id) {
        entry->priority = priority;
        entry->is_kept = false;
        entry->size = 0;
        if (message_id)
                append(entry, "MESSAGE_ID", message_id, strlen(message_id));
}

void log_field(LogEntry *entry, const char *name, const char *format, ...) {
        char value[LOG_TEXT_MAX + 1];
        va_list values;

        if (is_silent(entry))
                return;
        va_start(values, format);
        vsnprintf(value, sizeof(value), format, values);
        va_end(values);
        /* The text, and what is said of it, come last. */
        if (entry->size + strlen(name) + strlen(value) <= sizeof(entry->data) - TEXT_ROOM)
                append(entry, name, value, strlen(value));
}

/* Nor does this wait: a terminal that was stopped, or the journal's end of a stream, may be full.
 */
static void print(int level, const char *text) {
        struct pollfd console = {.fd = STDERR_FILENO, .events = POLLOUT};

        if (poll(&console, 1, 0) <= 0 || !(console.revents & POLLOUT))
                return;
        if (getenv("JOURNAL_STREAM"))
                (void) dprintf(STDERR_FILENO, "<%d>%s\n", level, text);
        else
                (void) dprintf(STDERR_FILENO, "%s\n", text);
}

__attribute__((format(printf, 2, 0))) static void send_text(LogEntry *entry,
                                                            const char *format,
                                                            va_list values) {
        char text[LOG_TEXT_MAX + 1], digits[16];
        int level = LOG_PRI(entry->priority);

        if (is_silent(entry))
                return;
        vsnprintf(text, sizeof(text), format, values);
        if (journal.target == TARGET_CONSOLE) {
                print(level, text);
                return;
        }
        append(entry, "PRIORITY", (const char[]){(char) ('0' + level)}, 1);
        if (LOG_FAC(entry->priority) != 0) {
                snprintf(digits, sizeof(digits), "%d", LOG_FAC(entry->priority));
                append(entry, "SYSLOG_FACILITY", digits, strlen(digits));
        }
        append(entry, "SYSLOG_IDENTIFIER", journal.identifier, strlen(journal.identifier));
        append(entry, "MESSAGE", text, strlen(text));
        deliver(entry->data, entry->size);
}

void log_send(LogEntry *entry, const char *format, ...) {
        va_list values;

        va_start(values, format);
        send_text(entry, format, values);
        va_end(values);
}

void log_print(int priority, const char *format, ...) {
        va_list values;
        LogEntry entry;

        log_begin(&entry, priority, NULL);
        va_start(values, format);
        send_text(&entry, format, values);
        va_end(values);
}

/* --- the log as a whole --- */

int log_open(const char *identifier, const char *socket_path) {
        int r;

        journal.identifier = identifier;
        if (strlen(socket_path) >= sizeof(journal.address.sun_path))
                return -ENAMETOOLONG;
        journal.address.sun_family = AF_UNIX;
        strcpy(journal.address.sun_path, socket_path);
        journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (journal.fd < 0)
                return -errno;
        r = connect_journal();
        if (r >= 0)
                journal.target = TARGET_JOURNAL;
        return r;
}

int log_attach(sd_event *event) {
        int r;

        if (journal.fd < 0)
                return 0;
        r = sd_event_add_io(event, &journal.source, journal.fd, EPOLLOUT, on_room, NULL);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(journal.source, SD_EVENT_OFF);
}

void log_close(void) {
        if (journal.source)
                (void) on_room(journal.source, journal.fd, EPOLLOUT, NULL);
        journal.source = sd_event_source_disable_unref(journal.source);
        journal.fd = fd_close(journal.fd);
        journal.target = TARGET_CONSOLE;
}

const char *log_identifier(void) {
        return journal.identifier;
}

const char *log_level_to_string(void) {
        return levels[journal.level];
}

static int find_word(const char *const *words, size_t n_words, const char *word) {
        for (size_t i = 0; i < n_words; i++)
                if (strcmp(words[i], word) == 0)
                        return (int) i;
        return -EINVAL;
}

int log_set_level(const char *word) {
        int r;

        r = find_word(levels, N_ELEMENTS(levels), word);
        if (r >= 0)
                journal.level = r;
        return r < 0 ? r : 0;
}

const char *log_target_to_string(void) {
        return targets[journal.target];
}

int log_set_target(const char *word) {
        int r;

        r = find_word(targets, N_ELEMENTS(targets), word);
        if (r == TARGET_JOURNAL && journal.fd < 0)
                return -ENOTCONN;
        if (r >= 0)
                journal.target = r;
        return r < 0 ? r : 0;
}
