/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What is to be taken over: policies, block devices and unikernels, each with what becomes of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/config.h"
#include "domain/fault.h"
#include "domain/name.h"
#include "domain/policy.h"

/* In the order in which they are made: a unikernel needs its block devices, and both their policy.
 */
typedef enum ItemKind {
        ITEM_POLICY,
        ITEM_BLOCK,
        ITEM_UNIKERNEL,
        ITEM_N_KINDS,
} ItemKind;

typedef enum Outcome {
        OUTCOME_WANTED, /* nothing became of it yet */
        OUTCOME_CREATED,
        OUTCOME_PRESENT, /* there is one like it already */
        OUTCOME_DIFFERENT,
        OUTCOME_FAILED,
        OUTCOME_N,
} Outcome;

typedef struct Item {
        ItemKind kind;
        size_t number;  /* its place in the file */
        char *original; /* its name there */
        Name name;      /* and here, a policy's path; empty when it can't be */
        Outcome outcome;
        Fault *why;      /* it failed */
        Strings remarks; /* what should be known, what differs */

        Policy policy;
        uint64_t block_bytes;
        Config config;
        const uint8_t *image; /* in the file */
        size_t image_size;
} Item;

typedef struct Items {
        Item *items;
        size_t n_items;
        int block_dir_fd; /* -1: there is none */
} Items;

#define ITEMS_MAX 65536U

void items_done(Items *items);

/* Appends one, empty; it stays where it is until the next is added. -ENOMEM, -E2BIG. */
int items_add(Items *items, ItemKind kind, Item **ret);

/* In the order in which they are made; of several with one name all but the first have failed. */
int items_arrange(Items *items);

/* It can't be, for the reason in @fault, or else @r. */
int item_fail(Item *item, int r, const Fault *fault);
int item_remark(Item *item, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "policy", "block device", "unikernel". */
const char *item_kind_to_string(ItemKind kind);
