/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "domain/tender.h"

/* --- names of files --- */

static void knows_the_names_of_tenders(void **state) {
        TenderName name;

        assert_int_equal(tender_name_parse(&name, "solo5-hvt"), 0);
        assert_int_equal(name.kind, TENDER_SOLO5_HVT);
        assert_false(name.versioned);
        assert_int_equal(tender_name_parse(&name, "solo5-spt.2"), 0);
        assert_int_equal(name.kind, TENDER_SOLO5_SPT);
        assert_true(name.versioned);
        assert_int_equal(name.abi_version, 2);
        assert_int_equal(tender_name_parse(&name, "solo5-spt.4294967295"), 0);
        assert_int_equal(name.abi_version, UINT32_MAX);
        assert_int_equal(tender_name_parse(&name, "albatross-spt"), 0);
        assert_int_equal(name.kind, TENDER_ALBATROSS_SPT);
}

static void takes_no_other_file_for_one(void **state) {
        static const char *const files[] = {
                "",
                "solo5",
                "solo5-",
                "solo5-hv",
                "solo5-hvt-debug",
                "solo5-hvt.",
                "solo5-hvt.a",
                "solo5-hvt.02",
                "solo5-hvt.2.3",
                "solo5-hvt.-1",
                "solo5-hvt.4294967296",
                "solo5-spt~",
                "Solo5-spt",
                "solo5-elftool",
                "xsolo5-spt",
                "solo5-spt.2 ",
                "solo5-virtio",
                "solo5-muen",
        };

        for (size_t i = 0; i < N_ELEMENTS(files); i++) {
                TenderName name = {.kind = TENDER_N_KINDS, .abi_version = 7};

                assert_int_equal(tender_name_parse(&name, files[i]), -EINVAL);
                assert_int_equal(name.kind, TENDER_N_KINDS);
                assert_int_equal(name.abi_version, 7);
        }
}

/* --- what they print --- */

static int parse(TenderVersion *ret, const char *text) {
        return tender_version_parse(ret, text, strlen(text));
}

static void reads_what_solo5_prints(void **state) {
        TenderVersion version;

        assert_int_equal(parse(&version, "solo5-hvt tender, version v0.12.1\nABI version 2\n"), 0);
        assert_int_equal(version.kind, TENDER_SOLO5_HVT);
        assert_int_equal(version.abi_version, 2);
        assert_string_equal(version.text, "v0.12.1");
        assert_int_equal(parse(&version, "solo5-spt tender, version v1-13-g12ab\nABI version 3"),
                         0);
        assert_int_equal(version.kind, TENDER_SOLO5_SPT);
        assert_int_equal(version.abi_version, 3);
        assert_int_equal(parse(&version, "albatross-spt tender, version v0.1\nABI version 2\n"), 0);
        assert_int_equal(version.kind, TENDER_ALBATROSS_SPT);
}

static void reads_lines_between_and_after(void **state) {
        TenderVersion version;

        assert_int_equal(parse(&version, "solo5-hvt tender, version v2\nCopyright \xc2\xa9\n\n"
                                         "ABI version 5\nModules: net block\n"),
                         0);
        assert_int_equal(version.abi_version, 5);
}

static void needs_no_terminator(void **state) {
        static const char text[] = "solo5-spt tender, version v1\nABI version 23";
        TenderVersion version;

        assert_int_equal(tender_version_parse(&version, text, sizeof(text) - 2), 0);
        assert_int_equal(version.abi_version, 2);
}

