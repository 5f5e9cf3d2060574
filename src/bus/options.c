/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/options.h"

/* Reads the value of @key into @target. */
typedef struct Option {
        const char *key;
        const char *type;
        int (*read)(sd_bus_message *message, void *target, Fault *fault);
        size_t offset;
        size_t given; /* of a bool that says that it was; 0: nobody needs that */
} Option;

static int read_bool(sd_bus_message *message, void *target, Fault *fault) {
        int value;
        int r;

        r = sd_bus_message_read_basic(message, 'b', &value);
        if (r < 0)
                return r;
        *(bool *) target = value;
        return 0;
}

static int read_uint64(sd_bus_message *message, void *target, Fault *fault) {
        return sd_bus_message_read_basic(message, 't', target);
}

static int read_uint32(sd_bus_message *message, void *target, Fault *fault) {
        return sd_bus_message_read_basic(message, 'u', target);
}

static int read_codes(sd_bus_message *message, void *target, Fault *fault) {
        const void *codes;
        size_t size;
        int r;

        r = sd_bus_message_read_array(message, 'u', &codes, &size);
        if (r < 0)
                return r;
        return exit_codes_from_numbers(target, codes, size / sizeof(uint32_t), fault);
}

static int read_cpus(sd_bus_message *message, void *target, Fault *fault) {
        const void *ids;
        size_t size;
        int r;

        r = sd_bus_message_read_array(message, 'u', &ids, &size);
        if (r < 0)
                return r;
        return cpus_from_ids(target, ids, size / sizeof(uint32_t), fault);
}

static int read_strings(sd_bus_message *message, void *target, Fault *fault) {
        Strings *strings = target;
        const char *text;
        int r;

        strings_clear(strings);
        r = sd_bus_message_enter_container(message, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(message, 's', &text)) > 0) {
                r = strings_append(strings, text);
                if (r < 0)
                        return r;
                /* At once: a message has room for millions of them. */
                if (strings->size > CONFIG_ARGUMENTS_MAX + 1U)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "The arguments have more than the %u bytes allowed",
                                         CONFIG_ARGUMENTS_MAX);
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(message);
}

static int read_net(sd_bus_message *message, Devices *devices, Fault *fault) {
        const char *guest, *bridge, *mac;
        int isolated, unlocked;
        Net net = {};
        int r;

        r = sd_bus_message_read(message, "(sssbb)", &guest, &bridge, &mac, &isolated, &unlocked);
        if (r <= 0)
                return r;
        if (strlen(guest) > DEVICE_NAME_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "The device \"%.20s...\" has a name of more than %d characters",
                                 guest, DEVICE_NAME_MAX);
        if (strlen(bridge) >= sizeof(net.bridge.text))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "No bridge can be called \"%.20s...\"", bridge);
        if (mac[0] != '\0') {
                r = mac_parse(&net.mac, mac, fault);
                if (r < 0)
                        return r;
        }
        strcpy(net.guest, guest);
        strcpy(net.bridge.text, bridge);
        net.isolated = isolated;
        net.unlocked = unlocked;
        r = devices_add_net(devices, &net, fault);
        return r < 0 ? r : 1;
}

static int read_block(sd_bus_message *message, Devices *devices, Fault *fault) {
        const char *guest, *device;
        Block block = {};
        int r;

        r = sd_bus_message_read(message, "(ssu)", &guest, &device, &block.sector_size);
        if (r <= 0)
                return r;
        if (strlen(guest) > DEVICE_NAME_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "The device \"%.20s...\" has a name of more than %d characters",
                                 guest, DEVICE_NAME_MAX);
        if (strlen(device) > NAME_LABEL_MAX)
                return fault_set(fault, FAULT_INVALID_NAME,
                                 "The label \"%.20s...\" has %zu characters, at most %d are "
                                 "allowed",
                                 device, strlen(device), NAME_LABEL_MAX);
        strcpy(block.guest, guest);
        strcpy(block.device, device);
        r = devices_add_block(devices, &block, fault);
        return r < 0 ? r : 1;
}

