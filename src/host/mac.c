/* SPDX-License-Identifier: ISC */

#include <nettle/md5.h>
#include <string.h>

#include "host/mac.h"

Mac mac_derive(const char *guest, const Name *unikernel) {
        char full_text[NAME_MAX_LENGTH + 2];
        uint8_t digest[MD5_DIGEST_SIZE];
        Mac mac = {{0x00, 0x80, 0x41}};
        struct md5_ctx context;

        name_full_text(unikernel, full_text);
        md5_init(&context);
        md5_update(&context, strlen(guest), (const uint8_t *) guest);
        md5_update(&context, strlen(full_text), (const uint8_t *) full_text);
        md5_digest(&context, sizeof(digest), digest);
        memcpy(mac.bytes + 3, digest, 3);
        return mac;
}
