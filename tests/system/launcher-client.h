/* SPDX-License-Identifier: ISC */
#pragma once

/* A client of the launcher for tests: everything waits for its answer, and any trouble on the way
 * ends the test. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launcher/wire.h"

#define CLIENT_EXITS_MAX 4096

/* A uid of the launcher's, the last of them, and the most that a test prints. */
#define UID        61184U
#define UID_LAST   65519U
#define OUTPUT_MAX 65536

#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, client_setup, client_teardown)

#define assert_contains(text, part)                                                                \
        do {                                                                                       \
                if (!strstr(text, part))                                                           \
                        fail_msg("no \"%s\" in: %s", part, text);                                  \
        } while (0)

typedef struct Client {
        int fd;
        uint64_t serial;
        LauncherReply exits[CLIENT_EXITS_MAX]; /* LAUNCHER_EXITED, as they came */
        unsigned n_exits;
} Client;

Client *client_connect(void);
void client_close(Client *client);

/* A connected socket and nothing else. */
int client_socket(void);

/* A sealed command line of @size bytes. */
int client_argv_raw(const char *data, size_t size);

/* "/bin/sh", "-c", @script as a command line. */
int client_argv_script(const char *script);

/* /bin/sh, to be executed. */
int client_shell(void);

/* Sends @request, with version and serial filled in, and waits for its answer. */
LauncherReply client_call(Client *client, LauncherRequest request, const int *fds, size_t n_fds);

/* Without waiting; returns the serial. */
uint64_t client_send(Client *client, LauncherRequest request, const int *fds, size_t n_fds);
LauncherReply client_wait_answer(Client *client, uint64_t serial);

/* Waits until @child has ended. */
LauncherReply client_wait_exit(Client *client, uint64_t child);

LauncherReply client_spawn(Client *client, uint32_t uid, const char *name);

/* Opens the gate of @child for the shell with @script; @pass_fd becomes 3 unless it is -1. */
LauncherReply client_open(Client *client, uint64_t child, const char *script, int pass_fd);
LauncherReply client_signal(Client *client, uint64_t child, int signal);
LauncherReply client_forget(Client *client, uint64_t child);

/* Runs the shell with @script as a probe whose descriptor 1 is @output_fd unless that is -1. */
uint64_t client_send_probe(Client *client, uint32_t uid, const char *script, int output_fd);

/* The answer to LAUNCHER_LIST; @entries gets at most @n_max of its entries. */
LauncherReply client_list(Client *client, LauncherReply *entries, size_t n_max);

/* *@state is a connected client; afterwards whatever the test has left is ended and forgotten. */
int client_setup(void **state);
int client_teardown(void **state);

/* Output of a shell command of the test itself, until the next call. */
char *run(const char *command);

/* Puts the process into a scope of its own, as the daemon does before it opens the gate. */
void start_scope(uint32_t pid, const char *scope);

bool process_exists(uint32_t pid);

/* Whether the process has gone within two seconds. */
bool process_goes(uint32_t pid);
