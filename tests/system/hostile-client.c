/* SPDX-License-Identifier: ISC */

/*
 * hostile-client flood N     calls ListUnikernels N times without waiting for an answer, and says
 *                            how many were answered and how many refused
 * hostile-client stall N     N creates at once whose image is a pipe that never gives a byte; says
 *                            how each ended within 3 s
 * hostile-client heave N     calls StopUnikernel N times with an option of 4 MiB
 * hostile-client vanish N    N times asks for the end of the unikernel "target", and is gone before
 *                            anybody can ask who asked
 * hostile-client deaf        subscribes to everything and never reads, until it is killed
 * hostile-client hoard N     the same on the private socket, while another connection there changes
 *                            the policy "hoard" N times; says whether the deaf one was cut off
 * hostile-client stuff N     N creates at once, each with 16 descriptors that never give a byte
 * hostile-client crowd N     calls ListUnikernels over N connections to the bus, keeps them, and
 *                            says how many were answered
 * hostile-client ask N       calls Inspect of the unikernel "b1" N times and waits until killed
 * hostile-client knock PATH N  connects to that socket N times and waits
 * hostile-client time N      the median of N calls of GetHost, in microseconds
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#define MANAGER "org.albatross", "/org/albatross", "org.albatross.Manager"

static unsigned n_answered, n_refused, n_failed;

static void check(int r, const char *what) {
        if (r >= 0)
                return;
        fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}

static uint64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000U + (uint64_t) now.tv_nsec / 1000U;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const sd_bus_error *failure = sd_bus_message_get_error(reply);

        if (!failure)
                n_answered++;
        else if (sd_bus_error_has_name(failure, "org.albatross.Error.TooManyRequests") ||
                 sd_bus_error_has_name(failure, SD_BUS_ERROR_LIMITS_EXCEEDED))
                n_refused++;
        else
                n_failed++;
        return 0;
}

static void process_until(sd_bus *bus, unsigned n_calls, uint64_t deadline_usec) {
        while (n_answered + n_refused + n_failed < n_calls && now_usec() < deadline_usec) {
                int r = sd_bus_process(bus, NULL);

                check(r, "bus");
                if (r == 0)
                        check(sd_bus_wait(bus, 100000), "bus");
        }
        printf("answered %u refused %u failed %u of %u\n", n_answered, n_refused, n_failed,
               n_calls);
}

static void flood(sd_bus *bus, unsigned n_calls) {
        for (unsigned i = 0; i < n_calls; i++)
                check(sd_bus_call_method_async(bus, NULL, MANAGER, "ListUnikernels", on_answer,
                                               NULL, "s", ""),
                      "ListUnikernels");
        process_until(bus, n_calls, now_usec() + 20000000U);
}

static void heave(sd_bus *bus, unsigned n_calls) {
        static char text[4 << 20];

        memset(text, 'x', sizeof(text) - 1);
        for (unsigned i = 0; i < n_calls; i++) {
                check(sd_bus_call_method_async(bus, NULL, MANAGER, "StopUnikernel", on_answer, NULL,
                                               "sa{sv}", "b1", 1, "Heavy", "s", text),
                      "StopUnikernel");
                check(sd_bus_flush(bus), "flush");
        }
        process_until(bus, n_calls, now_usec() + 3000000U);
}

static void stall(sd_bus *bus, unsigned n_calls) {
        int ends[2];

        check(pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        for (unsigned i = 0; i < n_calls; i++) {
                char name[32];

                snprintf(name, sizeof(name), "stall-%u-%u", getuid(), i);
                check(sd_bus_call_method_async(bus, NULL, MANAGER, "CreateUnikernel", on_answer,
                                               NULL, "sha{sv}", name, ends[0], 0),
                      "CreateUnikernel");
        }
        process_until(bus, n_calls, now_usec() + 3000000U);
}

static void stuff(sd_bus *bus, unsigned n_calls) {
        int ends[2];

        check(pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        for (unsigned i = 0; i < n_calls; i++) {
                sd_bus_message *call = NULL;
                char name[32];

                snprintf(name, sizeof(name), "stuff-%u-%u", getuid(), i);
                check(sd_bus_message_new_method_call(bus, &call, MANAGER, "CreateUnikernel"),
                      "CreateUnikernel");
                check(sd_bus_message_append(call, "sha{sv}", name, ends[0], 15, "1", "h", ends[0],
                                            "2", "h", ends[0], "3", "h", ends[0], "4", "h", ends[0],
                                            "5", "h", ends[0], "6", "h", ends[0], "7", "h", ends[0],
                                            "8", "h", ends[0], "9", "h", ends[0], "10", "h",
                                            ends[0], "11", "h", ends[0], "12", "h", ends[0], "13",
                                            "h", ends[0], "14", "h", ends[0], "15", "h", ends[0]),
                      "CreateUnikernel");
                check(sd_bus_call_async(bus, NULL, call, on_answer, NULL, 0), "CreateUnikernel");
                sd_bus_message_unref(call);
        }
        process_until(bus, n_calls, now_usec() + 1500000U);
}

static int knock(const char *path, unsigned n) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        unsigned n_in = 0;

        strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
        for (unsigned i = 0; i < n; i++) {
                int type = i % 2 ? SOCK_STREAM : SOCK_SEQPACKET;
                int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

                n_in += connect(fd, (const struct sockaddr *) &address, sizeof(address)) == 0;
        }
        printf("%u\n", n_in);
        pause();
        return EXIT_SUCCESS;
}

static void vanish(sd_bus *bus, unsigned n_calls) {
        /* Once known to the daemon, a call waits for nothing but its turn. */
        check(sd_bus_call_method(bus, MANAGER, "GetUnikernel", NULL, NULL, "s", "target"),
              "GetUnikernel");
        for (unsigned i = 0; i < n_calls; i++)
                check(sd_bus_call_method_async(bus, NULL, MANAGER, "DestroyUnikernel", on_answer,
                                               NULL, "sa{sv}", "target", 0),
                      "DestroyUnikernel");
        check(sd_bus_flush(bus), "flush");
        _exit(EXIT_SUCCESS);
}

