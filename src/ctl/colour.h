/* SPDX-License-Identifier: ISC */
#pragma once

/* Colours on a terminal that has them, unless $NO_COLOR or $SYSTEMD_COLORS say otherwise. */

#include <stdbool.h>

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

/* The colour of a state: "running", "failed" and the like. */
Colour colour_of_state(const char *state);
