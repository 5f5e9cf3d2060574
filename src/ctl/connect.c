/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/connect.h"

/* A link that systemd keeps for the journal while the unit is there. */
#define DAEMON_INVOCATION "/run/systemd/units/invocation:albatrossd.service"

#define PRIVATE_ADDRESS "unix:path=" ALBATROSS_RUNTIMEDIR "/bus"

static int connect_private(sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, PRIVATE_ADDRESS);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(bus);
        return 0;
}

static int connect_machine(sd_bus **ret, const char *machine, Fault *fault) {
        int r;

        r = sd_bus_open_system_machine(ret, machine);
        if (r < 0) {
                r = fault_set(fault, FAULT_FAILED,
                              "The system bus of the container \"%.100s\" can't be reached: %s",
                              machine, strerror(-r));
                fault_hint(fault, geteuid() == 0 ? "\"machinectl list\" shows which ones run."
                                                 : "Only root may do this.");
        }
        return r;
}

static int connect_system(sd_bus **ret, Fault *fault) {
        int r;

        r = sd_bus_open_system(ret);
        if (r < 0) {
                r = fault_set(fault, FAULT_FAILED, "The system bus can't be reached: %s",
                              strerror(-r));
                fault_hint(fault, geteuid() == 0
                                          ? "Nor does albatrossd answer on its own socket; "
                                            "\"systemctl start albatrossd.socket\" opens that."
                                          : "Without it only root reaches albatrossd.");
        }
        return r;
}

/* Whether polkit may ask for a password is the same for all calls. */
static int hand_out(sd_bus **ret, sd_bus *bus, const Options *options) {
        int r;

        r = sd_bus_set_allow_interactive_authorization(
                bus, !option_given(options, OPTION_NO_ASK_PASSWORD));
        if (r < 0) {
                sd_bus_close_unref(bus);
                return r;
        }
        *ret = bus;
        return 0;
}

int connect_bus(sd_bus **ret, const Options *options, Fault *fault) {
        sd_bus *bus;
        int r = -ENOENT;

        if (options->machine) {
                r = connect_machine(&bus, options->machine, fault);
                if (r < 0)
                        return r;
                return hand_out(ret, bus, options);
        }

        /* The shorter way first; that the socket is not there is no mistake. */
        if (geteuid() == 0)
                r = connect_private(&bus);
        if (r < 0)
                r = connect_system(&bus, fault);
        return r < 0 ? r : hand_out(ret, bus, options);
}

static int connect_system_first(sd_bus **ret, const Options *options, bool is_here, Fault *fault) {
        sd_bus *bus;
        int r;

        if (options->machine)
                return connect_bus(ret, options, fault);
        r = connect_system(&bus, fault);
        if (r < 0)
                return geteuid() == 0 && is_here ? connect_bus(ret, options, fault) : r;
        return hand_out(ret, bus, options);
}

int connect_listener(sd_bus **ret, const Options *options, Fault *fault) {
        return connect_system_first(ret, options, true, fault);
}

int connect_again(sd_bus **ret, const Options *options, Fault *fault) {
        return connect_system_first(
                ret, options,
                faccessat(AT_FDCWD, DAEMON_INVOCATION, F_OK, AT_SYMLINK_NOFOLLOW) >= 0, fault);
}

const char *connect_sender(sd_bus *bus) {
        return sd_bus_is_bus_client(bus) > 0 ? BUS_NAME : NULL;
}

bool connect_is_away(sd_bus_message *reply) {
        return sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NAME_HAS_NO_OWNER) > 0 ||
               sd_bus_message_is_method_error(reply, SD_BUS_ERROR_SERVICE_UNKNOWN) > 0;
}
