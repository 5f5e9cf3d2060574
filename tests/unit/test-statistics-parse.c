/* SPDX-License-Identifier: ISC */

/* What the kernel's files say, and what others could make them say. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "statistics/parse.h"

#define TICKS 100U

static Figures parsed(FigureSource source, const char *text) {
        Figures figures = {};

        parse_file(source, text, &figures);
        return figures;
}

static void is_there(const Figures *figures, Statistic figure, uint64_t value) {
        if (!figures_have(figures, figure))
                fail_msg("%s is missing", figure_infos[figure].name);
        assert_int_equal(figures->values[figure], value);
}

static void is_missing(const Figures *figures, Statistic figure) {
        if (figures_have(figures, figure))
                fail_msg("%s is there", figure_infos[figure].name);
}

/* --- stat --- */

#define BEHIND                                                                                     \
        " S 151 159 159 0 -1 4194560 66 0 7 0 250 13 0 0 20 0 1 0 2493334 2072576 1 "              \
        "18446744073709551615 1 1 0 0\n"

static void what_a_process_has_used_is_read(void **state) {
        Figures figures = {};
        ProcessStat stat;

        assert_int_equal(parse_stat("159 (albatross-spt)" BEHIND, TICKS, &figures, &stat), 0);
        is_there(&figures, FIGURE_MINFLT, 66);
        is_there(&figures, FIGURE_MAJFLT, 7);
        is_there(&figures, FIGURE_UTIME, 2500000);
        is_there(&figures, FIGURE_STIME, 130000);
        is_there(&figures, FIGURE_VSIZE, 2072576);
        assert_int_equal(stat.start_ticks, 2493334);
        assert_int_equal(stat.state, 'S');
}

static void a_process_can_call_itself_what_it_likes(void **state) {
        static const char *const names[] = {
                ")", "a b", ") S 1 2", "x)\n1 (y", "", "(((", ") Z 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"};

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                Figures figures = {};
                ProcessStat stat;
                char text[512];

                snprintf(text, sizeof(text), "159 (%s)%s", names[i], BEHIND);
                assert_int_equal(parse_stat(text, TICKS, &figures, &stat), 0);
                assert_int_equal(stat.state, 'S');
                assert_int_equal(stat.start_ticks, 2493334);
                is_there(&figures, FIGURE_UTIME, 2500000);
        }
}

static void what_is_no_such_file_leaves_all_as_it_was(void **state) {
        static const char *const texts[] = {
                "",
                "159",
                "159 (x)",
                "159 (x) S",
                "159 (x) S 1 2 3",
                "159 (x)S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21",
                "159 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 x",
                "159 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19  20 21",
                "159 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 99999999999999999999 20 21",
        };

        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                Figures figures = {.present = 0};
                ProcessStat stat = {'?', 7};

                if (parse_stat(texts[i], TICKS, &figures, &stat) != -EBADMSG)
                        fail_msg("%s", texts[i]);
                assert_int_equal(figures.present, 0);
                assert_int_equal(stat.start_ticks, 7);
        }
}

static void a_time_too_long_to_be_told_is_not_told(void **state) {
        Figures figures = {};
        ProcessStat stat;

        assert_int_equal(parse_stat("1 (x) S 1 2 3 4 5 6 7 8 9 10 18446744073709551615 12 13 14 15 "
                                    "16 17 18 19 20 21 22",
                                    TICKS, &figures, &stat),
                         0);
        is_missing(&figures, FIGURE_UTIME);
        is_there(&figures, FIGURE_STIME, 120000);
}

/* --- status --- */

