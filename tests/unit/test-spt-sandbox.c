/* SPDX-License-Identifier: ISC */

/* The filter is run here as the kernel runs it, on calls of every number: a rule that allows too
 * much does not show in any guest that behaves. */

#include <asm/prctl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "spt/sandbox.h"

#define CALLS_MAX 600
#define X32_BIT   0x40000000

typedef struct Given {
        Manifest manifest;
        Sandbox sandbox;
} Given;

static uint32_t load_word(const struct seccomp_data *call, uint32_t offset) {
        uint32_t word;

        assert_true(offset % 4 == 0 && offset + 4 <= sizeof(*call));
        memcpy(&word, (const char *) call + offset, sizeof(word));
        return word;
}

/* As much of classic BPF as libseccomp makes use of. */
static uint32_t run(const Sandbox *sandbox, const struct seccomp_data *call) {
        uint32_t accumulator = 0;

        for (unsigned i = 0; i < sandbox->n_instructions; i++) {
                const struct sock_filter *instruction = &sandbox->instructions[i];
                uint32_t k = instruction->k;
                bool holds;

                switch (instruction->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        accumulator = load_word(call, k);
                        continue;
                case BPF_ALU | BPF_AND | BPF_K:
                        accumulator &= k;
                        continue;
                case BPF_JMP | BPF_JA:
                        i += k;
                        continue;
                case BPF_JMP | BPF_JEQ | BPF_K:
                        holds = accumulator == k;
                        break;
                case BPF_JMP | BPF_JGE | BPF_K:
                        holds = accumulator >= k;
                        break;
                case BPF_JMP | BPF_JGT | BPF_K:
                        holds = accumulator > k;
                        break;
                case BPF_RET | BPF_K:
                        return k;
                default:
                        fail_msg("Instruction %u has the unknown code %u", i, instruction->code);
                        return 0;
                }
                i += holds ? instruction->jt : instruction->jf;
        }
        fail_msg("The filter has no end");
        return 0;
}

static bool is_call_allowed(const Sandbox *sandbox, const struct seccomp_data *call) {
        uint32_t verdict = run(sandbox, call);

        assert_true(verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_KILL_PROCESS);
        return verdict == SECCOMP_RET_ALLOW;
}

static bool is_allowed(const Sandbox *sandbox, int number, uint64_t argument) {
        struct seccomp_data call = {.nr = number, .arch = AUDIT_ARCH_X86_64, .args = {argument}};

        /* Pointers and sizes may be anything. */
        for (size_t i = 1; i < 6; i++)
                call.args[i] = 0x123456789abcdef0 + i;
        return is_call_allowed(sandbox, &call);
}

static bool is_net(const Manifest *manifest, uint64_t fd) {
        for (uint32_t i = 1; i < manifest->n_entries; i++)
                if (manifest->entries[i].type == DEVICE_NET &&
                    (uint64_t) manifest->entries[i].host_fd == fd)
                        return true;
        return false;
}

/* The interface, once more and in other words. */
static bool should_be_allowed(const Given *given, int number, uint64_t argument) {
        switch (number) {
        case SYS_read:
                return is_net(&given->manifest, argument);
        case SYS_write:
                return argument == 1 || is_net(&given->manifest, argument);
        case SYS_exit_group:
                return true;
        case SYS_epoll_pwait:
                return argument == (uint64_t) given->sandbox.epoll_fd;
        case SYS_timerfd_settime:
                return argument == (uint64_t) given->sandbox.timer_fd;
        case SYS_clock_gettime:
                return argument == CLOCK_MONOTONIC || argument == CLOCK_REALTIME;
        case SYS_arch_prctl:
                return argument == ARCH_SET_FS;
        default:
                return false;
        }
}

