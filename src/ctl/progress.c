/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/human.h"
#include "ctl/progress.h"

#define WIDTH_DEFAULT 80U
#define BAR_MAX       40U
#define BAR_MIN       8U

Progress progress_start(const Options *options, uint64_t total) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);

        return (Progress){
                .wanted = isatty(STDERR_FILENO) && !option_given(options, OPTION_QUIET),
                .total = total,
                .start_usec = now,
                .drawn_usec = now,
        };
}

/* Bytes in a second, from both of them; no product here can be too large. */
static uint64_t rate_of(uint64_t done, uint64_t elapsed_usec) {
        if (elapsed_usec == 0)
                return 0;
        return (uint64_t) ((double) done * 1e6 / (double) elapsed_usec);
}

static void format_left(char ret[static HUMAN_MAX + 16], uint64_t left, uint64_t rate) {
        char span[HUMAN_MAX + 1];

        ret[0] = '\0';
        if (rate == 0)
                return;
        human_span((left / rate + (left % rate > 0)) * 1000000U, span);
        snprintf(ret, HUMAN_MAX + 16, " %s left", span);
}

void progress_format(char ret[static PROGRESS_TEXT_MAX + 1],
                     uint64_t done,
                     uint64_t total,
                     uint64_t elapsed_usec,
                     unsigned width) {
        char size[HUMAN_MAX + 1], rate[HUMAN_MAX + 1], left[HUMAN_MAX + 16] = "";
        char bar[BAR_MAX + 3] = "", tail[3 * HUMAN_MAX];
        uint64_t per_second = rate_of(done, elapsed_usec);
        unsigned room, n_full;

        human_size(done, size);
        human_size(per_second, rate);
        if (total == 0) {
                snprintf(ret, PROGRESS_TEXT_MAX + 1, "%s %s/s", size, rate);
                return;
        }
        done = MIN_OF(done, total);
        format_left(left, total - done, per_second);
        snprintf(tail, sizeof(tail), " %s %s/s%s", size, rate, left);

        room = (unsigned) strlen(tail) + 9 < width ? width - (unsigned) strlen(tail) - 9 : 0;
        room = MIN_OF(room, BAR_MAX);
        if (room >= BAR_MIN) {
                n_full = (unsigned) ((double) done / (double) total * room);
                memset(bar, ' ', room + 2);
                memset(bar + 1, '#', n_full);
                bar[0] = '[';
                bar[room + 1] = ']';
        }
        snprintf(ret, PROGRESS_TEXT_MAX + 1, "%3u%% %s%s",
                 (unsigned) ((double) done / (double) total * 100.0), bar, tail);
}

static unsigned terminal_width(void) {
        struct winsize size;

        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                return WIDTH_DEFAULT;
        return size.ws_col;
}

void progress_show(Progress *progress, uint64_t done) {
        char text[PROGRESS_TEXT_MAX + 1];
        uint64_t now = clock_usec(CLOCK_MONOTONIC);

        if (!progress->wanted || now - progress->drawn_usec < PROGRESS_USEC)
                return;
        progress_format(text, done, progress->total, now - progress->start_usec, terminal_width());
        fprintf(stderr, "\r%s\033[K", text);
        fflush(stderr);
        progress->drawn = true;
        progress->drawn_usec = now;
}

void progress_stop(Progress *progress) {
        if (progress->drawn)
                fputs("\r\033[K", stderr);
        progress->drawn = false;
}
