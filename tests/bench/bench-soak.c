/* SPDX-License-Identifier: ISC */

/*
 * Thousands of requests by 20 clients at once, each answer predicted by a model. Each client has a
 * path of its own, of which he knows everything; and all of them meet at a few names, where only
 * some answers can be right.
 *
 *   bench-soak [SECONDS [SEED]]              runs tests/system/soak.sh, which looks at everything
 *                                            else afterwards; default: 120 s, the time
 *   bench-soak --clients SECONDS SEED        the clients alone
 *
 * The seed decides what each client asks. It is printed with each wrong answer.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"
#include "soak-model.h"

#define MANAGER    "org.albatross", "/org/albatross", "org.albatross.Manager"
#define ERRORS     "org.albatross.Error."
#define N_CLIENTS  20U
#define N_SHARED   3U
#define LOOK_EVERY 25U /* requests */
#define CALL_USEC  (UINT64_C(120) * 1000000U)
#define MIB(n)     ((uint64_t) (n) << 20)

typedef struct Client {
        sd_bus *bus;
        unsigned number;
        uint64_t seed, n_requests, n_refused;
        SoakModel model;
        bool is_wrong;
} Client;

/* --- asking --- */

static int image_fd(const SoakRequest *request) {
        const char *path = request->target >= SOAK_FIRST_DISK ? GUESTS "/disk.spt"
                           : request->other_image             ? GUESTS "/idle.spt"
                                                              : GUESTS "/hello.spt";
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        measure_check(fd < 0 ? -errno : 0, path);
        return fd;
}

