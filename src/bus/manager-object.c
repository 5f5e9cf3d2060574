/* SPDX-License-Identifier: ISC */

/* /org/albatross: reads arguments, asks the manager, replies. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "bus/options.h"
#include "bus/service.h"

static void create_done(void *userdata, int r, const Fault *fault) {
        _cleanup_(freep) char *path = NULL;
        Call *call = userdata;

        if (r >= 0)
                r = unikernel_path(call->name.text, &path);
        if (r < 0)
                call_fail(call, r, fault);
        else
                call_reply(call, "o", path);
}

static void create_allowed(Call *call) {
        manager_create(call->service->manager, &call->create, create_done, call);
}

static int method_create(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        const char *verb;
        Fault fault = {};
        int fd;
        int r;

        r = call_new(&call, userdata, message, TURN_TRANSFER);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(message, 'h', &fd);
        if (r < 0)
                return r;
        r = options_read_create(message, &call->create, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        /* The descriptor belongs to the message, which the call keeps. */
        call->create.name = call->name;
        call->create.image_fd = fd;
        verb = bus_has_unlocked_net(&call->create.change.values) ? "create-unlocked" : "create";
        return call_authorize(TAKE_PTR(call), "org.albatross.manage-unikernels", verb,
                              create_allowed);
}

/* What start, stop and destroy have in common: a name, and no options yet. */
static int manage(sd_bus_message *message,
                  void *userdata,
                  sd_bus_error *error,
                  const char *verb,
                  CallAllowed allowed) {
        _cleanup_(call_freep) Call *call = NULL;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = options_read_none(message, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        return call_authorize(TAKE_PTR(call), "org.albatross.manage-unikernels", verb, allowed);
}

static int method_destroy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return manage(message, userdata, error, "destroy", call_destroy);
}

static int method_start(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return manage(message, userdata, error, "start", call_start);
}

static int method_rollback(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return manage(message, userdata, error, "rollback", call_rollback);
}

static int method_restart(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return manage(message, userdata, error, "restart", call_restart);
}

static int method_stop(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = options_read_stop(message, &call->stop, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        return call_authorize(TAKE_PTR(call), "org.albatross.manage-unikernels", "stop", call_stop);
}

static int append_unikernel(void *userdata, const Unikernel *unikernel) {
        _cleanup_(freep) char *path = NULL;
        sd_bus_message *reply = userdata;
        int r;

        r = unikernel_path(unikernel->name.text, &path);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'r', "ssttauuso");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "sstt", unikernel->name.text,
                                  state_to_string(unikernel->state), unikernel->state_usec,
                                  unikernel->config.memory_bytes);
        if (r < 0)
                return r;
        r = bus_append_cpus(reply, &unikernel->config.cpus);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "uso", unikernel->n_restarts, unikernel_type(unikernel),
                                  path);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(reply);
}

