/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/attach.h"
#include "ctl/connect.h"
#include "ctl/console.h"
#include "ctl/ended.h"
#include "ctl/error.h"
#include "ctl/live.h"
#include "ctl/properties.h"
#include "ctl/target.h"
#include "ctl/visible.h"

/* The signal is sent when the unikernel has ended, its output ends when the journal has all of it:
 * so long may one come after the other. */
#define LAG_MSEC 2000

/* A daemon that is restarted, or upgraded, is waited for: so often, with such pauses. */
#define N_TRIES    120
#define PAUSE_MSEC 250

typedef struct Attachment {
        const Options *options;
        const Name *name;
        char text[NAME_MAX_LENGTH + 2];

        sd_bus *bus; /* NULL when the daemon has gone away */
        int signal_fd;
        ConsoleStream console;

        bool ended;
        int exit_status;
} Attachment;

static void attachment_done(Attachment *attachment) {
        sd_bus_flush_close_unref(attachment->bus);
        fd_close(attachment->signal_fd);
        console_stream_close(&attachment->console);
}

static int on_exited(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Attachment *attachment = userdata;
        const char *result;
        int32_t status;

        if (sd_bus_message_read(message, "sosi", NULL, NULL, &result, &status) < 0)
                return 0;
        /* The end of a predecessor of that name can come first, so the last one counts. */
        attachment->exit_status = ended_exit_status(result, status);
        attachment->ended = true;
        return 0;
}

static int watch_end(Attachment *attachment, Fault *fault) {
        char rule[NAME_MAX_LENGTH + 200];
        int r;

        /* A sender, where there is more than one: anybody may send signals. Names have no
         * character that a rule would have to quote. */
        snprintf(rule, sizeof(rule),
                 "type='signal',%spath='" BUS_PATH "',interface='" BUS_MANAGER
                 "',member='UnikernelExited',arg0='%s'",
                 connect_sender(attachment->bus) ? "sender='" BUS_NAME "'," : "",
                 attachment->name->text);
        r = sd_bus_add_match_async(attachment->bus, NULL, rule, on_exited, NULL, attachment);
        return r < 0 ? error_from_bus(fault, NULL, r) : 0;
}

static int open_console(Attachment *attachment, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
        static const ConsoleRequest first = {
                .follow = true,
                .last_run = true,
                .n_lines = LINES_ALL,
                .until_usec = UINT64_MAX,
        };
        /* After a break, only what was not shown yet. */
        const ConsoleRequest request = console_stream_rest(&attachment->console, &first);
        int r;

        r = console_request(&message, attachment->bus, attachment->name, &request, fault);
        if (r < 0)
                return r;
        r = call_now(&reply, attachment->bus, message, CALL_PATIENTLY, fault);
        if (r < 0)
                return r;
        return console_stream_open(&attachment->console, reply, fault);
}

static int copy_console(Attachment *attachment) {
        static const ConsoleStyle cat = {.output = CONSOLE_CAT, .is_alone = true};
        ExportEntry entry;
        int r;

        /* Whatever is wrong with the pipe, the unikernel runs on: what is left is to wait. */
        r = console_stream_fill(&attachment->console);
        if (r < 0)
                attachment->console.reader.at_end = true;
        while (console_stream_take(&attachment->console, &entry) > 0)
                console_print(stdout, &entry, &cat);
        fflush(stdout);
        return 0;
}

static void serve_bus(Attachment *attachment) {
        int r;

        do
                r = sd_bus_process(attachment->bus, NULL);
        while (r > 0);
        if (r < 0)
                attachment->bus = sd_bus_close_unref(attachment->bus);
}

/* The signal that asks us to end; 0 when there was none. */
static int signal_taken(Attachment *attachment) {
        struct signalfd_siginfo info;

        if (read(attachment->signal_fd, &info, sizeof(info)) != sizeof(info))
                return 0;
        if (!option_given(attachment->options, OPTION_QUIET))
                fprintf(stderr,
                        "\n%s runs on; \"albatrossctl console -f %s\" follows it, "
                        "\"albatrossctl stop %s\" ends it.\n",
                        attachment->text, attachment->text, attachment->text);
        return (int) info.ssi_signo;
}

/* Waits for what comes next. Returns the signal that ends us, 0, or -ETIMEDOUT. */
static int wait_and_serve(Attachment *attachment, int timeout_msec) {
        const ExportReader *reader = &attachment->console.reader;
        struct pollfd polled[3] = {
                {.fd = attachment->signal_fd, .events = POLLIN},
                {.fd = reader->at_end ? -1 : reader->fd, .events = POLLIN},
                {.fd = attachment->bus ? sd_bus_get_fd(attachment->bus) : -1, .events = POLLIN},
        };
        int r;

        r = poll(polled, N_ELEMENTS(polled), timeout_msec);
        if (r < 0)
                return errno == EINTR ? 0 : -errno;
        if (r == 0)
                return -ETIMEDOUT;
        if (polled[0].revents) {
                r = signal_taken(attachment);
                if (r > 0)
                        return r;
        }
        if (polled[1].revents)
                copy_console(attachment);
        if (polled[2].revents)
                serve_bus(attachment);
        return 0;
}

