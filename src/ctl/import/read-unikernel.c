/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/escape.h"
#include "ctl/import/read.h"
#include "domain/startup.h"

/* A text that must fit where it goes; an optional one that is missing is "". */
static int read_text(const Fields *fields, const char *name, char *ret, size_t size) {
        _cleanup_(freep) char *text = NULL;
        int r;

        r = fields_text(fields, name, &text);
        if (r < 0)
                return r;
        if (r > 0 && strlen(text) >= size)
                return -EBADMSG;
        strcpy(ret, r > 0 ? text : "");
        return r;
}

static int read_type(const Fields *fields, Fault *fault) {
        static const char *const types[] = {"solo5", "bhyve", NULL};
        size_t type = 0;

        /* The oldest version had no other than solo5. */
        if (fields_choice(fields, "value.type", types, &type) < 0)
                return read_broken("type", fault);
        if (type != 0)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "It is no unikernel but a virtual machine of bhyve, which does "
                                 "not exist on Linux");
        return 0;
}

static int read_placement(Item *item, const Fields *fields, Fault *fault) {
        Config *config = &item->config;
        int64_t cpu;
        int r;

        r = read_mib(fields, "value.memory", &config->memory_bytes, fault);
        if (r < 0)
                return r;
        r = fields_number(fields, "value.cpu", &cpu);
        if (r < 0)
                return read_broken("cpu", fault);
        if (r == 0)
                return read_cpus(fields, "value.cpus", &config->cpus, fault);
        if (cpu < 0 || cpu >= CPUS_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "There is no CPU %" PRId64, cpu);
        cpus_add(&config->cpus, (unsigned) cpu);
        return 0;
}

static int read_startup(Item *item, const Fields *fields, Fault *fault) {
        int64_t startup = STARTUP_DEFAULT;

        if (fields_number(fields, "value.startup", &startup) < 0)
                return read_broken("startup", fault);
        item->config.startup = (uint32_t) (startup < 0             ? 0
                                           : startup > STARTUP_MAX ? STARTUP_MAX
                                                                   : startup);
        if (startup != item->config.startup)
                return item_remark(item,
                                   "its startup priority %" PRId64 " becomes %u, as near as can be",
                                   startup, item->config.startup);
        return 0;
}

/* Codes that never restart are allowed there, and mean nothing; here they can't be. */
static int read_codes(Item *item, const Fields *fields, Fault *fault) {
        size_t n = fields_count(fields, "value.failing.restart");
        char element[FIELD_NAME_MAX + 1];

        if (n > EXIT_CODES_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "It has %zu exit codes", n);
        for (size_t i = 0; i < n; i++) {
                RestartRule one = {.restarts = true};
                int64_t code;

                fields_element("value.failing.restart", i, NULL, element);
                if (fields_number(fields, element, &code) <= 0)
                        return read_broken("exit codes", fault);
                /* No process has such a one either. */
                if (code < 0 || code >= EXIT_CODES_MAX)
                        continue;
                exit_codes_add(&one.codes, (unsigned) code);
                if (restart_check(&one, NULL) >= 0)
                        exit_codes_add(&item->config.restart.codes, (unsigned) code);
        }
        /* No code at all would be every code. */
        item->config.restart.restarts =
                n == 0 || !exit_codes_are_empty(&item->config.restart.codes);
        return 0;
}

static int read_failing(Item *item, const Fields *fields, Fault *fault) {
        static const char *const behaviours[] = {"quit", "restart", NULL};
        size_t behaviour = 0;

        if (fields_choice(fields, "value.failing", behaviours, &behaviour) < 0)
                return read_broken("fail behaviour", fault);
        return behaviour == 1 ? read_codes(item, fields, fault) : 0;
}

/* Where there was only a name, that is all of @element; its parts have names of their own. */
static int read_block(Item *item, const Fields *fields, size_t i, Fault *fault) {
        char guest[FIELD_NAME_MAX + 1], device[FIELD_NAME_MAX + 1], sector[FIELD_NAME_MAX + 1];
        int64_t size = 0;
        Block block = {};
        int r;

        fields_element("value.blocks", i, "guest", guest);
        fields_element("value.blocks", i, "device", device);
        fields_element("value.blocks", i, "sector", sector);
        r = read_text(fields, guest, block.guest, sizeof(block.guest));
        if (r == 0) {
                fields_element("value.blocks", i, NULL, guest);
                r = read_text(fields, guest, block.guest, sizeof(block.guest));
        }
        if (r <= 0 || read_text(fields, device, block.device, sizeof(block.device)) < 0 ||
            fields_number(fields, sector, &size) < 0 || size < 0 || size > UINT32_MAX)
                return read_broken("block devices", fault);

        block.sector_size = (uint32_t) size;
        return devices_add_block(&item->config.devices, &block, fault);
}

