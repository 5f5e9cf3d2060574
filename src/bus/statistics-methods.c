/* SPDX-License-Identifier: ISC */

/* GetStatistics(): the reply grows while the manager tells what it has, some of it in each turn. */

#include "bus/append.h"
#include "bus/service.h"
#include "manager/statistics.h"

/* One entry of a dictionary, whose types are fixed: this is done some sixty times for each. */
static int append_figure(sd_bus_message *reply, const FigureInfo *info, uint64_t value) {
        const char *const type = info->type == 'd' ? "d" : info->type == 'u' ? "u" : "t";
        const uint32_t small = (uint32_t) value;
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(reply, 's', info->name);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', type);
        if (r >= 0)
                r = sd_bus_message_append_basic(reply, info->type,
                                                info->type == 'u' ? (const void *) &small
                                                                  : (const void *) &value);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_figures(sd_bus_message *reply,
                          const FigureInfo *infos,
                          size_t n_infos,
                          uint64_t present,
                          const uint64_t *values) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n_infos; i++)
                if (present >> i & 1)
                        r = append_figure(reply, &infos[i], values[i]);
        return r;
}

static int append_interface(sd_bus_message *reply,
                            const StatisticsView *view,
                            const StatisticsInterface *interface) {
        const char *device = statistics_device(view, interface);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", "Interface", "s", interface->name);
        if (r >= 0 && device[0])
                r = sd_bus_message_append(reply, "{sv}", "Device", "s", device);
        if (r >= 0 && interface->bridge[0])
                r = sd_bus_message_append(reply, "{sv}", "Bridge", "s", interface->bridge);
        if (r >= 0)
                r = append_figures(reply, interface_figure_infos, N_INTERFACE_STATISTICS,
                                   interface->present, interface->values);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_interfaces(sd_bus_message *reply, const StatisticsView *view) {
        int r;

        if (view->n_interfaces == 0)
                return 0;
        r = bus_open_list(reply, "Interfaces", "aa{sv}");
        for (size_t i = 0; r >= 0 && i < view->n_interfaces; i++)
                r = append_interface(reply, view, &view->interfaces[i]);
        return r < 0 ? r : bus_close_list(reply);
}

static int append_counters(sd_bus_message *reply, const StatisticsView *view) {
        int r;

        if (view->n_counters == 0)
                return 0;
        r = bus_open_list(reply, "VMM", "a{st}");
        for (size_t i = 0; r >= 0 && i < view->n_counters; i++)
                r = sd_bus_message_append(reply, "{st}", view->counters[i].name,
                                          view->counters[i].value);
        return r < 0 ? r : bus_close_list(reply);
}

static int append_unikernel(void *userdata, const StatisticsView *view) {
        Call *call = userdata;
        sd_bus_message *reply = call->reply;
        int r;

        r = sd_bus_message_open_container(reply, 'r', "sa{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", view->unikernel->name.text);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = append_figures(reply, figure_infos, N_STATISTICS, view->figures->present,
                                   view->figures->values);
        if (r >= 0)
                r = append_interfaces(reply, view);
        if (r >= 0)
                r = append_counters(reply, view);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void all_told(void *userdata, int r, const Fault *fault) {
        Call *call = userdata;

        if (r >= 0)
                r = sd_bus_message_close_container(call->reply);
        if (r >= 0)
                r = sd_bus_send(NULL, call->reply, NULL);
        if (r < 0)
                call_fail(call, r, fault);
        else
                call_free(call);
}

static void get_statistics(Call *call) {
        int r;

        r = sd_bus_message_new_method_return(call->message, &call->reply);
        if (r >= 0)
                r = sd_bus_message_open_container(call->reply, 'a', "(sa{sv})");
        if (r < 0) {
                call_fail(call, r, NULL);
                return;
        }
        manager_get_statistics(call->service->manager, &(const StatisticsOrder){
                                                               .prefix = call->name,
                                                               .visit = append_unikernel,
                                                               .done = all_told,
                                                               .userdata = call,
                                                       });
}

const Method statistics_methods[] = {
        {.member = "GetStatistics", .target = TARGET_PREFIX, .allowed = get_statistics},
        {},
};
