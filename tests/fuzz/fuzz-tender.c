/* SPDX-License-Identifier: ISC */

/* What a program that may be a tender says about itself, and how its file may be called. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/tender.h"
#include "fuzz.h"

static void check_name(const char *file) {
        TenderName name = {.abi_version = 42};
        char again[64];

        if (tender_name_parse(&name, file) < 0) {
                property(name.abi_version == 42, "a refused name leaves no trace");
                return;
        }
        if (name.versioned)
                snprintf(again, sizeof(again), "%s.%u", tender_kind_name(name.kind),
                         name.abi_version);
        else
                snprintf(again, sizeof(again), "%s", tender_kind_name(name.kind));
        property(strcmp(again, file) == 0, "a tender's file is called in one way only");
}

static void check_version(const TenderVersion *version, const char *text, size_t size) {
        char line[128];

        property(version->kind < TENDER_N_KINDS, "a tender is of a known kind");
        property(memchr(version->text, '\0', sizeof(version->text)) && version->text[0] != '\0',
                 "a tender has a version");
        for (const char *here = version->text; *here; here++)
                property(*here >= ' ' && *here <= '~', "a version can be printed");
        snprintf(line, sizeof(line), "%s tender, version %s", tender_kind_name(version->kind),
                 version->text);
        property(size >= strlen(line) && memcmp(text, line, strlen(line)) == 0,
                 "a version is what was said");
        snprintf(line, sizeof(line), "\nABI version %u", version->abi_version);
        property(memmem(text, size, line, strlen(line)), "an ABI version is what was said");
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *file = fuzz_text(data, size);
        _cleanup_(freep) char *text = fuzz_copy(data, size);
        TenderVersion version = {.abi_version = 42};
        int r;

        check_name(file);
        r = tender_version_parse(&version, text, size);
        if (r < 0) {
                property(r == -EBADMSG, "a version is refused in one way");
                property(version.abi_version == 42, "a refused version leaves no trace");
                return false;
        }
        check_version(&version, text, size);
        return true;
}
