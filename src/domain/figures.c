/* SPDX-License-Identifier: ISC */

#include <stddef.h>
#include <string.h>

#include "domain/figures.h"

/* Those of one source stand together. The names of InfluxDB are those of the albatross in OCaml,
 * "maxflt" and all, so that what was made for it goes on working; what it does not have is in a
 * measurement of our own, "cgroup". */
/* clang-format off */
const FigureInfo figure_infos[N_STATISTICS] = {
        [FIGURE_TIMESTAMP] = {"Timestamp", 't', FIGURE_UTC, FIGURE_COMPUTED, "when this was read",
                NULL, NULL},
        [FIGURE_START_TIMESTAMP] = {"StartTimestamp", 't', FIGURE_UTC, FIGURE_COMPUTED, "noted by albatrossd",
                NULL, NULL},
        [FIGURE_RUNTIME] = {"RuntimeUSec", 't', FIGURE_USEC, FIGURE_COMPUTED, "UtimeUSec + StimeUSec",
                "kinfo_mem", "runtime"},
        [FIGURE_CPU_PERCENT] = {"CPUPercent", 'd', FIGURE_PERCENT, FIGURE_COMPUTED, "CPUUsageUSec since StartTimestamp",
                "cgroup", "cpu_percent"},
        [FIGURE_MINFLT] = {"Minflt", 't', FIGURE_COUNT, FIGURE_STAT, "10",
                "resource_usage", "minflt"},
        [FIGURE_MAJFLT] = {"Majflt", 't', FIGURE_COUNT, FIGURE_STAT, "12",
                "resource_usage", "maxflt"},
        [FIGURE_UTIME] = {"UtimeUSec", 't', FIGURE_USEC, FIGURE_STAT, "14",
                "resource_usage", "utime"},
        [FIGURE_STIME] = {"StimeUSec", 't', FIGURE_USEC, FIGURE_STAT, "15",
                "resource_usage", "stime"},
        [FIGURE_VSIZE] = {"VsizeBytes", 't', FIGURE_BYTES, FIGURE_STAT, "23",
                "kinfo_mem", "vsize"},
        [FIGURE_MAXRSS] = {"MaxrssBytes", 't', FIGURE_BYTES, FIGURE_STATUS, "VmHWM",
                "resource_usage", "maxrss"},
        [FIGURE_RSS] = {"RssBytes", 't', FIGURE_BYTES, FIGURE_STATUS, "VmRSS",
                "kinfo_mem", "rss"},
        [FIGURE_DSIZE] = {"DsizeBytes", 't', FIGURE_BYTES, FIGURE_STATUS, "VmData",
                "kinfo_mem", "dsize"},
        [FIGURE_SSIZE] = {"SsizeBytes", 't', FIGURE_BYTES, FIGURE_STATUS, "VmStk",
                "kinfo_mem", "ssize"},
        [FIGURE_TSIZE] = {"TsizeBytes", 't', FIGURE_BYTES, FIGURE_STATUS, "VmExe",
                "kinfo_mem", "tsize"},
        [FIGURE_NVCSW] = {"Nvcsw", 't', FIGURE_COUNT, FIGURE_STATUS, "voluntary_ctxt_switches",
                "resource_usage", "nvcsw"},
        [FIGURE_NIVCSW] = {"Nivcsw", 't', FIGURE_COUNT, FIGURE_STATUS, "nonvoluntary_ctxt_switches",
                "resource_usage", "nivcsw"},
        [FIGURE_INBLOCK] = {"InblockBlocks", 't', FIGURE_BLOCKS, FIGURE_TASKSTATS, "read_bytes",
                "resource_usage", "inblock"},
        [FIGURE_OUTBLOCK] = {"OutblockBlocks", 't', FIGURE_BLOCKS, FIGURE_TASKSTATS, "write_bytes",
                "resource_usage", "outblock"},
        [FIGURE_CPU_USAGE] = {"CPUUsageUSec", 't', FIGURE_USEC, FIGURE_CPU_STAT, "usage_usec",
                "cgroup", "cpu_usage_usec"},
        [FIGURE_CPU_USER] = {"CPUUserUSec", 't', FIGURE_USEC, FIGURE_CPU_STAT, "user_usec",
                "cgroup", "cpu_user_usec"},
        [FIGURE_CPU_SYSTEM] = {"CPUSystemUSec", 't', FIGURE_USEC, FIGURE_CPU_STAT, "system_usec",
                "cgroup", "cpu_system_usec"},
        [FIGURE_CPU_PERIODS] = {"CPUPeriods", 't', FIGURE_COUNT, FIGURE_CPU_STAT, "nr_periods",
                "cgroup", "cpu_periods"},
        [FIGURE_CPU_THROTTLED_PERIODS] = {"CPUThrottledPeriods", 't', FIGURE_COUNT, FIGURE_CPU_STAT, "nr_throttled",
                "cgroup", "cpu_throttled_periods"},
        [FIGURE_CPU_THROTTLED] = {"CPUThrottledUSec", 't', FIGURE_USEC, FIGURE_CPU_STAT, "throttled_usec",
                "cgroup", "cpu_throttled_usec"},
        [FIGURE_MEMORY_CURRENT_BYTES] = {"MemoryCurrentBytes", 't', FIGURE_BYTES, FIGURE_MEMORY_CURRENT, "",
                "cgroup", "memory_current_bytes"},
        [FIGURE_MEMORY_PEAK_BYTES] = {"MemoryPeakBytes", 't', FIGURE_BYTES, FIGURE_MEMORY_PEAK, "",
                "cgroup", "memory_peak_bytes"},
        [FIGURE_MEMORY_SWAP_BYTES] = {"MemorySwapCurrentBytes", 't', FIGURE_BYTES, FIGURE_MEMORY_SWAP, "",
                "cgroup", "memory_swap_current_bytes"},
        [FIGURE_MEMORY_LOW] = {"MemoryEventsLow", 't', FIGURE_COUNT, FIGURE_MEMORY_EVENTS, "low",
                "cgroup", "memory_events_low"},
        [FIGURE_MEMORY_HIGH] = {"MemoryEventsHigh", 't', FIGURE_COUNT, FIGURE_MEMORY_EVENTS, "high",
                "cgroup", "memory_events_high"},
        [FIGURE_MEMORY_MAX] = {"MemoryEventsMax", 't', FIGURE_COUNT, FIGURE_MEMORY_EVENTS, "max",
                "cgroup", "memory_events_max"},
        [FIGURE_MEMORY_OOM] = {"MemoryEventsOOM", 't', FIGURE_COUNT, FIGURE_MEMORY_EVENTS, "oom",
                "cgroup", "memory_events_oom"},
        [FIGURE_MEMORY_OOM_KILL] = {"MemoryEventsOOMKill", 't', FIGURE_COUNT, FIGURE_MEMORY_EVENTS, "oom_kill",
                "cgroup", "memory_events_oom_kill"},
        [FIGURE_CPU_SOME] = {"CPUPressureSomeUSec", 't', FIGURE_USEC, FIGURE_CPU_PRESSURE, "some total",
                "cgroup", "cpu_pressure_some_usec"},
        [FIGURE_CPU_SOME_10] = {"CPUPressureSomeAvg10Percent", 'd', FIGURE_PERCENT, FIGURE_CPU_PRESSURE, "some avg10",
                "cgroup", "cpu_pressure_some_avg10"},
        [FIGURE_CPU_SOME_60] = {"CPUPressureSomeAvg60Percent", 'd', FIGURE_PERCENT, FIGURE_CPU_PRESSURE, "some avg60",
                "cgroup", "cpu_pressure_some_avg60"},
        [FIGURE_CPU_SOME_300] = {"CPUPressureSomeAvg300Percent", 'd', FIGURE_PERCENT, FIGURE_CPU_PRESSURE, "some avg300",
                "cgroup", "cpu_pressure_some_avg300"},
        [FIGURE_CPU_FULL] = {"CPUPressureFullUSec", 't', FIGURE_USEC, FIGURE_CPU_PRESSURE, "full total",
                "cgroup", "cpu_pressure_full_usec"},
        [FIGURE_CPU_FULL_10] = {"CPUPressureFullAvg10Percent", 'd', FIGURE_PERCENT, FIGURE_CPU_PRESSURE, "full avg10",
                "cgroup", "cpu_pressure_full_avg10"},
        [FIGURE_CPU_FULL_60] = {"CPUPressureFullAvg60Percent", 'd', FIGURE_PERCENT, FIGURE_CPU_PRESSURE, "full avg60",
                "cgroup", "cpu_pressure_full_avg60"},
        [FIGURE_CPU_FULL_300] = {"CPUPressureFullAvg300Percent", 'd', FIGURE_PERCENT, FIGURE_CPU_PRESSURE, "full avg300",
                "cgroup", "cpu_pressure_full_avg300"},
        [FIGURE_MEMORY_SOME] = {"MemoryPressureSomeUSec", 't', FIGURE_USEC, FIGURE_MEMORY_PRESSURE, "some total",
                "cgroup", "memory_pressure_some_usec"},
        [FIGURE_MEMORY_SOME_10] = {"MemoryPressureSomeAvg10Percent", 'd', FIGURE_PERCENT, FIGURE_MEMORY_PRESSURE, "some avg10",
                "cgroup", "memory_pressure_some_avg10"},
        [FIGURE_MEMORY_SOME_60] = {"MemoryPressureSomeAvg60Percent", 'd', FIGURE_PERCENT, FIGURE_MEMORY_PRESSURE, "some avg60",
                "cgroup", "memory_pressure_some_avg60"},
        [FIGURE_MEMORY_SOME_300] = {"MemoryPressureSomeAvg300Percent", 'd', FIGURE_PERCENT, FIGURE_MEMORY_PRESSURE, "some avg300",
                "cgroup", "memory_pressure_some_avg300"},
        [FIGURE_MEMORY_FULL] = {"MemoryPressureFullUSec", 't', FIGURE_USEC, FIGURE_MEMORY_PRESSURE, "full total",
                "cgroup", "memory_pressure_full_usec"},
        [FIGURE_MEMORY_FULL_10] = {"MemoryPressureFullAvg10Percent", 'd', FIGURE_PERCENT, FIGURE_MEMORY_PRESSURE, "full avg10",
                "cgroup", "memory_pressure_full_avg10"},
        [FIGURE_MEMORY_FULL_60] = {"MemoryPressureFullAvg60Percent", 'd', FIGURE_PERCENT, FIGURE_MEMORY_PRESSURE, "full avg60",
                "cgroup", "memory_pressure_full_avg60"},
        [FIGURE_MEMORY_FULL_300] = {"MemoryPressureFullAvg300Percent", 'd', FIGURE_PERCENT, FIGURE_MEMORY_PRESSURE, "full avg300",
                "cgroup", "memory_pressure_full_avg300"},
        [FIGURE_IO_SOME] = {"IOPressureSomeUSec", 't', FIGURE_USEC, FIGURE_IO_PRESSURE, "some total",
                "cgroup", "io_pressure_some_usec"},
        [FIGURE_IO_SOME_10] = {"IOPressureSomeAvg10Percent", 'd', FIGURE_PERCENT, FIGURE_IO_PRESSURE, "some avg10",
                "cgroup", "io_pressure_some_avg10"},
        [FIGURE_IO_SOME_60] = {"IOPressureSomeAvg60Percent", 'd', FIGURE_PERCENT, FIGURE_IO_PRESSURE, "some avg60",
                "cgroup", "io_pressure_some_avg60"},
        [FIGURE_IO_SOME_300] = {"IOPressureSomeAvg300Percent", 'd', FIGURE_PERCENT, FIGURE_IO_PRESSURE, "some avg300",
                "cgroup", "io_pressure_some_avg300"},
        [FIGURE_IO_FULL] = {"IOPressureFullUSec", 't', FIGURE_USEC, FIGURE_IO_PRESSURE, "full total",
                "cgroup", "io_pressure_full_usec"},
        [FIGURE_IO_FULL_10] = {"IOPressureFullAvg10Percent", 'd', FIGURE_PERCENT, FIGURE_IO_PRESSURE, "full avg10",
                "cgroup", "io_pressure_full_avg10"},
        [FIGURE_IO_FULL_60] = {"IOPressureFullAvg60Percent", 'd', FIGURE_PERCENT, FIGURE_IO_PRESSURE, "full avg60",
                "cgroup", "io_pressure_full_avg60"},
        [FIGURE_IO_FULL_300] = {"IOPressureFullAvg300Percent", 'd', FIGURE_PERCENT, FIGURE_IO_PRESSURE, "full avg300",
                "cgroup", "io_pressure_full_avg300"},
        [FIGURE_IO_READ_BYTES] = {"IOReadBytes", 't', FIGURE_BYTES, FIGURE_IO_STAT, "rbytes",
                "cgroup", "io_read_bytes"},
        [FIGURE_IO_WRITE_BYTES] = {"IOWriteBytes", 't', FIGURE_BYTES, FIGURE_IO_STAT, "wbytes",
                "cgroup", "io_write_bytes"},
        [FIGURE_IO_READS] = {"IOReadOperations", 't', FIGURE_COUNT, FIGURE_IO_STAT, "rios",
                "cgroup", "io_read_operations"},
        [FIGURE_IO_WRITES] = {"IOWriteOperations", 't', FIGURE_COUNT, FIGURE_IO_STAT, "wios",
                "cgroup", "io_write_operations"},
        [FIGURE_IO_DISCARD_BYTES] = {"IODiscardBytes", 't', FIGURE_BYTES, FIGURE_IO_STAT, "dbytes",
                "cgroup", "io_discard_bytes"},
        [FIGURE_IO_DISCARDS] = {"IODiscardOperations", 't', FIGURE_COUNT, FIGURE_IO_STAT, "dios",
                "cgroup", "io_discard_operations"},
        [FIGURE_TASKS] = {"TasksCurrent", 't', FIGURE_COUNT, FIGURE_PIDS_CURRENT, "",
                "cgroup", "tasks_current"},
};

