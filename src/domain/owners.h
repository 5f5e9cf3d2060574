/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * To whom a path is delegated: users and groups, known by their numbers, called by the names that
 * the user database has for them. Users come first, by number, then groups. Empty when
 * zero-initialised.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/fault.h"

#define OWNER_NAME_MAX 255

typedef enum OwnerKind {
        OWNER_USER,
        OWNER_GROUP,
} OwnerKind;

typedef struct Owner {
        OwnerKind kind;
        uint32_t id; /* a uid, or a gid */
        char name[OWNER_NAME_MAX + 1];
} Owner;

typedef struct Owners {
        Owner *owners;
        size_t n;
} Owners;

/* Can it be told as one word among others? No space, no control character, no "@" before it: a
 * user called "x bob" must not become an owner "bob" where a list is split. */
bool owner_name_is_valid(const char *name);

/* Fills *@ret, unless no user or group can be called @name. */
int owner_init(Owner *ret, OwnerKind kind, uint32_t id, const char *name, Fault *fault);

/* 1 when that number is new among them, 0 when it was there, whatever its name. */
int owners_add(Owners *owners, const Owner *owner);
/* The same for all of @others; those added stay when it fails. */
int owners_add_all(Owners *owners, const Owners *others);

int owners_copy(Owners *ret, const Owners *owners);
void owners_clear(Owners *owners);

/* The same users and groups, by the same names? */
bool owners_equal(const Owners *owners, const Owners *others);

/* "alice @staff": one word for each; "" for nobody. The caller owns *@ret. */
int owners_format(const Owners *owners, char **ret);
