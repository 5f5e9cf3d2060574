/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "spt/arguments.h"

static int refuse_length(Refusal *refusal) {
        return refusal_set(refusal, "The guest's arguments are longer than %u bytes",
                           SPT_COMMAND_LINE_SIZE - 1);
}

int arguments_take(Arguments *ret, char **strings, Refusal *refusal) {
        size_t total = 0, filled = 0;

        for (char **string = strings; *string; string++)
                total += strlen(*string) + 1;

        for (char **string = strings; *string; string++) {
                size_t length = strlen(*string);

                if (total <= sizeof(ret->text)) {
                        memcpy(ret->text + filled, *string, length);
                        ret->text[filled + length] = ' ';
                        filled += length + 1;
                }
                explicit_bzero(*string, length);
        }
        if (total > sizeof(ret->text))
                return refuse_length(refusal);

        ret->length = total > 0 ? total - 1 : 0;
        ret->text[ret->length] = '\0';
        return 0;
}

int arguments_read(Arguments *ret, int fd, Refusal *refusal) {
        char text[SPT_COMMAND_LINE_SIZE + 1];
        size_t size = 0;

        while (size < sizeof(text)) {
                ssize_t n = pread(fd, text + size, sizeof(text) - size, (off_t) size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return refusal_set(refusal, "Cannot read the guest's arguments: %m");
                if (n == 0)
                        break;
                size += (size_t) n;
        }
        if (size > SPT_COMMAND_LINE_SIZE)
                return refuse_length(refusal);
        if (size > 0 && text[size - 1] != '\0')
                return refusal_set(refusal, "The last of the guest's arguments does not end");

        ret->length = size > 0 ? size - 1 : 0;
        for (size_t i = 0; i < ret->length; i++)
                ret->text[i] = text[i] ? text[i] : ' ';
        ret->text[ret->length] = '\0';
        return 0;
}