/* Without a bridge there, it was the one of that name. */
static int add_net(Item *item, Net *net, Fault *fault) {
        if (!net->bridge.text[0]) {
                if (strlen(net->guest) >= sizeof(net->bridge.text))
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "No bridge can be called \"%s\"", net->guest);
                strcpy(net->bridge.text, net->guest);
        }
        return devices_add_net(&item->config.devices, net, fault);
}

static int read_net(Item *item, const Fields *fields, size_t i, Fault *fault) {
        char guest[FIELD_NAME_MAX + 1], bridge[FIELD_NAME_MAX + 1], mac[FIELD_NAME_MAX + 1];
        size_t mac_size = sizeof(Mac);
        Net net = {};
        int r;

        fields_element("value.bridges", i, "guest", guest);
        fields_element("value.bridges", i, "bridge", bridge);
        fields_element("value.bridges", i, "mac", mac);
        r = read_text(fields, guest, net.guest, sizeof(net.guest));
        if (r == 0) {
                fields_element("value.bridges", i, NULL, guest);
                r = read_text(fields, guest, net.guest, sizeof(net.guest));
        }
        if (r <= 0 || read_text(fields, bridge, net.bridge.text, sizeof(net.bridge.text)) < 0 ||
            fields_bytes(fields, mac, net.mac.bytes, sizeof(net.mac.bytes), &mac_size) < 0 ||
            mac_size != sizeof(net.mac.bytes))
                return read_broken("networks", fault);
        return add_net(item, &net, fault);
}

static int read_devices(Item *item, const Fields *fields, Fault *fault) {
        size_t n_blocks = fields_count(fields, "value.blocks");
        size_t n_nets = fields_count(fields, "value.bridges");
        Block only = {};
        int r = 0;

        if (n_blocks + n_nets > DEVICES_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "It has %zu devices, at most %u are possible", n_blocks + n_nets,
                                 DEVICES_MAX);
        for (size_t i = 0; r >= 0 && i < n_nets; i++)
                r = read_net(item, fields, i, fault);
        for (size_t i = 0; r >= 0 && i < n_blocks; i++)
                r = read_block(item, fields, i, fault);
        if (r < 0)
                return r;

        /* The oldest version had one at most. */
        r = read_text(fields, "value.device", only.guest, sizeof(only.guest));
        if (r < 0)
                return read_broken("block devices", fault);
        return r > 0 ? devices_add_block(&item->config.devices, &only, fault) : 0;
}

static int read_arguments(Item *item, const Fields *fields, Fault *fault) {
        size_t n = fields_count(fields, "value.arguments");
        char element[FIELD_NAME_MAX + 1];

        if (n > CONFIG_ARGUMENTS_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "It has %zu arguments", n);
        for (size_t i = 0; i < n; i++) {
                _cleanup_(freep) char *argument = NULL;
                int r;

                fields_element("value.arguments", i, NULL, element);
                r = fields_text(fields, element, &argument);
                if (r == -ENOMEM)
                        return r;
                if (r <= 0)
                        return read_broken("arguments", fault);
                /* They are secret: not a word of them here. */
                if (!escape_is_utf8(argument, strlen(argument)))
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "Argument %zu is not valid UTF-8", i + 1);
                r = strings_append(&item->config.arguments, argument);
                if (r < 0)
                        return r;
        }
        return 0;
}

int read_unikernel(Item *item, const Fields *fields, Fault *fault) {
        Config *config = &item->config;
        int r;

        /* That was how it was before it could be said. */
        config->add_name = true;

        r = name_parse(&item->name, item->original, fault);
        if (r >= 0)
                r = read_type(fields, fault);
        if (r >= 0)
                r = read_placement(item, fields, fault);
        if (r >= 0)
                r = read_startup(item, fields, fault);
        if (r >= 0)
                r = read_failing(item, fields, fault);
        if (r >= 0)
                r = read_devices(item, fields, fault);
        if (r >= 0)
                r = read_arguments(item, fields, fault);
        if (r < 0)
                return r;
        if (fields_bool(fields, "value.add-name", &config->add_name) < 0)
                return read_broken("add-name", fault);
        return config_check(config, &item->name, fault);
}
