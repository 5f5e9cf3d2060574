/* SPDX-License-Identifier: ISC */

/* What is recorded of a unikernel, as text; the fields are named as on the bus. */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/device-text.h"
#include "domain/startup.h"
#include "manager/manager-internal.h"

#define RECORD_VERSION 1

/* What one configuration may take of a record, which has two when there is a previous one. An
 * argument can be a byte of which white space would make ten. */
#define SPACED_MAX (WRITER_DATA_MAX / 2U)

static json_t *arguments_to_json(const Strings *arguments) {
        json_t *array = json_array();

        for (const char *text = NULL; (text = strings_next(arguments, text));)
                if (json_array_append_new(array, json_string(text)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

/* As they are written on a command line. */
static json_t *devices_to_json(const Devices *devices) {
        _cleanup_(json_decrefp) json_t *nets = json_array(), *blocks = json_array();
        char net[NET_TEXT_SIZE], block[BLOCK_TEXT_SIZE];

        for (size_t i = 0; i < devices->n_nets; i++) {
                net_format(&devices->nets[i], net);
                if (json_array_append_new(nets, json_string(net)) < 0)
                        return NULL;
        }
        for (size_t i = 0; i < devices->n_blocks; i++) {
                block_format(&devices->blocks[i], block);
                if (json_array_append_new(blocks, json_string(block)) < 0)
                        return NULL;
        }
        return json_pack("{s:O, s:O}", "Nets", nets, "Blocks", blocks);
}

static json_t *config_to_json(const Config *config) {
        char cpus[CPUS_TEXT_MAX + 1], restart[RESTART_TEXT_MAX + 1];

        cpus_format(&config->cpus, cpus);
        restart_format(&config->restart, restart);
        return json_pack(
                "{s:I, s:s, s:b, s:s, s:I, s:o, s:o}", "Memory", (json_int_t) config->memory_bytes,
                "CPUs", cpus, "AddName", (int) config->add_name, "Restart", restart, "Startup",
                (json_int_t) config->startup, "Arguments", arguments_to_json(&config->arguments),
                "Devices", devices_to_json(&config->devices));
}

static json_t *image_to_json(const ImageInfo *image) {
        return json_pack("{s:s, s:I, s:I, s:I}", "Digest", image->digest, "Size",
                         (json_int_t) image->size_bytes, "Target", (json_int_t) image->target,
                         "ABIVersion", (json_int_t) image->abi_version);
}

static json_t *record_to_json(const Unikernel *unikernel) {
        json_t *record;

        record = json_pack(
                "{s:i, s:s, s:s, s:I, s:I, s:o, s:o}", "Version", RECORD_VERSION, "Name",
                unikernel->name.text, "Wanted", unikernel->wanted ? "running" : "stopped",
                "CreationTimestamp", (json_int_t) unikernel->created_usec, "Changes",
                (json_int_t) unikernel->n_changes, "Config", config_to_json(&unikernel->config),
                "Image", image_to_json(&unikernel->image));
        if (record && unikernel->previous &&
            json_object_set_new(record, "Previous",
                                json_pack("{s:o, s:o}", "Config",
                                          config_to_json(&unikernel->previous->config), "Image",
                                          image_to_json(&unikernel->previous->image))) < 0) {
                json_decref(record);
                return NULL;
        }
        return record;
}

int record_format(const Unikernel *unikernel, char **ret) {
        _cleanup_(json_decrefp) json_t *record = record_to_json(unikernel);
        _cleanup_(freep) char *text = NULL;

        text = record ? json_dumps(record, JSON_INDENT(2)) : NULL;
        if (text && strlen(text) > SPACED_MAX * (unikernel->previous ? 2U : 1U)) {
                free(text);
                text = json_dumps(record, JSON_COMPACT);
        }
        if (!text)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}

static bool is_digest(const char *text) {
        return strlen(text) == IMAGE_DIGEST_TEXT_SIZE - 1 &&
               strspn(text, "0123456789abcdef") == IMAGE_DIGEST_TEXT_SIZE - 1;
}

static int read_arguments(Strings *arguments, const json_t *array) {
        json_t *argument;
        size_t i;

        if (!json_is_array(array))
                return -EBADMSG;
        json_array_foreach(array, i, argument) {
                if (!json_is_string(argument))
                        return -EBADMSG;
                if (strings_append(arguments, json_string_value(argument)) < 0)
                        return -ENOMEM;
        }
        return arguments->size > CONFIG_ARGUMENTS_MAX + 1U ? -EBADMSG : 0;
}

static int read_net(Devices *devices, const char *text) {
        Net net;
        int r;

        if (!text)
                return -EBADMSG;
        r = net_parse(&net, text, NULL);
        return r < 0 ? r : devices_add_net(devices, &net, NULL);
}

static int read_block(Devices *devices, const char *text) {
        Block block;
        int r;

        if (!text)
                return -EBADMSG;
        r = block_parse(&block, text, NULL);
        return r < 0 ? r : devices_add_block(devices, &block, NULL);
}

static int read_device_list(Devices *devices,
                            const json_t *array,
                            int (*read_device)(Devices *devices, const char *text)) {
        json_t *text;
        size_t i;
        int r;

        if (!json_is_array(array))
                return -EBADMSG;
        json_array_foreach(array, i, text) {
                r = read_device(devices, json_string_value(text));
                if (r < 0)
                        return r == -ENOMEM ? r : -EBADMSG;
        }
        return 0;
}

/* Records had none of them at first. */
static int read_devices(Devices *devices, json_t *object) {
        json_t *nets, *blocks;
        int r;

        if (!object)
                return 0;
        if (json_unpack(object, "{s:o, s:o}", "Nets", &nets, "Blocks", &blocks) < 0)
                return -EBADMSG;
        r = read_device_list(devices, nets, read_net);
        return r < 0 ? r : read_device_list(devices, blocks, read_block);
}

/* Records had neither at first. */
static int read_life(Config *config, const char *restart, json_int_t startup) {
        if (restart && restart_parse(&config->restart, restart, NULL) < 0)
                return -EBADMSG;
        if (startup < 0 || startup_check((uint64_t) startup, NULL) < 0)
                return -EBADMSG;
        config->startup = (uint32_t) startup;
        return 0;
}

static int read_config(Config *config, json_t *object) {
        json_int_t memory, startup = STARTUP_DEFAULT;
        json_t *arguments, *devices = NULL;
        const char *cpus, *restart = NULL;
        int add_name;
        int r;

        if (json_unpack(object, "{s:I, s:s, s:b, s?s, s?I, s:o, s?o}", "Memory", &memory, "CPUs",
                        &cpus, "AddName", &add_name, "Restart", &restart, "Startup", &startup,
                        "Arguments", &arguments, "Devices", &devices) < 0)
                return -EBADMSG;
        if (memory < (json_int_t) CONFIG_MEMORY_MIN || memory % (1LL << 20) != 0)
                return -EBADMSG;
        if (cpus[0] && cpus_parse(&config->cpus, cpus, NULL) < 0)
                return -EBADMSG;
        config->memory_bytes = (uint64_t) memory;
        config->add_name = add_name;
        r = read_life(config, restart, startup);
        if (r >= 0)
                r = read_arguments(&config->arguments, arguments);
        return r < 0 ? r : read_devices(&config->devices, devices);
}

static int read_image(ImageInfo *image, json_t *object) {
        json_int_t size, target, abi_version;
        const char *digest;

        /* "i" would cut what is larger than an int, and say nothing. */
        if (json_unpack(object, "{s:s, s:I, s:I, s:I}", "Digest", &digest, "Size", &size, "Target",
                        &target, "ABIVersion", &abi_version) < 0)
                return -EBADMSG;
        if (!is_digest(digest) || size < 0 || target < 0 || target > UINT32_MAX ||
            abi_version < 0 || abi_version > UINT32_MAX)
                return -EBADMSG;
        strcpy(image->digest, digest);
        image->size_bytes = (uint64_t) size;
        image->target = (uint32_t) target;
        image->abi_version = (uint32_t) abi_version;
        return 0;
}

/* What it was made of before its last update, if there was one. */
static int read_previous(Version **ret, json_t *object) {
        _cleanup_(version_freep) Version *previous = NULL;
        json_t *config_object, *image_object;
        int r;

        if (!object)
                return 0;
        if (json_unpack(object, "{s:o, s:o}", "Config", &config_object, "Image", &image_object) < 0)
                return -EBADMSG;
        previous = calloc(1, sizeof(*previous));
        if (!previous)
                return -ENOMEM;
        r = read_config(&previous->config, config_object);
        if (r >= 0)
                r = read_image(&previous->image, image_object);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(previous);
        return 0;
}

int record_parse(Unikernel *unikernel, const char *text, size_t size) {
        _cleanup_(config_clear) Config config = {};
        _cleanup_(version_freep) Version *previous = NULL;
        _cleanup_(json_decrefp) json_t *record = NULL;
        json_t *config_object, *image_object, *previous_object = NULL;
        const char *name, *wanted;
        json_int_t version, created, n_changes = 0;
        json_error_t error;
        ImageInfo image = {};
        int r;

        record = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
        if (!record)
                return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
        if (json_unpack(record, "{s:I}", "Version", &version) < 0 || version != RECORD_VERSION)
                return -EBADMSG;
        if (json_unpack(record, "{s:s, s:s, s:I, s?I, s:o, s:o, s?o}", "Name", &name, "Wanted",
                        &wanted, "CreationTimestamp", &created, "Changes", &n_changes, "Config",
                        &config_object, "Image", &image_object, "Previous", &previous_object) < 0)
                return -EBADMSG;
        if (strcmp(name, unikernel->name.text) != 0 || created < 0 || n_changes < 0 ||
            (strcmp(wanted, "running") != 0 && strcmp(wanted, "stopped") != 0))
                return -EBADMSG;
        r = read_config(&config, config_object);
        if (r >= 0)
                r = read_image(&image, image_object);
        if (r >= 0)
                r = read_previous(&previous, previous_object);
        if (r < 0)
                return r;

        unikernel->wanted = strcmp(wanted, "running") == 0;
        unikernel->created_usec = (uint64_t) created;
        unikernel->n_changes = (uint64_t) n_changes;
        unikernel->config = config;
        unikernel->image = image;
        unikernel->previous = TAKE_PTR(previous);
        config = (Config){};
        return 0;
}
