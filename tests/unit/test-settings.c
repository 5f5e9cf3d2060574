/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "domain/settings.h"

#define MIB(n) (UINT64_C(1048576) * (n))

static int set_up(void **state) {
        static Settings settings;

        assert_int_equal(settings_init(&settings), 0);
        *state = &settings;
        return 0;
}

static int tear_down(void **state) {
        settings_clear(*state);
        return 0;
}

static void assign(Settings *settings, const char *key, const char *value) {
        Fault fault = {};

        assert_int_equal(settings_assign(settings, key, value, &fault), 0);
        assert_int_equal(fault.code, FAULT_NONE);
}

/* All folders, each followed by ";". */
static void check_folders(const Settings *settings, const char *expected) {
        char text[1024] = "";

        for (const char *folder = NULL; (folder = strings_next(&settings->tender_folders, folder));)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s;", folder);
        assert_string_equal(text, expected);
}

static void has_the_defaults_of_the_manual(void **state) {
        const Settings *settings = *state;

        assert_int_equal(settings->uid_min, 61184);
        assert_int_equal(settings->uid_max, 65519);
        check_folders(settings, ALBATROSS_LIBEXECDIR
                      ";/usr/local/libexec/albatross;/usr/local/bin;/usr/bin;");
        assert_false(settings->prefer_official_tender);
        assert_string_equal(settings->block_folder, ALBATROSS_STATEDIR "/v1/blocks");
        assert_int_equal(settings->image_size_max_bytes, MIB(256));
        assert_int_equal(settings->transfer_idle_usec, 10000000);
        assert_int_equal(settings->transfer_max_usec, 600000000);
        assert_int_equal(settings->start_usec, 90000000);
        assert_int_equal(settings->stop_usec, 5000000);
        assert_int_equal(settings->disk_reserve_bytes, MIB(256));
        assert_int_equal(settings->disk_reserve_percent, 5);
}

static void takes_each_key(void **state) {
        Settings *settings = *state;

        assign(settings, "UidRange", "500000-504335");
        assert_int_equal(settings->uid_min, 500000);
        assert_int_equal(settings->uid_max, 504335);
        assign(settings, "PreferOfficialTender", "Yes");
        assert_true(settings->prefer_official_tender);
        assign(settings, "PreferOfficialTender", "0");
        assert_false(settings->prefer_official_tender);
        assign(settings, "BlockPath", "/srv/blocks");
        assert_string_equal(settings->block_folder, "/srv/blocks");
        assign(settings, "ImageSizeMax", "1G");
        assert_int_equal(settings->image_size_max_bytes, MIB(1024));
        assign(settings, "TransferIdleSec", "500ms");
        assert_int_equal(settings->transfer_idle_usec, 500000);
        assign(settings, "TransferMaxSec", "1min 30s");
        assert_int_equal(settings->transfer_max_usec, 90000000);
        assign(settings, "StartSec", "1min");
        assert_int_equal(settings->start_usec, 60000000);
        assign(settings, "StopSec", "0");
        assert_int_equal(settings->stop_usec, 0);
}

static void an_empty_value_brings_the_default_back(void **state) {
        Settings *settings = *state;

        assign(settings, "ImageSizeMax", "1G");
        assign(settings, "ImageSizeMax", "");
        assert_int_equal(settings->image_size_max_bytes, MIB(256));
        assign(settings, "DiskReserve", "0");
        assign(settings, "DiskReserve", "");
        assert_int_equal(settings->disk_reserve_bytes, MIB(256));
        assert_int_equal(settings->disk_reserve_percent, 5);
        assign(settings, "UidRange", "1000-2000");
        assign(settings, "UidRange", "");
        assert_int_equal(settings->uid_min, 61184);
}

static void the_first_list_of_folders_replaces_the_default_and_others_add(void **state) {
        Settings *settings = *state;

        assign(settings, "TenderPath", "/a:/b /c");
        check_folders(settings, "/a;/b;/c;");
        assign(settings, "TenderPath", " /d: ");
        check_folders(settings, "/a;/b;/c;/d;");
}

