/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "domain/device-text.h"
#include "domain/devices.h"

/* --- what can be added --- */

static void add_net_refused(const char *guest, const char *bridge, const char *expected) {
        Devices devices = {};
        Net net = {};
        Fault fault = {};

        strcpy(net.guest, guest);
        strcpy(net.bridge.text, bridge);
        assert_true(devices_add_net(&devices, &net, &fault) < 0);
        assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
        assert_non_null(strstr(fault.message, expected));
        assert_int_equal(devices.n_nets, 0);
        assert_null(devices.nets);
}

static void add_block_refused(const Block *block, const char *expected) {
        Devices devices = {};
        Fault fault = {};

        assert_true(devices_add_block(&devices, block, &fault) < 0);
        assert_non_null(strstr(fault.message, expected));
        assert_int_equal(devices.n_blocks, 0);
        assert_null(devices.blocks);
}

static void takes_what_a_manifest_can_name(void **state) {
        _cleanup_(devices_clear) Devices devices = {};
        Block block = {.guest = "storage", .device = "Data-1", .sector_size = 32768};
        Net net = {.guest = "service", .bridge = {"br0"}};

        assert_int_equal(devices_add_net(&devices, &net, NULL), 0);
        assert_int_equal(devices_add_block(&devices, &block, NULL), 0);
        memset(net.guest, 'x', DEVICE_NAME_MAX);
        net.bridge = (BridgeName){};
        assert_int_equal(devices_add_net(&devices, &net, NULL), 0);

        assert_int_equal(devices.n_nets, 2);
        assert_string_equal(devices.nets[0].guest, "service");
        assert_string_equal(devices.nets[0].bridge.text, "br0");
        assert_int_equal(strlen(devices.nets[1].guest), DEVICE_NAME_MAX);
        assert_int_equal(devices.n_blocks, 1);
        assert_string_equal(devices.blocks[0].guest, "storage");
        assert_string_equal(devices.blocks[0].device, "data-1");
        assert_int_equal(devices.blocks[0].sector_size, 32768);
}

static void refuses_what_no_manifest_names(void **state) {
        add_net_refused("", "br0", "1 to 67");
        add_net_refused("two words", "br0", "letters and digits");
        add_net_refused("a-b", "", "letters and digits");
        add_net_refused("a:b", "", "letters and digits");
        add_net_refused("na\xc3\xafve", "", "letters and digits");
        add_net_refused("service", "a/b", "No bridge");
        add_net_refused("service", "..", "No bridge");
        add_net_refused("service", "br 0", "No bridge");
}

static void refuses_a_multicast_address(void **state) {
        const Net net = {.guest = "service", .mac = {{0x01, 0, 0x5e, 0, 0, 1}}};
        Devices devices = {};
        Fault fault = {};

        assert_true(devices_add_net(&devices, &net, &fault) < 0);
        assert_non_null(strstr(fault.message, "01:00:5e:00:00:01 is a multicast address"));
        assert_null(devices.nets);
}

static void refuses_what_no_block_device_can_be(void **state) {
        add_block_refused(&(const Block){.guest = "storage", .device = "alice:data"}, "a label");
        add_block_refused(&(const Block){.guest = "storage", .device = ":data"}, "a label");
        add_block_refused(&(const Block){.guest = "storage", .device = "-data"}, "starts with");
        add_block_refused(&(const Block){.guest = "storage", .device = "a/b"}, "character");
        add_block_refused(&(const Block){.guest = "storage", .device = ".."}, "dots");
        add_block_refused(&(const Block){.guest = "storage", .sector_size = 511}, "not 511");
        add_block_refused(&(const Block){.guest = "storage", .sector_size = 768}, "not 768");
        add_block_refused(&(const Block){.guest = "storage", .sector_size = 65536}, "not 65536");
        add_block_refused(&(const Block){.guest = "storage", .sector_size = UINT32_MAX},
                          "not 4294967295");
        add_block_refused(&(const Block){.guest = ""}, "1 to 67");
}

static void refuses_a_device_that_is_there_already(void **state) {
        _cleanup_(devices_clear) Devices devices = {};
        const Block block = {.guest = "one"};
        const Net net = {.guest = "one"};
        Fault fault = {};

        assert_int_equal(devices_add_net(&devices, &net, NULL), 0);
        assert_true(devices_add_net(&devices, &net, &fault) < 0);
        assert_string_equal(fault.message, "The device one is given twice");
        /* Both kinds share their names in a manifest. */
        assert_true(devices_add_block(&devices, &block, &fault) < 0);
        assert_string_equal(fault.message, "The device one is given twice");
        assert_int_equal(devices.n_nets, 1);
        assert_int_equal(devices.n_blocks, 0);
}

