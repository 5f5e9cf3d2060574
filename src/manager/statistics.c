/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/packet.h"
#include "manager/channel.h"
#include "manager/manager-internal.h"
#include "manager/samples.h"
#include "manager/statistics.h"
#include "systemd/log.h"

#define STATISTICS_SOCKET ALBATROSS_RUNTIMEDIR "/statistics"

/* Thousands of unikernels take a second on a slow machine; it is started for that, too. */
#define PATIENCE_USEC (10ULL * 1000ULL * 1000ULL)

/* How long one turn of the loop may take. */
#define SLICE_USEC 2000ULL

typedef struct Asked {
        ListLink link;
        StatisticsOrder order;
} Asked;

struct Statistics {
        Manager *manager;
        ListLink waiting; /* for the next look */
        ListLink served;  /* by the one at hand */
        SampleTargets targets;
        Samples samples;
        size_t next;      /* sample for the first one served */
        Channel *channel; /* while the service looks */
        bool busy;        /* with a look, until all who are served are answered */
        bool again;       /* the second service is asked, the first one has died */
        int answer;       /* 1: it has not answered; 0: it has; or a negative errno */
        sd_event_source *deadline, *teller;
};

static void asked_free(Asked *asked) {
        list_remove(&asked->link);
        free(asked);
}

Statistics *statistics_free(Statistics *statistics) {
        if (!statistics)
                return NULL;

        LIST_FOREACH(link, &statistics->waiting)
        asked_free(LIST_ENTRY(link, Asked, link));
        LIST_FOREACH(link, &statistics->served)
        asked_free(LIST_ENTRY(link, Asked, link));
        channel_free(statistics->channel);
        sd_event_source_disable_unref(statistics->deadline);
        sd_event_source_disable_unref(statistics->teller);
        sample_targets_clear(&statistics->targets);
        samples_clear(&statistics->samples);
        free(statistics);
        return NULL;
}

/* --- whom it is about --- */

static bool is_chosen(const char *name, const char *prefix) {
        return name_is_below(name, prefix) || strcmp(name, prefix) == 0;
}

/* The path that all who are served ask about, or about something below. */
static Name common_prefix(const Statistics *statistics) {
        const Asked *first = LIST_ENTRY(statistics->served.next, Asked, link);
        Name common = first->order.prefix;

        LIST_FOREACH(link, &statistics->served) {
                const char *prefix = LIST_ENTRY(link, Asked, link)->order.prefix.text;

                while (!is_chosen(prefix, common.text)) {
                        char *last = strrchr(common.text, ':');

                        *(last ? last : common.text) = '\0';
                }
        }
        return common;
}

typedef struct Gather {
        SampleTargets *targets;
        const char *prefix;
} Gather;

static int gather_one(void *userdata, const Unikernel *unikernel) {
        const Gather *gather = userdata;

        if (!unikernel->run || !unikernel->run->opened || unikernel->run->pid <= 0 ||
            !is_chosen(unikernel->name.text, gather->prefix))
                return 0;
        return sample_targets_add(gather->targets, unikernel);
}

static int gather(Statistics *statistics) {
        Name prefix = common_prefix(statistics);

        return manager_visit(statistics->manager, "", gather_one,
                             &(Gather){&statistics->targets, prefix.text});
}

/* --- one look --- */

static void begin_next(Statistics *statistics);

static void end_look(Statistics *statistics) {
        statistics->channel = channel_free(statistics->channel);
        (void) sd_event_source_set_enabled(statistics->deadline, SD_EVENT_OFF);
        (void) sd_event_source_set_enabled(statistics->teller, SD_EVENT_OFF);
        sample_targets_clear(&statistics->targets);
        samples_clear(&statistics->samples);
        statistics->next = 0;
}

/* Each may ask again from within: then that is for the next look. */
static void answer_first(Statistics *statistics, int r, const Fault *fault) {
        Asked *asked = LIST_ENTRY(statistics->served.next, Asked, link);
        StatisticsOrder order = asked->order;

        asked_free(asked);
        statistics->next = 0;
        order.done(order.userdata, r, fault);
}

