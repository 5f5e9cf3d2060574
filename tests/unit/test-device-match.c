/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "domain/device-match.h"
#include "domain/device-text.h"

static const DeviceWanted one_of_each[] = {{DEVICE_NET, "service"}, {DEVICE_BLOCK, "Storage"}};
static const DeviceWanted two_nets[] = {{DEVICE_NET, "inside"}, {DEVICE_NET, "outside"}};

static Bridges bridges_of(BridgeName *names, size_t n) {
        return (Bridges){.names = names, .n = n};
}

static Bridges one_bridge(void) {
        static BridgeName names[] = {{"br0"}};

        return bridges_of(names, 1);
}

static Bridges two_bridges(void) {
        static BridgeName names[] = {{"br0"}, {"br1"}};

        return bridges_of(names, 2);
}

static void give_net(Devices *devices, const char *text) {
        Net net;

        assert_int_equal(net_parse(&net, text, NULL), 0);
        assert_int_equal(devices_add_net(devices, &net, NULL), 0);
}

static void give_block(Devices *devices, const char *text) {
        Block block;

        assert_int_equal(block_parse(&block, text, NULL), 0);
        assert_int_equal(devices_add_block(devices, &block, NULL), 0);
}

static void check_refused(const Devices *devices, const DeviceOffer *offer, const Fault *expected) {
        _cleanup_(devices_clear) Devices copy = {};
        Fault fault = {};

        assert_int_equal(devices_copy(&copy, devices), 0);
        assert_true(devices_match(&copy, offer, &fault) < 0);
        assert_int_equal(fault.code, expected->code);
        assert_string_equal(fault.message, expected->message);
        assert_string_equal(fault.hint, expected->hint);

        assert_int_equal(copy.n_nets, devices->n_nets);
        assert_int_equal(copy.n_blocks, devices->n_blocks);
        if (copy.n_nets > 0)
                assert_memory_equal(copy.nets, devices->nets, copy.n_nets * sizeof(Net));
        if (copy.n_blocks > 0)
                assert_memory_equal(copy.blocks, devices->blocks, copy.n_blocks * sizeof(Block));
}

static void needs_nothing_where_nothing_is_wanted(void **state) {
        const Bridges bridges = one_bridge();
        Devices devices = {};

        assert_int_equal(devices_match(&devices, &(const DeviceOffer){.bridges = &bridges}, NULL),
                         0);
        assert_int_equal(devices.n_nets + devices.n_blocks, 0);
        devices_clear(&devices);
}

static void takes_the_same_sets_in_any_order(void **state) {
        const Bridges bridges = two_bridges();
        _cleanup_(devices_clear) Devices devices = {};

        give_net(&devices, "outside:br1");
        give_net(&devices, "inside:br9,isolated");
        assert_int_equal(
                devices_match(&devices, &(const DeviceOffer){two_nets, 2, &bridges, false}, NULL),
                0);
        /* Whether a bridge is allowed is for admission to say. */
        assert_string_equal(devices.nets[0].bridge.text, "br1");
        assert_string_equal(devices.nets[1].bridge.text, "br9");
        assert_true(devices.nets[1].isolated);
}

static void fills_in_what_can_only_be_one_thing(void **state) {
        const Bridges bridges = one_bridge();
        _cleanup_(devices_clear) Devices devices = {};

        assert_int_equal(
                devices_match(&devices, &(const DeviceOffer){one_of_each, 2, &bridges, true}, NULL),
                0);
        assert_int_equal(devices.n_nets, 1);
        assert_string_equal(devices.nets[0].guest, "service");
        assert_string_equal(devices.nets[0].bridge.text, "br0");
        assert_false(mac_is_given(&devices.nets[0].mac));
        assert_int_equal(devices.n_blocks, 1);
        assert_string_equal(devices.blocks[0].guest, "Storage");
        assert_string_equal(devices.blocks[0].device, "storage");
        assert_int_equal(devices.blocks[0].sector_size, 512);
}