static void takes_as_many_as_a_manifest_has(void **state) {
        _cleanup_(devices_clear) Devices devices = {};
        Block block = {};
        Fault fault = {};
        Net net = {};

        for (unsigned i = 0; i < DEVICES_MAX; i++) {
                snprintf(net.guest, sizeof(net.guest), "d%u", i);
                snprintf(block.guest, sizeof(block.guest), "d%u", i);
                if (i % 2 == 0)
                        assert_int_equal(devices_add_net(&devices, &net, NULL), 0);
                else
                        assert_int_equal(devices_add_block(&devices, &block, NULL), 0);
        }
        strcpy(net.guest, "more");
        strcpy(block.guest, "more");
        assert_true(devices_add_net(&devices, &net, &fault) < 0);
        assert_string_equal(fault.message, "A unikernel has at most 63 devices");
        assert_true(devices_add_block(&devices, &block, &fault) < 0);
        assert_int_equal(devices.n_nets + devices.n_blocks, DEVICES_MAX);
}

static void copies_are_of_their_own(void **state) {
        _cleanup_(devices_clear) Devices devices = {}, copy = {}, empty = {};

        assert_int_equal(devices_copy(&empty, &devices), 0);
        assert_int_equal(empty.n_nets + empty.n_blocks, 0);

        assert_int_equal(devices_add_net(&devices, &(const Net){.guest = "service"}, NULL), 0);
        assert_int_equal(devices_add_block(&devices, &(const Block){.guest = "storage"}, NULL), 0);
        assert_int_equal(devices_copy(&copy, &devices), 0);
        strcpy(devices.nets[0].guest, "other");
        assert_string_equal(copy.nets[0].guest, "service");
        assert_string_equal(copy.blocks[0].guest, "storage");
}

/* --- addresses --- */

static void reads_addresses_as_they_are_written(void **state) {
        char text[MAC_TEXT_SIZE];
        Mac mac;

        assert_int_equal(mac_parse(&mac, "00:80:41:0A:bc:Fe", NULL), 0);
        mac_format(&mac, text);
        assert_string_equal(text, "00:80:41:0a:bc:fe");
        assert_true(mac_is_given(&mac));
        assert_false(mac_is_given(&(const Mac){}));
        assert_true(mac_is_given(&(const Mac){{0, 0, 0, 0, 0, 1}}));
}

static void refuses_what_is_no_address_of_one_device(void **state) {
        static const char *const wrong[] = {
                "",
                "0",
                "00",
                "00:",
                "00:80:41:00:00",
                "00:80:41:00:00:",
                "00:80:41:00:00:0",
                "00:80:41:00:00:001",
                "00:80:41:00:00:00:",
                "00:80:41:00:00:00:00",
                "00-80-41-00-00-01",
                "0080.4100.0001",
                "008041000001",
                "00:80:41:00:00:0g",
                " 00:80:41:00:00:01",
                "00:80:41:00:00:01 ",
                "0x:80:41:00:00:01",
                /* The kernel's word for none, the one for all, and groups. */
                "00:00:00:00:00:00",
                "ff:ff:ff:ff:ff:ff",
                "01:00:5e:00:00:01",
                "33:33:00:00:00:01",
        };
        const Mac untouched = {{1, 2, 3, 4, 5, 6}};
        Mac mac = untouched;

        for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
                Fault fault = {};

                assert_true(mac_parse(&mac, wrong[i], &fault) < 0);
                assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
                assert_memory_equal(&mac, &untouched, sizeof(mac));
        }
}

/* --- as they are written --- */

static void check_net(const char *text, const Net *expected) {
        char again[NET_TEXT_SIZE];
        Net net;

        assert_int_equal(net_parse(&net, text, NULL), 0);
        assert_string_equal(net.guest, expected->guest);
        assert_string_equal(net.bridge.text, expected->bridge.text);
        assert_memory_equal(&net.mac, &expected->mac, sizeof(Mac));
        assert_int_equal(net.isolated, expected->isolated);
        assert_int_equal(net.unlocked, expected->unlocked);
        net_format(&net, again);
        assert_string_equal(again, text);
}

