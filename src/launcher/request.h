/* SPDX-License-Identifier: ISC */
#pragma once

#include <stddef.h>

#include "launcher/wire.h"

/* Whether @request, of which @size bytes came with @n_fds descriptors, can be looked at further.
 * -EPROTO when it is no message of this version, -EINVAL when its content is not as wire.h says. */
int request_check(const LauncherRequest *request, size_t size, size_t n_fds);
