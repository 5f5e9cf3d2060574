/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A method call from its arrival to its reply: its arguments are read, polkit is asked where that
 * is needed, then the work is done, then it is answered, exactly once. What was read lives in the
 * Call meanwhile. What differs from method to method stands in a Method; call_method() does the
 * rest.
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

/* Reads what follows the first argument, from call->message. */
typedef int (*CallRead)(Call *call, Fault *fault);

/* Goes on once the call is allowed. Objects are looked up here, not before. It takes over @call. */
typedef void (*CallAllowed)(Call *call);

/* Does a call that is about @name, and whose first argument was read, bring or take many bytes? */
typedef bool (*CallIsTransfer)(BusService *service, sd_bus_message *message, const Name *name);

typedef enum CallTarget {
        TARGET_NONE,
        TARGET_NAME,   /* a unikernel or a block device */
        TARGET_PATH,   /* a path itself */
        TARGET_PREFIX, /* a path, and all below it */
} CallTarget;

typedef struct Method {
        const char *member;
        const char *action; /* polkit is asked about "org.albatross." and this; NULL: public */
        const char *verb;   /* for its rules */
        CallTarget target;  /* the first argument */
        TurnKind kind;
        CallIsTransfer is_transfer; /* NULL: never */
        CallRead read;              /* NULL: nothing follows */
        CallAllowed allowed;
} Method;

struct Call {
        ListLink link;
        BusService *service;
        const Method *method;
        sd_bus_message *message;
        sd_bus_slot *slot; /* of what is being asked */
        TurnUser *user;    /* NULL: it is not counted; see turns.h */
        TurnKind kind;
        bool has_caller; /* these are known, and stay so when who asks has gone: */
        uint32_t caller_uid;
        uint32_t caller_pid;   /* 0: not known */
        Name name;             /* its target */
        const char *verb;      /* the method's, unless what was read makes it another one */
        const char *question;  /* what the sender is asked instead of the action's text; or NULL */
        char *owners, *others; /* as polkit was told them; see systemd/authorize.h */
        unsigned n_asked;
        bool needs_blocks;      /* block devices go with it, for which polkit is asked as well */
        bool asks_about_blocks; /* that is what it is asked now */
        /* Of the calls that have it: */
        CreateOrder create;
        StopOrder stop;
        DestroyOrder destroy;
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
        sd_bus_message *reply; /* of one that grows in slices */
};

/* The handler of all methods of /org/albatross: of the one that @message names. */
int call_method(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* The same for one that has no arguments, since it is @name's own. */
int call_method_of(BusService *service,
                   const Method *method,
                   sd_bus_message *message,
                   const Name *name);

/* Is @message, a method call, one that brings or takes many bytes? @userdata: the BusService. */
bool call_is_transfer(void *userdata, sd_bus_message *message);

/* From here on it counts as one. */
void call_becomes_transfer(Call *call);

Call *call_free(Call *call);
DEFINE_CLEANUP(Call *, call_free);

/* CallReads: what follows are options, of which there are none yet, or those of a stop. */
int call_read_no_options(Call *call, Fault *fault);
int call_read_stop(Call *call, Fault *fault);

/* Who owns what is above: is that still as it was when @call was allowed? */
bool call_is_allowed_still(Call *call);

/* Both take over @call and send its reply. */
void call_fail(Call *call, int r, const Fault *fault);
void call_reply(Call *call, const char *types, ...);

/* The same with an array of @contents, which @fill appends. */
typedef int (*CallFill)(sd_bus_message *reply, void *userdata);
void call_reply_array(Call *call, const char *contents, CallFill fill, void *userdata);

/* There is no unikernel of that name. */
void call_fail_unknown(Call *call);

/* A ManagerDone whose userdata is the Call: replies without values. */
void call_done(void *userdata, int r, const Fault *fault);
