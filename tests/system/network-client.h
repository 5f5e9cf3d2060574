/* SPDX-License-Identifier: ISC */
#pragma once

/* A client of albatross-network for tests, which waits for each answer; and the cable's other end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network/wire.h"

typedef struct Client {
        int fd;
        uint64_t serial;
        unsigned n_bridge_sets; /* that came on their own */
        size_t n_bridges;       /* of the last one, so far as there was room */
        NetworkName bridges[NETWORK_NAMES_MAX];
} Client;

typedef struct Tap {
        int fd, error;
        NetworkName name;
} Tap;

/* What comes in one answer, or several that belong together. */
typedef struct Names {
        size_t n;
        NetworkName names[4 * NETWORK_NAMES_MAX];
} Names;

Client *client_connect(void);
void client_close(Client *client);
int client_setup(void **state);
int client_teardown(void **state);

/* Sends any bytes, with a descriptor unless that is -1. */
void client_send_raw(Client *client, const void *data, size_t size, int fd);

/* Waits for the one answer to @serial; what comes of bridges is kept. */
NetworkReply client_wait(Client *client, uint64_t serial, Names *names, int *ret_fd);

/* Version, serial and count are filled in. */
NetworkReply client_call(Client *client, NetworkRequest request, const NetworkName *names, int fd);

/* @flags as in wire.h; @mac_end is the last byte of 02:00:00:00:00:xx. */
NetworkRequest tap_request(const char *bridge, uint8_t mac_end, uint32_t flags);
Tap client_make(Client *client, NetworkRequest request);
int client_remove(Client *client, const NetworkName *names, size_t n_names);
void client_list(Client *client, Names *ret);

/* Waits, up to some seconds, until the set of bridges that was told has, or has not, this one. */
bool client_sees_bridge(Client *client, const char *name, bool is_there);

/* Runs a shell command, which must succeed. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool shell_says(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sends a frame from one MAC to another by the descriptor of a tap, as a guest would. */
void frame_send(const Tap *tap, const uint8_t from[6], const uint8_t to[6], const char *text);

/* Whether one with that text comes in by the tap, in some tenths of a second. */
bool frame_comes(const Tap *tap, const char *text);
