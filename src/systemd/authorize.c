/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "systemd/authorize.h"

/* CheckAuthorizationFlags of org.freedesktop.PolicyKit1.Authority. */
#define ALLOW_USER_INTERACTION 1U

/* A password is typed meanwhile: as long as polkit itself lets people think. In microseconds. */
#define ANSWER_TIMEOUT (300ULL * 1000000ULL)

typedef struct Query {
        Authorized handler;
        void *userdata;
} Query;

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Query *query = userdata;
        int authorized = false, challenge = false;
        int r;

        r = sd_bus_message_get_errno(reply);
        if (r > 0)
                /* polkit is not there, does not answer, or does not know the sender any more. */
                r = -ECONNREFUSED;
        else {
                r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
                if (r > 0)
                        r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
                if (r >= 0)
                        r = authorized ? 0 : -EACCES;
        }
        query->handler(query->userdata, r);
        return 0;
}

static int append_details(sd_bus_message *query, const AuthorizeRequest *request) {
        const struct {
                const char *key, *value;
        } details[] = {
                {"verb", request->verb},     {"name", request->name},
                {"path", request->path},     {"owners", request->owners},
                {"others", request->others}, {"polkit.message", request->message},
        };
        int r;

        r = sd_bus_message_open_container(query, 'a', "{ss}");
        for (size_t i = 0; r >= 0 && i < N_ELEMENTS(details); i++)
                if (details[i].value)
                        r = sd_bus_message_append(query, "{ss}", details[i].key, details[i].value);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(query);
}

static void query_free(void *query) {
        free(query);
}

int authorize(sd_bus_slot **ret,
              sd_bus_message *message,
              const AuthorizeRequest *request,
              Authorized handler,
              void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(freep) Query *query = NULL;
        sd_bus *bus = sd_bus_message_get_bus(message);
        const char *sender = sd_bus_message_get_sender(message);
        bool interactive;
        int r;

        /* On the private socket nobody has a name; but there only root comes, and root is not
         * asked about. */
        if (!sender)
                return -EACCES;

        r = sd_bus_message_get_allow_interactive_authorization(message);
        if (r < 0)
                return r;
        interactive = r > 0;

        r = sd_bus_message_new_method_call(
                bus, &call, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "(sa{sv})s", "system-bus-name", 1, "name", "s", sender,
                                  request->action);
        if (r < 0)
                return r;
        r = append_details(call, request);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "us", interactive ? ALLOW_USER_INTERACTION : 0U, "");
        if (r < 0)
                return r;

        query = calloc(1, sizeof(*query));
        if (!query)
                return -ENOMEM;
        query->handler = handler;
        query->userdata = userdata;
        r = sd_bus_call_async(bus, ret, call, on_answer, query, ANSWER_TIMEOUT);
        if (r < 0)
                return r;
        sd_bus_slot_set_destroy_callback(*ret, query_free);
        TAKE_PTR(query);
        return 0;
}
