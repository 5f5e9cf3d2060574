/* SPDX-License-Identifier: ISC */

/* What the launcher is asked to do. The first byte is the number of descriptors that come with it.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "fuzz.h"
#include "launcher/request.h"

bool fuzz_input(const uint8_t *data, size_t size) {
        Bytes bytes = {data, size};
        size_t n_fds = bytes_take(&bytes) % (PACKET_FDS_MAX + 1);
        LauncherRequest request = {};
        int r;

        /* It is received into a whole request, and never more than that. */
        memcpy(&request, bytes.data, MIN_OF(bytes.size, sizeof(request)));
        r = request_check(&request, bytes.size, n_fds);
        if (r < 0) {
                property(r == -EPROTO || r == -EINVAL, "a request is refused in one of two ways");
                return false;
        }

        property(bytes.size == sizeof(request) && request.version == LAUNCHER_WIRE_VERSION,
                 "a request is whole and of our version");
        property(memchr(request.name, '\0', sizeof(request.name)) &&
                         memchr(request.scope, '\0', sizeof(request.scope)),
                 "the texts of a request are terminated");
        switch (request.verb) {
        case LAUNCHER_PROBE:
                property(request.deadline_usec > 0 &&
                                 request.deadline_usec <= LAUNCHER_DEADLINE_MAX_USEC,
                         "a probe has a deadline");
                break;
        case LAUNCHER_SPAWN:
                property(request.name[0] && request.scope[0] && !strpbrk(request.name, "\n\t ") &&
                                 !strpbrk(request.scope, "\n\t "),
                         "a tender has a name and a scope, each one word");
                break;
        case LAUNCHER_SIGNAL:
                property(request.signal > 0 && request.signal < NSIG, "a signal is one");
                break;
        }
        if (request.verb == LAUNCHER_PROBE || request.verb == LAUNCHER_OPEN)
                property(n_fds >= 2 && n_fds <= 2 + LAUNCHER_PASS_MAX,
                         "a program comes with its command line");
        else
                property(n_fds == 0, "nothing else comes with descriptors");
        return true;
}
