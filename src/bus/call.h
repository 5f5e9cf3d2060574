/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A method call from its arrival to its reply: who asks is found out, polkit is asked where that is
 * needed, then the work is done, then it is answered, exactly once. What a handler has read lives
 * in the Call meanwhile.
 */

#include <systemd/sd-bus.h>

#include "base/list.h"
#include "bus/bus-service.h"
#include "bus/turns.h"
#include "domain/config.h"
#include "manager/blocks.h"
#include "manager/manager.h"
#include "manager/policies.h"

typedef struct Call Call;

/* Goes on once the call is allowed. Objects are looked up here, not before. */
typedef void (*CallAllowed)(Call *call);

struct Call {
        ListLink link;
        BusService *service;
        sd_bus_message *message;
        sd_bus_slot *slot; /* of what is being asked */
        TurnUser *user;    /* NULL: it is not counted; see turns.h */
        TurnKind kind;
        CallAllowed allowed;
        Name name;
        bool is_prefix; /* that is a path, and it is about all below it */
        const char *action, *verb, *question;
        char *owners, *others; /* as polkit was told them; see systemd/authorize.h */
        unsigned n_asked;
        /* Of the calls that have it: */
        CreateOrder create;
        StopOrder stop;
        SetOrder set;
        UpdateOrder update;
        BulkOrder bulk;
        ConsoleOrder console;
        BlockCreateOrder block_create;
        BlockWriteOrder block_write;
        BlockReadOrder block_read;
        BlockConfirmed confirmed;
        void *confirmed_userdata;
        PolicyOrder policy;
        int fd;
};

/* One for @message, which is kept. It counts among what its sender has under way. */
int call_new(Call **ret, BusService *service, sd_bus_message *message, TurnKind kind);
Call *call_free(Call *call);
DEFINE_CLEANUP(Call *, call_free);

/* Takes over @call: goes on with @allowed now (root) or later, or replies with an error. Returns
 * what an sd-bus handler returns. */
int call_authorize(Call *call, const char *action, const char *verb, CallAllowed allowed);

/* Who owns what is above: is that still as it was when @call was allowed? */
bool call_is_allowed_still(Call *call);

/* Both take over @call and send its reply. */
void call_fail(Call *call, int r, const Fault *fault);
void call_reply(Call *call, const char *types, ...);

/* A BlockConfirm whose userdata is the Call: is its sender still there? */
void call_confirm(void *userdata, BlockConfirmed done, void *done_userdata);

/* Each a CallAllowed: does it to the unikernel of the call's name, and replies. */
void call_start(Call *call);
void call_stop(Call *call);
void call_restart(Call *call);
void call_rollback(Call *call);
void call_destroy(Call *call);

/* A ManagerDone whose userdata is the Call: replies without values. */
void call_done(void *userdata, int r, const Fault *fault);

/* Fills @error for a handler that fails at once: the named error where @fault says something. */
int fault_to_error(sd_bus_error *error, int r, const Fault *fault);
