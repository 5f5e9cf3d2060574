/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What takes a right is written down: who has asked for what, and whether he may. What comes of it
 * is said by others.
 */

#include "bus/call.h"

/* @error: 0, or why not. */
void audit(const Call *call, int error);
