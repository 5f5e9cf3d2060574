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
        uint64_t used_usec, held_usec;
        char used[HUMAN_MAX + 1], held[HUMAN_MAX + 1];

        if (!figure(figures, "CPUUsageUSec", "RuntimeUSec", &used_usec))
                return;
        human_span(used_usec, used);
        human_span(figure(figures, "CPUThrottledUSec", NULL, &held_usec) ? held_usec : 0, held);
        status_row("CPU time", "%s (%.1f%% of one since its start%s%s)", used,
                   json_number_value(json_object_get(figures, "CPUPercent")),
                   strcmp(held, "0s") == 0 ? "" : ", held up for ",
                   strcmp(held, "0s") == 0 ? "" : held);
}

static void print_memory(const json_t *figures) {
        char used[HUMAN_MAX + 1], most[HUMAN_MAX + 1];
        uint64_t used_bytes, most_bytes, n_kills;

        if (!figure(figures, "MemoryCurrentBytes", "RssBytes", &used_bytes))
                return;
        human_size(used_bytes, used);
        human_size(figure(figures, "MemoryPeakBytes", "MaxrssBytes", &most_bytes) ? most_bytes
                                                                                  : used_bytes,
                   most);
        if (figure(figures, "MemoryEventsOOMKill", NULL, &n_kills) && n_kills > 0)
                status_row("In use", "%s, at most %s; it ran out %llu times", used, most,
                           (unsigned long long) n_kills);
        else
                status_row("In use", "%s, at most %s", used, most);
}

static void print_disk(const json_t *figures) {
        char read[HUMAN_MAX + 1], written[HUMAN_MAX + 1];
        uint64_t read_bytes = 0, written_bytes = 0, n_blocks;

        if (!figure(figures, "IOReadBytes", NULL, &read_bytes) &&
            figure(figures, "InblockBlocks", NULL, &n_blocks))
                read_bytes = n_blocks * 512;
        if (!figure(figures, "IOWriteBytes", NULL, &written_bytes) &&
            figure(figures, "OutblockBlocks", NULL, &n_blocks))
                written_bytes = n_blocks * 512;
        if (read_bytes == 0 && written_bytes == 0)
                return;
        human_size(read_bytes, read);
        human_size(written_bytes, written);
        status_row("Disk", "%s read, %s written", read, written);
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

/* The host's interface has as input what the guest has sent. */
static void print_traffic(const json_t *interface) {
        uint64_t n_lost = properties_number(interface, "InputDropped") +
                          properties_number(interface, "InputErrors") +
                          properties_number(interface, "OutputDropped") +
                          properties_number(interface, "OutputErrors");
        char received[HUMAN_MAX + 1], sent[HUMAN_MAX + 1];

        human_size(properties_number(interface, "OutputBytes"), received);
        human_size(properties_number(interface, "InputBytes"), sent);
        printf(" (%s, %s received in %llu packets, %s sent in %llu",
               properties_string(interface, "Interface"), received,
               (unsigned long long) properties_number(interface, "OutputPackets"), sent,
               (unsigned long long) properties_number(interface, "InputPackets"));
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
