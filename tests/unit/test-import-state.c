/* SPDX-License-Identifier: ISC */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/import/der.h"
#include "ctl/import/state.h"
#include "domain/startup.h"

typedef struct Loaded {
        char *data;
        size_t size;
        Items items;
} Loaded;

/* A file of tests/import-states, which OpenSSL has made. */
static void load(Loaded *loaded, const char *name) {
        char path[256];
        Fault fault = {};

        *loaded = (Loaded){.items.block_dir_fd = -1};
        snprintf(path, sizeof(path), "%s/%s.der", getenv("ALBATROSS_STATES"), name);
        assert_int_equal(file_read_at(AT_FDCWD, path, 1 << 20, &loaded->data, &loaded->size), 0);
        assert_int_equal(state_read(&loaded->items, loaded->data, loaded->size, &fault), 0);
        assert_int_equal(items_arrange(&loaded->items), 0);
}

static void unload(Loaded *loaded) {
        items_done(&loaded->items);
        free(loaded->data);
}

static const Item *find(const Loaded *loaded, ItemKind kind, const char *original) {
        for (size_t i = 0; i < loaded->items.n_items; i++)
                if (loaded->items.items[i].kind == kind &&
                    strcmp(loaded->items.items[i].original, original) == 0)
                        return &loaded->items.items[i];
        fail_msg("There is no %s %s", item_kind_to_string(kind), original);
        return NULL;
}

static const Item *wanted(const Loaded *loaded, const char *original, const char *name) {
        const Item *item = find(loaded, ITEM_UNIKERNEL, original);

        assert_int_equal(item->outcome, OUTCOME_WANTED);
        assert_null(item->why);
        assert_string_equal(item->name.text, name);
        return item;
}

static void check_image(const Item *item, const char *image) {
        assert_int_equal(item->image_size, strlen(image));
        assert_memory_equal(item->image, image, item->image_size);
}

static void check_cpus(const Cpus *cpus, const char *text) {
        char found[CPUS_TEXT_MAX + 1];

        cpus_format(cpus, found);
        assert_string_equal(found, text);
}

static void check_net(const Item *item, const char *guest, const char *bridge, const char *mac) {
        for (size_t i = 0; i < item->config.devices.n_nets; i++) {
                const Net *net = &item->config.devices.nets[i];
                char text[MAC_TEXT_SIZE];

                if (strcmp(net->guest, guest) != 0)
                        continue;
                assert_string_equal(net->bridge.text, bridge);
                mac_format(&net->mac, text);
                assert_string_equal(text, mac);
                return;
        }
        fail_msg("There is no network %s", guest);
}

static void check_block(const Item *item, const char *guest, const char *device, uint32_t sector) {
        for (size_t i = 0; i < item->config.devices.n_blocks; i++) {
                const Block *block = &item->config.devices.blocks[i];

                if (strcmp(block->guest, guest) != 0)
                        continue;
                assert_string_equal(block->device, device);
                assert_int_equal(block->sector_size, sector);
                return;
        }
        fail_msg("There is no block device %s", guest);
}

static void check_restart(const Item *item, const char *text) {
        char found[RESTART_TEXT_MAX + 1];

        restart_format(&item->config.restart, found);
        assert_string_equal(found, text);
}

/* All arguments, each with a "|" behind it. */
static void check_arguments(const Item *item, const char *expected) {
        char found[256] = "";

        for (const char *text = NULL; (text = strings_next(&item->config.arguments, text));)
                strcat(strcat(found, text), "|");
        assert_string_equal(found, expected);
}

#define NO_MAC "00:00:00:00:00:00"

static void version_0_is_read(void **state) {
        const Item *item;
        Loaded loaded;

        load(&loaded, "version-0");
        assert_int_equal(loaded.items.n_items, 2);
        item = wanted(&loaded, "alice:web", "alice:web");
        check_image(item, "packed");
        check_cpus(&item->config.cpus, "1");
        assert_int_equal(item->config.memory_bytes, 64 << 20);
        assert_true(item->config.add_name);
        assert_int_equal(item->config.startup, STARTUP_DEFAULT);
        assert_int_equal(item->config.devices.n_nets, 2);
        check_net(item, "service", "service", NO_MAC);
        check_net(item, "management", "management", NO_MAC);
        assert_int_equal(item->config.devices.n_blocks, 1);
        check_block(item, "disk", "", 0);
        check_arguments(item, "--ipv4=10.0.0.2/24||");
        check_restart(item, "no");

        item = wanted(&loaded, "Bare", "bare");
        check_image(item, "plain");
        assert_int_equal(item->config.devices.n_nets + item->config.devices.n_blocks, 0);
        check_arguments(item, "");
        unload(&loaded);
}

