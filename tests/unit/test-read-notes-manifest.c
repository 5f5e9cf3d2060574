/* SPDX-License-Identifier: ISC */

/* Manifests, each right but for one thing, and what is said about that thing. */

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/notes.h"
#include "intake-image.h"

static void takes_no_device_and_63_devices(void **state) {
        TestImage *image = make_image();

        set_n_entries(image, 1);
        expect_accepted(image);
        assert_int_equal(report.n_devices, 0);

        for (unsigned i = 1; i < 64; i++) {
                TestEntry *entry = &manifest(image)->entries[i];

                entry->type = 1 + i % 2;
                memset(entry->name, 'x', 67);
                entry->name[66] = (char) ('0' + i % 10);
                entry->name[65] = (char) ('0' + i / 10);
                entry->name[67] = '\0';
        }
        set_n_entries(image, 64);
        expect_accepted(image);
        assert_int_equal(report.n_devices, 63);
        assert_int_equal(strlen(report.devices[62].name), 67);
}

static void leaves_behind_what_stands_after_a_name(void **state) {
        static const char nothing[60];
        TestImage *image = make_image();

        memcpy(manifest(image)->entries[1].name, "net\0secret", 10);
        expect_accepted(image);
        assert_memory_equal(report.devices[0].name, "net\0", 4);
        assert_memory_equal(report.devices[0].name + 4, nothing, sizeof(nothing));
}

static void refuses_a_manifest_of_another_size(void **state) {
        TestImage *image = make_image();

        manifest(image)->note.content_size = 11;
        expect_refusal(image, "The manifest is cut off after 11 bytes");
        manifest(image)->note.content_size = 0;
        expect_refusal(image, "The manifest is cut off after 0 bytes");
        image = make_image();
        manifest(image)->note.content_size--;
        expect_refusal(image, "The manifest has 323 bytes, which is not the size of its 3 entries");
        manifest(image)->note.content_size += 2;
        segment(image, MANIFEST)->p_filesz += 4;
        expect_refusal(image, "The manifest has 325 bytes, which is not the size of its 3 entries");
        image = make_image();
        manifest(image)->n_entries = 2;
        expect_refusal(image, "The manifest has 324 bytes, which is not the size of its 2 entries");
}

static void refuses_other_versions_and_numbers_of_entries(void **state) {
        TestImage *image = make_image();

        manifest(image)->version = 2;
        expect_refusal(image, "The manifest has version 2, only 1 is known");
        image = make_image();
        manifest(image)->n_entries = 0;
        expect_refusal(image, "The manifest has 0 entries, not 1 to 64");
        manifest(image)->n_entries = 65;
        expect_refusal(image, "The manifest has 65 entries, not 1 to 64");
        manifest(image)->n_entries = UINT32_MAX;
        expect_refusal(image, "The manifest has 4294967295 entries, not 1 to 64");
}

static void refuses_a_first_entry_that_is_not_reserved(void **state) {
        TestImage *image = make_image();

        manifest(image)->entries[0].type = 1;
        expect_refusal(image, "The first entry of the manifest is not the reserved one");
        image = make_image();
        manifest(image)->entries[0].name[0] = 'a';
        expect_refusal(image, "The reserved first entry of the manifest has a name");
        memset(manifest(image)->entries[0].name, 'a', 68);
        expect_refusal(image, "Entry 0 of the manifest has an endless name");
}

static void refuses_unknown_devices(void **state) {
        TestImage *image = make_image();

        manifest(image)->entries[2].type = 0;
        expect_refusal(image, "Entry 2 of the manifest has the unknown type 0");
        manifest(image)->entries[2].type = 1U << 30;
        expect_refusal(image, "Entry 2 of the manifest has the unknown type 1073741824");
}

static void refuses_devices_that_are_attached(void **state) {
        TestImage *image = make_image();

        manifest(image)->entries[2].attached = 1;
        expect_refusal(image, "Entry 2 of the manifest is attached already");
        manifest(image)->entries[2].attached = 0x80;
        expect_refusal(image, "Entry 2 of the manifest is attached already");
        image = make_image();
        manifest(image)->entries[0].attached = 1;
        expect_refusal(image, "Entry 0 of the manifest is attached already");
}

static void refuses_odd_names_of_devices(void **state) {
        static const char *const names[] = {"",    "a-b", "a b", "\033[2J", "caf\xc3\xa9",
                                            "a/b", "%s"};
        TestImage *image = make_image();

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                strcpy(manifest(image)->entries[1].name, names[i]);
                expect_refusal(
                        image,
                        "The name of entry 1 of the manifest is not made of letters and digits");
        }
        memset(manifest(image)->entries[1].name, 'a', 68);
        expect_refusal(image, "Entry 1 of the manifest has an endless name");
        strcpy(manifest(image)->entries[1].name, "Disk0");
        expect_refusal(image, "The manifest has two devices named \"Disk0\"");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_no_device_and_63_devices),
                cmocka_unit_test(leaves_behind_what_stands_after_a_name),
                cmocka_unit_test(refuses_a_manifest_of_another_size),
                cmocka_unit_test(refuses_other_versions_and_numbers_of_entries),
                cmocka_unit_test(refuses_a_first_entry_that_is_not_reserved),
                cmocka_unit_test(refuses_unknown_devices),
                cmocka_unit_test(refuses_devices_that_are_attached),
                cmocka_unit_test(refuses_odd_names_of_devices),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
