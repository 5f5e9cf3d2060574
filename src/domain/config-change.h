/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A change of a configuration: what is given replaces what was there, lists as a whole, and what
 * is not stays. A new unikernel is a change of what one has when nothing is said.
 */

#include "domain/config.h"

typedef enum ConfigField {
        CONFIG_MEMORY,
        CONFIG_CPUS,
        CONFIG_ADD_NAME,
        CONFIG_ARGUMENTS,
        CONFIG_NETS,
        CONFIG_BLOCKS,
        CONFIG_RESTART,
        CONFIG_RESTART_CODES,
        CONFIG_STARTUP,
        CONFIG_N_FIELDS,
} ConfigField;

typedef struct ConfigChange {
        bool given[CONFIG_N_FIELDS];
        Config values;
} ConfigChange;

/* What @old, NULL for a new unikernel, becomes; it is not checked. The caller clears *@ret, which
 * is filled on success only and shares nothing with the others. */
int config_change_apply(const ConfigChange *change, const Config *old, Config *ret, Fault *fault);
