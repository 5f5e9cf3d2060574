/* SPDX-License-Identifier: ISC */
#pragma once

/* What the files of this folder share. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "bus/bus-service.h"
#include "manager/manager.h"

#define BUS_NAME "org.albatross"

typedef struct Daemon {
        sd_event *event;
        sd_bus *system_bus; /* connected, or waiting for a message bus to appear */
        sd_bus *direct_bus; /* PID 1's own socket, while there is no message bus */
        Manager *manager;
        BusService *service;
        sd_event_source *listener;
        sd_event_source *pause; /* until connections are accepted again */
        sd_event_source *reconnect;
        sd_event_source *watchdog;
        uint64_t watchdog_usec;
        int notify_fd;
        int listen_fd;
        bool connected; /* to the system bus */
        bool serving;   /* requests are taken */
        bool paused;    /* the last connection could not be accepted */
} Daemon;

/* --- system-bus.c: the message bus, which may go and come back */
/* Connects at start; waits for that, which nothing else has to wait for yet. Without a message bus
 * PID 1 is reached directly, and the bus is waited for. Returns where PID 1 is reached. */
int system_bus_open(Daemon *daemon, sd_bus **ret_manager_bus);

/* Begins to serve there, now or when it is there. */
int system_bus_serve(Daemon *daemon);

/* --- private-socket.c: root's own way in */
int private_socket_serve(Daemon *daemon);

/* --- watchdog.c: the service manager wants to hear from us */
int watchdog_start(Daemon *daemon);
