/* SPDX-License-Identifier: ISC */
#pragma once

/* What albatrossd has already of what is to be taken over. */

#include <systemd/sd-bus.h>

#include "ctl/import/item.h"
#include "ctl/json.h"

typedef struct There {
        json_t *lists[ITEM_N_KINDS]; /* by name, with what the bus tells of each; NULL: unknown */
        Fault faults[ITEM_N_KINDS];  /* why it is unknown */
} There;

/* Asks for those kinds that @items are of, or speak of: not everybody may ask for everything.
 * Without a @bus (NULL) there is nothing. -ENOMEM. */
int there_ask(There *ret, sd_bus *bus, const Items *items);
void there_done(There *there);

/* What there is under the name of @item, as a JSON object; NULL when there is none. */
const json_t *there_find(const There *there, const Item *item);
