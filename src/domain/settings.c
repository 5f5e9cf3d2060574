/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/utf8.h"
#include "domain/settings.h"

#define SEC  UINT64_C(1000000)
#define HOUR (3600 * SEC)

/* nobody's number, and what 16-bit interfaces take for "no uid"; the launcher refuses them, too. */
#define UID_NOBODY  UINT64_C(65534)
#define UID_NONE16  UINT64_C(65535)
#define UID_COUNT   UINT64_C(65536)
#define UID_HIGHEST UINT64_C(4294967294)

typedef int (*Assign)(Settings *settings, const char *value, Fault *fault);

static int refuse(Fault *fault, const char *value, const char *what) {
        return fault_set(fault, FAULT_INVALID_ARGUMENT, "\"%.100s\" is not %s", value, what);
}

static int assign_uid_range(Settings *settings, const char *value, Fault *fault) {
        uint64_t first, last;

        if (number_parse_range(value, UID_HIGHEST, &first, &last) < 0)
                return refuse(fault, value, "a range of uids such as 61184-65519");
        if (first == 0 || (first <= UID_NONE16 && last >= UID_NOBODY))
                return refuse(fault, value, "a range without root (0), nobody (65534) and 65535");
        if (last - first >= UID_COUNT)
                return refuse(fault, value, "a range of at most 65536 uids");
        settings->uid_min = (uint32_t) first;
        settings->uid_max = (uint32_t) last;
        return 0;
}

/* Text, too: it is shown to people, and the bus carries nothing else. */
static bool is_absolute(const char *path, size_t length) {
        if (length == 0 || length > SETTINGS_PATH_MAX || path[0] != '/')
                return false;
        for (size_t i = 0; i < length;) {
                uint32_t character;
                size_t size = utf8_decode(path + i, length - i, &character);

                if (size == 0 || character < ' ' || (character >= 0x7f && character < 0xa0))
                        return false;
                i += size;
        }
        return true;
}

/* Folders separated by colons or white space. What was assigned before stays in front; the default
 * does not. */
static int assign_tender_path(Settings *settings, const char *value, Fault *fault) {
        static const char separators[] = ": \t";
        Strings folders = {};
        size_t n_folders = 0, length;
        int r = 0;

        if (settings->tender_folders_given)
                for (const char *text = NULL;
                     r >= 0 && (text = strings_next(&settings->tender_folders, text)); n_folders++)
                        r = strings_append(&folders, text);
        for (const char *text = value + strspn(value, separators); r >= 0 && *text;
             text += length + strspn(text + length, separators)) {
                char folder[SETTINGS_PATH_MAX + 1];

                length = strcspn(text, separators);
                if (!is_absolute(text, length))
                        r = refuse(fault, text, "an absolute path");
                else if (++n_folders > SETTINGS_FOLDERS_MAX)
                        r = refuse(fault, value, "a list of at most 16 folders");
                if (r < 0)
                        break;
                snprintf(folder, sizeof(folder), "%.*s", (int) length, text);
                r = strings_append(&folders, folder);
        }
        if (r < 0) {
                strings_clear(&folders);
                return r;
        }
        strings_clear(&settings->tender_folders);
        settings->tender_folders = folders;
        settings->tender_folders_given = true;
        return 0;
}

static int assign_prefer_official(Settings *settings, const char *value, Fault *fault) {
        static const char *const yes[] = {"yes", "true", "on", "1", "y", "t"};
        static const char *const no[] = {"no", "false", "off", "0", "n", "f"};

        for (size_t i = 0; i < N_ELEMENTS(yes); i++) {
                bool is_yes = strcasecmp(value, yes[i]) == 0;

                if (is_yes || strcasecmp(value, no[i]) == 0) {
                        settings->prefer_official_tender = is_yes;
                        return 0;
                }
        }
        return refuse(fault, value, "yes or no");
}

static int assign_block_path(Settings *settings, const char *value, Fault *fault) {
        if (!is_absolute(value, strlen(value)))
                return refuse(fault, value, "an absolute path of at most 255 characters");
        strcpy(settings->block_folder, value);
        return 0;
}

static int assign_image_size_max(Settings *settings, const char *value, Fault *fault) {
        uint64_t size;

        if (number_parse_bytes(value, &size) < 0 || size == 0)
                return refuse(fault, value, "a size such as 256M");
        settings->image_size_max_bytes = size;
        return 0;
}

