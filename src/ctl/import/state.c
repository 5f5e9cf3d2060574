/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/import/der.h"
#include "ctl/import/read.h"
#include "ctl/import/state.h"

/* The outermost tag is the version: which kind of entries, and whether policies follow. */
typedef struct Version {
        const char *type;
        bool with_policies;
        bool boxed_image; /* in a container that says what it is for */
} Version;

static const Version versions[] = {
        {.type = "Entry1"},
        {.type = "Entry0", .boxed_image = true},
        {.type = "Entry2"},
        {.type = "Entry3"},
        {.type = "Entry3", .with_policies = true},
        {.type = "Entry4", .with_policies = true},
        {.type = "Entry5", .with_policies = true},
};

/* The only octet string among the fields of @value. */
static int find_image(Der value, bool boxed, Der *ret) {
        while (value.size > 0) {
                DerElement field;
                int r;

                r = der_take(&value, &field);
                if (r < 0)
                        return r;
                if (boxed && field.tag >= DER_CONTEXT && field.tag <= DER_CONTEXT + 2)
                        r = der_take_tag(&field.content, DER_OCTET_STRING, &field);
                if (r < 0)
                        return r;
                if (field.tag == DER_OCTET_STRING) {
                        *ret = field.content;
                        return 0;
                }
        }
        return -EBADMSG;
}

static int entry_decode(Item *item,
                        const DerElement *entry,
                        const char *type,
                        Der image,
                        Fault *fault) {
        _cleanup_(fields_done) Fields fields = {};
        int r;

        if (image.size > STATE_IMAGE_SIZE_MAX)
                return fault_set(fault, FAULT_INVALID_IMAGE,
                                 "Its image has %zu bytes, at most %u are possible", image.size,
                                 STATE_IMAGE_SIZE_MAX);
        /* Decoded, each byte of it may take a hundred of memory. */
        if (entry->whole.size - image.size > STATE_ENTRY_SIZE_MAX)
                return fault_set(fault, FAULT_INVALID_CONTENT,
                                 "It has %zu bytes beside its image, at most %u are possible",
                                 entry->whole.size - image.size, STATE_ENTRY_SIZE_MAX);
        r = fields_decode(&fields, type, entry->whole.data, entry->whole.size);
        if (r == -EBADMSG)
                return fault_set(fault, FAULT_INVALID_CONTENT, "Its entry can't be read");
        if (r < 0)
                return r;

        item->image = image.data;
        item->image_size = image.size;
        return item->kind == ITEM_POLICY ? read_policy(item, &fields, fault)
                                         : read_unikernel(item, &fields, fault);
}

/* -EBADMSG: it is no entry at all. */
static int take_entry(Items *items, const Version *version, Der *entries) {
        DerElement entry, name, value;
        Der parts, image = {};
        Fault fault = {};
        Item *item;
        int r;

        r = der_take_tag(entries, DER_SEQUENCE, &entry);
        if (r < 0)
                return r;
        parts = entry.content;
        r = der_take_tag(&parts, DER_UTF8_STRING, &name);
        if (r < 0)
                return r;
        r = der_take_tag(&parts, DER_SEQUENCE, &value);
        if (r < 0)
                return r;

        r = items_add(items, version ? ITEM_UNIKERNEL : ITEM_POLICY, &item);
        if (r < 0)
                return r;
        /* A NUL in it ends it here, and can't be read later. */
        item->original = strndup((const char *) name.content.data, name.content.size);
        if (!item->original)
                return -ENOMEM;

        if (version && find_image(value.content, version->boxed_image, &image) < 0)
                r = fault_set(&fault, FAULT_INVALID_CONTENT, "Its entry can't be read");
        else if (strlen(item->original) != name.content.size)
                r = read_broken("name", &fault);
        else
                r = entry_decode(item, &entry, version ? version->type : "EntryPolicy", image,
                                 &fault);
        if (r == -ENOMEM)
                return r;
        return r < 0 ? item_fail(item, r, &fault) : 0;
}

static int take_entries(Items *items, const Version *version, Der *der) {
        DerElement list;
        int r;

        r = der_take_tag(der, DER_SEQUENCE, &list);
        while (r >= 0 && list.content.size > 0)
                r = take_entry(items, version, &list.content);
        return r;
}

static int take_state(Items *items, Der der) {
        const Version *version;
        DerElement state, pair;
        size_t number;
        int r;

        r = der_take(&der, &state);
        if (r < 0)
                return r;
        number = (size_t) state.tag - DER_CONTEXT;
        if (state.tag < DER_CONTEXT || number >= 31 || der.size > 0)
                return -EBADMSG;
        if (number >= N_ELEMENTS(versions))
                return -EPROTONOSUPPORT;
        version = &versions[number];
        der = state.content;
        if (!version->with_policies)
                r = take_entries(items, version, &der);
        else {
                r = der_take_tag(&der, DER_SEQUENCE, &pair);
                if (r < 0 || der.size > 0)
                        return -EBADMSG;
                der = pair.content;
                r = take_entries(items, version, &der);
                if (r >= 0)
                        r = take_entries(items, NULL, &der);
        }
        if (r < 0)
                return r;
        return der.size > 0 ? -EBADMSG : 0;
}

int state_read(Items *items, const void *data, size_t size, Fault *fault) {
        int r = -EFBIG;

        if (size <= STATE_FILE_SIZE_MAX)
                r = take_state(items, (Der){.data = data, .size = size});
        if (r == -EFBIG)
                return fault_set(fault, FAULT_INVALID_CONTENT,
                                 "The file has more than %u bytes, no state is that large",
                                 STATE_FILE_SIZE_MAX);
        if (r == -E2BIG)
                return fault_set(fault, FAULT_INVALID_CONTENT, "The file has more than %u entries",
                                 ITEMS_MAX);
        if (r == -EPROTONOSUPPORT)
                return fault_set(fault, FAULT_INVALID_CONTENT,
                                 "The file is of a version of the state that is not known here");
        if (r == -EBADMSG) {
                r = fault_set(fault, FAULT_INVALID_CONTENT,
                              "The file is no state of an OCaml albatross, or not a whole one");
                fault_hint(fault, "It is /var/lib/albatross/state there, not the folder block/");
                return r;
        }
        return r;
}
