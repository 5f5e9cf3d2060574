/* SPDX-License-Identifier: ISC */

/* InfluxDB's line protocol, with names as they are and as nobody can have them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ctl/influx.h"

static char *written(const char *json) {
        json_t *unikernel = json_loads(json, 0, NULL);
        char *text = NULL;
        size_t size;
        FILE *out;

        assert_non_null(unikernel);
        out = open_memstream(&text, &size);
        assert_non_null(out);
        influx_write(out, unikernel);
        fclose(out);
        json_decref(unikernel);
        return text;
}

static void assert_lines(const char *json, const char *expected) {
        _cleanup_(freep) char *text = written(json);

        assert_string_equal(text, expected);
}

static void measurements_and_fields_have_the_reference_s_names(void **state) {
        assert_lines("{\"Name\": \"alice:web\", \"Timestamp\": 1795327043122614, "
                     "\"StartTimestamp\": 1795327041965979, \"RuntimeUSec\": 250000, "
                     "\"Minflt\": 1, \"Majflt\": 2, \"UtimeUSec\": 1200000, \"StimeUSec\": 50000, "
                     "\"VsizeBytes\": 3, \"MaxrssBytes\": 4, \"RssBytes\": 5, \"DsizeBytes\": 6, "
                     "\"SsizeBytes\": 7, \"TsizeBytes\": 8, \"Nvcsw\": 9, \"Nivcsw\": 10, "
                     "\"InblockBlocks\": 11, \"OutblockBlocks\": 12}",
                     "resource_usage,vm=alice:web minflt=1i,maxflt=2i,utime=1.200000,"
                     "stime=0.050000,maxrss=4i,nvcsw=9i,nivcsw=10i,inblock=11i,outblock=12i "
                     "1795327043122614000\n"
                     "kinfo_mem,vm=alice:web runtime=250000i,vsize=3i,rss=5i,dsize=6i,ssize=7i,"
                     "tsize=8i,uptime=1.156635 1795327043122614000\n");
}

static void interfaces_have_the_reference_s_names(void **state) {
        assert_lines("{\"Name\": \"web\", \"Timestamp\": 1, \"Interfaces\": [{\"Interface\": "
                     "\"alb1\", \"Device\": \"service\", \"Bridge\": \"br0\", \"Flags\": 4163, "
                     "\"MTUBytes\": 1500, \"MaxSendLengthPackets\": 1000, "
                     "\"LinkSpeedBitsPerSecond\": 10000000, "
                     "\"InputPackets\": 1, \"InputBytes\": 2, \"InputErrors\": 3, "
                     "\"InputDropped\": 4, \"InputMulticast\": 5, \"OutputPackets\": 6, "
                     "\"OutputBytes\": 7, \"OutputErrors\": 8, \"OutputDropped\": 9, "
                     "\"Collisions\": 10}, {\"Interface\": \"alb2\", \"InputPackets\": 1}]}",
                     "interface,vm=web,bridge=br0,device=service "
                     "flags=4163i,mtu=1500i,max_send_length=1000i,"
                     "baudrate=10000000i,vm_to_host_packets=1i,vm_to_host_bytes=2i,"
                     "vm_to_host_errors=3i,vm_to_host_dropped=4i,vm_to_host_mcast=5i,"
                     "host_to_vm_packets=6i,host_to_vm_bytes=7i,host_to_vm_errors=8i,"
                     "host_to_vm_dropped=9i,collisions=10i 1000\n"
                     "interface,vm=web vm_to_host_packets=1i 1000\n");
}

static void what_control_groups_count_is_a_measurement_of_our_own(void **state) {
        assert_lines("{\"Name\": \"web\", \"Timestamp\": 1, \"CPUUsageUSec\": 2, "
                     "\"CPUPercent\": 12.5, \"MemoryPressureSomeAvg10Percent\": 0.07}",
                     "cgroup,vm=web cpu_percent=12.5,cpu_usage_usec=2i,"
                     "memory_pressure_some_avg10=0.07 1000\n");
}

static void counters_of_a_machine_are_told(void **state) {
        assert_lines("{\"Name\": \"web\", \"Timestamp\": 1, \"VMM\": {\"exits\": 5, \"a b\": 6}}",
                     "vmm,vm=web exits=5i,a\\ b=6i 1000\n");
}

static void what_is_absent_is_not_told(void **state) {
        assert_lines("{\"Name\": \"web\", \"Timestamp\": 1}", "");
        assert_lines("{\"Name\": \"web\", \"Timestamp\": 1, \"Interfaces\": [], \"VMM\": {}}", "");
        assert_lines("{\"Name\": \"web\", \"Timestamp\": 1, \"Minflt\": 0}",
                     "resource_usage,vm=web minflt=0i 1000\n");
}

static void no_word_ends_a_line_or_begins_another_word(void **state) {
        static const struct {
                const char *word, *expected;
        } words[] = {
                {"alice:web", "alice:web"},
                {"a b,c=d", "a\\ b\\,c\\=d"},
                {"a\nvm=b c=1i", "a_vm\\=b\\ c\\=1i"},
                {"a\r\t\x1b\x7f", "a____"},
                {"a\\", "a_"},
                {"a\\ b", "a_\\ b"},
                {"\"quoted\"", "\"quoted\""},
                {"\xc3\xa9", "\xc3\xa9"},
        };

        for (size_t i = 0; i < N_ELEMENTS(words); i++) {
                _cleanup_(freep) char *text = NULL;
                size_t size;
                FILE *out = open_memstream(&text, &size);

                assert_non_null(out);
                influx_write_word(out, words[i].word);
                fclose(out);
                assert_string_equal(text, words[i].expected);
        }
}

static void a_tag_without_a_value_is_left_out(void **state) {
        assert_lines("{\"Name\": \"\", \"Timestamp\": 1, \"Minflt\": 1}",
                     "resource_usage minflt=1i 1000\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(measurements_and_fields_have_the_reference_s_names),
                cmocka_unit_test(interfaces_have_the_reference_s_names),
                cmocka_unit_test(what_control_groups_count_is_a_measurement_of_our_own),
                cmocka_unit_test(counters_of_a_machine_are_told),
                cmocka_unit_test(what_is_absent_is_not_told),
                cmocka_unit_test(no_word_ends_a_line_or_begins_another_word),
                cmocka_unit_test(a_tag_without_a_value_is_left_out),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
