/* SPDX-License-Identifier: ISC */

/* What the daemon and albatross-statistics say to each other, and what neither can have said. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "manager/samples.h"
#include "statistics/reply.h"
#include "statistics/request.h"

/* --- the request --- */

static void add(SampleTargets *targets, const char *name, size_t n_taps) {
        TapName taps[2] = {{.text = "alb1", .guest = "service"}, {.text = "alb234567890123"}};
        Run run = {.pid = 4711, .start_ticks = 12345, .taps = taps, .n_taps = n_taps};
        Unikernel unikernel = {.run = &run};

        assert_int_equal(name_parse(&unikernel.name, name, NULL), 0);
        assert_int_equal(sample_targets_add(targets, &unikernel), 0);
}

static void what_the_daemon_asks_the_service_understands(void **state) {
        _cleanup_(sample_targets_clear) SampleTargets asked = {};
        _cleanup_(freep) Target *targets = NULL;

        add(&asked, "web", 0);
        add(&asked, "alice:team:db", 2);
        assert_int_equal(asked.n, 2);
        assert_int_equal(request_read(&targets, asked.request, asked.request_size, 2), 0);
        assert_int_equal(targets[0].wire->pid, 4711);
        assert_int_equal(targets[0].wire->start_ticks, 12345);
        assert_int_equal(targets[0].wire->n_taps, 0);
        assert_string_equal(targets[0].group, "/albatross.slice/albatross-web.scope");
        assert_int_equal(targets[1].wire->n_taps, 2);
        assert_string_equal(targets[1].taps[0].text, "alb1");
        assert_string_equal(targets[1].taps[1].text, "alb234567890123");
        assert_non_null(strstr(targets[1].group, "/albatross-alice:team:db.scope"));
}

static void the_longest_name_fits(void **state) {
        _cleanup_(sample_targets_clear) SampleTargets asked = {};
        _cleanup_(freep) Target *targets = NULL;

        add(&asked,
            "aaaaaaaaaaaaaaaaaaaaaaaa:bbbbbbbbbbbbbbbbbbbbbbbb:cccccccccccccccccccccccc:"
            "dddddddddddddddddddddddd:eeeeeeeeeeeeeeeeeeeeeeee:ffffffffffffffffffffffff:"
            "gggggggggggggggggggggggg:hhhhhhhhhhhhhhhhhhhhhhhhh",
            1);
        assert_int_equal(request_read(&targets, asked.request, asked.request_size, 1), 0);
}

static void a_request_that_is_cut_or_too_long_is_refused(void **state) {
        _cleanup_(sample_targets_clear) SampleTargets asked = {};
        Target *targets = NULL;

        add(&asked, "web", 1);
        for (size_t size = 0; size < asked.request_size; size++)
                assert_int_equal(request_read(&targets, asked.request, size, 1), -EBADMSG);
        assert_int_equal(request_read(&targets, asked.request, asked.request_size, 0), -EBADMSG);
        assert_int_equal(request_read(&targets, asked.request, asked.request_size, 2), -EBADMSG);
        assert_int_equal(request_read(&targets, asked.request, asked.request_size, UINT32_MAX),
                         -EBADMSG);
        assert_null(targets);
}