static void refuses_what_no_tender_prints(void **state) {
        static const char *const texts[] = {
                "",
                "\n",
                "ABI version 2\n",
                "solo5-hvt tender, version v1\n",
                "\nsolo5-hvt tender, version v1\nABI version 2\n",
                " solo5-hvt tender, version v1\nABI version 2\n",
                "solo5-xen tender, version v1\nABI version 2\n",
                "solo5-hvt tender, version \nABI version 2\n",
                "solo5-hvt tender version v1\nABI version 2\n",
                "solo5-hvt tender, version v1 ABI version 2\n",
                "solo5-hvt tender, version v1\n ABI version 2\n",
                "solo5-hvt tender, version v1\nABI version\n",
                "solo5-hvt tender, version v1\nABI version two\n",
                "solo5-hvt tender, version v1\nABI version -2\n",
                "solo5-hvt tender, version v1\nABI version 02\n",
                "solo5-hvt tender, version v1\nABI version 2 \n",
                "solo5-hvt tender, version v1\nABI version 4294967296\n",
                "solo5-hvt tender, version v1\nABI version 99999999999999999999\n",
                "solo5-hvt tender, version v1\nABI version 2\nABI version 3\n",
                "solo5-hvt tender, version v1\nABI version 2\nABI version 2\n",
                "solo5-hvt tender, version v1\r\nABI version 2\r\n",
                "solo5-hvt tender, version \x1b[2Jv1\nABI version 2\n",
                "solo5-hvt tender, version v1\xff\nABI version 2\n",
                "solo5-hvt tender, version 01234567890123456789012345678901\nABI version 2\n",
        };

        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                TenderVersion version = {.abi_version = 7};

                assert_int_equal(parse(&version, texts[i]), -EBADMSG);
                assert_int_equal(version.abi_version, 7);
        }
}

static void refuses_terminators_within(void **state) {
        static const char text[] = "solo5-hvt tender, version v1\0x\nABI version 2\n";
        static const char other[] = "solo5-hvt tender, version v1\nABI version 2\0\n";
        TenderVersion version;

        assert_int_equal(tender_version_parse(&version, text, sizeof(text) - 1), -EBADMSG);
        assert_int_equal(tender_version_parse(&version, other, sizeof(other) - 1), -EBADMSG);
}

static void refuses_a_flood(void **state) {
        char text[4096];
        TenderVersion version;

        memset(text, 'a', sizeof(text));
        assert_int_equal(tender_version_parse(&version, text, sizeof(text)), -EBADMSG);
        memset(text, '\n', sizeof(text));
        assert_int_equal(tender_version_parse(&version, text, sizeof(text)), -EBADMSG);
        memset(text, 0, sizeof(text));
        assert_int_equal(tender_version_parse(&version, text, sizeof(text)), -EBADMSG);
}

/* --- which one --- */

static const Fault writable = {
        .code = FAULT_NO_TENDER,
        .message = "/a/solo5-hvt can be written to by others than root",
        .hint = "Try: chmod go-w /a/solo5-hvt",
};

static TenderFacts usable(const char *path, uint32_t abi_version) {
        TenderFacts facts = {.path = path, .state = TENDER_USABLE, .abi_version = abi_version};

        assert_int_equal(tender_name_parse(&facts.name, strrchr(path, '/') + 1), 0);
        return facts;
}

static TenderFacts unasked(const char *path) {
        TenderFacts facts = usable(path, 0);

        facts.state = TENDER_UNASKED;
        return facts;
}

static TenderFacts refused(const char *path) {
        TenderFacts facts = usable(path, 0);

        facts.state = TENDER_REFUSED;
        facts.refusal = &writable;
        return facts;
}

static const TenderWanted spt2 = {.target = TENDER_TARGET_SPT, .abi_version = 2};
static const TenderWanted hvt2 = {.target = TENDER_TARGET_HVT, .abi_version = 2};

static void ours_comes_first_for_its_abi(void **state) {
        const TenderFacts facts[] = {usable("/l/albatross-spt", 2), usable("/a/solo5-spt", 2),
                                     usable("/a/solo5-spt.2", 2)};
        const TenderFacts others[] = {usable("/l/albatross-spt", 2), usable("/a/solo5-spt", 3)};
        const TenderWanted spt3 = {.target = TENDER_TARGET_SPT, .abi_version = 3};

        assert_int_equal(tender_choose(facts, N_ELEMENTS(facts), &spt2), 0);
        assert_int_equal(tender_choose(others, N_ELEMENTS(others), &spt3), 1);
}