static void version_1_is_read(void **state) {
        const Item *item;
        Loaded loaded;

        load(&loaded, "version-1");
        assert_int_equal(loaded.items.n_items, 1);
        item = wanted(&loaded, "alice:web", "alice:web");
        check_image(item, "packed");
        check_restart(item, "no");
        check_net(item, "service", "service", NO_MAC);
        assert_int_equal(item->config.devices.n_blocks, 2);
        check_block(item, "disk", "", 0);
        check_block(item, "data", "", 0);
        check_arguments(item, "--verbose|");
        assert_true(item->config.add_name);
        unload(&loaded);
}

static void version_2_is_read(void **state) {
        const Item *item;
        Loaded loaded;

        load(&loaded, "version-2");
        item = wanted(&loaded, "alice:web", "alice:web");
        check_image(item, "plain");
        check_restart(item, "all");
        check_net(item, "service", "br0", NO_MAC);
        check_net(item, "management", "management", NO_MAC);
        check_block(item, "disk", "", 0);
        unload(&loaded);
}

static void check_version_3(const Loaded *loaded) {
        const Item *item = wanted(loaded, "alice:web", "alice:web");

        check_restart(item, "0,70");
        check_net(item, "service", "br0", "02:00:00:00:00:01");
        check_net(item, "management", "management", "02:00:00:00:00:02");
        check_block(item, "disk", "", 0);
        check_block(item, "data", "web-data", 4096);
        assert_true(item->config.add_name);
}

static void version_3_is_read_without_policies_and_with(void **state) {
        const Item *item;
        Loaded loaded;

        load(&loaded, "version-3");
        assert_int_equal(loaded.items.n_items, 1);
        check_version_3(&loaded);
        unload(&loaded);

        load(&loaded, "version-3-policies");
        assert_int_equal(loaded.items.n_items, 2);
        check_version_3(&loaded);
        item = find(&loaded, ITEM_POLICY, "alice:");
        assert_int_equal(item->outcome, OUTCOME_WANTED);
        assert_string_equal(item->name.text, "alice");
        assert_int_equal(item->policy.n_unikernels, 4);
        assert_int_equal(item->policy.memory_bytes, 256 << 20);
        assert_true(item->policy.allows_block);
        assert_int_equal(item->policy.block_bytes, 1 << 30);
        check_cpus(&item->policy.cpus, "0-1");
        assert_int_equal(item->policy.bridges.n, 2);
        assert_true(bridges_contain(&item->policy.bridges, "br0"));
        assert_true(bridges_contain(&item->policy.bridges, "management"));
        unload(&loaded);
}

static void version_4_is_read(void **state) {
        const Item *item;
        Loaded loaded;

        load(&loaded, "version-4");
        assert_int_equal(loaded.items.n_items, 2);
        item = wanted(&loaded, "alice:web", "alice:web");
        assert_int_equal(item->config.startup, 20);
        assert_true(item->config.add_name);
        item = wanted(&loaded, ":plain", "plain");
        assert_int_equal(item->config.startup, STARTUP_DEFAULT);
        assert_false(item->config.add_name);
        check_restart(item, "no");
        unload(&loaded);
}

static void version_5_is_read(void **state) {
        const Item *item;
        Loaded loaded;

        load(&loaded, "version-5");
        assert_int_equal(loaded.items.n_items, 4);
        item = wanted(&loaded, "alice:web", "alice:web");
        check_image(item, "packed");
        check_cpus(&item->config.cpus, "0,3");
        assert_int_equal(item->config.memory_bytes, 128 << 20);
        assert_int_equal(item->config.startup, 10);
        assert_true(item->config.add_name);
        /* 1 never restarts, 300 does not exist. */
        check_restart(item, "2");
        check_net(item, "service", "br0", "02:00:00:00:00:01");
        check_block(item, "disk", "data", 512);
        check_arguments(item, "--ipv4=10.0.0.2/24|two words|");
        assert_int_equal(item->remarks.size, 0);

        item = wanted(&loaded, "alice:shop:late", "alice:shop:late");
        check_restart(item, "all");
        assert_true(cpus_is_empty(&item->config.cpus));
        check_arguments(item, "");

        /* Made in this order: what is above first, what starts first first. */
        assert_string_equal(loaded.items.items[0].name.text, "alice");
        assert_string_equal(loaded.items.items[1].name.text, "alice:shop");
        assert_false(loaded.items.items[1].policy.allows_block);
        assert_int_equal(loaded.items.items[1].policy.bridges.n, 0);
        assert_string_equal(loaded.items.items[2].name.text, "alice:web");
        assert_string_equal(loaded.items.items[3].name.text, "alice:shop:late");
        unload(&loaded);
}

static void an_empty_state_has_nothing(void **state) {
        Loaded loaded;

        load(&loaded, "empty");
        assert_int_equal(loaded.items.n_items, 0);
        unload(&loaded);
}

