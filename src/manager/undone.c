/* SPDX-License-Identifier: ISC */

/*
 * Creates that have failed, of which something was written down that can't be removed: the disk
 * does not take it, or there is no writer. Nobody was told that they succeeded, so they must not
 * come back with the next daemon. /run/albatross/undone has a file for each until its record is
 * gone.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "manager/manager-internal.h"
#include "systemd/log.h"

#define FOLDER "../undone" /* from the folder of the runs */
/* At first, and at last. */
#define RETRY_MIN_USEC UINT64_C(5000000)
#define RETRY_MAX_USEC UINT64_C(600000000)

static void marker_path(const char *name, char ret[static sizeof(FOLDER) + NAME_MAX_LENGTH + 1]) {
        snprintf(ret, sizeof(FOLDER) + NAME_MAX_LENGTH + 1, FOLDER "/%s", name);
}

bool undone_contains(const Manager *manager, const char *name) {
        char path[sizeof(FOLDER) + NAME_MAX_LENGTH + 1];

        marker_path(name, path);
        return faccessat(manager->run_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

void undone_forget(Manager *manager, const char *name) {
        char path[sizeof(FOLDER) + NAME_MAX_LENGTH + 1];

        if (!manager->undone_timer)
                return;
        marker_path(name, path);
        (void) unlinkat(manager->run_fd, path, 0);
}

typedef struct Removal {
        Manager *manager;
        char name[NAME_MAX_LENGTH + 1];
} Removal;

static void on_removed(void *userdata, const WriterAnswer *answer) {
        _cleanup_(freep) Removal *removal = userdata;

        /* A new one of that name may be there by now: its record is later than this removal. */
        if (answer->error == 0)
                undone_forget(removal->manager, removal->name);
}

static void remove_again(Manager *manager, const char *name) {
        _cleanup_(freep) Removal *removal = NULL;

        /* Whoever has the name now writes over that record, or removes it. */
        if (strlen(name) > NAME_MAX_LENGTH || unikernels_find(manager, name))
                return;
        removal = calloc(1, sizeof(*removal));
        if (!removal)
                return;
        removal->manager = manager;
        strcpy(removal->name, name);
        if (record_remove_name(manager, name, on_removed, removal) >= 0)
                TAKE_PTR(removal);
}

/* Returns how many there are. */
static int remove_all_again(Manager *manager) {
        _cleanup_(directory_closep) DIR *directory = NULL;
        struct dirent *entry;
        int n = 0;
        int r;

        r = directory_open(&directory, manager->run_fd, FOLDER);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        for (; (entry = directory_next(directory)); n++)
                remove_again(manager, entry->d_name);
        return n;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        if (remove_all_again(manager) == 0) {
                manager->undone_timer = sd_event_source_disable_unref(manager->undone_timer);
                return 0;
        }
        manager->undone_usec = MIN_OF(2 * manager->undone_usec, RETRY_MAX_USEC);
        sd_event_source_set_time_relative(source, manager->undone_usec);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int retry_later(Manager *manager) {
        if (manager->undone_timer)
                return 0;
        manager->undone_usec = RETRY_MIN_USEC;
        return sd_event_add_time_relative(manager->event, &manager->undone_timer, CLOCK_MONOTONIC,
                                          RETRY_MIN_USEC, 0, on_retry, manager);
}

void undone_note(Manager *manager, const char *name, int error) {
        char path[sizeof(FOLDER) + NAME_MAX_LENGTH + 1];
        _cleanup_(fd_closep) int fd = -1;

        log_print(LOG_ERR,
                  "%s could not be created, and its record can't be removed (%s): it will "
                  "be tried again",
                  name, strerror(-error));
        (void) mkdirat(manager->run_fd, FOLDER, 0700);
        marker_path(name, path);
        fd = openat(manager->run_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || retry_later(manager) < 0)
                log_print(LOG_ERR, "That %s is to be removed could not be noted", name);
}

int undone_begin(Manager *manager) {
        int n = remove_all_again(manager);

        return n > 0 ? retry_later(manager) : n;
}