static int read_nets(sd_bus_message *message, void *target, Fault *fault) {
        int r;

        r = sd_bus_message_enter_container(message, 'a', "(sssbb)");
        while (r > 0)
                r = read_net(message, target, fault);
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_blocks(sd_bus_message *message, void *target, Fault *fault) {
        int r;

        r = sd_bus_message_enter_container(message, 'a', "(ssu)");
        while (r > 0)
                r = read_block(message, target, fault);
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_fd(sd_bus_message *message, void *target, Fault *fault) {
        return sd_bus_message_read_basic(message, 'h', target);
}

static int refuse_compression(const char *given, const char *known, Fault *fault) {
        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                         "The option Compression is \"%.20s\", it must be %s", given, known);
}

static int read_out_compression(sd_bus_message *message, void *target, Fault *fault) {
        const char *text;
        int r;

        r = sd_bus_message_read_basic(message, 's', &text);
        if (r < 0)
                return r;
        if (strcmp(text, "none") != 0 && strcmp(text, "gzip") != 0)
                return refuse_compression(text, "none or gzip", fault);
        *(BlockCompression *) target =
                text[0] == 'g' ? BLOCK_COMPRESSION_GZIP : BLOCK_COMPRESSION_NONE;
        return 0;
}

/* What comes in is looked at, unless it is said to be plain. */
static int read_in_compression(sd_bus_message *message, void *target, Fault *fault) {
        const char *text;
        int r;

        r = sd_bus_message_read_basic(message, 's', &text);
        if (r < 0)
                return r;
        if (strcmp(text, "none") != 0 && strcmp(text, "auto") != 0)
                return refuse_compression(text, "auto or none", fault);
        *(bool *) target = text[0] == 'n';
        return 0;
}

static int read_value(sd_bus_message *message, const Option *option, void *base, Fault *fault) {
        const char *type;
        int r;

        r = sd_bus_message_peek_type(message, NULL, &type);
        if (r < 0)
                return r;
        if (strcmp(type, option->type) != 0)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "The option %s has the type \"%.20s\", it must be \"%s\"",
                                 option->key, type, option->type);
        r = sd_bus_message_enter_container(message, 'v', option->type);
        if (r < 0)
                return r;
        r = option->read(message, (char *) base + option->offset, fault);
        if (r < 0)
                return r;
        if (option->given > 0)
                *(bool *) ((char *) base + option->given) = true;
        return sd_bus_message_exit_container(message);
}

static int find_option(const Option *options, const char *key, unsigned *seen, Fault *fault) {
        int i = 0;

        while (options[i].key && strcmp(options[i].key, key) != 0)
                i++;
        if (!options[i].key)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "The option \"%.60s\" is not known here", key);
        if (*seen & 1U << i)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "The option %s is given twice",
                                 key);
        *seen |= 1U << i;
        return i;
}

static int read_options(sd_bus_message *message, const Option *options, void *base, Fault *fault) {
        unsigned seen = 0;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                const char *key;
                int i;

                r = sd_bus_message_read_basic(message, 's', &key);
                if (r < 0)
                        return r;
                i = find_option(options, key, &seen, fault);
                if (i < 0)
                        return i;
                r = read_value(message, &options[i], base, fault);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(message);
}

/* Those of a configuration, which several calls have: where the ConfigChange is in what they fill.
 */
#define FIELD(type, field) offsetof(type, change.values.field)
#define GIVEN(type, id)    (offsetof(type, change.given) + (id))
/* clang-format off */
#define CONFIG_OPTIONS(type) \
        {"Memory", "t", read_uint64, FIELD(type, memory_bytes), GIVEN(type, CONFIG_MEMORY)}, \
        {"CPUs", "au", read_cpus, FIELD(type, cpus), GIVEN(type, CONFIG_CPUS)}, \
        {"AddName", "b", read_bool, FIELD(type, add_name), GIVEN(type, CONFIG_ADD_NAME)}, \
        {"Arguments", "as", read_strings, FIELD(type, arguments), GIVEN(type, CONFIG_ARGUMENTS)}, \
        {"Nets", "a(sssbb)", read_nets, FIELD(type, devices), GIVEN(type, CONFIG_NETS)}, \
        {"Blocks", "a(ssu)", read_blocks, FIELD(type, devices), GIVEN(type, CONFIG_BLOCKS)}, \
        {"Restart", "b", read_bool, FIELD(type, restart.restarts), GIVEN(type, CONFIG_RESTART)}, \
        {"RestartCodes", "au", read_codes, FIELD(type, restart.codes), \
         GIVEN(type, CONFIG_RESTART_CODES)}, \
        {"Startup", "u", read_uint32, FIELD(type, startup), GIVEN(type, CONFIG_STARTUP)}