const FigureInfo interface_figure_infos[N_INTERFACE_STATISTICS] = {
        [INTERFACE_FLAGS] = {"Flags", 'u', FIGURE_BITS, FIGURE_LINK, "ifi_flags",
                "interface", "flags"},
        [INTERFACE_MTU] = {"MTUBytes", 'u', FIGURE_BYTES, FIGURE_LINK, "IFLA_MTU",
                "interface", "mtu"},
        [INTERFACE_MAX_SEND_LENGTH] = {"MaxSendLengthPackets", 'u', FIGURE_COUNT, FIGURE_LINK, "IFLA_TXQLEN",
                "interface", "max_send_length"},
        [INTERFACE_SPEED] = {"LinkSpeedBitsPerSecond", 't', FIGURE_BITS_PER_SECOND, FIGURE_ETHTOOL, "ETHTOOL_A_LINKMODES_SPEED",
                "interface", "baudrate"},
        [INTERFACE_INPUT_PACKETS] = {"InputPackets", 't', FIGURE_COUNT, FIGURE_LINK, "rx_packets",
                "interface", "vm_to_host_packets"},
        [INTERFACE_INPUT_BYTES] = {"InputBytes", 't', FIGURE_BYTES, FIGURE_LINK, "rx_bytes",
                "interface", "vm_to_host_bytes"},
        [INTERFACE_INPUT_ERRORS] = {"InputErrors", 't', FIGURE_COUNT, FIGURE_LINK, "rx_errors",
                "interface", "vm_to_host_errors"},
        [INTERFACE_INPUT_DROPPED] = {"InputDropped", 't', FIGURE_COUNT, FIGURE_LINK, "rx_dropped",
                "interface", "vm_to_host_dropped"},
        [INTERFACE_INPUT_MULTICAST] = {"InputMulticast", 't', FIGURE_COUNT, FIGURE_LINK, "multicast",
                "interface", "vm_to_host_mcast"},
        [INTERFACE_OUTPUT_PACKETS] = {"OutputPackets", 't', FIGURE_COUNT, FIGURE_LINK, "tx_packets",
                "interface", "host_to_vm_packets"},
        [INTERFACE_OUTPUT_BYTES] = {"OutputBytes", 't', FIGURE_BYTES, FIGURE_LINK, "tx_bytes",
                "interface", "host_to_vm_bytes"},
        [INTERFACE_OUTPUT_ERRORS] = {"OutputErrors", 't', FIGURE_COUNT, FIGURE_LINK, "tx_errors",
                "interface", "host_to_vm_errors"},
        [INTERFACE_OUTPUT_DROPPED] = {"OutputDropped", 't', FIGURE_COUNT, FIGURE_LINK, "tx_dropped",
                "interface", "host_to_vm_dropped"},
        [INTERFACE_COLLISIONS] = {"Collisions", 't', FIGURE_COUNT, FIGURE_LINK, "collisions",
                "interface", "collisions"},
};
/* clang-format on */