/* Each with one byte, or two, that are not as they can be. */
static void a_request_that_makes_no_sense_is_refused(void **state) {
        static const struct {
                size_t offset;
                const char *bytes;
                size_t n;
        } changes[] = {
                {offsetof(StatisticsTarget, pid), "\0\0\0\0", 4},
                {offsetof(StatisticsTarget, pid), "\xff\xff\xff\xff", 4},
                {offsetof(StatisticsTarget, n_taps), "\xff\xff", 2},
                {offsetof(StatisticsTarget, group_size), "\0\0", 2},
                {offsetof(StatisticsTarget, group_size), "\x07\0", 2},
                {offsetof(StatisticsTarget, group_size), "\xf8\xff", 2},
                {sizeof(StatisticsTarget), "x", 1},
                {sizeof(StatisticsTarget) + 4, "/../", 4},
                {sizeof(StatisticsTarget) + 4, "//", 2},
                {sizeof(StatisticsTarget) + 39, "x", 1},
                {sizeof(StatisticsTarget) + 40, "\0", 1},
                {sizeof(StatisticsTarget) + 40, "0123456789abcdef", 16},
        };

        for (size_t i = 0; i < N_ELEMENTS(changes); i++) {
                _cleanup_(sample_targets_clear) SampleTargets asked = {};
                Target *targets = NULL;

                add(&asked, "web", 1);
                assert_int_equal(asked.request_size, sizeof(StatisticsTarget) + 40 + 16);
                memcpy(asked.request + changes[i].offset, changes[i].bytes, changes[i].n);
                if (request_read(&targets, asked.request, asked.request_size, 1) != -EBADMSG)
                        fail_msg("change %zu", i);
                assert_null(targets);
        }
}

/* --- the answer --- */

typedef struct Answer {
        StatisticsSample first;
        StatisticsSample second;
        StatisticsInterface interfaces[2];
        StatisticsCounter counter;
} Answer;

static const Answer good = {
        .first = {.target = 0,
                  .figures = {.present = UINT64_C(1) << FIGURE_MINFLT,
                              .values = {[FIGURE_MINFLT] = 7}}},
        .second = {.target = 2, .n_interfaces = 2, .n_counters = 1},
        .interfaces = {{.name = "alb1", .bridge = "br0", .tap = 0}, {.name = "alb2", .tap = 1}},
        .counter = {.name = "exits", .value = 3},
};

static void ask_three(SampleTargets *asked) {
        add(asked, "a", 0);
        add(asked, "b", 0);
        add(asked, "c", 2);
}

static int read_answer(const Answer *answer, uint32_t n, size_t size) {
        _cleanup_(sample_targets_clear) SampleTargets asked = {};
        _cleanup_(samples_clear) Samples samples = {};
        int r;

        ask_three(&asked);
        r = samples_read(&samples, &asked, n, answer, size);
        if (r < 0)
                assert_null(samples.samples);
        return r;
}

static void what_the_service_answers_the_daemon_takes(void **state) {
        _cleanup_(sample_targets_clear) SampleTargets asked = {};
        _cleanup_(samples_clear) Samples samples = {};

        ask_three(&asked);
        assert_int_equal(samples_read(&samples, &asked, 2, &good, sizeof(good)), 0);
        assert_int_equal(samples.n, 2);
        assert_int_equal(samples.samples[0].wire->figures.values[FIGURE_MINFLT], 7);
        assert_int_equal(samples.samples[1].wire->target, 2);
        assert_string_equal(samples.samples[1].interfaces[1].name, "alb2");
        assert_string_equal(samples.samples[1].counters[0].name, "exits");
}

static void an_answer_that_is_cut_or_too_long_is_refused(void **state) {
        for (size_t size = 0; size < sizeof(good); size += 8)
                assert_int_equal(read_answer(&good, 2, size), -EBADMSG);
        assert_int_equal(read_answer(&good, 1, sizeof(good)), -EBADMSG);
        assert_int_equal(read_answer(&good, 3, sizeof(good)), -EBADMSG);
        assert_int_equal(read_answer(&good, 4, sizeof(good)), -EBADMSG);
        assert_int_equal(read_answer(&good, UINT32_MAX, sizeof(good)), -EBADMSG);
        assert_int_equal(read_answer(NULL, 0, 0), 0);
}

