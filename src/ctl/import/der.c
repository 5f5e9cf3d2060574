/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <libtasn1.h>

#include "ctl/import/der.h"

int der_take(Der *der, DerElement *ret) {
        unsigned long number;
        unsigned char class;
        int tag_size, length_size;
        long length;
        size_t size;

        assert(der->size <= DER_SIZE_MAX);
        if (asn1_get_tag_der(der->data, (int) der->size, &class, &tag_size, &number) !=
                    ASN1_SUCCESS ||
            number > 30 || (size_t) tag_size >= der->size)
                return -EBADMSG;
        length =
                asn1_get_length_der(der->data + tag_size, (int) der->size - tag_size, &length_size);
        if (length < 0)
                return -EBADMSG;
        size = (size_t) tag_size + (size_t) length_size + (size_t) length;
        if (size > der->size)
                return -EBADMSG;

        *ret = (DerElement){
                .tag = (uint8_t) (class | number),
                .whole = {.data = der->data, .size = size},
                .content = {.data = der->data + (size - (size_t) length), .size = (size_t) length},
        };
        der->data += size;
        der->size -= size;
        return 0;
}

int der_take_tag(Der *der, uint8_t tag, DerElement *ret) {
        DerElement element;
        Der rest = *der;
        int r;

        r = der_take(&rest, &element);
        if (r < 0)
                return r;
        if (element.tag != tag)
                return -EBADMSG;
        *der = rest;
        *ret = element;
        return 0;
}
