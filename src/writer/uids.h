/* SPDX-License-Identifier: ISC */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The uids in @size bytes at @data, at most WRITER_UIDS_MAX. The caller owns *@ret. */
int uids_copy(const void *data, size_t size, uint32_t **ret, uint32_t *ret_n);

/* Keeps those of @n uids that NSS knows nobody of, and returns how many that are. A uid that NSS
 * can't tell about is not free. This may take as long as NSS takes. */
uint32_t uids_keep_free(uint32_t *uids, uint32_t n);
