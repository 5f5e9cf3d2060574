/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "spt/abi.h"
#include "spt/memory.h"

#define MEM_SIZE (4ULL << 20)

static char *at(uint64_t address) {
        return (char *) (uintptr_t) address;
}

static int map(void **state) {
        Refusal refusal;

        return memory_map(MEM_SIZE, &refusal);
}

static int unmap(void **state) {
        return munmap(at(SPT_MEMORY_START), MEM_SIZE - SPT_MEMORY_START);
}

/* What /proc says about the mapping at @address: "r-xp" and the like, and the inode behind it. */
static void assert_mapped(uint64_t address, const char *protection, bool of_a_file) {
        _cleanup_(file_closep) FILE *maps = fopen("/proc/self/maps", "re");
        char line[512];

        assert_non_null(maps);
        while (fgets(line, sizeof(line), maps)) {
                unsigned long start, end, inode;
                char flags[5];

                assert_int_equal(
                        sscanf(line, "%lx-%lx %4s %*x %*x:%*x %lu", &start, &end, flags, &inode),
                        4);
                if (address < start || address >= end)
                        continue;
                assert_string_equal(flags, protection);
                assert_int_equal(inode != 0, of_a_file);
                return;
        }
        fail_msg("Nothing is mapped at 0x%lx", (unsigned long) address);
}

/* Three pages, each byte of them the number of its page, 1 to 3. */
static int make_file(void) {
        char bytes[3 * 4096];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char) (1 + i / 4096);
        return file_memfd("image", bytes, sizeof(bytes));
}

static int load(const Segment *segment, int fd, Refusal *refusal) {
        Image image = {.n_segments = 1, .segments = {*segment}};

        return memory_load(&image, fd, refusal);
}

static void the_region_is_empty_and_never_executable(void **state) {
        assert_mapped(SPT_MEMORY_START, "rw-p", false);
        assert_mapped(MEM_SIZE - 1, "rw-p", false);
        assert_int_equal(at(SPT_MEMORY_START)[0], 0);
        at(MEM_SIZE - 1)[0] = 1;
}

static void refuses_to_replace_what_is_there(void **state) {
        Refusal refusal = {};

        strcpy(at(0x100000), "mine");
        assert_int_equal(memory_map(MEM_SIZE, &refusal), -EINVAL);
        assert_string_equal(refusal.sentence,
                            "Cannot map 4 MiB of guest memory: that reaches up to the tender");
        assert_int_equal(memory_map(1ULL << 47, &refusal), -EINVAL);
        assert_string_equal(at(0x100000), "mine");
}

static void text_is_the_file_itself(void **state) {
        _cleanup_(fd_closep) int fd = make_file();
        const Segment segment = {
                .address = 0x100000,
                .end = 0x103000,
                .file_size = 0x2010,
                .memory_size = 0x2010,
                .protection = PROT_READ | PROT_EXEC,
        };
        Refusal refusal;

        assert_int_equal(load(&segment, fd, &refusal), 0);
        for (uint64_t page = 0; page < 3; page++) {
                assert_mapped(0x100000 + page * 4096, "r-xp", true);
                assert_int_equal(at(0x100000 + page * 4096)[0], page + 1);
        }
        assert_mapped(0x103000, "rw-p", false);
}

static void data_ends_in_zeros(void **state) {
        _cleanup_(fd_closep) int fd = make_file();
        const Segment segment = {
                .address = 0x100000,
                .end = 0x104000,
                .offset = 0x1000,
                .file_size = 0x1010,
                .memory_size = 0x3001,
                .protection = PROT_READ | PROT_WRITE,
        };
        Refusal refusal;

        assert_int_equal(load(&segment, fd, &refusal), 0);
        assert_mapped(0x100000, "rw-p", true);
        assert_mapped(0x101000, "rw-p", false);
        assert_int_equal(at(0x100000)[0], 2);
        assert_int_equal(at(0x10100f)[0], 3);
        assert_int_equal(at(0x101010)[0], 0);
        assert_int_equal(at(0x103fff)[0], 0);

        /* Written, it stays this instance's own. */
        at(0x100000)[0] = 9;
        assert_int_equal(pread(fd, at(0x102000), 1, 0x1000), 1);
        assert_int_equal(at(0x102000)[0], 2);
}

