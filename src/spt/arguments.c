/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "base/file.h"
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
        ssize_t size = file_read_piece(fd, text, sizeof(text), 0);

        if (size < 0)
                return refusal_set(refusal, "Cannot read the guest's arguments: %s",
                                   strerror((int) -size));
        if (size > (ssize_t) SPT_COMMAND_LINE_SIZE)
                return refuse_length(refusal);
        if (size > 0 && text[size - 1] != '\0')
                return refusal_set(refusal, "The last of the guest's arguments does not end");

        ret->length = size > 0 ? (size_t) size - 1 : 0;
        for (size_t i = 0; i < ret->length; i++)
                ret->text[i] = text[i] ? text[i] : ' ';
        ret->text[ret->length] = '\0';
        return 0;
}
