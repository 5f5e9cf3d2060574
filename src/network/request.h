/* SPDX-License-Identifier: ISC */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "network/wire.h"

/* A message as it comes. */
typedef struct RequestMessage {
        NetworkRequest request;
        NetworkName names[NETWORK_NAMES_MAX];
} RequestMessage;

/* Whether @message, of which @size bytes came with @n_fds descriptors, can be looked at further.
 * -EPROTO when it is no message of this version, -EINVAL when its content is not as wire.h says. */
int request_check(const RequestMessage *message, size_t size, size_t n_fds);

/* "alb" and a number. */
bool tap_name_is_ours(const char *name);