static void allows_what_the_interface_lists_and_nothing_else(void **state) {
        const Given *given = *state;
        const uint64_t arguments[] = {
                0,
                1,
                2,
                3,
                (uint64_t) given->sandbox.epoll_fd,
                (uint64_t) given->sandbox.timer_fd,
                ARCH_SET_FS,
                ARCH_SET_GS,
                ARCH_GET_FS,
                CLOCK_THREAD_CPUTIME_ID,
                UINT32_MAX,
                UINT64_MAX,
                1ULL << 32 | 1,
        };

        for (int number = 0; number < CALLS_MAX; number++) {
                for (size_t i = 0; i < N_ELEMENTS(arguments); i++)
                        if (is_allowed(&given->sandbox, number, arguments[i]) !=
                            should_be_allowed(given, number, arguments[i]))
                                fail_msg("Call %d with 0x%llx", number,
                                         (unsigned long long) arguments[i]);
                for (uint32_t i = 1; i < given->manifest.n_entries; i++) {
                        uint64_t fd = (uint64_t) given->manifest.entries[i].host_fd;

                        if (is_allowed(&given->sandbox, number, fd) !=
                                    should_be_allowed(given, number, fd) ||
                            is_allowed(&given->sandbox, number, 1ULL << 32 | fd) !=
                                    should_be_allowed(given, number, 1ULL << 32 | fd))
                                fail_msg("Call %d with device %u", number, i);
                }
        }
}

static bool are_sectors_allowed(const Sandbox *sandbox,
                                int number,
                                int fd,
                                uint64_t size,
                                uint64_t offset) {
        const struct seccomp_data call = {
                .nr = number,
                .arch = AUDIT_ARCH_X86_64,
                .args = {(uint64_t) fd, 0x123456789abcdef0, size, offset, UINT64_MAX, 1},
        };

        return is_call_allowed(sandbox, &call);
}

static void assert_sectors(const Sandbox *sandbox, int number, const ManifestEntry *entry) {
        uint64_t sector = entry->block.block_size, last = entry->block.capacity - sector;
        const uint64_t sizes[] = {
                0,
                1,
                sector - 1,
                sector + 1,
                sector * 2,
                sector << 8,
                sector << 32,
                sector | 1ULL << 32,
                512 ^ sector,
                UINT64_MAX,
        };
        const uint64_t offsets[] = {
                last + 1,   last + sector, entry->block.capacity, last + (1ULL << 32),
                1ULL << 63, INT64_MAX,     UINT64_MAX - sector,   UINT64_MAX,
        };
        int fd = entry->host_fd;

        assert_true(are_sectors_allowed(sandbox, number, fd, sector, 0));
        assert_true(are_sectors_allowed(sandbox, number, fd, sector, last / 2));
        assert_true(are_sectors_allowed(sandbox, number, fd, sector, last));
        for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
                assert_false(are_sectors_allowed(sandbox, number, fd, sizes[i], 0));
        for (size_t i = 0; i < N_ELEMENTS(offsets); i++)
                assert_false(are_sectors_allowed(sandbox, number, fd, sector, offsets[i]));
        assert_false(are_sectors_allowed(sandbox, number, fd + 1000, sector, 0));
        assert_false(are_sectors_allowed(sandbox, number, 1, sector, 0));
        assert_false(are_sectors_allowed(sandbox, number, -1, sector, 0));
}

static void allows_whole_sectors_up_to_the_end_of_each_device(void **state) {
        const Given *given = *state;

        for (uint32_t i = 1; i < given->manifest.n_entries; i++) {
                const ManifestEntry *entry = &given->manifest.entries[i];

                if (entry->type == DEVICE_BLOCK) {
                        assert_sectors(&given->sandbox, SYS_pread64, entry);
                        assert_sectors(&given->sandbox, SYS_pwrite64, entry);
                } else {
                        assert_false(are_sectors_allowed(&given->sandbox, SYS_pread64,
                                                         entry->host_fd, 512, 0));
                }
        }
}

static void kills_calls_of_other_architectures(void **state) {
        const Given *given = *state;

        for (int number = 0; number < CALLS_MAX; number++) {
                struct seccomp_data call = {.nr = number, .arch = AUDIT_ARCH_I386, .args = {1}};

                assert_int_equal(run(&given->sandbox, &call), SECCOMP_RET_KILL_PROCESS);
                assert_false(is_allowed(&given->sandbox, number | X32_BIT, 1));
        }
}

