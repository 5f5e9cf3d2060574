/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static Unikernel make_unikernel(void) {
        return (Unikernel){
                .name = {"alice:web"},
                .wanted = true,
                .created_usec = 1795300000000000,
                .n_changes = 7,
                .config.memory_bytes = 32ULL << 20,
                .image = {.digest = DIGEST, .size_bytes = 80000, .target = 2, .abi_version = 2},
        };
}

/* Writes @unikernel down and reads it again, into *@ret. Returns the size of the text. */
static size_t pass(const Unikernel *unikernel, Unikernel *ret) {
        _cleanup_(freep) char *text = NULL;

        *ret = (Unikernel){.name = unikernel->name};
        assert_int_equal(record_format(unikernel, &text), 0);
        assert_int_equal(record_parse(ret, text, strlen(text)), 0);
        return strlen(text);
}

static void give_devices(Devices *devices) {
        const Net filled_in = {.guest = "service",
                               .bridge = {"br0"},
                               .mac = {{0, 0x80, 0x41, 1, 2, 3}},
                               .isolated = true,
                               .unlocked = true};
        const Net least = {.guest = "other"};
        const Block block = {.guest = "Storage", .device = "storage", .sector_size = 4096};

        assert_int_equal(devices_add_net(devices, &filled_in, NULL), 0);
        assert_int_equal(devices_add_net(devices, &least, NULL), 0);
        assert_int_equal(devices_add_block(devices, &block, NULL), 0);
}

static void check_devices(const Devices *devices, const Devices *expected) {
        assert_int_equal(devices->n_nets, expected->n_nets);
        for (size_t i = 0; i < expected->n_nets; i++) {
                assert_string_equal(devices->nets[i].guest, expected->nets[i].guest);
                assert_string_equal(devices->nets[i].bridge.text, expected->nets[i].bridge.text);
                assert_memory_equal(&devices->nets[i].mac, &expected->nets[i].mac, sizeof(Mac));
                assert_int_equal(devices->nets[i].isolated, expected->nets[i].isolated);
                assert_int_equal(devices->nets[i].unlocked, expected->nets[i].unlocked);
        }
        assert_int_equal(devices->n_blocks, expected->n_blocks);
        for (size_t i = 0; i < expected->n_blocks; i++) {
                assert_string_equal(devices->blocks[i].guest, expected->blocks[i].guest);
                assert_string_equal(devices->blocks[i].device, expected->blocks[i].device);
                assert_int_equal(devices->blocks[i].sector_size, expected->blocks[i].sector_size);
        }
}

static void what_is_written_is_read(void **state) {
        Unikernel unikernel = make_unikernel(), other;

        assert_int_equal(cpus_parse(&unikernel.config.cpus, "0-3,6", NULL), 0);
        assert_int_equal(strings_append(&unikernel.config.arguments, "--port=80"), 0);
        assert_int_equal(strings_append(&unikernel.config.arguments, "\x1b[1m \xc3\xa9"), 0);
        give_devices(&unikernel.config.devices);
        (void) pass(&unikernel, &other);

        assert_true(other.wanted);
        assert_int_equal(other.created_usec, unikernel.created_usec);
        assert_int_equal(other.n_changes, 7);
        assert_int_equal(other.config.memory_bytes, 32 << 20);
        assert_memory_equal(&other.config.cpus, &unikernel.config.cpus, sizeof(Cpus));
        assert_int_equal(other.config.arguments.size, unikernel.config.arguments.size);
        assert_memory_equal(other.config.arguments.data, unikernel.config.arguments.data,
                            other.config.arguments.size);
        check_devices(&other.config.devices, &unikernel.config.devices);
        assert_string_equal(other.image.digest, DIGEST);
        assert_int_equal(other.image.size_bytes, 80000);
        config_clear(&unikernel.config);
        config_clear(&other.config);
}

static Version *make_previous(void) {
        Version *previous = calloc(1, sizeof(*previous));

        assert_non_null(previous);
        previous->config.memory_bytes = 8ULL << 20;
        previous->config.startup = 3;
        previous->config.restart.restarts = true;
        exit_codes_add(&previous->config.restart.codes, 70);
        assert_int_equal(strings_append(&previous->config.arguments, "--old"), 0);
        give_devices(&previous->config.devices);
        previous->image = (ImageInfo){.digest = DIGEST, .size_bytes = 7, .target = 1};
        previous->image.digest[0] = 'f';
        return previous;
}

