/* SPDX-License-Identifier: ISC */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "statistics/reply.h"

#define FIRST_SIZE (64U * 1024U)

void reply_clear(Reply *reply) {
        free(reply->data);
        *reply = (Reply){};
}

void *reply_add(Reply *reply, size_t size) {
        void *added;

        if (size > STATISTICS_SIZE_MAX - reply->size)
                return NULL;
        if (reply->size + size > reply->allocated) {
                size_t allocated = MAX_OF(MAX_OF(reply->allocated * 2, reply->size + size),
                                          (size_t) FIRST_SIZE);
                char *larger = realloc(reply->data, allocated);

                if (!larger)
                        return NULL;
                reply->data = larger;
                reply->allocated = allocated;
        }
        added = reply->data + reply->size;
        memset(added, 0, size);
        reply->size += size;
        return added;
}
