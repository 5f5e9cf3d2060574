/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Why the tender does not run something: one sentence for whoever started it. Nothing is printed
 * where a refusal is found; main() prints it, once.
 */

typedef struct Refusal {
        char sentence[256];
} Refusal;

/* Notes the sentence and returns -EINVAL, so that a caller can refuse in one line. */
int refusal_set(Refusal *refusal, const char *format, ...)
        __attribute__((__format__(printf, 2, 3)));
