/* SPDX-License-Identifier: ISC */

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "spt/abi.h"
#include "spt/manifest.h"
#include "spt/notes.h"

/* A valid one with a net and two block devices. */
static size_t fill(Manifest *manifest) {
        *manifest = (Manifest){
                .version = 1,
                .n_entries = 4,
                .entries =
                        {
                                {.type = DEVICE_RESERVED},
                                {.name = "service", .type = DEVICE_NET},
                                {.name = "data", .type = DEVICE_BLOCK},
                                {.name = "Log2", .type = DEVICE_BLOCK},
                        },
        };
        return manifest_size(manifest);
}

static void reads_devices(void **state) {
        Manifest manifest, ret;
        Refusal refusal;
        size_t size = fill(&manifest);

        assert_int_equal(size, 8 + 4 * 104);
        assert_int_equal(manifest_read(&ret, &manifest, size, &refusal), 0);
        assert_memory_equal(&ret, &manifest, size);

        /* The same name is another device where it is of another type. */
        strcpy(manifest.entries[2].name, "service");
        assert_int_equal(manifest_read(&ret, &manifest, size, &refusal), 0);
}

static void reads_the_smallest_and_the_largest(void **state) {
        Manifest manifest, ret;
        Refusal refusal;

        fill(&manifest);
        manifest.n_entries = 1;
        assert_int_equal(manifest_read(&ret, &manifest, 112, &refusal), 0);

        manifest.n_entries = MANIFEST_ENTRIES_MAX;
        for (unsigned i = 1; i < MANIFEST_ENTRIES_MAX; i++) {
                manifest.entries[i] = (ManifestEntry){.type = DEVICE_BLOCK};
                memset(manifest.entries[i].name, 'a', MANIFEST_NAME_SIZE - 1);
                manifest.entries[i].name[0] = (char) ('0' + i / 10);
                manifest.entries[i].name[1] = (char) ('0' + i % 10);
        }
        assert_int_equal(manifest_read(&ret, &manifest, sizeof(manifest), &refusal), 0);
        assert_memory_equal(&ret, &manifest, sizeof(manifest));
}

static void assert_refused(const Manifest *manifest, size_t size, const char *sentence) {
        Manifest ret, before;
        Refusal refusal = {};

        memset(&ret, 0x5a, sizeof(ret));
        before = ret;
        assert_int_equal(manifest_read(&ret, manifest, size, &refusal), -EINVAL);
        if (!strstr(refusal.sentence, sentence))
                fail_msg("\"%s\" is not about \"%s\"", refusal.sentence, sentence);
        assert_memory_equal(&ret, &before, sizeof(ret));
}

static void refuses_sizes_that_are_not_its_own(void **state) {
        Manifest manifest;
        size_t size = fill(&manifest);

        assert_refused(&manifest, 0, "can't have 0 bytes");
        assert_refused(&manifest, 7, "can't have 7 bytes");
        assert_refused(&manifest, 8, "not those of its 4 entries");
        assert_refused(&manifest, size - 1, "not those of its 4 entries");
        assert_refused(&manifest, size + 1, "not those of its 4 entries");
        assert_refused(&manifest, sizeof(manifest) + 1, "can't have 6665 bytes");

        manifest.n_entries = 0;
        assert_refused(&manifest, 8, "can't have 0 entries");
        manifest.n_entries = 65;
        assert_refused(&manifest, sizeof(manifest), "can't have 65 entries");
        manifest.n_entries = UINT32_MAX;
        assert_refused(&manifest, sizeof(manifest), "can't have 4294967295 entries");

        fill(&manifest);
        manifest.version = 2;
        assert_refused(&manifest, size, "version 2 is not known");
}

static void refuses_a_beginning_that_is_not_reserved(void **state) {
        Manifest manifest;
        size_t size = fill(&manifest);

        manifest.entries[0].type = DEVICE_NET;
        assert_refused(&manifest, size, "reserved entry");
        fill(&manifest);
        manifest.entries[0].name[0] = 'x';
        assert_refused(&manifest, size, "reserved entry");
        fill(&manifest);
        manifest.entries[0].name[67] = 'x';
        assert_refused(&manifest, size, "reserved entry");
        fill(&manifest);
        manifest.entries[0].attached = 1;
        assert_refused(&manifest, size, "reserved entry");
}

