/* SPDX-License-Identifier: ISC */

/* Reports as a program might send them that its input has taken over. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/report.h"

static Fault fault;

static NotesReport *sound_notes(void) {
        static NotesReport report;

        memset(&report, 0, sizeof(report));
        report.header.version = IMAGE_WIRE_VERSION;
        report.target = IMAGE_TARGET_SPT;
        report.abi_version = 2;
        report.n_devices = 2;
        report.devices[0] = (ImageDevice){.type = IMAGE_DEVICE_NET, .name = "service"};
        report.devices[1] = (ImageDevice){.type = IMAGE_DEVICE_BLOCK, .name = "Disk0"};
        return &report;
}

static void expect_notes(const NotesReport *report, FaultCode code, const char *message) {
        Fault untouched = {.code = FAULT_NONE};
        int r;

        fault = untouched;
        r = notes_report_check(report, sizeof(*report), &fault);
        assert_int_equal(fault.code, code);
        assert_string_equal(fault.message, message);
        assert_int_equal(r == 0, code == FAULT_NONE);
        assert_true(r <= 0);
        /* The same without a place for the fault. */
        assert_int_equal(notes_report_check(report, sizeof(*report), NULL), r);
}

static void accepts_sound_reports(void **state) {
        InflateReport inflate = {.header.version = IMAGE_WIRE_VERSION, .format = INFLATE_GZIP};
        StoreReport store = {.header.version = IMAGE_WIRE_VERSION, .size = 1};
        NotesReport *notes = sound_notes();

        expect_notes(notes, FAULT_NONE, "");
        assert_int_equal(inflate_report_check(&inflate, sizeof(inflate), &fault), 0);
        assert_int_equal(store_report_check(&store, sizeof(store), &fault), 0);
        notes->target = 99;
        notes->n_devices = 0;
        expect_notes(notes, FAULT_NONE, "");
        assert_int_equal(fault.code, FAULT_NONE);
}

static void refuses_every_other_size(void **state) {
        NotesReport *notes = sound_notes();
        InflateReport inflate = {.header.version = IMAGE_WIRE_VERSION};
        StoreReport store = {.header.version = IMAGE_WIRE_VERSION};

        for (size_t size = 0; size < sizeof(*notes) + 8; size++) {
                if (size != sizeof(*notes))
                        assert_int_equal(notes_report_check(notes, size, &fault), -EIO);
                if (size != sizeof(inflate))
                        assert_int_equal(inflate_report_check(&inflate, size, &fault), -EIO);
                if (size != sizeof(store))
                        assert_int_equal(store_report_check(&store, size, &fault), -EIO);
        }
        assert_int_equal(notes_report_check(notes, 0, &fault), -EIO);
        assert_int_equal(fault.code, FAULT_FAILED);
        assert_string_equal(fault.message, "albatross-read-notes ended without a report");
}

static void refuses_every_other_version(void **state) {
        static const uint32_t versions[] = {0, IMAGE_WIRE_VERSION + 1, UINT32_MAX};
        NotesReport *notes = sound_notes();

        for (size_t i = 0; i < N_ELEMENTS(versions); i++) {
                notes->header.version = versions[i];
                expect_notes(notes, FAULT_FAILED,
                             "albatross-read-notes is of another version than the daemon");
        }
}

static void hands_on_refusals(void **state) {
        NotesReport *notes = sound_notes();
        StoreReport store = {.header = {.version = IMAGE_WIRE_VERSION, .error = -ETIMEDOUT}};

        assert_int_equal(report_refuse(&notes->header, -EBADMSG, "It is %s", "broken"), -EBADMSG);
        expect_notes(notes, FAULT_INVALID_IMAGE, "It is broken");
        assert_int_equal(report_refuse_size(&notes->header, 1 << 20), -EFBIG);
        expect_notes(notes, FAULT_INVALID_IMAGE, "The data is larger than the 1 MiB allowed");

        strcpy(store.header.reason, "No progress for 10 s");
        assert_true(store_report_check(&store, sizeof(store), &fault) < 0);
        assert_int_equal(fault.code, FAULT_TIMED_OUT);
        assert_string_equal(fault.message, "No progress for 10 s");
}

static void cuts_reasons_that_are_too_long(void **state) {
        NotesReport *notes = sound_notes();
        char words[2 * IMAGE_REASON_MAX];

        memset(words, 'w', sizeof(words));
        words[sizeof(words) - 1] = '\0';
        report_refuse(&notes->header, -EBADMSG, "%s", words);
        words[IMAGE_REASON_MAX] = '\0';
        expect_notes(notes, FAULT_INVALID_IMAGE, words);
}

static void names_failures_of_the_programs(void **state) {
        StoreReport store = {.header = {.version = IMAGE_WIRE_VERSION, .error = -ENOSPC}};

        assert_int_equal(store_report_check(&store, sizeof(store), &fault), -ENOSPC);
        assert_int_equal(fault.code, FAULT_NO_SPACE);
        assert_string_equal(fault.message,
                            "albatross-store could not write it down: No space left on device");
        store.header.error = -EIO;
        assert_int_equal(store_report_check(&store, sizeof(store), &fault), -EIO);
        assert_int_equal(fault.code, FAULT_FAILED);
        assert_string_equal(fault.message, "albatross-store failed: Input/output error");
        store.header.error = -4000;
        assert_int_equal(store_report_check(&store, sizeof(store), &fault), -EIO);
        assert_string_equal(fault.message, "albatross-store failed: Unknown error");
}

