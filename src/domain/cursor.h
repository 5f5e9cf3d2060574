/* SPDX-License-Identifier: ISC */
#pragma once

/* The text that stands for an entry of the journal, as sd_journal_get_cursor(3) makes it: whoever
 * gives it back goes on behind that entry, whatever time the clock shows. */

#include <stdbool.h>

#define CURSOR_MAX 200

/* Has @text the length and the characters of one? What it means is for the journal to say. */
bool cursor_is_sane(const char *text);
