/* SPDX-License-Identifier: ISC */

/* Connections, and the signals that go to all of them. */

#include <errno.h>
#include <stdlib.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "bus/service.h"
#include "systemd/log.h"

/* Messages that may wait for one private connection, beside what its socket holds: the kernel keeps
 * some 10,000 already. */
#define N_QUEUED_MAX 1024

typedef struct Connection {
        ListLink link;
        BusService *service;
        sd_bus *bus;
        sd_bus_slot *slots[7];
} Connection;

static void connection_free(Connection *connection) {
        list_remove(&connection->link);
        if (sd_bus_is_bus_client(connection->bus))
                turns_detach(connection->service->turns, connection->bus);
        for (size_t i = 0; i < N_ELEMENTS(connection->slots); i++)
                sd_bus_slot_unref(connection->slots[i]);
        /* Whoever is at the other end of a private one may not read, and is not waited for. */
        if (sd_bus_is_bus_client(connection->bus))
                sd_bus_flush(connection->bus);
        sd_bus_close_unref(connection->bus);
        free(connection);
}

/* Signals for a client of the message bus are that bus's to keep. A private connection keeps them
 * here: who takes none of so many is cut off. */
static void cut_off_stalled(BusService *service) {
        LIST_FOREACH(link, &service->connections) {
                Connection *connection = LIST_ENTRY(link, Connection, link);
                uint64_t n_queued = 0;

                if (sd_bus_is_bus_client(connection->bus) ||
                    sd_bus_get_n_queued_write(connection->bus, &n_queued) < 0 ||
                    n_queued < N_QUEUED_MAX)
                        continue;
                log_print(LOG_WARNING,
                          "A private connection is cut off: it has left %llu messages unread",
                          (unsigned long long) n_queued);
                connection_free(connection);
        }
}

bool bus_sender_is_root(BusService *service, sd_bus_message *message) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        uid_t uid;

        /* Who has a name on the bus was asked about before his call got here. */
        if (sd_bus_is_bus_client(sd_bus_message_get_bus(message)))
                return turns_is_root(service->turns, message);

        /* On a private connection the peer's credentials stand for each message. */
        return sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds) >= 0 &&
               sd_bus_creds_get_euid(creds, &uid) >= 0 && uid == 0;
}

/* --- signals --- */

static void emit(BusService *service, const char *member, const Unikernel *unikernel) {
        _cleanup_(freep) char *path = NULL;

        cut_off_stalled(service);
        if (unikernel_path(unikernel->name.text, &path) < 0)
                return;
        LIST_FOREACH(link, &service->connections)
        sd_bus_emit_signal(LIST_ENTRY(link, Connection, link)->bus, BUS_PATH, BUS_MANAGER, member,
                           "so", unikernel->name.text, path);
}

static void on_added(void *userdata, const Unikernel *unikernel) {
        _cleanup_(freep) char *path = NULL;
        BusService *service = userdata;

        cut_off_stalled(service);
        if (unikernel_path(unikernel->name.text, &path) < 0)
                return;
        LIST_FOREACH(link, &service->connections)
        sd_bus_emit_object_added(LIST_ENTRY(link, Connection, link)->bus, path);
        emit(service, "UnikernelAdded", unikernel);
}

static void on_removed(void *userdata, const Unikernel *unikernel) {
        _cleanup_(freep) char *path = NULL;
        BusService *service = userdata;

        cut_off_stalled(service);
        if (unikernel_path(unikernel->name.text, &path) < 0)
                return;
        LIST_FOREACH(link, &service->connections)
        sd_bus_emit_interfaces_removed(LIST_ENTRY(link, Connection, link)->bus, path, BUS_UNIKERNEL,
                                       NULL);
        emit(service, "UnikernelRemoved", unikernel);
}

static void emit_properties(BusService *service,
                            const Unikernel *unikernel,
                            const char *const *names) {
        _cleanup_(freep) char *path = NULL;

        cut_off_stalled(service);
        if (unikernel_path(unikernel->name.text, &path) < 0)
                return;
        LIST_FOREACH(link, &service->connections)
        sd_bus_emit_properties_changed_strv(LIST_ENTRY(link, Connection, link)->bus, path,
                                            BUS_UNIKERNEL, (char **) (uintptr_t) names);
}

#define RUN_PROPERTIES                                                                             \
        "State", "StateChangeTimestamp", "NextRestartTimestamp", "Restarts", "MainPID", "UID",     \
                "Scope", "Slice", "ControlGroup", "Tender", "InvocationID", "AddName"
#define END_PROPERTIES "ExitResult", "ExitStatus", "ExitTimestamp", "Exits"

/* What another state may change. Not all there is: each property costs daemon and bus some
 * microseconds, and a boot tells of thousands of changes. */
static void on_state_changed(void *userdata, const Unikernel *unikernel) {
        static const char *const running[] = {RUN_PROPERTIES, NULL};
        static const char *const ended[] = {RUN_PROPERTIES, END_PROPERTIES, NULL};
        bool runs = unikernel->state == STATE_RUNNING || unikernel->state == STATE_STOPPING;

        emit_properties(userdata, unikernel, runs ? running : ended);
}

static void on_configured(void *userdata, const Unikernel *unikernel) {
        static const char *const names[] = {
                "Type", "Memory", "CPUs", "ImageSize", "RestartPolicy", "Startup", "AddName", NULL,
        };

        emit_properties(userdata, unikernel, names);
}

static int append_exit(sd_bus_message *signal, const Unikernel *unikernel, const char *path) {
        int r;

        r = sd_bus_message_append(signal, "sosi", unikernel->name.text, path,
                                  exit_result_to_string(unikernel->last_exit.result),
                                  unikernel->last_exit.status);
        if (r < 0)
                return r;
        return sd_bus_message_append_array(signal, 'y', &unikernel->last_invocation,
                                           sizeof(unikernel->last_invocation));
}

