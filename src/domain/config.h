/* SPDX-License-Identifier: ISC */
#pragma once

/* What a unikernel is to be given, and the command lines that follow from it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/cpus.h"
#include "domain/devices.h"
#include "domain/fault.h"
#include "domain/name.h"
#include "domain/restart.h"

#define CONFIG_MEMORY_DEFAULT (32ULL << 20) /* bytes */
#define CONFIG_MEMORY_MIN     (1ULL << 20)  /* bytes */

/* spt_abi.h of Solo5: 8192 with the NUL, arguments joined by one space each. */
#define CONFIG_ARGUMENTS_MAX 8191U

/* Strings one after the other, each with its NUL: as a memfd carries them. */
typedef struct Strings {
        char *data;
        size_t size;
} Strings;

typedef struct Config {
        uint64_t memory_bytes; /* a multiple of 1 MiB */
        Cpus cpus;             /* empty: all that are allowed */
        bool add_name;         /* the guest gets --name=LABEL first */
        Strings arguments;
        Devices devices;
        RestartRule restart;
        uint32_t startup; /* see startup.h */
} Config;

/* Appends @text. */
int strings_append(Strings *strings, const char *text);
void strings_clear(Strings *strings);

/* The next string after @previous, the first one for NULL; NULL at the end. */
const char *strings_next(const Strings *strings, const char *previous);

/* Is it one that could be, were there no limits? Those are asked by domain/claim.h. */
int config_check(const Config *config, const Name *name, Fault *fault);

/* A deep copy. */
int config_copy(Config *ret, const Config *config);
void config_clear(Config *config);

/* The guest's arguments, --name=LABEL included where it is wanted. The caller owns @ret->data. */
int config_guest_arguments(Strings *ret, const Config *config, const Name *name);