static void fail(Statistics *statistics, const char *why) {
        Fault fault = {};
        int r;

        log_print(LOG_WARNING, "albatross-statistics %s", why);
        r = fault_set(&fault, FAULT_STATISTICS_UNAVAILABLE,
                      "There are no statistics now: albatross-statistics %s", why);
        fault_hint(&fault, "See: systemctl status albatross-statistics");
        end_look(statistics);
        while (!list_is_empty(&statistics->served))
                answer_first(statistics, r, &fault);
        statistics->busy = false;
        begin_next(statistics);
}

static int tell_one(Statistics *statistics, const StatisticsOrder *order, const Sample *sample) {
        const SampleTarget *target = &statistics->targets.targets[sample->wire->target];
        Figures figures = sample->wire->figures;
        const Unikernel *unikernel;

        if (!is_chosen(target->name.text, order->prefix.text))
                return 0;
        /* It may have ended since, and another one may have its name. */
        unikernel = manager_find(statistics->manager, target->name.text);
        if (!unikernel || !unikernel->run || (uint32_t) unikernel->run->pid != target->pid ||
            unikernel->run->start_ticks != target->start_ticks)
                return 0;
        /* As it was noted: what is computed anew from two clocks is another time at each look. */
        if (unikernel->run->started_usec > 0) {
                figures.present |= UINT64_C(1) << FIGURE_START_TIMESTAMP;
                figures.values[FIGURE_START_TIMESTAMP] = unikernel->run->started_usec;
        }
        return order->visit(order->userdata, &(const StatisticsView){
                                                     .unikernel = unikernel,
                                                     .figures = &figures,
                                                     .interfaces = sample->interfaces,
                                                     .n_interfaces = sample->wire->n_interfaces,
                                                     .counters = sample->counters,
                                                     .n_counters = sample->wire->n_counters,
                                             });
}

/* A timer that has run out takes its place behind all else that is waiting then. A deferred source
 * would not: it is one that has always waited longest. */
static int tell_on(Statistics *statistics) {
        int r;

        r = sd_event_source_set_time_relative(statistics->teller, 0);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(statistics->teller, SD_EVENT_ONESHOT);
}

static int on_tell(sd_event_source *source, uint64_t usec, void *userdata) {
        uint64_t until = clock_usec(CLOCK_MONOTONIC) + SLICE_USEC;
        Statistics *statistics = userdata;

        while (!list_is_empty(&statistics->served)) {
                const Asked *asked = LIST_ENTRY(statistics->served.next, Asked, link);
                int r = 0;

                if (clock_usec(CLOCK_MONOTONIC) >= until)
                        return tell_on(statistics);
                if (statistics->next < statistics->samples.n)
                        r = tell_one(statistics, &asked->order,
                                     &statistics->samples.samples[statistics->next++]);
                else
                        r = 1;
                if (r != 0)
                        answer_first(statistics, MIN_OF(r, 0), NULL);
        }
        end_look(statistics);
        statistics->busy = false;
        begin_next(statistics);
        return 0;
}

/* --- the service --- */

/* It is looked at when the connection is closed, for which there is no reason to wait. */
static void on_received(void *userdata, const void *data, size_t size, int *fds, size_t n_fds) {
        Statistics *statistics = userdata;
        StatisticsMessage message;

        channel_break(statistics->channel);
        statistics->answer = -EBADMSG;
        if (size != sizeof(message))
                return;
        memcpy(&message, data, sizeof(message));
        if (message.version != STATISTICS_WIRE_VERSION)
                return;
        if (message.error < 0)
                statistics->answer = message.error;
        else if (n_fds == 1)
                statistics->answer =
                        samples_open(&statistics->samples, &statistics->targets, message.n, fds[0]);
}

static int ask(Statistics *statistics);

