/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "manager/helper.h"

struct Helper {
        pid_t pid;
        sd_event_source *source;
};

static void actions_destroyp(posix_spawn_file_actions_t *actions) {
        posix_spawn_file_actions_destroy(actions);
}

static void attributes_destroyp(posix_spawnattr_t *attributes) {
        posix_spawnattr_destroy(attributes);
}

/* Spec's descriptors, moved out of the way of each other: what is to be put at 3 must not lie at 1.
 */
typedef struct Moved {
        int fds[HELPER_FDS_MAX];
        bool is_copy[HELPER_FDS_MAX];
} Moved;

static void moved_clear(Moved *moved) {
        for (size_t i = 0; i < HELPER_FDS_MAX; i++)
                if (moved->is_copy[i])
                        fd_close(moved->fds[i]);
}

static int move_fds(Moved *moved, const HelperSpec *spec) {
        for (size_t i = 0; i < spec->n_fds; i++) {
                int fd = spec->fds[i];

                if (fd >= 0 && fd < HELPER_FDS_MAX && fd != (int) i) {
                        fd = fcntl(fd, F_DUPFD_CLOEXEC, HELPER_FDS_MAX);
                        if (fd < 0)
                                return -errno;
                        moved->is_copy[i] = true;
                }
                moved->fds[i] = fd;
        }
        return 0;
}

/* To 0, 1, 2 ...; everything else is close-on-exec from birth. */
static int place_fds(posix_spawn_file_actions_t *actions, const Moved *moved, size_t n_fds) {
        int r = 0;

        for (int i = 0; r == 0 && i < (int) n_fds; i++)
                r = moved->fds[i] < 0
                            ? posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0)
                            : posix_spawn_file_actions_adddup2(actions, moved->fds[i], i);
        return -r;
}

static int spawn(pid_t *ret_pid, const HelperSpec *spec) {
        _cleanup_(actions_destroyp) posix_spawn_file_actions_t actions;
        _cleanup_(attributes_destroyp) posix_spawnattr_t attributes;
        _cleanup_(moved_clear) Moved moved = {};
        const char *argv[HELPER_ARGUMENTS_MAX + 2] = {strrchr(spec->program, '/') + 1};
        char *no_environment[] = {NULL};
        sigset_t none, all;
        size_t n = 1;
        int r;

        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);

        for (const char *const *argument = spec->arguments; argument && *argument; argument++) {
                if (n > HELPER_ARGUMENTS_MAX)
                        return -E2BIG;
                argv[n++] = *argument;
        }

        r = move_fds(&moved, spec);
        if (r >= 0)
                r = place_fds(&actions, &moved, spec->n_fds);
        if (r < 0)
                return r;

        /* The loop has its signals blocked; a child begins with none blocked, none ignored. */
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

        return -posix_spawn(ret_pid, spec->program, &actions, &attributes,
                            (char *const *) (uintptr_t) argv, no_environment);
}

/* One whose end nobody would see must not stay: it has only just begun, so it goes at once. */
static void undo(pid_t pid) {
        kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
}

static int on_ended(sd_event_source *source, const siginfo_t *info, void *userdata) {
        Helper *helper = userdata;

        /* Without an object, it went before its program did, and the source was left behind. */
        if (!helper)
                return sd_event_source_set_floating(source, false);
        helper->pid = 0;
        return 0;
}

void helper_kill(Helper *helper) {
        if (helper && helper->pid > 0)
                kill(helper->pid, SIGKILL);
}

Helper *helper_free(Helper *helper) {
        if (!helper)
                return NULL;

        if (helper->pid > 0) {
                kill(helper->pid, SIGTERM);
                /* Somebody has to collect it: the source does, and goes with it. */
                sd_event_source_set_userdata(helper->source, NULL);
                sd_event_source_set_floating(helper->source, true);
        }
        sd_event_source_unref(helper->source);
        free(helper);
        return NULL;
}

int helper_start(Helper **ret, sd_event *event, const HelperSpec *spec) {
        _cleanup_(freep) Helper *helper = NULL;
        int r;

        helper = calloc(1, sizeof(*helper));
        if (!helper)
                return -ENOMEM;
        r = spawn(&helper->pid, spec);
        if (r < 0)
                return r;
        r = sd_event_add_child(event, &helper->source, helper->pid, WEXITED, on_ended, helper);
        if (r < 0) {
                undo(helper->pid);
                return r;
        }

        *ret = TAKE_PTR(helper);
        return 0;
}

typedef struct Floating {
        HelperEnded ended;
        void *userdata;
} Floating;

static int on_floating_ended(sd_event_source *source, const siginfo_t *info, void *userdata) {
        const Floating *floating = userdata;

        if (floating->ended)
                floating->ended(floating->userdata);
        /* Its last reference is the loop's: giving that back frees it. */
        return sd_event_source_set_floating(source, false);
}

static void floating_free(void *floating) {
        free(floating);
}

pid_t helper_start_floating(sd_event *event,
                            const HelperSpec *spec,
                            HelperEnded ended,
                            void *userdata) {
        _cleanup_(freep) Floating *floating = NULL;
        sd_event_source *source;
        pid_t pid;
        int r;

        floating = calloc(1, sizeof(*floating));
        if (!floating)
                return -ENOMEM;
        floating->ended = ended;
        floating->userdata = userdata;

        r = spawn(&pid, spec);
        if (r < 0)
                return r;
        r = sd_event_add_child(event, &source, pid, WEXITED, on_floating_ended, floating);
        if (r < 0) {
                undo(pid);
                return r;
        }
        sd_event_source_set_destroy_callback(source, floating_free);
        TAKE_PTR(floating);
        sd_event_source_set_floating(source, true);
        sd_event_source_unref(source);
        return pid;
}
