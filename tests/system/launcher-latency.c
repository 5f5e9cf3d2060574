/* SPDX-License-Identifier: ISC */

/*
 * launcher-latency [N]: how long the steps of a start take in the launcher, in microseconds: from
 * the request to the child at its gate, from opening the gate to the answer that the program runs,
 * and from opening it to the program's first instructions. N children stay at their gates
 * meanwhile, to see what many children cost.
 *
 * With --entry it is that program: it writes the time to descriptor 3.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "launcher-client.h"

#define N_ROUNDS 200U

typedef struct Samples {
        const char *what;
        uint64_t values[N_ROUNDS];
} Samples;

static uint64_t now_nsec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static int write_entry(void) {
        uint64_t now = now_nsec();

        return write(3, &now, sizeof(now)) == sizeof(now) ? 0 : 1;
}

static int compare(const void *a, const void *b) {
        const uint64_t *first = a, *second = b;

        return (*first > *second) - (*first < *second);
}

static void print(Samples *samples) {
        qsort(samples->values, N_ROUNDS, sizeof(*samples->values), compare);
        printf("%-18s median %4llu  p95 %4llu us\n", samples->what,
               (unsigned long long) samples->values[N_ROUNDS / 2] / 1000,
               (unsigned long long) samples->values[N_ROUNDS * 95 / 100] / 1000);
}

int main(int argc, char **argv) {
        static Samples spawned = {.what = "spawn"}, opened = {.what = "open to answer"},
                       entered = {.what = "open to entry"};
        static const char entry_argv[] = "launcher-latency\0--entry";
        LauncherRequest open_request = {.verb = LAUNCHER_OPEN};
        uint32_t n_waiting = argc > 1 ? (uint32_t) atoi(argv[1]) : 0;
        Client *client;
        int fds[3], ends[2];

        if (argc > 1 && strcmp(argv[1], "--entry") == 0)
                return write_entry();

        client = client_connect();
        for (uint32_t i = 1; i <= n_waiting; i++)
                if (client_spawn(client, UID + i, "waiting").error < 0)
                        return EXIT_FAILURE;
        fds[0] = open("/proc/self/exe", O_PATH | O_CLOEXEC);
        fds[1] = client_argv_raw(entry_argv, sizeof(entry_argv));
        if (pipe2(ends, O_CLOEXEC) < 0)
                return EXIT_FAILURE;
        fds[2] = ends[1];

        for (unsigned i = 0; i < N_ROUNDS; i++) {
                uint64_t start = now_nsec(), entry;
                LauncherReply child = client_spawn(client, UID, "latency");

                spawned.values[i] = now_nsec() - start;
                usleep(2000); /* about as long as a scope takes */
                open_request.child = child.child;
                start = now_nsec();
                if (client_call(client, open_request, fds, 3).error < 0)
                        return EXIT_FAILURE;
                opened.values[i] = now_nsec() - start;
                if (read(ends[0], &entry, sizeof(entry)) != sizeof(entry))
                        return EXIT_FAILURE;
                entered.values[i] = entry - start;
                (void) client_wait_exit(client, child.child);
                (void) client_forget(client, child.child);
        }

        print(&spawned);
        print(&opened);
        print(&entered);
        client_close(client);
        return EXIT_SUCCESS;
}