static void memory_without_contents_gets_its_protection(void **state) {
        _cleanup_(fd_closep) int fd = make_file();
        const Segment segment = {
                .address = 0x100000,
                .end = 0x102000,
                .memory_size = 0x1001,
                .protection = PROT_READ,
        };
        Refusal refusal;

        assert_int_equal(load(&segment, fd, &refusal), 0);
        assert_mapped(0x100000, "r--p", false);
        assert_mapped(0x101000, "r--p", false);
        assert_mapped(0x102000, "rw-p", false);
}

static void copies_where_pages_do_not_match(void **state) {
        _cleanup_(fd_closep) int fd = make_file();
        const Segment segment = {
                .address = 0x100000,
                .end = 0x102000,
                .offset = 0xfff,
                .file_size = 0x1002,
                .memory_size = 0x1002,
                .protection = PROT_READ | PROT_EXEC,
        };
        Refusal refusal;

        assert_int_equal(load(&segment, fd, &refusal), 0);
        assert_mapped(0x100000, "r-xp", false);
        assert_int_equal(at(0x100000)[0], 1);
        assert_int_equal(at(0x100001)[0], 2);
        assert_int_equal(at(0x101001)[0], 3);
        assert_int_equal(at(0x101002)[0], 0);
}

/* A file that can be read but not mapped, as an image on a file system that is mounted noexec. */
static void copies_where_the_file_cannot_be_mapped(void **state) {
        _cleanup_(fd_closep) int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
        Segment segment = {
                .address = 0x100000,
                .end = 0x101000,
                .protection = PROT_READ | PROT_EXEC,
        };
        char expected[64];
        Refusal refusal;
        ssize_t n = pread(fd, expected, sizeof(expected), 0);

        assert_true(n > 4);
        segment.file_size = segment.memory_size = (uint64_t) n;
        assert_int_equal(load(&segment, fd, &refusal), 0);
        assert_mapped(0x100000, "r-xp", false);
        assert_memory_equal(at(0x100000), expected, n);
}

static void says_which_segment_it_cannot_load(void **state) {
        _cleanup_(fd_closep) int fd = make_file();
        const Segment segment = {
                .address = 0x100000,
                .end = 0x105000,
                .offset = 8,
                .file_size = 0x5000,
                .memory_size = 0x5000,
                .protection = PROT_READ,
        };
        Refusal refusal = {};

        assert_int_equal(load(&segment, fd, &refusal), -EINVAL);
        assert_non_null(strstr(refusal.sentence, "Cannot load the segment at 0x100000"));
}

static void boot_information_lies_where_the_interface_says(void **state) {
        const BootInfo info = {
                .mem_size = MEM_SIZE, .kernel_end = 0x123000, .epoll_fd = 4, .timer_fd = 5};
        static Manifest manifest = {.version = 1, .n_entries = 2};
        Arguments arguments = {.length = 3, .text = "a b"};
        uint64_t words[5];

        strcpy(manifest.entries[1].name, "service");
        memory_write_boot_info(&info, &manifest, &arguments);

        memcpy(words, at(0x11000), sizeof(words));
        assert_int_equal(words[0], MEM_SIZE);
        assert_int_equal(words[1], 0x123000);
        assert_int_equal(words[2], 0x11000 + 40 + 8 + 2 * 104);
        assert_int_equal(words[3], 0x11000 + 40);
        assert_int_equal(words[4], 4 | 5ULL << 32);
        assert_memory_equal(at(words[3]), &manifest, 8 + 2 * 104);
        assert_string_equal(at(words[2]), "a b");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_region_is_empty_and_never_executable, map,
                                                unmap),
                cmocka_unit_test_setup_teardown(refuses_to_replace_what_is_there, map, unmap),
                cmocka_unit_test_setup_teardown(text_is_the_file_itself, map, unmap),
                cmocka_unit_test_setup_teardown(data_ends_in_zeros, map, unmap),
                cmocka_unit_test_setup_teardown(memory_without_contents_gets_its_protection, map,
                                                unmap),
                cmocka_unit_test_setup_teardown(copies_where_pages_do_not_match, map, unmap),
                cmocka_unit_test_setup_teardown(copies_where_the_file_cannot_be_mapped, map, unmap),
                cmocka_unit_test_setup_teardown(says_which_segment_it_cannot_load, map, unmap),
                cmocka_unit_test_setup_teardown(boot_information_lies_where_the_interface_says, map,
                                                unmap),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
