/* SPDX-License-Identifier: ISC */
#pragma once

/* The devices that Inspect() tells of, each as the word that --net= or --block= takes. */

#include <stdbool.h>

#include "ctl/json.h"
#include "domain/device-text.h"

#define DEVICE_WORD_SIZE (NET_TEXT_SIZE > BLOCK_TEXT_SIZE ? NET_TEXT_SIZE : BLOCK_TEXT_SIZE)

/* False when @device is none: an entry of "Nets" or "Blocks" as JSON has it. */
bool device_word(const json_t *device, char ret[static DEVICE_WORD_SIZE]);
