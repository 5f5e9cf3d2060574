/* SPDX-License-Identifier: ISC */
#pragma once

/* Tells the service manager of our state, such as "READY=1". Nothing happens outside a service. */
int notify_send(const char *state);
