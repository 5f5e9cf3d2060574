/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/import/definitions.h"
#include "ctl/import/fields.h"

int fields_decode(Fields *ret, const char *type, const void *data, size_t size) {
        static asn1_node definitions;
        Fields fields = {};
        char name[FIELD_NAME_MAX + 1];
        int n = (int) size;

        /* The same for all, and for as long as the program runs. */
        if (!definitions && asn1_array2tree(state_definitions, &definitions, NULL) != ASN1_SUCCESS)
                return -ENOMEM;
        snprintf(name, sizeof(name), "STATE.%s", type);
        if (asn1_create_element(definitions, name, &fields.node) != ASN1_SUCCESS)
                return -ENOMEM;
        if (asn1_der_decoding2(&fields.node, data, &n, ASN1_DECODE_FLAG_STRICT_DER, NULL) !=
                    ASN1_SUCCESS ||
            n != (int) size) {
                fields_done(&fields);
                return -EBADMSG;
        }

        *ret = fields;
        return 0;
}

void fields_done(Fields *fields) {
        asn1_delete_structure(&fields->node);
}

int fields_bytes(const Fields *fields, const char *name, void *ret, size_t size, size_t *ret_size) {
        int n = (int) size;
        int r;

        r = asn1_read_value(fields->node, name, ret, &n);
        if (r == ASN1_ELEMENT_NOT_FOUND || r == ASN1_VALUE_NOT_FOUND)
                return 0;
        if (r != ASN1_SUCCESS)
                return -EBADMSG;
        *ret_size = (size_t) n;
        return 1;
}

int fields_number(const Fields *fields, const char *name, int64_t *ret) {
        uint8_t bytes[sizeof(int64_t)];
        uint64_t number;
        size_t size;
        int r;

        r = fields_bytes(fields, name, bytes, sizeof(bytes), &size);
        if (r <= 0)
                return r;
        if (size == 0)
                return -EBADMSG;
        /* Two's complement, the highest byte first. */
        number = bytes[0] & 0x80 ? UINT64_MAX : 0;
        for (size_t i = 0; i < size; i++)
                number = number << 8 | bytes[i];
        *ret = (int64_t) number;
        return 1;
}

int fields_bool(const Fields *fields, const char *name, bool *ret) {
        char word[8];
        size_t size;
        int r;

        r = fields_bytes(fields, name, word, sizeof(word), &size);
        if (r <= 0)
                return r;
        *ret = strcmp(word, "TRUE") == 0;
        return 1;
}

int fields_choice(const Fields *fields, const char *name, const char *const names[], size_t *ret) {
        char word[FIELD_NAME_MAX + 1];
        size_t size;
        int r;

        r = fields_bytes(fields, name, word, sizeof(word), &size);
        if (r <= 0)
                return r;
        for (size_t i = 0; names[i]; i++)
                if (strcmp(word, names[i]) == 0) {
                        *ret = i;
                        return 1;
                }
        return -EBADMSG;
}

int fields_text(const Fields *fields, const char *name, char **ret) {
        _cleanup_(freep) char *text = NULL;
        int size = 0;
        int r;

        r = asn1_read_value(fields->node, name, NULL, &size);
        if (r == ASN1_ELEMENT_NOT_FOUND || r == ASN1_VALUE_NOT_FOUND)
                return 0;
        if (r != ASN1_SUCCESS && r != ASN1_MEM_ERROR)
                return -EBADMSG;
        text = calloc(1, (size_t) size + 1);
        if (!text)
                return -ENOMEM;
        if (size > 0 && asn1_read_value(fields->node, name, text, &size) != ASN1_SUCCESS)
                return -EBADMSG;
        if (strlen(text) != (size_t) size)
                return -EBADMSG;

        *ret = TAKE_PTR(text);
        return 1;
}

size_t fields_count(const Fields *fields, const char *name) {
        int n;

        if (asn1_number_of_elements(fields->node, name, &n) != ASN1_SUCCESS || n < 0)
                return 0;
        return (size_t) n;
}

void fields_element(const char *name,
                    size_t i,
                    const char *last,
                    char ret[static FIELD_NAME_MAX + 1]) {
        snprintf(ret, FIELD_NAME_MAX + 1, "%s.?%zu%s%s", name, i + 1, last ? "." : "",
                 last ? last : "");
}