static void refuses_headers_that_make_no_sense(void **state) {
        static const char message[] = "albatross-read-notes sent a report that makes no sense";
        static const int32_t errors[] = {1, INT32_MAX, INT32_MIN, -4096};
        static const char *const reasons[] = {"line\nbreak", "\033[2J", "caf\xc3\xa9", "\x7f",
                                              "\t"};
        NotesReport *notes = sound_notes();

        for (size_t i = 0; i < N_ELEMENTS(errors); i++) {
                notes->header.error = errors[i];
                expect_notes(notes, FAULT_FAILED, message);
        }
        notes->header.error = -EBADMSG;
        for (size_t i = 0; i < N_ELEMENTS(reasons); i++) {
                strcpy(notes->header.reason, reasons[i]);
                expect_notes(notes, FAULT_FAILED, message);
        }
        memset(notes->header.reason, 'x', sizeof(notes->header.reason));
        expect_notes(notes, FAULT_FAILED, message);
        /* A reason, but no refusal. */
        strcpy(notes->header.reason, "reason");
        notes->header.error = 0;
        expect_notes(notes, FAULT_FAILED, message);
}

static void refuses_devices_that_make_no_sense(void **state) {
        static const char message[] = "albatross-read-notes sent a report that makes no sense";
        static const char *const names[] = {"", "a b", "a\n", "../x", "\xff"};
        NotesReport *notes = sound_notes();

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                strcpy(notes->devices[1].name, names[i]);
                expect_notes(notes, FAULT_FAILED, message);
        }
        strcpy(notes->devices[1].name, "service");
        expect_notes(notes, FAULT_FAILED, message);
        memset(notes->devices[1].name, 'x', sizeof(notes->devices[1].name));
        expect_notes(notes, FAULT_FAILED, message);

        notes = sound_notes();
        notes->devices[0].type = 0;
        expect_notes(notes, FAULT_FAILED, message);
        notes->devices[0].type = 1U << 30;
        expect_notes(notes, FAULT_FAILED, message);
        notes = sound_notes();
        notes->n_devices = IMAGE_DEVICES_MAX + 1;
        expect_notes(notes, FAULT_FAILED, message);
        notes->n_devices = UINT32_MAX;
        expect_notes(notes, FAULT_FAILED, message);
}

static void refuses_an_unknown_format(void **state) {
        InflateReport inflate = {.header.version = IMAGE_WIRE_VERSION, .format = 3};

        assert_int_equal(inflate_report_check(&inflate, sizeof(inflate), &fault), -EIO);
        assert_string_equal(fault.message, "albatross-inflate sent a report that makes no sense");
}

static void sends_one_message_with_the_exit_status(void **state) {
        StoreReport sent = {.size = 7}, arrived;
        int fds[2];

        assert_int_equal(pipe(fds), 0);
        assert_int_equal(report_send(fds[1], &sent.header, sizeof(sent), 0), 0);
        assert_int_equal(report_send(fds[1], &sent.header, sizeof(sent), -EIO), 2);
        report_refuse(&sent.header, -EFBIG, "Too large");
        assert_int_equal(report_send(fds[1], &sent.header, sizeof(sent), -EFBIG), 1);

        assert_int_equal(read(fds[0], &arrived, sizeof(arrived)), sizeof(arrived));
        assert_int_equal(store_report_check(&arrived, sizeof(arrived), &fault), 0);
        assert_int_equal(arrived.size, 7);
        assert_int_equal(read(fds[0], &arrived, sizeof(arrived)), sizeof(arrived));
        assert_int_equal(store_report_check(&arrived, sizeof(arrived), &fault), -EIO);
        assert_int_equal(read(fds[0], &arrived, sizeof(arrived)), sizeof(arrived));
        assert_true(store_report_check(&arrived, sizeof(arrived), &fault) < 0);
        assert_string_equal(fault.message, "Too large");
        /* Nobody can hear the truth: then it has failed. */
        close(fds[1]);
        sent.header = (ReportHeader){};
        assert_int_equal(report_send(fds[0], &sent.header, sizeof(sent), 0), 2);
        close(fds[0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accepts_sound_reports),
                cmocka_unit_test(refuses_every_other_size),
                cmocka_unit_test(refuses_every_other_version),
                cmocka_unit_test(hands_on_refusals),
                cmocka_unit_test(cuts_reasons_that_are_too_long),
                cmocka_unit_test(names_failures_of_the_programs),
                cmocka_unit_test(refuses_headers_that_make_no_sense),
                cmocka_unit_test(refuses_devices_that_make_no_sense),
                cmocka_unit_test(refuses_an_unknown_format),
                cmocka_unit_test(sends_one_message_with_the_exit_status),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
