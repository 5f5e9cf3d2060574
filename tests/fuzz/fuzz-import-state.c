/* SPDX-License-Identifier: ISC */

/* State files of the albatross in OCaml. */

#include <string.h>

#include "base/cleanup.h"
#include "ctl/escape.h"
#include "ctl/import/state.h"
#include "domain/startup.h"
#include "fuzz.h"

static void check_unikernel(const Item *item, const uint8_t *data, size_t size) {
        property(config_check(&item->config, &item->name, NULL) >= 0,
                 "what is to be created can be created");
        property(restart_check(&item->config.restart, NULL) >= 0, "its exit rules are possible");
        property(item->config.startup <= STARTUP_MAX, "its priority is possible");
        property(item->image >= data && item->image_size <= size &&
                         item->image + item->image_size <= data + size,
                 "its image is in the file");
        for (const char *text = NULL; (text = strings_next(&item->config.arguments, text));)
                property(escape_is_utf8(text, strlen(text)), "its arguments can be sent");
}

static void check(const Item *item, const uint8_t *data, size_t size) {
        Name again;

        property(item->original != NULL, "each item has a name in the file");
        if (item->outcome == OUTCOME_FAILED) {
                property_refusal(-1, item->why);
                return;
        }
        property(item->outcome == OUTCOME_WANTED && !item->why, "nothing is done yet");
        property(name_parse(&again, item->name.text, NULL) >= 0 &&
                         strcmp(again.text, item->name.text) == 0,
                 "a name is one of ours");
        if (item->kind == ITEM_POLICY)
                property(policy_check(&item->policy, NULL) >= 0, "a policy can be set");
        else
                check_unikernel(item, data, size);
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) uint8_t *copy = fuzz_copy(data, size);
        Items items = {.block_dir_fd = -1};
        Fault fault = {};
        int r;

        r = state_read(&items, copy, size, &fault);
        if (r < 0)
                property_refusal(r, &fault);
        else {
                property(items_arrange(&items) >= 0, "items can be put into order");
                for (size_t i = 0; i < items.n_items; i++)
                        check(&items.items[i], copy, size);
        }
        items_done(&items);
        return r >= 0;
}
