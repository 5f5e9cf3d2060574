/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "network/request.h"

static bool mac_is_usable(const uint8_t mac[static NETWORK_MAC_SIZE]) {
        static const uint8_t none[NETWORK_MAC_SIZE];

        return !(mac[0] & 1) && memcmp(mac, none, sizeof(none)) != 0;
}

static int check_tap(const NetworkRequest *request) {
        if (request->uid == 0 || request->uid == UINT32_MAX)
                return -EINVAL;
        if (request->flags & ~(NETWORK_ISOLATED | NETWORK_UNLOCKED))
                return -EINVAL;
        if (!memchr(request->bridge.text, '\0', sizeof(request->bridge.text)) ||
            !memchr(request->unikernel, '\0', sizeof(request->unikernel)))
                return -EINVAL;
        /* They become an alias, which people read on their terminals. */
        if (!text_is_plain(request->bridge.text) || !text_is_plain(request->unikernel))
                return -EINVAL;
        return mac_is_usable(request->mac) ? 0 : -EINVAL;
}

int request_check(const RequestMessage *message, size_t size, size_t n_fds) {
        const NetworkRequest *request = &message->request;
        size_t n_fds_due = 0;
        int r = 0;

        if (size < sizeof(*request) || request->version != NETWORK_WIRE_VERSION ||
            request->n_names > NETWORK_NAMES_MAX ||
            size != sizeof(*request) + request->n_names * sizeof(NetworkName))
                return -EPROTO;
        if (request->reserved != 0)
                return -EINVAL;

        switch ((NetworkVerb) request->verb) {
        case NETWORK_MAKE_TAP:
                r = check_tap(request);
                break;
        case NETWORK_PERSIST_TAP:
                n_fds_due = 1;
                break;
        case NETWORK_REMOVE_TAPS:
                for (uint32_t i = 0; i < request->n_names; i++)
                        if (!memchr(message->names[i].text, '\0', sizeof(NetworkName)))
                                return -EINVAL;
                break;
        case NETWORK_LIST_TAPS:
        case NETWORK_WATCH_BRIDGES:
                break;
        default:
                return -EPROTO;
        }
        if (r < 0)
                return r;
        if (request->n_names > 0 && request->verb != NETWORK_REMOVE_TAPS)
                return -EINVAL;
        return n_fds == n_fds_due ? 0 : -EINVAL;
}

bool tap_name_is_ours(const char *name) {
        uint64_t number;

        if (strncmp(name, NETWORK_PREFIX, strlen(NETWORK_PREFIX)) != 0)
                return false;
        return number_parse(name + strlen(NETWORK_PREFIX), NETWORK_NUMBER_MAX - 1, &number) == 0;
}