static void its_descriptors_are_in_order(void **state) {
        const Given *given = *state;
        const Sandbox *sandbox = &given->sandbox;
        bool has_epoll = false, has_timer = false;

        assert_int_equal(sandbox->n_fds, 3 + given->manifest.n_entries - 1);
        assert_int_equal(sandbox->fds[0], STDOUT_FILENO);
        for (size_t i = 1; i < sandbox->n_fds; i++) {
                assert_true(sandbox->fds[i] > sandbox->fds[i - 1]);
                assert_true(sandbox->fds[i] > STDERR_FILENO);
                has_epoll = has_epoll || sandbox->fds[i] == sandbox->epoll_fd;
                has_timer = has_timer || sandbox->fds[i] == sandbox->timer_fd;
        }
        assert_true(has_epoll && has_timer);
}

static void waking_up_tells_the_network(void **state) {
        Given *given = *state;

        for (uint32_t i = 1; i < given->manifest.n_entries; i++) {
                int fd = given->manifest.entries[i].host_fd;
                struct epoll_event event;
                uint64_t count;

                if (given->manifest.entries[i].type != DEVICE_NET)
                        continue;
                assert_int_equal(epoll_wait(given->sandbox.epoll_fd, &event, 1, 0), 0);
                assert_int_equal(eventfd_write(fd, 1), 0);
                assert_int_equal(epoll_wait(given->sandbox.epoll_fd, &event, 1, 0), 1);
                assert_int_equal(event.data.u64, i);
                assert_int_equal(eventfd_read(fd, &count), 0);
        }
}

/* An eventfd is waited for like a tap. Block devices are not looked at: any number will do. */
static void add(Manifest *manifest, DeviceType type, uint16_t sector_size, uint64_t capacity) {
        ManifestEntry *entry = &manifest->entries[manifest->n_entries++];

        *entry = (ManifestEntry){.type = type, .attached = 1};
        entry->host_fd = eventfd(0, EFD_CLOEXEC);
        assert_true(entry->host_fd >= 0);
        if (type == DEVICE_BLOCK) {
                entry->block.block_size = sector_size;
                entry->block.capacity = capacity;
        }
}

static int prepare(void **state, Given *given) {
        Refusal refusal;

        *state = given;
        return sandbox_prepare(&given->sandbox, &given->manifest, &refusal);
}

static int prepare_without_devices(void **state) {
        static Given given = {.manifest.n_entries = 1};

        return prepare(state, &given);
}

static int prepare_with_some(void **state) {
        static Given given = {.manifest.n_entries = 1};

        add(&given.manifest, DEVICE_NET, 0, 0);
        add(&given.manifest, DEVICE_BLOCK, 512, 512);
        add(&given.manifest, DEVICE_BLOCK, 4096, 1ULL << 40);
        add(&given.manifest, DEVICE_NET, 0, 0);
        add(&given.manifest, DEVICE_BLOCK, 32768, (1ULL << 32) + 32768);
        add(&given.manifest, DEVICE_BLOCK, 512, (1ULL << 33) - 512);
        add(&given.manifest, DEVICE_BLOCK, 512, INT64_MAX & ~511LL);
        return prepare(state, &given);
}

static int prepare_with_as_many_as_there_can_be(void **state) {
        static Given given = {.manifest.n_entries = 1};

        while (given.manifest.n_entries < MANIFEST_ENTRIES_MAX)
                if (given.manifest.n_entries % 7 == 0)
                        add(&given.manifest, DEVICE_NET, 0, 0);
                else
                        add(&given.manifest, DEVICE_BLOCK,
                            (uint16_t) (512U << given.manifest.n_entries % 7),
                            (uint64_t) given.manifest.n_entries * 0x1234568000ULL);
        return prepare(state, &given);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(allows_what_the_interface_lists_and_nothing_else),
                cmocka_unit_test(allows_whole_sectors_up_to_the_end_of_each_device),
                cmocka_unit_test(kills_calls_of_other_architectures),
                cmocka_unit_test(its_descriptors_are_in_order),
                cmocka_unit_test(waking_up_tells_the_network),
        };
        int failed = 0;

        failed += cmocka_run_group_tests_name("no device", tests, prepare_without_devices, NULL);
        failed += cmocka_run_group_tests_name("some devices", tests, prepare_with_some, NULL);
        failed += cmocka_run_group_tests_name("as many as there can be", tests,
                                              prepare_with_as_many_as_there_can_be, NULL);
        return failed;
}
