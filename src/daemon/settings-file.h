/* SPDX-License-Identifier: ISC */
#pragma once

/* albatrossd.conf and its drop-ins, as they lie on disk. What is wrong in there is complained about
 * and left out; it never keeps the rest, or the daemon, from working. */

#include <stddef.h>

#include "domain/settings.h"

#define SETTINGS_FILE "albatrossd.conf"

typedef struct SettingsComplaints {
        void (*complain)(void *userdata, const char *file, unsigned line, const char *what);
        void *userdata;
} SettingsComplaints;

/* Takes over the @size bytes of @text, which came from @file. Fails for lack of memory only. */
int settings_read_text(Settings *settings,
                       const char *file,
                       const char *text,
                       size_t size,
                       const SettingsComplaints *complaints);

/* Reads all files that there are below @root ("" but for tests), in their order, on top of what is
 * in @settings. */
int settings_read_files(Settings *settings, const char *root, const SettingsComplaints *complaints);
