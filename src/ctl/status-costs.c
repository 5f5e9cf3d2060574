/* SPDX-License-Identifier: ISC */

/* What one unikernel costs. What the kernel does not count is not shown. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/device-word.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/properties.h"
#include "ctl/status.h"

#define DISK_WORDS_MAX (HUMAN_MAX + 16)

/* The first of two figures that there is: that of the control group, else of its process. */
static bool figure(const json_t *figures, const char *key, const char *other, uint64_t *ret) {
        if (!json_object_get(figures, key))
                key = other;
        if (!key || !json_object_get(figures, key))
                return false;
        *ret = properties_number(figures, key);
        return true;
}

static void print_cpu(const json_t *figures) {
        const json_t *percent = json_object_get(figures, "CPUPercent");
        char used[HUMAN_MAX + 1], held[HUMAN_MAX + 1], of_one[64] = "";
        uint64_t used_usec, held_usec = 0;

        if (!figure(figures, "CPUUsageUSec", "RuntimeUSec", &used_usec))
                return;
        human_span(used_usec, used);
        if (percent)
                snprintf(of_one, sizeof(of_one), ", %.1f%% of one since its start",
                         json_number_value(percent));
        (void) figure(figures, "CPUThrottledUSec", NULL, &held_usec);
        human_span(held_usec, held);
        status_row("CPU time", "%s%s%s%s", used, of_one, held_usec >= 1000 ? ", held up for " : "",
                   held_usec >= 1000 ? held : "");
}

static void print_memory(const json_t *figures) {
        char used[HUMAN_MAX + 1], most[HUMAN_MAX + 1] = "", kills[64] = "";
        uint64_t used_bytes, most_bytes, n_kills;

        if (!figure(figures, "MemoryCurrentBytes", "RssBytes", &used_bytes))
                return;
        human_size(used_bytes, used);
        if (figure(figures, "MemoryPeakBytes", "MaxrssBytes", &most_bytes))
                human_size(most_bytes, most);
        if (figure(figures, "MemoryEventsOOMKill", NULL, &n_kills) && n_kills > 0)
                snprintf(kills, sizeof(kills), "; it ran out %llu times",
                         (unsigned long long) n_kills);
        status_row("In use", "%s%s%s%s", used, most[0] ? ", at most " : "", most, kills);
}

/* "4K read"; "" where nobody knows. */
static uint64_t disk_words(const json_t *figures,
                           const char *key,
                           const char *blocks_key,
                           const char *verb,
                           char ret[static DISK_WORDS_MAX + 1]) {
        char size[HUMAN_MAX + 1];
        uint64_t n_bytes;

        ret[0] = '\0';
        if (!figure(figures, key, blocks_key, &n_bytes))
                return 0;
        if (!json_object_get(figures, key))
                n_bytes *= 512;
        human_size(n_bytes, size);
        snprintf(ret, DISK_WORDS_MAX + 1, "%s %s", size, verb);
        return n_bytes;
}

static void print_disk(const json_t *figures) {
        char read[DISK_WORDS_MAX + 1], written[DISK_WORDS_MAX + 1];
        uint64_t n_read = disk_words(figures, "IOReadBytes", "InblockBlocks", "read", read);
        uint64_t n_written =
                disk_words(figures, "IOWriteBytes", "OutblockBlocks", "written", written);

        if (n_read > 0 || n_written > 0)
                status_row("Disk", "%s%s%s", read, read[0] && written[0] ? ", " : "", written);
}

void report_print_costs(const Report *report) {
        print_cpu(report->statistics);
        print_memory(report->statistics);
        print_disk(report->statistics);
}

/* The tap that is behind the guest's network of that name. */
static const json_t *find_interface(const Report *report, const char *device) {
        const json_t *interfaces = json_object_get(report->statistics, "Interfaces"), *interface;
        size_t i;

        json_array_foreach(interfaces, i, interface) {
                if (device && strcmp(properties_string(interface, "Device"), device) == 0)
                        return interface;
        }
        return NULL;
}

static void print_way(const json_t *interface,
                      const char *bytes_key,
                      const char *packets_key,
                      const char *verb) {
        char size[HUMAN_MAX + 1];
        uint64_t n;

        if (!figure(interface, bytes_key, NULL, &n))
                return;
        human_size(n, size);
        printf(", %s %s", size, verb);
        if (figure(interface, packets_key, NULL, &n))
                printf(" in %llu packets", (unsigned long long) n);
}

/* The host's interface has as input what the guest has sent. */
static void print_traffic(const json_t *interface) {
        uint64_t n_lost = properties_number(interface, "InputDropped") +
                          properties_number(interface, "InputErrors") +
                          properties_number(interface, "OutputDropped") +
                          properties_number(interface, "OutputErrors");

        printf(" (%s", properties_string(interface, "Interface"));
        print_way(interface, "OutputBytes", "OutputPackets", "received");
        print_way(interface, "InputBytes", "InputPackets", "sent");
        if (n_lost > 0)
                printf(", %llu lost", (unsigned long long) n_lost);
        putchar(')');
}

/* With the right to inspect it, as it was configured; else as far as statistics tell. */
void report_print_networks(const Report *report) {
        const json_t *nets = json_object_get(report->private, "Nets"), *interfaces, *net;
        char word[DEVICE_WORD_SIZE];
        size_t i;

        json_array_foreach(nets, i, net) {
                const json_t *interface =
                        find_interface(report, json_string_value(json_array_get(net, 0)));

                if (!device_word(net, word))
                        continue;
                printf("%12s: ", i == 0 ? "Networks" : "");
                escape_write(stdout, word, strlen(word), ESCAPE_LINE);
                if (interface)
                        print_traffic(interface);
                putchar('\n');
        }
        interfaces = report->private ? NULL : json_object_get(report->statistics, "Interfaces");
        json_array_foreach(interfaces, i, net) {
                const char *device = properties_string(net, "Device");

                printf("%12s: ", i == 0 ? "Networks" : "");
                escape_write(stdout, device, strlen(device), ESCAPE_LINE);
                print_traffic(net);
                putchar('\n');
        }
}
