/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What somebody may have meant who typed a word that does not exist: the nearest of the words that
 * do, when it is near enough to be a slip of the fingers.
 */

#include <stddef.h>

typedef struct Suggestion {
        const char *typed;
        const char *nearest; /* NULL: none is near */
        size_t distance;
} Suggestion;

/* Offers one word. Its memory must outlive @suggestion, whose .typed is set and the rest zero. */
void suggestion_offer(Suggestion *suggestion, const char *word);
