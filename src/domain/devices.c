/* SPDX-License-Identifier: ISC */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/devices.h"

#define SECTOR_SIZE_MIN 512U
#define SECTOR_SIZE_MAX 32768U /* the largest power of two in the uint16_t of mft_abi.h */

int devices_copy(Devices *ret, const Devices *devices) {
        Devices copy = {.n_nets = devices->n_nets, .n_blocks = devices->n_blocks};

        copy.nets = calloc(copy.n_nets + 1, sizeof(*copy.nets));
        copy.blocks = calloc(copy.n_blocks + 1, sizeof(*copy.blocks));
        if (!copy.nets || !copy.blocks) {
                devices_clear(&copy);
                return -ENOMEM;
        }
        if (copy.n_nets > 0)
                memcpy(copy.nets, devices->nets, copy.n_nets * sizeof(*copy.nets));
        if (copy.n_blocks > 0)
                memcpy(copy.blocks, devices->blocks, copy.n_blocks * sizeof(*copy.blocks));
        *ret = copy;
        return 0;
}

void devices_clear(Devices *devices) {
        free(devices->nets);
        free(devices->blocks);
        *devices = (Devices){};
}

static int guest_name_check(const Devices *devices, const char *guest, Fault *fault) {
        size_t length = strlen(guest);

        if (length == 0 || length > DEVICE_NAME_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "A device's name in the guest has 1 to %d letters and digits, "
                                 "\"%.80s\" has %zu characters",
                                 DEVICE_NAME_MAX, guest, length);
        for (const char *c = guest; *c; c++)
                if (!isalnum((unsigned char) *c))
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "The device \"%.80s\" has a character other than letters "
                                         "and digits in its name",
                                         guest);
        for (size_t i = 0; i < devices->n_nets; i++)
                if (strcmp(devices->nets[i].guest, guest) == 0)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "The device %s is given twice", guest);
        for (size_t i = 0; i < devices->n_blocks; i++)
                if (strcmp(devices->blocks[i].guest, guest) == 0)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "The device %s is given twice", guest);
        if (devices->n_nets + devices->n_blocks >= DEVICES_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "A unikernel has at most %u devices", DEVICES_MAX);
        return 0;
}

int devices_add_net(Devices *devices, const Net *net, Fault *fault) {
        char mac[MAC_TEXT_SIZE];
        Net *larger;
        int r;

        r = guest_name_check(devices, net->guest, fault);
        if (r < 0)
                return r;
        if (net->bridge.text[0] != '\0' && !bridge_name_is_valid(net->bridge.text))
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "No bridge can be called \"%s\"",
                                 net->bridge.text);
        if (net->mac.bytes[0] & 1U) {
                mac_format(&net->mac, mac);
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%s is a multicast address, no device can have it", mac);
        }
        larger = reallocarray(devices->nets, devices->n_nets + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        devices->nets = larger;
        devices->nets[devices->n_nets++] = *net;
        return 0;
}

static int block_check(const Block *block, Fault *fault) {
        Name label;
        int r;

        if (block->device[0] != '\0') {
                r = name_parse(&label, block->device, fault);
                if (r < 0)
                        return r;
                if (strchr(block->device, ':'))
                        return fault_set(fault, FAULT_INVALID_NAME,
                                         "A block device lives in the path of its unikernel: "
                                         "\"%.80s\" must be a label",
                                         block->device);
        }
        if (block->sector_size != 0 &&
            (block->sector_size < SECTOR_SIZE_MIN || block->sector_size > SECTOR_SIZE_MAX ||
             (block->sector_size & (block->sector_size - 1)) != 0))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "A sector has 512 to 32768 bytes, a power of two, not %u",
                                 block->sector_size);
        return 0;
}

int devices_add_block(Devices *devices, const Block *block, Fault *fault) {
        Block *larger;
        Name label;
        int r;

        r = guest_name_check(devices, block->guest, fault);
        if (r < 0)
                return r;
        r = block_check(block, fault);
        if (r < 0)
                return r;
        larger = reallocarray(devices->blocks, devices->n_blocks + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        devices->blocks = larger;
        devices->blocks[devices->n_blocks] = *block;
        if (block->device[0] != '\0') {
                /* Labels are kept in lower case. */
                r = name_parse(&label, block->device, fault);
                if (r < 0)
                        return r;
                strcpy(devices->blocks[devices->n_blocks].device, label.text);
        }
        devices->n_blocks++;
        return 0;
}

void mac_format(const Mac *mac, char ret[static MAC_TEXT_SIZE]) {
        const uint8_t *b = mac->bytes;

        snprintf(ret, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
                 b[5]);
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char) tolower((unsigned char) c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(Mac *ret, const char *text, Fault *fault) {
        Mac mac = {};

        for (size_t i = 0; i < sizeof(mac.bytes); i++) {
                const char *digits = text + 3 * i;
                char after = i + 1 < sizeof(mac.bytes) ? ':' : '\0';

                if (hex_digit(digits[0]) < 0 || hex_digit(digits[1]) < 0 || digits[2] != after)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "\"%.40s\" is no MAC address: six bytes in hexadecimal, "
                                         "like 02:00:00:00:00:01",
                                         text);
                mac.bytes[i] = (uint8_t) (hex_digit(digits[0]) << 4 | hex_digit(digits[1]));
        }
        if (!mac_is_given(&mac) || mac.bytes[0] & 1U)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%s is not the address of one device", text);
        *ret = mac;
        return 0;
}