static void sizes_are_in_bytes(void **state) {
        Figures figures = parsed(FIGURE_STATUS, "Name:\tVmRSS:\nVmPeak:\t 3236 kB\n"
                                                "VmHWM:\t     720 kB\nVmRSS:\t      36 kB\n"
                                                "VmData:\t    1976 kB\nVmStk:\t       4 kB\n"
                                                "VmExe:\t      16 kB\n"
                                                "voluntary_ctxt_switches:\t2\n"
                                                "nonvoluntary_ctxt_switches:\t1\n");

        is_there(&figures, FIGURE_MAXRSS, 720 * 1024);
        is_there(&figures, FIGURE_RSS, 36 * 1024);
        is_there(&figures, FIGURE_DSIZE, 1976 * 1024);
        is_there(&figures, FIGURE_SSIZE, 4096);
        is_there(&figures, FIGURE_TSIZE, 16384);
        is_there(&figures, FIGURE_NVCSW, 2);
        is_there(&figures, FIGURE_NIVCSW, 1);
}

static void one_without_memory_has_no_sizes(void **state) {
        Figures figures = parsed(FIGURE_STATUS, "Name:\tx\nState:\tZ (zombie)\n"
                                                "voluntary_ctxt_switches:\t2\n");

        is_missing(&figures, FIGURE_RSS);
        is_missing(&figures, FIGURE_NIVCSW);
        is_there(&figures, FIGURE_NVCSW, 2);
}

static void what_makes_no_sense_is_not_there(void **state) {
        static const char *const lines[] = {"VmRSS:\t",
                                            "VmRSS:\tx kB\n",
                                            "VmRSS:\t-1 kB\n",
                                            "VmRSS:\t1 MB\n",
                                            "VmRSS 1 kB\n",
                                            "xVmRSS:\t1 kB\n",
                                            "VmRSS:\t1 kB more\n",
                                            "VmRSS:\t18446744073709551615 kB\n",
                                            "VmRSS:\t18446744073709551616 kB\n",
                                            "VmRSS:\t1 kBVmRSS:\n"};

        for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
                Figures figures = parsed(FIGURE_STATUS, lines[i]);

                if (figures.present)
                        fail_msg("%s", lines[i]);
        }
}

/* --- control groups --- */

static void a_controller_that_is_not_there_has_no_figures(void **state) {
        Figures figures = parsed(FIGURE_CPU_STAT,
                                 "usage_usec 729\nuser_usec 700\nsystem_usec 29\nnice_usec 0\n");

        is_there(&figures, FIGURE_CPU_USAGE, 729);
        is_there(&figures, FIGURE_CPU_USER, 700);
        is_there(&figures, FIGURE_CPU_SYSTEM, 29);
        is_missing(&figures, FIGURE_CPU_PERIODS);
        is_missing(&figures, FIGURE_CPU_THROTTLED);
        assert_int_equal(__builtin_popcountll(figures.present), 3);
}

static void zero_is_there(void **state) {
        Figures figures = parsed(FIGURE_CPU_STAT, "nr_periods 0\nnr_throttled 0\n");

        is_there(&figures, FIGURE_CPU_PERIODS, 0);
        is_there(&figures, FIGURE_CPU_THROTTLED_PERIODS, 0);
}

static void a_file_with_one_number_is_read(void **state) {
        Figures figures = parsed(FIGURE_MEMORY_CURRENT, "4096\n");

        is_there(&figures, FIGURE_MEMORY_CURRENT_BYTES, 4096);
        assert_int_equal(parsed(FIGURE_MEMORY_CURRENT, "max\n").present, 0);
        assert_int_equal(parsed(FIGURE_MEMORY_CURRENT, "").present, 0);
        assert_int_equal(parsed(FIGURE_PIDS_CURRENT, "1").present, UINT64_C(1) << FIGURE_TASKS);
}

static void events_of_memory_are_told_apart(void **state) {
        Figures figures = parsed(FIGURE_MEMORY_EVENTS,
                                 "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n");

        is_there(&figures, FIGURE_MEMORY_LOW, 1);
        is_there(&figures, FIGURE_MEMORY_HIGH, 2);
        is_there(&figures, FIGURE_MEMORY_MAX, 3);
        is_there(&figures, FIGURE_MEMORY_OOM, 4);
        is_there(&figures, FIGURE_MEMORY_OOM_KILL, 5);
}

