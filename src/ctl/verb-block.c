/* SPDX-License-Identifier: ISC */

/* block list [PATH] | create NAME SIZE [FILE|-] | write NAME FILE|- | read NAME [FILE|-] |
 * remove NAME */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "ctl/block-data.h"
#include "ctl/block-list.h"
#include "ctl/call.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/save.h"
#include "ctl/source.h"
#include "ctl/target.h"
#include "ctl/verb.h"

#define BIT(id) OPTION_BIT(OPTION_##id)

typedef struct Action {
        const char *name;
        size_t min_args, max_args; /* beside its own name */
        uint64_t options;          /* of those of the verb */
        const char *synopsis;
        int (*run)(const Options *options, Fault *fault);
} Action;

/* What all of them but list begin with. */
typedef struct Work {
        Name name;
        int content_fd; /* -1: none */
        sd_bus *bus;
} Work;

static void work_done(Work *work) {
        fd_close(work->content_fd);
        sd_bus_flush_close_unref(work->bus);
}

/* @content: a file, "-", or NULL for none. */
static int work_begin(Work *ret, const char *content, const Options *options, Fault *fault) {
        _cleanup_(work_done) Work work = {.content_fd = -1};
        int r;

        r = target_name(&work.name, options->args[1], options, fault);
        if (r >= 0 && content)
                r = work.content_fd = source_open(content, "content", fault);
        if (r >= 0)
                r = connect_bus(&work.bus, options, fault);
        if (r < 0)
                return r;
        *ret = work;
        work = (Work){.content_fd = -1};
        return 0;
}

static int say_done(const Name *name, const Options *options) {
        char text[NAME_MAX_LENGTH + 2];

        target_text(name->text, options, text);
        if (!option_given(options, OPTION_QUIET))
                puts(text);
        return EXIT_SUCCESS;
}

static int pretend(const char *what, const Name *name, const Options *options) {
        char text[NAME_MAX_LENGTH + 2];

        target_text(name->text, options, text);
        printf("Would %s the block device %s\n", what, text);
        return EXIT_SUCCESS;
}

static int run_list(const Options *options, Fault *fault) {
        Name path;
        int r;

        if (options->n_args > 1)
                r = target_path(&path, options->args[1], options, fault);
        else
                r = target_default_path(&path, options, fault);
        return r < 0 ? r : block_list(&path, options, fault);
}

/* --- create, write --- */

static int read_size(uint64_t *ret, const char *text, Fault *fault) {
        int r;

        r = number_parse_size(text, ret);
        if (r >= 0 && *ret > 0 && *ret % (1U << 20) == 0)
                return 0;
        r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                      "\"%.60s\" is no size of a block device, which is a multiple of 1 MiB", text);
        fault_hint(fault, "A bare number is MiB; K, M, G and T are powers of 1024.");
        return r;
}

/* The a{sv} at the end. @content_fd: -1 where it is none, or is none of the options. */
static int append_options(sd_bus_message *request, int content_fd, const Options *options) {
        int r;

        r = sd_bus_message_open_container(request, 'a', "{sv}");
        if (r >= 0 && content_fd >= 0)
                r = sd_bus_message_append(request, "{sv}", "Content", "h", content_fd);
        if (r >= 0 && option_given(options, OPTION_PLAIN))
                r = sd_bus_message_append(request, "{sv}", "Compression", "s", "none");
        return r < 0 ? r : sd_bus_message_close_container(request);
}

static int run_create(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        const char *content = options->n_args > 3 ? options->args[3] : NULL;
        _cleanup_(work_done) Work work = {.content_fd = -1};
        uint64_t size;
        int r;

        r = read_size(&size, options->args[2], fault);
        if (r >= 0)
                r = work_begin(&work, content, options, fault);
        if (r < 0)
                return r;
        if (option_given(options, OPTION_DRY_RUN))
                return pretend("create", &work.name, options);

        r = call_new(&request, work.bus, "CreateBlockDevice", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "st", work.name.text, size);
        if (r >= 0)
                r = append_options(request, work.content_fd, options);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = content ? block_send_content(work.bus, request, work.content_fd, options, fault)
                    : call_now(NULL, work.bus, request, CALL_PATIENTLY, fault);
        return r < 0 ? r : say_done(&work.name, options);
}

static int run_write(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        _cleanup_(work_done) Work work = {.content_fd = -1};
        int r;

        r = work_begin(&work, options->args[2], options, fault);
        if (r < 0)
                return r;
        if (option_given(options, OPTION_DRY_RUN))
                return pretend("write", &work.name, options);

        r = call_new(&request, work.bus, "WriteBlockDevice", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "sh", work.name.text, work.content_fd);
        if (r >= 0)
                r = append_options(request, -1, options);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = block_send_content(work.bus, request, work.content_fd, options, fault);
        return r < 0 ? r : say_done(&work.name, options);
}

/* --- read --- */

