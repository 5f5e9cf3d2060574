/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The fields of one entry that libtasn1 has decoded, by the names of state.asn. A field that is
 * there is told by 1, one that is not there by 0 and an untouched output. -EBADMSG for one that
 * holds what we can't take: a number beyond 64 bits, a text with a NUL in it.
 */

#include <libtasn1.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELD_NAME_MAX 63

typedef struct Fields {
        asn1_node node;
} Fields;

/* Decodes the @size bytes at @data as @type ("Entry5"). The caller gives *@ret back by
 * fields_done(). -EBADMSG. */
int fields_decode(Fields *ret, const char *type, const void *data, size_t size);
void fields_done(Fields *fields);

int fields_number(const Fields *fields, const char *name, int64_t *ret);
int fields_bool(const Fields *fields, const char *name, bool *ret);

/* The name of the alternative that was chosen, which is one of @names; its index goes to *@ret. */
int fields_choice(const Fields *fields, const char *name, const char *const names[], size_t *ret);

/* Bytes as they are; what does not fit into @size is -EBADMSG. *@ret_size is how many. */
int fields_bytes(const Fields *fields, const char *name, void *ret, size_t size, size_t *ret_size);

/* Into a new string, which the caller owns. */
int fields_text(const Fields *fields, const char *name, char **ret);

/* How many elements @name has; 0 when it is not there. */
size_t fields_count(const Fields *fields, const char *name);

/* "NAME.?3.LAST" for the third element (@i is 2); without @last, which may be NULL, "NAME.?3". */
void fields_element(const char *name,
                    size_t i,
                    const char *last,
                    char ret[static FIELD_NAME_MAX + 1]);