static void on_exited(void *userdata, const Unikernel *unikernel) {
        _cleanup_(freep) char *path = NULL;
        BusService *service = userdata;

        cut_off_stalled(service);
        if (unikernel_path(unikernel->name.text, &path) < 0)
                return;
        LIST_FOREACH(link, &service->connections) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
                sd_bus *bus = LIST_ENTRY(link, Connection, link)->bus;

                if (sd_bus_message_new_signal(bus, &signal, BUS_PATH, BUS_MANAGER,
                                              "UnikernelExited") >= 0 &&
                    append_exit(signal, unikernel, path) >= 0)
                        sd_bus_send(bus, signal, NULL);
        }
}

static void on_restarting(void *userdata, const Unikernel *unikernel) {
        _cleanup_(freep) char *path = NULL;
        BusService *service = userdata;

        cut_off_stalled(service);
        if (unikernel_path(unikernel->name.text, &path) < 0)
                return;
        LIST_FOREACH(link, &service->connections)
        sd_bus_emit_signal(LIST_ENTRY(link, Connection, link)->bus, BUS_PATH, BUS_MANAGER,
                           "UnikernelRestarting", "sot", unikernel->name.text, path,
                           unikernel->next_utc_usec);
}

static void emit_path(BusService *service, const char *member, const Name *path) {
        cut_off_stalled(service);
        LIST_FOREACH(link, &service->connections)
        sd_bus_emit_signal(LIST_ENTRY(link, Connection, link)->bus, BUS_PATH, BUS_MANAGER, member,
                           "s", path->text);
}

static void on_policy_changed(void *userdata, const Name *path) {
        emit_path(userdata, "PolicyChanged", path);
}

static void on_policy_removed(void *userdata, const Name *path) {
        emit_path(userdata, "PolicyRemoved", path);
}

static void on_block_added(void *userdata, const BlockDevice *device) {
        emit_path(userdata, "BlockDeviceAdded", &device->name);
}

static void on_block_removed(void *userdata, const BlockDevice *device) {
        emit_path(userdata, "BlockDeviceRemoved", &device->name);
}

static void on_block_changed(void *userdata, const BlockDevice *device) {
        emit_path(userdata, "BlockDeviceChanged", &device->name);
}

/* --- connections --- */

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        connection_free(userdata);
        return 0;
}

static int add_objects(Connection *connection) {
        BusService *service = connection->service;
        sd_bus *bus = connection->bus;
        int r;

        r = sd_bus_add_object_vtable(bus, &connection->slots[0], BUS_PATH, BUS_MANAGER,
                                     manager_vtable, service);
        if (r < 0)
                return r;
        r = sd_bus_add_fallback_vtable(bus, &connection->slots[1], BUS_PATH_UNIKERNEL,
                                       BUS_UNIKERNEL, unikernel_vtable, unikernel_find_object,
                                       service);
        if (r < 0)
                return r;
        r = sd_bus_add_node_enumerator(bus, &connection->slots[2], BUS_PATH_UNIKERNEL,
                                       unikernel_enumerate, service);
        if (r < 0)
                return r;
        r = sd_bus_add_object_manager(bus, &connection->slots[3], BUS_PATH);
        if (r < 0)
                return r;
        r = sd_bus_add_object_vtable(bus, &connection->slots[4], BUS_PATH_LOG, BUS_LOG,
                                     log_control_vtable, service);
        if (r < 0)
                return r;
        /* Only root has a private connection. */
        return sd_bus_is_bus_client(bus) ? turns_attach(service->turns, bus, &connection->slots[5],
                                                        &connection->slots[6])
                                         : 0;
}

int bus_service_attach(BusService *service, sd_bus *bus) {
        Connection *connection;
        int r;

        connection = calloc(1, sizeof(*connection));
        if (!connection)
                return -ENOMEM;
        connection->service = service;
        connection->bus = sd_bus_ref(bus);
        list_append(&service->connections, &connection->link);

        r = add_objects(connection);
        if (r >= 0)
                r = sd_bus_match_signal_async(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                              "org.freedesktop.DBus.Local", "Disconnected",
                                              on_disconnected, NULL, connection);
        if (r < 0)
                connection_free(connection);
        return r;
}

int bus_service_new(BusService **ret, sd_event *event, Manager *manager) {
        BusService *service;
        int r;

        service = calloc(1, sizeof(*service));
        if (!service)
                return -ENOMEM;
        service->manager = manager;
        list_init(&service->connections);
        list_init(&service->calls);
        r = turns_new(&service->turns, event, call_is_transfer, service);
        if (r < 0) {
                free(service);
                return r;
        }
        manager_set_observer(manager, &(const ManagerObserver){
                                              .added = on_added,
                                              .removed = on_removed,
                                              .state_changed = on_state_changed,
                                              .configured = on_configured,
                                              .exited = on_exited,
                                              .restarting = on_restarting,
                                              .policy_changed = on_policy_changed,
                                              .policy_removed = on_policy_removed,
                                              .block_added = on_block_added,
                                              .block_removed = on_block_removed,
                                              .block_changed = on_block_changed,
                                              .userdata = service,
                                      });
        *ret = service;
        return 0;
}

BusService *bus_service_free(BusService *service) {
        if (!service)
                return NULL;

        LIST_FOREACH(link, &service->calls)
        call_free(LIST_ENTRY(link, Call, link));
        LIST_FOREACH(link, &service->connections)
        connection_free(LIST_ENTRY(link, Connection, link));
        turns_free(service->turns);
        free(service);
        return NULL;
}
