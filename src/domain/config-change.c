/* SPDX-License-Identifier: ISC */

#include "base/cleanup.h"
#include "domain/config-change.h"
#include "domain/startup.h"

static const Config defaults = {
        .memory_bytes = CONFIG_MEMORY_DEFAULT,
        .startup = STARTUP_DEFAULT,
};

/* A device of both lists has a name that no other has, so they are put together anew. */
static int apply_devices(const ConfigChange *change,
                         const Config *old,
                         Devices *ret,
                         Fault *fault) {
        const Devices *nets = &(change->given[CONFIG_NETS] ? &change->values : old)->devices;
        const Devices *blocks = &(change->given[CONFIG_BLOCKS] ? &change->values : old)->devices;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < nets->n_nets; i++)
                r = devices_add_net(ret, &nets->nets[i], fault);
        for (size_t i = 0; r >= 0 && i < blocks->n_blocks; i++)
                r = devices_add_block(ret, &blocks->blocks[i], fault);
        return r;
}

static int apply_arguments(const ConfigChange *change, const Config *old, Strings *ret) {
        const Config *from = change->given[CONFIG_ARGUMENTS] ? &change->values : old;
        int r = 0;

        for (const char *text = NULL; r >= 0 && (text = strings_next(&from->arguments, text));)
                r = strings_append(ret, text);
        return r;
}

int config_change_apply(const ConfigChange *change, const Config *old, Config *ret, Fault *fault) {
        _cleanup_(config_clear) Config config = {};
        const Config *values = &change->values;
        const bool *given = change->given;
        int r;

        if (!old)
                old = &defaults;
        r = apply_devices(change, old, &config.devices, fault);
        if (r >= 0)
                r = apply_arguments(change, old, &config.arguments);
        if (r < 0)
                return r;
        config.memory_bytes = given[CONFIG_MEMORY] ? values->memory_bytes : old->memory_bytes;
        config.cpus = given[CONFIG_CPUS] ? values->cpus : old->cpus;
        config.add_name = given[CONFIG_ADD_NAME] ? values->add_name : old->add_name;
        config.startup = given[CONFIG_STARTUP] ? values->startup : old->startup;
        config.restart.restarts =
                given[CONFIG_RESTART] ? values->restart.restarts : old->restart.restarts;
        if (given[CONFIG_RESTART_CODES])
                config.restart.codes = values->restart.codes;
        else if (config.restart.restarts)
                config.restart.codes = old->restart.codes;

        *ret = config;
        config = (Config){};
        return 0;
}
