/* SPDX-License-Identifier: ISC */

/*
 * replay FOLDER: gives a target its seeds, those in FOLDER/accepted and FOLDER/refused, and fails
 * when one is not taken as the name of its folder says. A seed that lost its meaning because a
 * format has changed is found that way; make-seeds makes it again.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "fuzz.h"

#define SEED_MAX (1U << 20)

static void closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

static int replay(int folder_fd, const char *file, bool accepted) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) void *copy = NULL;
        size_t size;
        int r;

        r = file_read_at(folder_fd, file, SEED_MAX, &text, &size);
        if (r < 0) {
                fprintf(stderr, "Can't read %s: %s\n", file, strerror(-r));
                return r;
        }
        printf("%s\n", file);
        fflush(stdout);
        copy = fuzz_copy((const uint8_t *) text, size);
        if (fuzz_input(copy, size) == accepted)
                return 0;
        fprintf(stderr, "%s is %s\n", file, accepted ? "refused" : "accepted");
        return -EBADMSG;
}

/* How many seeds were as they should; -ENOENT when there is no such folder. */
static int replay_folder(const char *seeds, const char *name, bool accepted) {
        _cleanup_(closedirp) DIR *directory = NULL;
        char path[4096];
        struct dirent *entry;
        int n_seeds = 0, n_wrong = 0;

        snprintf(path, sizeof(path), "%s/%s", seeds, name);
        directory = opendir(path);
        if (!directory)
                return -errno;
        while ((entry = readdir(directory))) {
                if (entry->d_name[0] == '.')
                        continue;
                n_seeds++;
                n_wrong += replay(dirfd(directory), entry->d_name, accepted) < 0;
        }
        return n_wrong > 0 ? -EBADMSG : n_seeds;
}

int main(int argc, char **argv) {
        int n_accepted, n_refused;

        if (argc != 2)
                return 2;
        n_accepted = replay_folder(argv[1], "accepted", true);
        n_refused = replay_folder(argv[1], "refused", false);
        printf("%d accepted, %d refused\n", n_accepted, n_refused);
        /* Without seeds, or with all of one kind, nothing was tried. */
        return n_accepted > 0 && n_refused > 0 ? 0 : 1;
}