static void fills_in_the_parts_that_were_left_out(void **state) {
        const Bridges bridges = one_bridge();
        _cleanup_(devices_clear) Devices devices = {};

        give_net(&devices, "service@00:80:41:00:00:01");
        give_block(&devices, "Storage@4096");
        assert_int_equal(devices_match(&devices,
                                       &(const DeviceOffer){one_of_each, 2, &bridges, false}, NULL),
                         0);
        assert_string_equal(devices.nets[0].bridge.text, "br0");
        assert_true(mac_is_given(&devices.nets[0].mac));
        assert_string_equal(devices.blocks[0].device, "storage");
        assert_int_equal(devices.blocks[0].sector_size, 4096);
}

static void refuses_what_the_image_does_not_want(void **state) {
        const Bridges bridges = one_bridge();
        const DeviceOffer offer = {one_of_each, 2, &bridges, true};
        _cleanup_(devices_clear) Devices devices = {}, other = {};

        give_net(&devices, "net0:br0");
        check_refused(&devices, &offer,
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "The network net0 is given, and is not there; the image wants "
                                     "the network service, the block device Storage",
                                     "Give it: --net=service:br0 --block=Storage"});
        give_net(&other, "Storage:br0");
        check_refused(&other, &offer,
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "Storage is given as a network, and is a block device; the "
                                     "image wants the network service, the block device Storage",
                                     "Give it: --net=service:br0 --block=Storage"});
        check_refused(&other, &(const DeviceOffer){.bridges = &bridges},
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "The network Storage is given, and is not there; the image "
                                     "wants no devices",
                                     "Leave out --net= and --block=, or, where there were some, "
                                     "give them empty"});
}

static void names_in_the_guest_have_case(void **state) {
        const Bridges bridges = one_bridge();
        _cleanup_(devices_clear) Devices devices = {};

        give_block(&devices, "storage");
        check_refused(&devices, &(const DeviceOffer){one_of_each, 2, &bridges, true},
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "The block device storage is given, and is not there; the "
                                     "image wants the network service, the block device Storage",
                                     "Give it: --net=service:br0 --block=Storage"});
}

static void refuses_what_is_missing(void **state) {
        const Bridges none = {}, one = one_bridge(), two = two_bridges();
        _cleanup_(devices_clear) Devices devices = {};

        /* One network that could be on several bridges, or on none. */
        check_refused(&devices, &(const DeviceOffer){one_of_each, 2, &two, true},
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "0 of 1 networks are given; the image wants the network "
                                     "service, the block device Storage",
                                     "Give it: --net=service:BRIDGE --block=Storage"});
        check_refused(&devices, &(const DeviceOffer){one_of_each, 2, &none, true},
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "0 of 1 networks are given; the image wants the network "
                                     "service, the block device Storage",
                                     "Give it: --net=service --block=Storage"});
        /* No block device of that name. */
        check_refused(&devices, &(const DeviceOffer){one_of_each, 2, &one, false},
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "0 of 1 block devices are given; the image wants the network "
                                     "service, the block device Storage",
                                     "Give it: --net=service:br0 --block=Storage"});
        /* Of two networks, neither goes without saying, nor does the other one of two. */
        check_refused(&devices, &(const DeviceOffer){two_nets, 2, &one, false},
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "0 of 2 networks are given; the image wants the network "
                                     "inside, the network outside",
                                     "Give it: --net=inside:br0 --net=outside:br0"});
        give_net(&devices, "inside:br7");
        check_refused(&devices, &(const DeviceOffer){two_nets, 2, &two, false},
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "1 of 2 networks are given; the image wants the network "
                                     "inside, the network outside",
                                     "Give it: --net=inside:br7 --net=outside:BRIDGE"});
}

static void refuses_a_network_without_its_bridge(void **state) {
        const Bridges none = {}, two = two_bridges();
        _cleanup_(devices_clear) Devices devices = {};

        give_net(&devices, "service");
        check_refused(&devices, &(const DeviceOffer){one_of_each, 1, &two, false},
                      &(const Fault){FAULT_DEVICE_MISMATCH,
                                     "The network service can be on one of br0,br1",
                                     "Give it: --net=service:BRIDGE"});
        check_refused(&devices, &(const DeviceOffer){one_of_each, 1, &none, false},
                      &(const Fault){FAULT_NO_SUCH_BRIDGE,
                                     "There is no bridge for the network service: the host has "
                                     "none that the policies allow",
                                     ""});
}

