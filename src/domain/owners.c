/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/owners.h"

bool owner_name_is_valid(const char *name) {
        size_t length = strnlen(name, OWNER_NAME_MAX + 1);

        if (length == 0 || length > OWNER_NAME_MAX)
                return false;
        if (name[0] == '@' || name[0] == '-')
                return false;
        for (size_t i = 0; i < length; i++)
                if (name[i] <= ' ' || name[i] > '~' || strchr(",:\"'", name[i]))
                        return false;
        return true;
}

int owner_init(Owner *ret, OwnerKind kind, uint32_t id, const char *name, Fault *fault) {
        Owner owner = {.kind = kind, .id = id};

        if (!owner_name_is_valid(name))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "\"%.40s\" can't be an owner: the name has to be one word", name);
        /* What chown() and the user database take for "none". */
        if (id == UINT32_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "%s %.64s has no number",
                                 kind == OWNER_USER ? "The user" : "The group", name);
        strcpy(owner.name, name);
        *ret = owner;
        return 0;
}

static int compare(const Owner *a, const Owner *b) {
        if (a->kind != b->kind)
                return a->kind < b->kind ? -1 : 1;
        return (a->id > b->id) - (a->id < b->id);
}

int owners_add(Owners *owners, const Owner *owner) {
        Owner *larger;
        size_t i = 0;

        while (i < owners->n && compare(&owners->owners[i], owner) < 0)
                i++;
        if (i < owners->n && compare(&owners->owners[i], owner) == 0)
                return 0;

        larger = reallocarray(owners->owners, owners->n + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        owners->owners = larger;
        memmove(larger + i + 1, larger + i, (owners->n - i) * sizeof(*larger));
        larger[i] = *owner;
        owners->n++;
        return 1;
}

int owners_add_all(Owners *owners, const Owners *others) {
        for (size_t i = 0; i < others->n; i++) {
                int r = owners_add(owners, &others->owners[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

int owners_copy(Owners *ret, const Owners *owners) {
        Owners copy = {.n = owners->n};

        if (owners->n > 0) {
                copy.owners = reallocarray(NULL, owners->n, sizeof(*copy.owners));
                if (!copy.owners)
                        return -ENOMEM;
                memcpy(copy.owners, owners->owners, owners->n * sizeof(*copy.owners));
        }
        *ret = copy;
        return 0;
}

void owners_clear(Owners *owners) {
        free(owners->owners);
        *owners = (Owners){};
}

bool owners_equal(const Owners *owners, const Owners *others) {
        if (owners->n != others->n)
                return false;
        for (size_t i = 0; i < owners->n; i++)
                if (compare(&owners->owners[i], &others->owners[i]) != 0 ||
                    strcmp(owners->owners[i].name, others->owners[i].name) != 0)
                        return false;
        return true;
}

int owners_format(const Owners *owners, char **ret) {
        size_t size = 1;
        char *text, *end;

        for (size_t i = 0; i < owners->n; i++)
                size += strlen(owners->owners[i].name) + sizeof(" @");
        text = end = malloc(size);
        if (!text)
                return -ENOMEM;
        *end = '\0';
        for (size_t i = 0; i < owners->n; i++) {
                if (i > 0)
                        *end++ = ' ';
                if (owners->owners[i].kind == OWNER_GROUP)
                        *end++ = '@';
                end = stpcpy(end, owners->owners[i].name);
        }
        *ret = text;
        return 0;
}
