/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The uids that tenders and probes run as: one for each, from a range that nobody else uses. Which
 * of them NSS knows is asked ahead, in batches, by somebody who may wait for NSS; that nobody takes
 * one at the same time is the launcher's lock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct UidPool UidPool;

int uid_pool_new(UidPool **ret, uint32_t min, uint32_t max);
UidPool *uid_pool_free(UidPool *pool);

/* The next uids to be asked about: fills @ret with up to @n_max of them, and returns how many. */
size_t uid_pool_candidates(UidPool *pool, uint32_t *ret, size_t n_max);

/* These are nobody's: they may be taken. */
void uid_pool_add(UidPool *pool, const uint32_t *uids, size_t n_uids);

/* There was no answer: whatever is neither free nor in use is asked about once more. */
void uid_pool_ask_again(UidPool *pool);

/* How many may be taken right now. */
size_t uid_pool_n_free(const UidPool *pool);

/* Takes the one that was given back longest ago. -EAGAIN when none is free. */
int uid_pool_take(UidPool *pool, uint32_t *ret);

/* Marks @uid as in use by a tender that was running before us. */
void uid_pool_claim(UidPool *pool, uint32_t uid);

/* Gives back what was taken or claimed. */
void uid_pool_release(UidPool *pool, uint32_t uid);
