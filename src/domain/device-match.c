/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/device-match.h"

#define SECTOR_SIZE_DEFAULT 512U

static const char *const kind_names[] = {[DEVICE_NET] = "network", [DEVICE_BLOCK] = "block device"};

static size_t count_wanted(const DeviceWanted *wanted, size_t n_wanted, DeviceKind kind) {
        size_t n = 0;

        for (size_t i = 0; i < n_wanted; i++)
                n += wanted[i].kind == kind;
        return n;
}

static bool is_wanted(const DeviceOffer *offer, DeviceKind kind, const char *guest) {
        for (size_t i = 0; i < offer->n_wanted; i++)
                if (offer->wanted[i].kind == kind && strcmp(offer->wanted[i].guest, guest) == 0)
                        return true;
        return false;
}

/* A label is kept in lower case, a device's name in the guest is not. A path and a label are no
 * label: what they name is not in the unikernel's path, and may be longer. */
static int label_from_guest(const char *guest, char ret[static NAME_LABEL_MAX + 1]) {
        Name label;
        int r;

        r = name_parse(&label, guest, NULL);
        if (r < 0)
                return r;
        if (strchr(guest, ':'))
                return -EINVAL;
        strcpy(ret, label.text);
        return 0;
}

bool devices_lone_block(const Devices *devices,
                        const DeviceWanted *wanted,
                        size_t n_wanted,
                        char ret[static NAME_LABEL_MAX + 1]) {
        if (devices->n_blocks > 0 || count_wanted(wanted, n_wanted, DEVICE_BLOCK) != 1)
                return false;
        for (size_t i = 0; i < n_wanted; i++)
                if (wanted[i].kind == DEVICE_BLOCK)
                        return label_from_guest(wanted[i].guest, ret) >= 0;
        return false;
}

/* --- refusals --- */

/* A text that is filled up, and ends in "..." when it is full. */
typedef struct Text {
        char *end;
        size_t room;
} Text;

static void text_add(Text *text, const char *word) {
        size_t length = strlen(word);

        if (text->room == 0)
                return;
        if (length + sizeof("...") > text->room) {
                strcpy(text->end, "...");
                text->room = 0;
                return;
        }
        memcpy(text->end, word, length + 1);
        text->end += length;
        text->room -= length;
}

/* What would fit behind --net=GUEST; NULL where nothing does. */
static const char *bridge_to_give(const Devices *devices,
                                  const DeviceOffer *offer,
                                  const char *guest) {
        for (size_t i = 0; i < devices->n_nets; i++)
                if (strcmp(devices->nets[i].guest, guest) == 0 &&
                    devices->nets[i].bridge.text[0] != '\0')
                        return devices->nets[i].bridge.text;
        if (offer->bridges->n == 0)
                return NULL;
        return offer->bridges->n == 1 ? offer->bridges->names[0].text : "BRIDGE";
}

static void add_option(Text *text,
                       const Devices *devices,
                       const DeviceOffer *offer,
                       const DeviceWanted *wanted) {
        const char *bridge = NULL;

        if (wanted->kind == DEVICE_NET)
                bridge = bridge_to_give(devices, offer, wanted->guest);
        text_add(text, wanted->kind == DEVICE_NET ? " --net=" : " --block=");
        text_add(text, wanted->guest);
        if (bridge) {
                text_add(text, ":");
                text_add(text, bridge);
        }
}

/* "Give it: --net=service:br0 --block=storage". Of several bridges one has to be chosen. */
static void hint_options(const Devices *devices, const DeviceOffer *offer, Fault *fault) {
        char options[FAULT_HINT_MAX + 1 - sizeof("Give it:")];
        Text text = {.end = options, .room = sizeof(options)};

        if (offer->n_wanted == 0) {
                fault_hint(fault, "Leave out --net= and --block=, or, where there were some, give "
                                  "them empty");
                return;
        }
        for (size_t i = 0; i < offer->n_wanted; i++)
                add_option(&text, devices, offer, &offer->wanted[i]);
        fault_hint(fault, "Give it:%s", options);
}

/* "the network service, the block device data" */
static void list_wanted(const DeviceOffer *offer, char *ret, size_t size) {
        Text text = {.end = ret, .room = size};

        *ret = '\0';
        if (offer->n_wanted == 0)
                text_add(&text, "no devices");
        for (size_t i = 0; i < offer->n_wanted; i++) {
                text_add(&text, i == 0 ? "the " : ", the ");
                text_add(&text, kind_names[offer->wanted[i].kind]);
                text_add(&text, " ");
                text_add(&text, offer->wanted[i].guest);
        }
}

static int refuse(const Devices *devices,
                  const DeviceOffer *offer,
                  const char *what,
                  Fault *fault) {
        char wanted[FAULT_MESSAGE_MAX / 2];
        int r;

        list_wanted(offer, wanted, sizeof(wanted));
        r = fault_set(fault, FAULT_DEVICE_MISMATCH, "%s; the image wants %s", what, wanted);
        hint_options(devices, offer, fault);
        return r;
}

static int refuse_given(const Devices *devices,
                        const DeviceOffer *offer,
                        const char *guest,
                        DeviceKind kind,
                        Fault *fault) {
        DeviceKind other = kind == DEVICE_NET ? DEVICE_BLOCK : DEVICE_NET;
        char what[2 * DEVICE_NAME_MAX + 80];

        if (is_wanted(offer, other, guest))
                snprintf(what, sizeof(what), "%s is given as a %s, and is a %s", guest,
                         kind_names[kind], kind_names[other]);
        else
                snprintf(what, sizeof(what), "The %s %s is given, and is not there",
                         kind_names[kind], guest);
        return refuse(devices, offer, what, fault);
}