/* Its output has ended and no signal has come, or it was cut: the daemon was restarted, or its
 * reader died. Asks how things are, and goes on with what is left. */
static int ask_again(Attachment *attachment, Fault *fault) {
        _cleanup_(json_decrefp) json_t *properties = NULL;
        const char *state;
        int r;

        if (!attachment->bus) {
                r = connect_bus(&attachment->bus, attachment->options, fault);
                if (r < 0)
                        return r;
                r = watch_end(attachment, fault);
                if (r < 0)
                        return r;
        }
        r = properties_get(&properties, attachment->bus, attachment->name, fault);
        if (r < 0)
                return r;

        state = properties_string(properties, "State");
        if (strcmp(state, "stopped") == 0 || strcmp(state, "failed") == 0 ||
            strcmp(state, "waiting") == 0) {
                attachment->exit_status =
                        ended_exit_status(properties_string(properties, "ExitResult"),
                                          (int) properties_number(properties, "ExitStatus"));
                attachment->ended = true;
        }
        /* What it printed last may be among what was not shown yet. */
        return open_console(attachment, fault);
}

/* The same, as often as the daemon needs to come back. Returns a signal that ends us, else 0. */
static int ask_until_answered(Attachment *attachment, Fault *fault) {
        int r;

        r = console_stream_broke(&attachment->console, attachment->text, fault);
        if (r > 0)
                r = wait_and_serve(attachment, PAUSE_MSEC);
        if (r != 0 && r != -ETIMEDOUT)
                return r;

        for (unsigned i = 0; i < N_TRIES; i++) {
                r = ask_again(attachment, fault);
                if (r >= 0 || fault->code == FAULT_NO_SUCH_UNIKERNEL ||
                    fault->code == FAULT_NOT_AUTHORIZED)
                        return MIN_OF(r, 0);

                attachment->bus = sd_bus_close_unref(attachment->bus);
                r = wait_and_serve(attachment, PAUSE_MSEC);
                if (r != 0 && r != -ETIMEDOUT)
                        return r;
        }
        return r;
}

static int follow(Attachment *attachment, Fault *fault) {
        const ConsoleStream *console = &attachment->console;
        int r;

        while (!attachment->ended || !console->is_whole) {
                bool at_end = console->reader.at_end;
                /* The signal may come a little later than what was printed before. */
                bool may_wait =
                        !at_end || (console->is_whole && attachment->bus && !attachment->ended);

                r = may_wait ? wait_and_serve(attachment, at_end ? LAG_MSEC : -1) : -ETIMEDOUT;
                if (r == -ETIMEDOUT)
                        r = ask_until_answered(attachment, fault);
                if (r < 0)
                        return r;
                if (r > 0)
                        return 128 + r;
        }
        return attachment->exit_status;
}

static int watch_signals(void) {
        sigset_t signals;

        sigemptyset(&signals);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        if (!live_outlives(SIGHUP))
                sigaddset(&signals, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int attach_run(sd_bus *bus,
               sd_bus_message *request,
               const Name *name,
               const Options *options,
               Fault *fault) {
        _cleanup_(attachment_done) Attachment attachment = {
                .options = options,
                .name = name,
                .bus = sd_bus_ref(bus),
                .signal_fd = -1,
                .console.reader.fd = -1,
        };
        int r;

        target_text(name->text, options, attachment.text);

        /* Watched before it is created, so that not even the shortest life is missed. */
        r = watch_end(&attachment, fault);
        if (r < 0)
                return r;
        r = call_now(NULL, bus, request, CALL_PATIENTLY, fault);
        if (r < 0)
                return r;
        /* On stdout stands what the guest prints, and nothing else. */
        if (!option_given(options, OPTION_QUIET))
                fprintf(stderr, "%s\n", attachment.text);

        visible_tell(bus, name, options);

        /* Before, a signal ends us: as long as nothing exists, there is nothing to say. */
        attachment.signal_fd = watch_signals();
        if (attachment.signal_fd < 0)
                return -errno;
        r = open_console(&attachment, fault);
        if (r < 0)
                return r;
        /* What came together with the answers is not announced by poll() any more. */
        serve_bus(&attachment);
        return follow(&attachment, fault);
}
