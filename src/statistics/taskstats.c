/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <linux/taskstats.h>
#include <netlink/attr.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "statistics/generic.h"
#include "statistics/parse.h"
#include "statistics/taskstats.h"

#define BLOCK_SIZE 512U

typedef struct Asked {
        const Target *targets;
        Figures *figures;
        uint32_t n;
        int family;
} Asked;

/* False when the kernel's structure, which grows at its end, ends before it. */
static bool read_member(struct nlattr *stats, size_t offset, uint64_t *ret) {
        if (offset + sizeof(*ret) > (size_t) nla_len(stats))
                return false;
        memcpy(ret, (const char *) nla_data(stats) + offset, sizeof(*ret));
        return true;
}

int taskstats_parse(struct nlmsghdr *header, uint32_t *ret_pid, Figures *figures) {
        static const struct nla_policy policy[TASKSTATS_TYPE_MAX + 1] = {
                [TASKSTATS_TYPE_PID] = {.type = NLA_U32},
                [TASKSTATS_TYPE_AGGR_PID] = {.type = NLA_NESTED},
        };
        struct nlattr *found[TASKSTATS_TYPE_MAX + 1], *of[TASKSTATS_TYPE_MAX + 1];
        uint64_t bytes;

        if (nlmsg_parse(header, sizeof(struct genlmsghdr), found, TASKSTATS_TYPE_MAX, policy) < 0 ||
            !found[TASKSTATS_TYPE_AGGR_PID] ||
            nla_parse_nested(of, TASKSTATS_TYPE_MAX, found[TASKSTATS_TYPE_AGGR_PID], policy) < 0 ||
            !of[TASKSTATS_TYPE_PID] || !of[TASKSTATS_TYPE_STATS])
                return -EBADMSG;
        *ret_pid = nla_get_u32(of[TASKSTATS_TYPE_PID]);
        if (read_member(of[TASKSTATS_TYPE_STATS], offsetof(struct taskstats, read_bytes), &bytes))
                figures_set(figures, FIGURE_INBLOCK, bytes / BLOCK_SIZE);
        if (read_member(of[TASKSTATS_TYPE_STATS], offsetof(struct taskstats, write_bytes), &bytes))
                figures_set(figures, FIGURE_OUTBLOCK, bytes / BLOCK_SIZE);
        return 0;
}

/* Answers have the order of the questions, but some questions have none. */
static int take_stats(void *userdata, struct nlmsghdr *header) {
        Asked *asked = userdata;
        Figures figures = {};
        uint32_t pid;

        if (header->nlmsg_type != asked->family || taskstats_parse(header, &pid, &figures) < 0)
                return 0;
        for (uint32_t i = 0; i < asked->n; i++)
                if (asked->targets[i].wire->pid == pid)
                        asked->figures[i] = figures;
        return 0;
}

static int ask(Netlink *generic, Asked *asked) {
        Batch batch = {};
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < asked->n; i++) {
                struct nl_msg *message = generic_add(&batch, asked->family, TASKSTATS_CMD_GET, 0);

                if (!message ||
                    nla_put_u32(message, TASKSTATS_CMD_ATTR_PID, asked->targets[i].wire->pid) < 0)
                        r = -ENOMEM;
        }
        if (r == 0)
                r = netlink_talk(generic, &batch, take_stats, asked);
        batch_clear(&batch);
        return r;
}

void taskstats_read(Netlink *generic, const Target *targets, uint32_t n, Figures *figures) {
        int family, r = 0;

        /* A kernel that does not count this has no such file, but zeros in its answers. */
        if (access("/proc/self/io", F_OK) < 0)
                return;
        family = generic_family(generic, TASKSTATS_GENL_NAME);
        if (family < 0)
                return;
        for (uint32_t i = 0; i < n && (r >= 0 || r == -ESRCH); i += NETLINK_BATCH_MAX) {
                Asked asked = {
                        .targets = targets + i,
                        .figures = figures + i,
                        .n = MIN_OF(n - i, NETLINK_BATCH_MAX),
                        .family = family,
                };

                r = ask(generic, &asked);
        }
}
