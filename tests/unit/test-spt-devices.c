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
#include "spt/devices.h"

static const Device *take(Devices *devices, const char *option) {
        Refusal refusal = {};

        if (devices_take_option(devices, option, &refusal) != 1)
                fail_msg("%s is refused: %s", option, refusal.sentence);
        return &devices->devices[devices->n_devices - 1];
}

static void assert_refused(Devices *devices, const char *option, const char *sentence) {
        Refusal refusal = {};

        assert_int_equal(devices_take_option(devices, option, &refusal), -EINVAL);
        if (!strstr(refusal.sentence, option) || !strstr(refusal.sentence, sentence))
                fail_msg("\"%s\" is not about \"%s\"", refusal.sentence, sentence);
}

static void assert_named(const Device *device, DeviceType type, const char *name) {
        assert_int_equal(device->type, type);
        assert_int_equal(device->name_length, strlen(name));
        assert_memory_equal(device->name, name, strlen(name));
}

static void takes_interfaces_and_files(void **state) {
        Devices devices = {};
        const Device *device;

        device = take(&devices, "--net:service=tap0");
        assert_named(device, DEVICE_NET, "service");
        assert_string_equal(device->source, "tap0");
        assert_int_equal(device->fd, -1);
        assert_memory_equal(device->mac, "\0\0\0\0\0\0", 6);

        /* The first = ends the name; the rest is the file's. */
        device = take(&devices, "--block:service=/a=b c:d");
        assert_named(device, DEVICE_BLOCK, "service");
        assert_string_equal(device->source, "/a=b c:d");
        assert_int_equal(device->fd, -1);
        assert_int_equal(device->sector_size, 0);
        assert_int_equal(devices.n_devices, 2);
}

static void takes_descriptors(void **state) {
        Devices devices = {};

        assert_int_equal(take(&devices, "--net:service=@3")->fd, 3);
        assert_int_equal(take(&devices, "--block:data=@2147483647")->fd, INT32_MAX);
        assert_refused(&devices, "--net:a=@", "Not an interface, or a descriptor as in @3");
        assert_refused(&devices, "--net:b=@2", "Not an interface, or a descriptor as in @3");
        assert_refused(&devices, "--block:c=@-1", "Not a file, or a descriptor as in @3");
        assert_refused(&devices, "--block:d=@2147483648", "Not a file, or a descriptor");
        assert_refused(&devices, "--block:e=@3x", "Not a file, or a descriptor as in @3");
}

static void takes_properties_in_any_order(void **state) {
        Devices devices = {};

        take(&devices, "--block-sector-size:b=4096");
        take(&devices, "--net-mac:a=02:00:0a:Bc:00:fF");
        take(&devices, "--block:a=x");
        take(&devices, "--net:a=tap1");
        take(&devices, "--block:b=y");

        assert_int_equal(devices.n_devices, 3);
        assert_named(&devices.devices[0], DEVICE_BLOCK, "b");
        assert_int_equal(devices.devices[0].sector_size, 4096);
        assert_string_equal(devices.devices[0].source, "y");
        assert_named(&devices.devices[1], DEVICE_NET, "a");
        assert_memory_equal(devices.devices[1].mac, "\x02\x00\x0a\xbc\x00\xff", 6);
        assert_string_equal(devices.devices[1].source, "tap1");
        assert_named(&devices.devices[2], DEVICE_BLOCK, "a");
        assert_int_equal(devices.devices[2].sector_size, 0);
}

static void leaves_other_options_alone(void **state) {
        static const char *const others[] = {"", "--mem=3", "--net", "--net=", "--blocks:a=b"};
        Devices devices = {};
        Refusal refusal;

        for (size_t i = 0; i < N_ELEMENTS(others); i++)
                assert_int_equal(devices_take_option(&devices, others[i], &refusal), 0);
        assert_int_equal(devices.n_devices, 0);
}

static void refuses_what_is_given_twice(void **state) {
        static const char *const twice[] = {
                "--net:a=x",
                "--net-mac:a=02:00:00:00:00:01",
                "--block:a=x",
                "--block-sector-size:a=512",
        };
        Devices devices = {};

        for (size_t i = 0; i < N_ELEMENTS(twice); i++)
                take(&devices, twice[i]);
        for (size_t i = 0; i < N_ELEMENTS(twice); i++)
                assert_refused(&devices, twice[i], "given twice");
        assert_int_equal(devices.n_devices, 2);
}

static void refuses_what_is_no_address_of_one_device(void **state) {
        static const char *const wrong[] = {
                "",
                "02:00:00:00:00",
                "02:00:00:00:00:1",
                "02:00:00:00:00:011",
                "02:00:00:00:00:01:",
                "02:00:00:00:00:01 ",
                "2:000:00:00:00:01",
                "02-00-00-00-00-01",
                "02:00:00:00:00:0g",
                "02:00:00:00:00:0\x10",
                "02:00:00:00:00:0@",
                "02:00:00:00:00:0`",
                "+2:00:00:00:00:01",
                "0x:00:00:00:00:01",
                "00:00:00:00:00:00",
                "01:00:5e:00:00:01",
                "ff:ff:ff:ff:ff:ff",
        };

        for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
                Devices devices = {};
                char option[64];

                snprintf(option, sizeof(option), "--net-mac:a=%s", wrong[i]);
                assert_refused(&devices, option, "Not the address of one device");
        }
}

static void refuses_sizes_that_no_sector_has(void **state) {
        static const char *const wrong[] = {
                "",    "0",     "1",     "256",  "511",
                "513", "1536",  "-512",  "+512", "0512",
                "4K",  "65536", "32769", "512 ", "18446744073709552128"};

        for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
                Devices devices = {};
                char option[64];

                snprintf(option, sizeof(option), "--block-sector-size:a=%s", wrong[i]);
                assert_refused(&devices, option, "Not a power of two from 512 to 32768");
        }
        for (unsigned size = 512; size <= 32768; size *= 2) {
                Devices devices = {};
                char option[64];

                snprintf(option, sizeof(option), "--block-sector-size:a=%u", size);
                assert_int_equal(take(&devices, option)->sector_size, size);
        }
}

static void refuses_more_than_a_manifest_can_have(void **state) {
        char options[DEVICES_MAX + 1][32];
        Devices devices = {};

        for (size_t i = 0; i <= DEVICES_MAX; i++)
                snprintf(options[i], sizeof(options[i]), "--block:%zu=x", i);
        for (size_t i = 0; i < DEVICES_MAX; i++)
                take(&devices, options[i]);
        assert_refused(&devices, options[DEVICES_MAX], "No image has more than 63 devices");
        /* One more property is no more of them. */
        assert_int_equal(take(&devices, "--block-sector-size:0=1024")->sector_size, 0);
        assert_int_equal(devices.devices[0].sector_size, 1024);
        assert_int_equal(devices.n_devices, DEVICES_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_interfaces_and_files),
                cmocka_unit_test(takes_descriptors),
                cmocka_unit_test(takes_properties_in_any_order),
                cmocka_unit_test(leaves_other_options_alone),
                cmocka_unit_test(refuses_what_is_given_twice),
                cmocka_unit_test(refuses_what_is_no_address_of_one_device),
                cmocka_unit_test(refuses_sizes_that_no_sector_has),
                cmocka_unit_test(refuses_more_than_a_manifest_can_have),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
