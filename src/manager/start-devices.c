/* SPDX-License-Identifier: ISC */

/*
 * The devices of a start: what its image wants against what it was given, its block devices, and
 * its taps, which are made while PID 1 makes its scope.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/blocks.h"
#include "manager/device-fill.h"
#include "manager/start.h"

/* --- what is wanted --- */

int start_match_devices(Start *start, const NotesReport *notes) {
        Unikernel *unikernel = start->unikernel;
        DeviceWanted wanted[IMAGE_DEVICES_MAX];
        size_t n_wanted = devices_wanted_by_image(notes, wanted);
        int r;

        r = devices_fill_in(&unikernel->config.devices, unikernel, wanted, n_wanted, &start->fault);
        if (r < 0)
                return r;
        /* What was filled in was not asked for when the rest was admitted. */
        r = unikernel_claim_again(unikernel, &start->fault);
        if (r < 0)
                return r;
        r = macs_take(unikernel, &start->fault);
        if (r < 0)
                return r;
        r = blocks_assign(unikernel, &start->fault);
        if (r < 0)
                return r;
        return start->with_run ? start_open_blocks(start) : 0;
}

int start_open_blocks(Start *start) {
        Unikernel *unikernel = start->unikernel;
        size_t n = unikernel->config.devices.n_blocks;
        int fds[DEVICES_MAX];
        int r;

        if (n == 0)
                return 0;
        start->block_fds = reallocarray(NULL, n, sizeof(*start->block_fds));
        if (!start->block_fds)
                return -ENOMEM;
        r = blocks_open(unikernel, fds, &start->fault);
        if (r < 0)
                return r;
        memcpy(start->block_fds, fds, n * sizeof(*fds));
        start->n_block_fds = n;
        return 0;
}

/* --- what is brought to the tender --- */

static void on_tap_made(void *userdata, TapAnswer *answer) {
        StartTap *tap = userdata;
        Start *start = tap->start;
        Fault *fault = start_fault(start);

        if (answer->error >= 0) {
                tap->fd = TAKE_FD(answer->fd);
                strcpy(start->tap_names[tap - start->taps].text, answer->name);
        } else if (fault)
                *fault = answer->fault;
        start_pending_done(start, answer->error);
}

static int make_taps(Start *start) {
        Unikernel *unikernel = start->unikernel;
        const Devices *devices = &unikernel->config.devices;
        int r;

        if (devices->n_nets == 0)
                return 0;
        start->taps = calloc(devices->n_nets, sizeof(*start->taps));
        start->tap_names = calloc(devices->n_nets, sizeof(*start->tap_names));
        if (!start->taps || !start->tap_names)
                return -ENOMEM;
        for (size_t i = 0; i < devices->n_nets; i++) {
                const Net *net = &devices->nets[i];

                start->taps[i] = (StartTap){.start = start, .fd = -1};
                start->n_taps = i + 1;
                strcpy(start->tap_names[i].guest, net->guest);
                r = network_make_tap(unikernel->manager->network,
                                     &(const TapOrder){
                                             .unikernel = unikernel->name.text,
                                             .bridge = net->bridge.text,
                                             .mac = net->mac,
                                             .uid = unikernel->run->uid,
                                             .persistent = start->taps_persist,
                                             .isolated = net->isolated,
                                             .unlocked = net->unlocked,
                                     },
                                     on_tap_made, &start->taps[i]);
                if (r < 0)
                        return fault_set(start_fault(start), FAULT_FAILED,
                                         "albatross-network can't be reached: %s", strerror(-r));
                start->n_pending++;
        }
        return 0;
}

static void on_granted(void *userdata, int r, const Fault *fault) {
        Start *start = userdata;
        Fault *told = start_fault(start);

        if (r < 0 && told)
                *told = *fault;
        start_pending_done(start, r);
}

int start_bring_devices(Start *start) {
        Unikernel *unikernel = start->unikernel;
        int r;

        /* Whom they are for is known when its tender is forked, how they come to it when that one
         * is chosen: whichever is later. */
        if (!start->with_run || !unikernel->run || !start->tender || start->brings_devices)
                return 0;
        start->brings_devices = true;
        start->taps_persist = !tender_kind_takes_descriptors(start->tender->kind);
        if (start->taps_persist && start->n_block_fds > 0) {
                r = blocks_grant(unikernel, unikernel->run->uid, on_granted, start);
                if (r < 0)
                        return r;
                start->n_pending += r > 0;
        }
        return make_taps(start);
}

/* --- and afterwards --- */

void start_close_devices(Start *start) {
        for (size_t i = 0; i < start->n_taps; i++)
                start->taps[i].fd = fd_close(start->taps[i].fd);
        for (size_t i = 0; i < start->n_block_fds; i++)
                start->block_fds[i] = fd_close(start->block_fds[i]);
}

void start_drop_devices(Start *start) {
        Manager *manager = start->unikernel->manager;

        for (size_t i = 0; i < start->n_taps; i++) {
                const TapName *name = &start->tap_names[i];

                if (start->taps[i].fd >= 0)
                        tap_discard(manager, TAKE_FD(start->taps[i].fd), name);
                else if (start->taps_persist && !start->taps_handed && name->text[0] != '\0')
                        taps_remove(manager, name, 1, start->uid_hold);
        }
        start_close_devices(start);
        blocks_close(start->unikernel, start->uid_hold);
        uid_hold_drop(TAKE_PTR(start->uid_hold), 0);
}