static int refuse_missing(const Devices *devices,
                          const DeviceOffer *offer,
                          DeviceKind kind,
                          Fault *fault) {
        size_t n = count_wanted(offer->wanted, offer->n_wanted, kind);
        char what[80];

        snprintf(what, sizeof(what), "%zu of %zu %ss are given",
                 kind == DEVICE_NET ? devices->n_nets : devices->n_blocks, n, kind_names[kind]);
        return refuse(devices, offer, what, fault);
}

/* --- filling in --- */

static int fill_bridge(Net *net, const Devices *given, const DeviceOffer *offer, Fault *fault) {
        char bridges[FAULT_MESSAGE_MAX / 2];
        int r;

        if (net->bridge.text[0] != '\0')
                return 0;
        if (offer->bridges->n == 0)
                return fault_set(fault, FAULT_NO_SUCH_BRIDGE,
                                 "There is no bridge for the network %s: the host has none that "
                                 "the policies allow",
                                 net->guest);
        if (offer->bridges->n > 1) {
                bridges_format(offer->bridges, bridges, sizeof(bridges));
                r = fault_set(fault, FAULT_DEVICE_MISMATCH, "The network %s can be on one of %s",
                              net->guest, bridges);
                hint_options(given, offer, fault);
                return r;
        }
        net->bridge = offer->bridges->names[0];
        return 0;
}

static int fill_block(Block *block, Fault *fault) {
        if (block->sector_size == 0)
                block->sector_size = SECTOR_SIZE_DEFAULT;
        if (block->device[0] != '\0' || label_from_guest(block->guest, block->device) >= 0)
                return 0;
        return fault_set(fault, FAULT_INVALID_NAME,
                         "No block device can be called %.20s...: give one for it", block->guest);
}

/* The only network of an image, and its only block device, go without saying. */
static int add_left_out(Devices *filled, const DeviceOffer *offer, Fault *fault) {
        size_t n_nets = count_wanted(offer->wanted, offer->n_wanted, DEVICE_NET);
        char label[NAME_LABEL_MAX + 1];
        int r = 0;

        for (size_t i = 0; i < offer->n_wanted && filled->n_nets == 0 && r >= 0; i++)
                if (n_nets == 1 && offer->wanted[i].kind == DEVICE_NET && offer->bridges->n == 1) {
                        Net net = {.bridge = offer->bridges->names[0]};

                        snprintf(net.guest, sizeof(net.guest), "%s", offer->wanted[i].guest);
                        r = devices_add_net(filled, &net, fault);
                }
        if (r < 0 || !offer->has_block ||
            !devices_lone_block(filled, offer->wanted, offer->n_wanted, label))
                return r;
        for (size_t i = 0; i < offer->n_wanted && r >= 0; i++)
                if (offer->wanted[i].kind == DEVICE_BLOCK) {
                        Block block = {};

                        snprintf(block.guest, sizeof(block.guest), "%s", offer->wanted[i].guest);
                        strcpy(block.device, label);
                        r = devices_add_block(filled, &block, fault);
                }
        return r;
}

static int check_given(const Devices *devices, const DeviceOffer *offer, Fault *fault) {
        for (size_t i = 0; i < devices->n_nets; i++)
                if (!is_wanted(offer, DEVICE_NET, devices->nets[i].guest))
                        return refuse_given(devices, offer, devices->nets[i].guest, DEVICE_NET,
                                            fault);
        for (size_t i = 0; i < devices->n_blocks; i++)
                if (!is_wanted(offer, DEVICE_BLOCK, devices->blocks[i].guest))
                        return refuse_given(devices, offer, devices->blocks[i].guest, DEVICE_BLOCK,
                                            fault);
        return 0;
}

/* Each is wanted and none is given twice: as many as are wanted are the same set. */
static int check_missing(const Devices *devices, const DeviceOffer *offer, Fault *fault) {
        if (devices->n_nets != count_wanted(offer->wanted, offer->n_wanted, DEVICE_NET))
                return refuse_missing(devices, offer, DEVICE_NET, fault);
        if (devices->n_blocks != count_wanted(offer->wanted, offer->n_wanted, DEVICE_BLOCK))
                return refuse_missing(devices, offer, DEVICE_BLOCK, fault);
        return 0;
}

int devices_match(Devices *devices, const DeviceOffer *offer, Fault *fault) {
        _cleanup_(devices_clear) Devices filled = {};
        int r;

        r = check_given(devices, offer, fault);
        if (r < 0)
                return r;
        r = devices_copy(&filled, devices);
        if (r < 0)
                return r;
        r = add_left_out(&filled, offer, fault);
        if (r < 0)
                return r;
        r = check_missing(&filled, offer, fault);
        if (r < 0)
                return r;
        for (size_t i = 0; i < filled.n_nets && r >= 0; i++)
                r = fill_bridge(&filled.nets[i], devices, offer, fault);
        for (size_t i = 0; i < filled.n_blocks && r >= 0; i++)
                r = fill_block(&filled.blocks[i], fault);
        if (r < 0)
                return r;

        devices_clear(devices);
        *devices = filled;
        filled = (Devices){};
        return 0;
}
