/* SPDX-License-Identifier: ISC */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "writer/state.h"

/* How many files of one name may lie in quarantine. */
#define QUARANTINE_SUFFIX_MAX 9999U

static const char *const folder_names[WRITER_N_FOLDERS] = {
        [WRITER_UNIKERNELS] = "unikernels",
        [WRITER_POLICIES] = "policies",
        [WRITER_IMAGES] = "images",
        [WRITER_BLOCKS] = "blocks",
        [WRITER_TMP] = "tmp",
        [WRITER_QUARANTINE] = "quarantine",
};

static void closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

/* What lies in tmp belongs to a request that nobody will finish any more. */
static int sweep(int folder_fd) {
        _cleanup_(closedirp) DIR *directory = NULL;
        int fd;

        fd = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        directory = fdopendir(fd);
        if (!directory) {
                int error = -errno;

                fd_close(fd);
                return error;
        }

        for (;;) {
                struct dirent *entry;

                errno = 0;
                entry = readdir(directory);
                if (!entry)
                        return -errno;
                /* The writer makes no folders there; somebody else's are left alone. */
                if (entry->d_type != DT_DIR && unlinkat(folder_fd, entry->d_name, 0) < 0 &&
                    errno != EISDIR)
                        return -errno;
        }
}

int state_open(State *state, int directory_fd) {
        bool is_new = false;

        for (size_t i = 0; i < WRITER_N_FOLDERS; i++) {
                if (mkdirat(directory_fd, folder_names[i], 0700) >= 0)
                        is_new = true;
                else if (errno != EEXIST)
                        return -errno;
                state->folders[i] = openat(directory_fd, folder_names[i],
                                           O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (state->folders[i] < 0)
                        return -errno;
        }
        if (is_new && fsync(directory_fd) < 0)
                return -errno;
        return sweep(state->folders[WRITER_TMP]);
}

void state_close(State *state) {
        for (size_t i = 0; i < WRITER_N_FOLDERS; i++)
                state->folders[i] = fd_close(state->folders[i]);
}

bool state_name_is_valid(const char name[static WRITER_NAME_MAX + 1]) {
        if (!memchr(name, '\0', WRITER_NAME_MAX + 1))
                return false;
        return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
               !strchr(name, '/');
}

static int make_file(State *state, const char *name, mode_t mode) {
        int fd;

        fd = openat(state->folders[WRITER_TMP], name,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        return fd < 0 ? -errno : fd;
}

int state_make_temporary(State *state, const char *name) {
        /* Its mode is that of what it becomes, so that publishing needs no fsync of its own. It
         * does not bind the descriptor that makes the file. */
        return make_file(state, name, 0444);
}

int state_stage(State *state,
                const void *data,
                size_t size,
                char ret_name[static STATE_STAGED_MAX]) {
        _cleanup_(fd_closep) int fd = -1;
        char name[STATE_STAGED_MAX];
        int r;

        /* A temporary file of the daemon may have that name; the next one then. */
        do {
                snprintf(name, sizeof(name), "staged.%u", state->n_staged++);
                fd = make_file(state, name, 0600);
        } while (fd == -EEXIST);
        if (fd < 0)
                return fd;

        r = file_write_all(fd, data, size);
        if (r < 0) {
                (void) unlinkat(state->folders[WRITER_TMP], name, 0);
                return r;
        }
        memcpy(ret_name, name, sizeof(name));
        return TAKE_FD(fd);
}

int state_replace(State *state, const char *name, WriterFolder folder, const char *target) {
        if (renameat(state->folders[WRITER_TMP], name, state->folders[folder], target) < 0)
                return -errno;
        return 0;
}

bool state_has(State *state, WriterFolder folder, const char *name) {
        return faccessat(state->folders[folder], name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

int state_open_file(State *state, WriterFolder folder, const char *name) {
        int fd;

        fd = openat(state->folders[folder], name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int state_publish(State *state, const char *name, WriterFolder folder, const char *target) {
        int r;

        if (state_has(state, folder, target)) {
                r = state_remove(state, WRITER_TMP, name);
                return r < 0 ? r : 0;
        }
        r = state_replace(state, name, folder, target);
        if (r < 0)
                return r;
        state->published |= 1U << folder;
        return 1;
}

int state_remove(State *state, WriterFolder folder, const char *name) {
        if (unlinkat(state->folders[folder], name, 0) < 0 && errno != ENOENT)
                return -errno;
        return 0;
}

int state_quarantine(State *state, WriterFolder folder, const char *name, const char *target) {
        char free_name[WRITER_NAME_MAX + 1];

        snprintf(free_name, sizeof(free_name), "%s", target);
        for (unsigned i = 1; state_has(state, WRITER_QUARANTINE, free_name); i++) {
                char suffix[sizeof(".9999")];

                if (i > QUARANTINE_SUFFIX_MAX)
                        return -EEXIST;
                snprintf(suffix, sizeof(suffix), ".%u", i);
                snprintf(free_name, sizeof(free_name), "%.*s%s",
                         (int) (WRITER_NAME_MAX - strlen(suffix)), target, suffix);
        }
        if (renameat(state->folders[folder], name, state->folders[WRITER_QUARANTINE], free_name) <
            0)
                return -errno;
        return 0;
}

int state_sync(State *state, WriterFolder folder) {
        return fsync(state->folders[folder]) < 0 ? -errno : 0;
}

int state_sync_published(State *state) {
        for (unsigned folder = 0; folder < WRITER_N_FOLDERS; folder++) {
                int r;

                if (!(state->published & 1U << folder))
                        continue;
                r = state_sync(state, folder);
                if (r < 0)
                        return r;
                state->published &= ~(1U << folder);
        }
        return 0;
}
