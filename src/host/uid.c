/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "host/uid.h"

typedef enum UidState {
        UID_UNKNOWN, /* nobody was asked about it yet */
        UID_ASKED,
        UID_FREE,
        UID_USED,
} UidState;

struct UidPool {
        uint32_t min, n_uids;
        uint32_t n_asked; /* the first so many are no longer unknown */
        uint8_t *states;
        uint32_t *queue; /* ring of the free ones: reused as late as possible */
        uint32_t head, n_free;
};

UidPool *uid_pool_free(UidPool *pool) {
        if (!pool)
                return NULL;
        free(pool->states);
        free(pool->queue);
        free(pool);
        return NULL;
}

DEFINE_CLEANUP(UidPool *, uid_pool_free);

int uid_pool_new(UidPool **ret, uint32_t min, uint32_t max) {
        _cleanup_(uid_pool_freep) UidPool *pool = NULL;

        if (min == 0 || min > max)
                return -EINVAL;
        pool = calloc(1, sizeof(*pool));
        if (!pool)
                return -ENOMEM;
        pool->min = min;
        pool->n_uids = max - min + 1;
        pool->states = calloc(pool->n_uids, sizeof(*pool->states));
        pool->queue = calloc(pool->n_uids, sizeof(*pool->queue));
        if (!pool->states || !pool->queue)
                return -ENOMEM;
        *ret = TAKE_PTR(pool);
        return 0;
}

static void enqueue(UidPool *pool, uint32_t index) {
        pool->states[index] = UID_FREE;
        pool->queue[(pool->head + pool->n_free++) % pool->n_uids] = index;
}

static uint32_t dequeue(UidPool *pool) {
        uint32_t index = pool->queue[pool->head];

        pool->head = (pool->head + 1) % pool->n_uids;
        pool->n_free--;
        return index;
}

size_t uid_pool_candidates(UidPool *pool, uint32_t *ret, size_t n_max) {
        size_t n = 0;

        for (; n < n_max && pool->n_asked < pool->n_uids; pool->n_asked++) {
                /* One that was claimed before it was asked about stays what it is. */
                if (pool->states[pool->n_asked] != UID_UNKNOWN)
                        continue;
                pool->states[pool->n_asked] = UID_ASKED;
                ret[n++] = pool->min + pool->n_asked;
        }
        return n;
}

void uid_pool_add(UidPool *pool, const uint32_t *uids, size_t n_uids) {
        for (size_t i = 0; i < n_uids; i++) {
                uint32_t index = uids[i] - pool->min;

                if (index < pool->n_uids && pool->states[index] == UID_ASKED)
                        enqueue(pool, index);
        }
}

void uid_pool_ask_again(UidPool *pool) {
        for (uint32_t index = 0; index < pool->n_asked; index++)
                if (pool->states[index] == UID_ASKED)
                        pool->states[index] = UID_UNKNOWN;
        pool->n_asked = 0;
}

size_t uid_pool_n_free(const UidPool *pool) {
        return pool->n_free;
}

int uid_pool_take(UidPool *pool, uint32_t *ret) {
        uint32_t index;

        if (pool->n_free == 0)
                return -EAGAIN;
        index = dequeue(pool);
        pool->states[index] = UID_USED;
        *ret = pool->min + index;
        return 0;
}

void uid_pool_claim(UidPool *pool, uint32_t uid) {
        uint32_t index = uid - pool->min;

        if (index >= pool->n_uids)
                return;
        /* Once round the queue takes it out; this happens at adoption only. */
        if (pool->states[index] == UID_FREE)
                for (uint32_t n = pool->n_free; n > 0; n--) {
                        uint32_t other = dequeue(pool);

                        if (other != index)
                                enqueue(pool, other);
                }
        pool->states[index] = UID_USED;
}

void uid_pool_release(UidPool *pool, uint32_t uid) {
        uint32_t index = uid - pool->min;

        if (index < pool->n_uids && pool->states[index] == UID_USED)
                enqueue(pool, index);
}
