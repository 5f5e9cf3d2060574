/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/report.h"

#define ERRNO_MAX 4095

int report_refuse(ReportHeader *header, int error, const char *format, ...) {
        va_list arguments;

        assert(error < 0);

        header->error = error;
        va_start(arguments, format);
        vsnprintf(header->reason, sizeof(header->reason), format, arguments);
        va_end(arguments);
        return error;
}

int report_refuse_size(ReportHeader *header, uint64_t max) {
        const uint64_t mib = 1024 * 1024;

        if (max >= mib && max % mib == 0)
                return report_refuse(header, -EFBIG, "The data is larger than the %llu MiB allowed",
                                     (unsigned long long) (max / mib));
        return report_refuse(header, -EFBIG, "The data is larger than the %llu bytes allowed",
                             (unsigned long long) max);
}

int report_send(int fd, ReportHeader *header, size_t size, int r) {
        ssize_t n;

        header->version = IMAGE_WIRE_VERSION;
        if (r < 0)
                header->error = r;

        do
                n = write(fd, header, size);
        while (n < 0 && errno == EINTR);

        if (n != (ssize_t) size)
                return 2;
        if (header->reason[0] != '\0')
                return 1;
        return header->error == 0 ? 0 : 2;
}

/* Terminated, and of characters that can stand in a log or on a terminal. */
static bool reason_is_sound(const char reason[static IMAGE_REASON_MAX + 1]) {
        const char *end = memchr(reason, '\0', IMAGE_REASON_MAX + 1);

        if (!end)
                return false;
        for (const char *here = reason; here < end; here++)
                if (*here < ' ' || *here > '~')
                        return false;
        return true;
}

static int refuse_unsound(const char *program, Fault *fault) {
        return fault_set(fault, FAULT_FAILED, "%s sent a report that makes no sense", program);
}

static int refuse_failed(const char *program, int error, Fault *fault) {
        /* Never NULL for a number that no errno has: those become "Unknown error" here. */
        const char *description = strerrordesc_np(error);

        if (error == ENOSPC || error == EDQUOT)
                return fault_set(fault, FAULT_NO_SPACE, "%s could not write it down: %s", program,
                                 strerrordesc_np(error));
        return fault_set(fault, FAULT_FAILED, "%s failed: %s", program,
                         description ? description : "Unknown error");
}

static FaultCode refusal_code(int error) {
        if (error == -ETIMEDOUT)
                return FAULT_TIMED_OUT;
        return error == -ENOSPC ? FAULT_NO_SPACE : FAULT_INVALID_IMAGE;
}

static int header_check(const ReportHeader *header, const char *program, bool whole, Fault *fault) {
        if (!whole)
                return fault_set(fault, FAULT_FAILED, "%s ended without a report", program);
        if (header->version != IMAGE_WIRE_VERSION)
                return fault_set(fault, FAULT_FAILED, "%s is of another version than the daemon",
                                 program);
        if (!reason_is_sound(header->reason) || header->error > 0 || header->error < -ERRNO_MAX)
                return refuse_unsound(program, fault);

        if (header->reason[0] == '\0')
                return header->error == 0 ? 0 : refuse_failed(program, -header->error, fault);
        if (header->error == 0)
                return refuse_unsound(program, fault);
        return fault_set(fault, refusal_code(header->error), "%s", header->reason);
}

int inflate_report_check(const InflateReport *report, size_t size, Fault *fault) {
        static const char program[] = "albatross-inflate";
        int r;

        r = header_check(&report->header, program, size == sizeof(*report), fault);
        if (r < 0)
                return r;
        if (report->format > INFLATE_GZIP)
                return refuse_unsound(program, fault);
        return 0;
}

int store_report_check(const StoreReport *report, size_t size, Fault *fault) {
        return header_check(&report->header, "albatross-store", size == sizeof(*report), fault);
}

int block_report_check(const BlockReport *report, size_t size, const char *program, Fault *fault) {
        return header_check(&report->header, program, size == sizeof(*report), fault);
}

static bool device_is_sound(const ImageDevice *device) {
        const char *end = memchr(device->name, '\0', sizeof(device->name));

        if (!end || end == device->name)
                return false;
        for (const char *here = device->name; here < end; here++)
                if (!((*here >= 'A' && *here <= 'Z') || (*here >= 'a' && *here <= 'z') ||
                      (*here >= '0' && *here <= '9')))
                        return false;
        return device->type == IMAGE_DEVICE_BLOCK || device->type == IMAGE_DEVICE_NET;
}

int notes_report_check(const NotesReport *report, size_t size, Fault *fault) {
        static const char program[] = "albatross-read-notes";
        int r;

        r = header_check(&report->header, program, size == sizeof(*report), fault);
        if (r < 0)
                return r;
        if (report->n_devices > IMAGE_DEVICES_MAX)
                return refuse_unsound(program, fault);
        for (uint32_t i = 0; i < report->n_devices; i++) {
                if (!device_is_sound(&report->devices[i]))
                        return refuse_unsound(program, fault);
                for (uint32_t k = 0; k < i; k++)
                        if (strcmp(report->devices[i].name, report->devices[k].name) == 0)
                                return refuse_unsound(program, fault);
        }
        return 0;
}
