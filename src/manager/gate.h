/* SPDX-License-Identifier: ISC */
#pragma once

/* What goes through the gate of a run: its tender, that one's command line, image and devices. */

#include "manager/manager-internal.h"
#include "manager/tenders.h"

/* Tells the launcher to execute @tender for @unikernel, which is at its gate; the descriptors stay
 * the caller's. @done and @userdata as in a LauncherCall. */
typedef struct GateOrder {
        const Tender *tender;
        uint32_t gid; /* a group that it needs; 0: none */
        int image_fd;
        const int *tap_fds;   /* one for each network; not where the taps of the run persist */
        const int *block_fds; /* one for each block device */
        LauncherDone done;
        void *userdata;
} GateOrder;

int gate_open(const Unikernel *unikernel, const GateOrder *order);