static void pressure_is_read_with_its_averages(void **state) {
        Figures figures = parsed(FIGURE_MEMORY_PRESSURE,
                                 "some avg10=1.25 avg60=0.00 avg300=100.00 total=325934\n"
                                 "full avg10=0.00 avg60=0.07 avg300=0.00 total=201638\n");

        is_there(&figures, FIGURE_MEMORY_SOME, 325934);
        is_there(&figures, FIGURE_MEMORY_FULL, 201638);
        is_there(&figures, FIGURE_MEMORY_SOME_10, figure_from_double(1.25));
        is_there(&figures, FIGURE_MEMORY_SOME_60, 0);
        is_there(&figures, FIGURE_MEMORY_SOME_300, figure_from_double(100.0));
        is_there(&figures, FIGURE_MEMORY_FULL_60, figure_from_double(0.07));
        assert_int_equal(__builtin_popcountll(figures.present), 8);
}

static void pressure_may_lack_a_line(void **state) {
        Figures figures =
                parsed(FIGURE_CPU_PRESSURE, "some avg10=0.00 avg60=0.00 avg300=0.00 total=3\n");

        is_there(&figures, FIGURE_CPU_SOME, 3);
        is_missing(&figures, FIGURE_CPU_FULL);
        is_missing(&figures, FIGURE_CPU_FULL_10);
}

static void pressure_that_makes_no_sense_is_not_there(void **state) {
        static const char *const lines[] = {"some",
                                            "some ",
                                            "some avg10=",
                                            "some avg10=nan",
                                            "some avg10=1e5",
                                            "some avg10=1.2",
                                            "some avg10=1.234",
                                            "some avg10=-1.00",
                                            "some avg10=101.00",
                                            "some total=x",
                                            "some xtotal=1",
                                            "something total=1",
                                            "some\ntotal=1"};

        for (size_t i = 0; i < N_ELEMENTS(lines); i++)
                if (parsed(FIGURE_IO_PRESSURE, lines[i]).present)
                        fail_msg("%s", lines[i]);
}

static void io_is_the_sum_of_all_devices(void **state) {
        Figures figures = parsed(FIGURE_IO_STAT,
                                 "8:0 rbytes=4096 wbytes=1 rios=2 wios=3 dbytes=4 dios=5\n"
                                 "253:0 \n"
                                 "259:1 rbytes=10 wbytes=20 rios=30 wios=40 dbytes=50 dios=60\n");

        is_there(&figures, FIGURE_IO_READ_BYTES, 4106);
        is_there(&figures, FIGURE_IO_WRITE_BYTES, 21);
        is_there(&figures, FIGURE_IO_READS, 32);
        is_there(&figures, FIGURE_IO_WRITES, 43);
        is_there(&figures, FIGURE_IO_DISCARD_BYTES, 54);
        is_there(&figures, FIGURE_IO_DISCARDS, 65);
}

static void no_line_of_a_device_is_no_io(void **state) {
        Figures figures = parsed(FIGURE_IO_STAT, "");

        is_there(&figures, FIGURE_IO_READ_BYTES, 0);
        is_there(&figures, FIGURE_IO_DISCARDS, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_a_process_has_used_is_read),
                cmocka_unit_test(a_process_can_call_itself_what_it_likes),
                cmocka_unit_test(what_is_no_such_file_leaves_all_as_it_was),
                cmocka_unit_test(a_time_too_long_to_be_told_is_not_told),
                cmocka_unit_test(sizes_are_in_bytes),
                cmocka_unit_test(one_without_memory_has_no_sizes),
                cmocka_unit_test(what_makes_no_sense_is_not_there),
                cmocka_unit_test(a_controller_that_is_not_there_has_no_figures),
                cmocka_unit_test(zero_is_there),
                cmocka_unit_test(a_file_with_one_number_is_read),
                cmocka_unit_test(events_of_memory_are_told_apart),
                cmocka_unit_test(pressure_is_read_with_its_averages),
                cmocka_unit_test(pressure_may_lack_a_line),
                cmocka_unit_test(pressure_that_makes_no_sense_is_not_there),
                cmocka_unit_test(io_is_the_sum_of_all_devices),
                cmocka_unit_test(no_line_of_a_device_is_no_io),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
