/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "ctl/device-word.h"

/* The string at @i, when it is one and fits. */
static bool copy_string(const json_t *array, size_t i, char *ret, size_t size) {
        const char *text = json_string_value(json_array_get(array, i));

        if (!text || strlen(text) >= size)
                return false;
        strcpy(ret, text);
        return true;
}

static bool net_from_json(Net *net, const json_t *array) {
        const char *mac = json_string_value(json_array_get(array, 2));
        const json_t *isolated = json_array_get(array, 3), *unlocked = json_array_get(array, 4);

        if (json_array_size(array) != 5 || !json_is_boolean(isolated) || !json_is_boolean(unlocked))
                return false;
        if (!mac || (mac[0] && mac_parse(&net->mac, mac, NULL) < 0))
                return false;
        net->isolated = json_is_true(isolated);
        net->unlocked = json_is_true(unlocked);
        return copy_string(array, 0, net->guest, sizeof(net->guest)) &&
               copy_string(array, 1, net->bridge.text, sizeof(net->bridge.text));
}

static bool block_from_json(Block *block, const json_t *array) {
        const json_t *sector = json_array_get(array, 2);

        if (json_array_size(array) != 3 || !json_is_integer(sector))
                return false;
        block->sector_size = (uint32_t) json_integer_value(sector);
        return copy_string(array, 0, block->guest, sizeof(block->guest)) &&
               copy_string(array, 1, block->device, sizeof(block->device));
}

bool device_word(const json_t *device, char ret[static DEVICE_WORD_SIZE]) {
        Block block = {};
        Net net = {};

        if (net_from_json(&net, device)) {
                net_format(&net, ret);
                return true;
        }
        if (block_from_json(&block, device)) {
                block_format(&block, ret);
                return true;
        }
        return false;
}
