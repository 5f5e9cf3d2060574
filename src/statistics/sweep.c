/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/say.h"
#include "statistics/files.h"
#include "statistics/kvm.h"
#include "statistics/links.h"
#include "statistics/parse.h"
#include "statistics/sweep.h"
#include "statistics/taskstats.h"

/* io.stat has a line for each disk. */
#define FILE_MAX (64U * 1024U)

/* What is asked for all targets at once. */
typedef struct Common {
        HostLinks links;
        KvmMachines machines;
        Figures *taskstats; /* one for each target */
} Common;

static void common_clear(Common *common) {
        host_links_clear(&common->links);
        kvm_close(&common->machines);
        free(common->taskstats);
}

int sweep_open(Sweep *sweep) {
        int r;

        sweep->ticks = (uint64_t) sysconf(_SC_CLK_TCK);
        sweep->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (sweep->proc_fd < 0)
                return -errno;
        sweep->cgroup_fd = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (sweep->cgroup_fd < 0)
                return -errno;
        r = netlink_open(&sweep->route, NETLINK_ROUTE, 0);
        if (r < 0)
                return r;
        return netlink_open(&sweep->generic, NETLINK_GENERIC, 0);
}

static int common_read(Common *common, Sweep *sweep, const Target *targets, uint32_t n) {
        bool have_taps = false;
        int r;

        for (uint32_t i = 0; i < n && !have_taps; i++)
                have_taps = targets[i].wire->n_taps > 0;
        if (have_taps) {
                r = host_links_read(&common->links, &sweep->route, &sweep->generic);
                if (r < 0) {
                        say(LOG_WARNING, "The interfaces of the host can't be listed: %s",
                            strerror(-r));
                        host_links_clear(&common->links);
                }
        }
        r = kvm_open(&common->machines);
        if (r < 0)
                return r;
        common->taskstats = calloc(n + 1U, sizeof(*common->taskstats));
        if (!common->taskstats)
                return -ENOMEM;
        taskstats_read(&sweep->generic, targets, n, common->taskstats);
        return 0;
}

/* --- one target --- */

static void take_file(int dir_fd, FigureSource source, Figures *figures) {
        static char text[FILE_MAX];

        if (file_text(dir_fd, figure_source_name(source), text, sizeof(text)) >= 0)
                parse_file(source, text, figures);
}

static void read_group(int cgroup_fd, const char *group, Figures *figures) {
        _cleanup_(fd_closep) int fd = -1;

        fd = openat(cgroup_fd, group + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return;
        for (FigureSource source = 0; source < FIGURE_N_SOURCES; source++)
                if (figure_source_is_cgroup(source))
                        take_file(fd, source, figures);
}

static void compute(const Sweep *sweep, uint64_t start_ticks, Figures *figures) {
        uint64_t boot = clock_usec(CLOCK_BOOTTIME), start, used;

        figures_set(figures, FIGURE_TIMESTAMP, clock_usec(CLOCK_REALTIME));
        figures_set(figures, FIGURE_RUNTIME,
                    figures->values[FIGURE_UTIME] + figures->values[FIGURE_STIME]);
        if (__builtin_mul_overflow(start_ticks, 1000000U, &start))
                return;
        start /= sweep->ticks;
        if (start >= boot)
                return;
        used = figures->values[figures_have(figures, FIGURE_CPU_USAGE) ? FIGURE_CPU_USAGE
                                                                       : FIGURE_RUNTIME];
        figures_set(figures, FIGURE_CPU_PERCENT,
                    figure_from_double(100.0 * (double) used / (double) (boot - start)));
}

/* Its folder stays that of this very process: when its number is given to another one, nothing can
 * be read there any more. So what was read elsewhere by its number counts if it is there still. */
static int read_process(Sweep *sweep, const StatisticsTarget *target, Figures *figures) {
        _cleanup_(fd_closep) int fd = -1;
        char name[16], text[1024];
        ProcessStat stat;
        int r;

        snprintf(name, sizeof(name), "%u", target->pid);
        fd = openat(sweep->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -ESRCH;
        take_file(fd, FIGURE_STATUS, figures);
        r = file_text(fd, figure_source_name(FIGURE_STAT), text, sizeof(text));
        if (r >= 0)
                r = parse_stat(text, sweep->ticks, figures, &stat);
        if (r < 0 || stat.start_ticks != target->start_ticks || strchr("ZXx", stat.state))
                return -ESRCH;
        return 0;
}

static int add_interfaces(const HostLinks *links, const Target *target, Reply *reply) {
        int n = 0;

        for (uint32_t i = 0; i < target->wire->n_taps; i++) {
                const HostLink *link = host_links_find(links, target->taps[i].text), *master;
                StatisticsInterface *interface;

                if (!link)
                        continue;
                interface = reply_add(reply, sizeof(*interface));
                if (!interface)
                        return -ENOMEM;
                master = link->master > 0 ? host_links_at(links, link->master) : NULL;
                strcpy(interface->name, link->name);
                if (master)
                        strcpy(interface->bridge, master->name);
                interface->tap = i;
                interface->present = link->present;
                memcpy(interface->values, link->values, sizeof(interface->values));
                n++;
        }
        return n;
}

/* Returns 0, and adds nothing, when the process is not there. */
static int add_sample(Sweep *sweep,
                      const Common *common,
                      const Target *target,
                      uint32_t place,
                      Reply *reply) {
        StatisticsSample sample = {.target = place, .figures = common->taskstats[place]};
        size_t offset = reply->size;
        int n_interfaces, n_counters;

        if (!reply_add(reply, sizeof(sample)))
                return -ENOMEM;
        read_group(sweep->cgroup_fd, target->group, &sample.figures);
        n_interfaces = add_interfaces(&common->links, target, reply);
        if (n_interfaces < 0)
                return n_interfaces;
        n_counters = kvm_read(&common->machines, target->wire->pid, reply);
        if (n_counters < 0)
                return n_counters;
        if (read_process(sweep, target->wire, &sample.figures) < 0) {
                reply->size = offset;
                return 0;
        }
        compute(sweep, target->wire->start_ticks, &sample.figures);
        sample.n_interfaces = (uint16_t) n_interfaces;
        sample.n_counters = (uint16_t) n_counters;
        memcpy(reply->data + offset, &sample, sizeof(sample));
        reply->n_samples++;
        return 1;
}

int sweep_run(Sweep *sweep, const Target *targets, uint32_t n, Reply *reply) {
        _cleanup_(common_clear) Common common = {.machines.fd = -1};
        int r;

        r = common_read(&common, sweep, targets, n);
        for (uint32_t i = 0; r >= 0 && i < n; i++)
                r = add_sample(sweep, &common, &targets[i], i, reply);
        return r < 0 ? r : 0;
}
