/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/caller.h"

void caller_clear(Caller *caller) {
        free(caller->gids);
        *caller = (Caller){};
}

static int read_groups(Caller *caller, sd_bus_message *credentials) {
        const void *gids;
        size_t size;
        int r;

        r = sd_bus_message_enter_container(credentials, 'v', "au");
        if (r < 0)
                return r;
        r = sd_bus_message_read_array(credentials, 'u', &gids, &size);
        if (r < 0)
                return r;
        free(caller->gids);
        /* Never zero bytes, for which malloc() might return NULL. */
        caller->gids = malloc(size + 1);
        if (!caller->gids)
                return -ENOMEM;
        if (size > 0)
                memcpy(caller->gids, gids, size);
        caller->n_gids = size / sizeof(*caller->gids);
        return sd_bus_message_exit_container(credentials);
}

int caller_read(Caller *ret, sd_bus_message *credentials) {
        _cleanup_(caller_clear) Caller caller = {};
        bool has_uid = false;
        const char *key;
        int r;

        r = sd_bus_message_enter_container(credentials, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(credentials, 'e', "sv")) > 0) {
                r = sd_bus_message_read_basic(credentials, 's', &key);
                if (r < 0)
                        return r;
                if (strcmp(key, "UnixUserID") == 0) {
                        has_uid = true;
                        r = sd_bus_message_read(credentials, "v", "u", &caller.uid);
                } else if (strcmp(key, "ProcessID") == 0)
                        r = sd_bus_message_read(credentials, "v", "u", &caller.pid);
                else if (strcmp(key, "UnixGroupIDs") == 0)
                        r = read_groups(&caller, credentials);
                else
                        r = sd_bus_message_skip(credentials, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(credentials);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        if (!has_uid)
                return -ENODATA;

        *ret = caller;
        caller = (Caller){};
        return 0;
}

bool caller_is(const Caller *caller, const Owner *owner) {
        if (owner->kind == OWNER_USER)
                return owner->id == caller->uid;
        for (size_t i = 0; i < caller->n_gids; i++)
                if (caller->gids[i] == owner->id)
                        return true;
        return false;
}
