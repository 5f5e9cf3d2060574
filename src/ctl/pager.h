/* SPDX-License-Identifier: ISC */
#pragma once

/* Long output on a terminal goes through a pager, as $SYSTEMD_PAGER or $PAGER say, or less. */

#include <sys/types.h>

#include "ctl/options.h"

typedef pid_t Pager;

#define PAGER_NONE ((Pager) -1)

/* From here on stdout is the pager's input. PAGER_NONE where stdout is no terminal, where none is
 * wanted, or none is there. Decide about colours before. */
Pager pager_start(const Options *options);

/* Ends stdout and waits until the reader has enough. */
void pager_stop(Pager *pager);
