/* SPDX-License-Identifier: ISC */

/* top [NAME|PATH:]: what costs most, again and again; on a terminal as one picture with keys. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/connect.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/json.h"
#include "ctl/live.h"
#include "ctl/samples.h"
#include "ctl/screen.h"
#include "ctl/target.h"
#include "ctl/top-line.h"
#include "ctl/verb.h"

#define DELAY_USEC       1000000
#define DELAY_USEC_LEAST 10000
#define DELAY_USEC_MOST  UINT64_C(3600000000)
#define N_HEADER_ROWS    2 /* and as many of the footer: one */

typedef struct Top {
        const Options *options;
        char prefix[NAME_MAX_LENGTH + 2];
        sd_event *event;
        sd_event_source *timer;
        sd_bus *bus;
        Screen *screen; /* NULL: plain lines */

        Samples last;
        bool has_last;
        Table unikernels; /* as it was when it was asked last */
        Fault fault;      /* why it could not be asked */

        uint64_t delay_usec, n_left;
        Figure key;
        bool reverse, by_path;
        size_t first_row; /* that is seen */
} Top;

static void top_done(Top *top) {
        screen_close(top->screen);
        table_done(&top->unikernels);
        samples_done(&top->last);
        sd_bus_close_unref(top->bus);
        sd_event_source_disable_unref(top->timer);
        sd_event_unref(top->event);
}

/* --- looking --- */

/* A name may be a path, too: where there is a unikernel that is called so, it is meant alone. */
static void keep_named(const Top *top, Samples *samples) {
        for (size_t i = 0; i < samples->n_items; i++)
                if (strcmp(samples->items[i].name, top->prefix) == 0) {
                        samples->items[0] = samples->items[i];
                        samples->n_items = 1;
                }
}

/* Keeps what was seen last for the next time. */
static int look(Top *top) {
        _cleanup_(samples_done) Samples now = {};
        Table unikernels;
        int r = 0;

        top->fault = (Fault){};
        if (!top->bus)
                r = connect_bus(&top->bus, top->options, &top->fault);
        if (r >= 0)
                r = samples_get(&now, top->bus, top->prefix, &top->fault);
        if (r < 0)
                return r;
        keep_named(top, &now);
        r = rates_compute(&unikernels, top->has_last ? &top->last : NULL, &now);
        if (r < 0)
                return r;

        table_done(&top->unikernels);
        top->unikernels = unikernels;
        samples_done(&top->last);
        top->last = now;
        top->has_last = true;
        now = (Samples){};
        return 0;
}

/* What is to be seen of it, sorted. */
static int arrange(const Top *top, Table *ret) {
        int r;

        if (top->by_path) {
                r = rates_by_path(ret, &top->unikernels);
        } else {
                /* A copy: the other way round it is wanted again. */
                *ret = (Table){.n_rows = top->unikernels.n_rows};
                ret->rows = calloc(MAX_OF(ret->n_rows, 1U), sizeof(*ret->rows));
                if (ret->rows && ret->n_rows > 0)
                        memcpy(ret->rows, top->unikernels.rows, ret->n_rows * sizeof(*ret->rows));
                r = ret->rows ? 0 : -ENOMEM;
        }
        if (r >= 0)
                rates_sort(ret, top->key, top->reverse);
        return r;
}

/* --- showing --- */

static int print_plain(Top *top, const Table *table) {
        TopStyle style = {.name_width = top_name_width(table, 0), .by_path = top->by_path};
        char line[TOP_LINE_MAX + 1];

        if (top->options->json != JSON_OFF) {
                _cleanup_(json_decrefp) json_t *array = top_json(table, top->by_path);

                return array ? json_print(stdout, array, top->options->json) : -ENOMEM;
        }
        if (!option_given(top->options, OPTION_NO_LEGEND)) {
                top_header(&style, line);
                puts(line);
        }
        for (size_t i = 0; i < table->n_rows; i++) {
                top_line(&table->rows[i], &style, line);
                puts(line);
        }
        /* The next one is told apart. */
        if (top->n_left > 1 && !option_given(top->options, OPTION_NO_LEGEND))
                putchar('\n');
        return 0;
}

