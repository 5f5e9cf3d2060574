/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "domain/fault.h"

static const struct {
        const char *name;
        int error;
} codes[FAULT_N_CODES] = {
        [FAULT_NONE] = {"None", 0},
        [FAULT_INVALID_NAME] = {"InvalidName", EINVAL},
        [FAULT_INVALID_ARGUMENT] = {"InvalidArgument", EINVAL},
        [FAULT_NO_SUCH_UNIKERNEL] = {"NoSuchUnikernel", ENOENT},
        [FAULT_NO_SUCH_POLICY] = {"NoSuchPolicy", ENOENT},
        [FAULT_NO_SUCH_BRIDGE] = {"NoSuchBridge", ENODEV},
        [FAULT_BRIDGE_FULL] = {"BridgeFull", EXFULL},
        [FAULT_NO_SUCH_BLOCK_DEVICE] = {"NoSuchBlockDevice", ENOENT},
        [FAULT_BLOCK_DEVICE_BUSY] = {"BlockDeviceBusy", EBUSY},
        [FAULT_NO_SUCH_OWNER] = {"NoSuchOwner", ENOENT},
        [FAULT_MAC_IN_USE] = {"MACInUse", EADDRINUSE},
        [FAULT_INVALID_CONTENT] = {"InvalidContent", EBADMSG},
        [FAULT_ALREADY_EXISTS] = {"AlreadyExists", EEXIST},
        [FAULT_INVALID_IMAGE] = {"InvalidImage", EBADMSG},
        [FAULT_DEVICE_MISMATCH] = {"DeviceMismatch", EBADMSG},
        [FAULT_NO_TENDER] = {"NoTender", ENOENT},
        [FAULT_POLICY_VIOLATION] = {"PolicyViolation", EDQUOT},
        [FAULT_TOO_MANY_REQUESTS] = {"TooManyRequests", EBUSY},
        [FAULT_WRONG_STATE] = {"WrongState", EBUSY},
        [FAULT_NO_SPACE] = {"NoSpace", ENOSPC},
        [FAULT_TIMED_OUT] = {"TimedOut", ETIMEDOUT},
        [FAULT_NOT_AUTHORIZED] = {"NotAuthorized", EACCES},
        [FAULT_LAUNCHER_GONE] = {"LauncherGone", EPIPE},
        [FAULT_SCOPE_FAILED] = {"ScopeFailed", EIO},
        [FAULT_START_FAILED] = {"StartFailed", EIO},
        [FAULT_ROLLED_BACK] = {"RolledBack", ECANCELED},
        [FAULT_STATISTICS_UNAVAILABLE] = {"StatisticsUnavailable", EIO},
        [FAULT_FAILED] = {"Failed", EIO},
};

/* What is quoted may have been cut inside of a character, and a client that got a reply with half
 * of one would get none: the bus refuses it. */
__attribute__((format(printf, 3, 0))) static void write_text(char *text,
                                                             size_t size,
                                                             const char *format,
                                                             va_list arguments) {
        vsnprintf(text, size, format, arguments);
        utf8_mend(text);
}

int fault_set(Fault *fault, FaultCode code, const char *format, ...) {
        va_list arguments;

        assert(code > FAULT_NONE && code < FAULT_N_CODES);

        if (fault) {
                fault->code = code;
                fault->hint[0] = '\0';
                va_start(arguments, format);
                write_text(fault->message, sizeof(fault->message), format, arguments);
                va_end(arguments);
        }
        return -codes[code].error;
}

void fault_hint(Fault *fault, const char *format, ...) {
        va_list arguments;

        if (!fault)
                return;
        va_start(arguments, format);
        write_text(fault->hint, sizeof(fault->hint), format, arguments);
        va_end(arguments);
}

Fault *fault_copy(const Fault *fault) {
        Fault *copy;

        copy = malloc(sizeof(*copy));
        if (copy)
                *copy = *fault;
        return copy;
}

const char *fault_name(FaultCode code) {
        assert(code < FAULT_N_CODES);
        return codes[code].name;
}
