/* SPDX-License-Identifier: ISC */
#pragma once

/* The unified hierarchy of cgroups(7), as systemd mounts it. */

#include <stdbool.h>
#include <sys/types.h>

/* Is @pid a member of @group ("/albatross.slice/...")? Positive: yes; 0: no, or no such group. */
int control_group_contains(const char *group, pid_t pid);

/* Is anybody a member of @group? As above. */
int control_group_is_populated(const char *group);

/* Does the kernel have @controller ("cpuset") in this hierarchy? */
bool control_group_has(const char *controller);
