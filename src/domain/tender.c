/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "domain/tender.h"

#define MIB(n) ((uint64_t) (n) << 20)

/* A page table has 8 bytes for each page of 4 KiB. */
#define PER_TABLE 512U

/* Measured on Linux 6.1, at the most that their scopes ever had: 0.7, 2.4 and 1.1 MiB. The rest is
 * for other kernels, and for what a busy console and busy devices take. */
static const struct {
        const char *name;
        uint32_t target;
        uint64_t overhead_bytes; /* the tender, and what the kernel keeps for it */
        uint64_t n_tables;       /* of pages: the host's, and those of a virtual machine */
        bool official;           /* one of Solo5's own */
} kinds[TENDER_N_KINDS] = {
        [TENDER_ALBATROSS_SPT] = {"albatross-spt", TENDER_TARGET_SPT, MIB(8), 1, false},
        [TENDER_SOLO5_SPT] = {"solo5-spt", TENDER_TARGET_SPT, MIB(8), 1, true},
        [TENDER_SOLO5_HVT] = {"solo5-hvt", TENDER_TARGET_HVT, MIB(8), 2, true},
};

const char *tender_kind_name(TenderKind kind) {
        assert(kind < TENDER_N_KINDS);
        return kinds[kind].name;
}

uint32_t tender_kind_target(TenderKind kind) {
        assert(kind < TENDER_N_KINDS);
        return kinds[kind].target;
}

uint64_t tender_kind_overhead(TenderKind kind, uint64_t memory_bytes) {
        assert(kind < TENDER_N_KINDS);
        return kinds[kind].overhead_bytes + kinds[kind].n_tables * (memory_bytes / PER_TABLE);
}

bool tender_kind_shows_arguments(TenderKind kind) {
        assert(kind < TENDER_N_KINDS);
        return kinds[kind].official;
}

bool tender_kind_takes_descriptors(TenderKind kind) {
        assert(kind < TENDER_N_KINDS);
        return !kinds[kind].official;
}

const char *tender_target_name(uint32_t target, char buffer[static TENDER_TARGET_TEXT_MAX + 1]) {
        static const char *const names[] = {NULL, "hvt", "spt", "virtio", "muen", "genode", "xen"};

        if (target > 0 && target < N_ELEMENTS(names))
                return names[target];
        snprintf(buffer, TENDER_TARGET_TEXT_MAX + 1, "%u", target);
        return buffer;
}

int tender_name_parse(TenderName *ret, const char *file) {
        for (TenderKind kind = 0; kind < TENDER_N_KINDS; kind++) {
                size_t length = strlen(kinds[kind].name);
                uint64_t version = 0;

                if (strncmp(file, kinds[kind].name, length) != 0)
                        continue;
                if (file[length] != '\0' && file[length] != '.')
                        continue;
                if (file[length] == '.' &&
                    number_parse(file + length + 1, UINT32_MAX, &version) < 0)
                        return -EINVAL;
                *ret = (TenderName){
                        .kind = kind,
                        .versioned = file[length] == '.',
                        .abi_version = (uint32_t) version,
                };
                return 0;
        }
        return -EINVAL;
}

/* The line that begins at @offset, without its newline; advances @offset behind it. False at the
 * end. What is longer than the buffer, or has bytes that are no text, can't be a line of ours. */
static bool take_line(const char *text, size_t size, size_t *offset, char ret[static 128]) {
        const char *line = text + *offset;
        const char *end;
        size_t length;

        if (*offset >= size)
                return false;
        end = memchr(line, '\n', size - *offset);
        length = end ? (size_t) (end - line) : size - *offset;
        *offset += length + 1;
        ret[0] = '\0';
        if (length >= 128)
                return true;
        for (size_t i = 0; i < length; i++)
                if (line[i] < ' ' || line[i] > '~')
                        return true;
        memcpy(ret, line, length);
        ret[length] = '\0';
        return true;
}

static int parse_first_line(TenderVersion *ret, const char *line) {
        static const char middle[] = " tender, version ";

        for (TenderKind kind = 0; kind < TENDER_N_KINDS; kind++) {
                size_t length = strlen(kinds[kind].name);
                const char *version;

                if (strncmp(line, kinds[kind].name, length) != 0 ||
                    strncmp(line + length, middle, strlen(middle)) != 0)
                        continue;
                version = line + length + strlen(middle);
                if (version[0] == '\0' || strlen(version) > TENDER_VERSION_MAX)
                        return -EBADMSG;
                ret->kind = kind;
                strcpy(ret->text, version);
                return 0;
        }
        return -EBADMSG;
}