static int append_create(sd_bus_message *call, const SoakRequest *request) {
        bool is_disk = request->target >= SOAK_FIRST_DISK;
        int r;

        r = sd_bus_message_open_container(call, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(call, "{sv}{sv}{sv}", "Memory", "t", MIB(request->memory),
                                          "Start", "b", (int) request->at_once, "Arguments", "as",
                                          1, is_disk ? "--stay" : "--sleep=36000");
        if (r >= 0 && is_disk)
                r = sd_bus_message_append(call, "{sv}", "Blocks", "a(ssu)", 1, "storage", "b0",
                                          (uint32_t) 0);
        return r >= 0 ? sd_bus_message_close_container(call) : r;
}

static int append_policy(sd_bus_message *call, const SoakRequest *request) {
        return sd_bus_message_append(call, "a{sv}", 4, "Unikernels", "u", request->n_most, "Memory",
                                     "t", MIB(request->memory), "CPUs", "au", 1, (uint32_t) 0,
                                     "Block", "t", MIB(request->size));
}

static int append_rest(sd_bus_message *call, const SoakRequest *request) {
        _cleanup_(fd_closep) int fd = -1;
        SoakVerb verb = request->verb;
        int r = 0;

        if (verb == SOAK_CREATE || verb == SOAK_UPDATE || verb == SOAK_BLOCK_WRITE) {
                fd = image_fd(request);
                r = sd_bus_message_append(call, "h", fd);
        }
        if (r < 0)
                return r;
        if (verb == SOAK_CREATE)
                return append_create(call, request);
        if (verb == SOAK_UPDATE)
                return sd_bus_message_append(call, "a{sv}", 1, "Memory", "t", MIB(request->memory));
        if (verb == SOAK_SET)
                return sd_bus_message_append(call, "a{sv}", 2, "Memory", "t", MIB(request->memory),
                                             "Now", "b", (int) request->at_once);
        if (verb == SOAK_POLICY_SET)
                return append_policy(call, request);
        if (verb == SOAK_BLOCK_CREATE)
                r = sd_bus_message_append(call, "t", MIB(request->size));
        return r >= 0 ? sd_bus_message_append(call, "a{sv}", 0) : r;
}

/* Returns the error's name without what all of them begin with, or NULL. */
static const char *ask(Client *client,
                       const char *name,
                       const SoakRequest *request,
                       sd_bus_error *error) {
        static const char *const methods[SOAK_N_VERBS] = {
                [SOAK_CREATE] = "CreateUnikernel",
                [SOAK_START] = "StartUnikernel",
                [SOAK_STOP] = "StopUnikernel",
                [SOAK_RESTART] = "RestartUnikernel",
                [SOAK_SET] = "SetUnikernel",
                [SOAK_UPDATE] = "UpdateUnikernel",
                [SOAK_ROLLBACK] = "RollbackUnikernel",
                [SOAK_DESTROY] = "DestroyUnikernel",
                [SOAK_BLOCK_CREATE] = "CreateBlockDevice",
                [SOAK_BLOCK_WRITE] = "WriteBlockDevice",
                [SOAK_BLOCK_REMOVE] = "RemoveBlockDevice",
                [SOAK_POLICY_SET] = "SetPolicy",
                [SOAK_POLICY_REMOVE] = "RemovePolicy",
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(client->bus, &call, MANAGER, methods[request->verb]);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", name);
        if (r >= 0)
                r = append_rest(call, request);
        measure_check(r, "a request");
        r = sd_bus_call(client->bus, call, CALL_USEC, error, NULL);
        client->n_requests++;
        if (r >= 0)
                return NULL;
        client->n_refused++;
        if (!error->name)
                return "none at all";
        return strncmp(error->name, ERRORS, strlen(ERRORS)) == 0 ? error->name + strlen(ERRORS)
                                                                 : error->name;
}

static void tell_wrong(Client *client, const char *what, const char *expected, const char *is) {
        client->is_wrong = true;
        printf("seed %" PRIu64 ", client %u, request %" PRIu64 ": %s: should be %s, but is %s\n",
               client->seed, client->number, client->n_requests, what, expected, is);
}

static void ask_own(Client *client) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        char name[32], text[SOAK_REQUEST_TEXT_MAX + 1], is[256];
        const char *expected, *answer;
        SoakRequest request;

        soak_model_choose(&client->model, &request);
        if (request.verb < SOAK_BLOCK_CREATE)
                snprintf(name, sizeof(name), "soak%u:u%u", client->number, request.target);
        else if (request.verb < SOAK_POLICY_SET)
                snprintf(name, sizeof(name), "soak%u:b%u", client->number, request.target);
        else
                snprintf(name, sizeof(name), "soak%u", client->number);
        expected = soak_model_answer(&client->model, &request);
        answer = ask(client, name, &request, &error);
        if ((expected == NULL) == (answer == NULL) && (!answer || strcmp(expected, answer) == 0))
                return;
        soak_request_format(&request, text);
        snprintf(is, sizeof(is), "%s: %s", answer ? answer : "done",
                 error.message ? error.message : "");
        tell_wrong(client, text, expected ? expected : "done", is);
}

/* Others do the same at the same time. */
static void ask_shared(Client *client) {
        static const char *const possible[SOAK_DESTROY + 1] = {
                [SOAK_CREATE] = " AlreadyExists",
                [SOAK_START] = " NoSuchUnikernel WrongState",
                [SOAK_STOP] = " NoSuchUnikernel",
                [SOAK_RESTART] = " NoSuchUnikernel WrongState",
                [SOAK_SET] = " NoSuchUnikernel WrongState",
                [SOAK_UPDATE] = " NoSuchUnikernel WrongState",
                [SOAK_ROLLBACK] = " NoSuchUnikernel WrongState",
                [SOAK_DESTROY] = " NoSuchUnikernel",
        };
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        char name[32], word[64], text[SOAK_REQUEST_TEXT_MAX + 1], is[256];
        const char *answer;
        SoakRequest request;

        do
                soak_model_choose(&client->model, &request);
        while (request.verb > SOAK_DESTROY);
        request.target %= N_SHARED;
        snprintf(name, sizeof(name), "shared:u%u", request.target);
        answer = ask(client, name, &request, &error);
        if (!answer)
                return;
        snprintf(word, sizeof(word), " %s", answer);
        if (strstr(possible[request.verb], word))
                return;
        soak_request_format(&request, text);
        snprintf(is, sizeof(is), "%s: %s", answer, error.message);
        tell_wrong(client, text, possible[request.verb], is);
}

/* --- looking --- */

static void look_at_unikernels(Client *client) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        char path[32], expected[512] = "", is[512] = "";
        const char *name, *state;
        uint64_t memory;
        size_t n = 0;

        snprintf(path, sizeof(path), "soak%u", client->number);
        measure_check(sd_bus_call_method(client->bus, MANAGER, "ListUnikernels", &error, &reply,
                                         "s", path),
                      "ListUnikernels");
        measure_check(sd_bus_message_enter_container(reply, 'a', "(ssttauuso)"), "its reply");
        while (sd_bus_message_enter_container(reply, 'r', "ssttauuso") > 0) {
                measure_check(sd_bus_message_read(reply, "sstt", &name, &state, NULL, &memory),
                              "its reply");
                n += (size_t) snprintf(is + n, sizeof(is) - n, "%s %s %" PRIu64 ", ", name, state,
                                       memory >> 20);
                measure_check(sd_bus_message_skip(reply, "auuso"), "its reply");
                measure_check(sd_bus_message_exit_container(reply), "its reply");
        }
        n = 0;
        for (unsigned i = 0; i < SOAK_N_UNIKERNELS; i++) {
                const SoakUnikernel *unikernel = &client->model.unikernels[i];

                if (unikernel->exists)
                        n += (size_t) snprintf(
                                expected + n, sizeof(expected) - n, "%s:u%u %s %" PRIu64 ", ", path,
                                i, unikernel->runs ? "running" : "stopped", unikernel->memory);
        }
        if (strcmp(expected, is) != 0)
                tell_wrong(client, "the list", expected, is);
}

