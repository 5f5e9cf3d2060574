/* SPDX-License-Identifier: ISC */

/*
 * Fills its device "storage" with a pattern, reads it back and prints the checksum of what it read,
 * as cksum(1) does. Of its arguments it obeys: --seed=N (another pattern), --sum (read only),
 * --sectors=N (only so many), --time (print how long a sector took, in nanoseconds), --stay (idle
 * at the end). --read=OFFSET and --write=OFFSET are one call each instead, of --size=BYTES, which
 * may be what no guest is allowed.
 */

#include "guest.h"

#define CALL_PREAD64  17
#define CALL_PWRITE64 18
#define CRC           0x04c11db7U
#define NSEC_PER_HOUR 3600000000000ULL
#define SECTOR_MAX    32768U
#define STATUS_FAILED 2

static uint8_t sector[SECTOR_MAX];

typedef struct Job {
        uint64_t seed, n_sectors, offset, size;
        bool sum, time, stay, read, write;
} Job;

static uint32_t crc_table[256];

static void make_crc_table(void) {
        for (uint32_t i = 0; i < 256; i++) {
                uint32_t crc = i << 24;

                for (unsigned bit = 0; bit < 8; bit++)
                        crc = crc << 1 ^ (crc >> 31 ? CRC : 0);
                crc_table[i] = crc;
        }
}

static uint32_t add_byte(uint32_t crc, uint8_t byte) {
        return crc << 8 ^ crc_table[crc >> 24 ^ byte];
}

static noreturn void fail(const char *what, uint64_t offset, long r) {
        guest_print(what);
        guest_print_number(offset);
        guest_print(r < 0 ? ": error " : ": only ");
        guest_print_number((uint64_t) (r < 0 ? -r : r));
        guest_print("\n");
        guest_exit(STATUS_FAILED);
}

static void transfer(long call, uint64_t offset, uint64_t size) {
        long r = guest_call(call, guest_device()->fd, (long) sector, (long) size, (long) offset);

        if (r != (long) size)
                fail(call == CALL_PREAD64 ? "Cannot read at " : "Cannot write at ", offset, r);
}

/* Every sector gets bytes of its own, so that one in the wrong place shows. */
static void fill_sector(const Job *job, uint64_t index) {
        uint64_t word = (index + 1) * 0x9e3779b97f4a7c15U ^ job->seed;

        for (size_t i = 0; i < guest_device()->block.sector_size; i++) {
                word = word * 6364136223846793005U + 1442695040888963407U;
                sector[i] = (uint8_t) (word >> 56);
        }
}

static void write_pattern(const Job *job) {
        uint64_t size = guest_device()->block.sector_size;

        for (uint64_t i = 0; i < job->n_sectors; i++) {
                fill_sector(job, i);
                transfer(CALL_PWRITE64, i * size, size);
        }
}

/* The length counts, too: its bytes without leading zeros, the lowest first. */
static uint32_t sum_up(const Job *job) {
        uint64_t size = guest_device()->block.sector_size;
        uint32_t crc = 0;

        for (uint64_t i = 0; i < job->n_sectors; i++) {
                transfer(CALL_PREAD64, i * size, size);
                for (size_t k = 0; k < size; k++)
                        crc = add_byte(crc, sector[k]);
        }
        for (uint64_t rest = job->n_sectors * size; rest > 0; rest >>= 8)
                crc = add_byte(crc, (uint8_t) rest);
        return ~crc;
}

/* The calls alone, whatever the bytes are. */
static void measure(const Job *job, const char *name, long call) {
        uint64_t size = guest_device()->block.sector_size, before = guest_clock();

        for (uint64_t i = 0; i < job->n_sectors; i++)
                transfer(call, i * size, size);
        guest_print(name);
        guest_print_number((guest_clock() - before) / job->n_sectors);
        guest_print(" ns a sector\n");
}

static void try_one(const Job *job) {
        if (job->read) {
                transfer(CALL_PREAD64, job->offset, job->size);
                guest_print("Read\n");
        }
        if (job->write) {
                transfer(CALL_PWRITE64, job->offset, job->size);
                guest_print("Written\n");
        }
}

static void read_arguments(Job *job, const char *arguments) {
        const char *word;
        size_t length;

        while ((word = guest_next_word(&arguments, &length)))
                if (guest_number_option(word, length, "--read=", &job->offset))
                        job->read = true;
                else if (guest_number_option(word, length, "--write=", &job->offset))
                        job->write = true;
                else if (guest_word_is(word, length, "--sum"))
                        job->sum = true;
                else if (guest_word_is(word, length, "--time"))
                        job->time = true;
                else if (guest_word_is(word, length, "--stay"))
                        job->stay = true;
                else if (!guest_number_option(word, length, "--seed=", &job->seed) &&
                         !guest_number_option(word, length, "--sectors=", &job->n_sectors) &&
                         !guest_number_option(word, length, "--size=", &job->size))
                        guest_fail_usage("Usage: disk [--seed=N] [--sum] [--sectors=N] [--time] "
                                         "[--stay] [--read=OFFSET|--write=OFFSET [--size=BYTES]]");
}

static void run(const Job *job) {
        uint64_t sector_size = guest_device()->block.sector_size;

        if (job->time) {
                if (!job->sum)
                        measure(job, "Write: ", CALL_PWRITE64);
                measure(job, "Read: ", CALL_PREAD64);
        }
        if (!job->sum)
                write_pattern(job);
        make_crc_table();
        guest_print("Sum ");
        guest_print_number(sum_up(job));
        guest_print(" ");
        guest_print_number(job->n_sectors * sector_size);
        guest_print("\n");
}

int guest_main(const char *arguments) {
        const Device *device = guest_device();
        Job job = {
                .n_sectors = device->block.capacity / device->block.sector_size,
                .size = device->block.sector_size,
        };

        read_arguments(&job, arguments);
        guest_print("Capacity ");
        guest_print_number(device->block.capacity);
        guest_print(", sectors of ");
        guest_print_number(device->block.sector_size);
        guest_print("\n");
        if (job.read || job.write)
                try_one(&job);
        else
                run(&job);
        while (job.stay)
                guest_wait(guest_clock() + NSEC_PER_HOUR);
        return 0;
}