static void refuses_devices_that_are_odd(void **state) {
        static const char *const names[] = {"", "-", "a b", "a/b", "a\n", "\033[2J", "caf\xc3\xa9"};
        Manifest manifest;
        size_t size = fill(&manifest);

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                fill(&manifest);
                strcpy(manifest.entries[1].name, names[i]);
                assert_refused(&manifest, size, "Device 1 of the manifest has no valid name");
        }
        fill(&manifest);
        memset(manifest.entries[3].name, 'a', sizeof(manifest.entries[3].name));
        assert_refused(&manifest, size, "Device 3 of the manifest has no valid name");
        fill(&manifest);
        strcpy(manifest.entries[3].name, "data");
        assert_refused(&manifest, size, "Device data is in the manifest twice");
        fill(&manifest);
        manifest.entries[2].attached = 0x80;
        assert_refused(&manifest, size, "Device data claims to be attached");
        fill(&manifest);
        manifest.entries[2].type = 3;
        assert_refused(&manifest, size, "Device data is of no known type");
        manifest.entries[2].type = DEVICE_RESERVED;
        assert_refused(&manifest, size, "Device data is of no known type");
}

static void names_devices_that_are_not_attached(void **state) {
        Refusal refusal = {};
        Manifest manifest;

        fill(&manifest);
        assert_int_equal(manifest_check_attached(&manifest, &refusal), -EINVAL);
        assert_string_equal(
                refusal.sentence,
                "The image wants devices that are not given: --net:service= --block:data= "
                "--block:Log2=");
        for (unsigned i = 1; i < 4; i++)
                manifest.entries[i].attached = 1;
        assert_int_equal(manifest_check_attached(&manifest, &refusal), 0);

        /* As many with the longest names do not fit into one sentence; it says so. */
        manifest.n_entries = MANIFEST_ENTRIES_MAX;
        for (unsigned i = 1; i < MANIFEST_ENTRIES_MAX; i++) {
                manifest.entries[i] = (ManifestEntry){.type = DEVICE_NET};
                memset(manifest.entries[i].name, 'a', MANIFEST_NAME_SIZE - 1);
        }
        assert_int_equal(manifest_check_attached(&manifest, &refusal), -EINVAL);
        assert_string_equal(refusal.sentence + strlen(refusal.sentence) - 4, "a...");
}

static void finds_devices_by_type_and_name(void **state) {
        Refusal refusal = {};
        Manifest manifest;

        fill(&manifest);
        assert_ptr_equal(manifest_find(&manifest, DEVICE_NET, "service=tap0", 7, &refusal),
                         &manifest.entries[1]);
        assert_ptr_equal(manifest_find(&manifest, DEVICE_BLOCK, "Log2", 4, &refusal),
                         &manifest.entries[3]);
        assert_string_equal(refusal.sentence, "");

        assert_null(manifest_find(&manifest, DEVICE_NET, "data=x", 4, &refusal));
        assert_string_equal(refusal.sentence,
                            "The image has no device for --net:data=, it wants --net:service= "
                            "--block:data= --block:Log2=");
        assert_null(manifest_find(&manifest, DEVICE_NET, "servic", 6, &refusal));
        assert_null(manifest_find(&manifest, DEVICE_NET, "services", 8, &refusal));
        assert_null(manifest_find(&manifest, DEVICE_BLOCK, "log2", 4, &refusal));
        assert_null(manifest_find(&manifest, DEVICE_BLOCK, "", 0, &refusal));

        /* The reserved entry is none, whatever is asked for. */
        assert_null(manifest_find(&manifest, DEVICE_RESERVED, "", 0, &refusal));
        manifest.n_entries = 1;
        assert_null(manifest_find(&manifest, DEVICE_BLOCK, "data", 4, &refusal));
        assert_string_equal(refusal.sentence,
                            "The image has no device for --block:data=, it wants none");
}

/* Notes as they lie in a file. */
typedef struct NoteBytes {
        uint8_t bytes[NOTES_SIZE_MAX];
        size_t size;
} NoteBytes;

static void append(NoteBytes *notes, const void *bytes, size_t size) {
        memcpy(notes->bytes + notes->size, bytes, size);
        notes->size += size;
}

static void append_note(NoteBytes *notes,
                        const char *owner,
                        uint32_t type,
                        const void *bytes,
                        size_t size) {
        const Elf64_Nhdr header = {
                .n_namesz = (Elf64_Word) strlen(owner) + 1,
                .n_descsz = (Elf64_Word) size,
                .n_type = type,
        };

        append(notes, &header, sizeof(header));
        append(notes, owner, strlen(owner) + 1);
        notes->size = (notes->size + 3) & ~3UL;
        append(notes, bytes, size);
        notes->size = (notes->size + 3) & ~3UL;
}

static void append_abi(NoteBytes *notes, uint32_t target, uint32_t version) {
        append_note(notes, "Solo5", 0x31494241, (uint32_t[4]){target, version}, 16);
}

static void append_manifest(NoteBytes *notes) {
        uint8_t bytes[4 + sizeof(Manifest)] = {};
        Manifest manifest;
        size_t size = fill(&manifest);

        memcpy(bytes + 4, &manifest, size);
        append_note(notes, "Solo5", 0x3154464d, bytes, 4 + size);
}

