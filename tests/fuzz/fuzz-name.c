/* SPDX-License-Identifier: ISC */

/* Names and paths, as clients and command lines write them. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/name.h"
#include "fuzz.h"

static const Name untouched = {"untouched"};

static bool is_plain(const char *text) {
        return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.:")] == '\0';
}

/* What follows from a name fits where it is used, and has nothing in it that a file system or a
 * unit name takes for something else. */
static void check_derived(const Name *name) {
        char unit[NAME_UNIT_MAX + 1], full[NAME_MAX_LENGTH + 2];
        char group[NAME_CONTROL_GROUP_MAX + 1];
        size_t length = name_path_length(name);
        char path[NAME_MAX_LENGTH + 1];

        name_scope(name, unit);
        property(strlen(unit) == strlen("albatross-.scope") + strlen(name->text),
                 "the name of a scope is not cut");
        path_slice(name->text, length, 0, unit);
        property(!strchr(unit, '/') && !strchr(unit, ':'), "the name of a slice is one");
        path_slice(name->text, length, UINT32_MAX, unit);
        property(!strchr(unit, '/') && !strchr(unit, ':'), "the name of a slice is one");
        name_control_group(name, UINT32_MAX, group);
        property(group[0] == '/' && !strstr(group, "/.") && !strstr(group, "//"),
                 "a control group is where it should be");
        name_full_text(name, full);
        property(strchr(full, ':') != NULL && strlen(full) <= strlen(name->text) + 1,
                 "the full text of a name has a colon");

        memcpy(path, name->text, length);
        path[length] = '\0';
        property(name_is_below(name->text, path), "a name is below its path");
        property(!name_is_below(name->text, name->text), "a name is not below itself");
}

static void check_name(const Name *name) {
        Name again;

        property(memchr(name->text, '\0', sizeof(name->text)), "a name is terminated");
        property(name->text[0] != '\0' && is_plain(name->text), "a name is of its characters");
        property(name_parse(&again, name->text, NULL) == 0, "a parsed name is a name");
        property(strcmp(again.text, name->text) == 0, "a parsed name stays as it is");
        property(path_parse(&again, name->text, NULL) == 0, "a parsed name is a path");
        check_derived(name);
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        Name name = untouched, path = untouched;
        Fault fault = {};
        Name again;
        int r;

        r = path_parse(&path, text, &fault);
        if (r < 0) {
                property_refusal(r, &fault);
                property(strcmp(path.text, untouched.text) == 0, "a refused path leaves no trace");
        } else {
                property(is_plain(path.text), "a path is of its characters");
                property(path_parse(&again, path.text, NULL) == 0 &&
                                 strcmp(again.text, path.text) == 0,
                         "a parsed path stays as it is");
        }

        fault = (Fault){};
        r = name_parse(&name, text, &fault);
        if (r < 0) {
                property_refusal(r, &fault);
                property(strcmp(name.text, untouched.text) == 0, "a refused name leaves no trace");
                return false;
        }
        property(strcmp(path.text, name.text) == 0, "a name is also a path");
        check_name(&name);
        return true;
}
