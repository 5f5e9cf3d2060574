/* SPDX-License-Identifier: ISC */
#pragma once

/* The daemon's end of albatross-launcher: each request is answered once; ends come on their own. */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "launcher/wire.h"

#define LAUNCHER_SOCKET ALBATROSS_RUNTIMEDIR "/launcher"

typedef struct LauncherLink LauncherLink;

/* NULL when the launcher went away before it answered. Never called from within a request. */
typedef void (*LauncherDone)(void *userdata, const LauncherReply *reply);

typedef struct LauncherHandlers {
        void (*entry)(void *userdata, const LauncherReply *entry); /* of a LAUNCHER_LIST */
        void (*exited)(void *userdata, const LauncherReply *exited);
        void (*gone)(void *userdata);
        void *userdata;
} LauncherHandlers;

/* Does not connect yet. */
int launcher_link_new(LauncherLink **ret, sd_event *event, const LauncherHandlers *handlers);
LauncherLink *launcher_link_free(LauncherLink *link);

/* Connects when it is not. The socket unit starts the launcher, so this can wait for nothing. */
int launcher_connect(LauncherLink *link);

typedef struct LauncherCall {
        LauncherRequest request; /* version and serial are filled in */
        int fds[LAUNCHER_PASS_MAX + 2];
        size_t n_fds;
        LauncherDone done; /* may be NULL */
        void *userdata;
} LauncherCall;

/* The descriptors stay the caller's. */
int launcher_call(LauncherLink *link, LauncherCall *call);
