/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Transient scopes: systemd's unit around processes that somebody else has forked. A scope is asked
 * for with StartTransientUnit; that it is there is told by the JobRemoved signal of that job, which
 * comes to whoever asked, without a Subscribe() (org.freedesktop.systemd1(5)).
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>

/* What PID 1 ends a scope with, and nobody else: solo5-hvt has handlers for SIGTERM and SIGINT, and
 * exits with 1 then, as it does when it refuses its guest. */
#define SCOPE_KILL_SIGNAL SIGHUP

typedef struct ScopeSpec {
        const char *unit;
        const char *slice;
        const char *description;
        pid_t pid; /* waits at its gate */
        uint64_t memory_max_bytes;
        const uint8_t *allowed_cpus; /* bit mask as systemd takes it, lowest CPU first */
        size_t allowed_cpus_size;
        uint64_t timeout_usec; /* for all that PID 1 has to say about it */
} ScopeSpec;

/* @error is 0 or a negative errno; @reason says in words what systemd said. -EEXIST: there is a
 * unit of that name which we have not made, and which is left alone. -ETIMEDOUT: PID 1 has not
 * answered in time; should it make the scope after all, that is stopped at once. After -ECONNRESET
 * it may be there. The ScopeStart is done then and may be freed. */
typedef void (*ScopeStarted)(void *userdata, int error, const char *reason);

typedef struct ScopeWatch ScopeWatch;
typedef struct ScopeStart ScopeStart;

/* Listens for jobs; one for the whole daemon, before the first scope. */
int scope_watch_new(ScopeWatch **ret, sd_bus *bus);

/* From now on PID 1 is spoken to over @bus, the old one being gone: what was under way there has
 * failed, and is told so. */
int scope_watch_set_bus(ScopeWatch *watch, sd_bus *bus);
ScopeWatch *scope_watch_free(ScopeWatch *watch);

/* Begins to start a scope. PID 1 keeps one that has failed until scope_release(), so that its
 * Result can be read after its end; we hold no reference of it (AddRef): each of those costs PID 1
 * a match rule on the bus, of which dbus-daemon allows 512 before it throws PID 1 off. @spec is
 * copied. When a unit that we have made for the same is still around, it is cleared away first:
 * @spec's description tells whether we have. */
int scope_start(ScopeStart **ret,
                ScopeWatch *watch,
                const ScopeSpec *spec,
                ScopeStarted handler,
                void *userdata);

/* One that is not done is given up: its scope is stopped, as soon as PID 1 has it. */
ScopeStart *scope_start_free(ScopeStart *start);

/* Gives a scope another limit. @error is 0 or a negative errno. */
typedef void (*ScopeChanged)(void *userdata, int error);
int scope_set_memory_max(sd_bus *bus,
                         const char *unit,
                         uint64_t memory_max_bytes,
                         ScopeChanged handler,
                         void *userdata);

/* Lets a scope go whose processes have ended: one that has failed is kept no longer. */
int scope_release(sd_bus *bus, const char *unit);

/* Stops a scope of a start that has failed: PID 1 may not have noticed that it is empty. */
int scope_stop(sd_bus *bus, const char *unit);

/* A signal to everything in the scope. */
int scope_kill(sd_bus *bus, const char *unit, int signal_number);

/* Reads the Result of @unit ("success", "oom-kill", ...); @result is NULL when it can't be had. */
typedef void (*ScopeResult)(void *userdata, const char *result);
int scope_read_result(sd_bus_slot **ret,
                      sd_bus *bus,
                      const char *unit,
                      ScopeResult handler,
                      void *userdata);

/* The invocation of a unit that was started, without asking PID 1: it exports it for journald as
 * the link /run/systemd/units/invocation:UNIT. All zeros when it is not there. */
sd_id128_t scope_invocation(const char *unit);
