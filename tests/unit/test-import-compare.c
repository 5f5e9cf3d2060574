/* SPDX-License-Identifier: ISC */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/import/compare.h"
#include "ctl/import/folder.h"

#define MIB 1048576

/* The fields that differ, each with a "|" behind it. */
static void check_fields(Strings *fields, const char *expected) {
        char found[256] = "";

        for (const char *field = NULL; (field = strings_next(fields, field));)
                strcat(strcat(found, field), "|");
        assert_string_equal(found, expected);
        strings_clear(fields);
}

static void check_policy(const Item *item, json_t *there, const char *expected) {
        Strings fields = {};

        assert_non_null(there);
        assert_int_equal(compare_policy(&fields, item, there), 0);
        check_fields(&fields, expected);
        json_decref(there);
}

static void a_policy_is_equal_whoever_owns_it(void **state) {
        Item item = {.kind = ITEM_POLICY, .policy = {.n_unikernels = 4, .memory_bytes = 256 * MIB}};

        cpus_add(&item.policy.cpus, 0);
        cpus_add(&item.policy.cpus, 2);
        assert_int_equal(bridges_add(&item.policy.bridges, "br0", NULL), 1);

        check_policy(&item,
                     json_pack("{s:i, s:i, s:[ii], s:i, s:[s], s:[s]}", "Unikernels", 4, "Memory",
                               256 * MIB, "CPUs", 0, 2, "Block", 0, "Bridges", "br0", "Owners",
                               "alice"),
                     "");
        check_policy(&item,
                     json_pack("{s:i, s:i, s:[i], s:i, s:[s]}", "Unikernels", 5, "Memory", MIB,
                               "CPUs", 0, "Block", MIB, "Bridges", "br1"),
                     "Unikernels|Memory|CPUs|Block|Bridges|");
        check_policy(&item, json_object(), "Unikernels|Memory|CPUs|Bridges|");
        policy_clear(&item.policy);
}

static void check_unikernel(const Item *item, json_t *there, const char *expected) {
        Strings fields = {};

        assert_non_null(there);
        assert_int_equal(compare_unikernel(&fields, item, there, "d1"), 0);
        check_fields(&fields, expected);
        json_decref(there);
}

static Item a_unikernel(void) {
        Item item = {.kind = ITEM_UNIKERNEL,
                     .config = {.memory_bytes = 32 * MIB, .add_name = true}};
        const Net net = {.guest = "service", .bridge.text = "br0"};
        const Block block = {.guest = "disk"};

        assert_int_equal(strings_append(&item.config.arguments, "--a"), 0);
        assert_int_equal(devices_add_net(&item.config.devices, &net, NULL), 0);
        assert_int_equal(devices_add_block(&item.config.devices, &block, NULL), 0);
        return item;
}

static void a_unikernel_is_equal_where_the_file_says_something(void **state) {
        Item item = a_unikernel();
        const char *format = "{s:s, s:i, s:[i], s:b, s:s, s:i, s:[s], s:[[sssbb]], s:[[ssi]]}";

        /* The CPUs, the MAC and the device were filled in; the name is forgotten by now. */
        check_unikernel(&item,
                        json_pack(format, "ImageDigest", "d1", "Memory", 32 * MIB, "CPUs", 1,
                                  "AddName", 0, "RestartPolicy", "no", "Startup", 0, "Arguments",
                                  "--a", "Nets", "service", "br0", "02:00:00:00:00:01", 1, 1,
                                  "Blocks", "disk", "disk", 512),
                        "");
        check_unikernel(&item,
                        json_pack(format, "ImageDigest", "d2", "Memory", 64 * MIB, "CPUs", 1,
                                  "AddName", 1, "RestartPolicy", "all", "Startup", 50, "Arguments",
                                  "--b", "Nets", "service", "br1", "", 0, 0, "Blocks", "disk",
                                  "disk", 4096),
                        "ImageDigest|Memory|RestartPolicy|Startup|Arguments|Nets|Blocks|");
        check_unikernel(&item, json_object(),
                        "ImageDigest|Memory|RestartPolicy|Arguments|Nets|Blocks|");
        config_clear(&item.config);
}

