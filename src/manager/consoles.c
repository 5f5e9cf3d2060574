/* SPDX-License-Identifier: ISC */

/*
 * Readers of consoles, and of images: programs of ours that write to a pipe of which the client
 * gets the other end. A reader that does not read stops nobody but itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "manager/helper.h"
#include "manager/manager-internal.h"
#include "systemd/console-options.h"

typedef struct Console {
        ListLink link;
        bool last_run;  /* ends with the run at hand, not only with the unikernel */
        int control_fd; /* tells the reader of further runs, and that no more will come */
        sd_event_source *gone_source;
} Console;

static void console_free(Console *console) {
        list_remove(&console->link);
        sd_event_source_disable_unref(console->gone_source);
        fd_close(console->control_fd);
        free(console);
}

static int on_reader_gone(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        console_free(userdata);
        return 0;
}

/* One that is too far behind to take even this just sees us go, and its client asks again. */
static void console_end(Console *console) {
        (void) packet_send(console->control_fd, CONSOLE_CONTROL_END,
                           sizeof(CONSOLE_CONTROL_END) - 1, NULL, 0);
        console_free(console);
}

void consoles_end_run(Unikernel *unikernel) {
        LIST_FOREACH(link, &unikernel->consoles)
        if (LIST_ENTRY(link, Console, link)->last_run)
                console_end(LIST_ENTRY(link, Console, link));
}

void consoles_end(Unikernel *unikernel) {
        LIST_FOREACH(link, &unikernel->consoles)
        console_end(LIST_ENTRY(link, Console, link));
}

void consoles_close(Unikernel *unikernel) {
        LIST_FOREACH(link, &unikernel->consoles)
        console_free(LIST_ENTRY(link, Console, link));
}

/* Each of the programs that write to a client's pipe. */
typedef struct Outlet {
        ListLink link; /* of the manager's */
        Name name;
        Reader reader;
        pid_t pid;
} Outlet;

static void outlet_free(Outlet *outlet) {
        list_remove(&outlet->link);
        free(outlet);
}

void outlets_free_all(Manager *manager) {
        LIST_FOREACH(link, &manager->outlets)
        outlet_free(LIST_ENTRY(link, Outlet, link));
}

static void on_outlet_ended(void *userdata) {
        Outlet *outlet = userdata;

        outlet->reader.ended(outlet->reader.userdata);
        outlet_free(outlet);
}

static int outlet_start(const Unikernel *unikernel, const HelperSpec *spec, const Reader *reader) {
        _cleanup_(freep) Outlet *outlet = NULL;

        outlet = calloc(1, sizeof(*outlet));
        if (!outlet)
                return -ENOMEM;
        outlet->name = unikernel->name;
        outlet->reader = *reader;
        outlet->pid =
                helper_start_floating(unikernel->manager->event, spec, on_outlet_ended, outlet);
        if (outlet->pid < 0)
                return outlet->pid;
        list_append(&unikernel->manager->outlets, &outlet->link);
        TAKE_PTR(outlet);
        return 0;
}

/* Whether a client reads or not: what is in his pipe stays there, and its end comes early. */
void outlets_revoke(Manager *manager, const Name *path) {
        LIST_FOREACH(link, &manager->outlets) {
                const Outlet *outlet = LIST_ENTRY(link, Outlet, link);

                if (outlet->reader.is_delegated && name_is_below(outlet->name.text, path->text))
                        kill(outlet->pid, SIGKILL);
        }
}

void consoles_add_run(Unikernel *unikernel) {
        char text[SD_ID128_STRING_MAX];

        if (sd_id128_is_null(unikernel->run->invocation))
                return;
        sd_id128_to_string(unikernel->run->invocation, text);
        LIST_FOREACH(link, &unikernel->consoles) {
                Console *console = LIST_ENTRY(link, Console, link);

                /* One that is gone, or so far behind that it can't even take this, ends here. */
                if (packet_send(console->control_fd, text, SD_ID128_STRING_MAX - 1, NULL, 0) < 0)
                        console_free(console);
        }
}

typedef struct ConsoleArguments {
        char options[4][48];
        char after[sizeof("--after=") + CURSOR_MAX];
        char unit[NAME_UNIT_MAX + 1];
        char invocations[UNIKERNEL_INVOCATIONS_MAX][SD_ID128_STRING_MAX];
        const char *list[HELPER_ARGUMENTS_MAX + 1];
} ConsoleArguments;

