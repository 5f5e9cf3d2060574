/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/usage.h"

void usage_clear(Usage *usage) {
        free(usage->cpu_counts);
        free(usage->bridge_counts);
        bridges_clear(&usage->bridges);
        *usage = (Usage){};
}

static int make_room_for_cpus(Usage *usage, const Cpus *cpus) {
        size_t n_words = CPUS_MAX / 64;
        uint32_t *larger;

        while (n_words > 0 && cpus->words[n_words - 1] == 0)
                n_words--;
        if (n_words * 64 <= usage->n_cpu_counts)
                return 0;

        larger = reallocarray(usage->cpu_counts, n_words * 64, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        memset(larger + usage->n_cpu_counts, 0,
               (n_words * 64 - usage->n_cpu_counts) * sizeof(*larger));
        usage->cpu_counts = larger;
        usage->n_cpu_counts = n_words * 64;
        return 0;
}

static int make_room_for_bridges(Usage *usage, const Bridges *bridges) {
        size_t room = usage->bridges.n + bridges->n;
        BridgeName *names;
        uint32_t *counts;

        if (room <= usage->bridges_room)
                return 0;

        names = reallocarray(usage->bridges.names, room, sizeof(*names));
        if (!names)
                return -ENOMEM;
        usage->bridges.names = names;
        counts = reallocarray(usage->bridge_counts, room, sizeof(*counts));
        if (!counts)
                return -ENOMEM;
        usage->bridge_counts = counts;
        usage->bridges_room = room;
        return 0;
}

int usage_make_room(Usage *usage, const Share *share) {
        uint64_t sum;
        uint32_t n;
        int r;

        if (__builtin_add_overflow(usage->n_unikernels, share->n_unikernels, &n) ||
            __builtin_add_overflow(usage->memory_bytes, share->memory_bytes, &sum) ||
            __builtin_add_overflow(usage->block_bytes, share->block_bytes, &sum))
                return -ERANGE;
        r = make_room_for_cpus(usage, &share->cpus);
        if (r < 0)
                return r;
        return make_room_for_bridges(usage, &share->bridges);
}

static void count_cpus(Usage *usage, const Cpus *cpus, uint32_t step) {
        for (size_t i = 0; i < CPUS_MAX / 64; i++)
                for (uint64_t rest = cpus->words[i]; rest; rest &= rest - 1) {
                        size_t id = i * 64 + (size_t) __builtin_ctzll(rest);

                        assert(id < usage->n_cpu_counts);
                        usage->cpu_counts[id] += step;
                }
}

static void add_bridge(Usage *usage, const BridgeName *name) {
        Bridges *bridges = &usage->bridges;
        size_t i = bridges_position(bridges, name->text), n_behind = bridges->n - i;

        if (n_behind == 0 || strcmp(bridges->names[i].text, name->text) != 0) {
                assert(bridges->n < usage->bridges_room);
                memmove(bridges->names + i + 1, bridges->names + i,
                        n_behind * sizeof(*bridges->names));
                memmove(usage->bridge_counts + i + 1, usage->bridge_counts + i,
                        n_behind * sizeof(*usage->bridge_counts));
                bridges->names[i] = *name;
                usage->bridge_counts[i] = 0;
                bridges->n++;
        }
        usage->bridge_counts[i]++;
}

static void subtract_bridge(Usage *usage, const BridgeName *name) {
        Bridges *bridges = &usage->bridges;
        size_t i = bridges_position(bridges, name->text), n_behind;

        assert(i < bridges->n && strcmp(bridges->names[i].text, name->text) == 0);
        if (--usage->bridge_counts[i] > 0)
                return;
        n_behind = --bridges->n - i;
        memmove(bridges->names + i, bridges->names + i + 1, n_behind * sizeof(*bridges->names));
        memmove(usage->bridge_counts + i, usage->bridge_counts + i + 1,
                n_behind * sizeof(*usage->bridge_counts));
}

void usage_add(Usage *usage, const Share *share) {
        usage->n_unikernels += share->n_unikernels;
        usage->memory_bytes += share->memory_bytes;
        usage->block_bytes += share->block_bytes;
        count_cpus(usage, &share->cpus, 1);
        for (size_t i = 0; i < share->bridges.n; i++)
                add_bridge(usage, &share->bridges.names[i]);
}

void usage_subtract(Usage *usage, const Share *share) {
        assert(usage->n_unikernels >= share->n_unikernels);
        assert(usage->memory_bytes >= share->memory_bytes);
        assert(usage->block_bytes >= share->block_bytes);

        usage->n_unikernels -= share->n_unikernels;
        usage->memory_bytes -= share->memory_bytes;
        usage->block_bytes -= share->block_bytes;
        count_cpus(usage, &share->cpus, (uint32_t) -1);
        for (size_t i = 0; i < share->bridges.n; i++)
                subtract_bridge(usage, &share->bridges.names[i]);
}

Policy usage_as_policy(const Usage *usage) {
        Policy policy = {
                .n_unikernels = usage->n_unikernels,
                .allows_block = usage->block_bytes > 0,
                .memory_bytes = usage->memory_bytes,
                .block_bytes = usage->block_bytes,
                .bridges = usage->bridges,
        };

        for (size_t id = 0; id < usage->n_cpu_counts; id++)
                if (usage->cpu_counts[id] > 0)
                        cpus_add(&policy.cpus, (unsigned) id);
        return policy;
}