static void each_thing_that_is_given_must_be_the_same(void **state) {
        Item item = a_unikernel();
        const char *format = "{s:s, s:i, s:[i], s:b, s:s, s:i, s:[ss], s:[[sssbb]], s:[[ssi]]}";

        item.config.add_name = false;
        cpus_add(&item.config.cpus, 3);
        item.config.devices.nets[0].mac.bytes[5] = 1;
        strcpy(item.config.devices.blocks[0].device, "data");
        /* One argument too many. */
        check_unikernel(&item,
                        json_pack(format, "ImageDigest", "d1", "Memory", 32 * MIB, "CPUs", 1,
                                  "AddName", 1, "RestartPolicy", "no", "Startup", 0, "Arguments",
                                  "--a", "--b", "Nets", "service", "br0", "00:00:00:00:00:02", 0, 0,
                                  "Blocks", "disk", "disk", 0),
                        "CPUs|AddName|Arguments|Nets|Blocks|");
        config_clear(&item.config);
}

static void a_block_device_is_equal_by_its_size(void **state) {
        const Item item = {.kind = ITEM_BLOCK, .block_bytes = 4 * MIB};
        json_t *there = json_pack("{s:i}", "Size", 4 * MIB);
        Strings fields = {};

        assert_int_equal(compare_block(&fields, &item, there), 0);
        check_fields(&fields, "");
        json_object_set_new(there, "Size", json_integer(MIB));
        assert_int_equal(compare_block(&fields, &item, there), 0);
        check_fields(&fields, "Size|");
        json_decref(there);
}

static void make_file(int dir_fd, const char *name, off_t size) {
        _cleanup_(fd_closep) int fd =
                openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, size), 0);
}

static void a_folder_is_read_and_its_strangers_are_named(void **state) {
        static const struct {
                const char *name;
                bool failed;
                uint64_t size;
        } expected[] = {
                {"link", true, 0},         {"empty", true, 0},
                {"odd", true, 0},          {"under_score", true, 0},
                {"folder", true, 0},       {"pipe", true, 0},
                {":disk", false, 3 * MIB}, {"alice:Data", false, 2 * MIB},
        };
        char path[] = "/tmp/albatross-folder-XXXXXX";
        Items items = {.block_dir_fd = -1};
        _cleanup_(fd_closep) int dir_fd = -1;
        Fault fault = {};

        assert_non_null(mkdtemp(path));
        dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        make_file(dir_fd, ":disk", 3 * MIB);
        make_file(dir_fd, "alice:Data", 2 * MIB);
        make_file(dir_fd, "under_score", MIB);
        make_file(dir_fd, "odd", MIB + 1);
        make_file(dir_fd, "empty", 0);
        assert_int_equal(mkdirat(dir_fd, "folder", 0700), 0);
        assert_int_equal(mkfifoat(dir_fd, "pipe", 0600), 0);
        assert_int_equal(symlinkat("/etc/passwd", dir_fd, "link"), 0);

        assert_int_equal(folder_read(&items, path, &fault), 0);
        assert_int_equal(items.n_items, N_ELEMENTS(expected));
        for (size_t i = 0; i < items.n_items; i++) {
                const Item *item = &items.items[i];
                size_t n = 0;
                int fd;

                while (n < N_ELEMENTS(expected) && strcmp(expected[n].name, item->original) != 0)
                        n++;
                assert_true(n < N_ELEMENTS(expected));
                assert_int_equal(item->outcome == OUTCOME_FAILED, expected[n].failed);
                if (expected[n].failed)
                        continue;
                assert_int_equal(item->block_bytes, expected[n].size);
                assert_string_equal(item->name.text,
                                    item->original[0] == ':' ? "disk" : "alice:data");
                fd = folder_open(&items, item, &fault);
                assert_true(fd >= 0);
                fd_close(fd);
        }
        for (size_t i = 0; i < N_ELEMENTS(expected); i++)
                unlinkat(dir_fd, expected[i].name,
                         strcmp(expected[i].name, "folder") == 0 ? AT_REMOVEDIR : 0);
        items_done(&items);
        assert_int_equal(rmdir(path), 0);

        items = (Items){.block_dir_fd = -1};
        assert_true(folder_read(&items, path, &fault) < 0);
        assert_non_null(strstr(fault.message, path));
        items_done(&items);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_policy_is_equal_whoever_owns_it),
                cmocka_unit_test(a_unikernel_is_equal_where_the_file_says_something),
                cmocka_unit_test(each_thing_that_is_given_must_be_the_same),
                cmocka_unit_test(a_block_device_is_equal_by_its_size),
                cmocka_unit_test(a_folder_is_read_and_its_strangers_are_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
