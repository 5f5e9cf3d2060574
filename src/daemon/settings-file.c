/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/conf-files.h"
#include "base/file.h"
#include "daemon/settings-file.h"

#define FILE_MAX (64U * 1024U) /* bytes */

/* A file on its way through libinih, which reads it line by line and calls back for each. */
typedef struct Reader {
        Settings *settings;
        const char *file;
        const char *text, *end; /* what is not read yet */
        unsigned line;          /* the one read last */
        bool section_said;      /* one complaint for each is enough */
        char section[64];
        const SettingsComplaints *complaints;
        int r;
} Reader;

static void complain(Reader *reader, unsigned line, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static void complain(Reader *reader, unsigned line, const char *format, ...) {
        char what[FAULT_MESSAGE_MAX + 1];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);
        reader->complaints->complain(reader->complaints->userdata, reader->file, line, what);
}

/* One line as libinih is to see it: without what it would take for the continuation of the line
 * before, which is not the way of systemd's files; and only whole. */
static char *read_line(char *buffer, int size, void *stream) {
        Reader *reader = stream;
        const char *start = reader->text, *newline;
        size_t length;

        if (start >= reader->end)
                return NULL;
        newline = memchr(start, '\n', (size_t) (reader->end - start));
        length = (size_t) ((newline ? newline : reader->end) - start);
        reader->text = newline ? newline + 1 : reader->end;
        reader->line++;
        while (length > 0 && (*start == ' ' || *start == '\t')) {
                start++;
                length--;
        }
        if (memchr(start, '\0', length) || length + 2 > (size_t) size) {
                complain(reader, reader->line,
                         length + 2 > (size_t) size ? "The line is too long, it is ignored"
                                                    : "The line is no text, it is ignored");
                length = 0;
        }
        memcpy(buffer, start, length);
        buffer[length] = '\n';
        buffer[length + 1] = '\0';
        return buffer;
}

static void complain_section(Reader *reader, const char *section) {
        if (reader->section_said && strcmp(reader->section, section) == 0)
                return;
        reader->section_said = true;
        snprintf(reader->section, sizeof(reader->section), "%s", section);
        if (section[0] == '\0')
                complain(reader, reader->line,
                         "An assignment before any section, it is ignored; sections look like "
                         "[" SETTINGS_SECTION "]");
        else
                complain(reader, reader->line, "Unknown section [%s], it is ignored", section);
}

static int on_assignment(void *userdata, const char *section, const char *key, const char *value) {
        Reader *reader = userdata;
        Fault fault = {};
        int r;

        /* Those of systemd let files say more than the program at hand knows, after "X-". */
        if (strncmp(section, "X-", 2) == 0 || strncmp(key, "X-", 2) == 0)
                return 1;
        if (strcmp(section, SETTINGS_SECTION) != 0) {
                complain_section(reader, section);
                return 1;
        }
        r = settings_assign(reader->settings, key, value ? value : "", &fault);
        if (r == -ENOMEM)
                reader->r = r;
        else if (r == -ENOENT)
                complain(reader, reader->line, "Unknown key %s, it is ignored", key);
        else if (r < 0)
                complain(reader, reader->line, "%s: %s; the assignment is ignored", key,
                         fault.message);
        return 1;
}

int settings_read_text(Settings *settings,
                       const char *file,
                       const char *text,
                       size_t size,
                       const SettingsComplaints *complaints) {
        Reader reader = {
                .settings = settings,
                .file = file,
                .text = text,
                .end = text + size,
                .complaints = complaints,
        };
        int line;

        line = ini_parse_stream(read_line, &reader, on_assignment, &reader);
        if (line > 0)
                complain(&reader, (unsigned) line,
                         "Neither a section nor an assignment: this line, and any like it, is "
                         "ignored");
        return line == -2 ? -ENOMEM : reader.r;
}

static int read_file(Settings *settings, const char *file, const SettingsComplaints *complaints) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(fd_closep) int fd = -1;
        Reader reader = {.file = file, .complaints = complaints};
        size_t size;
        int r;

        fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        r = fd < 0 ? -errno : file_read_fd(fd, FILE_MAX, &text, &size);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                complain(&reader, 0, "The file can't be read: %s", strerror(-r));
                return 0;
        }
        return settings_read_text(settings, file, text, size, complaints);
}

int settings_read_files(Settings *settings,
                        const char *root,
                        const SettingsComplaints *complaints) {
        size_t n_files = 0;
        char **files;
        int r;

        r = conf_files_list(root, SETTINGS_FILE, &files, &n_files);
        if (r < 0)
                return r;
        for (size_t i = 0; r >= 0 && i < n_files; i++)
                r = read_file(settings, files[i], complaints);
        conf_files_free(files, n_files);
        return r;
}