static void put_summary(Top *top) {
        char line[TOP_LINE_MAX + 1], memory[HUMAN_MAX + 1], delay[HUMAN_MAX + 1];
        _cleanup_(freep) char *words = NULL;
        Rates sum = {};

        for (size_t i = 0; i < top->unikernels.n_rows; i++)
                for (Figure figure = FIGURE_CPU; figure <= FIGURE_MEMORY; figure++)
                        if (top->unikernels.rows[i].known & FIGURE_BIT(figure))
                                sum.values[figure] += top->unikernels.rows[i].values[figure];
        human_size((uint64_t) sum.values[FIGURE_MEMORY], memory);
        human_span(top->delay_usec, delay);
        snprintf(line, sizeof(line), "%zu running%s%s, %.1f%% CPU, %s memory; by %s%s, every %s",
                 top->unikernels.n_rows, top->prefix[0] ? " in " : "", top->prefix,
                 sum.values[FIGURE_CPU], memory, figure_to_string(top->key),
                 top->reverse ? " from the least" : "", delay);
        if (top->fault.code != FAULT_NONE)
                words = escape_copy(top->fault.message, strlen(top->fault.message), ESCAPE_LINE);
        screen_put(top->screen, 0, words ? words : line, words ? SCREEN_BOLD : SCREEN_PLAIN);
}

/* How many rows there is room for. */
static size_t page(const Top *top) {
        size_t n_rows = screen_rows(top->screen);

        return n_rows > N_HEADER_ROWS + 1 ? n_rows - N_HEADER_ROWS - 1 : 1;
}

static void draw(Top *top, const Table *table) {
        TopStyle style = {
                .name_width = top_name_width(table, screen_columns(top->screen)),
                .by_path = top->by_path,
        };
        size_t n_shown = page(top);
        char line[TOP_LINE_MAX + 1];

        top->first_row =
                MIN_OF(top->first_row, table->n_rows > n_shown ? table->n_rows - n_shown : 0);
        screen_begin(top->screen);
        put_summary(top);
        top_header(&style, line);
        screen_put(top->screen, 1, line, SCREEN_REVERSE);
        for (size_t i = 0; i < n_shown && top->first_row + i < table->n_rows; i++) {
                top_line(&table->rows[top->first_row + i], &style, line);
                screen_put(top->screen, N_HEADER_ROWS + i, line, SCREEN_PLAIN);
        }
        screen_put(top->screen, N_HEADER_ROWS + n_shown,
                   "q quit  p paths  sort: n name c cpu m memory v received s sent r read w written"
                   "  i invert  +- delay",
                   SCREEN_BOLD);
        screen_show(top->screen);
}

static int show(Top *top) {
        _cleanup_(table_done) Table table = {};
        int r;

        r = arrange(top, &table);
        if (r < 0)
                return r;
        if (top->screen) {
                draw(top, &table);
                return 0;
        }
        r = print_plain(top, &table);
        if (r >= 0)
                live_flush(top->event);
        return r;
}

/* --- the loop --- */

static int arm(Top *top) {
        int r;

        r = sd_event_source_set_time_relative(top->timer, top->delay_usec);
        return r < 0 ? r : sd_event_source_set_enabled(top->timer, SD_EVENT_ONESHOT);
}

/* One look, and what it shows. On a screen a daemon that is away is waited for. */
static int look_and_show(Top *top) {
        int r;

        r = look(top);
        if (r < 0 && !top->screen)
                return r;
        if (r < 0)
                top->bus = sd_bus_close_unref(top->bus);
        r = show(top);
        if (r < 0)
                return r;
        if (top->n_left != UINT64_MAX && --top->n_left == 0)
                return sd_event_exit(top->event, EXIT_SUCCESS);
        return arm(top);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Top *top = userdata;
        int r;

        r = look_and_show(top);
        return r < 0 ? sd_event_exit(top->event, r) : 0;
}

static void sort_by(Top *top, Figure key) {
        top->reverse = top->key == key && !top->reverse;
        top->key = key;
}

static void scroll(Top *top, ScreenKey key) {
        size_t n = page(top);

        if (key == SCREEN_KEY_UP)
                top->first_row -= MIN_OF(top->first_row, 1U);
        else if (key == SCREEN_KEY_PAGE_UP)
                top->first_row -= MIN_OF(top->first_row, n);
        else if (key == SCREEN_KEY_HOME)
                top->first_row = 0;
        else
                /* draw() knows where the end is. */
                top->first_row += key == SCREEN_KEY_DOWN        ? 1
                                  : key == SCREEN_KEY_PAGE_DOWN ? n
                                                                : top->unikernels.n_rows * 8;
}

