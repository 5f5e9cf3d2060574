/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Devices as they are written on a command line: GUEST[:BRIDGE][@MAC][,isolated][,nolock] for a
 * network, GUEST[:DEVICE][@SECTOR] for a block device.
 */

#include "domain/devices.h"

/* Each takes @text apart; what the parts may be is for devices_add_net() and devices_add_block() to
 * say. *@ret is filled on success only. */
int net_parse(Net *ret, const char *text, Fault *fault);
int block_parse(Block *ret, const char *text, Fault *fault);

/* "service:br0@00:80:41:0a:0b:0c,isolated", as the parser takes it. */
#define NET_TEXT_SIZE   (DEVICE_NAME_MAX + IFNAMSIZ + MAC_TEXT_SIZE + sizeof(":@,isolated,nolock"))
#define BLOCK_TEXT_SIZE (DEVICE_NAME_MAX + NAME_LABEL_MAX + sizeof(":@4294967295"))
void net_format(const Net *net, char ret[static NET_TEXT_SIZE]);
void block_format(const Block *block, char ret[static BLOCK_TEXT_SIZE]);
