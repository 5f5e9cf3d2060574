/* SPDX-License-Identifier: ISC */

/*
 * The taps of runs. One that was handed to its tender as a descriptor ends with it, in the kernel;
 * one that an official tender found by its name stays until it is removed. Whoever closes the last
 * descriptor of a tap waits until it is gone, some 20 ms: that must not be the loop.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"
#include "systemd/log.h"

/* --- of a run --- */

int run_set_taps(Run *run, const TapName *taps, size_t n_taps, bool persist) {
        TapName *copy = NULL;

        if (n_taps > 0) {
                copy = reallocarray(NULL, n_taps, sizeof(*copy));
                if (!copy)
                        return -ENOMEM;
                memcpy(copy, taps, n_taps * sizeof(*copy));
        }
        free(run->taps);
        run->taps = copy;
        run->n_taps = n_taps;
        run->taps_persist = persist;
        return 0;
}

static void on_removed(void *userdata, int error) {
        uid_hold_drop(userdata, error);
}

void taps_remove(Manager *manager, const TapName *taps, size_t n_taps, UidHold *hold) {
        const char *names[DEVICES_MAX];
        int r;

        for (size_t i = 0; i < n_taps; i++)
                names[i] = taps[i].text;
        if (n_taps == 0)
                return;
        r = network_remove_taps(manager->network, names, n_taps, on_removed, uid_hold_ref(hold));
        if (r < 0) {
                log_print(LOG_ERR, "No memory to have %s removed: the next start does that",
                          names[0]);
                uid_hold_drop(hold, r);
        }
}

/* --- one that nobody wants any more --- */

/* Packets that came in by it are of no interest; that it is gone is an error. */
static int on_tap(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        if (revents & EPOLLERR)
                sd_event_source_disable_unref(source);
        return 0;
}

void tap_discard(Manager *manager, int fd, const TapName *tap) {
        const char *const names[] = {tap->text};
        sd_event_source *source;

        /* It is closed here when the removal has let go of it, which takes no time. */
        if (network_remove_taps(manager->network, names, 1, NULL, NULL) >= 0 &&
            sd_event_add_io(manager->event, &source, fd, EPOLLIN | EPOLLET, on_tap, manager) >= 0) {
                if (sd_event_source_set_io_fd_own(source, true) >= 0)
                        return;
                sd_event_source_disable_unref(source);
        }
        fd_close(fd);
}

/* --- at the start --- */

/* What runs keeps its taps; all others are strays of a daemon before us. */
int taps_sweep(Manager *manager) {
        _cleanup_(freep) Unikernel **all = NULL;
        _cleanup_(freep) const char **keep = NULL;
        size_t n, n_keep = 0;
        int r;

        r = unikernels_snapshot(manager, &all, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                n_keep += all[i]->run ? all[i]->run->n_taps : 0;
        keep = reallocarray(NULL, n_keep + 1, sizeof(*keep));
        if (!keep)
                return -ENOMEM;
        n_keep = 0;
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; all[i]->run && k < all[i]->run->n_taps; k++)
                        keep[n_keep++] = all[i]->run->taps[k].text;
        return network_sweep(manager->network, keep, n_keep);
}
