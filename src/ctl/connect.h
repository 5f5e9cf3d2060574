/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The way to albatrossd: root's private socket, which needs no message bus, else the system bus,
 * or that of a container.
 */

#include <systemd/sd-bus.h>

#include "ctl/options.h"

#define BUS_NAME           "org.albatross"
#define BUS_PATH           "/org/albatross"
#define BUS_MANAGER        "org.albatross.Manager"
#define BUS_UNIKERNEL      "org.albatross.Unikernel"
#define BUS_UNIKERNEL_PATH "/org/albatross/unikernel"

/* On success the caller owns *@ret. */
int connect_bus(sd_bus **ret, const Options *options, Fault *fault);

/* The same the other way round, for who listens: what the message bus hands out costs the daemon
 * nothing, however slowly it is taken. */
int connect_listener(sd_bus **ret, const Options *options, Fault *fault);

/* For who was connected before, and goes on: who connects to the private socket starts a daemon
 * that was stopped, so it is taken only without a message bus, and while the daemon is there. On
 * the bus sd_bus_message_set_auto_start() says the same. */
int connect_again(sd_bus **ret, const Options *options, Fault *fault);

/* Is this the answer of a message bus on which there is no albatrossd now? */
bool connect_is_away(sd_bus_message *reply);

/* The sender that signals of the daemon have, as a match wants it; NULL on the private socket,
 * where there is only one. */
const char *connect_sender(sd_bus *bus);
