/* SPDX-License-Identifier: ISC */
#pragma once

/* From fork to the end, as the parent sees it; the child's side is child.h. */

#include "launcher/child-table.h"

/* Forks @child after @plan and watches its end and its gate. On failure no process is left. */
int child_fork(Child *child, const ChildPlan *plan);

/* Watches again what an earlier image of this program has forked; the descriptors are @child's
 * afterwards. @gate_fd may be -1. */
int child_watch(Child *child, int pidfd, int gate_fd);

/* Sends @signal, or SIGKILL to one at its gate: whatever is asked there, it shall not get past. */
int child_signal(Child *child, int signal);
