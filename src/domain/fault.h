/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A refusal that the client must understand: a code that becomes the name of a D-Bus error, one
 * sentence that says what was asked and what the limit is, and optionally a hint: what to do.
 */

#include <stdbool.h>

#define FAULT_MESSAGE_MAX 511
#define FAULT_HINT_MAX    255

typedef enum FaultCode {
        FAULT_NONE,
        FAULT_INVALID_NAME,
        FAULT_INVALID_ARGUMENT,
        FAULT_NO_SUCH_UNIKERNEL,
        FAULT_NO_SUCH_POLICY,
        FAULT_NO_SUCH_BRIDGE,
        FAULT_BRIDGE_FULL,
        FAULT_NO_SUCH_BLOCK_DEVICE,
        FAULT_BLOCK_DEVICE_BUSY,
        FAULT_NO_SUCH_OWNER,
        FAULT_MAC_IN_USE,
        FAULT_INVALID_CONTENT,
        FAULT_ALREADY_EXISTS,
        FAULT_INVALID_IMAGE,
        FAULT_DEVICE_MISMATCH,
        FAULT_NO_TENDER,
        FAULT_POLICY_VIOLATION,
        FAULT_TOO_MANY_REQUESTS,
        FAULT_WRONG_STATE,
        FAULT_NO_SPACE,
        FAULT_TIMED_OUT,
        FAULT_NOT_AUTHORIZED,
        FAULT_LAUNCHER_GONE,
        FAULT_SCOPE_FAILED,
        FAULT_START_FAILED,
        FAULT_ROLLED_BACK,
        FAULT_STATISTICS_UNAVAILABLE,
        FAULT_FAILED,
        FAULT_N_CODES,
} FaultCode;

typedef struct Fault {
        FaultCode code;
        char message[FAULT_MESSAGE_MAX + 1];
        char hint[FAULT_HINT_MAX + 1];
} Fault;

/* Fills @fault, which may be NULL, and returns the errno that stands for @code, negative. What
 * does not fit is cut. The message is a sentence without its final stop, and valid UTF-8 whatever
 * it quotes. */
int fault_set(Fault *fault, FaultCode code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* A second line, what to do about it. */
void fault_hint(Fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A copy of its own, for the caller to free(); NULL without memory. */
Fault *fault_copy(const Fault *fault);

/* "NoSuchUnikernel": the last part of the D-Bus error name org.albatross.Error.X. */
const char *fault_name(FaultCode code);
