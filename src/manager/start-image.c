/* SPDX-License-Identifier: ISC */

/* The image of a start, and the tender that is to run it. */

#include <errno.h>

#include "base/cleanup.h"
#include "host/tender.h"
#include "manager/intake.h"
#include "manager/start.h"

static int use_tender(Start *start) {
        Unikernel *unikernel = start->unikernel;
        int r;

        if (start->with_run && tender_kind_target(start->tender->kind) == TENDER_TARGET_HVT) {
                r = kvm_group(&start->gid, &start->fault);
                if (r < 0)
                        return r;
        }
        r = unikernel_set_tender(unikernel, start->tender->path,
                                 tender_kind_shows_arguments(start->tender->kind));
        if (r < 0)
                return r;
        r = start_widen_scope(start);
        if (r < 0)
                return r;
        r = start_bring_devices(start);
        if (r < 0)
                return r;
        /* unikernel_settle() comes back here when it is on disk. */
        return start->creating ? record_save_wish(unikernel) : 0;
}

static void choose_again(void *userdata);

int start_choose_tender(Start *start) {
        Unikernel *unikernel = start->unikernel;
        Tenders *tenders = unikernel->manager->tenders;
        int r;

        r = tenders_choose(tenders, unikernel->image.target, unikernel->image.abi_version,
                           &start->tender, &start->fault);
        if (r >= 0)
                return use_tender(start);
        if (r != -EAGAIN)
                return r;
        start->tender_wait = (TenderWait){.again = choose_again, .userdata = start};
        tenders_wait(tenders, &start->tender_wait);
        start->n_pending++;
        return 0;
}

static void choose_again(void *userdata) {
        Start *start = userdata;

        start_pending_done(start, start->r == 0 ? start_choose_tender(start) : 0);
}

static void on_taken_in(void *userdata, int r, const Fault *fault, IntakeResult *result) {
        Start *start = userdata;
        Unikernel *unikernel = start->unikernel;

        if (r < 0)
                start->fault = start->r == 0 ? *fault : start->fault;
        else {
                unikernel->image = result->info;
                unikernel->image_hold = TAKE_PTR(result->hold);
                start->image_fd = TAKE_FD(result->image_fd);
                if (start->r == 0)
                        r = start_match_devices(start, &result->notes);
                if (start->r == 0 && r == 0)
                        r = start_choose_tender(start);
        }
        start_pending_done(start, r);
}

int start_take_in(Start *start, const StartOrder *order) {
        int r;

        r = intake_start(start->unikernel->manager,
                         &(const IntakeOrder){.name = &start->unikernel->name,
                                              .client_fd = order->image_fd,
                                              .is_delegated = order->is_delegated},
                         on_taken_in, start);
        if (r >= 0)
                start->n_pending++;
        return r;
}

int start_open_image(Start *start) {
        int fd = image_open(start->unikernel, &start->unikernel->image, &start->fault);

        if (fd < 0)
                return fd;
        start->image_fd = fd;
        return 0;
}
