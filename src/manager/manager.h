/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The manager: all unikernels of the host, and what is done with them. Requests are answered by a
 * ManagerDone, sooner or later, exactly once, and from the event loop or from within the request;
 * what changes is told to the observer.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "domain/config-change.h"
#include "domain/cursor.h"
#include "domain/fault.h"
#include "domain/settings.h"
#include "manager/unikernel.h"

typedef struct Manager Manager;
typedef struct BlockDevice BlockDevice;

/* @r: 0, or a negative errno, with @fault where there is more to say (its code is FAULT_NONE
 * otherwise). */
typedef void (*ManagerDone)(void *userdata, int r, const Fault *fault);

typedef struct ManagerObserver {
        void (*added)(void *userdata, const Unikernel *unikernel);
        void (*removed)(void *userdata, const Unikernel *unikernel);
        void (*state_changed)(void *userdata, const Unikernel *unikernel);
        void (*configured)(void *userdata, const Unikernel *unikernel);
        void (*exited)(void *userdata, const Unikernel *unikernel);
        /* It waits for its restart. */
        void (*restarting)(void *userdata, const Unikernel *unikernel);
        void (*policy_changed)(void *userdata, const Name *path);
        void (*policy_removed)(void *userdata, const Name *path);
        void (*block_added)(void *userdata, const BlockDevice *device);
        void (*block_removed)(void *userdata, const BlockDevice *device);
        void (*block_changed)(void *userdata, const BlockDevice *device);
        void *userdata;
} ManagerObserver;

typedef struct ManagerSetup {
        sd_event *event;
        sd_bus *bus;        /* where PID 1 is reached */
        Settings *settings; /* what is in there is taken over */
        ManagerDone ready;  /* called when requests can be served, or never will be */
        void *userdata;
} ManagerSetup;

/* Reads what is recorded, finds what runs, and returns when both are under way. */
int manager_new(Manager **ret, const ManagerSetup *setup);
Manager *manager_free(Manager *manager);

/* PID 1 is spoken to over @bus from now on: the system bus has come back, or has gone. */
int manager_set_bus(Manager *manager, sd_bus *bus);

void manager_set_observer(Manager *manager, const ManagerObserver *observer);

typedef struct CreateOrder {
        Name name;
        ConfigChange change; /* of the defaults; copied */
        int image_fd;        /* stays the caller's; what is behind it is the client's */
        bool is_delegated;   /* not root's: its bytes stop when the owners above change */
        bool start;
} CreateOrder;

void manager_create(Manager *manager, const CreateOrder *order, ManagerDone done, void *userdata);
void manager_start(Manager *manager, const Name *name, ManagerDone done, void *userdata);
void manager_restart(Manager *manager, const Name *name, ManagerDone done, void *userdata);

typedef struct StopOrder {
        Name name;
        bool until_boot; /* what is wanted stays so: the host shuts down */
} StopOrder;

void manager_stop(Manager *manager, const StopOrder *order, ManagerDone done, void *userdata);

typedef struct DestroyOrder {
        Name name;
        bool with_blocks; /* the block devices that belong to it go, too */
} DestroyOrder;

void manager_destroy(Manager *manager, const DestroyOrder *order, ManagerDone done, void *userdata);

/* It takes effect with the next start; with .now, that is at once when it is to run. The order has
 * to be there until it is answered: it waits for a start that is under way. */
typedef struct SetOrder {
        Name name;
        ConfigChange change; /* copied */
        bool now;
} SetOrder;

void manager_set(Manager *manager, const SetOrder *order, ManagerDone done, void *userdata);

/* Another image, and the configuration with it; one that runs is restarted. What it was before is
 * kept for manager_rollback(). */
typedef struct UpdateOrder {
        Name name;
        ConfigChange change;        /* copied */
        int image_fd;               /* stays the caller's */
        bool is_delegated;          /* as above */
        uint64_t wait_running_usec; /* goes back when it ends earlier: FAULT_ROLLED_BACK; 0: no */
} UpdateOrder;