static void finds_both_notes_among_others(void **state) {
        NoteBytes bytes = {};
        Refusal refusal;
        Manifest manifest;
        Notes notes;

        append_note(&bytes, "GNU", 3, "12345678901234567890", 20);
        append_abi(&bytes, 2, 2);
        append_note(&bytes, "OpenBSD", 1, "\0\0\0", 4);
        append_note(&bytes, "Solo5", 0x12345678, "x", 1);
        append_manifest(&bytes);

        notes_init(&notes);
        assert_int_equal(notes_add(&notes, bytes.bytes, bytes.size, &refusal), 0);
        assert_int_equal(notes_check_complete(&notes, &refusal), 0);
        assert_memory_equal(&notes.manifest, &manifest, fill(&manifest));
}

static void assert_notes_refused(const NoteBytes *bytes, const char *sentence) {
        Refusal refusal = {};
        Notes notes;
        int r;

        notes_init(&notes);
        r = notes_add(&notes, bytes->bytes, bytes->size, &refusal);
        if (r == 0)
                r = notes_check_complete(&notes, &refusal);
        assert_int_equal(r, -EINVAL);
        if (!strstr(refusal.sentence, sentence))
                fail_msg("\"%s\" is not about \"%s\"", refusal.sentence, sentence);
}

static void refuses_notes_that_are_missing_or_doubled(void **state) {
        NoteBytes bytes = {};

        assert_notes_refused(&bytes, "no ABI note");
        append_abi(&bytes, 2, 2);
        assert_notes_refused(&bytes, "no manifest");
        append_manifest(&bytes);
        append_manifest(&bytes);
        assert_notes_refused(&bytes, "two manifests");

        bytes.size = 0;
        append_abi(&bytes, 2, 2);
        append_abi(&bytes, 2, 2);
        assert_notes_refused(&bytes, "two ABI notes");

        /* Of somebody else's the type means nothing. */
        bytes.size = 0;
        append_note(&bytes, "Sol05", 0x31494241, (uint32_t[4]){2, 2}, 16);
        assert_notes_refused(&bytes, "no ABI note");
}

static void refuses_other_targets_and_versions(void **state) {
        NoteBytes bytes = {};

        append_abi(&bytes, 1, 2);
        assert_notes_refused(&bytes, "not made for spt");
        bytes.size = 0;
        append_abi(&bytes, 2, 3);
        assert_notes_refused(&bytes, "wants version 3 of the spt interface, not 2");
        bytes.size = 0;
        append_note(&bytes, "Solo5", 0x31494241, (uint32_t[4]){2, 2}, 12);
        assert_notes_refused(&bytes, "odd size");
}

static void refuses_notes_cut_anywhere(void **state) {
        NoteBytes whole = {};
        size_t abi_size;

        append_abi(&whole, 2, 2);
        abi_size = whole.size;
        append_manifest(&whole);
        for (size_t size = 0; size < whole.size; size++) {
                NoteBytes cut = whole;

                cut.size = size;
                assert_notes_refused(&cut, size == 0          ? "no ABI note"
                                           : size == abi_size ? "no manifest"
                                                              : "truncated");
        }
}

static void refuses_sizes_that_would_wrap(void **state) {
        Elf64_Nhdr header = {.n_namesz = UINT32_MAX, .n_descsz = UINT32_MAX};
        NoteBytes bytes = {};

        append(&bytes, &header, sizeof(header));
        assert_notes_refused(&bytes, "truncated");
        header.n_namesz = 6;
        memcpy(bytes.bytes, &header, sizeof(header));
        bytes.size = 64;
        assert_notes_refused(&bytes, "truncated");

        bytes.size = 0;
        append_abi(&bytes, 2, 2);
        append_note(&bytes, "Solo5", 0x3154464d, "xyz", 3);
        assert_notes_refused(&bytes, "manifest is truncated");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_devices),
                cmocka_unit_test(reads_the_smallest_and_the_largest),
                cmocka_unit_test(refuses_sizes_that_are_not_its_own),
                cmocka_unit_test(refuses_a_beginning_that_is_not_reserved),
                cmocka_unit_test(refuses_devices_that_are_odd),
                cmocka_unit_test(names_devices_that_are_not_attached),
                cmocka_unit_test(finds_devices_by_type_and_name),
                cmocka_unit_test(finds_both_notes_among_others),
                cmocka_unit_test(refuses_notes_that_are_missing_or_doubled),
                cmocka_unit_test(refuses_other_targets_and_versions),
                cmocka_unit_test(refuses_notes_cut_anywhere),
                cmocka_unit_test(refuses_sizes_that_would_wrap),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
