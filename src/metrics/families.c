/* SPDX-License-Identifier: ISC */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "metrics/families.h"

#define GAUGE   FAMILY_GAUGE
#define COUNTER FAMILY_COUNTER

/* The first ones are of ListUnikernels(), the others of GetStatistics(), in its order. */
static const Family of_unikernel[] = {
        {"StateChangeTimestamp", "state_change_timestamp_seconds", GAUGE, "seconds", SCALE_USEC,
         "When it came into its state."},
        {"Memory", "memory_assigned_bytes", GAUGE, "bytes", SCALE_ONE, "Memory of the guest."},
        {"CPUs", "cpus_assigned", GAUGE, NULL, SCALE_ONE,
         "CPUs that it was given; none: all that are allowed."},
        {"Restarts", "restarts", COUNTER, NULL, SCALE_ONE,
         "How often it was started again by itself."},
        {"StartTimestamp", "start_timestamp_seconds", GAUGE, "seconds", SCALE_USEC,
         "When its tender was started."},
        {"CPUPercent", "cpu_usage_ratio", GAUGE, "ratio", SCALE_PERCENT,
         "CPU time since its start, as a part of one CPU."},
        {"Minflt", "page_faults_minor", COUNTER, NULL, SCALE_ONE,
         "Page faults without reading from disk."},
        {"Majflt", "page_faults_major", COUNTER, NULL, SCALE_ONE,
         "Page faults with reading from disk."},
        {"UtimeUSec", "process_cpu_user_seconds", COUNTER, "seconds", SCALE_USEC,
         "CPU time of its tender as a user."},
        {"StimeUSec", "process_cpu_system_seconds", COUNTER, "seconds", SCALE_USEC,
         "CPU time of its tender in the kernel."},
        {"VsizeBytes", "virtual_memory_bytes", GAUGE, "bytes", SCALE_ONE,
         "Size of its address space."},
        {"MaxrssBytes", "resident_memory_max_bytes", GAUGE, "bytes", SCALE_ONE,
         "Most memory that its tender ever had."},
        {"RssBytes", "resident_memory_bytes", GAUGE, "bytes", SCALE_ONE,
         "Memory that its tender has."},
        {"DsizeBytes", "data_memory_bytes", GAUGE, "bytes", SCALE_ONE,
         "Of its address space, data."},
        {"SsizeBytes", "stack_memory_bytes", GAUGE, "bytes", SCALE_ONE,
         "Of its address space, stack."},
        {"TsizeBytes", "text_memory_bytes", GAUGE, "bytes", SCALE_ONE,
         "Of its address space, text of the tender."},
        {"Nvcsw", "context_switches_voluntary", COUNTER, NULL, SCALE_ONE,
         "Context switches because it waited."},
        {"Nivcsw", "context_switches_involuntary", COUNTER, NULL, SCALE_ONE,
         "Context switches because others had their turn."},
        {"InblockBlocks", "block_input_bytes", COUNTER, "bytes", SCALE_BLOCKS,
         "Read from disk by its tender."},
        {"OutblockBlocks", "block_output_bytes", COUNTER, "bytes", SCALE_BLOCKS,
         "Written to disk by its tender, sooner or later."},
        {"CPUUsageUSec", "cpu_seconds", COUNTER, "seconds", SCALE_USEC, "CPU time."},
        {"CPUUserUSec", "cpu_user_seconds", COUNTER, "seconds", SCALE_USEC, "CPU time as a user."},
        {"CPUSystemUSec", "cpu_system_seconds", COUNTER, "seconds", SCALE_USEC,
         "CPU time in the kernel."},
        {"CPUPeriods", "cpu_periods", COUNTER, NULL, SCALE_ONE, "Periods of a CPU limit."},
        {"CPUThrottledPeriods", "cpu_throttled_periods", COUNTER, NULL, SCALE_ONE,
         "Periods in which it was held up by a CPU limit."},
        {"CPUThrottledUSec", "cpu_throttled_seconds", COUNTER, "seconds", SCALE_USEC,
         "How long it was held up by a CPU limit."},
        {"MemoryCurrentBytes", "memory_bytes", GAUGE, "bytes", SCALE_ONE,
         "Memory that is charged to it."},
        {"MemoryPeakBytes", "memory_peak_bytes", GAUGE, "bytes", SCALE_ONE,
         "Most memory that ever was charged to it."},
        {"MemorySwapCurrentBytes", "memory_swap_bytes", GAUGE, "bytes", SCALE_ONE,
         "Memory of it that is on swap."},
        {"MemoryEventsLow", "memory_low_events", COUNTER, NULL, SCALE_ONE,
         "Memory was taken away below the low limit."},
        {"MemoryEventsHigh", "memory_high_events", COUNTER, NULL, SCALE_ONE,
         "It was held up above the high limit of memory."},
        {"MemoryEventsMax", "memory_max_events", COUNTER, NULL, SCALE_ONE,
         "Its memory limit was reached."},
        {"MemoryEventsOOM", "memory_oom_events", COUNTER, NULL, SCALE_ONE,
         "An allocation was about to fail."},
        {"MemoryEventsOOMKill", "oom_kills", COUNTER, NULL, SCALE_ONE,
         "Killed for lack of memory."},
        {"CPUPressureSomeUSec", "cpu_pressure_some_seconds", COUNTER, "seconds", SCALE_USEC,
         "How long some thread waited for CPU time."},
        {"CPUPressureFullUSec", "cpu_pressure_full_seconds", COUNTER, "seconds", SCALE_USEC,
         "How long all threads waited for CPU time."},
        {"MemoryPressureSomeUSec", "memory_pressure_some_seconds", COUNTER, "seconds", SCALE_USEC,
         "How long some thread waited for memory."},
        {"MemoryPressureFullUSec", "memory_pressure_full_seconds", COUNTER, "seconds", SCALE_USEC,
         "How long all threads waited for memory."},
        {"IOPressureSomeUSec", "io_pressure_some_seconds", COUNTER, "seconds", SCALE_USEC,
         "How long some thread waited for IO."},
        {"IOPressureFullUSec", "io_pressure_full_seconds", COUNTER, "seconds", SCALE_USEC,
         "How long all threads waited for IO."},
        {"IOReadBytes", "io_read_bytes", COUNTER, "bytes", SCALE_ONE, "Read from all devices."},
        {"IOWriteBytes", "io_write_bytes", COUNTER, "bytes", SCALE_ONE, "Written to all devices."},
        {"IOReadOperations", "io_read_operations", COUNTER, NULL, SCALE_ONE,
         "Reads from all devices."},
        {"IOWriteOperations", "io_write_operations", COUNTER, NULL, SCALE_ONE,
         "Writes to all devices."},
        {"IODiscardBytes", "io_discard_bytes", COUNTER, "bytes", SCALE_ONE,
         "Discarded on all devices."},
        {"IODiscardOperations", "io_discard_operations", COUNTER, NULL, SCALE_ONE,
         "Discards on all devices."},
        {"TasksCurrent", "tasks", GAUGE, NULL, SCALE_ONE, "Threads that there are."},
};

