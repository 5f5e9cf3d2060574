/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A report is how a program of the intake ends (image/wire.h). The programs fill and send theirs
 * with the functions of the first half; the daemon checks what arrives with those of the second:
 * a program that parsed hostile bytes may have been taken over by them, so its report is hostile,
 * too, until it has been checked.
 */

#include <stddef.h>
#include <stdint.h>

#include "domain/fault.h"
#include "image/wire.h"

/* The input is refused: fills .reason (what does not fit is cut) and .error, which it returns. */
int report_refuse(ReportHeader *header, int error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The input is refused for being larger than @max bytes. */
int report_refuse_size(ReportHeader *header, uint64_t max);

/* Writes the report of @size bytes that begins with @header to @fd and returns the exit status
 * that goes with it. @r is how the work ended; a failure without a reason becomes .error. */
int report_send(int fd, ReportHeader *header, size_t size, int r);

/* Each takes the @size bytes that arrived. 0 when it is a sound report of success. Otherwise
 * @fault, which may be NULL, says what the client must know, and the errno of its code is
 * returned; nothing else in the report may then be used. A failure of the program itself is
 * FAULT_FAILED (FAULT_NO_SPACE for a full disk), and so is a report that is not sound. */
int inflate_report_check(const InflateReport *report, size_t size, Fault *fault);
int store_report_check(const StoreReport *report, size_t size, Fault *fault);
int block_report_check(const BlockReport *report, size_t size, const char *program, Fault *fault);
int notes_report_check(const NotesReport *report, size_t size, Fault *fault);
