/* SPDX-License-Identifier: ISC */
#pragma once

/* What a terminal can show: colours, unless $NO_COLOR or $SYSTEMD_COLORS say otherwise, and
 * characters beyond ASCII. */

#include <stdbool.h>
#include <stddef.h>

typedef enum Colour {
        COLOUR_NORMAL,
        COLOUR_DIM,
        COLOUR_GOOD,
        COLOUR_BAD,
        COLOUR_STRONG,
} Colour;

/* To be asked before a pager takes stdout over. */
bool colour_wanted(void);

/* The sequence that switches to @colour; "" where none is wanted. */
const char *colour_sequence(Colour colour, bool wanted);

/* The sequence for the one at a place of several, which tells it from its neighbours. */
const char *colour_of_place(size_t place);

/* May characters beyond ASCII be used? Sets the locale's character set from the environment. */
bool colour_has_utf8(void);

/* The colour of a state: "running", "failed" and the like. */
Colour colour_of_state(const char *state);
