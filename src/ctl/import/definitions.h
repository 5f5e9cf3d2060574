/* SPDX-License-Identifier: ISC */
#pragma once

/* state.asn, made into C by asn1Parser. */

#include <libtasn1.h>

extern const asn1_static_node state_definitions[];
