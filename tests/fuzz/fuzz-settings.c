/* SPDX-License-Identifier: ISC */

/* albatrossd.conf: nothing in it keeps the daemon from working. "Accepted" is what nobody complains
 * about. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/settings-file.h"
#include "fuzz.h"

/* More than the options' names there are lines: a complaint of each file is one line. */
static void complain(void *userdata, const char *file, unsigned line, const char *what) {
        size_t *n_complaints = userdata;

        property(strcmp(file, "fuzz.conf") == 0 && line > 0 && what[0] != '\0',
                 "a complaint says where and what");
        (*n_complaints)++;
}

static void check_folders(const Strings *folders) {
        size_t n = 0;

        for (const char *text = NULL; (text = strings_next(folders, text)); n++)
                property(text[0] == '/' && strlen(text) <= SETTINGS_PATH_MAX,
                         "tenders are looked for in absolute paths");
        property(n <= SETTINGS_FOLDERS_MAX, "tenders are not looked for everywhere");
}

static void check(const Settings *settings) {
        const uint64_t hour = UINT64_C(3600) * 1000000;

        property(settings->uid_min > 0 && settings->uid_min <= settings->uid_max,
                 "there is a range of uids, without root");
        property(settings->uid_max < 65534 || settings->uid_min > 65535,
                 "nobody is not among the uids");
        property(settings->uid_max - settings->uid_min < 65536, "the range of uids is bounded");
        property(settings->block_folder[0] == '/' &&
                         memchr(settings->block_folder, '\0', sizeof(settings->block_folder)),
                 "blocks are in a folder");
        property(settings->image_size_max_bytes > 0, "an image may have a size");
        property(settings->transfer_idle_usec > 0 && settings->transfer_idle_usec <= hour &&
                         settings->transfer_max_usec > 0 && settings->transfer_max_usec <= hour &&
                         settings->start_usec > 0 && settings->start_usec <= hour &&
                         settings->stop_usec <= hour,
                 "everything ends");
        property(settings->disk_reserve_percent <= 100, "no more is kept free than there is");
        check_folders(&settings->tender_folders);
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *copy = fuzz_copy(data, size);
        _cleanup_(settings_clear) Settings settings = {};
        size_t n_complaints = 0, n_lines = 1;
        const SettingsComplaints complaints = {complain, &n_complaints};

        for (size_t i = 0; i < size; i++)
                n_lines += data[i] == '\n';
        property(settings_init(&settings) == 0, "there are defaults");
        property(settings_read_text(&settings, "fuzz.conf", copy, size, &complaints) == 0,
                 "a file is read, whatever is in it");
        property(n_complaints <= 2 * n_lines + 1, "there is no end of complaints");
        check(&settings);
        return n_complaints == 0;
}
