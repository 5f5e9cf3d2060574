/* SPDX-License-Identifier: ISC */

/*
 * hostile-descriptor KIND FILE [BLOCK]: CreateUnikernel "bad", or WriteBlockDevice BLOCK, with a
 * descriptor that is not what it should be; prints the error and ends with 1, or with 0 when it was
 * taken. KIND vanish sends a megabyte and ends at once with 0, without an answer.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

/* A child that writes @chunk bytes of zeros every @pause_usec until nobody reads any more. */
static int start_writer(size_t chunk, unsigned pause_usec) {
        static const char zeros[65536];
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(ends[0]);
                while (write(ends[1], zeros, chunk) >= 0)
                        usleep(pause_usec);
                _exit(0);
        }
        close(ends[1]);
        return ends[0];
}

/* Truncates the file while it is being read, and makes it longer again, for a while. */
static void start_shrinker(const char *path) {
        if (fork() != 0)
                return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (unsigned i = 0; i < 2000; i++) {
                if (truncate(path, i % 2 ? 64 << 20 : 4096) < 0)
                        break;
                usleep(500);
        }
        _exit(0);
}

/* Makes a byte of the file another one while it is being read, and the same again, for a while. */
static void start_changer(const char *path) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        uint64_t position = 0;

        if (fd < 0 || fork() != 0)
                return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (unsigned i = 0; i < 20000; i++) {
                position = (position * 6364136223846793005U + 1442695040888963407U) % 65536;
                if (pwrite(fd, i % 2 ? "\377" : "\0", 1, (off_t) position) < 0)
                        break;
                usleep(50);
        }
        _exit(0);
}

static int open_socket(void) {
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        shutdown(ends[1], SHUT_WR);
        return ends[0];
}

/* A pipe with the beginning of something in it, whose other end lasts as long as we. */
static int start_and_stop(void) {
        static const char letters[65536] = {'x'};
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) < 0)
                return -errno;
        for (unsigned i = 0; i < 16; i++)
                if (write(ends[1], letters, sizeof(letters)) < 0)
                        return -errno;
        return ends[0];
}

static int open_kind(const char *kind, const char *path) {
        if (strcmp(kind, "path") == 0)
                return open(path, O_PATH | O_CLOEXEC);
        if (strcmp(kind, "write-only") == 0)
                return open(path, O_WRONLY | O_CLOEXEC);
        if (strcmp(kind, "trickle") == 0)
                return start_writer(1, 500000);
        if (strcmp(kind, "silent") == 0)
                return start_writer(1, 100000000);
        if (strcmp(kind, "endless") == 0)
                return start_writer(65536, 0);
        if (strcmp(kind, "socket") == 0)
                return open_socket();
        if (strcmp(kind, "vanish") == 0)
                return start_and_stop();
        if (strcmp(kind, "shrinking") == 0)
                start_shrinker(path);
        if (strcmp(kind, "changing") == 0)
                start_changer(path);
        return open(path, O_RDONLY | O_CLOEXEC);
}

/* Long enough for the daemon to have begun with it, and no longer. */
static void vanish(sd_bus *bus, const char *block, int fd) {
        (void) sd_bus_call_method_async(bus, NULL, "org.albatross", "/org/albatross",
                                        "org.albatross.Manager", "WriteBlockDevice", NULL, NULL,
                                        "sha{sv}", block, fd, 0);
        (void) sd_bus_flush(bus);
        usleep(500000);
        raise(SIGKILL);
}

int main(int argc, char **argv) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *bus = NULL;
        int fd;
        int r;

        if (argc != 3 && argc != 4)
                return 2;
        fd = open_kind(argv[1], argv[2]);
        if (fd < 0 || sd_bus_open_system(&bus) < 0)
                return 2;
        sd_bus_set_method_call_timeout(bus, 60ULL * 1000000ULL);
        if (strcmp(argv[1], "vanish") == 0)
                vanish(bus, argv[3], fd);
        if (argc == 4)
                r = sd_bus_call_method(bus, "org.albatross", "/org/albatross",
                                       "org.albatross.Manager", "WriteBlockDevice", &error, NULL,
                                       "sha{sv}", argv[3], fd, 0);
        else
                r = sd_bus_call_method(bus, "org.albatross", "/org/albatross",
                                       "org.albatross.Manager", "CreateUnikernel", &error, NULL,
                                       "sha{sv}", "bad", fd, 0);
        if (r < 0)
                printf("%s: %s\n", error.name, error.message);
        sd_bus_error_free(&error);
        sd_bus_flush_close_unref(bus);
        return r < 0;
}
