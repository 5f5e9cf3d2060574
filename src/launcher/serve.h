/* SPDX-License-Identifier: ISC */
#pragma once

/* What the launcher does on request, one function for each verb of the wire. */

#include "launcher/connection.h"

typedef struct ServeFds {
        const int *fds;
        size_t n_fds;
} ServeFds;

/* Does what @request, of which @size bytes came, asks for, and sees to it that it is answered
 * once. The descriptors stay the caller's. */
void serve(Connection *connection,
           const LauncherRequest *request,
           size_t size,
           const ServeFds *fds);

/* @connection goes: nobody waits for its children any more, and its probes end. */
void serve_lost(Connection *connection);

/* Kills the probes that are due. Returns for how many milliseconds none will be, -1: for ever. */
int serve_deadlines(Launcher *launcher);
