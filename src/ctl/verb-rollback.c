/* SPDX-License-Identifier: ISC */

/* rollback NAME */

#include "ctl/change.h"
#include "ctl/verb.h"

int verb_rollback(const Options *options, Fault *fault) {
        static const Change change = {.method = "RollbackUnikernel", .verb = "rollback"};

        return change_run(&change, options, fault);
}
