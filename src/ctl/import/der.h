/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A piece of DER, and the elements in it, one after the other: for what is too large to be decoded
 * as a whole. Every length is checked against what is there.
 */

#include <stddef.h>
#include <stdint.h>

#define DER_SIZE_MAX (1U << 30) /* libtasn1 counts in ints */

#define DER_OCTET_STRING 0x04U
#define DER_UTF8_STRING  0x0cU
#define DER_SEQUENCE     0x30U
#define DER_CONTEXT      0xa0U /* [0] EXPLICIT; [1] is one more */

typedef struct Der {
        const uint8_t *data;
        size_t size; /* at most DER_SIZE_MAX */
} Der;

typedef struct DerElement {
        uint8_t tag; /* class, form and number, which is below 31 */
        Der whole, content;
} DerElement;

/* Takes the first element off @der. -EBADMSG when there is none; both are untouched then. */
int der_take(Der *der, DerElement *ret);

/* The same for one that must be of @tag. */
int der_take_tag(Der *der, uint8_t tag, DerElement *ret);