static void refuses_a_label_that_can_not_be(void **state) {
        static const char guest[] =
                "a234567890123456789012345678901234567890123456789012345678901234567";
        const DeviceWanted wanted[] = {{DEVICE_BLOCK, guest}};
        const Bridges none = {};
        const DeviceOffer offer = {wanted, 1, &none, true};
        _cleanup_(devices_clear) Devices devices = {};
        char label[NAME_LABEL_MAX + 1] = "untouched";
        Fault fault = {};

        assert_false(devices_lone_block(&devices, wanted, 1, label));
        assert_string_equal(label, "untouched");
        assert_true(devices_match(&devices, &offer, &fault) < 0);
        assert_int_equal(fault.code, FAULT_DEVICE_MISMATCH);
        give_block(&devices, guest);
        assert_true(devices_match(&devices, &offer, &fault) < 0);
        assert_int_equal(fault.code, FAULT_INVALID_NAME);
}

static void a_manifest_with_a_name_twice_fits_nothing(void **state) {
        static const DeviceWanted wanted[] = {{DEVICE_NET, "one"}, {DEVICE_NET, "one"}};
        const Bridges bridges = one_bridge();
        _cleanup_(devices_clear) Devices devices = {};
        Fault fault = {};

        give_net(&devices, "one:br0");
        assert_true(devices_match(&devices, &(const DeviceOffer){wanted, 2, &bridges, false},
                                  &fault) < 0);
        assert_int_equal(fault.code, FAULT_DEVICE_MISMATCH);
}

static void knows_the_block_device_that_can_be_left_out(void **state) {
        static const DeviceWanted two[] = {{DEVICE_BLOCK, "a"}, {DEVICE_BLOCK, "b"}};
        _cleanup_(devices_clear) Devices devices = {};
        char label[NAME_LABEL_MAX + 1] = "";

        assert_true(devices_lone_block(&devices, one_of_each, 2, label));
        assert_string_equal(label, "storage");
        assert_false(devices_lone_block(&devices, two, 2, label));
        assert_false(devices_lone_block(&devices, two_nets, 2, label));
        assert_false(devices_lone_block(&devices, NULL, 0, label));
        assert_false(devices_lone_block(&devices, &(DeviceWanted){DEVICE_BLOCK, "other:data"}, 1,
                                        label));
        give_block(&devices, "Storage:data");
        assert_false(devices_lone_block(&devices, one_of_each, 2, label));
}

/* 63 names of 67 characters: far more than a sentence has room for. */
static void cuts_what_does_not_fit_into_a_sentence(void **state) {
        char names[DEVICES_MAX][DEVICE_NAME_MAX + 1];
        DeviceWanted wanted[DEVICES_MAX];
        const Bridges bridges = two_bridges();
        Devices devices = {};
        Fault fault = {};

        for (size_t i = 0; i < DEVICES_MAX; i++) {
                memset(names[i], 'x', DEVICE_NAME_MAX);
                snprintf(names[i] + DEVICE_NAME_MAX - 2, 3, "%02zu", i);
                wanted[i] = (DeviceWanted){i % 2 ? DEVICE_NET : DEVICE_BLOCK, names[i]};
        }
        assert_true(devices_match(&devices,
                                  &(const DeviceOffer){wanted, DEVICES_MAX, &bridges, false},
                                  &fault) < 0);
        assert_int_equal(fault.code, FAULT_DEVICE_MISMATCH);
        assert_string_equal(fault.message + strlen(fault.message) - 3, "...");
        assert_string_equal(fault.hint + strlen(fault.hint) - 3, "...");
        devices_clear(&devices);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(needs_nothing_where_nothing_is_wanted),
                cmocka_unit_test(takes_the_same_sets_in_any_order),
                cmocka_unit_test(fills_in_what_can_only_be_one_thing),
                cmocka_unit_test(fills_in_the_parts_that_were_left_out),
                cmocka_unit_test(refuses_what_the_image_does_not_want),
                cmocka_unit_test(names_in_the_guest_have_case),
                cmocka_unit_test(refuses_what_is_missing),
                cmocka_unit_test(refuses_a_network_without_its_bridge),
                cmocka_unit_test(refuses_a_label_that_can_not_be),
                cmocka_unit_test(a_manifest_with_a_name_twice_fits_nothing),
                cmocka_unit_test(knows_the_block_device_that_can_be_left_out),
                cmocka_unit_test(cuts_what_does_not_fit_into_a_sentence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
