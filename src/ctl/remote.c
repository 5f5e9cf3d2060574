/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/remote.h"
#include "ctl/save.h"
#include "ctl/source.h"
#include "ctl/verb.h"

/* Within single quotes a shell takes everything as it is, but the single quote. */
static void put_quoted(FILE *out, const char *word) {
        putc('\'', out);
        for (; *word; word++)
                if (*word == '\'')
                        fputs("'\\''", out);
                else
                        putc(*word, out);
        putc('\'', out);
}

static void put_word(FILE *out, const char *word) {
        putc(' ', out);
        put_quoted(out, word);
}

static void put_option(FILE *out, OptionId id, const char *value) {
        const OptionInfo *info = &option_infos[id];

        putc(' ', out);
        /* -j looks at the terminal, and that is here. */
        if (id == OPTION_J) {
                fputs(isatty(STDOUT_FILENO) ? "--json=pretty" : "--json=short", out);
                return;
        }
        fprintf(out, "--%s", info->name);
        if (value) {
                putc('=', out);
                put_quoted(out, value);
        }
}

static void put_options(FILE *out, const Options *options) {
        for (size_t i = 0; i < options->n_all; i++)
                if (options->all[i].id != OPTION_HOST)
                        put_option(out, options->all[i].id, options->all[i].value);
}

static void put_arguments(FILE *out, const Options *options) {
        unsigned flags = verb_flags(options);

        put_word(out, options->verb->name);
        for (size_t i = 0; i < options->n_args; i++) {
                bool is_last = i + 1 == options->n_args;

                /* The one that names a file here is a stream there. */
                if ((flags & VERB_IMAGE_IN) && is_last)
                        put_word(out, "-");
                else if (!(flags & VERB_IMAGE_OUT) || i < verb_file_place(options))
                        put_word(out, options->args[i]);
        }
        if (flags & VERB_IMAGE_OUT)
                put_word(out, "-");
        if (options->has_rest)
                put_word(out, "--");
        for (size_t i = 0; i < options->n_rest; i++)
                put_word(out, options->rest[i]);
}

int remote_command(char **ret, const Options *options) {
        char *command = NULL;
        size_t size = 0;
        FILE *out;

        out = open_memstream(&command, &size);
        if (!out)
                return -ENOMEM;
        fputs("albatrossctl", out);
        put_options(out, options);
        put_arguments(out, options);
        if (ferror(out) | fclose(out)) {
                free(command);
                return -ENOMEM;
        }

        *ret = command;
        return 0;
}

/* Runs ssh with these as stdin and stdout. Returns its exit status. */
static int run_ssh(const Options *options,
                   const char *command,
                   int in_fd,
                   int out_fd,
                   Fault *fault) {
        /* A terminal there, when nothing but people is at both ends here. */
        bool terminal = !(verb_flags(options) & (VERB_IMAGE_IN | VERB_IMAGE_OUT)) &&
                        isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
        int status;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                if ((in_fd >= 0 && dup2(in_fd, STDIN_FILENO) < 0) ||
                    (out_fd >= 0 && dup2(out_fd, STDOUT_FILENO) < 0))
                        _exit(127);
                execlp("ssh", "ssh", terminal ? "-t" : "-T", "--", options->host, command, NULL);
                _exit(127);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;

        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
                return fault_set(fault, FAULT_FAILED,
                                 "ssh, or albatrossctl on \"%.100s\", could not be run",
                                 options->host);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 255)
                return fault_set(fault, FAULT_FAILED, "ssh does not get through to \"%.100s\"",
                                 options->host);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Where it is to be put, when no file was named: LABEL.spt would need the type, which only the
 * other side knows. */
static int local_path(const Options *options, char **ret, Fault *fault) {
        size_t place = verb_file_place(options);

        if (options->n_args <= place) {
                int r = fault_set(fault, FAULT_INVALID_ARGUMENT,
                                  "From another host, %s needs the name of a file, or \"-\"",
                                  options->verb->name);

                fault_hint(fault, "Usage: albatrossctl -H %s %s %sNAME FILE", options->host,
                           options->verb->name, place > 1 ? "read " : "");
                return r;
        }
        *ret = strdup(options->args[place]);
        return *ret ? 0 : -ENOMEM;
}

static int run_into_file(const Options *options, const char *command, Fault *fault) {
        _cleanup_(save_done) Save save = SAVE_NONE;
        _cleanup_(freep) char *path = NULL;
        int status, r;

        r = local_path(options, &path, fault);
        if (r < 0)
                return r;
        if (strcmp(path, "-") == 0)
                return run_ssh(options, command, -1, -1, fault);
        r = save_open(&save, path, option_given(options, OPTION_FORCE), fault);
        if (r < 0)
                return r;
        status = run_ssh(options, command, -1, save.fd, fault);
        if (status != EXIT_SUCCESS)
                return status;
        r = save_finish(&save, fault);
        if (r < 0)
                return r;
        if (!option_given(options, OPTION_QUIET))
                puts(path);
        return EXIT_SUCCESS;
}

int remote_run(const Options *options, Fault *fault) {
        _cleanup_(freep) char *command = NULL;
        _cleanup_(fd_closep) int in_fd = -1;
        int r;

        r = remote_command(&command, options);
        if (r < 0)
                return r;
        if (verb_flags(options) & VERB_IMAGE_OUT)
                return run_into_file(options, command, fault);

        if (verb_flags(options) & VERB_IMAGE_IN) {
                in_fd = source_open(options->args[options->n_args - 1], "image", fault);
                if (in_fd < 0)
                        return in_fd;
        }
        return run_ssh(options, command, in_fd, -1, fault);
}