static void build_arguments(ConsoleArguments *arguments,
                            const Unikernel *unikernel,
                            const ConsoleOrder *order) {
        size_t first =
                order->last_run && unikernel->n_invocations > 0 ? unikernel->n_invocations - 1 : 0;
        size_t n = 0;

        if (order->follow)
                arguments->list[n++] = "--follow";
        if (order->n_lines != UINT64_MAX) {
                snprintf(arguments->options[0], sizeof(arguments->options[0]), "--lines=%" PRIu64,
                         order->n_lines);
                arguments->list[n++] = arguments->options[0];
        }
        if (order->since_usec > 0) {
                snprintf(arguments->options[1], sizeof(arguments->options[1]), "--since=%" PRIu64,
                         order->since_usec);
                arguments->list[n++] = arguments->options[1];
        }
        if (order->until_usec < UINT64_MAX) {
                snprintf(arguments->options[2], sizeof(arguments->options[2]), "--until=%" PRIu64,
                         order->until_usec);
                arguments->list[n++] = arguments->options[2];
        }
        if (order->after[0] != '\0') {
                snprintf(arguments->after, sizeof(arguments->after), "--after=%s", order->after);
                arguments->list[n++] = arguments->after;
        }
        /* Of a guest that ends at once, journald knows the scope but no run. Since this unikernel
         * was made, such lines can only be its own. */
        snprintf(arguments->options[3], sizeof(arguments->options[3]), "--unclaimed-since=%" PRIu64,
                 unikernel->created_usec);
        arguments->list[n++] = arguments->options[3];
        unikernel_scope(unikernel, arguments->unit);
        arguments->list[n++] = arguments->unit;
        for (size_t i = first; i < unikernel->n_invocations; i++)
                arguments->list[n++] =
                        sd_id128_to_string(unikernel->invocations[i], arguments->invocations[i]);
}

/* The reader's end of a new control socket; -1 with a success when nothing is followed. */
static int make_control(Unikernel *unikernel, const ConsoleOrder *order, int *ret_theirs) {
        Console *console;
        int pair[2];
        int r;

        *ret_theirs = -1;
        if (!order->follow)
                return 0;
        console = calloc(1, sizeof(*console));
        if (!console)
                return -ENOMEM;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
                free(console);
                return -errno;
        }
        fcntl(pair[0], F_SETFL, O_RDWR | O_NONBLOCK);
        console->control_fd = pair[0];
        console->last_run = order->last_run;
        list_append(&unikernel->consoles, &console->link);
        *ret_theirs = pair[1];
        r = sd_event_add_io(unikernel->manager->event, &console->gone_source, pair[0], EPOLLHUP,
                            on_reader_gone, console);
        if (r < 0) {
                console_free(console);
                return r;
        }

        /* The run may have been over before anybody could ask: its last lines may still be on
         * their way to the journal, and the reader waits for those when it sees the end. */
        if (order->last_run && !unikernel->run)
                console_end(console);
        return 0;
}

int manager_open_console(Manager *manager,
                         const Name *name,
                         const ConsoleOrder *order,
                         Fault *fault) {
        _cleanup_(fd_closep) int reading = -1, writing = -1, control = -1;
        Unikernel *unikernel = manager_find(manager, name->text);
        ConsoleArguments arguments = {};
        int pair[2];
        int r;

        if (!unikernel)
                return name_refuse_unknown(name, fault);
        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        reading = pair[0];
        writing = pair[1];
        r = make_control(unikernel, order, &control);
        if (r < 0)
                return r;

        build_arguments(&arguments, unikernel, order);
        r = outlet_start(unikernel,
                         &(const HelperSpec){
                                 .program = ALBATROSS_LIBEXECDIR "/albatross-console",
                                 .arguments = arguments.list,
                                 .fds = {-1, writing, 2, control},
                                 .n_fds = 4,
                         },
                         &order->reader);
        if (r < 0)
                return r;
        return TAKE_FD(reading);
}

int manager_get_image(Manager *manager, const Name *name, const Reader *reader, Fault *fault) {
        static const char *const no_limit[] = {"18446744073709551615", "60", NULL};
        _cleanup_(fd_closep) int reading = -1, writing = -1, image = -1;
        Unikernel *unikernel = manager_find(manager, name->text);
        int pair[2];
        int r;

        if (!unikernel)
                return name_refuse_unknown(name, fault);
        image = image_open(unikernel, &unikernel->image, fault);
        if (image < 0)
                return image;
        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        reading = pair[0];
        writing = pair[1];

        r = outlet_start(unikernel,
                         &(const HelperSpec){
                                 .program = ALBATROSS_LIBEXECDIR "/albatross-store",
                                 .arguments = no_limit,
                                 .fds = {image, writing, -1},
                                 .n_fds = 3,
                         },
                         reader);
        if (r < 0)
                return r;
        return TAKE_FD(reading);
}
