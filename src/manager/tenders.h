/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The tenders of this host. They are looked for in our own folder and in those of TenderPath, and
 * again whenever one is needed: a look costs some stat() calls. One that is new, or not the file
 * any more that it was, is opened and asked for its --version by a probe; what it said is kept as
 * long as it stays that file, and it is started through the descriptor that was asked.
 */

#include "base/list.h"
#include "domain/tender.h"
#include "manager/manager-internal.h"

/* Shared by all who are about to start it, whatever becomes of its file meanwhile. */
struct Tender {
        unsigned n_refs;
        TenderKind kind;
        uint32_t abi_version; /* once it has said so */
        int fd;
        char path[];
};

Tender *tender_ref(Tender *tender);
Tender *tender_unref(Tender *tender);

int tenders_new(Tenders **ret, Manager *manager);
Tenders *tenders_free(Tenders *tenders);

/* Asks all that were not asked yet. 0 when none has to be waited for, else -EAGAIN. */
int tenders_ask_all(Tenders *tenders);

/* The one for an image; the caller owns a reference. -EAGAIN: one has to be asked first; wait, and
 * try again. */
int tenders_choose(Tenders *tenders,
                   uint32_t target,
                   uint32_t abi_version,
                   Tender **ret,
                   Fault *fault);

/* Called once, when one of those that are being asked is known. */
typedef struct TenderWait {
        ListLink link;
        void (*again)(void *userdata);
        void *userdata;
} TenderWait;

void tenders_wait(Tenders *tenders, TenderWait *wait);
