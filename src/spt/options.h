/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The tender's command line: [OPTION...] [--] IMAGE [ARGUMENT...], as solo5-spt takes it.
 */

#include <stdint.h>

#include "spt/devices.h"
#include "spt/refusal.h"

typedef enum OptionsVerb {
        OPTIONS_RUN,
        OPTIONS_HELP,
        OPTIONS_VERSION,
} OptionsVerb;

typedef struct Options {
        OptionsVerb verb;
        /* As given, for messages; NULL only where nothing is run. */
        const char *image;
        /* Where the image or the guest's arguments are open already, else -1. Not owned. */
        int image_fd;
        int arguments_fd;
        uint64_t mem_size;
        Devices devices;
} Options;

/* The place of IMAGE in @argv, which is that of the final NULL when none is given. What follows it
 * is the guest's. */
int options_find_image(int argc, char **argv);

/* Takes the options before @image, the place found above. */
int options_parse(Options *ret, char **argv, int image, Refusal *refusal);
