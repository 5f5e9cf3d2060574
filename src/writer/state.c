/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/file.h"
#include "writer/state.h"

/* How many files of one name may lie in quarantine. */
#define QUARANTINE_SUFFIX_MAX 9999U

static const char *const folder_names[] = {
        [WRITER_UNIKERNELS] = "unikernels",
        [WRITER_POLICIES] = "policies",
        [WRITER_IMAGES] = "images",
        [WRITER_BLOCKS] = "blocks",
        [WRITER_TMP] = "tmp",
        [WRITER_QUARANTINE] = "quarantine",
};

/* What lies in tmp belongs to a request that nobody will finish any more. */
static int sweep(int folder_fd) {
        _cleanup_(directory_closep) DIR *directory = NULL;
        struct dirent *entry;
        int r;

        r = directory_open(&directory, folder_fd, ".");
        if (r < 0)
                return r;
        /* The writer makes no folders there; somebody else's are left alone. */
        while ((entry = directory_next(directory)))
                if (entry->d_type != DT_DIR && unlinkat(folder_fd, entry->d_name, 0) < 0 &&
                    errno != EISDIR)
                        return -errno;
        return -errno;
}

/* Opens @name below @parent_fd, and makes it when it is missing. */
static int open_folder(int parent_fd, const char *name) {
        bool is_new = mkdirat(parent_fd, name, 0700) >= 0;
        int fd;

        if (!is_new && errno != EEXIST)
                return -errno;
        if (is_new && fsync(parent_fd) < 0)
                return -errno;
        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static bool is_same(int fd, int other_fd) {
        struct stat st, other;

        return fstat(fd, &st) >= 0 && fstat(other_fd, &other) >= 0 && st.st_dev == other.st_dev &&
               st.st_ino == other.st_ino;
}

/* Block devices are renamed from tmp and into quarantine, so these are where they are. */
static int open_block_folders(State *state, int directory_fd, int block_fd) {
        const char *tmp = folder_names[WRITER_TMP], *quarantine = folder_names[WRITER_QUARANTINE];
        int parent_fd = directory_fd;

        if (block_fd >= 0 && !is_same(block_fd, state->folders[WRITER_BLOCKS])) {
                parent_fd = block_fd;
                tmp = WRITER_BLOCK_TMP_NAME;
                quarantine = WRITER_BLOCK_QUARANTINE_NAME;
                fd_close(state->folders[WRITER_BLOCKS]);
                state->folders[WRITER_BLOCKS] = fcntl(block_fd, F_DUPFD_CLOEXEC, 0);
                if (state->folders[WRITER_BLOCKS] < 0)
                        return -errno;
        }
        state->folders[WRITER_BLOCK_TMP] = open_folder(parent_fd, tmp);
        if (state->folders[WRITER_BLOCK_TMP] < 0)
                return state->folders[WRITER_BLOCK_TMP];
        state->folders[WRITER_BLOCK_QUARANTINE] = open_folder(parent_fd, quarantine);
        return MIN_OF(state->folders[WRITER_BLOCK_QUARANTINE], 0);
}

int state_open(State *state, int directory_fd, int block_fd) {
        int r;

        for (size_t i = 0; i < N_ELEMENTS(folder_names); i++) {
                state->folders[i] = open_folder(directory_fd, folder_names[i]);
                if (state->folders[i] < 0)
                        return state->folders[i];
        }
        r = open_block_folders(state, directory_fd, block_fd);
        if (r < 0)
                return r;
        r = sweep(state->folders[WRITER_TMP]);
        return r < 0 ? r : sweep(state->folders[WRITER_BLOCK_TMP]);
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

int state_make_temporary(State *state, const char *name) {
        int fd;

        /* Its mode is that of what it becomes, so that publishing needs no fsync of its own. It
         * does not bind the descriptor that makes the file. */
        fd = openat(state->folders[WRITER_TMP], name,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
        return fd < 0 ? -errno : fd;
}

int state_make_staged(State *state, WriterFolder folder, char ret_name[static STATE_STAGED_MAX]) {
        int fd;

        /* A temporary file of the daemon may have that name; the next one then. */
        do {
                snprintf(ret_name, STATE_STAGED_MAX, "staged.%u", state->n_staged++);
                fd = openat(state->folders[folder], ret_name,
                            O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        } while (fd < 0 && errno == EEXIST);
        return fd < 0 ? -errno : fd;
}

int state_stage(State *state,
                const void *data,
                size_t size,
                char ret_name[static STATE_STAGED_MAX]) {
        _cleanup_(fd_closep) int fd = -1;
        char name[STATE_STAGED_MAX];
        int r;

        fd = state_make_staged(state, WRITER_TMP, name);
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
        remains_hold(&state->remains, state->folders[folder], name);
        if (unlinkat(state->folders[folder], name, 0) < 0 && errno != ENOENT)
                return -errno;
        return 0;
}

WriterFolder state_quarantine_of(WriterFolder folder) {
        return folder == WRITER_BLOCKS ? WRITER_BLOCK_QUARANTINE : WRITER_QUARANTINE;
}

int state_quarantine(State *state, WriterFolder folder, const char *name, const char *target) {
        WriterFolder quarantine = state_quarantine_of(folder);
        char free_name[WRITER_NAME_MAX + 1];

        snprintf(free_name, sizeof(free_name), "%s", target);
        for (unsigned i = 1; state_has(state, quarantine, free_name); i++) {
                char suffix[sizeof(".9999")];

                if (i > QUARANTINE_SUFFIX_MAX)
                        return -EEXIST;
                snprintf(suffix, sizeof(suffix), ".%u", i);
                snprintf(free_name, sizeof(free_name), "%.*s%s",
                         (int) (WRITER_NAME_MAX - strlen(suffix)), target, suffix);
        }
        if (renameat(state->folders[folder], name, state->folders[quarantine], free_name) < 0)
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
