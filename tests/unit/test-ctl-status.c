/* SPDX-License-Identifier: ISC */

/* What status says of costs, and that it says nothing of what the kernel did not count. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/json.h"
#include "ctl/status.h"

/* What @print prints of the @statistics. */
static void assert_shown(void (*print)(const Report *report),
                         const char *statistics,
                         const char *expected) {
        _cleanup_(fd_closep) int fd = memfd_create("status", MFD_CLOEXEC), stdout_fd = -1;
        _cleanup_(json_decrefp) json_t *figures = json_loads(statistics, 0, NULL);
        const Report report = {.statistics = figures};
        char text[1024] = "";
        ssize_t n;

        assert_true(fd >= 0);
        assert_non_null(figures);
        fflush(stdout);
        stdout_fd = dup(STDOUT_FILENO);
        assert_true(stdout_fd >= 0);
        assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
        print(&report);
        fflush(stdout);
        assert_int_equal(dup2(stdout_fd, STDOUT_FILENO), STDOUT_FILENO);

        n = pread(fd, text, sizeof(text) - 1, 0);
        assert_true(n >= 0);
        assert_string_equal(text, expected);
}

static void tells_what_it_costs(void **state) {
        assert_shown(report_print_costs,
                     "{\"CPUUsageUSec\": 3000000, \"CPUPercent\": 12.5, \"CPUThrottledUSec\": "
                     "2000000, \"MemoryCurrentBytes\": 1048576, \"MemoryPeakBytes\": 2097152, "
                     "\"MemoryEventsOOMKill\": 3, \"IOReadBytes\": 4096, \"IOWriteBytes\": 0}",
                     "    CPU time: 3s, 12.5% of one since its start, held up for 2s\n"
                     "      In use: 1M, at most 2M; it ran out 3 times\n"
                     "        Disk: 4K read, 0B written\n");
}

static void without_a_control_group_tells_of_the_process(void **state) {
        assert_shown(report_print_costs,
                     "{\"RuntimeUSec\": 3000000, \"CPUPercent\": 0.0, \"RssBytes\": 1048576, "
                     "\"MaxrssBytes\": 2097152, \"InblockBlocks\": 8, \"OutblockBlocks\": 16}",
                     "    CPU time: 3s, 0.0% of one since its start\n"
                     "      In use: 1M, at most 2M\n"
                     "        Disk: 4K read, 8K written\n");
}

static void what_is_not_counted_is_not_shown(void **state) {
        assert_shown(report_print_costs, "{}", "");
        assert_shown(report_print_costs, "{\"CPUPercent\": 3.0, \"MemoryPeakBytes\": 1}", "");
        assert_shown(report_print_costs, "{\"CPUUsageUSec\": 3000000}", "    CPU time: 3s\n");
        assert_shown(report_print_costs, "{\"RssBytes\": 1048576}", "      In use: 1M\n");
        assert_shown(report_print_costs, "{\"IOReadBytes\": 4096}", "        Disk: 4K read\n");
        assert_shown(report_print_costs, "{\"OutblockBlocks\": 8}", "        Disk: 4K written\n");
        assert_shown(report_print_costs, "{\"IOReadBytes\": 0, \"IOWriteBytes\": 0}", "");
}

static void networks_say_what_has_passed_them(void **state) {
        assert_shown(report_print_networks,
                     "{\"Interfaces\": [{\"Device\": \"service\", \"Interface\": \"alb1\", "
                     "\"InputBytes\": 1024, \"InputPackets\": 2, \"InputDropped\": 1, "
                     "\"OutputBytes\": 2048, \"OutputPackets\": 3, \"OutputErrors\": 4}]}",
                     "    Networks: service (alb1, 2K received in 3 packets, 1K sent in 2 packets, "
                     "5 lost)\n");
        assert_shown(report_print_networks,
                     "{\"Interfaces\": [{\"Device\": \"service\", \"Interface\": \"alb1\"}, "
                     "{\"Device\": \"other\", \"Interface\": \"alb2\", \"InputBytes\": 0}]}",
                     "    Networks: service (alb1)\n"
                     "            : other (alb2, 0B sent)\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tells_what_it_costs),
                cmocka_unit_test(without_a_control_group_tells_of_the_process),
                cmocka_unit_test(what_is_not_counted_is_not_shown),
                cmocka_unit_test(networks_say_what_has_passed_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
