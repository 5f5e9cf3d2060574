/* SPDX-License-Identifier: ISC */
#pragma once

/* From now on this process reads files and writes to the descriptors that it has: it opens nothing
 * to write, connects to nobody, starts nothing. What it reads was written by guests. */
int console_confine(void);
