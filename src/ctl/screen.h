/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The terminal as a whole, by way of ncurses, which is looked for only when it is wanted: it would
 * cost each albatrossctl a fifth of its start. Only plain characters are to be put on it.
 */

#include <stddef.h>

typedef struct Screen Screen;

typedef enum ScreenStyle {
        SCREEN_PLAIN,
        SCREEN_BOLD,
        SCREEN_REVERSE,
} ScreenStyle;

/* Beside these a key is its character. */
typedef enum ScreenKey {
        SCREEN_NO_KEY = -1,
        SCREEN_KEY_UP = 0x1000,
        SCREEN_KEY_DOWN,
        SCREEN_KEY_PAGE_UP,
        SCREEN_KEY_PAGE_DOWN,
        SCREEN_KEY_HOME,
        SCREEN_KEY_END,
} ScreenKey;

/* -ENOPKG without ncurses, -ENOTTY where the terminal can't do it. The terminal is as before only
 * when screen_close() was called. */
int screen_open(Screen **ret);
Screen *screen_close(Screen *screen);

/* As it is after a SIGWINCH. */
void screen_resize(Screen *screen);
size_t screen_rows(const Screen *screen);
size_t screen_columns(const Screen *screen);

/* Begins a new picture, puts a line into it, shows it. What does not fit is left out. */
void screen_begin(Screen *screen);
void screen_put(Screen *screen, size_t row, const char *text, ScreenStyle style);
void screen_show(Screen *screen);

/* The next key that was pressed; does not wait. */
int screen_key(Screen *screen);
