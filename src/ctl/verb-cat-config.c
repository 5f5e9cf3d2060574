/* SPDX-License-Identifier: ISC */

/* cat-config: what albatrossd reads at its start, as systemd-analyze(1) shows it. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/conf-files.h"
#include "base/file.h"
#include "ctl/colour.h"
#include "ctl/escape.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/verb.h"

#define CONFIG_NAME "albatrossd.conf"
#define FILE_MAX    (1024U * 1024U) /* bytes; the daemon itself takes less */

typedef struct ConfigFiles {
        char **paths;
        size_t n_paths;
} ConfigFiles;

static void config_files_done(ConfigFiles *files) {
        conf_files_free(files->paths, files->n_paths);
}

static int read_file(const char *path, char **ret, size_t *ret_size, Fault *fault) {
        _cleanup_(fd_closep) int fd = -1;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        r = fd < 0 ? -errno : file_read_fd(fd, FILE_MAX, ret, ret_size);
        if (r < 0 && r != -ENOMEM)
                return fault_set(fault, FAULT_FAILED, "%s can't be read: %s", path, strerror(-r));
        return r;
}

static int print_texts(const ConfigFiles *files, bool colours, Fault *fault) {
        for (size_t i = 0; i < files->n_paths; i++) {
                _cleanup_(freep) char *text = NULL;
                size_t size;
                int r;

                r = read_file(files->paths[i], &text, &size, fault);
                if (r < 0)
                        return r;
                printf("%s%s# %s%s\n", i > 0 ? "\n" : "", colour_sequence(COLOUR_STRONG, colours),
                       files->paths[i], colour_sequence(COLOUR_NORMAL, colours));
                escape_write(stdout, text, size, ESCAPE_TEXT);
                if (size > 0 && text[size - 1] != '\n')
                        putchar('\n');
        }
        return EXIT_SUCCESS;
}

static int print_json(const ConfigFiles *files, JsonMode mode, Fault *fault) {
        _cleanup_(json_decrefp) json_t *array = json_array();

        for (size_t i = 0; array && i < files->n_paths; i++) {
                _cleanup_(freep) char *text = NULL;
                size_t size;
                int r;

                r = read_file(files->paths[i], &text, &size, fault);
                if (r < 0)
                        return r;
                if (json_array_append_new(array, json_pack("{s:s, s:o}", "Path", files->paths[i],
                                                           "Text", json_from_bytes(text, size))) <
                    0)
                        return -ENOMEM;
        }
        return array ? json_print(stdout, array, mode) : -ENOMEM;
}

int verb_cat_config(const Options *options, Fault *fault) {
        _cleanup_(config_files_done) ConfigFiles files = {};
        _cleanup_(pager_stop) Pager pager = PAGER_NONE;
        bool colours = colour_wanted();
        int r;

        if (option_given(options, OPTION_MACHINE))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "cat-config reads files of this host, it takes no --machine");
        r = conf_files_list("", CONFIG_NAME, &files.paths, &files.n_paths);
        if (r < 0)
                return r;
        if (options->json != JSON_OFF)
                return print_json(&files, options->json, fault);
        if (files.n_paths == 0) {
                fprintf(stderr, "There is no " CONFIG_NAME ": all settings have their defaults.\n");
                return EXIT_SUCCESS;
        }
        pager = pager_start(options);
        return print_texts(&files, colours, fault);
}