#define REFUSED(change)                                                                            \
        do {                                                                                       \
                Answer answer = good;                                                              \
                answer.change;                                                                     \
                if (read_answer(&answer, 2, sizeof(answer)) != -EBADMSG)                           \
                        fail_msg("%s is taken", #change);                                          \
        } while (false)

static void an_answer_that_nobody_asked_for_is_refused(void **state) {
        REFUSED(first.target = 3);
        REFUSED(first.target = 2);
        REFUSED(second.target = 0);
        REFUSED(second.target = 1);
        REFUSED(second.n_interfaces = 1);
        REFUSED(second.n_interfaces = UINT16_MAX);
        REFUSED(second.n_counters = UINT16_MAX);
        REFUSED(interfaces[0].tap = 1);
        REFUSED(interfaces[1].tap = 2);
}

static void an_answer_that_can_t_be_told_is_refused(void **state) {
        REFUSED(first.figures.present |= UINT64_C(1) << N_STATISTICS);
        REFUSED(interfaces[0].present = UINT64_C(1) << N_INTERFACE_STATISTICS);
        REFUSED(interfaces[0].name[0] = '\0');
        REFUSED(interfaces[0].name[1] = '\n');
        REFUSED(interfaces[0].bridge[0] = '\xff');
        REFUSED(counter.name[0] = '\0');
        REFUSED(counter.name[0] = ' ');
        REFUSED(counter = ((StatisticsCounter){.name = {[0 ... 55] = 'x'}}));
        REFUSED(interfaces[0] = ((StatisticsInterface){.name = {[0 ... 15] = 'x'}}));
        REFUSED(interfaces[0] = ((StatisticsInterface){
                        .name = "alb1",
                        .present = UINT64_C(1) << INTERFACE_MTU,
                        .values = {[INTERFACE_MTU] = UINT64_C(1) << 32},
                }));
        REFUSED(first.figures = ((Figures){
                        .present = UINT64_C(1) << FIGURE_CPU_PERCENT,
                        .values = {[FIGURE_CPU_PERCENT] = figure_from_double(-1.0)},
                }));
        REFUSED(first.figures = ((Figures){
                        .present = UINT64_C(1) << FIGURE_CPU_PERCENT,
                        .values = {[FIGURE_CPU_PERCENT] = UINT64_MAX},
                }));
}

static void an_answer_that_can_still_be_changed_is_refused(void **state) {
        _cleanup_(sample_targets_clear) SampleTargets asked = {};
        _cleanup_(samples_clear) Samples samples = {};
        _cleanup_(fd_closep) int open_fd = memfd_create("test", MFD_CLOEXEC);
        _cleanup_(fd_closep) int sealed_fd = file_memfd("test", &good, sizeof(good));

        assert_true(open_fd >= 0 && sealed_fd >= 0);
        assert_int_equal(file_write_all(open_fd, &good, sizeof(good)), 0);
        ask_three(&asked);
        assert_int_equal(samples_open(&samples, &asked, 2, open_fd), -EBADMSG);
        assert_null(samples.samples);
        assert_int_equal(samples_open(&samples, &asked, 2, sealed_fd), 0);
        assert_int_equal(samples.n, 2);
}

static void an_answer_has_a_bound(void **state) {
        _cleanup_(reply_clear) Reply reply = {};

        assert_non_null(reply_add(&reply, 100));
        assert_null(reply_add(&reply, STATISTICS_SIZE_MAX - 99));
        assert_null(reply_add(&reply, SIZE_MAX));
        assert_int_equal(reply.size, 100);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_the_daemon_asks_the_service_understands),
                cmocka_unit_test(the_longest_name_fits),
                cmocka_unit_test(a_request_that_is_cut_or_too_long_is_refused),
                cmocka_unit_test(a_request_that_makes_no_sense_is_refused),
                cmocka_unit_test(what_the_service_answers_the_daemon_takes),
                cmocka_unit_test(an_answer_that_is_cut_or_too_long_is_refused),
                cmocka_unit_test(an_answer_that_nobody_asked_for_is_refused),
                cmocka_unit_test(an_answer_that_can_t_be_told_is_refused),
                cmocka_unit_test(an_answer_that_can_still_be_changed_is_refused),
                cmocka_unit_test(an_answer_has_a_bound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
