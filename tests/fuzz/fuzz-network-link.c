/* SPDX-License-Identifier: ISC */

/* What the kernel tells of an interface; parts of it, aliases for one, others have chosen. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "network/link.h"

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) struct nlmsghdr *header = fuzz_copy(data, size);
        Link link = {.index = 0};
        int r;

        /* Who receives it has seen to that it is whole. */
        if (!nlmsg_ok(header, (int) size))
                return false;
        r = link_parse(header, &link);
        if (r < 0) {
                property(r == -EBADMSG && link.index == 0, "a refusal leaves nothing");
                return false;
        }
        property(link.index > 0 && memchr(link.name, '\0', sizeof(link.name)),
                 "an interface has a number and a name");
        property((const char *) header <= link.alias || !*link.alias, "an alias is inside");
        property(strlen(link.alias) < size && strlen(link.kind) < size, "texts are terminated");
        (void) link_is_ours(&link);
        return true;
}