static int compare(const void *a, const void *b) {
        uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;

        return (left > right) - (left < right);
}

static void measure(sd_bus *bus, unsigned n_calls) {
        uint64_t *usec = calloc(n_calls, sizeof(*usec));

        check(usec ? 0 : -ENOMEM, "memory");
        for (unsigned i = 0; i < n_calls; i++) {
                uint64_t start = now_usec();

                check(sd_bus_call_method(bus, MANAGER, "GetHost", NULL, NULL, NULL), "GetHost");
                usec[i] = now_usec() - start;
                usleep(2000);
        }
        qsort(usec, n_calls, sizeof(*usec), compare);
        printf("%" PRIu64 "\n", usec[n_calls / 2]);
        free(usec);
}

static sd_bus *open_private(void) {
        sd_bus *bus = NULL;

        check(sd_bus_new(&bus), "bus");
        check(sd_bus_set_address(bus, "unix:path=/run/albatross/bus"), "address");
        check(sd_bus_start(bus), "private socket");
        check(sd_bus_call_method(bus, MANAGER, "GetHost", NULL, NULL, NULL), "GetHost");
        return bus;
}

static int hoard(unsigned n_calls) {
        sd_bus *deaf = open_private(), *bus = open_private();
        struct pollfd polled = {.fd = sd_bus_get_fd(deaf)};

        for (unsigned i = 0; i < n_calls; i++)
                check(sd_bus_call_method_async(deaf, NULL, MANAGER, "ListUnikernels", on_answer,
                                               NULL, "s", ""),
                      "ListUnikernels");
        check(sd_bus_flush(deaf), "flush");
        /* Each makes a signal. One connection is served as often as the other, so all that was
         * asked for is answered before the last of them. */
        for (unsigned i = 0; i < 20 && !(polled.revents & POLLHUP); i++) {
                check(sd_bus_call_method(bus, MANAGER, "SetPolicy", NULL, NULL, "sa{sv}", "hoard",
                                         1, "Memory", "t", (uint64_t) (64 + i % 2) << 20),
                      "SetPolicy");
                poll(&polled, 1, 100);
        }
        puts(polled.revents & POLLHUP ? "cut off" : "still there");
        sd_bus_close_unref(deaf);
        sd_bus_flush_close_unref(bus);
        return EXIT_SUCCESS;
}

static int crowd(unsigned n) {
        unsigned n_listed = 0;

        for (unsigned i = 0; i < n; i++) {
                sd_bus *bus = NULL;

                check(sd_bus_open_system(&bus), "system bus");
                if (sd_bus_call_method(bus, MANAGER, "ListUnikernels", NULL, NULL, "s", "") >= 0)
                        n_listed++;
        }
        printf("%u\n", n_listed);
        fflush(stdout);
        pause();
        return EXIT_SUCCESS;
}

static void ask(sd_bus *bus, unsigned n_calls) {
        for (unsigned i = 0; i < n_calls; i++)
                check(sd_bus_call_method_async(bus, NULL, MANAGER, "Inspect", on_answer, NULL, "s",
                                               "b1"),
                      "Inspect");
        check(sd_bus_flush(bus), "flush");
        pause();
}

int main(int argc, char **argv) {
        unsigned n = argc > 2 ? (unsigned) atoi(argv[2]) : 1;
        sd_bus *bus = NULL;

        if (argc < 2)
                return EXIT_FAILURE;
        if (strcmp(argv[1], "knock") == 0 && argc == 4)
                return knock(argv[2], (unsigned) atoi(argv[3]));
        if (strcmp(argv[1], "hoard") == 0)
                return hoard(n);
        if (strcmp(argv[1], "crowd") == 0)
                return crowd(n);
        check(sd_bus_open_system(&bus), "system bus");
        if (strcmp(argv[1], "flood") == 0)
                flood(bus, n);
        else if (strcmp(argv[1], "stall") == 0)
                stall(bus, n);
        else if (strcmp(argv[1], "heave") == 0)
                heave(bus, n);
        else if (strcmp(argv[1], "stuff") == 0)
                stuff(bus, n);
        else if (strcmp(argv[1], "ask") == 0)
                ask(bus, n);
        else if (strcmp(argv[1], "vanish") == 0)
                vanish(bus, n);
        else if (strcmp(argv[1], "time") == 0)
                measure(bus, n);
        else if (strcmp(argv[1], "deaf") == 0) {
                check(sd_bus_add_match(bus, NULL, "sender='org.albatross'", NULL, NULL), "match");
                pause();
        }
        sd_bus_flush_close_unref(bus);
        return EXIT_SUCCESS;
}
