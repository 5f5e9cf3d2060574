/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A method call on its way: several can be sent before the first answer is waited for, so that
 * many changes cost one round trip and not as many as they are.
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "domain/fault.h"
#include "domain/name.h"

#define CALL_PATIENTLY UINT64_MAX /* the daemon itself has the deadlines */
#define CALL_DEFAULT   0

typedef struct Call {
        sd_bus *bus;
        sd_bus_slot *slot;
        sd_bus_message *reply;
} Call;

/* Starts a message to a method of the Manager. The caller owns *@ret. */
int call_new(sd_bus_message **ret, sd_bus *bus, const char *method, Fault *fault);

/* Sends @message; @call, zero-initialised and not to be moved, gets its answer. */
int call_send(Call *call,
              sd_bus *bus,
              sd_bus_message *message,
              uint64_t timeout_usec,
              Fault *fault);

/* Waits for the answer and keeps it in call->reply. */
int call_wait(Call *call, Fault *fault);

/* Sends and waits. The caller owns *@ret, which may be NULL. */
int call_now(sd_bus_message **ret,
             sd_bus *bus,
             sd_bus_message *message,
             uint64_t timeout_usec,
             Fault *fault);

/* Calls a method whose one argument is a path, below which it lists. The caller owns *@ret. */
int call_list(sd_bus_message **ret,
              sd_bus *bus,
              const char *method,
              const Name *path,
              Fault *fault);

/* Is there such a unikernel? NoSuchUnikernel, with a hint, where there is none. */
int call_check_unikernel(sd_bus *bus, const Name *name, Fault *fault);

/* Forgets the call, and does not wait for it. */
void call_done(Call *call);