static void on_closed(void *userdata, int error) {
        Statistics *statistics = userdata;
        char why[128];

        statistics->channel = channel_free(statistics->channel);
        if (statistics->answer == 1 && !statistics->again) {
                statistics->again = true;
                if (ask(statistics) >= 0)
                        return;
        }
        if (statistics->answer == 1)
                fail(statistics, "has ended before it answered");
        else if (statistics->answer < 0) {
                snprintf(why, sizeof(why), "has failed: %s", strerror(-statistics->answer));
                fail(statistics, why);
        } else {
                (void) sd_event_source_set_enabled(statistics->deadline, SD_EVENT_OFF);
                if (tell_on(statistics) < 0)
                        fail(statistics, "has answered, and can't be listened to");
        }
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        fail(userdata, "does not answer");
        return 0;
}

static int ask(Statistics *statistics) {
        const ChannelHandlers handlers = {on_received, on_closed, statistics};
        const StatisticsMessage message = {
                .version = STATISTICS_WIRE_VERSION,
                .n = (uint32_t) statistics->targets.n,
        };
        _cleanup_(fd_closep) int fd = -1, request_fd = -1;
        int r;

        statistics->answer = 1;
        request_fd = file_memfd("albatross-statistics", statistics->targets.request,
                                statistics->targets.request_size);
        if (request_fd < 0)
                return request_fd;
        fd = packet_connect(STATISTICS_SOCKET);
        if (fd < 0)
                return fd;
        r = channel_new(&statistics->channel, statistics->manager->event, fd, sizeof(message),
                        &handlers);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        r = channel_send(statistics->channel, &message, sizeof(message), &request_fd, 1);
        if (r < 0)
                statistics->channel = channel_free(statistics->channel);
        return r;
}

static int begin(Statistics *statistics) {
        int r;

        statistics->again = false;
        r = gather(statistics);
        if (r < 0)
                return r;
        /* Nobody runs: everybody can be told so. */
        if (statistics->targets.n == 0)
                return tell_on(statistics);
        r = ask(statistics);
        if (r >= 0)
                r = sd_event_source_set_time_relative(statistics->deadline, PATIENCE_USEC);
        if (r >= 0)
                r = sd_event_source_set_enabled(statistics->deadline, SD_EVENT_ONESHOT);
        return r;
}

static void begin_next(Statistics *statistics) {
        char why[128];
        int r;

        if (statistics->busy || list_is_empty(&statistics->waiting))
                return;
        statistics->busy = true;
        LIST_FOREACH(link, &statistics->waiting) {
                list_remove(link);
                list_append(&statistics->served, link);
        }
        r = begin(statistics);
        if (r < 0) {
                snprintf(why, sizeof(why), "can't be asked: %s", strerror(-r));
                fail(statistics, why);
        }
}

static int statistics_new(Statistics **ret, Manager *manager) {
        Statistics *statistics;
        int r;

        statistics = calloc(1, sizeof(*statistics));
        if (!statistics)
                return -ENOMEM;
        statistics->manager = manager;
        list_init(&statistics->waiting);
        list_init(&statistics->served);
        r = sd_event_add_time_relative(manager->event, &statistics->deadline, CLOCK_MONOTONIC, 0, 0,
                                       on_deadline, statistics);
        if (r >= 0)
                r = sd_event_source_set_enabled(statistics->deadline, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time_relative(manager->event, &statistics->teller, CLOCK_MONOTONIC,
                                               0, 1, on_tell, statistics);
        if (r >= 0)
                r = sd_event_source_set_enabled(statistics->teller, SD_EVENT_OFF);
        if (r < 0) {
                statistics_free(statistics);
                return r;
        }
        *ret = statistics;
        return 0;
}

void manager_get_statistics(Manager *manager, const StatisticsOrder *order) {
        Asked *asked;
        int r = 0;

        if (!manager->statistics)
                r = statistics_new(&manager->statistics, manager);
        asked = r < 0 ? NULL : calloc(1, sizeof(*asked));
        if (!asked) {
                order->done(order->userdata, r < 0 ? r : -ENOMEM, NULL);
                return;
        }
        asked->order = *order;
        list_append(&manager->statistics->waiting, &asked->link);
        begin_next(manager->statistics);
}

const char *statistics_device(const StatisticsView *view, const StatisticsInterface *interface) {
        return view->unikernel->run->taps[interface->tap].guest;
}