static void ours_comes_last_where_an_official_one_is_preferred(void **state) {
        const TenderFacts facts[] = {usable("/l/albatross-spt", 2), usable("/a/solo5-spt", 2)};
        const TenderFacts others[] = {usable("/l/albatross-spt", 2), usable("/a/solo5-spt", 3)};
        TenderWanted wanted = spt2;

        wanted.prefer_official = true;
        assert_int_equal(tender_choose(facts, N_ELEMENTS(facts), &wanted), 1);
        assert_int_equal(tender_choose(others, N_ELEMENTS(others), &wanted), 0);
}

static void a_versioned_name_in_any_folder_goes_before_a_plain_one(void **state) {
        const TenderFacts facts[] = {usable("/a/solo5-hvt", 2), usable("/b/solo5-hvt", 2),
                                     usable("/b/solo5-hvt.2", 2), usable("/c/solo5-hvt.2", 2)};

        assert_int_equal(tender_choose(facts, N_ELEMENTS(facts), &hvt2), 2);
        assert_int_equal(tender_choose(facts, 2, &hvt2), 0);
}

static void what_it_says_counts_and_not_its_name(void **state) {
        const TenderFacts facts[] = {usable("/a/solo5-hvt.2", 3), usable("/a/solo5-hvt.3", 2),
                                     usable("/a/solo5-hvt", 3), usable("/b/solo5-hvt", 2)};

        assert_int_equal(tender_choose(facts, N_ELEMENTS(facts), &hvt2), 3);
}

static void one_for_another_target_is_none(void **state) {
        const TenderFacts facts[] = {usable("/l/albatross-spt", 2), usable("/a/solo5-spt", 2)};

        assert_int_equal(tender_choose(facts, N_ELEMENTS(facts), &hvt2), -ENOENT);
        assert_int_equal(tender_choose(facts, 0, &spt2), -ENOENT);
}

static void asks_the_best_one_before_a_worse_one_is_taken(void **state) {
        const TenderFacts facts[] = {unasked("/a/solo5-hvt"), unasked("/a/solo5-hvt.3"),
                                     unasked("/b/solo5-hvt.2"), usable("/c/solo5-hvt", 2)};

        assert_int_equal(tender_choose(facts, N_ELEMENTS(facts), &hvt2), 2);
        assert_int_equal(facts[2].state, TENDER_UNASKED);
}

static void does_not_ask_what_is_worse_than_a_known_one(void **state) {
        const TenderFacts facts[] = {usable("/l/albatross-spt", 2), unasked("/a/solo5-spt.2")};

        assert_int_equal(tender_choose(facts, N_ELEMENTS(facts), &spt2), 0);
}

static void a_refused_one_is_never_chosen(void **state) {
        const TenderFacts facts[] = {refused("/a/solo5-hvt.2"), usable("/b/solo5-hvt", 2)};

        assert_int_equal(tender_choose(facts, N_ELEMENTS(facts), &hvt2), 1);
        assert_int_equal(tender_choose(facts, 1, &hvt2), -ENOENT);
}

/* --- that there is none --- */

static void says_what_was_looked_for_where_and_what_was_found(void **state) {
        const TenderFacts facts[] = {usable("/l/albatross-spt", 2), usable("/a/solo5-hvt", 3)};
        Fault fault = {};

        assert_true(tender_refuse(&fault, facts, N_ELEMENTS(facts), &hvt2, "/a, /b") < 0);
        assert_int_equal(fault.code, FAULT_NO_TENDER);
        assert_string_equal(fault.message,
                            "There is no tender for the image (hvt, ABI version 2): solo5-hvt.2 "
                            "and solo5-hvt were looked for in /a, /b; found: /a/solo5-hvt (ABI "
                            "version 3)");
        assert_non_null(strstr(fault.hint, "solo5-hvt with ABI version 2"));
        assert_non_null(strstr(fault.hint, "TenderPath="));
}

