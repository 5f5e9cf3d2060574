/* SPDX-License-Identifier: ISC */

/*
 * What it costs that a change is on disk when it is answered: set of a unikernel by an
 * albatross-writer as it is, and while its fsync() does nothing, next to a file that is written
 * as a record is. That must be one file, however many unikernels there are (none else, and 1000 or
 * the first argument), and however large the image is (that of hello, and one of 128 MiB). Runs as
 * root on a real systemd: tools/bench changes [OTHERS].
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"

#define WRITER      ALBATROSS_LIBEXECDIR "/albatross-writer"
#define IMAGE       ALBATROSS_DATADIR "/hello.spt"
#define STATE       ALBATROSS_STATEDIR
#define MANAGER     "org.albatross", "/org/albatross", "org.albatross.Manager"
#define NAME        "changed"
#define LARGE_BYTES ((off_t) 128 << 20)
#define N_CHANGES   200U

typedef struct Case {
        const char *title;
        Series with, without, raw;
} Case;

static Case none = {.title = "none else, a small image"};
static Case all = {.title = "all else, a small image"};
static Case large = {.title = "all else, an image of 128 MiB"};

static void run(const char *command) {
        int status = system(command);

        measure_check(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO, command);
}

/* The writer gets no environment, so what is to be loaded is said by a script in its place. */
static void wrap_writer(void) {
        run("mv " WRITER " " WRITER ".real && cp " NO_FSYNC " " WRITER ".so && "
            "printf '#!/bin/sh\\nexport LD_PRELOAD=" WRITER ".so\\nexec " WRITER
            ".real \"$@\"\\n' >" WRITER " && chmod 755 " WRITER " && systemctl restart albatrossd");
}

static void choose_fsync(bool is_done) {
        if (!is_done)
                fd_close(open(NO_FSYNC_FLAG, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        else
                unlink(NO_FSYNC_FLAG);
        measure_check((access(NO_FSYNC_FLAG, F_OK) == 0) != is_done ? 0 : -EIO, NO_FSYNC_FLAG);
}

static void create(sd_bus *bus, const char *name, int image_fd) {
        measure_check(sd_bus_call_method(bus, MANAGER, "CreateUnikernel", NULL, NULL, "sha{sv}",
                                         name, image_fd, 2, "Memory", "t", (uint64_t) 2 << 20,
                                         "Arguments", "as", 1, "--sleep=36000"),
                      name);
}

static void create_others(sd_bus *bus, int image_fd, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                char name[32];

                snprintf(name, sizeof(name), "many-%u", i);
                measure_check(lseek(image_fd, 0, SEEK_SET) < 0 ? -errno : 0, IMAGE);
                create(bus, name, image_fd);
        }
}

/* The same guest, with what makes it large behind it. */
static int open_large_image(int image_fd) {
        int fd = open(STATE, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        struct stat st;

        measure_check(fd < 0 || fstat(image_fd, &st) < 0 ? -errno : 0, STATE);
        measure_check(lseek(image_fd, 0, SEEK_SET) < 0 ||
                                      sendfile(fd, image_fd, NULL, (size_t) st.st_size) < 0 ||
                                      ftruncate(fd, LARGE_BYTES) < 0
                              ? -errno
                              : 0,
                      "a large image");
        return fd;
}

/* Another memory each time. */
static void set(sd_bus *bus, unsigned number, Series *series) {
        uint64_t start = measure_now();

        measure_check(sd_bus_call_method(bus, MANAGER, "SetUnikernel", NULL, NULL, "sa{sv}", NAME,
                                         1, "Memory", "t", (uint64_t) (2 + number % 2) << 20),
                      "SetUnikernel");
        if (series)
                series_add(series, measure_now() - start);
}

/* What there is to pay for a record at least, on the same disk. */
static void write_raw(int folder, Series *series) {
        static const char text[1024] = "a record";
        uint64_t start = measure_now();
        int fd = openat(folder, "bench.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        measure_check(fd < 0 ? -errno : 0, "bench.new");
        measure_check(write(fd, text, sizeof(text)) < 0 ? -errno : 0, "write");
        measure_check(fsync(fd) < 0 ? -errno : 0, "fsync");
        close(fd);
        measure_check(renameat(folder, "bench.new", folder, "bench") < 0 ? -errno : 0, "rename");
        measure_check(fsync(folder) < 0 ? -errno : 0, "fsync");
        series_add(series, measure_now() - start);
}

/* One that runs: it is written down, and what runs is left alone. In turn, so that all see the same
 * disk and the same machine; the first one starts the writer. */
static void measure(sd_bus *bus, int image_fd, Case *which) {
        _cleanup_(fd_closep) int folder = open(STATE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        measure_check(folder < 0 ? -errno : 0, STATE);
        measure_check(lseek(image_fd, 0, SEEK_SET) < 0 ? -errno : 0, IMAGE);
        create(bus, NAME, image_fd);
        set(bus, 1, NULL);
        for (unsigned i = 0; i < N_CHANGES; i++) {
                set(bus, 2 * i, &which->with);
                write_raw(folder, &which->raw);
                choose_fsync(false);
                set(bus, 2 * i + 1, &which->without);
                choose_fsync(true);
        }
        measure_check(
                sd_bus_call_method(bus, MANAGER, "DestroyUnikernel", NULL, NULL, "sa{sv}", NAME, 0),
                "DestroyUnikernel");
        unlinkat(folder, "bench", 0);
}

static double added_msec(Case *which) {
        return ((double) series_median(&which->with) - (double) series_median(&which->without)) /
               1e6;
}

static void print(Case *which) {
        which->with.name = "set";
        which->without.name = "set, without fsync";
        which->raw.name = "a file: write, fsync, rename, fsync of folder";
        printf("%-44s %8s %8s %8s\n", which->title, "min", "median", "max");
        series_print(&which->with);
        series_print(&which->without);
        series_print(&which->raw);
        printf("what fsync adds: %.2f ms, %.2f of what such a file takes (target: one file, in "
               "each case)\n",
               added_msec(which), added_msec(which) * 1e6 / (double) series_median(&which->raw));
}

int main(int argc, char *argv[]) {
        unsigned n = argc > 1 ? (unsigned) atoi(argv[1]) : 1000;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(fd_closep) int image_fd = open(IMAGE, O_RDONLY | O_CLOEXEC), large_fd = -1;

        measure_check(n > 0 && n < 4000 ? 0 : -ERANGE, "number of unikernels");
        measure_check(image_fd < 0 ? -errno : 0, IMAGE);
        measure_check(sd_bus_open_system(&bus), "system bus");
        large_fd = open_large_image(image_fd);
        wrap_writer();

        measure(bus, image_fd, &none);
        create_others(bus, image_fd, n);
        measure(bus, image_fd, &all);
        measure(bus, large_fd, &large);

        printf("all: %u more\n", n);
        print(&none);
        print(&all);
        print(&large);
        return 0;
}
