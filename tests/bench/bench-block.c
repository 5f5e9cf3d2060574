/* SPDX-License-Identifier: ISC */

/*
 * What it costs to write and to read a block device of 1 GiB (or as many MiB as the first argument
 * says), next to cp --sparse=always of the same bytes, and read packed next to gzip -1; each until
 * it is on the disk. A quarter of the bytes are holes, a quarter is noise and the rest like text.
 * A write replaces what was there as a whole: the like of it is cp to a new file that is then
 * renamed over the old one. A cp to where nothing was is like the creation of a device.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "measure.h"

#define MIB_DEFAULT     1024U
#define N_ROUNDS        5U
#define N_ROUNDS_PACKED 2U
#define PIECE           (64U * 1024U)
#define FOLDER          "/var/lib/albatross/bench"
#define DEVICE          "/var/lib/albatross/v1/blocks/bench"

static Series write_device = {"block write"};
static Series replace_copy = {"the same by cp, sync, mv over it, sync"};
static Series create_device = {"block create with content"};
static Series copy_in = {"cp --sparse=always, sync, of the same"};
static Series read_device = {"block read"};
static Series copy_out = {"cp --sparse=always, sync, of the same"};
static Series read_packed = {"block read --compress"};
static Series pack = {"gzip -1 of the same"};

/* Always the same bytes: xorshift. */
static uint32_t next_number(uint64_t *state) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return (uint32_t) (*state >> 16);
}

static void fill(char *piece, size_t i, uint64_t *state) {
        static const char *const words[] = {"the ",    "disk ",  "of a ",    "guest ", "says\n",
                                            "nothing", " but: ", "0x00ff, ", "error ", "again. "};
        size_t used = 0;

        if (i % 4 == 1) {
                for (; used < PIECE; used += sizeof(uint32_t)) {
                        uint32_t number = next_number(state);

                        memcpy(piece + used, &number, sizeof(number));
                }
                return;
        }
        while (used < PIECE) {
                const char *word = words[next_number(state) % N_ELEMENTS(words)];
                size_t n = MIN_OF(strlen(word), PIECE - used);

                memcpy(piece + used, word, n);
                used += n;
        }
}

static void make_content(unsigned mib) {
        static char piece[PIECE];
        uint64_t state = 88172645463325252U;
        int fd;

        fd = open(FOLDER "/content", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        measure_check(fd < 0 ? -errno : 0, FOLDER "/content");
        for (size_t i = 0; i < (size_t) mib * 16; i++) {
                if (i % 4 == 0) {
                        measure_check(lseek(fd, PIECE, SEEK_CUR) < 0 ? -errno : 0, "content");
                        continue;
                }
                fill(piece, i, &state);
                measure_check(file_write_all(fd, piece, sizeof(piece)), "content");
        }
        measure_check(ftruncate(fd, (off_t) mib << 20) < 0 ? -errno : 0, "content");
        close(fd);
}

static void run(const char *command) {
        measure_check(system(command) == 0 ? 0 : -EIO, command);
}

/* With nothing else for the disk to do. */
static void measure(Series *series, const char *command) {
        uint64_t start;

        run("rm -f " FOLDER "/out; sync");
        start = measure_now();
        run(command);
        series_add(series, measure_now() - start);
}

int main(int argc, char **argv) {
        unsigned mib = argc > 1 ? (unsigned) strtoul(argv[1], NULL, 10) : MIB_DEFAULT;
        char command[128], create[128];

        run("mkdir -p " FOLDER);
        make_content(mib);
        snprintf(command, sizeof(command), "albatrossctl -q block create bench %uM", mib);
        run(command);
        /* What there is before the first round, and is replaced in each. */
        run("albatrossctl -q block write bench " FOLDER "/content");
        run("cp --sparse=always " FOLDER "/content " FOLDER "/old");
        snprintf(create, sizeof(create),
                 "albatrossctl -q block create bench-new %uM " FOLDER "/content", mib);

        for (unsigned i = 0; i < N_ROUNDS; i++) {
                measure(&write_device, "albatrossctl -q block write bench " FOLDER "/content");
                measure(&replace_copy, "cp --sparse=always " FOLDER "/content " FOLDER "/new && "
                                       "sync " FOLDER "/new && mv " FOLDER "/new " FOLDER "/old && "
                                       "sync " FOLDER);
                measure(&create_device, create);
                run("albatrossctl -q block remove bench-new");
                measure(&copy_in, "cp --sparse=always " FOLDER "/content " FOLDER "/out && "
                                  "sync " FOLDER "/out");
                measure(&read_device, "albatrossctl -q block read bench " FOLDER "/out");
                measure(&copy_out,
                        "cp --sparse=always " DEVICE " " FOLDER "/out && sync " FOLDER "/out");
        }
        run("cmp " FOLDER "/content " DEVICE);
        for (unsigned i = 0; i < N_ROUNDS_PACKED; i++) {
                measure(&read_packed, "albatrossctl -q block read --compress bench " FOLDER "/out");
                measure(&pack, "gzip -1 <" DEVICE " >" FOLDER "/out && sync " FOLDER "/out");
        }
        run("albatrossctl -q block remove bench");

        series_print(&write_device);
        series_print(&replace_copy);
        series_print(&create_device);
        series_print(&copy_in);
        series_print(&read_device);
        series_print(&copy_out);
        series_print(&read_packed);
        series_print(&pack);
        series_print_ratio(&write_device, &replace_copy, 1.2);
        series_print_ratio(&write_device, &copy_in, 1.2);
        series_print_ratio(&create_device, &copy_in, 1.2);
        series_print_ratio(&read_device, &copy_out, 1.2);
        series_print_ratio(&read_packed, &pack, 1.2);
        return EXIT_SUCCESS;
}
