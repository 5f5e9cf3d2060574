/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * The figures of a unikernel that runs: their names on the bus, types, units, where in the kernel
 * each comes from, and what albatrossctl calls it in InfluxDB's line protocol. This is the only
 * table of them; dbus/statistics.tsv says the same to people, and a test holds the two together.
 */

#include <stdbool.h>
#include <stdint.h>

typedef enum FigureUnit {
        FIGURE_COUNT,
        FIGURE_BYTES,
        FIGURE_BLOCKS, /* of 512 bytes */
        FIGURE_USEC,
        FIGURE_UTC, /* microseconds */
        FIGURE_PERCENT,
        FIGURE_BITS_PER_SECOND,
        FIGURE_BITS, /* a set of flags */
} FigureUnit;

/* A file of the kernel's, or another way to ask it. */
typedef enum FigureSource {
        FIGURE_COMPUTED,
        FIGURE_STAT,
        FIGURE_STATUS,
        FIGURE_TASKSTATS,
        FIGURE_CPU_STAT,
        FIGURE_MEMORY_CURRENT,
        FIGURE_MEMORY_PEAK,
        FIGURE_MEMORY_SWAP,
        FIGURE_MEMORY_EVENTS,
        FIGURE_CPU_PRESSURE,
        FIGURE_MEMORY_PRESSURE,
        FIGURE_IO_PRESSURE,
        FIGURE_IO_STAT,
        FIGURE_PIDS_CURRENT,
        FIGURE_LINK,
        FIGURE_ETHTOOL,
        FIGURE_N_SOURCES,
} FigureSource;

typedef enum Statistic {
        FIGURE_TIMESTAMP,
        FIGURE_START_TIMESTAMP,
        FIGURE_RUNTIME,
        FIGURE_CPU_PERCENT,
        FIGURE_MINFLT,
        FIGURE_MAJFLT,
        FIGURE_UTIME,
        FIGURE_STIME,
        FIGURE_VSIZE,
        FIGURE_MAXRSS,
        FIGURE_RSS,
        FIGURE_DSIZE,
        FIGURE_SSIZE,
        FIGURE_TSIZE,
        FIGURE_NVCSW,
        FIGURE_NIVCSW,
        FIGURE_INBLOCK,
        FIGURE_OUTBLOCK,
        FIGURE_CPU_USAGE,
        FIGURE_CPU_USER,
        FIGURE_CPU_SYSTEM,
        FIGURE_CPU_PERIODS,
        FIGURE_CPU_THROTTLED_PERIODS,
        FIGURE_CPU_THROTTLED,
        FIGURE_MEMORY_CURRENT_BYTES,
        FIGURE_MEMORY_PEAK_BYTES,
        FIGURE_MEMORY_SWAP_BYTES,
        FIGURE_MEMORY_LOW,
        FIGURE_MEMORY_HIGH,
        FIGURE_MEMORY_MAX,
        FIGURE_MEMORY_OOM,
        FIGURE_MEMORY_OOM_KILL,
        FIGURE_CPU_SOME,
        FIGURE_CPU_SOME_10,
        FIGURE_CPU_SOME_60,
        FIGURE_CPU_SOME_300,
        FIGURE_CPU_FULL,
        FIGURE_CPU_FULL_10,
        FIGURE_CPU_FULL_60,
        FIGURE_CPU_FULL_300,
        FIGURE_MEMORY_SOME,
        FIGURE_MEMORY_SOME_10,
        FIGURE_MEMORY_SOME_60,
        FIGURE_MEMORY_SOME_300,
        FIGURE_MEMORY_FULL,
        FIGURE_MEMORY_FULL_10,
        FIGURE_MEMORY_FULL_60,
        FIGURE_MEMORY_FULL_300,
        FIGURE_IO_SOME,
        FIGURE_IO_SOME_10,
        FIGURE_IO_SOME_60,
        FIGURE_IO_SOME_300,
        FIGURE_IO_FULL,
        FIGURE_IO_FULL_10,
        FIGURE_IO_FULL_60,
        FIGURE_IO_FULL_300,
        FIGURE_IO_READ_BYTES,
        FIGURE_IO_WRITE_BYTES,
        FIGURE_IO_READS,
        FIGURE_IO_WRITES,
        FIGURE_IO_DISCARD_BYTES,
        FIGURE_IO_DISCARDS,
        FIGURE_TASKS,
        N_STATISTICS,
} Statistic;

/* Of an interface of the host's, a tap: input is what came from the guest. */
typedef enum InterfaceStatistic {
        INTERFACE_FLAGS,
        INTERFACE_MTU,
        INTERFACE_MAX_SEND_LENGTH,
        INTERFACE_SPEED,
        INTERFACE_INPUT_PACKETS,
        INTERFACE_INPUT_BYTES,
        INTERFACE_INPUT_ERRORS,
        INTERFACE_INPUT_DROPPED,
        INTERFACE_INPUT_MULTICAST,
        INTERFACE_OUTPUT_PACKETS,
        INTERFACE_OUTPUT_BYTES,
        INTERFACE_OUTPUT_ERRORS,
        INTERFACE_OUTPUT_DROPPED,
        INTERFACE_COLLISIONS,
        N_INTERFACE_STATISTICS,
} InterfaceStatistic;

typedef struct FigureInfo {
        const char *name;
        char type; /* of D-Bus: 't', 'u', or 'd', whose bits are what stands for it in a uint64_t */
        FigureUnit unit;
        FigureSource source;
        const char *key;         /* within the source */
        const char *measurement; /* of InfluxDB; NULL: the figure is not given there */
        const char *field;
} FigureInfo;

extern const FigureInfo figure_infos[N_STATISTICS];
extern const FigureInfo interface_figure_infos[N_INTERFACE_STATISTICS];

/* "cpu.stat": how the source is called. */
const char *figure_source_name(FigureSource source);

/* Is it a file of a control group? */
bool figure_source_is_cgroup(FigureSource source);

/* A number for what is not whole, and back. */
uint64_t figure_from_double(double value);
double figure_to_double(uint64_t bits);