static void look_at_blocks(Client *client) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        char path[32], expected[256] = "", is[512] = "";
        const char *name, *state, *owner;
        uint64_t size;
        size_t n = 0;

        snprintf(path, sizeof(path), "soak%u", client->number);
        measure_check(sd_bus_call_method(client->bus, MANAGER, "ListBlockDevices", &error, &reply,
                                         "s", path),
                      "ListBlockDevices");
        measure_check(sd_bus_message_enter_container(reply, 'a', "(sttss)"), "its reply");
        while (sd_bus_message_read(reply, "(sttss)", &name, &size, NULL, &owner, &state) > 0)
                n += (size_t) snprintf(is + n, sizeof(is) - n, "%s %" PRIu64 " %s %s, ", name,
                                       size >> 20, owner, state);
        n = 0;
        for (unsigned i = 0; i < SOAK_N_BLOCKS; i++) {
                const SoakBlock *block = &client->model.blocks[i];
                bool runs = block->owner >= 0 && client->model.unikernels[block->owner].runs;
                char who[64] = "";

                if (block->size == 0)
                        continue;
                if (block->owner >= 0)
                        snprintf(who, sizeof(who), "%s:u%d", path, block->owner);
                n += (size_t) snprintf(expected + n, sizeof(expected) - n,
                                       "%s:b%u %" PRIu64 " %s %s, ", path, i, block->size, who,
                                       runs ? "in-use" : "idle");
        }
        if (strcmp(expected, is) != 0)
                tell_wrong(client, "the list of block devices", expected, is);
}

/* --- clients --- */

static int run_client(unsigned number, uint64_t seed, uint64_t deadline_nsec, int report_fd) {
        Client client = {.number = number, .seed = seed};

        measure_check(sd_bus_open_system(&client.bus), "system bus");
        soak_model_init(&client.model, seed * N_CLIENTS + number);
        while (!client.is_wrong && measure_now() < deadline_nsec) {
                if (client.n_requests % 5 == 4)
                        ask_shared(&client);
                else
                        ask_own(&client);
                if (client.n_requests % LOOK_EVERY == 0 && !client.is_wrong) {
                        look_at_unikernels(&client);
                        look_at_blocks(&client);
                }
        }
        if (!client.is_wrong) {
                look_at_unikernels(&client);
                look_at_blocks(&client);
        }
        fflush(stdout);
        dprintf(report_fd, "%" PRIu64 " %" PRIu64 "\n", client.n_requests, client.n_refused);
        sd_bus_flush_close_unref(client.bus);
        return client.is_wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void print_counts(int fd) {
        uint64_t n_requests = 0, n_refused = 0, requests, refused;
        FILE *file = fdopen(fd, "r");

        while (file && fscanf(file, "%" SCNu64 " %" SCNu64, &requests, &refused) == 2) {
                n_requests += requests;
                n_refused += refused;
        }
        if (file)
                fclose(file);
        printf("%" PRIu64 " requests by %u clients, %" PRIu64 " of them refused as predicted\n",
               n_requests, N_CLIENTS, n_refused);
}

static int run_clients(uint64_t seconds, uint64_t seed) {
        uint64_t deadline_nsec = measure_now() + seconds * UINT64_C(1000000000);
        int pipes[2], status, result = EXIT_SUCCESS;

        printf("seed %" PRIu64 "\n", seed);
        fflush(stdout);
        measure_check(pipe2(pipes, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        for (unsigned i = 0; i < N_CLIENTS; i++) {
                pid_t pid = fork();

                measure_check(pid < 0 ? -errno : 0, "fork");
                if (pid == 0)
                        _exit(run_client(i, seed, deadline_nsec, pipes[1]));
        }
        close(pipes[1]);
        while (wait(&status) > 0)
                if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                        result = EXIT_FAILURE;
        print_counts(pipes[0]);
        return result;
}

int main(int argc, char *argv[]) {
        if (argc == 4 && strcmp(argv[1], "--clients") == 0)
                return run_clients(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
        measure_check(setenv("SOAK_SEC", argc > 1 ? argv[1] : "120", 1), "setenv");
        if (argc > 2)
                measure_check(setenv("SOAK_SEED", argv[2], 1), "setenv");
        execl(SYSTEM_TESTS "/soak.sh", "soak.sh", NULL);
        measure_check(-errno, SYSTEM_TESTS "/soak.sh");
        return EXIT_FAILURE;
}
