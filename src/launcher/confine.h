/* SPDX-License-Identifier: ISC */
#pragma once

/* What a child gives up before its program runs: rights and resources. */

#include <stdint.h>

#include "launcher/child.h"

/* Lets the kernel choose a guest before the services of the host, and long before the launcher,
 * whose score it would inherit. Best effort; needs the rights of the start. */
void confine_oom_score(void);

/* Becomes @uid with the group of the same number, and @gid, which must be the group of /dev/kvm
 * or 0 (none): -EPERM otherwise. No capability, no way to gain one. */
int confine_identity(uint32_t uid, uint32_t gid);

/* Limits that the program can't raise again. */
int confine_limits(ChildKind kind);