/* A tap: input is what came from the guest. */
static const Family of_interface[] = {
        {"Flags", "network_up", GAUGE, NULL, SCALE_IS_UP, "Is the interface up."},
        {"MTUBytes", "network_mtu_bytes", GAUGE, "bytes", SCALE_ONE, "Largest packet."},
        {"MaxSendLengthPackets", "network_max_send_length_packets", GAUGE, NULL, SCALE_ONE,
         "Most packets that wait for the guest."},
        {"LinkSpeedBitsPerSecond", "network_speed_bytes_per_second", GAUGE, "bytes_per_second",
         SCALE_BITS, "Speed that the interface claims."},
        {"InputPackets", "network_input_packets", COUNTER, NULL, SCALE_ONE,
         "Packets from the guest."},
        {"InputBytes", "network_input_bytes", COUNTER, "bytes", SCALE_ONE, "Bytes from the guest."},
        {"InputErrors", "network_input_errors", COUNTER, NULL, SCALE_ONE,
         "Bad packets from the guest."},
        {"InputDropped", "network_input_dropped_packets", COUNTER, NULL, SCALE_ONE,
         "Packets from the guest that the host dropped."},
        {"InputMulticast", "network_input_multicast_packets", COUNTER, NULL, SCALE_ONE,
         "Multicast packets from the guest."},
        {"OutputPackets", "network_output_packets", COUNTER, NULL, SCALE_ONE,
         "Packets to the guest."},
        {"OutputBytes", "network_output_bytes", COUNTER, "bytes", SCALE_ONE, "Bytes to the guest."},
        {"OutputErrors", "network_output_errors", COUNTER, NULL, SCALE_ONE,
         "Packets to the guest that could not be sent."},
        {"OutputDropped", "network_output_dropped_packets", COUNTER, NULL, SCALE_ONE,
         "Packets to the guest that it did not take in time."},
        {"Collisions", "network_collisions", COUNTER, NULL, SCALE_ONE, "Collisions."},
};

