/* SPDX-License-Identifier: ISC */

#define NCURSES_NOMACROS 1

#include <dlfcn.h>
#include <errno.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/screen.h"

/* What we use of it, as it is called there. */
typedef struct Curses {
        __typeof__(newterm) *newterm;
        __typeof__(delscreen) *delscreen;
        __typeof__(endwin) *endwin;
        __typeof__(cbreak) *cbreak;
        __typeof__(noecho) *noecho;
        __typeof__(curs_set) *curs_set;
        __typeof__(newwin) *newwin;
        __typeof__(delwin) *delwin;
        __typeof__(keypad) *keypad;
        __typeof__(wtimeout) *wtimeout;
        __typeof__(wgetch) *wgetch;
        __typeof__(werase) *werase;
        __typeof__(wmove) *wmove;
        __typeof__(waddnstr) *waddnstr;
        __typeof__(wattrset) *wattrset;
        __typeof__(wnoutrefresh) *wnoutrefresh;
        __typeof__(doupdate) *doupdate;
        __typeof__(resizeterm) *resizeterm;
        __typeof__(wresize) *wresize;
} Curses;

struct Screen {
        void *library;
        Curses curses;
        SCREEN *terminal;
        WINDOW *window;
        struct winsize size;
};

static int load(Screen *screen) {
        Curses *curses = &screen->curses;
        const struct {
                void *pointer; /* to the member */
                const char *name;
        } functions[] = {
                {&curses->newterm, "newterm"},   {&curses->delscreen, "delscreen"},
                {&curses->endwin, "endwin"},     {&curses->cbreak, "cbreak"},
                {&curses->noecho, "noecho"},     {&curses->curs_set, "curs_set"},
                {&curses->newwin, "newwin"},     {&curses->delwin, "delwin"},
                {&curses->keypad, "keypad"},     {&curses->wtimeout, "wtimeout"},
                {&curses->wgetch, "wgetch"},     {&curses->werase, "werase"},
                {&curses->wmove, "wmove"},       {&curses->waddnstr, "waddnstr"},
                {&curses->wattrset, "wattrset"}, {&curses->wnoutrefresh, "wnoutrefresh"},
                {&curses->doupdate, "doupdate"}, {&curses->resizeterm, "resizeterm"},
                {&curses->wresize, "wresize"},
        };

        screen->library = dlopen("libncursesw.so.6", RTLD_LAZY | RTLD_LOCAL);
        if (!screen->library)
                return -ENOPKG;
        for (size_t i = 0; i < N_ELEMENTS(functions); i++) {
                void *function = dlsym(screen->library, functions[i].name);

                if (!function)
                        return -ENOPKG;
                *(void **) functions[i].pointer = function;
        }
        return 0;
}

static void measure(Screen *screen) {
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen->size) < 0 || screen->size.ws_row == 0 ||
            screen->size.ws_col == 0)
                screen->size = (struct winsize){.ws_row = 24, .ws_col = 80};
}

DEFINE_CLEANUP(Screen *, screen_close);

int screen_open(Screen **ret) {
        _cleanup_(screen_closep) Screen *screen = NULL;
        const char *name = getenv("TERM");
        int r;

        if (!name || !name[0] || strcmp(name, "dumb") == 0)
                return -ENOTTY;
        screen = calloc(1, sizeof(*screen));
        if (!screen)
                return -ENOMEM;
        r = load(screen);
        if (r < 0)
                return r;
        screen->terminal = screen->curses.newterm(name, stdout, stdin);
        if (!screen->terminal)
                return -ENOTTY;

        measure(screen);
        screen->curses.cbreak();
        screen->curses.noecho();
        screen->curses.curs_set(0);
        screen->curses.resizeterm(screen->size.ws_row, screen->size.ws_col);
        screen->window = screen->curses.newwin(screen->size.ws_row, screen->size.ws_col, 0, 0);
        if (!screen->window)
                return -ENOMEM;
        screen->curses.keypad(screen->window, true);
        screen->curses.wtimeout(screen->window, 0);

        *ret = TAKE_PTR(screen);
        return 0;
}

Screen *screen_close(Screen *screen) {
        if (!screen)
                return NULL;

        if (screen->terminal) {
                screen->curses.curs_set(1);
                screen->curses.endwin();
        }
        if (screen->window)
                screen->curses.delwin(screen->window);
        if (screen->terminal)
                screen->curses.delscreen(screen->terminal);
        /* The library stays: its handlers of signals may be there. */
        free(screen);
        return NULL;
}

void screen_resize(Screen *screen) {
        measure(screen);
        screen->curses.resizeterm(screen->size.ws_row, screen->size.ws_col);
        screen->curses.wresize(screen->window, screen->size.ws_row, screen->size.ws_col);
}

size_t screen_rows(const Screen *screen) {
        return screen->size.ws_row;
}

size_t screen_columns(const Screen *screen) {
        return screen->size.ws_col;
}

void screen_begin(Screen *screen) {
        screen->curses.werase(screen->window);
}

void screen_put(Screen *screen, size_t row, const char *text, ScreenStyle style) {
        static const int attributes[] = {
                [SCREEN_PLAIN] = 0,
                [SCREEN_BOLD] = (int) A_BOLD,
                [SCREEN_REVERSE] = (int) A_REVERSE,
        };

        if (row >= screen->size.ws_row)
                return;
        screen->curses.wattrset(screen->window, attributes[style]);
        screen->curses.wmove(screen->window, (int) row, 0);
        screen->curses.waddnstr(screen->window, text, screen->size.ws_col);
}

void screen_show(Screen *screen) {
        screen->curses.wnoutrefresh(screen->window);
        screen->curses.doupdate();
}

int screen_key(Screen *screen) {
        int key = screen->curses.wgetch(screen->window);

        switch (key) {
        case ERR:
                return SCREEN_NO_KEY;
        case KEY_UP:
                return SCREEN_KEY_UP;
        case KEY_DOWN:
                return SCREEN_KEY_DOWN;
        case KEY_PPAGE:
                return SCREEN_KEY_PAGE_UP;
        case KEY_NPAGE:
                return SCREEN_KEY_PAGE_DOWN;
        case KEY_HOME:
                return SCREEN_KEY_HOME;
        case KEY_END:
                return SCREEN_KEY_END;
        default:
                return key;
        }
}
