/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The manager on the wire: /org/albatross and all below it, on the system bus and on each private
 * connection alike.
 */

#include <systemd/sd-bus.h>

#include "manager/manager.h"

typedef struct BusService BusService;

/* Becomes the observer of @manager, which must live longer. */
int bus_service_new(BusService **ret, sd_event *event, Manager *manager);
BusService *bus_service_free(BusService *service);

/* Serves the objects on @bus and sends signals there, until the connection closes. The service
 * holds a reference of it meanwhile. */
int bus_service_attach(BusService *service, sd_bus *bus);