static void reads_a_network_with_each_of_its_parts(void **state) {
        const Mac mac = {{0, 0x80, 0x41, 0x0a, 0x0b, 0x0c}};

        check_net("service", &(const Net){.guest = "service"});
        check_net("service:br0", &(const Net){.guest = "service", .bridge = {"br0"}});
        check_net("service@00:80:41:0a:0b:0c", &(const Net){.guest = "service", .mac = mac});
        check_net("service:br0@00:80:41:0a:0b:0c,isolated,nolock", &(const Net){.guest = "service",
                                                                                .bridge = {"br0"},
                                                                                .mac = mac,
                                                                                .isolated = true,
                                                                                .unlocked = true});
        check_net("service,nolock", &(const Net){.guest = "service", .unlocked = true});
        check_net("service:br-lan.1,isolated",
                  &(const Net){.guest = "service", .bridge = {"br-lan.1"}, .isolated = true});
}

static void takes_flags_in_any_order(void **state) {
        Net net;

        assert_int_equal(net_parse(&net, "service,nolock,isolated", NULL), 0);
        assert_true(net.isolated && net.unlocked);
}

static void check_block(const char *text, const Block *expected) {
        char again[BLOCK_TEXT_SIZE];
        Block block;

        assert_int_equal(block_parse(&block, text, NULL), 0);
        assert_string_equal(block.guest, expected->guest);
        assert_string_equal(block.device, expected->device);
        assert_int_equal(block.sector_size, expected->sector_size);
        block_format(&block, again);
        assert_string_equal(again, text);
}

static void reads_a_block_device_with_each_of_its_parts(void **state) {
        check_block("storage", &(const Block){.guest = "storage"});
        check_block("storage:data", &(const Block){.guest = "storage", .device = "data"});
        check_block("storage@4096", &(const Block){.guest = "storage", .sector_size = 4096});
        check_block("storage:data@512",
                    &(const Block){.guest = "storage", .device = "data", .sector_size = 512});
}

static void refuses_networks_that_are_written_wrongly(void **state) {
        static const char *const wrong[] = {
                "",
                ":br0",
                "@00:80:41:0a:0b:0c",
                ",isolated",
                "service:",
                "service@",
                "service:@00:80:41:0a:0b:0c",
                "service,",
                "service,,isolated",
                "service,isolated,",
                "service,Isolated",
                "service,isolate",
                "service,isolatedd",
                "service,isolated,isolated",
                "service,nolock,nolock",
                "service@br0",
                "service@00:80:41:0a:0b:0c:br0",
                "service@ff:ff:ff:ff:ff:ff",
                "service@00:80:41:0a:0b:0c@00:80:41:0a:0b:0c",
                "service:a23456789012345x",
                "service,isolated@00:80:41:0a:0b:0c",
                "a2345678901234567890123456789012345678901234567890123456789012345678",
        };
        const Net untouched = {.guest = "untouched"};
        Net net = untouched;

        for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
                Fault fault = {};

                assert_true(net_parse(&net, wrong[i], &fault) < 0);
                assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
                assert_memory_equal(&net, &untouched, sizeof(net));
        }
}

static void refuses_block_devices_that_are_written_wrongly(void **state) {
        static const char *const wrong[] = {
                "",
                ":data",
                "@512",
                "storage:",
                "storage@",
                "storage:@512",
                "storage@0",
                "storage@-512",
                "storage@0512",
                "storage@512 ",
                "storage@4K",
                "storage@4294967296",
                "storage@99999999999999999999",
                "storage@512:data",
                "storage:a234567890123456789012345678901234567890123456789012345678901234",
        };
        const Block untouched = {.guest = "untouched"};
        Block block = untouched;

        for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
                Fault fault = {};

                assert_true(block_parse(&block, wrong[i], &fault) < 0);
                assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
                assert_memory_equal(&block, &untouched, sizeof(block));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_what_a_manifest_can_name),
                cmocka_unit_test(refuses_what_no_manifest_names),
                cmocka_unit_test(refuses_a_multicast_address),
                cmocka_unit_test(refuses_what_no_block_device_can_be),
                cmocka_unit_test(refuses_a_device_that_is_there_already),
                cmocka_unit_test(takes_as_many_as_a_manifest_has),
                cmocka_unit_test(copies_are_of_their_own),
                cmocka_unit_test(reads_addresses_as_they_are_written),
                cmocka_unit_test(refuses_what_is_no_address_of_one_device),
                cmocka_unit_test(reads_a_network_with_each_of_its_parts),
                cmocka_unit_test(takes_flags_in_any_order),
                cmocka_unit_test(reads_a_block_device_with_each_of_its_parts),
                cmocka_unit_test(refuses_networks_that_are_written_wrongly),
                cmocka_unit_test(refuses_block_devices_that_are_written_wrongly),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
