/* SPDX-License-Identifier: ISC */

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "systemd/console-export.h"

/* What a pipe holds by default. */
#define ENOUGH 65536U

void console_export_done(ConsoleExport *export) {
        free(export->data);
        *export = (ConsoleExport){.fd = -1};
}

static int append(ConsoleExport *export, const void *data, size_t size) {
        size_t needed;

        if (__builtin_add_overflow(export->size, size, &needed))
                return -ENOMEM;
        if (needed > export->allocated) {
                char *larger = realloc(export->data, needed + ENOUGH);

                if (!larger)
                        return -ENOMEM;
                export->data = larger;
                export->allocated = needed + ENOUGH;
        }
        if (size > 0)
                memcpy(export->data + export->size, data, size);
        export->size = needed;
        return 0;
}

/* The format asks for UTF-8 without control characters; plain ASCII is the part of it that needs
 * no decoder. All else is given by its length, which is always right. */
static bool is_text(const char *value, size_t size) {
        for (size_t i = 0; i < size; i++)
                if ((value[i] < ' ' && value[i] != '\t') || value[i] > '~')
                        return false;
        return true;
}

int console_export_field(ConsoleExport *export, const char *name, const void *value, size_t size) {
        const uint64_t length = htole64(size);
        bool text = is_text(value, size);
        int r;

        r = append(export, name, strlen(name));
        if (r < 0)
                return r;
        r = append(export, text ? "=" : "\n", 1);
        if (r >= 0 && !text)
                r = append(export, &length, sizeof(length));
        if (r >= 0)
                r = append(export, value, size);
        if (r >= 0)
                r = append(export, "\n", 1);
        return r;
}

int console_export_end(ConsoleExport *export) {
        int r;

        r = append(export, "\n", 1);
        if (r < 0)
                return r;
        return export->size >= ENOUGH ? console_export_flush(export) : 0;
}

int console_export_flush(ConsoleExport *export) {
        struct pollfd writable = {.fd = export->fd, .events = POLLOUT};
        size_t done = 0;

        while (done < export->size) {
                ssize_t n = write(export->fd, export->data + done, export->size - done);

                if (n >= 0)
                        done += (size_t) n;
                else if (errno == EAGAIN)
                        (void) poll(&writable, 1, -1);
                else if (errno != EINTR)
                        return -errno;
        }
        export->size = 0;
        return 0;
}
