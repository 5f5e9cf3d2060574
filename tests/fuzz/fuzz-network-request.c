/* SPDX-License-Identifier: ISC */

/* What the network service is asked to do. The first byte is the number of descriptors that come
 * with it. */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "fuzz.h"
#include "network/request.h"

static bool text_ends(const char *text, size_t size) {
        return memchr(text, '\0', size);
}

bool fuzz_input(const uint8_t *data, size_t size) {
        static RequestMessage message;
        Bytes bytes = {data, size};
        size_t n_fds = bytes_take(&bytes) % (PACKET_FDS_MAX + 1);
        const NetworkRequest *request = &message.request;
        int r;

        /* It is received into a whole message, and never more than that. */
        memset(&message, 0, sizeof(message));
        memcpy(&message, bytes.data, MIN_OF(bytes.size, sizeof(message)));
        r = request_check(&message, bytes.size, n_fds);
        if (r < 0) {
                property(r == -EPROTO || r == -EINVAL, "a request is refused in one of two ways");
                return false;
        }

        property(bytes.size == sizeof(*request) + request->n_names * sizeof(NetworkName) &&
                         bytes.size <= sizeof(message),
                 "a request is whole");
        property(n_fds == (request->verb == NETWORK_PERSIST_TAP),
                 "a descriptor comes with what takes one");
        property(request->n_names == 0 || request->verb == NETWORK_REMOVE_TAPS,
                 "names come with what takes some");
        for (uint32_t i = 0; i < request->n_names; i++)
                property(text_ends(message.names[i].text, sizeof(message.names[i].text)),
                         "names are terminated");
        if (request->verb != NETWORK_MAKE_TAP)
                return true;
        property(request->uid > 0 && request->uid < UINT32_MAX, "a tap has an owner, not root");
        property(!(request->mac[0] & 1), "a MAC is that of one");
        property(text_ends(request->bridge.text, sizeof(request->bridge.text)) &&
                         text_ends(request->unikernel, sizeof(request->unikernel)),
                 "the texts of a request are terminated");
        property(!strpbrk(request->unikernel, "\n\t \x1b"), "an alias is one word");
        return true;
}
