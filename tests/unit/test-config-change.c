/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "domain/config-change.h"
#include "domain/startup.h"

static const Name name = {"alice:web"};

static void give_net(Devices *devices, const char *guest, const char *bridge) {
        Net net = {};

        strcpy(net.guest, guest);
        strcpy(net.bridge.text, bridge);
        assert_int_equal(devices_add_net(devices, &net, NULL), 0);
}

static void give_block(Devices *devices, const char *guest) {
        Block block = {};

        strcpy(block.guest, guest);
        assert_int_equal(devices_add_block(devices, &block, NULL), 0);
}

static Config make_config(void) {
        Config config = {
                .memory_bytes = 64 << 20,
                .add_name = true,
                .startup = 7,
                .restart.restarts = true,
        };

        cpus_add(&config.cpus, 3);
        exit_codes_add(&config.restart.codes, 2);
        assert_int_equal(strings_append(&config.arguments, "--old"), 0);
        give_net(&config.devices, "service", "br0");
        give_block(&config.devices, "storage");
        return config;
}

static void a_new_one_has_what_is_usual(void **state) {
        const ConfigChange nothing = {};
        Config config;

        assert_int_equal(config_change_apply(&nothing, NULL, &config, NULL), 0);
        assert_int_equal(config.memory_bytes, CONFIG_MEMORY_DEFAULT);
        assert_int_equal(config.startup, STARTUP_DEFAULT);
        assert_true(cpus_is_empty(&config.cpus));
        assert_false(config.restart.restarts);
        assert_int_equal(config_check(&config, &name, NULL), 0);
        config_clear(&config);
}

static void what_is_not_given_stays(void **state) {
        const ConfigChange nothing = {};
        Config old = make_config(), new;

        assert_int_equal(config_change_apply(&nothing, &old, &new, NULL), 0);
        assert_int_equal(new.memory_bytes, old.memory_bytes);
        assert_memory_equal(&new.cpus, &old.cpus, sizeof(Cpus));
        assert_true(new.add_name);
        assert_int_equal(new.startup, 7);
        assert_true(new.restart.restarts);
        assert_true(exit_codes_equal(&new.restart.codes, &old.restart.codes));
        assert_string_equal(new.arguments.data, "--old");
        assert_int_equal(new.devices.n_nets, 1);
        assert_int_equal(new.devices.n_blocks, 1);
        assert_ptr_not_equal(new.devices.nets, old.devices.nets);
        assert_ptr_not_equal(new.arguments.data, old.arguments.data);
        config_clear(&old);
        config_clear(&new);
}

static void lists_are_replaced_as_a_whole(void **state) {
        ConfigChange change = {
                .given = {[CONFIG_NETS] = true, [CONFIG_ARGUMENTS] = true, [CONFIG_CPUS] = true}};
        Config old = make_config(), new;

        give_net(&change.values.devices, "other", "br1");
        give_net(&change.values.devices, "third", "br1");
        assert_int_equal(config_change_apply(&change, &old, &new, NULL), 0);
        assert_true(cpus_is_empty(&new.cpus));
        assert_int_equal(new.arguments.size, 0);
        assert_int_equal(new.devices.n_nets, 2);
        assert_string_equal(new.devices.nets[0].guest, "other");
        assert_string_equal(new.devices.nets[1].guest, "third");
        assert_int_equal(new.devices.n_blocks, 1);
        config_clear(&new);

        /* An empty list is one, too. */
        devices_clear(&change.values.devices);
        assert_int_equal(config_change_apply(&change, &old, &new, NULL), 0);
        assert_int_equal(new.devices.n_nets, 0);
        config_clear(&old);
        config_clear(&new);
}

static void a_name_that_is_in_both_lists_then_is_refused(void **state) {
        ConfigChange change = {.given = {[CONFIG_NETS] = true}};
        Config old = make_config(), new = {.startup = 9};
        Fault fault = {};

        give_net(&change.values.devices, "storage", "br1");
        assert_true(config_change_apply(&change, &old, &new, &fault) < 0);
        assert_int_equal(fault.code, FAULT_INVALID_ARGUMENT);
        assert_int_equal(new.startup, 9);
        assert_null(new.devices.nets);
        config_clear(&old);
        devices_clear(&change.values.devices);
}

static void codes_go_with_the_restarts(void **state) {
        ConfigChange change = {.given = {[CONFIG_RESTART] = true}};
        Config old = make_config(), new;

        assert_int_equal(config_change_apply(&change, &old, &new, NULL), 0);
        assert_false(new.restart.restarts);
        assert_true(exit_codes_are_empty(&new.restart.codes));
        config_clear(&new);

        /* Codes without restarts mean nothing, and whoever gives them means something. */
        change.given[CONFIG_RESTART_CODES] = true;
        exit_codes_add(&change.values.restart.codes, 5);
        assert_int_equal(config_change_apply(&change, &old, &new, NULL), 0);
        assert_true(config_check(&new, &name, NULL) < 0);
        config_clear(&new);

        change.values.restart.restarts = true;
        assert_int_equal(config_change_apply(&change, &old, &new, NULL), 0);
        assert_int_equal(config_check(&new, &name, NULL), 0);
        assert_false(exit_codes_contain(&new.restart.codes, 2));
        config_clear(&new);

        exit_codes_add(&change.values.restart.codes, 62);
        assert_int_equal(config_change_apply(&change, &old, &new, NULL), 0);
        assert_true(config_check(&new, &name, NULL) < 0);
        config_clear(&old);
        config_clear(&new);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_new_one_has_what_is_usual),
                cmocka_unit_test(what_is_not_given_stays),
                cmocka_unit_test(lists_are_replaced_as_a_whole),
                cmocka_unit_test(a_name_that_is_in_both_lists_then_is_refused),
                cmocka_unit_test(codes_go_with_the_restarts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