static void what_can_not_be_fails_alone_and_says_why(void **state) {
        static const struct {
                ItemKind kind;
                const char *original, *words;
        } bad[] = {
                {ITEM_POLICY, ":", "what the machine has"},
                {ITEM_POLICY, "alice", "more than one policy"},
                {ITEM_POLICY, "tiny:", "16 MiB"},
                {ITEM_POLICY, "bridge:", "a/b"},
                {ITEM_UNIKERNEL, ":GOOD", "more than one unikernel"},
                {ITEM_UNIKERNEL, ":bhyve", "bhyve"},
                {ITEM_UNIKERNEL, ":...", "dots only"},
                {ITEM_UNIKERNEL, "a:b:c:d:e:f:g:h:i", "8 labels"},
                {ITEM_UNIKERNEL, "alice:", "empty label"},
                {ITEM_UNIKERNEL, "alice:un_der", "un_der"},
                {ITEM_UNIKERNEL, "\x1b[31m", "letters, digits"},
                {ITEM_UNIKERNEL, ":negative", "-1 MiB"},
                {ITEM_UNIKERNEL, ":huge", "not possible"},
                {ITEM_UNIKERNEL, ":beyond", "memory"},
                {ITEM_UNIKERNEL, ":little", "at least 1 MiB"},
                {ITEM_UNIKERNEL, ":cpu", "CPU 1024"},
                {ITEM_UNIKERNEL, ":mac", "networks"},
                {ITEM_UNIKERNEL, ":multicast", "multicast"},
                {ITEM_UNIKERNEL, ":bridge", "No bridge"},
                {ITEM_UNIKERNEL, ":block", "twice"},
                {ITEM_UNIKERNEL, ":device", "must be a label"},
                {ITEM_UNIKERNEL, ":sector", "power of two"},
                {ITEM_UNIKERNEL, ":bytes", "Argument 1 is not valid UTF-8"},
                {ITEM_UNIKERNEL, ":nul", "arguments can't be read"},
                {ITEM_UNIKERNEL, ":shape", "entry can't be read"},
        };
        Loaded loaded;
        size_t n_failed = 0;

        load(&loaded, "bad-items");
        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                const Item *item = find(&loaded, bad[i].kind, bad[i].original);

                assert_int_equal(item->outcome, OUTCOME_FAILED);
                if (!strstr(item->why->message, bad[i].words))
                        fail_msg("%s: %s", item->original, item->why->message);
        }
        for (size_t i = 0; i < loaded.items.n_items; i++)
                n_failed += loaded.items.items[i].outcome == OUTCOME_FAILED;
        assert_int_equal(n_failed, N_ELEMENTS(bad));
        assert_int_equal(wanted(&loaded, ":good", "good")->config.memory_bytes, 32 << 20);
        unload(&loaded);
}

static void what_is_nearly_possible_is_made_so_and_said(void **state) {
        const Item *item;
        Loaded loaded;

        load(&loaded, "bad-items");
        /* Only 1, which never restarts: so it never does. None at all would be every code. */
        check_restart(wanted(&loaded, ":no-code", "no-code"), "no");
        item = wanted(&loaded, ":startup", "startup");
        assert_int_equal(item->config.startup, STARTUP_MAX);
        assert_non_null(strstr(item->remarks.data, "70000"));
        item = wanted(&loaded, ":early", "early");
        assert_int_equal(item->config.startup, 0);
        assert_non_null(strstr(item->remarks.data, "-5"));
        unload(&loaded);
}

static void refuse(const void *data, size_t size, const char *words) {
        Items items = {.block_dir_fd = -1};
        Fault fault = {};

        assert_true(state_read(&items, data, size, &fault) < 0);
        assert_int_equal(fault.code, FAULT_INVALID_CONTENT);
        if (!strstr(fault.message, words))
                fail_msg("%s", fault.message);
        items_done(&items);
}

static void what_is_no_state_is_refused(void **state) {
        refuse("", 0, "is no state");
        refuse("\x7f"
               "ELF",
               4, "is no state");
        refuse("\x30\x00", 2, "is no state");
        refuse("\xa6\x00", 2, "is no state");
        refuse("\xa6\x02\x30\x00", 4, "is no state");
        refuse("\xa3\x02\x30\x00\x00", 5, "is no state");
        /* Of indefinite length, and longer than it is. */
        refuse("\xa3\x80\x30\x00\x00\x00", 6, "is no state");
        refuse("\xa3\x84\x7f\xff\xff\xff\x30\x00", 8, "is no state");
        refuse("\xa3\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10, "is no state");
        refuse("\xa7\x02\x05\x00", 4, "version");
        refuse("\xbe\x02\x05\x00", 4, "version");
        refuse("\xbf\x20\x02\x05\x00", 5, "is no state");
}

static void a_part_of_a_state_is_refused_wherever_it_ends(void **state) {
        static const char *const names[] = {"version-0", "version-3-policies", "version-5",
                                            "bad-items"};

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                Loaded loaded;

                load(&loaded, names[i]);
                for (size_t size = 0; size < loaded.size; size++) {
                        _cleanup_(freep) char *part = malloc(size + !size);

                        assert_non_null(part);
                        memcpy(part, loaded.data, size);
                        refuse(part, size, "is no state");
                }
                unload(&loaded);
        }
}