static int assign_transfer_idle(Settings *settings, const char *value, Fault *fault) {
        uint64_t usec;

        if (number_parse_span(value, &usec) < 0 || usec == 0 || usec > HOUR)
                return refuse(fault, value, "a time span of more than 0 and at most an hour");
        settings->transfer_idle_usec = usec;
        return 0;
}

static int assign_transfer_max(Settings *settings, const char *value, Fault *fault) {
        uint64_t usec;

        if (number_parse_span(value, &usec) < 0 || usec == 0 || usec > HOUR)
                return refuse(fault, value, "a time span of more than 0 and at most an hour");
        settings->transfer_max_usec = usec;
        return 0;
}

static int assign_start(Settings *settings, const char *value, Fault *fault) {
        uint64_t usec;

        if (number_parse_span(value, &usec) < 0 || usec == 0 || usec > HOUR)
                return refuse(fault, value, "a time span of more than 0 and at most an hour");
        settings->start_usec = usec;
        return 0;
}

static int assign_stop(Settings *settings, const char *value, Fault *fault) {
        uint64_t usec;

        if (number_parse_span(value, &usec) < 0 || usec > HOUR)
                return refuse(fault, value, "a time span of at most an hour");
        settings->stop_usec = usec;
        return 0;
}

static int assign_disk_reserve(Settings *settings, const char *value, Fault *fault) {
        size_t length = strlen(value);
        char digits[sizeof("100")];
        uint64_t number;

        if (length > 1 && length <= sizeof(digits) && value[length - 1] == '%') {
                snprintf(digits, sizeof(digits), "%.*s", (int) length - 1, value);
                if (number_parse(digits, 100, &number) < 0)
                        return refuse(fault, value, "a share of the disk such as 5%");
                settings->disk_reserve_bytes = 0;
                settings->disk_reserve_percent = (uint32_t) number;
                return 0;
        }
        if (number_parse_bytes(value, &number) < 0)
                return refuse(fault, value, "a size such as 1G, or a share of the disk such as 5%");
        settings->disk_reserve_bytes = number;
        settings->disk_reserve_percent = 0;
        return 0;
}

static const struct {
        const char *key;
        Assign assign;
        /* For Assign, or for nobody where it is NULL. */
        const char *initial;
} keys[] = {
        /* The dynamic range of systemd: uids-gids.md in its sources, "Dynamic Service Users".
         * Outside of it, journald makes a journal file of its own for every uid. */
        {"UidRange", assign_uid_range, "61184-65519"},
        {"TenderPath", assign_tender_path,
         ALBATROSS_LIBEXECDIR ":/usr/local/libexec/albatross:/usr/local/bin:/usr/bin"},
        {"PreferOfficialTender", assign_prefer_official, "no"},
        {"BlockPath", assign_block_path, ALBATROSS_STATEDIR "/v1/blocks"},
        {"ImageSizeMax", assign_image_size_max, "256M"},
        {"TransferIdleSec", assign_transfer_idle, "10s"},
        {"TransferMaxSec", assign_transfer_max, "10min"},
        {"StartSec", assign_start, "90s"},
        {"StopSec", assign_stop, "5s"},
        {"DiskReserve", assign_disk_reserve, "5%"},
};

/* The one default that can't be said as a value: 5 % and a size. */
#define DISK_RESERVE_BYTES (UINT64_C(256) << 20)

static int assign_initial(Settings *settings, size_t i) {
        int r;

        r = keys[i].assign(settings, keys[i].initial, NULL);
        if (r >= 0 && keys[i].assign == assign_disk_reserve)
                settings->disk_reserve_bytes = DISK_RESERVE_BYTES;
        return r;
}

int settings_assign(Settings *settings, const char *key, const char *value, Fault *fault) {
        for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
                if (strcmp(key, keys[i].key) != 0)
                        continue;
                if (value[0] != '\0')
                        return keys[i].assign(settings, value, fault);
                if (keys[i].assign != assign_tender_path)
                        return assign_initial(settings, i);
                strings_clear(&settings->tender_folders);
                settings->tender_folders_given = true;
                return 0;
        }
        return -ENOENT;
}

int settings_init(Settings *ret) {
        Settings settings = {};
        int r;

        for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
                r = assign_initial(&settings, i);
                if (r < 0) {
                        settings_clear(&settings);
                        return r;
                }
        }
        /* What is there now is replaced by the first assignment, not added to. */
        settings.tender_folders_given = false;
        *ret = settings;
        return 0;
}

void settings_clear(Settings *settings) {
        strings_clear(&settings->tender_folders);
        *settings = (Settings){};
}