static int method_list(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        BusService *service = userdata;
        const char *prefix;
        Fault fault = {};
        Name path;
        int r;

        r = sd_bus_message_read(message, "s", &prefix);
        if (r < 0)
                return r;
        r = path_parse(&path, prefix, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);

        r = sd_bus_message_new_method_return(message, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "(ssttauuso)");
        if (r < 0)
                return r;
        r = manager_visit(service->manager, path.text, append_unikernel, reply);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static int no_such_unikernel(sd_bus_error *error, const Name *name) {
        Fault fault;
        int r;

        r = fault_set(&fault, FAULT_NO_SUCH_UNIKERNEL, "There is no unikernel %s", name->text);
        return fault_to_error(error, r, &fault);
}

static int method_get(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(freep) char *path = NULL;
        BusService *service = userdata;
        Name name;
        int r;

        r = bus_read_name(message, &name, error);
        if (r < 0)
                return r;
        if (!manager_find(service->manager, name.text))
                return no_such_unikernel(error, &name);
        r = unikernel_path(name.text, &path);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(message, "o", path);
}

static void on_reader_ended(void *userdata) {
        turns_leave(userdata, TURN_READER);
}

/* A reader lives on when its call was answered: it is counted until it ends. */
static int enter_reader(Call *call, Reader *ret, Fault *fault) {
        if (turns_is_full(call->user, TURN_READER))
                return fault_set(fault, FAULT_TOO_MANY_REQUESTS,
                                 "%d consoles and images are being read by this user already",
                                 TURNS_READERS);
        turns_enter(call->user, TURN_READER);
        *ret = (Reader){.ended = on_reader_ended, .userdata = call->user};
        return 0;
}

static void reply_pipe(Call *call, int fd, const Fault *fault) {
        if (fd < 0) {
                turns_leave(call->user, TURN_READER);
                call_fail(call, fd, fault);
                return;
        }
        call->fd = fd;
        call_reply(call, "h", fd);
}

static void get_image_allowed(Call *call) {
        Fault fault = {};
        Reader reader;
        int r;

        r = enter_reader(call, &reader, &fault);
        if (r < 0) {
                call_fail(call, r, &fault);
                return;
        }
        r = manager_get_image(call->service->manager, &call->name, &reader, &fault);
        reply_pipe(call, r, &fault);
}

static int method_get_image(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = options_read_none(message, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        return call_authorize(TAKE_PTR(call), "org.albatross.inspect", "get-image",
                              get_image_allowed);
}

static void console_allowed(Call *call) {
        Fault fault = {};
        int r;

        r = enter_reader(call, &call->console.reader, &fault);
        if (r < 0) {
                call_fail(call, r, &fault);
                return;
        }
        call->console.is_delegated = call->owners;
        r = manager_open_console(call->service->manager, &call->name, &call->console, &fault);
        reply_pipe(call, r, &fault);
}

static int method_open_console(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(call_freep) Call *call = NULL;
        Fault fault = {};
        int r;

        r = call_new(&call, userdata, message, TURN_CALL);
        if (r < 0)
                return r;
        r = bus_read_name(message, &call->name, error);
        if (r < 0)
                return r;
        r = options_read_console(message, &call->console, &fault);
        if (r < 0)
                return fault_to_error(error, r, &fault);
        return call_authorize(TAKE_PTR(call), "org.albatross.read-console", "console",
                              console_allowed);
}

static int property_get_version(sd_bus *bus,
                                const char *path,
                                const char *interface,
                                const char *property,
                                sd_bus_message *reply,
                                void *userdata,
                                sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", ALBATROSS_VERSION);
}

/* Everybody may call: who may do what is polkit's to say, once the call is here. */
/* clang-format off */
const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", property_get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_METHOD_WITH_ARGS("CreateUnikernel",
                                SD_BUS_ARGS("s", name, "h", image, "a{sv}", options),
                                SD_BUS_RESULT("o", unikernel),
                                method_create, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DestroyUnikernel",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                method_destroy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StartUnikernel",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                method_start, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StopUnikernel",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                method_stop, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetUnikernel",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                bus_method_set, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("UpdateUnikernel",
                                SD_BUS_ARGS("s", name, "h", image, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                bus_method_update, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RollbackUnikernel",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                method_rollback, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RestartUnikernel",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                method_restart, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StartUnikernels",
                                SD_BUS_ARGS("s", prefix, "a{sv}", options),
                                SD_BUS_RESULT("a(ss)", failures),
                                bus_method_start_all, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StopUnikernels",
                                SD_BUS_ARGS("s", prefix, "a{sv}", options),
                                SD_BUS_RESULT("a(ss)", failures),
                                bus_method_stop_all, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RestartUnikernels",
                                SD_BUS_ARGS("s", prefix, "a{sv}", options),
                                SD_BUS_RESULT("a(ss)", failures),
                                bus_method_restart_all, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListUnikernels",
                                SD_BUS_ARGS("s", prefix),
                                SD_BUS_RESULT("a(ssttauuso)", unikernels),
                                method_list, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetUnikernel",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("o", unikernel),
                                method_get, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Inspect",
                                SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("a{sv}", private),
                                bus_method_inspect, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetImage",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("h", image),
                                method_get_image, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenConsole",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("h", console),
                                method_open_console, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetHost",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a{sv}", host),
                                bus_method_get_host, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateBlockDevice",
                                SD_BUS_ARGS("s", name, "t", size, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                bus_method_create_block, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("WriteBlockDevice",
                                SD_BUS_ARGS("s", name, "h", content, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                bus_method_write_block, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ReadBlockDevice",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("h", content, "t", size),
                                bus_method_read_block, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveBlockDevice",
                                SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                bus_method_remove_block, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListBlockDevices",
                                SD_BUS_ARGS("s", prefix),
                                SD_BUS_RESULT("a(sttss)", devices),
                                bus_method_list_blocks, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetPolicy",
                                SD_BUS_ARGS("s", path, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                bus_method_set_policy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemovePolicy",
                                SD_BUS_ARGS("s", path, "a{sv}", options),
                                SD_BUS_NO_RESULT,
                                bus_method_remove_policy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListPolicies",
                                SD_BUS_ARGS("s", prefix),
                                SD_BUS_RESULT("a(sa{sv})", policies),
                                bus_method_list_policies, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListOwnPaths",
                                SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("as", paths),
                                bus_method_list_own_paths, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("PolicyChanged",
                                SD_BUS_ARGS("s", path), 0),
        SD_BUS_SIGNAL_WITH_ARGS("PolicyRemoved",
                                SD_BUS_ARGS("s", path), 0),
        SD_BUS_SIGNAL_WITH_ARGS("UnikernelAdded",
                                SD_BUS_ARGS("s", name, "o", unikernel), 0),
        SD_BUS_SIGNAL_WITH_ARGS("UnikernelRemoved",
                                SD_BUS_ARGS("s", name, "o", unikernel), 0),
        SD_BUS_SIGNAL_WITH_ARGS("UnikernelExited",
                                SD_BUS_ARGS("s", name, "o", unikernel, "s", result, "i", status,
                                            "ay", invocation), 0),
        SD_BUS_SIGNAL_WITH_ARGS("UnikernelRestarting",
                                SD_BUS_ARGS("s", name, "o", unikernel, "t", when), 0),
        SD_BUS_SIGNAL_WITH_ARGS("BlockDeviceAdded", SD_BUS_ARGS("s", name), 0),
        SD_BUS_SIGNAL_WITH_ARGS("BlockDeviceRemoved", SD_BUS_ARGS("s", name), 0),
        SD_BUS_SIGNAL_WITH_ARGS("BlockDeviceChanged", SD_BUS_ARGS("s", name), 0),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
