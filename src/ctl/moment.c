/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "ctl/moment.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* "5min", "90s", "1h", "2d": one number and its unit; a bare number is seconds. */
static int span_parse(const char *text, uint64_t *ret) {
        static const struct {
                const char *name;
                uint64_t sec;
        } units[] = {
                {"", 1},          {"s", 1},          {"sec", 1},      {"m", 60},
                {"min", 60},      {"h", 3600},       {"hour", 3600},  {"hours", 3600},
                {"d", 86400},     {"day", 86400},    {"days", 86400}, {"w", 604800},
                {"week", 604800}, {"weeks", 604800},
        };
        size_t n_digits = strspn(text, "0123456789");
        char digits[21];
        uint64_t value;

        if (n_digits == 0 || n_digits >= sizeof(digits))
                return -EINVAL;
        memcpy(digits, text, n_digits);
        digits[n_digits] = '\0';
        if (number_parse(digits, UINT32_MAX, &value) < 0)
                return -EINVAL;

        for (size_t i = 0; i < N_ELEMENTS(units); i++)
                if (strcmp(text + n_digits, units[i].name) == 0) {
                        *ret = value * units[i].sec * USEC_PER_SEC;
                        return 0;
                }
        return -EINVAL;
}

static int local_to_usec(struct tm *local, uint64_t *ret) {
        time_t sec;

        /* Whether it is summer time then is for the zone to say. */
        local->tm_isdst = -1;
        sec = mktime(local);
        if (sec < 0)
                return -EINVAL;
        *ret = (uint64_t) sec * USEC_PER_SEC;
        return 0;
}

/* A date, a time or both; without a date it is today, without a time midnight. */
static int date_parse(const char *text, const struct tm *today, uint64_t *ret) {
        static const char *const formats[] = {
                "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
                "%Y-%m-%d",          "%H:%M:%S",          "%H:%M",
        };

        for (size_t i = 0; i < N_ELEMENTS(formats); i++) {
                struct tm local = {
                        .tm_year = today->tm_year,
                        .tm_mon = today->tm_mon,
                        .tm_mday = today->tm_mday,
                };
                const char *end = strptime(text, formats[i], &local);

                if (end && *end == '\0')
                        return local_to_usec(&local, ret);
        }
        return -EINVAL;
}

int moment_parse(const char *text, uint64_t now_usec, uint64_t *ret) {
        time_t now_sec = (time_t) (now_usec / USEC_PER_SEC);
        struct tm today;
        uint64_t value;

        if (!localtime_r(&now_sec, &today))
                return -EINVAL;

        if (strcmp(text, "now") == 0) {
                *ret = now_usec;
                return 0;
        }
        if (strcmp(text, "today") == 0 || strcmp(text, "yesterday") == 0) {
                struct tm midnight = {
                        .tm_year = today.tm_year,
                        .tm_mon = today.tm_mon,
                        .tm_mday = today.tm_mday - (text[0] == 'y'),
                };

                return local_to_usec(&midnight, ret);
        }
        if (text[0] == '@') {
                if (number_parse(text + 1, UINT64_MAX / USEC_PER_SEC, &value) < 0)
                        return -EINVAL;
                *ret = value * USEC_PER_SEC;
                return 0;
        }
        if (text[0] == '-') {
                if (span_parse(text + 1, &value) < 0 || value > now_usec)
                        return -EINVAL;
                *ret = now_usec - value;
                return 0;
        }
        return date_parse(text, &today, ret);
}
