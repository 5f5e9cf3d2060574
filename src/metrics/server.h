/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The HTTP side: GET /metrics on sockets that systemd has opened. Requests that come while the
 * daemon is being asked share its answer. Each connection is for one request, lasts no longer than
 * CLIENT_USEC, and there are at most CLIENTS_MAX on each socket: whoever reads slowly, or sends
 * slowly, or nothing, holds up himself.
 */

#include <stdint.h>
#include <systemd/sd-event.h>

#define CLIENTS_MAX 16U
#define CLIENT_USEC 30000000ULL

typedef struct Server Server;

/* Ends the loop when nobody has been there for @idle_usec. */
int server_new(Server **ret, sd_event *event, uint64_t idle_usec);
Server *server_free(Server *server);

/* Takes connections from @fd, which it owns afterwards. */
int server_listen(Server *server, int fd);
