/* SPDX-License-Identifier: ISC */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/name.h"

static bool is_label_character(char c) {
        /* Not isalnum(): that one asks the locale. */
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
}

static int label_check(const char *label, size_t length, const char *text, Fault *fault) {
        bool only_dots = true;

        if (length == 0)
                return fault_set(fault, FAULT_INVALID_NAME, "\"%.220s\" has an empty label", text);
        if (length > NAME_LABEL_MAX)
                return fault_set(
                        fault, FAULT_INVALID_NAME,
                        "The label \"%.20s...\" has %zu characters, at most %d are allowed", label,
                        length, NAME_LABEL_MAX);
        if (label[0] == '-')
                return fault_set(fault, FAULT_INVALID_NAME, "The label \"%.*s\" starts with \"-\"",
                                 (int) length, label);
        for (size_t i = 0; i < length; i++) {
                if (!is_label_character(label[i]))
                        return fault_set(fault, FAULT_INVALID_NAME,
                                         "The label \"%.*s\" has a character other than letters, "
                                         "digits, \"-\" and \".\"",
                                         (int) length, label);
                only_dots = only_dots && label[i] == '.';
        }
        if (only_dots)
                return fault_set(fault, FAULT_INVALID_NAME,
                                 "The label \"%.*s\" is made of dots only", (int) length, label);
        return 0;
}

/* The labels of @text, @length bytes without leading or trailing ":", into *@ret. */
static int labels_parse(Name *ret, const char *text, size_t length, Fault *fault) {
        unsigned n_labels = 0;
        Name name = {};
        int r;

        if (length > NAME_MAX_LENGTH)
                return fault_set(fault, FAULT_INVALID_NAME,
                                 "The name \"%.20s...\" has %zu characters, at most %d are allowed",
                                 text, length, NAME_MAX_LENGTH);

        for (size_t start = 0; start <= length;) {
                const char *colon = memchr(text + start, ':', length - start);
                size_t end = colon ? (size_t) (colon - text) : length;

                r = label_check(text + start, end - start, text, fault);
                if (r < 0)
                        return r;
                if (++n_labels > NAME_LABELS_MAX)
                        return fault_set(fault, FAULT_INVALID_NAME,
                                         "The name \"%.200s\" has more than %d labels", text,
                                         NAME_LABELS_MAX);
                start = end + 1;
        }

        for (size_t i = 0; i < length; i++)
                name.text[i] =
                        (char) (text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]);
        *ret = name;
        return 0;
}

int name_parse(Name *ret, const char *text, Fault *fault) {
        if (text[0] == '\0')
                return fault_set(fault, FAULT_INVALID_NAME, "The name is empty");
        if (text[0] == ':')
                text++;
        return labels_parse(ret, text, strlen(text), fault);
}

int path_parse(Name *ret, const char *text, Fault *fault) {
        size_t length;

        if (text[0] == ':')
                text++;
        length = strlen(text);
        if (length == 0) {
                *ret = (Name){};
                return 0;
        }
        if (text[length - 1] == ':')
                length--;
        return labels_parse(ret, text, length, fault);
}

const char *name_label(const Name *name) {
        const char *colon = strrchr(name->text, ':');

        return colon ? colon + 1 : name->text;
}

int name_refuse_unknown(const Name *name, Fault *fault) {
        int r;

        r = fault_set(fault, FAULT_NO_SUCH_UNIKERNEL, "There is no unikernel \"%s\"", name->text);
        fault_hint(fault, "\"albatrossctl list\" shows all there are.");
        return r;
}

size_t name_path_length(const Name *name) {
        const char *colon = strrchr(name->text, ':');

        return colon ? (size_t) (colon - name->text) : 0;
}

bool name_is_below(const char *name, const char *path) {
        size_t length = strlen(path);

        return length == 0 || (strncmp(name, path, length) == 0 && name[length] == ':');
}

void name_full_text(const Name *name, char ret[static NAME_MAX_LENGTH + 2]) {
        snprintf(ret, NAME_MAX_LENGTH + 2, "%s%s", strchr(name->text, ':') ? "" : ":", name->text);
}

void name_scope(const Name *name, char ret[static NAME_UNIT_MAX + 1]) {
        snprintf(ret, NAME_UNIT_MAX + 1, "albatross-%s.scope", name->text);
}

void path_slice(const char *path,
                size_t length,
                uint32_t number,
                char ret[static NAME_UNIT_MAX + 1]) {
        char *end = stpcpy(ret, "albatross");

        /* "-" separates the levels of a slice, so the "-" within a label has to be another one. */
        if (length > 0)
                *end++ = '-';
        for (size_t i = 0; i < length; i++)
                *end++ = (char) (path[i] == '-' ? '_' : path[i] == ':' ? '-' : path[i]);
        if (number > 0)
                end += sprintf(end, "-_%" PRIu32, number);
        strcpy(end, ".slice");
}

void name_control_group(const Name *name,
                        uint32_t slice_number,
                        char ret[static NAME_CONTROL_GROUP_MAX + 1]) {
        size_t length = name_path_length(name);
        char unit[NAME_UNIT_MAX + 1];
        char *end;

        end = stpcpy(ret, "/albatross.slice/");
        for (size_t i = 1; length > 0 && i <= length; i++)
                if (i == length || name->text[i] == ':') {
                        path_slice(name->text, i, 0, unit);
                        end = stpcpy(stpcpy(end, unit), "/");
                }
        if (slice_number > 0) {
                path_slice(name->text, length, slice_number, unit);
                end = stpcpy(stpcpy(end, unit), "/");
        }
        name_scope(name, unit);
        strcpy(end, unit);
}
