/* SPDX-License-Identifier: ISC */

/* GetHost(): what there is of this host, once its tenders have been looked for. */

#include "base/cleanup.h"
#include "bus/append.h"
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

static int append_tenders(sd_bus_message *reply, Manager *manager) {
        int r;

        r = bus_open_list(reply, "Tenders", "a(sus)");
        if (r >= 0)
                r = manager_visit_tenders(manager, append_usable, reply);
        if (r >= 0)
                r = bus_close_list(reply);
        if (r >= 0)
                r = bus_open_list(reply, "TendersRefused", "a(ss)");
        if (r >= 0)
                r = manager_visit_tenders(manager, append_refused, reply);
        return r < 0 ? r : bus_close_list(reply);
}

static int append_file(void *userdata, const char *file) {
        return sd_bus_message_append(userdata, "s", file);
}

static int append_quarantine(sd_bus_message *reply, const Manager *manager) {
        int r;

        r = bus_open_list(reply, "Quarantine", "as");
        if (r >= 0)
                r = manager_visit_quarantine(manager, append_file, reply);
        return r < 0 ? r : bus_close_list(reply);
}

static int append_host(sd_bus_message *reply, void *userdata) {
        Manager *manager = userdata;
        Host host;
        int r;

        manager_get_host(manager, &host);
        r = append_tenders(reply, manager);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}", "NUnikernels", "u",
                                  host.n_unikernels, "NRunning", "u", host.n_running, "Memory", "t",
                                  host.memory_bytes, "MemoryUsed", "t", host.memory_used_bytes,
                                  "DiskSize", "t", host.disk_size_bytes, "DiskFree", "t",
                                  host.disk_free_bytes);
        if (r < 0)
                return r;
        r = append_quarantine(reply, manager);
        return r < 0 ? r : bus_append_entry_cpus(reply, &host.cpus);
}

static void host_known(void *userdata, int r, const Fault *fault) {
        Call *call = userdata;

        if (r < 0)
                call_fail(call, r, fault);
        else
                call_reply_array(call, "{sv}", append_host, call->service->manager);
}

static void get_host(Call *call) {
        manager_look_for_tenders(call->service->manager, host_known, call);
}

const Method host_methods[] = {
        {.member = "GetHost", .allowed = get_host},
        {},
};