/* LABEL.img or LABEL.img.gz, here. The caller owns it; NULL without memory. */
static char *target_file(const Name *name, const Options *options) {
        const char *suffix = option_given(options, OPTION_COMPRESS) ? ".gz" : "";
        char *path;

        if (options->n_args > 2)
                return strdup(options->args[2]);
        return asprintf(&path, "%s.img%s", name_label(name), suffix) < 0 ? NULL : path;
}

static int ask_content(sd_bus_message **ret,
                       sd_bus *bus,
                       const Name *name,
                       const Options *options,
                       Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        bool compressed = option_given(options, OPTION_COMPRESS);
        int r;

        r = call_new(&request, bus, "ReadBlockDevice", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "sa{sv}", name->text, 1, "Compression", "s",
                                  compressed ? "gzip" : "none");
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return call_now(ret, bus, request, CALL_PATIENTLY, fault);
}

static int copy_content(sd_bus_message *reply, int file_fd, const Options *options, Fault *fault) {
        BlockContent content = {.compressed = option_given(options, OPTION_COMPRESS)};
        int r;

        r = sd_bus_message_read(reply, "ht", &content.fd, &content.size);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        return block_copy_content(&content, file_fd >= 0 ? file_fd : STDOUT_FILENO, file_fd >= 0,
                                  options, fault);
}

static int run_read(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(work_done) Work work = {.content_fd = -1};
        _cleanup_(save_done) Save save = SAVE_NONE;
        _cleanup_(freep) char *path = NULL;
        int r;

        r = work_begin(&work, NULL, options, fault);
        if (r < 0)
                return r;
        path = target_file(&work.name, options);
        if (!path)
                return -ENOMEM;
        if (option_given(options, OPTION_DRY_RUN))
                return pretend("read", &work.name, options);

        /* A file that can't be is found before anybody is asked for a password. */
        if (strcmp(path, "-") != 0)
                r = save_open(&save, path, option_given(options, OPTION_FORCE), fault);
        if (r >= 0)
                r = ask_content(&reply, work.bus, &work.name, options, fault);
        if (r >= 0)
                r = copy_content(reply, save.fd, options, fault);
        if (r < 0 || save.fd < 0)
                return r;
        r = save_finish(&save, fault);
        if (r < 0)
                return r;
        if (!option_given(options, OPTION_QUIET))
                puts(path);
        return EXIT_SUCCESS;
}

/* --- remove --- */

static int run_remove(const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *request = NULL;
        _cleanup_(work_done) Work work = {.content_fd = -1};
        int r;

        r = work_begin(&work, NULL, options, fault);
        if (r < 0)
                return r;
        if (option_given(options, OPTION_DRY_RUN))
                return pretend("remove", &work.name, options);
        r = call_new(&request, work.bus, "RemoveBlockDevice", fault);
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "sa{sv}", work.name.text, 0);
        if (r < 0)
                return error_from_bus(fault, NULL, r);
        r = call_now(NULL, work.bus, request, CALL_PATIENTLY, fault);
        return r < 0 ? r : say_done(&work.name, options);
}

/* --- which of them --- */

static const Action actions[] = {
        {"list", 0, 1, 0, "list [PATH]", run_list},
        {"create", 2, 3, BIT(PLAIN), "create NAME SIZE [FILE|-]", run_create},
        {"write", 2, 2, BIT(PLAIN), "write NAME FILE|-", run_write},
        {"read", 1, 2, BIT(COMPRESS) | BIT(FORCE), "read NAME [FILE|-]", run_read},
        {"remove", 1, 1, 0, "remove NAME", run_remove},
};

static const Action *find_action(const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(actions); i++)
                if (strcmp(name, actions[i].name) == 0)
                        return &actions[i];
        return NULL;
}

static int check_action(const Action *action, const Options *options, Fault *fault) {
        const uint64_t own = BIT(PLAIN) | BIT(COMPRESS) | BIT(FORCE);
        const char *wrong = NULL;
        int r;

        if (options->n_args - 1 < action->min_args)
                wrong = "more arguments";
        else if (options->n_args - 1 > action->max_args)
                wrong = "fewer arguments";
        else if (options->given & own & ~action->options)
                wrong = "other options";
        if (!wrong)
                return 0;
        r = fault_set(fault, FAULT_INVALID_ARGUMENT, "\"block %s\" takes %s", action->name, wrong);
        fault_hint(fault, "Usage: albatrossctl [OPTION...] block %s", action->synopsis);
        return r;
}

int verb_block(const Options *options, Fault *fault) {
        const Action *action = find_action(options->args[0]);
        int r;

        if (!action) {
                r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                              "\"%.60s\" is nothing that can be done with block devices",
                              options->args[0]);
                fault_hint(fault, "It is one of list, create, write, read and remove.");
                return r;
        }
        r = check_action(action, options, fault);
        return r < 0 ? r : action->run(options, fault);
}
