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
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "spt/sandbox.h"

#define CALLS_MAX 600
#define X32_BIT   0x40000000

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

static bool is_allowed(const Sandbox *sandbox, int number, uint64_t argument) {
        struct seccomp_data call = {.nr = number, .arch = AUDIT_ARCH_X86_64, .args = {argument}};
        uint32_t verdict;

        /* Pointers and sizes may be anything. */
        for (size_t i = 1; i < 6; i++)
                call.args[i] = 0x123456789abcdef0 + i;
        verdict = run(sandbox, &call);
        assert_true(verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_KILL_PROCESS);
        return verdict == SECCOMP_RET_ALLOW;
}

/* The interface, once more and in other words. */
static bool should_be_allowed(const Sandbox *sandbox, int number, uint64_t argument) {
        switch (number) {
        case SYS_write:
                return argument == 1;
        case SYS_exit_group:
                return true;
        case SYS_epoll_pwait:
                return argument == (uint64_t) sandbox->epoll_fd;
        case SYS_timerfd_settime:
                return argument == (uint64_t) sandbox->timer_fd;
        case SYS_clock_gettime:
                return argument == CLOCK_MONOTONIC || argument == CLOCK_REALTIME;
        case SYS_arch_prctl:
                return argument == ARCH_SET_FS;
        default:
                return false;
        }
}

static void allows_what_the_interface_lists_and_nothing_else(void **state) {
        const Sandbox *sandbox = *state;
        const uint64_t arguments[] = {
                0,
                1,
                2,
                3,
                (uint64_t) sandbox->epoll_fd,
                (uint64_t) sandbox->timer_fd,
                ARCH_SET_FS,
                ARCH_SET_GS,
                ARCH_GET_FS,
                CLOCK_THREAD_CPUTIME_ID,
                UINT32_MAX,
                UINT64_MAX,
                1ULL << 32 | 1,
        };

        for (int number = 0; number < CALLS_MAX; number++)
                for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
                        if (is_allowed(sandbox, number, arguments[i]) !=
                            should_be_allowed(sandbox, number, arguments[i]))
                                fail_msg("Call %d with 0x%llx", number,
                                         (unsigned long long) arguments[i]);
}

static void kills_calls_of_other_architectures(void **state) {
        const Sandbox *sandbox = *state;

        for (int number = 0; number < CALLS_MAX; number++) {
                struct seccomp_data call = {.nr = number, .arch = AUDIT_ARCH_I386, .args = {1}};

                assert_int_equal(run(sandbox, &call), SECCOMP_RET_KILL_PROCESS);
                assert_false(is_allowed(sandbox, number | X32_BIT, 1));
        }
}

static void the_timer_is_its_own(void **state) {
        const Sandbox *sandbox = *state;

        assert_true(sandbox->epoll_fd > STDERR_FILENO);
        assert_true(sandbox->timer_fd > STDERR_FILENO);
        assert_int_not_equal(sandbox->epoll_fd, sandbox->timer_fd);
}

static int prepare(void **state) {
        static Sandbox sandbox;
        Refusal refusal;

        *state = &sandbox;
        return sandbox_prepare(&sandbox, &refusal);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(allows_what_the_interface_lists_and_nothing_else),
                cmocka_unit_test(kills_calls_of_other_architectures),
                cmocka_unit_test(the_timer_is_its_own),
        };

        return cmocka_run_group_tests(tests, prepare, NULL);
}
