/* SPDX-License-Identifier: ISC */

/*
 * Devices as somebody writes them, one a line: "n" or "b" and the text of --net= or --block=, or
 * "N" or "B" and a name that an image wants. All of them together are matched.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/device-match.h"
#include "domain/device-text.h"
#include "fuzz.h"

#define WANTED_MAX 8

static bool net_is_same(const Net *one, const Net *other) {
        return strcmp(one->guest, other->guest) == 0 &&
               strcmp(one->bridge.text, other->bridge.text) == 0 &&
               memcmp(&one->mac, &other->mac, sizeof(Mac)) == 0 &&
               one->isolated == other->isolated && one->unlocked == other->unlocked;
}

static bool block_is_same(const Block *one, const Block *other) {
        return strcmp(one->guest, other->guest) == 0 && strcmp(one->device, other->device) == 0 &&
               one->sector_size == other->sector_size;
}

static int give_net(Devices *devices, const char *text) {
        const Net untouched = {.guest = "untouched"};
        Net net = untouched, again = {};
        char written[NET_TEXT_SIZE];
        Fault fault = {};
        int r;

        r = net_parse(&net, text, &fault);
        if (r < 0) {
                property(net_is_same(&net, &untouched), "a refused network leaves no trace");
        } else {
                net_format(&net, written);
                property(net_parse(&again, written, NULL) == 0 && net_is_same(&net, &again),
                         "what was written is read as the same");
                r = devices_add_net(devices, &net, &fault);
        }
        if (r < 0)
                property_refusal(r, &fault);
        return r;
}

static int give_block(Devices *devices, const char *text) {
        const Block untouched = {.guest = "untouched"};
        Block block = untouched, again = {};
        char written[BLOCK_TEXT_SIZE];
        Fault fault = {};
        int r;

        r = block_parse(&block, text, &fault);
        if (r < 0) {
                property(block_is_same(&block, &untouched), "a refused device leaves no trace");
        } else {
                block_format(&block, written);
                property(block_parse(&again, written, NULL) == 0 && block_is_same(&block, &again),
                         "what was written is read as the same");
                r = devices_add_block(devices, &block, &fault);
        }
        if (r < 0)
                property_refusal(r, &fault);
        return r;
}

static bool is_wanted(const DeviceWanted *wanted, size_t n, DeviceKind kind, const char *guest) {
        for (size_t i = 0; i < n; i++)
                if (wanted[i].kind == kind && strcmp(wanted[i].guest, guest) == 0)
                        return true;
        return false;
}

static bool match(Devices *devices, const DeviceWanted *wanted, size_t n_wanted, unsigned offered) {
        BridgeName names[] = {{"br0"}, {"br1"}};
        const Bridges bridges = {.names = names, .n = offered % 3};
        const DeviceOffer offer = {wanted, n_wanted, &bridges, offered & 4};
        size_t n = devices->n_nets + devices->n_blocks;
        Fault fault = {};
        int r;

        r = devices_match(devices, &offer, &fault);
        if (r < 0) {
                property_refusal(r, &fault);
                property(devices->n_nets + devices->n_blocks == n, "a refusal changes nothing");
                return false;
        }
        property(devices->n_nets + devices->n_blocks == n_wanted, "all that is wanted is there");
        for (size_t i = 0; i < devices->n_nets; i++)
                property(is_wanted(wanted, n_wanted, DEVICE_NET, devices->nets[i].guest) &&
                                 bridge_name_is_valid(devices->nets[i].bridge.text),
                         "each network is wanted and has a bridge");
        for (size_t i = 0; i < devices->n_blocks; i++)
                property(is_wanted(wanted, n_wanted, DEVICE_BLOCK, devices->blocks[i].guest) &&
                                 devices->blocks[i].device[0] != '\0' &&
                                 devices->blocks[i].sector_size >= 512,
                         "each block device is wanted and has a label and a sector size");
        return true;
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        _cleanup_(devices_clear) Devices devices = {};
        DeviceWanted wanted[WANTED_MAX] = {};
        size_t n_wanted = 0;
        char *rest = text, *line;
        bool is_right = true;

        while ((line = strsep(&rest, "\n"))) {
                if (line[0] == 'n')
                        is_right = give_net(&devices, line + 1) >= 0 && is_right;
                else if (line[0] == 'b')
                        is_right = give_block(&devices, line + 1) >= 0 && is_right;
                else if ((line[0] == 'N' || line[0] == 'B') && n_wanted < WANTED_MAX &&
                         strlen(line + 1) <= DEVICE_NAME_MAX)
                        wanted[n_wanted++] = (DeviceWanted){
                                line[0] == 'N' ? DEVICE_NET : DEVICE_BLOCK, line + 1};
        }
        return match(&devices, wanted, n_wanted, (unsigned) size % 8) && is_right;
}
