/* SPDX-License-Identifier: ISC */
#pragma once

/* The whole of a running launcher. */

#include "base/list.h"
#include "launcher/child-table.h"
#include "launcher/lease.h"
#include "launcher/loop.h"

typedef struct Launcher {
        int epoll_fd;
        Watch listener;
        Watch signals;
        ListLink connections;
        unsigned n_connections;
        ChildTable table;
        Leases leases;
        bool is_deaf; /* the last connection could not be accepted */
        bool stop;
        bool upgrade;
} Launcher;
