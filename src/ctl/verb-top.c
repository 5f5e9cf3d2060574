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
#include "base/clock.h"
#include "ctl/call.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/json.h"
#include "ctl/listing.h"
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

/* A look that takes longer is one that is waited for, and that is told. */
#define LATE_USEC 1000000

typedef struct Top {
        const Options *options;
        char prefix[NAME_MAX_LENGTH + 2];
        sd_event *event;
        sd_event_source *timer;
        sd_bus *bus;
        sd_bus_slot *look; /* that is on its way */
        Screen *screen;    /* NULL: plain lines */
        bool has_begun;    /* the first look is over */

        Samples last;
        bool has_last;
        Table unikernels;               /* as it was when it was told last */
        uint64_t asked_usec, told_usec; /* CLOCK_MONOTONIC */
        Fault fault;                    /* why it was not told since */

        uint64_t delay_usec, n_left;
        Figure key;
        bool reverse, by_path;
        size_t first_row; /* that is seen */
} Top;

static void top_done(Top *top) {
        sd_bus_slot_unref(top->look);
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
static int take(Top *top, sd_bus_message *reply, Fault *fault) {
        _cleanup_(samples_done) Samples now = {};
        Table unikernels;
        int r;

        if (top->has_last && (connect_is_away(reply) || sd_bus_is_open(top->bus) <= 0))
                return fault_set(fault, FAULT_FAILED, "albatrossd is away");
        r = samples_read(&now, reply, fault);
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
        top->told_usec = clock_usec(CLOCK_MONOTONIC);
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

/* Why what is seen is not how it is now; false: it is. */
static bool put_trouble(Top *top) {
        bool is_late = top->look && clock_usec(CLOCK_MONOTONIC) >= top->asked_usec + LATE_USEC;
        char line[FAULT_MESSAGE_MAX + 2 * HUMAN_MAX + 64], waited[HUMAN_MAX + 1],
                ago[HUMAN_MAX + 1];
        _cleanup_(freep) char *words = NULL;

        if (!is_late && top->fault.code == FAULT_NONE)
                return false;
        human_span(clock_usec(CLOCK_MONOTONIC) - top->asked_usec, waited);
        human_span(clock_usec(CLOCK_MONOTONIC) - top->told_usec, ago);
        if (is_late)
                snprintf(line, sizeof(line), "albatrossd has not answered for %s; this was %s ago",
                         waited, ago);
        else
                snprintf(line, sizeof(line), "%s; this was %s ago", top->fault.message, ago);
        words = escape_copy(line, strlen(line), ESCAPE_LINE);
        screen_put(top->screen, 0, words ? words : "", SCREEN_BOLD);
        return true;
}

static void put_summary(Top *top) {
        char line[TOP_LINE_MAX + 1], cpu[32] = "-", memory[HUMAN_MAX + 1] = "-";
        char delay[HUMAN_MAX + 1];
        Rates sum = {};

        for (size_t i = 0; i < top->unikernels.n_rows; i++)
                rates_add(&sum, &top->unikernels.rows[i]);
        if (sum.known & FIGURE_BIT(FIGURE_CPU))
                snprintf(cpu, sizeof(cpu), "%.1f%%", sum.values[FIGURE_CPU]);
        if (sum.known & FIGURE_BIT(FIGURE_MEMORY))
                human_size((uint64_t) sum.values[FIGURE_MEMORY], memory);
        human_span(top->delay_usec, delay);
        snprintf(line, sizeof(line), "%zu running%s%s, %s CPU, %s memory; by %s%s, every %s",
                 top->unikernels.n_rows, top->prefix[0] ? " in " : "", top->prefix, cpu, memory,
                 figure_to_string(top->key), top->reverse ? " from the least" : "", delay);
        screen_put(top->screen, 0, line, SCREEN_PLAIN);
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
        if (!put_trouble(top))
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
        live_begin();
        r = print_plain(top, &table);
        live_flush(top->event);
        return r;
}

/* --- keys, and the size of the screen --- */

static int arm(Top *top, uint64_t usec) {
        int r;

        r = sd_event_source_set_time_relative(top->timer, usec);
        return r < 0 ? r : sd_event_source_set_enabled(top->timer, SD_EVENT_ONESHOT);
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
        if ((key == '+' || key == '-') && !top->look)
                arm(top, top->delay_usec);
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

/* --- the loop --- */

/* One look is over. On a screen a daemon that is away is waited for; but what can't be looked at at
 * all is said in plain words. */
static int end_look(Top *top, int r) {
        bool is_first = !top->has_begun;

        top->has_begun = true;
        if (r < 0 && !top->screen)
                return r;
        r = is_first ? open_screen(top) : 0;
        if (r >= 0 && (top->screen || !is_first))
                r = show(top);
        if (r < 0)
                return r;
        if (!is_first && top->n_left != UINT64_MAX && --top->n_left == 0)
                return sd_event_exit(top->event, EXIT_SUCCESS);
        return arm(top, top->delay_usec);
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Top *top = userdata;
        Fault fault = {};
        int r;

        top->look = sd_bus_slot_unref(top->look);
        r = take(top, reply, &fault);
        top->fault = fault;
        r = end_look(top, r);
        return r < 0 ? sd_event_exit(top->event, r) : 0;
}

/* What was stopped since is not started again by who only looks on. */
static int connect_and_attach(Top *top, Fault *fault) {
        int r;

        if (top->bus && sd_bus_is_open(top->bus) > 0)
                return 0;
        top->bus = sd_bus_close_unref(top->bus);
        r = top->has_last ? connect_again(&top->bus, top->options, fault)
                          : connect_bus(&top->bus, top->options, fault);
        return r < 0 ? r : sd_bus_attach_event(top->bus, top->event, SD_EVENT_PRIORITY_NORMAL);
}

static int ask(Top *top, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        int r;

        r = connect_and_attach(top, fault);
        if (r >= 0)
                r = samples_request(&request, top->bus, top->prefix, fault);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(request, !top->has_last);
        if (r < 0)
                return r;
        r = sd_bus_call_async(top->bus, &top->look, request, on_answer, top, CALL_DEFAULT);
        return r < 0 ? error_from_bus(fault, NULL, r) : 0;
}

/* Keys and signals are heard until the answer is there. */
static int begin_look(Top *top) {
        Fault fault = {};
        int r;

        top->asked_usec = clock_usec(CLOCK_MONOTONIC);
        r = ask(top, &fault);
        if (r >= 0)
                return arm(top, LATE_USEC);
        top->fault = fault;
        return end_look(top, r);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Top *top = userdata;
        int r;

        if (!top->look) {
                r = begin_look(top);
        } else {
                r = top->screen ? show(top) : 0;
                if (r >= 0)
                        r = arm(top, LATE_USEC);
        }
        return r < 0 ? sd_event_exit(top->event, r) : 0;
}

/* Before signals are blocked, so that it can be left. */
static int check_name(const Name *name, const Options *options, Fault *fault) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = connect_bus(&bus, options, fault);
        return r < 0 ? r : listing_check_name(bus, name, fault);
}

static int read_prefix(Top *top, Fault *fault) {
        const Options *options = top->options;
        bool is_name = options->n_args > 0 && !target_is_path(options->args[0]);
        Name target;
        int r;

        r = options->n_args == 0 ? target_default_path(&target, options, fault)
            : is_name            ? target_name(&target, options->args[0], options, fault)
                                 : target_path(&target, options->args[0], options, fault);
        if (r >= 0 && is_name)
                r = check_name(&target, options, fault);
        if (r < 0)
                return r;
        snprintf(top->prefix, sizeof(top->prefix), "%s%s", target.text,
                 is_name || !target.text[0] ? "" : ":");
        return 0;
}

static int on_end(sd_event_source *source, void *userdata) {
        Top *top = userdata;

        top->look = sd_bus_slot_unref(top->look);
        top->bus = sd_bus_close_unref(top->bus);
        return 0;
}

static int run(Top *top) {
        int r;

        r = live_new(&top->event);
        if (r >= 0)
                r = live_at_end(top->event, on_end, top);
        if (r >= 0)
                r = sd_event_add_time(top->event, &top->timer, CLOCK_MONOTONIC, 0, 1, on_timer,
                                      top);
        if (r >= 0)
                r = begin_look(top);
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
