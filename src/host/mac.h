/* SPDX-License-Identifier: ISC */
#pragma once

/* The address of a network device that was given none. */

#include "domain/devices.h"

/* 00:80:41 and the first three bytes of the MD5 of the device's name in the guest and the full name
 * of its unikernel: always the same, so that a lease survives a migration. */
Mac mac_derive(const char *guest, const Name *unikernel);
