/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <netlink/attr.h>

#include "statistics/generic.h"

struct nl_msg *generic_add(Batch *batch, int family, uint8_t command, int flags) {
        const struct genlmsghdr header = {.cmd = command, .version = 1};

        return batch_add(batch, family, flags, &header, sizeof(header));
}

static int take_family(void *userdata, struct nlmsghdr *header) {
        static const struct nla_policy policy[CTRL_ATTR_MAX + 1] = {
                [CTRL_ATTR_FAMILY_ID] = {.type = NLA_U16},
        };
        struct nlattr *found[CTRL_ATTR_MAX + 1];

        if (header->nlmsg_type == GENL_ID_CTRL &&
            nlmsg_parse(header, sizeof(struct genlmsghdr), found, CTRL_ATTR_MAX, policy) >= 0 &&
            found[CTRL_ATTR_FAMILY_ID])
                *(int *) userdata = nla_get_u16(found[CTRL_ATTR_FAMILY_ID]);
        return 0;
}

int generic_family(Netlink *netlink, const char *name) {
        struct nl_msg *message;
        Batch batch = {};
        int family = -ENOENT, r;

        message = generic_add(&batch, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
        r = message && nla_put_string(message, CTRL_ATTR_FAMILY_NAME, name) >= 0 ? 0 : -ENOMEM;
        if (r == 0)
                r = netlink_talk(netlink, &batch, take_family, &family);
        batch_clear(&batch);
        return r < 0 ? r : family;
}