static const Family of_host[] = {
        {"NUnikernels", "unikernels", GAUGE, NULL, SCALE_ONE, "Unikernels that there are."},
        {"NRunning", "unikernels_running", GAUGE, NULL, SCALE_ONE, "Unikernels that run."},
        {"Memory", "memory_bytes", GAUGE, "bytes", SCALE_ONE, "Memory of the host."},
        {"MemoryUsed", "memory_assigned_bytes", GAUGE, "bytes", SCALE_ONE,
         "Memory of the unikernels that are neither stopped nor failed."},
        {"DiskSize", "disk_size_bytes", GAUGE, "bytes", SCALE_ONE,
         "Size of the file system of the state directory."},
        {"DiskFree", "disk_free_bytes", GAUGE, "bytes", SCALE_ONE, "What is free there."},
        {"CPUs", "cpus", GAUGE, NULL, SCALE_ONE, "CPUs that unikernels may use."},
        {"Tenders", "tenders", GAUGE, NULL, SCALE_ONE, "Tenders that were found."},
        {"TendersRefused", "tenders_refused", GAUGE, NULL, SCALE_ONE, "Tenders that are not used."},
        {"Quarantine", "quarantine_files", GAUGE, NULL, SCALE_ONE,
         "Files that could not be used and were put aside."},
};

/* systemd's properties of albatrossd.service. */
static const Family of_daemon[] = {
        {"CPUUsageNSec", "cpu_seconds", COUNTER, "seconds", SCALE_NSEC,
         "CPU time of the daemon and its helpers."},
        {"MemoryCurrent", "memory_bytes", GAUGE, "bytes", SCALE_ONE,
         "Memory of the daemon and its helpers."},
        {"TasksCurrent", "tasks", GAUGE, NULL, SCALE_ONE, "Threads of the daemon and its helpers."},
        {"NRestarts", "restarts", COUNTER, NULL, SCALE_ONE,
         "How often systemd has started the daemon again by itself."},
        {"ExecMainStartTimestamp", "start_timestamp_seconds", GAUGE, "seconds", SCALE_USEC,
         "When the daemon was started."},
        {"AnswerUSec", "answer_seconds", GAUGE, "seconds", SCALE_USEC,
         "How long it took to answer for these metrics."},
};

_Static_assert(N_ELEMENTS(of_unikernel) <= FIGURES_MAX, "Figures.present has a bit for each");

const FamilyTable family_tables[N_SUBJECTS] = {
        [OF_UNIKERNEL] = {"albatross_unikernel_", of_unikernel, N_ELEMENTS(of_unikernel)},
        [OF_INTERFACE] = {"albatross_unikernel_", of_interface, N_ELEMENTS(of_interface)},
        [OF_HOST] = {"albatross_host_", of_host, N_ELEMENTS(of_host)},
        [OF_DAEMON] = {"albatross_daemon_", of_daemon, N_ELEMENTS(of_daemon)},
};

/* The families of a table in the order of their keys. */
typedef struct Order {
        bool is_made;
        const Family *families[FIGURES_MAX];
} Order;

static int compare_keys(const void *a, const void *b) {
        return strcmp((*(const Family *const *) a)->key, (*(const Family *const *) b)->key);
}

static const Order *find_order(FamilySubject subject) {
        const FamilyTable *table = &family_tables[subject];
        static Order orders[N_SUBJECTS];
        Order *order = &orders[subject];

        if (order->is_made)
                return order;
        for (size_t i = 0; i < table->n; i++)
                order->families[i] = &table->families[i];
        qsort(order->families, table->n, sizeof(order->families[0]), compare_keys);
        order->is_made = true;
        return order;
}

size_t family_find(FamilySubject subject, const char *key, size_t guess) {
        const FamilyTable *table = &family_tables[subject];
        const Family sought = {.key = key}, *pointer = &sought;
        const Family *const *found;

        if (guess < table->n && strcmp(table->families[guess].key, key) == 0)
                return guess;
        found = bsearch(&pointer, find_order(subject)->families, table->n, sizeof(pointer),
                        compare_keys);
        return found ? (size_t) (*found - table->families) : SIZE_MAX;
}

void figures_set(Figures *figures, size_t family, uint64_t value) {
        figures->present |= UINT64_C(1) << family;
        figures->values[family] = value;
}
