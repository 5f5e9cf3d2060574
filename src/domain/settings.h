/* SPDX-License-Identifier: ISC */
#pragma once

/* What albatrossd.conf(5) can say, key by key. Reading the files is somebody else's. */

#include <stdbool.h>
#include <stdint.h>

#include "domain/config.h"
#include "domain/fault.h"

#define SETTINGS_PATH_MAX    255
#define SETTINGS_FOLDERS_MAX 16U

/* The section that all keys are in. */
#define SETTINGS_SECTION "Albatross"

typedef struct Settings {
        uint32_t uid_min, uid_max;
        Strings tender_folders; /* absolute, in this order */
        bool tender_folders_given;
        bool prefer_official_tender;
        char block_folder[SETTINGS_PATH_MAX + 1];
        uint64_t image_size_max_bytes;
        uint64_t transfer_idle_usec, transfer_max_usec, start_usec, stop_usec;
        /* The larger one of the two is what stays free on the disk. */
        uint64_t disk_reserve_bytes;
        uint32_t disk_reserve_percent;
} Settings;

/* All defaults. The caller owns what is in @ret. */
int settings_init(Settings *ret);
void settings_clear(Settings *settings);

/* One assignment, in the order of the files. An empty value brings the default back; of the list
 * TenderPath it takes away all that was in it, the default too. -ENOENT: there is no such key; else
 * the value is not one for it, as @fault says, and nothing is changed. */
int settings_assign(Settings *settings, const char *key, const char *value, Fault *fault);