/* clang-format on */

int options_read_create(sd_bus_message *message, CreateOrder *order, Fault *fault) {
        static const Option options[] = {
                CONFIG_OPTIONS(CreateOrder),
                {"Start", "b", read_bool, offsetof(CreateOrder, start), 0},
                {},
        };

        order->start = true;
        return read_options(message, options, order, fault);
}

int options_read_set(sd_bus_message *message, SetOrder *order, Fault *fault) {
        static const Option options[] = {
                CONFIG_OPTIONS(SetOrder),
                {"Now", "b", read_bool, offsetof(SetOrder, now), 0},
                {},
        };

        return read_options(message, options, order, fault);
}

int options_read_update(sd_bus_message *message, UpdateOrder *order, Fault *fault) {
        static const Option options[] = {
                CONFIG_OPTIONS(UpdateOrder),
                {"WaitRunning", "t", read_uint64, offsetof(UpdateOrder, wait_running_usec), 0},
                {},
        };

        return read_options(message, options, order, fault);
}

int options_read_stop(sd_bus_message *message, StopOrder *order, Fault *fault) {
        static const Option options[] = {
                {"UntilBoot", "b", read_bool, offsetof(StopOrder, until_boot), 0},
                {},
        };

        return read_options(message, options, order, fault);
}

int options_read_destroy(sd_bus_message *message, DestroyOrder *order, Fault *fault) {
        static const Option options[] = {
                {"Blocks", "b", read_bool, offsetof(DestroyOrder, with_blocks), 0},
                {},
        };

        return read_options(message, options, order, fault);
}

/* What it means is up to libsystemd, in a sandbox. */
static int read_cursor(sd_bus_message *message, void *target, Fault *fault) {
        const char *text;
        int r;

        r = sd_bus_message_read_basic(message, 's', &text);
        if (r < 0)
                return r;
        if (!cursor_is_sane(text))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "The option After is \"%.20s\", it must be a __CURSOR", text);
        strcpy(target, text);
        return 0;
}

int options_read_console(sd_bus_message *message, ConsoleOrder *order, Fault *fault) {
        static const Option options[] = {
                {"Follow", "b", read_bool, offsetof(ConsoleOrder, follow)},
                {"Lines", "t", read_uint64, offsetof(ConsoleOrder, n_lines)},
                {"Since", "t", read_uint64, offsetof(ConsoleOrder, since_usec)},
                {"Until", "t", read_uint64, offsetof(ConsoleOrder, until_usec)},
                {"LastRun", "b", read_bool, offsetof(ConsoleOrder, last_run)},
                {"After", "s", read_cursor, offsetof(ConsoleOrder, after)},
                {},
        };

        int r;

        *order = (ConsoleOrder){.n_lines = UINT64_MAX, .until_usec = UINT64_MAX};
        r = read_options(message, options, order, fault);
        if (r >= 0 && order->after[0] != '\0' && order->n_lines < UINT64_MAX)
                r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                              "The options After and Lines can't be given together");
        return r;
}

/* --- policies: what is given is changed --- */

static int read_policy_unikernels(sd_bus_message *message, void *target, Fault *fault) {
        PolicyChange *change = target;

        change->given[POLICY_UNIKERNELS] = true;
        return sd_bus_message_read_basic(message, 'u', &change->values.n_unikernels);
}

static int read_policy_memory(sd_bus_message *message, void *target, Fault *fault) {
        PolicyChange *change = target;

        change->given[POLICY_MEMORY] = true;
        return sd_bus_message_read_basic(message, 't', &change->values.memory_bytes);
}

