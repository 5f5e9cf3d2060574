/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/config.h"
#include "domain/startup.h"

int strings_append(Strings *strings, const char *text) {
        size_t size = strlen(text) + 1;
        char *larger;

        larger = realloc(strings->data, strings->size + size);
        if (!larger)
                return -ENOMEM;
        memcpy(larger + strings->size, text, size);
        strings->data = larger;
        strings->size += size;
        return 0;
}

void strings_clear(Strings *strings) {
        free(strings->data);
        *strings = (Strings){};
}

const char *strings_next(const Strings *strings, const char *previous) {
        const char *next = previous ? previous + strlen(previous) + 1 : strings->data;

        return next && next < strings->data + strings->size ? next : NULL;
}

int config_check(const Config *config, const Name *name, Fault *fault) {
        size_t name_size =
                config->add_name ? sizeof("--name=") - 1 + strlen(name_label(name)) + 1 : 0;
        int r;

        if (config->memory_bytes < CONFIG_MEMORY_MIN)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%llu bytes of memory are too few, a guest has at least 1 MiB",
                                 (unsigned long long) config->memory_bytes);
        if (config->memory_bytes & ((1ULL << 20) - 1))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "%llu bytes of memory are not a multiple of 1 MiB",
                                 (unsigned long long) config->memory_bytes);
        /* Joined by spaces, the text is as long as the strings with their NULs, less the last. */
        if (name_size + config->arguments.size > CONFIG_ARGUMENTS_MAX + 1U)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "The arguments have %zu bytes, at most %u are allowed",
                                 name_size + config->arguments.size - 1, CONFIG_ARGUMENTS_MAX);
        if (!config->restart.restarts && !exit_codes_are_empty(&config->restart.codes))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "There are exit codes after which it is restarted, but it is not "
                                 "to be restarted");
        r = restart_check(&config->restart, fault);
        return r < 0 ? r : startup_check(config->startup, fault);
}

void config_clear(Config *config) {
        strings_clear(&config->arguments);
        devices_clear(&config->devices);
        *config = (Config){};
}

int config_copy(Config *ret, const Config *config) {
        Config copy = *config;
        int r;

        r = devices_copy(&copy.devices, &config->devices);
        if (r < 0)
                return r;
        if (config->arguments.size > 0) {
                copy.arguments.data = malloc(config->arguments.size);
                if (!copy.arguments.data) {
                        devices_clear(&copy.devices);
                        return -ENOMEM;
                }
                memcpy(copy.arguments.data, config->arguments.data, config->arguments.size);
        }
        *ret = copy;
        return 0;
}

int config_guest_arguments(Strings *ret, const Config *config, const Name *name) {
        char option[sizeof("--name=") + NAME_LABEL_MAX];
        Strings strings = {};
        int r = 0;

        if (config->add_name) {
                snprintf(option, sizeof(option), "--name=%s", name_label(name));
                r = strings_append(&strings, option);
        }
        for (const char *text = NULL; r >= 0 && (text = strings_next(&config->arguments, text));)
                r = strings_append(&strings, text);
        if (r < 0) {
                strings_clear(&strings);
                return r;
        }
        *ret = strings;
        return 0;
}