void manager_update(Manager *manager, const UpdateOrder *order, ManagerDone done, void *userdata);
void manager_rollback(Manager *manager, const Name *name, ManagerDone done, void *userdata);

/* Would that give it a right to the MACs of others that it does not have now: to any, or to one
 * that was chosen by hand? */
bool manager_rollback_is_unlocked(Manager *manager, const Name *name);

/* The same to all below a path, in the order of startup priority, stops in reverse. A restart is
 * for those only that are neither stopped nor failed. */
typedef enum BulkVerb {
        BULK_START,
        BULK_STOP,
        BULK_RESTART,
} BulkVerb;

typedef struct BulkOrder {
        BulkVerb verb;
        Name prefix; /* a path; copied */
        bool until_boot;
} BulkOrder;

typedef struct BulkFailure {
        Name name;
        int r;
        Fault *fault;
} BulkFailure;

/* Called once, when all are done; @failures are valid until it returns. */
typedef void (*BulkDone)(void *userdata, int r, const BulkFailure *failures, size_t n_failures);
void manager_bulk(Manager *manager, const BulkOrder *order, BulkDone done, void *userdata);

/* NULL when there is none that others may see. */
Unikernel *manager_find(Manager *manager, const char *name);

/* Is the name taken, if only by one that is being created? */
bool manager_knows(Manager *manager, const char *name);

/* In the order of their names, those below the path @prefix. The visitor stops it by returning a
 * negative errno, which is then returned. */
typedef int (*ManagerVisitor)(void *userdata, const Unikernel *unikernel);
int manager_visit(Manager *manager, const char *prefix, ManagerVisitor visitor, void *userdata);

/* Whoever counts the readers is told when one has ended, if it could be started at all. */
typedef struct Reader {
        void (*ended)(void *userdata);
        void *userdata;
        bool is_delegated; /* not root's: it ends when the owners above change */
} Reader;

typedef struct ConsoleOrder {
        Reader reader;
        bool follow, last_run;
        uint64_t n_lines;                /* UINT64_MAX: all */
        uint64_t since_usec, until_usec; /* 0 and UINT64_MAX: open; UTC */
        char after[CURSOR_MAX + 1];      /* "": from the first line on */
} ConsoleOrder;

/* Both return a pipe's reading end, which is the caller's, or a negative errno. */
int manager_open_console(Manager *manager,
                         const Name *name,
                         const ConsoleOrder *order,
                         Fault *fault);
int manager_get_image(Manager *manager, const Name *name, const Reader *reader, Fault *fault);

typedef struct Host {
        Cpus cpus;
        uint64_t memory_bytes;
        uint64_t memory_used_bytes; /* by unikernels that are not stopped */
        uint64_t disk_size_bytes, disk_free_bytes;
        uint32_t n_unikernels, n_running;
} Host;

/* What runs images, or would but for the reason in @refusal. */
typedef struct TenderReport {
        const char *path, *type, *version; /* "solo5-spt": the images that it runs */
        uint32_t abi_version;
        const Fault *refusal; /* NULL: usable */
} TenderReport;

typedef int (*ManagerTenderVisitor)(void *userdata, const TenderReport *tender);

/* Looks for them anew; @done is called when all have said what they are. */
void manager_look_for_tenders(Manager *manager, ManagerDone done, void *userdata);

/* Those that are known, in the order in which they are looked for. */
int manager_visit_tenders(Manager *manager, ManagerTenderVisitor visitor, void *userdata);

void manager_get_host(Manager *manager, Host *ret);

/* Records that could not be read and were put aside, by the names of their files, as many as can be
 * shown. A visitor that returns a negative number stops it. */
#define QUARANTINE_SHOWN_MAX 256U
int manager_visit_quarantine(const Manager *manager,
                             int (*visitor)(void *userdata, const char *file),
                             void *userdata);
