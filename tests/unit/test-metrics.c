/* SPDX-License-Identifier: ISC */

/* Which format a client gets, and what is in it. */

#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "metrics/exposition.h"

/* --- which format --- */

static void who_says_nothing_gets_text(void **state) {
        assert_int_equal(negotiate(NULL), FORMAT_TEXT);
        assert_int_equal(negotiate("*/*"), FORMAT_TEXT);
        assert_int_equal(negotiate("text/*, application/*"), FORMAT_TEXT);
}

static void what_is_named_is_given(void **state) {
        assert_int_equal(negotiate("text/plain"), FORMAT_TEXT);
        assert_int_equal(negotiate("text/plain;version=0.0.4"), FORMAT_TEXT);
        assert_int_equal(negotiate("application/openmetrics-text"), FORMAT_OPENMETRICS);
        assert_int_equal(negotiate("APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\""),
                         FORMAT_OPENMETRICS);
        assert_int_equal(negotiate("text/plain,application/openmetrics-text"), FORMAT_OPENMETRICS);
        assert_int_equal(negotiate("text/html,application/xhtml+xml,*/*;q=0.8"), FORMAT_TEXT);
        /* Prometheus 2.42. */
        assert_int_equal(negotiate("application/openmetrics-text;version=1.0.0,"
                                   "application/openmetrics-text;version=0.0.1;q=0.75,"
                                   "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
                         FORMAT_OPENMETRICS);
}

static void weights_count(void **state) {
        assert_int_equal(negotiate("text/plain;q=0.5, application/openmetrics-text;q=0.4"),
                         FORMAT_TEXT);
        assert_int_equal(negotiate("text/plain;q=0.399, application/openmetrics-text;q=0.4"),
                         FORMAT_OPENMETRICS);
        assert_int_equal(negotiate("text/plain;q=1.000, application/openmetrics-text;q=0.999"),
                         FORMAT_TEXT);
        assert_int_equal(negotiate("application/openmetrics-text;q=0, */*;q=0.1"), FORMAT_TEXT);
        assert_int_equal(negotiate("text/plain;q=0, */*"), FORMAT_OPENMETRICS);
}

static void what_is_more_exact_counts(void **state) {
        assert_int_equal(negotiate("*/*;q=1, text/plain;q=0.1"), FORMAT_OPENMETRICS);
        assert_int_equal(negotiate("application/*;q=0.9, application/openmetrics-text;q=0.1, "
                                   "text/plain;q=0.5"),
                         FORMAT_TEXT);
        assert_int_equal(negotiate("application/openmetrics-text;version=1.0.0;q=0.1, "
                                   "application/openmetrics-text;q=0.9, text/plain;q=0.5"),
                         FORMAT_TEXT);
}

static void who_takes_neither_is_refused(void **state) {
        static const char *const refused[] = {
                "",
                "text/html",
                "text/plain;version=0.0.3",
                "application/openmetrics-text;version=2.0.0",
                "*/*;q=0",
                "text/plain;q=0.0, application/openmetrics-text;q=0.000",
        };

        for (size_t i = 0; i < N_ELEMENTS(refused); i++)
                assert_int_equal(negotiate(refused[i]), -EINVAL);
}

static void what_makes_no_sense_is_passed_over(void **state) {
        assert_int_equal(negotiate("text/plain;q=2, application/openmetrics-text;q=0.1"),
                         FORMAT_OPENMETRICS);
        assert_int_equal(negotiate("text/plain;q=-1,text/plain;q=,text/plain;q=0.1234,"
                                   "text/plain;q=x, application/openmetrics-text;q=0.1"),
                         FORMAT_OPENMETRICS);
        assert_int_equal(negotiate(",,;;=,text/html;x=\"text/plain,\\\"*/*\",text/plain"),
                         FORMAT_TEXT);
        assert_int_equal(negotiate("text/html;x=\"*/*"), -EINVAL);
}

/* --- what is in it --- */

static void set(Figures *figures, FamilySubject subject, const char *key, uint64_t value) {
        size_t family = family_find(subject, key, 0);

        assert_true(family != SIZE_MAX);
        figures_set(figures, family, value);
}

static Observed *add(Snapshot *snapshot, const char *name) {
        Observed *observed = snapshot_find_or_add(snapshot, name);

        assert_non_null(observed);
        return observed;
}

static char *expose(const Snapshot *snapshot, Format format) {
        char *text = NULL;
        size_t size;

        assert_return_code(exposition_write(snapshot, format, &text, &size), 0);
        assert_int_equal(size, strlen(text));
        return text;
}

static void assert_line(const Snapshot *snapshot, Format format, const char *line) {
        _cleanup_(freep) char *text = expose(snapshot, format);
        size_t length = strlen(line);
        const char *at = text;

        while ((at = strstr(at, line))) {
                if ((at == text || at[-1] == '\n') && at[length] == '\n')
                        return;
                at++;
        }
        fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void assert_nowhere(const Snapshot *snapshot, const char *what) {
        for (Format format = 0; format < N_FORMATS; format++) {
                _cleanup_(freep) char *text = expose(snapshot, format);

                assert_null(strstr(text, what));
        }
}

static void a_daemon_that_is_away_is_said_to_be(void **state) {
        const Snapshot snapshot = {};

        assert_line(&snapshot, FORMAT_TEXT, "albatross_up 0");
        assert_line(&snapshot, FORMAT_OPENMETRICS, "albatross_up 0");
        assert_line(&snapshot, FORMAT_OPENMETRICS, "albatross_statistics_up 0");
        assert_nowhere(&snapshot, "host");
}

static void why_something_is_missing_is_one_line_of_a_comment(void **state) {
        char longer[1000];
        Snapshot snapshot = {}, bounded = {};
        char *text;

        snapshot_complain(&snapshot, "It can't be had", "it is\nSee: elsewhere");
        snapshot_complain(&snapshot, "Nor this", "later");
        assert_string_equal(snapshot.why, "It can't be had: it is");
        text = expose(&snapshot, FORMAT_TEXT);
        assert_int_equal(strncmp(text, "# It can't be had: it is\n# TYPE ", 32), 0);
        free(text);
        text = expose(&snapshot, FORMAT_OPENMETRICS);
        assert_null(strstr(text, "had"));
        free(text);
        assert_nowhere(&snapshot, "elsewhere");

        memset(longer, 'x', sizeof(longer) - 1);
        longer[sizeof(longer) - 1] = '\0';
        snapshot_complain(&bounded, "what", longer);
        assert_int_equal(strlen(bounded.why), sizeof(bounded.why) - 1);
}

static void without_statistics_the_rest_is_told(void **state) {
        _cleanup_(snapshot_clear) Snapshot snapshot = {.is_up = true};
        Observed *web = add(&snapshot, "web");
        Interface *interface = observed_add_interface(web);

        web->state = strdup("running");
        set(&web->figures, OF_UNIKERNEL, "Memory", 3);
        /* What was read before it broke off. */
        set(&web->figures, OF_UNIKERNEL, "TasksCurrent", 1);
        interface->device = strdup("service");
        set(&interface->figures, OF_INTERFACE, "MTUBytes", 1500);
        assert_return_code(observed_add_counter(web, "exits", 7), 0);
        set(&snapshot.host, OF_HOST, "NUnikernels", 1);
        for (Format format = 0; format < N_FORMATS; format++) {
                assert_line(&snapshot, format, "albatross_up 1");
                assert_line(&snapshot, format, "albatross_statistics_up 0");
                assert_line(&snapshot, format, "albatross_host_unikernels 1");
                assert_line(&snapshot, format,
                            "albatross_unikernel_memory_assigned_bytes{name=\"web\",path=\"\"} 3");
        }
        assert_nowhere(&snapshot, "tasks");
        assert_nowhere(&snapshot, "network");
        assert_nowhere(&snapshot, "vmm");
        snapshot.has_statistics = true;
        assert_line(&snapshot, FORMAT_TEXT, "albatross_statistics_up 1");
        assert_line(&snapshot, FORMAT_TEXT, "albatross_unikernel_tasks{name=\"web\",path=\"\"} 1");
}

static void openmetrics_has_an_end_and_text_has_none(void **state) {
        const Snapshot snapshot = {.is_up = true, .has_statistics = true};
        _cleanup_(freep) char *old = expose(&snapshot, FORMAT_TEXT);
        _cleanup_(freep) char *new = expose(&snapshot, FORMAT_OPENMETRICS);

        assert_null(strstr(old, "# EOF"));
        assert_string_equal(new + strlen(new) - strlen("\n# EOF\n"), "\n# EOF\n");
}

static void a_counter_has_its_unit_and_total(void **state) {
        _cleanup_(snapshot_clear) Snapshot snapshot = {.is_up = true, .has_statistics = true};

        set(&add(&snapshot, "alice:team:web")->figures, OF_UNIKERNEL, "CPUUsageUSec", 1500001);
        assert_line(&snapshot, FORMAT_OPENMETRICS,
                    "# TYPE albatross_unikernel_cpu_seconds counter");
        assert_line(&snapshot, FORMAT_OPENMETRICS,
                    "# UNIT albatross_unikernel_cpu_seconds seconds");
        assert_line(&snapshot, FORMAT_TEXT, "# TYPE albatross_unikernel_cpu_seconds_total counter");
        for (Format format = 0; format < N_FORMATS; format++)
                assert_line(&snapshot, format,
                            "albatross_unikernel_cpu_seconds_total{name=\"alice:team:web\","
                            "path=\"alice:team\"} 1.500001");
}

static void numbers_are_exact(void **state) {
        static const struct {
                uint64_t usec;
                const char *line;
        } times[] = {
                {0, "albatross_daemon_start_timestamp_seconds 0"},
                {1, "albatross_daemon_start_timestamp_seconds 0.000001"},
                {1000000, "albatross_daemon_start_timestamp_seconds 1"},
                {1100000, "albatross_daemon_start_timestamp_seconds 1.1"},
                {1795328238210261, "albatross_daemon_start_timestamp_seconds 1795328238.210261"},
                {UINT64_MAX, "albatross_daemon_start_timestamp_seconds 18446744073709.551615"},
        };

        for (size_t i = 0; i < N_ELEMENTS(times); i++) {
                Snapshot snapshot = {.is_up = true, .has_statistics = true};

                set(&snapshot.daemon, OF_DAEMON, "ExecMainStartTimestamp", times[i].usec);
                set(&snapshot.daemon, OF_DAEMON, "CPUUsageNSec", 1000000001);
                assert_line(&snapshot, FORMAT_TEXT, times[i].line);
                assert_line(&snapshot, FORMAT_TEXT,
                            "albatross_daemon_cpu_seconds_total 1.000000001");
        }
}

static void each_scale_is_its_own(void **state) {
        _cleanup_(snapshot_clear) Snapshot snapshot = {.is_up = true, .has_statistics = true};
        Observed *web = add(&snapshot, "web");
        Interface *interface = observed_add_interface(web);
        const double percent = 12.5;
        uint64_t bits;

        memcpy(&bits, &percent, sizeof(bits));
        set(&web->figures, OF_UNIKERNEL, "CPUPercent", bits);
        set(&web->figures, OF_UNIKERNEL, "InblockBlocks", 3);
        interface->device = strdup("service");
        interface->bridge = strdup("br0");
        set(&interface->figures, OF_INTERFACE, "LinkSpeedBitsPerSecond", 10000000000);
        set(&interface->figures, OF_INTERFACE, "Flags", IFF_UP | IFF_BROADCAST);
        assert_line(&snapshot, FORMAT_TEXT,
                    "albatross_unikernel_cpu_usage_ratio{name=\"web\",path=\"\"} 0.125");
        assert_line(&snapshot, FORMAT_TEXT,
                    "albatross_unikernel_block_input_bytes_total{name=\"web\",path=\"\"} 1536");
        assert_line(&snapshot, FORMAT_TEXT,
                    "albatross_unikernel_network_speed_bytes_per_second{name=\"web\",path=\"\","
                    "device=\"service\",bridge=\"br0\"} 1250000000");
        assert_line(&snapshot, FORMAT_TEXT,
                    "albatross_unikernel_network_up{name=\"web\",path=\"\",device=\"service\","
                    "bridge=\"br0\"} 1");
}

static void what_is_absent_is_not_told(void **state) {
        _cleanup_(snapshot_clear) Snapshot snapshot = {.is_up = true, .has_statistics = true};

        set(&add(&snapshot, "a")->figures, OF_UNIKERNEL, "TasksCurrent", 0);
        (void) add(&snapshot, "b");
        assert_line(&snapshot, FORMAT_TEXT, "albatross_unikernel_tasks{name=\"a\",path=\"\"} 0");
        assert_nowhere(&snapshot, "albatross_unikernel_tasks{name=\"b\"");
        assert_nowhere(&snapshot, "albatross_unikernel_cpu_seconds");
        assert_nowhere(&snapshot, "network");
        assert_nowhere(&snapshot, "vmm");
}

static void a_state_is_one_of_six(void **state) {
        _cleanup_(snapshot_clear) Snapshot snapshot = {.is_up = true, .has_statistics = true};

        add(&snapshot, "web")->state = strdup("failed");
        assert_line(&snapshot, FORMAT_OPENMETRICS, "# TYPE albatross_unikernel_state stateset");
        assert_line(&snapshot, FORMAT_TEXT, "# TYPE albatross_unikernel_state gauge");
        assert_line(&snapshot, FORMAT_TEXT,
                    "albatross_unikernel_state{name=\"web\",path=\"\",albatross_unikernel_state="
                    "\"failed\"} 1");
        assert_line(&snapshot, FORMAT_TEXT,
                    "albatross_unikernel_state{name=\"web\",path=\"\",albatross_unikernel_state="
                    "\"running\"} 0");
}

static void labels_are_escaped(void **state) {
        _cleanup_(snapshot_clear) Snapshot snapshot = {.is_up = true, .has_statistics = true};
        Observed *web = add(&snapshot, "web");
        Interface *interface = observed_add_interface(web);

        interface->device = strdup("a\"b\\c\nd\xff\xc3\xa4\xed\xa0\x80");
        set(&interface->figures, OF_INTERFACE, "MTUBytes", 1500);
        assert_return_code(observed_add_counter(web, "ex\"its", 7), 0);
        assert_line(&snapshot, FORMAT_TEXT,
                    "albatross_unikernel_network_mtu_bytes{name=\"web\",path=\"\",device="
                    "\"a\\\"b\\\\c\\nd?\xc3\xa4???\"} 1500");
        assert_line(&snapshot, FORMAT_OPENMETRICS, "# TYPE albatross_unikernel_vmm unknown");
        assert_line(&snapshot, FORMAT_TEXT, "# TYPE albatross_unikernel_vmm untyped");
        assert_line(&snapshot, FORMAT_TEXT,
                    "albatross_unikernel_vmm{name=\"web\",path=\"\",statistic=\"ex\\\"its\"} 7");
}

static void a_family_stands_together(void **state) {
        _cleanup_(snapshot_clear) Snapshot snapshot = {.is_up = true, .has_statistics = true};
        _cleanup_(freep) char *text = NULL;
        char name[16];

        for (unsigned i = 0; i < 5; i++) {
                Observed *observed;

                snprintf(name, sizeof(name), "u%u", 4 - i);
                observed = add(&snapshot, name);
                set(&observed->figures, OF_UNIKERNEL, "TasksCurrent", i);
                set(&observed->figures, OF_UNIKERNEL, "RssBytes", i);
        }
        snapshot_sort(&snapshot);
        text = expose(&snapshot, FORMAT_TEXT);
        assert_non_null(strstr(text, "albatross_unikernel_tasks{name=\"u0\",path=\"\"} 4\n"
                                     "albatross_unikernel_tasks{name=\"u1\",path=\"\"} 3\n"
                                     "albatross_unikernel_tasks{name=\"u2\",path=\"\"} 2\n"
                                     "albatross_unikernel_tasks{name=\"u3\",path=\"\"} 1\n"
                                     "albatross_unikernel_tasks{name=\"u4\",path=\"\"} 0\n"));
        assert_ptr_equal(snapshot_find_or_add(&snapshot, "u3"), &snapshot.unikernels[3]);
        assert_int_equal(snapshot.n_unikernels, 5);
}

/* --- the table --- */

static void names_are_as_openmetrics_has_them(void **state) {
        for (FamilySubject subject = 0; subject < N_SUBJECTS; subject++)
                for (size_t i = 0; i < family_tables[subject].n; i++) {
                        const Family *family = &family_tables[subject].families[i];
                        size_t length = strlen(family->name);

                        assert_int_equal(family_find(subject, family->key, i), i);
                        assert_int_equal(family_find(subject, family->key, i + 1), i);
                        assert_int_equal(strspn(family->name, "abcdefghijklmnopqrstuvwxyz_"),
                                         length);
                        assert_null(strstr(family->name, "_total"));
                        assert_int_equal(family->help[strlen(family->help) - 1], '.');
                        if (family->unit) {
                                assert_true(length > strlen(family->unit));
                                assert_string_equal(family->name + length - strlen(family->unit),
                                                    family->unit);
                        }
                }
        assert_true(family_find(OF_HOST, "Nothing", 3) == SIZE_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(who_says_nothing_gets_text),
                cmocka_unit_test(what_is_named_is_given),
                cmocka_unit_test(weights_count),
                cmocka_unit_test(what_is_more_exact_counts),
                cmocka_unit_test(who_takes_neither_is_refused),
                cmocka_unit_test(what_makes_no_sense_is_passed_over),
                cmocka_unit_test(a_daemon_that_is_away_is_said_to_be),
                cmocka_unit_test(why_something_is_missing_is_one_line_of_a_comment),
                cmocka_unit_test(without_statistics_the_rest_is_told),
                cmocka_unit_test(openmetrics_has_an_end_and_text_has_none),
                cmocka_unit_test(a_counter_has_its_unit_and_total),
                cmocka_unit_test(numbers_are_exact),
                cmocka_unit_test(each_scale_is_its_own),
                cmocka_unit_test(what_is_absent_is_not_told),
                cmocka_unit_test(a_state_is_one_of_six),
                cmocka_unit_test(labels_are_escaped),
                cmocka_unit_test(a_family_stands_together),
                cmocka_unit_test(names_are_as_openmetrics_has_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
