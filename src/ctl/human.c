/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "ctl/human.h"

void human_size(uint64_t bytes, char ret[static HUMAN_MAX + 1]) {
        static const char units[] = "BKMGTPE";
        unsigned unit = 0;
        uint64_t tenths;

        while (unit + 2 < sizeof(units) && bytes >> (10 * (unit + 1)))
                unit++;
        if (bytes % (UINT64_C(1) << (10 * unit)) == 0) {
                snprintf(ret, HUMAN_MAX + 1, "%llu%c", (unsigned long long) (bytes >> (10 * unit)),
                         units[unit]);
                return;
        }

        /* Rounded down, so that nothing looks larger than it is. */
        tenths = (bytes >> (10 * (unit - 1))) * 10 / 1024;
        snprintf(ret, HUMAN_MAX + 1, "%llu.%llu%c", (unsigned long long) tenths / 10,
                 (unsigned long long) tenths % 10, units[unit]);
}

void human_span(uint64_t usec, char ret[static HUMAN_MAX + 1]) {
        static const struct {
                uint64_t usec;
                const char *name;
        } units[] = {
                {UINT64_C(604800000000), "w"},
                {UINT64_C(86400000000), "d"},
                {UINT64_C(3600000000), "h"},
                {60000000, "min"},
                {1000000, "s"},
                {1000, "ms"},
        };

        for (size_t i = 0; i < N_ELEMENTS(units); i++) {
                uint64_t second;

                if (usec < units[i].usec)
                        continue;
                second = i + 1 < N_ELEMENTS(units) ? usec % units[i].usec / units[i + 1].usec : 0;
                /* Milliseconds matter below a second only. */
                if (second == 0 || units[i].usec <= 1000000)
                        snprintf(ret, HUMAN_MAX + 1, "%llu%s",
                                 (unsigned long long) (usec / units[i].usec), units[i].name);
                else
                        snprintf(ret, HUMAN_MAX + 1, "%llu%s %llu%s",
                                 (unsigned long long) (usec / units[i].usec), units[i].name,
                                 (unsigned long long) second, units[i + 1].name);
                return;
        }
        snprintf(ret, HUMAN_MAX + 1, "0s");
}

void human_time(uint64_t usec, char ret[static HUMAN_MAX + 1]) {
        time_t sec = (time_t) (usec / 1000000);
        struct tm local;

        if (!localtime_r(&sec, &local) ||
            strftime(ret, HUMAN_MAX + 1, "%a %Y-%m-%d %H:%M:%S %Z", &local) == 0)
                snprintf(ret, HUMAN_MAX + 1, "@%llu", (unsigned long long) sec);
}

uint64_t human_now(void) {
        return clock_usec(CLOCK_REALTIME);
}