static void says_that_nothing_was_found(void **state) {
        Fault fault = {};

        assert_true(tender_refuse(&fault, NULL, 0, &spt2, "") < 0);
        assert_string_equal(fault.message,
                            "There is no tender for the image (spt, ABI version 2): solo5-spt.2 "
                            "and solo5-spt were looked for in no folder; nothing was found");
}

static void says_why_one_was_refused_and_what_to_do(void **state) {
        const TenderFacts facts[] = {refused("/a/solo5-hvt")};
        Fault fault = {};

        assert_true(tender_refuse(&fault, facts, N_ELEMENTS(facts), &hvt2, "/a") < 0);
        assert_non_null(strstr(fault.message, "/a/solo5-hvt (refused)"));
        assert_string_equal(fault.hint, "/a/solo5-hvt can be written to by others than root; Try: "
                                        "chmod go-w /a/solo5-hvt");
}

static void says_which_targets_there_are(void **state) {
        const TenderWanted muen = {.target = 4, .abi_version = 2};
        const TenderWanted unknown = {.target = UINT32_MAX};
        Fault fault = {};

        assert_true(tender_refuse(&fault, NULL, 0, &muen, "/a") < 0);
        assert_string_equal(fault.message, "The image is for the target muen, only images for hvt "
                                           "and spt can be run");
        assert_true(tender_refuse(&fault, NULL, 0, &unknown, "/a") < 0);
        assert_non_null(strstr(fault.message, "4294967295"));
}

static void cuts_long_lists(void **state) {
        char path[250], folders[2000];
        TenderFacts facts[8];
        Fault fault = {};

        memset(path, 'x', sizeof(path));
        path[0] = '/';
        strcpy(path + 200, "/solo5-hvt");
        memset(folders, 'y', sizeof(folders));
        folders[sizeof(folders) - 1] = '\0';
        for (size_t i = 0; i < N_ELEMENTS(facts); i++)
                facts[i] = usable(path, 9);
        assert_true(tender_refuse(&fault, facts, N_ELEMENTS(facts), &hvt2, folders) < 0);
        assert_int_equal(strlen(fault.message), FAULT_MESSAGE_MAX);
}

static void needs_page_tables_for_large_guests(void **state) {
        for (TenderKind kind = 0; kind < TENDER_N_KINDS; kind++) {
                uint64_t base = tender_kind_overhead(kind, 0);

                assert_true(base >= 8ULL << 20 && base <= 64ULL << 20);
                /* 8 bytes of each 4 KiB, at least. */
                assert_true(tender_kind_overhead(kind, 64ULL << 30) >= base + (128ULL << 20));
                assert_true(tender_kind_overhead(kind, 1ULL << 20) <= base + (1ULL << 20));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(knows_the_names_of_tenders),
                cmocka_unit_test(takes_no_other_file_for_one),
                cmocka_unit_test(reads_what_solo5_prints),
                cmocka_unit_test(reads_lines_between_and_after),
                cmocka_unit_test(needs_no_terminator),
                cmocka_unit_test(refuses_what_no_tender_prints),
                cmocka_unit_test(refuses_terminators_within),
                cmocka_unit_test(refuses_a_flood),
                cmocka_unit_test(ours_comes_first_for_its_abi),
                cmocka_unit_test(ours_comes_last_where_an_official_one_is_preferred),
                cmocka_unit_test(a_versioned_name_in_any_folder_goes_before_a_plain_one),
                cmocka_unit_test(what_it_says_counts_and_not_its_name),
                cmocka_unit_test(one_for_another_target_is_none),
                cmocka_unit_test(asks_the_best_one_before_a_worse_one_is_taken),
                cmocka_unit_test(does_not_ask_what_is_worse_than_a_known_one),
                cmocka_unit_test(a_refused_one_is_never_chosen),
                cmocka_unit_test(says_what_was_looked_for_where_and_what_was_found),
                cmocka_unit_test(says_that_nothing_was_found),
                cmocka_unit_test(says_why_one_was_refused_and_what_to_do),
                cmocka_unit_test(says_which_targets_there_are),
                cmocka_unit_test(needs_page_tables_for_large_guests),
                cmocka_unit_test(cuts_long_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
