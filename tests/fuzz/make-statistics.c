/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "make-seeds.h"
#include "statistics/wire.h"

static void write_samples(const char *name, unsigned char n, uint32_t target, const char *tap) {
        const StatisticsSample samples[] = {
                {.target = 0, .figures = {.present = 1, .values = {1}}},
                {.target = target, .n_interfaces = 1, .n_counters = 1},
        };
        StatisticsInterface interface = {.bridge = "br0", .present = 3};
        const StatisticsCounter counter = {.name = "exits", .value = 1};

        memcpy(interface.name, tap, strlen(tap));
        seed_clear();
        seed_add(&n, 1);
        seed_add(samples, sizeof(samples));
        seed_add(&interface, sizeof(interface));
        seed_add(&counter, sizeof(counter));
        seed_write(name);
}

void make_statistics(void) {
        write_samples("statistics-samples/accepted/two", 2, 1, "alb1");
        write_samples("statistics-samples/accepted/not-all", 2, 2, "alb1");
        write_samples("statistics-samples/refused/one-too-few", 1, 1, "alb1");
        write_samples("statistics-samples/refused/one-too-many", 3, 1, "alb1");
        write_samples("statistics-samples/refused/twice", 2, 0, "alb1");
        write_samples("statistics-samples/refused/unasked", 2, 3, "alb1");
        write_samples("statistics-samples/refused/unnamed", 2, 1, "");
        write_samples("statistics-samples/refused/unterminated", 2, 1, "alb1234567890123");
}
