/* SPDX-License-Identifier: ISC */
#pragma once

#include <stdio.h>

/* A line as the journal takes its priority from, "<4>text". */
#define say(level, format, ...)                                                                    \
        ((void) fprintf(stderr, "<%d>" format "\n", level __VA_OPT__(, ) __VA_ARGS__))
