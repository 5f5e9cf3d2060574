/* SPDX-License-Identifier: ISC */

#include "guest.h"

#define CALL_WRITE           1
#define CALL_CLOCK_GETTIME   228
#define CALL_EXIT_GROUP      231
#define CALL_EPOLL_PWAIT     281
#define CALL_TIMERFD_SETTIME 286

#define CLOCK_MONOTONIC   1
#define TFD_TIMER_ABSTIME 1
#define STATUS_USAGE      64
#define NSEC_PER_SEC      1000000000ULL

#define NUMBER_DIGITS_MAX 18

#define NOTE_OWNER "Solo5"

typedef struct Time {
        uint64_t sec, nsec;
} Time;

typedef struct Timer {
        Time interval, value;
} Timer;

typedef struct __attribute__((__packed__)) Event {
        uint32_t events;
        uint64_t data;
} Event;

typedef struct NoteHeader {
        uint32_t name_size, size, type;
        char name[8];
} NoteHeader;

/* "ABI1": made for spt, version 2. */
static const struct {
        NoteHeader header;
        uint32_t target, version, reserved[2];
} abi_note __attribute__((used, aligned(4), section(".note.solo5.abi"))) = {
        .header = {sizeof(NOTE_OWNER), 16, 0x31494241, NOTE_OWNER},
        .target = 2,
        .version = 2,
};

typedef struct Entry {
        char name[68];
        uint32_t type;
        uint8_t rest[32];
} Entry;

/* The entry that every manifest begins with, then the guest's device where it has one. */
#ifdef DEVICE_NAME
#define N_ENTRIES 2
#else
#define N_ENTRIES 1
#endif

/* "MFT1": the devices. */
static const struct {
        NoteHeader header;
        uint32_t padding;
        uint32_t version, n_entries;
        Entry entries[N_ENTRIES];
} manifest_note __attribute__((used, aligned(4), section(".note.solo5.manifest"))) = {
        .header = {sizeof(NOTE_OWNER), 4 + 8 + N_ENTRIES * 104, 0x3154464d, NOTE_OWNER},
        .version = 1,
        .n_entries = N_ENTRIES,
        .entries =
                {
                        {.type = 1U << 30},
#ifdef DEVICE_NAME
                        {.name = DEVICE_NAME, .type = DEVICE_TYPE},
#endif
                },
};

/* A host that is asked to run the image by itself finds no such interpreter. */
static const char interpreter[] __attribute__((used, section(".interp"))) = "/nonexistent/solo5/";

uint64_t guest_entry_nsec;
const BootInfo *guest_boot_info;

long guest_call(long number, long a, long b, long c, long d) {
        register long r10 __asm__("r10") = d;
        register long r8 __asm__("r8") = 0;
        register long r9 __asm__("r9") = 0;
        long r;

        __asm__ volatile("syscall"
                         : "=a"(r)
                         : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                         : "rcx", "r11", "memory");
        return r;
}

noreturn void guest_exit(int status) {
        for (;;)
                guest_call(CALL_EXIT_GROUP, status, 0, 0, 0);
}

noreturn void guest_fail_usage(const char *sentence) {
        guest_print(sentence);
        guest_print("\n");
        guest_exit(STATUS_USAGE);
}

const Device *guest_device(void) {
        return &guest_boot_info->manifest->entries[1];
}

uint64_t guest_clock(void) {
        Time now;

        guest_call(CALL_CLOCK_GETTIME, CLOCK_MONOTONIC, (long) &now, 0, 0);
        return now.sec * NSEC_PER_SEC + now.nsec;
}

void guest_wait(uint64_t deadline_nsec) {
        const Timer timer = {
                .value = {deadline_nsec / NSEC_PER_SEC, deadline_nsec % NSEC_PER_SEC},
        };
        Event event;

        guest_call(CALL_TIMERFD_SETTIME, guest_boot_info->timer_fd, TFD_TIMER_ABSTIME,
                   (long) &timer, 0);
        guest_call(CALL_EPOLL_PWAIT, guest_boot_info->epoll_fd, (long) &event, 1, -1);
}

void guest_sleep_until(uint64_t deadline_nsec) {
        /* A signal that stops and continues the process ends the wait early. */
        while (guest_clock() < deadline_nsec)
                guest_wait(deadline_nsec);
}

void guest_print_bytes(const char *bytes, size_t size) {
        while (size > 0) {
                long n = guest_call(CALL_WRITE, 1, (long) bytes, (long) size, 0);

                if (n <= 0)
                        return;
                bytes += n;
                size -= (size_t) n;
        }
}

void guest_print(const char *text) {
        size_t size = 0;

        while (text[size])
                size++;
        guest_print_bytes(text, size);
}

void guest_print_number(uint64_t number) {
        char digits[20];
        size_t first = sizeof(digits);

        do {
                digits[--first] = (char) ('0' + number % 10);
                number /= 10;
        } while (number > 0);
        guest_print_bytes(digits + first, sizeof(digits) - first);
}

void guest_print_hex(uint64_t number, unsigned n_digits) {
        while (n_digits-- > 0)
                guest_print_bytes(&"0123456789abcdef"[number >> (4 * n_digits) & 15], 1);
}

const char *guest_next_word(const char **arguments, size_t *ret_length) {
        const char *word = *arguments, *end;

        while (*word == ' ')
                word++;
        for (end = word; *end && *end != ' ';)
                end++;
        *arguments = end;
        *ret_length = (size_t) (end - word);
        return end > word ? word : NULL;
}

/* How long @text is where @word begins with it, else 0. */
static size_t common_start(const char *word, size_t length, const char *text) {
        size_t i;

        for (i = 0; text[i]; i++)
                if (i == length || word[i] != text[i])
                        return 0;
        return i;
}

bool guest_word_is(const char *word, size_t length, const char *text) {
        return length > 0 && common_start(word, length, text) == length;
}

const char *guest_option(const char *word, size_t length, const char *option, size_t *ret_length) {
        size_t i = common_start(word, length, option);

        if (i == 0)
                return NULL;
        *ret_length = length - i;
        return word + i;
}

bool guest_number_option(const char *word, size_t length, const char *option, uint64_t *ret) {
        const char *digits = guest_option(word, length, option, &length);
        uint64_t number = 0;

        if (!digits)
                return false;
        if (length == 0 || length > NUMBER_DIGITS_MAX)
                guest_fail_usage("Not a number");
        for (size_t i = 0; i < length; i++) {
                if (digits[i] < '0' || digits[i] > '9')
                        guest_fail_usage("Not a number");
                number = number * 10 + (uint64_t) (digits[i] - '0');
        }
        *ret = number;
        return true;
}

/* The entry: the stack is as if a call had brought us here, so this can be C from its first
 * instruction on. */
noreturn void guest_start(const BootInfo *boot_info);

noreturn void guest_start(const BootInfo *boot_info) {
        guest_entry_nsec = guest_clock();
        guest_boot_info = boot_info;
        guest_exit(guest_main(boot_info->command_line));
}
