/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "base/cleanup.h"
#include "ctl/suggest.h"

#define WORD_MAX 32 /* longer words are never offered */

/* How many letters must be inserted, removed, replaced or swapped with their neighbour. */
static size_t distance(const char *a, const char *b) {
        size_t n_a = strlen(a), n_b = strlen(b);
        size_t rows[3][WORD_MAX + 1];
        size_t *before = rows[0], *above = rows[1], *row = rows[2];

        for (size_t j = 0; j <= n_b; j++)
                above[j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t *spare = before;

                row[0] = i;
                for (size_t j = 1; j <= n_b; j++) {
                        size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;

                        row[j] = MIN_OF(MIN_OF(above[j], row[j - 1]) + 1, above[j - 1] + cost);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = MIN_OF(row[j], before[j - 2] + 1);
                }
                before = above;
                above = row;
                row = spare;
        }
        return above[n_b];
}

void suggestion_offer(Suggestion *suggestion, const char *word) {
        size_t length = strlen(suggestion->typed);
        size_t letters;

        if (length == 0 || length > WORD_MAX || strlen(word) > WORD_MAX)
                return;

        /* One slip in three letters is plausible; in a word of two, any other word is. */
        letters = distance(suggestion->typed, word);
        if (letters > (length + 1) / 3 || (suggestion->nearest && letters >= suggestion->distance))
                return;
        suggestion->nearest = word;
        suggestion->distance = letters;
}
