/* SPDX-License-Identifier: ISC */

/* GetHost(): what there is of this host, once its tenders have been looked for. */

#include "base/cleanup.h"
#include "bus/service.h"

static int append_usable(void *userdata, const TenderReport *tender) {
        if (tender->refusal)
                return 0;
        return sd_bus_message_append(userdata, "(sus)", tender->path, tender->abi_version,
                                     tender->type);
}

static int append_refused(void *userdata, const TenderReport *tender) {
        if (!tender->refusal)
                return 0;
        return sd_bus_message_append(userdata, "(ss)", tender->path, tender->refusal->message);
}

/* One entry of the dictionary: an array with what @visitor appends for each tender. */
static int append_tenders(sd_bus_message *reply,
                          Manager *manager,
                          const char *key,
                          const char *type,
                          ManagerTenderVisitor visitor) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', type);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', type + 1);
        if (r >= 0)
                r = manager_visit_tenders(manager, visitor, reply);
        for (unsigned level = 0; r >= 0 && level < 3; level++)
                r = sd_bus_message_close_container(reply);
        return r;
}

static int reply_host(sd_bus_message *message, Manager *manager) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Host host;
        int r;

        manager_get_host(manager, &host);
        r = sd_bus_message_new_method_return(message, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        r = append_tenders(reply, manager, "Tenders", "a(sus)", append_usable);
        if (r < 0)
                return r;
        r = append_tenders(reply, manager, "TendersRefused", "a(ss)", append_refused);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}", "NUnikernels", "u",
                                  host.n_unikernels, "NRunning", "u", host.n_running, "Memory", "t",
                                  host.memory_bytes, "MemoryUsed", "t", host.memory_used_bytes,
                                  "DiskSize", "t", host.disk_size_bytes, "DiskFree", "t",
                                  host.disk_free_bytes);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", "CPUs");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "au");
        if (r >= 0)
                r = bus_append_cpus(reply, &host.cpus);
        for (unsigned level = 0; r >= 0 && level < 3; level++)
                r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static void host_known(void *userdata, int r, const Fault *fault) {
        Call *call = userdata;

        if (r >= 0)
                r = reply_host(call->message, call->service->manager);
        if (r < 0)
                call_fail(call, r, fault);
        else
                call_free(call);
}

int bus_method_get_host(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        BusService *service = userdata;
        Call *call;
        int r;

        r = call_new(&call, service, message, TURN_CALL);
        if (r < 0)
                return r;
        manager_look_for_tenders(service->manager, host_known, call);
        return 1;
}