static void an_empty_list_of_folders_empties_it(void **state) {
        Settings *settings = *state;

        assign(settings, "TenderPath", "");
        check_folders(settings, "");
        assign(settings, "TenderPath", "/a");
        check_folders(settings, "/a;");
        assign(settings, "TenderPath", "");
        assign(settings, "TenderPath", "/b");
        check_folders(settings, "/b;");
}

static void a_reserve_is_a_size_or_a_share(void **state) {
        Settings *settings = *state;

        assign(settings, "DiskReserve", "10%");
        assert_int_equal(settings->disk_reserve_bytes, 0);
        assert_int_equal(settings->disk_reserve_percent, 10);
        assign(settings, "DiskReserve", "2G");
        assert_int_equal(settings->disk_reserve_bytes, MIB(2048));
        assert_int_equal(settings->disk_reserve_percent, 0);
        assign(settings, "DiskReserve", "100%");
        assert_int_equal(settings->disk_reserve_percent, 100);
}

static void refuses_values_that_do_not_fit_and_changes_nothing(void **state) {
        static const struct {
                const char *key, *value;
        } bad[] = {
                {"UidRange", "0-10"},
                {"UidRange", "10-5"},
                {"UidRange", "60000-65534"},
                {"UidRange", "65535-70000"},
                {"UidRange", "100000-165536"},
                {"UidRange", "1-4294967295"},
                {"UidRange", "61184"},
                {"TenderPath", "bin"},
                {"TenderPath", "/a:../b"},
                {"TenderPath", "/1:/2:/3:/4:/5:/6:/7:/8:/9:/10:/11:/12:/13:/14:/15:/16:/17"},
                {"PreferOfficialTender", "maybe"},
                {"BlockPath", "blocks"},
                {"ImageSizeMax", "0"},
                {"ImageSizeMax", "-1"},
                {"ImageSizeMax", "big"},
                {"TransferIdleSec", "0"},
                {"TransferIdleSec", "2h"},
                {"TransferIdleSec", "soon"},
                {"TransferMaxSec", "0"},
                {"TransferMaxSec", "infinity"},
                {"TransferMaxSec", "3601"},
                {"StartSec", "0"},
                {"StartSec", "3601"},
                {"StartSec", "soon"},
                {"StopSec", "2h"},
                {"StopSec", "-1"},
                {"DiskReserve", "%"},
                {"DiskReserve", "101%"},
                {"DiskReserve", "-5%"},
                {"DiskReserve", "5 %"},
                {"DiskReserve", "00005%"},
        };
        Settings *settings = *state;
        Settings before = *settings;

        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                Fault fault = {};

                assert_int_equal(settings_assign(settings, bad[i].key, bad[i].value, &fault),
                                 -EINVAL);
                assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
                assert_memory_equal(settings, &before, sizeof(before));
        }
}

static void refuses_paths_that_could_not_be_shown(void **state) {
        char path[300] = "/";
        Settings *settings = *state;
        Fault fault = {};

        memset(path + 1, 'a', sizeof(path) - 2);
        assert_int_equal(settings_assign(settings, "BlockPath", path, &fault), -EINVAL);
        assert_int_equal(settings_assign(settings, "TenderPath", path, &fault), -EINVAL);
        assert_int_equal(settings_assign(settings, "TenderPath", "/a\xff", &fault), -EINVAL);
        assert_int_equal(settings_assign(settings, "TenderPath", "/a\x1b[2J", &fault), -EINVAL);
}

static void knows_no_other_key(void **state) {
        static const char *const keys[] = {"", "uidrange", "UidRange ", "Foo", "UidRangeX"};
        Fault fault = {};

        for (size_t i = 0; i < N_ELEMENTS(keys); i++)
                assert_int_equal(settings_assign(*state, keys[i], "1", &fault), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(has_the_defaults_of_the_manual, set_up, tear_down),
                cmocka_unit_test_setup_teardown(takes_each_key, set_up, tear_down),
                cmocka_unit_test_setup_teardown(an_empty_value_brings_the_default_back, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(
                        the_first_list_of_folders_replaces_the_default_and_others_add, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(an_empty_list_of_folders_empties_it, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_reserve_is_a_size_or_a_share, set_up, tear_down),
                cmocka_unit_test_setup_teardown(refuses_values_that_do_not_fit_and_changes_nothing,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(refuses_paths_that_could_not_be_shown, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(knows_no_other_key, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
