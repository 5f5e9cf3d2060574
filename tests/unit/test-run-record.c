/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

static Unikernel make_unikernel(void) {
        return (Unikernel){.name = {"alice:web"}, .wanted = true, .config.memory_bytes = 64 << 20};
}

/* What it is admitted with, which its configuration above does not say any more. */
static void claim(Unikernel *unikernel, PathTree *tree, bool running) {
        _cleanup_(bridges_clear) Bridges bridges = {};
        Demand demand = {
                .name = &unikernel->name,
                .share = {.n_unikernels = 1, .memory_bytes = 512 << 20},
                .running = running,
        };

        assert_int_equal(cpus_parse(&demand.share.cpus, "1,3-4", NULL), 0);
        assert_int_equal(bridges_add(&bridges, "br1", NULL), 1);
        assert_int_equal(bridges_add(&bridges, "br0", NULL), 1);
        demand.share.bridges = bridges;
        assert_int_equal(claim_restore(&unikernel->claim, tree, &demand), 0);
}

/* Writes @unikernel down and reads it again, into *@ret. */
static void pass(const Unikernel *unikernel, RunRecord *ret) {
        _cleanup_(freep) char *text = NULL;
        Unikernel other = {.name = unikernel->name};

        assert_int_equal(run_record_format(unikernel, &text), 0);
        assert_int_equal(run_record_parse(&other, ret, text, strlen(text)), 0);
        free(other.invocations);
}

static void what_it_was_admitted_with_is_noted(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        Unikernel unikernel = make_unikernel();
        RunRecord record = {};
        Cpus cpus;

        claim(&unikernel, tree, true);
        pass(&unikernel, &record);
        assert_int_equal(cpus_parse(&cpus, "1,3-4", NULL), 0);
        assert_true(record.has_claim);
        assert_int_equal(record.memory_bytes, 512 << 20);
        assert_true(cpus_equal(&record.cpus, &cpus));
        assert_int_equal(record.n_bridges, 2);
        assert_string_equal(record.bridges[0].text, "br0");
        assert_string_equal(record.bridges[1].text, "br1");
        claim_free(unikernel.claim);
}

static void and_is_counted_when_it_is_found_running(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        Unikernel unikernel = make_unikernel(), found = make_unikernel();
        RunRecord record = {};
        const Share *held;

        claim(&unikernel, tree, true);
        pass(&unikernel, &record);
        claim(&found, tree, false);
        assert_int_equal(claim_held(found.claim)->memory_bytes, 0);
        unikernel_claim_found_running(&found, &record);
        held = claim_held(found.claim);
        assert_true(claim_is_running(found.claim));
        assert_int_equal(held->memory_bytes, 512 << 20);
        assert_true(cpus_contains(&held->cpus, 4));
        assert_true(bridges_contain(&held->bridges, "br1"));
        claim_free(found.claim);
        claim_free(unikernel.claim);
}

static void without_a_note_it_is_what_is_configured(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        Unikernel found = make_unikernel();
        const RunRecord record = {};

        claim(&found, tree, false);
        unikernel_claim_found_running(&found, &record);
        assert_int_equal(claim_held(found.claim)->memory_bytes, 64 << 20);
        claim_free(found.claim);
}

static void what_has_ended_was_admitted_with_nothing(void **state) {
        _cleanup_(path_tree_freep) PathTree *tree = path_tree_new();
        Unikernel unikernel = make_unikernel();
        RunRecord record = {.has_claim = true, .n_bridges = 7};

        claim(&unikernel, tree, false);
        pass(&unikernel, &record);
        assert_false(record.has_claim);
        assert_int_equal(record.n_bridges, 0);
        claim_free(unikernel.claim);
}

static void when_it_was_started_is_noted(void **state) {
        Run run = {.pid = 7, .started_usec = 1795300000000001};
        Unikernel unikernel = make_unikernel();
        RunRecord record = {};

        unikernel.run = &run;
        unikernel.state_usec = 1795300000000009;
        pass(&unikernel, &record);
        assert_int_equal(record.started_usec, 1795300000000001);
        /* By a daemon that did not note it. */
        run.started_usec = 0;
        pass(&unikernel, &record);
        assert_int_equal(record.started_usec, 1795300000000009);
}

static void check_text(const char *part, int expected) {
        static const char format[] =
                "{\"MainPID\":7,\"StartTicks\":1,\"UID\":61184,\"SliceNumber\":0,"
                "\"Restarts\":0,\"StateChangeTimestamp\":1,\"ExitResult\":\"\","
                "\"ExitStatus\":0,\"ExitTimestamp\":0,\"Failed\":false,"
                "\"Taps\":[\"alb7=service\"],\"Invocations\":[],%s}";
        Unikernel unikernel = {.name = {"alice:web"}};
        RunRecord record = {.pid = 42};
        char text[1024];

        snprintf(text, sizeof(text), format, part);
        assert_int_equal(run_record_parse(&unikernel, &record, text, strlen(text)), expected);
        assert_int_equal(record.pid, expected < 0 ? 42 : 7);
        assert_int_equal(record.n_taps, expected < 0 ? 0 : 1);
}

static void a_claim_that_can_not_be_is_refused(void **state) {
        check_text("\"Claim\":{\"Memory\":1,\"CPUs\":\"0\",\"Bridges\":[\"br0\"]}", 0);
        check_text("\"Claim\":{\"Memory\":-1,\"CPUs\":\"0\",\"Bridges\":[\"br0\"]}", -EBADMSG);
        check_text("\"Claim\":{\"Memory\":1,\"CPUs\":\"x\",\"Bridges\":[\"br0\"]}", -EBADMSG);
        check_text("\"Claim\":{\"Memory\":1,\"CPUs\":\"0\",\"Bridges\":[\"a b\"]}", -EBADMSG);
        check_text("\"Claim\":{\"Memory\":1,\"CPUs\":\"0\",\"Bridges\":[7]}", -EBADMSG);
        check_text("\"Claim\":{\"Memory\":1,\"CPUs\":\"0\",\"Bridges\":\"br0\"}", -EBADMSG);
        check_text("\"Claim\":{\"Memory\":1}", -EBADMSG);
        check_text("\"Claim\":7", -EBADMSG);
}

/* Its taps would be taken for nobody's else. */
static void what_a_newer_daemon_adds_is_let_be(void **state) {
        check_text("\"Exits\":[[\"exit-code\",9,1,2,3]]", 0);
        check_text("\"Exits\":[[\"exit-code\",9,1,2,3,\"more\"]]", 0);
        check_text("\"Exits\":[[\"exit-code\",9,1,2]]", -EBADMSG);
        check_text("\"Claim\":{\"Memory\":1,\"CPUs\":\"\",\"Bridges\":[],\"More\":1}", 0);
        check_text("\"More\":[]", 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_it_was_admitted_with_is_noted),
                cmocka_unit_test(and_is_counted_when_it_is_found_running),
                cmocka_unit_test(without_a_note_it_is_what_is_configured),
                cmocka_unit_test(what_has_ended_was_admitted_with_nothing),
                cmocka_unit_test(when_it_was_started_is_noted),
                cmocka_unit_test(a_claim_that_can_not_be_is_refused),
                cmocka_unit_test(what_a_newer_daemon_adds_is_let_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