int tender_version_parse(TenderVersion *ret, const char *text, size_t size) {
        static const char key[] = "ABI version ";
        TenderVersion version = {};
        unsigned n_abi_lines = 0;
        size_t offset = 0;
        char line[128];
        int r;

        if (!take_line(text, size, &offset, line))
                return -EBADMSG;
        r = parse_first_line(&version, line);
        if (r < 0)
                return r;
        while (take_line(text, size, &offset, line)) {
                uint64_t number;

                if (strncmp(line, key, strlen(key)) != 0)
                        continue;
                if (number_parse(line + strlen(key), UINT32_MAX, &number) < 0)
                        return -EBADMSG;
                version.abi_version = (uint32_t) number;
                n_abi_lines++;
        }
        if (n_abi_lines != 1)
                return -EBADMSG;
        *ret = version;
        return 0;
}

/* How much one is liked, less being better; INT_MAX when it is out of question. */
static int rank(const TenderFacts *facts, const TenderWanted *wanted) {
        const TenderName *name = &facts->name;

        if (kinds[name->kind].target != wanted->target || facts->state == TENDER_REFUSED)
                return INT_MAX;
        if (facts->state == TENDER_USABLE && facts->abi_version != wanted->abi_version)
                return INT_MAX;
        if (name->versioned && name->abi_version != wanted->abi_version)
                return INT_MAX;
        if (!kinds[name->kind].official)
                return wanted->prefer_official ? 3 : 0;
        return name->versioned ? 1 : 2;
}

ssize_t tender_choose(const TenderFacts *facts, size_t n_facts, const TenderWanted *wanted) {
        int best_rank = INT_MAX;
        ssize_t best = -ENOENT;

        for (size_t i = 0; i < n_facts; i++) {
                int this_rank = rank(&facts[i], wanted);

                if (this_rank < best_rank) {
                        best_rank = this_rank;
                        best = (ssize_t) i;
                }
        }
        return best;
}

/* Everything that was found for the target, until the text is full. */
static void list_found(const TenderFacts *facts,
                       size_t n_facts,
                       const TenderWanted *wanted,
                       char *ret,
                       size_t size) {
        size_t used = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < n_facts && used < size; i++) {
                const char *separator = used > 0 ? ", " : "";

                if (kinds[facts[i].name.kind].target != wanted->target)
                        continue;
                if (facts[i].state == TENDER_USABLE)
                        used += (size_t) snprintf(ret + used, size - used, "%s%s (ABI version %u)",
                                                  separator, facts[i].path, facts[i].abi_version);
                else
                        used += (size_t) snprintf(ret + used, size - used, "%s%s (refused)",
                                                  separator, facts[i].path);
        }
}

static const Fault *first_refusal(const TenderFacts *facts,
                                  size_t n_facts,
                                  const TenderWanted *wanted) {
        for (size_t i = 0; i < n_facts; i++)
                if (facts[i].state == TENDER_REFUSED &&
                    kinds[facts[i].name.kind].target == wanted->target)
                        return facts[i].refusal;
        return NULL;
}

int tender_refuse(Fault *fault,
                  const TenderFacts *facts,
                  size_t n_facts,
                  const TenderWanted *wanted,
                  const char *folders) {
        char number[TENDER_TARGET_TEXT_MAX + 1], found[FAULT_MESSAGE_MAX / 2];
        const char *target = tender_target_name(wanted->target, number);
        const Fault *refusal = first_refusal(facts, n_facts, wanted);
        int r;

        if (wanted->target != TENDER_TARGET_HVT && wanted->target != TENDER_TARGET_SPT) {
                r = fault_set(fault, FAULT_NO_TENDER,
                              "The image is for the target %s, only images for hvt and spt can be "
                              "run",
                              target);
                fault_hint(fault, "Build it for spt: mirage configure -t spt");
                return r;
        }

        list_found(facts, n_facts, wanted, found, sizeof(found));
        r = fault_set(fault, FAULT_NO_TENDER,
                      "There is no tender for the image (%s, ABI version %u): solo5-%s.%u and "
                      "solo5-%s were looked for in %s; %s%s",
                      target, wanted->abi_version, target, wanted->abi_version, target,
                      folders[0] ? folders : "no folder",
                      found[0] ? "found: " : "nothing was found", found);
        if (refusal)
                /* The sentence of the refusal and what to do about it. */
                fault_hint(fault, "%s%s%s", refusal->message, refusal->hint[0] ? "; " : "",
                           refusal->hint);
        else
                fault_hint(fault,
                           "Install solo5-%s with ABI version %u into one of these folders, or say "
                           "where it is: TenderPath= in albatrossd.conf",
                           target, wanted->abi_version);
        return r;
}