/* Puts a head of @tag in front of what stands at the end of @buffer; lengths take four bytes. */
static void wrap(uint8_t *buffer, size_t *start, size_t end, uint8_t tag) {
        size_t length = end - *start;

        *start -= 6;
        buffer[*start] = tag;
        buffer[*start + 1] = 0x84;
        for (size_t i = 0; i < 4; i++)
                buffer[*start + 2 + i] = (uint8_t) (length >> (24 - 8 * i));
}

static void more_entries_than_can_be_are_refused(void **state) {
        static const uint8_t entry[] = {0x30, 0x05, 0x0c, 0x01, 'a', 0x30, 0x00};
        size_t n = ITEMS_MAX + 1, end = 64 + n * sizeof(entry), start = 64;
        _cleanup_(freep) uint8_t *buffer = malloc(end);

        assert_non_null(buffer);
        for (size_t i = 0; i < n; i++)
                memcpy(buffer + start + i * sizeof(entry), entry, sizeof(entry));
        wrap(buffer, &start, end, 0x30);
        wrap(buffer, &start, end, 0xa3);
        refuse(buffer + start, end - start, "entries");
}

/* An entry of version 3 with @size bytes in the element of @tag, and nothing else. */
static void check_large(uint8_t tag, size_t size, const char *words) {
        size_t end = 64 + size, start = 64;
        _cleanup_(freep) uint8_t *buffer = calloc(1, end);
        Items items = {.block_dir_fd = -1};

        assert_non_null(buffer);
        wrap(buffer, &start, end, tag);
        wrap(buffer, &start, end, 0x30);
        start -= 3;
        memcpy(buffer + start,
               "\x0c\x01"
               "a",
               3);
        wrap(buffer, &start, end, 0x30);
        wrap(buffer, &start, end, 0x30);
        wrap(buffer, &start, end, 0xa3);
        assert_int_equal(state_read(&items, buffer + start, end - start, NULL), 0);
        assert_int_equal(items.n_items, 1);
        assert_int_equal(items.items[0].outcome, OUTCOME_FAILED);
        if (!strstr(items.items[0].why->message, words))
                fail_msg("%s", items.items[0].why->message);
        items_done(&items);
}

static void what_is_too_large_is_not_decoded(void **state) {
        check_large(DER_OCTET_STRING, STATE_IMAGE_SIZE_MAX + 1, "image has");
        check_large(DER_OCTET_STRING, STATE_IMAGE_SIZE_MAX, "can't be read");
        /* Without an image there is nothing to look at. */
        check_large(DER_SEQUENCE, STATE_ENTRY_SIZE_MAX, "can't be read");
}

static void no_changed_byte_does_harm(void **state) {
        static const char *const names[] = {"version-0", "version-2", "version-5"};

        for (size_t n = 0; n < N_ELEMENTS(names); n++) {
                Loaded loaded;

                load(&loaded, names[n]);
                for (size_t at = 0; at < loaded.size; at++)
                        for (int bit = 0; bit < 8; bit++) {
                                Items items = {.block_dir_fd = -1};

                                loaded.data[at] = (char) (loaded.data[at] ^ 1 << bit);
                                if (state_read(&items, loaded.data, loaded.size, NULL) >= 0)
                                        assert_int_equal(items_arrange(&items), 0);
                                items_done(&items);
                                loaded.data[at] = (char) (loaded.data[at] ^ 1 << bit);
                        }
                unload(&loaded);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(version_0_is_read),
                cmocka_unit_test(version_1_is_read),
                cmocka_unit_test(version_2_is_read),
                cmocka_unit_test(version_3_is_read_without_policies_and_with),
                cmocka_unit_test(version_4_is_read),
                cmocka_unit_test(version_5_is_read),
                cmocka_unit_test(an_empty_state_has_nothing),
                cmocka_unit_test(what_can_not_be_fails_alone_and_says_why),
                cmocka_unit_test(what_is_nearly_possible_is_made_so_and_said),
                cmocka_unit_test(what_is_no_state_is_refused),
                cmocka_unit_test(a_part_of_a_state_is_refused_wherever_it_ends),
                cmocka_unit_test(more_entries_than_can_be_are_refused),
                cmocka_unit_test(what_is_too_large_is_not_decoded),
                cmocka_unit_test(no_changed_byte_does_harm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