static const struct {
        const char *name;
        bool is_cgroup;
} sources[FIGURE_N_SOURCES] = {
        [FIGURE_COMPUTED] = {"computed", false},
        [FIGURE_STAT] = {"stat", false},
        [FIGURE_STATUS] = {"status", false},
        [FIGURE_TASKSTATS] = {"taskstats", false},
        [FIGURE_CPU_STAT] = {"cpu.stat", true},
        [FIGURE_MEMORY_CURRENT] = {"memory.current", true},
        [FIGURE_MEMORY_PEAK] = {"memory.peak", true},
        [FIGURE_MEMORY_SWAP] = {"memory.swap.current", true},
        [FIGURE_MEMORY_EVENTS] = {"memory.events", true},
        [FIGURE_CPU_PRESSURE] = {"cpu.pressure", true},
        [FIGURE_MEMORY_PRESSURE] = {"memory.pressure", true},
        [FIGURE_IO_PRESSURE] = {"io.pressure", true},
        [FIGURE_IO_STAT] = {"io.stat", true},
        [FIGURE_PIDS_CURRENT] = {"pids.current", true},
        [FIGURE_LINK] = {"RTM_GETLINK", false},
        [FIGURE_ETHTOOL] = {"ethtool", false},
};

const char *figure_source_name(FigureSource source) {
        return sources[source].name;
}

bool figure_source_is_cgroup(FigureSource source) {
        return sources[source].is_cgroup;
}

uint64_t figure_from_double(double value) {
        uint64_t bits;

        memcpy(&bits, &value, sizeof(bits));
        return bits;
}

double figure_to_double(uint64_t bits) {
        double value;

        memcpy(&value, &bits, sizeof(value));
        return value;
}
