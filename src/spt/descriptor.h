/* SPDX-License-Identifier: ISC */
#pragma once

/* A descriptor that somebody opened for us, written @FD on the command line. */

#include "spt/refusal.h"

/* Whether it is open is not looked at. The standard ones are never meant. */
int descriptor_parse(const char *text, int *ret, Refusal *refusal);
