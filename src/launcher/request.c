/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/text.h"
#include "launcher/request.h"

static int check_verb(const LauncherRequest *request) {
        switch ((LauncherVerb) request->verb) {
        case LAUNCHER_PROBE:
                if (request->deadline_usec == 0 ||
                    request->deadline_usec > LAUNCHER_DEADLINE_MAX_USEC)
                        return -EINVAL;
                return 0;
        case LAUNCHER_SPAWN:
                /* Both stand in the line-based header of a journal stream: no line may be smuggled
                 * into it. What else makes a good name is not decided here. */
                return text_is_plain(request->name) && text_is_plain(request->scope) ? 0 : -EINVAL;
        case LAUNCHER_SIGNAL:
                return request->signal > 0 && request->signal < NSIG ? 0 : -EINVAL;
        case LAUNCHER_OPEN:
        case LAUNCHER_LIST:
        case LAUNCHER_FORGET:
        case LAUNCHER_CANCEL:
                return 0;
        }
        return -EPROTO;
}

int request_check(const LauncherRequest *request, size_t size, size_t n_fds) {
        bool takes_fds;
        int r;

        if (size != sizeof(*request) || request->version != LAUNCHER_WIRE_VERSION)
                return -EPROTO;
        if (request->reserved != 0)
                return -EINVAL;
        if (!memchr(request->name, '\0', sizeof(request->name)) ||
            !memchr(request->scope, '\0', sizeof(request->scope)))
                return -EINVAL;
        r = check_verb(request);
        if (r < 0)
                return r;

        takes_fds = request->verb == LAUNCHER_PROBE || request->verb == LAUNCHER_OPEN;
        if (takes_fds ? n_fds < 2 || n_fds > 2 + LAUNCHER_PASS_MAX : n_fds > 0)
                return -EINVAL;
        return 0;
}