static int read_policy_cpus(sd_bus_message *message, void *target, Fault *fault) {
        PolicyChange *change = target;

        change->given[POLICY_CPUS] = true;
        return read_cpus(message, &change->values.cpus, fault);
}

static int read_policy_block(sd_bus_message *message, void *target, Fault *fault) {
        PolicyChange *change = target;
        int r;

        change->given[POLICY_BLOCK] = true;
        r = sd_bus_message_read_basic(message, 't', &change->values.block_bytes);
        change->values.allows_block = change->values.block_bytes > 0;
        return r;
}

static int read_policy_bridges(sd_bus_message *message, void *target, Fault *fault) {
        PolicyChange *change = target;
        Bridges *bridges = &change->values.bridges;
        const char *name;
        int r;

        change->given[POLICY_BRIDGES] = true;
        r = sd_bus_message_enter_container(message, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(message, 's', &name)) > 0) {
                r = bridges_add(bridges, name, fault);
                if (r < 0)
                        return r;
                /* At once: a message has room for millions of them. */
                if (bridges->n > POLICY_BRIDGES_MAX)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "A policy names at most %u bridges", POLICY_BRIDGES_MAX);
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_policy_owners(sd_bus_message *message, void *target, Fault *fault) {
        PolicyOrder *order = target;
        unsigned n_owners = 0;
        const char *name;
        int r;

        order->change.given[POLICY_OWNERS] = true;
        r = sd_bus_message_enter_container(message, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(message, 's', &name)) > 0) {
                if (++n_owners > POLICY_OWNERS_MAX)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "A policy has at most %u owners", POLICY_OWNERS_MAX);
                if (strlen(name) > OWNER_NAME_MAX)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "\"%.20s...\" can't be an owner: the name is too long",
                                         name);
                r = strings_append(&order->owners, name);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

int options_read_set_policy(sd_bus_message *message, PolicyOrder *order, Fault *fault) {
        static const Option options[] = {
                {"Unikernels", "u", read_policy_unikernels, offsetof(PolicyOrder, change)},
                {"Memory", "t", read_policy_memory, offsetof(PolicyOrder, change)},
                {"CPUs", "au", read_policy_cpus, offsetof(PolicyOrder, change)},
                {"Block", "t", read_policy_block, offsetof(PolicyOrder, change)},
                {"Bridges", "as", read_policy_bridges, offsetof(PolicyOrder, change)},
                {"Owners", "as", read_policy_owners, 0},
                {},
        };

        return read_options(message, options, order, fault);
}

int options_read_remove_policy(sd_bus_message *message, PolicyOrder *order, Fault *fault) {
        static const Option options[] = {
                {"Recursive", "b", read_bool, offsetof(PolicyOrder, recursive)},
                {},
        };

        return read_options(message, options, order, fault);
}

int options_read_block_create(sd_bus_message *message, BlockCreateOrder *order, Fault *fault) {
        static const Option options[] = {
                {"Content", "h", read_fd, offsetof(BlockCreateOrder, source.fd)},
                {"Compression", "s", read_in_compression,
                 offsetof(BlockCreateOrder, source.is_plain)},
                {},
        };

        order->source.fd = -1;
        return read_options(message, options, order, fault);
}

int options_read_block_write(sd_bus_message *message, BlockWriteOrder *order, Fault *fault) {
        static const Option options[] = {
                {"Compression", "s", read_in_compression,
                 offsetof(BlockWriteOrder, source.is_plain)},
                {},
        };

        return read_options(message, options, order, fault);
}

int options_read_block_read(sd_bus_message *message, BlockReadOrder *order, Fault *fault) {
        static const Option options[] = {
                {"Compression", "s", read_out_compression, offsetof(BlockReadOrder, compression)},
                {},
        };

        return read_options(message, options, order, fault);
}

int options_read_none(sd_bus_message *message, Fault *fault) {
        static const Option options[] = {{}};

        return read_options(message, options, NULL, fault);
}