static void the_version_before_is_kept(void **state) {
        Unikernel unikernel = make_unikernel(), other;

        unikernel.previous = make_previous();
        (void) pass(&unikernel, &other);
        assert_non_null(other.previous);
        assert_int_equal(other.previous->config.memory_bytes, 8 << 20);
        assert_int_equal(other.previous->config.startup, 3);
        assert_true(other.previous->config.restart.restarts);
        assert_true(exit_codes_contain(&other.previous->config.restart.codes, 70));
        assert_string_equal(other.previous->config.arguments.data, "--old");
        check_devices(&other.previous->config.devices, &unikernel.previous->config.devices);
        assert_string_equal(other.previous->image.digest, unikernel.previous->image.digest);
        assert_int_equal(other.previous->image.size_bytes, 7);
        assert_null(other.previous->image_hold);
        assert_string_equal(other.image.digest, DIGEST);
        version_free(unikernel.previous);
        version_free(other.previous);
}

static void check_life(const char *restart, uint32_t startup) {
        Unikernel unikernel = make_unikernel(), other;
        char text[RESTART_TEXT_MAX + 1];

        assert_int_equal(restart_parse(&unikernel.config.restart, restart, NULL), 0);
        unikernel.config.startup = startup;
        (void) pass(&unikernel, &other);
        restart_format(&other.config.restart, text);
        assert_string_equal(text, restart);
        assert_int_equal(other.config.startup, startup);
        assert_null(other.previous);
}

static void fail_behaviour_and_priority_are_kept(void **state) {
        check_life("no", 0);
        check_life("all", 50);
        check_life("0,2,70-75", 65535);
}

/* Names as long as they get, in every part of every device. */
static void give_largest_devices(Devices *devices) {
        Net net = {
                .mac = {{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff}}, .isolated = true, .unlocked = true};

        memset(net.guest, 'x', DEVICE_NAME_MAX);
        memset(net.bridge.text, 'b', IFNAMSIZ - 1);
        for (unsigned i = 0; i < DEVICES_MAX; i++) {
                net.guest[DEVICE_NAME_MAX - 2] = (char) ('0' + i / 10);
                net.guest[DEVICE_NAME_MAX - 1] = (char) ('0' + i % 10);
                assert_int_equal(devices_add_net(devices, &net, NULL), 0);
        }
}

/* As many as there may be, and as long as text gets that has each character escaped. */
static void check_arguments(const char *argument) {
        Unikernel unikernel = make_unikernel(), other;
        Strings *arguments = &unikernel.config.arguments;

        for (unsigned id = 0; id < CPUS_MAX; id++)
                if (id % 3 != 2)
                        unikernel.config.cpus.words[id / 64] |= 1ULL << id % 64;
        while (arguments->size + strlen(argument) + 1 <= CONFIG_ARGUMENTS_MAX + 1U)
                assert_int_equal(strings_append(arguments, argument), 0);
        give_largest_devices(&unikernel.config.devices);

        /* The configuration before this one has room beside it. */
        unikernel.previous = calloc(1, sizeof(*unikernel.previous));
        assert_non_null(unikernel.previous);
        unikernel.previous->image = unikernel.image;
        assert_int_equal(config_copy(&unikernel.previous->config, &unikernel.config), 0);
        assert_true(pass(&unikernel, &other) <= WRITER_DATA_MAX);
        assert_int_equal(other.config.arguments.size, arguments->size);
        assert_int_equal(other.previous->config.arguments.size, arguments->size);
        version_free(unikernel.previous);
        version_free(other.previous);
        check_devices(&other.config.devices, &unikernel.config.devices);
        config_clear(&unikernel.config);
        config_clear(&other.config);
}

static void the_oddest_arguments_survive_a_restart(void **state) {
        char text[CONFIG_ARGUMENTS_MAX + 1] = "";

        memset(text, 1, sizeof(text) - 1);
        check_arguments("");
        check_arguments("\x01");
        check_arguments("\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01");
        check_arguments("\xc2\x80");
        check_arguments(text);
}