static void press(Top *top, int key) {
        static const char sort_keys[N_FIGURES + 1] = {
                [FIGURE_CPU] = 'c',  [FIGURE_MEMORY] = 'm', [FIGURE_RECEIVED] = 'v',
                [FIGURE_SENT] = 's', [FIGURE_READ] = 'r',   [FIGURE_WRITTEN] = 'w',
                [N_FIGURES] = 'n',
        };

        for (Figure figure = 0; figure <= N_FIGURES; figure++)
                if (key == sort_keys[figure])
                        sort_by(top, figure);
        if (key == 'q')
                sd_event_exit(top->event, EXIT_SUCCESS);
        else if (key == 'p')
                top->by_path = !top->by_path;
        else if (key == 'i')
                top->reverse = !top->reverse;
        else if (key == '+')
                top->delay_usec = MIN_OF(top->delay_usec * 2, DELAY_USEC_MOST);
        else if (key == '-')
                top->delay_usec = MAX_OF(top->delay_usec / 2, (uint64_t) DELAY_USEC_LEAST);
        else if (key >= SCREEN_KEY_UP && key <= SCREEN_KEY_END)
                scroll(top, (ScreenKey) key);
        if (key == '+' || key == '-')
                arm(top);
}

static int on_key(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Top *top = userdata;
        int key, r;

        /* The terminal is gone. */
        if (revents & (EPOLLHUP | EPOLLERR))
                return sd_event_exit(top->event, EXIT_SUCCESS);
        while ((key = screen_key(top->screen)) != SCREEN_NO_KEY)
                press(top, key);
        r = show(top);
        return r < 0 ? sd_event_exit(top->event, r) : 0;
}

static int on_resized(sd_event_source *source,
                      const struct signalfd_siginfo *info,
                      void *userdata) {
        Top *top = userdata;
        int r;

        screen_resize(top->screen);
        r = show(top);
        return r < 0 ? sd_event_exit(top->event, r) : 0;
}

/* Where there is a terminal at both ends that can do it; else lines will do. */
static int open_screen(Top *top) {
        sigset_t resized;
        int r;

        if (top->options->json != JSON_OFF || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                return 0;
        sigemptyset(&resized);
        sigaddset(&resized, SIGWINCH);
        if (sigprocmask(SIG_BLOCK, &resized, NULL) < 0)
                return -errno;
        r = screen_open(&top->screen);
        if (r == -ENOPKG || r == -ENOTTY)
                return 0;
        if (r >= 0)
                r = sd_event_add_signal(top->event, NULL, SIGWINCH, on_resized, top);
        if (r >= 0)
                r = sd_event_add_io(top->event, NULL, STDIN_FILENO, EPOLLIN, on_key, top);
        return r;
}

static int read_prefix(Top *top, Fault *fault) {
        const Options *options = top->options;
        bool is_name = options->n_args > 0 && !target_is_path(options->args[0]);
        Name target;
        int r;

        if (options->n_args == 0)
                r = target_default_path(&target, options, fault);
        else if (is_name)
                r = target_name(&target, options->args[0], options, fault);
        else
                r = target_path(&target, options->args[0], options, fault);
        if (r < 0)
                return r;
        snprintf(top->prefix, sizeof(top->prefix), "%s%s", target.text,
                 is_name || !target.text[0] ? "" : ":");
        return 0;
}

static int run(Top *top) {
        int r;

        r = live_new(&top->event);
        if (r >= 0)
                r = sd_event_add_time(top->event, &top->timer, CLOCK_MONOTONIC, 0, 1, on_timer,
                                      top);
        /* What can't be asked at all is said in plain words. */
        if (r >= 0)
                r = look(top);
        if (r >= 0)
                r = open_screen(top);
        if (r >= 0 && top->screen)
                r = show(top);
        if (r >= 0)
                r = arm(top);
        return r < 0 ? r : sd_event_loop(top->event);
}

int verb_top(const Options *options, Fault *fault) {
        _cleanup_(top_done) Top top = {
                .options = options,
                .delay_usec = options->delay_usec ? options->delay_usec : DELAY_USEC,
                .n_left = options->n_iterations   ? options->n_iterations
                          : isatty(STDOUT_FILENO) ? UINT64_MAX
                                                  : 1,
                .key = options->sort,
                .reverse = option_given(options, OPTION_REVERSE),
                .by_path = option_given(options, OPTION_PATHS),
        };
        int r;

        r = read_prefix(&top, fault);
        if (r < 0)
                return r;
        r = run(&top);
        if (r < 0)
                *fault = top.fault;
        return r;
}
