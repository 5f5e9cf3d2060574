/* SPDX-License-Identifier: ISC */

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/colour.h"

bool colour_wanted(void) {
        const char *told = getenv("SYSTEMD_COLORS");
        const char *off = getenv("NO_COLOR");
        const char *terminal = getenv("TERM");

        /* The more special word wins, as with systemctl. */
        if (told)
                return strcmp(told, "0") != 0 && strcmp(told, "no") != 0 &&
                       strcmp(told, "false") != 0 && strcmp(told, "off") != 0;
        if (off && off[0])
                return false;
        return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

const char *colour_sequence(Colour colour, bool wanted) {
        static const char *const sequences[] = {
                [COLOUR_NORMAL] = "\x1b[0m",      [COLOUR_DIM] = "\x1b[2m",
                [COLOUR_GOOD] = "\x1b[1;32m",     [COLOUR_BAD] = "\x1b[1;31m",
                [COLOUR_STRONG] = "\x1b[0;1;39m",
        };

        return wanted ? sequences[colour] : "";
}

const char *colour_of_place(size_t place) {
        static const char *const sequences[] = {"\x1b[36m", "\x1b[33m", "\x1b[32m",
                                                "\x1b[35m", "\x1b[34m", "\x1b[31m"};

        return sequences[place % N_ELEMENTS(sequences)];
}

bool colour_has_utf8(void) {
        setlocale(LC_CTYPE, "");
        return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

Colour colour_of_state(const char *state) {
        if (strcmp(state, "running") == 0)
                return COLOUR_GOOD;
        if (strcmp(state, "failed") == 0)
                return COLOUR_BAD;
        if (strcmp(state, "stopped") == 0)
                return COLOUR_DIM;
        return COLOUR_NORMAL;
}