/* Replaces @old, which is in the record of make_unikernel(). */
static void check_refused(const char *old, const char *new) {
        Unikernel unikernel = make_unikernel(), other = {.name = unikernel.name};
        _cleanup_(freep) char *text = NULL, *changed = NULL;
        const char *here;

        assert_int_equal(record_format(&unikernel, &text), 0);
        here = strstr(text, old);
        assert_non_null(here);
        changed = calloc(1, strlen(text) + strlen(new) + 1);
        assert_non_null(changed);
        memcpy(changed, text, (size_t) (here - text));
        strcat(strcat(changed, new), here + strlen(old));

        assert_int_equal(record_parse(&other, changed, strlen(changed)), -EBADMSG);
        assert_int_equal(other.config.memory_bytes, 0);
        assert_null(other.config.arguments.data);
        assert_null(other.config.devices.nets);
        assert_string_equal(other.image.digest, "");
}

/* Of the time before there were any. */
static void a_record_without_devices_has_none(void **state) {
        Unikernel unikernel = make_unikernel(), other = {.name = unikernel.name};
        _cleanup_(freep) char *text = NULL;
        char *here;

        assert_int_equal(record_format(&unikernel, &text), 0);
        here = strstr(text, "\"Devices\"");
        assert_non_null(here);
        memcpy(here, "\"devices\"", strlen("\"devices\""));
        assert_int_equal(record_parse(&other, text, strlen(text)), 0);
        assert_int_equal(other.config.devices.n_nets + other.config.devices.n_blocks, 0);
        config_clear(&other.config);
}

static void refuses_what_it_cannot_have_written(void **state) {
        check_refused("\"Version\": 1", "\"Version\": 2");
        check_refused("\"Version\": 1", "\"Version\": 4294967297");
        check_refused("alice:web", "alice:dns");
        check_refused("running", "runing");
        check_refused("1795300000000000", "-1");
        check_refused("33554432", "33554433");
        check_refused("33554432", "-33554432");
        check_refused("33554432", "1e30");
        check_refused("\"Arguments\": []", "\"Arguments\": {}");
        check_refused("\"Arguments\": []", "\"Arguments\": [1]");
        check_refused("\"Arguments\": []", "\"Arguments\": [\"a\\u0000b\"]");
        check_refused("\"Nets\": []", "\"Nets\": [\"service@ff:ff:ff:ff:ff:ff\"]");
        check_refused("\"Nets\": []", "\"Nets\": [\"service\", \"service\"]");
        check_refused("\"Nets\": []", "\"Nets\": [[\"service\"]]");
        check_refused("\"Nets\": []", "\"Nets\": {}");
        check_refused("\"Nets\": []", "\"nets\": []");
        check_refused("\"Blocks\": []", "\"Blocks\": [\"storage@513\"]");
        check_refused("\"Blocks\": []", "\"Blocks\": [\"storage:../data\"]");
        check_refused("\"Blocks\": []", "\"Blocks\": 1");
        check_refused("\"CPUs\": \"\"", "\"CPUs\": \"1024\"");
        check_refused(DIGEST, "../../../etc/passwd");
        check_refused("80000", "-1");
        check_refused("\"Restart\": \"no\"", "\"Restart\": \"1\"");
        check_refused("\"Restart\": \"no\"", "\"Restart\": true");
        check_refused("\"Startup\": 0", "\"Startup\": 65536");
        check_refused("\"Startup\": 0", "\"Startup\": -1");
        check_refused("\"Image\": {", "\"Previous\": 1, \"Image\": {");
        check_refused("\"Image\": {", "\"Previous\": {\"Config\": {}}, \"Image\": {");
        check_refused("\"Target\": 2", "\"Target\": 4294967298");
        check_refused("\"Target\": 2", "\"Target\": 2, \"Target\": 1");
        check_refused("{", "");
}

static void refuses_more_arguments_than_there_may_be(void **state) {
        Unikernel unikernel = make_unikernel(), other = {.name = unikernel.name};
        _cleanup_(freep) char *text = NULL;

        while (unikernel.config.arguments.size <= CONFIG_ARGUMENTS_MAX + 1U)
                assert_int_equal(strings_append(&unikernel.config.arguments, ""), 0);
        assert_int_equal(record_format(&unikernel, &text), 0);
        assert_int_equal(record_parse(&other, text, strlen(text)), -EBADMSG);
        assert_null(other.config.arguments.data);
        config_clear(&unikernel.config);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_written_is_read),
                cmocka_unit_test(the_oddest_arguments_survive_a_restart),
                cmocka_unit_test(the_version_before_is_kept),
                cmocka_unit_test(fail_behaviour_and_priority_are_kept),
                cmocka_unit_test(a_record_without_devices_has_none),
                cmocka_unit_test(refuses_what_it_cannot_have_written),
                cmocka_unit_test(refuses_more_arguments_than_there_may_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
