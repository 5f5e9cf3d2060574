/* SPDX-License-Identifier: ISC */
#pragma once

/* Asks albatrossd to make an item; and what it would find out about an image by itself. */

#include <systemd/sd-bus.h>

#include "ctl/import/item.h"
#include "ctl/intake.h"

/* @start: a unikernel is also started. */
int create_item(sd_bus *bus, const Items *items, const Item *item, bool start, Fault *fault);

/* Looks into the image of a unikernel, as the daemon would. */
int create_look(Intake *ret, const Item *item, Fault *fault);
