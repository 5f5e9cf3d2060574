/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "domain/device-text.h"

/* A part of a text: it is not terminated. */
typedef struct Part {
        const char *text;
        size_t length;
        bool given;
} Part;

/* Cuts @from at the first @separator: what is behind it is returned. */
static Part part_cut(Part *from, char separator) {
        const char *found = memchr(from->text, separator, from->length);
        Part behind = {};

        if (found) {
                behind = (Part){
                        .text = found + 1,
                        .length = from->length - (size_t) (found - from->text) - 1,
                        .given = true,
                };
                from->length = (size_t) (found - from->text);
        }
        return behind;
}

/* Copies it, where there is room for it. What stands behind a separator must not be missing. */
static int part_copy(const Part *part, const char *what, char *ret, size_t size, Fault *fault) {
        if (part->given && part->length == 0)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "The device's %s is empty", what);
        if (part->length >= size)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "\"%.20s...\" is no %s: it has %zu characters, at most %zu are "
                                 "allowed",
                                 part->text, what, part->length, size - 1);
        if (part->length > 0)
                memcpy(ret, part->text, part->length);
        ret[part->length] = '\0';
        return 0;
}

static int take_flag(Net *net, const Part *flag, Fault *fault) {
        static const char isolated[] = "isolated", nolock[] = "nolock";
        bool *target = NULL;

        if (flag->length == strlen(isolated) && memcmp(flag->text, isolated, flag->length) == 0)
                target = &net->isolated;
        else if (flag->length == strlen(nolock) && memcmp(flag->text, nolock, flag->length) == 0)
                target = &net->unlocked;
        if (!target)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "\"%.*s\" is nothing that a network can be: there are isolated "
                                 "and nolock",
                                 (int) (flag->length < 40 ? flag->length : 40), flag->text);
        if (*target)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "%.*s is given twice",
                                 (int) flag->length, flag->text);
        *target = true;
        return 0;
}

int net_parse(Net *ret, const char *text, Fault *fault) {
        Part guest = {.text = text, .length = strlen(text), .given = true};
        Part flags = part_cut(&guest, ',');
        Part mac = part_cut(&guest, '@');
        Part bridge = part_cut(&guest, ':');
        char mac_text[MAC_TEXT_SIZE] = "";
        Net net = {};
        int r;

        r = part_copy(&guest, "name in the guest", net.guest, sizeof(net.guest), fault);
        if (r < 0)
                return r;
        r = part_copy(&bridge, "bridge", net.bridge.text, sizeof(net.bridge.text), fault);
        if (r < 0)
                return r;
        r = part_copy(&mac, "MAC address", mac_text, sizeof(mac_text), fault);
        if (r < 0)
                return r;
        if (mac.given) {
                r = mac_parse(&net.mac, mac_text, fault);
                if (r < 0)
                        return r;
        }
        while (flags.given) {
                Part others = part_cut(&flags, ',');

                r = take_flag(&net, &flags, fault);
                if (r < 0)
                        return r;
                flags = others;
        }
        *ret = net;
        return 0;
}

int block_parse(Block *ret, const char *text, Fault *fault) {
        Part guest = {.text = text, .length = strlen(text), .given = true};
        Part sector = part_cut(&guest, '@');
        Part device = part_cut(&guest, ':');
        char number[sizeof("4294967295")] = "";
        uint64_t sector_size = 0;
        Block block = {};
        int r;

        r = part_copy(&guest, "name in the guest", block.guest, sizeof(block.guest), fault);
        if (r < 0)
                return r;
        r = part_copy(&device, "label", block.device, sizeof(block.device), fault);
        if (r < 0)
                return r;
        r = part_copy(&sector, "sector size", number, sizeof(number), fault);
        if (r < 0)
                return r;
        /* A 0 would be taken for one that is not given. */
        if (sector.given &&
            (number_parse(number, UINT32_MAX, &sector_size) < 0 || sector_size == 0))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "\"%s\" is no sector size: it is a number of bytes", number);
        block.sector_size = (uint32_t) sector_size;
        *ret = block;
        return 0;
}

void net_format(const Net *net, char ret[static NET_TEXT_SIZE]) {
        char mac[MAC_TEXT_SIZE] = "";
        bool has_bridge = net->bridge.text[0] != '\0', has_mac = mac_is_given(&net->mac);

        if (has_mac)
                mac_format(&net->mac, mac);
        snprintf(ret, NET_TEXT_SIZE, "%s%s%s%s%s%s%s", net->guest, has_bridge ? ":" : "",
                 net->bridge.text, has_mac ? "@" : "", mac, net->isolated ? ",isolated" : "",
                 net->unlocked ? ",nolock" : "");
}

void block_format(const Block *block, char ret[static BLOCK_TEXT_SIZE]) {
        char sector[sizeof("@4294967295")] = "";

        if (block->sector_size != 0)
                snprintf(sector, sizeof(sector), "@%u", block->sector_size);
        snprintf(ret, BLOCK_TEXT_SIZE, "%s%s%s%s", block->guest, block->device[0] ? ":" : "",
                 block->device, sector);
}
