/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/number.h"
#include "statistics/files.h"
#include "statistics/kvm.h"

#define KVM_FOLDER "/sys/kernel/debug/kvm"

static int compare(const void *a, const void *b) {
        uint32_t left = ((const KvmMachine *) a)->pid, right = ((const KvmMachine *) b)->pid;

        return (left > right) - (left < right);
}

static bool machine_parse(const char *name, KvmMachine *ret) {
        size_t digits = strspn(name, "0123456789");
        KvmMachine machine = {};
        uint64_t pid;

        if (digits == 0 || name[digits] != '-' || strlen(name) >= sizeof(machine.folder))
                return false;
        memcpy(machine.folder, name, digits);
        if (number_parse(machine.folder, INT_MAX, &pid) < 0)
                return false;
        strcpy(machine.folder, name);
        machine.pid = (uint32_t) pid;
        *ret = machine;
        return true;
}

int kvm_open(KvmMachines *machines) {
        _cleanup_(directory_closep) DIR *dir = NULL;
        struct dirent *entry;

        *machines = (KvmMachines){.fd = -1};
        if (directory_open(&dir, AT_FDCWD, KVM_FOLDER) < 0)
                return 0;
        while ((entry = directory_next(dir))) {
                KvmMachine machine, *larger;

                if (!machine_parse(entry->d_name, &machine))
                        continue;
                larger = reallocarray(machines->machines, machines->n + 1, sizeof(*larger));
                if (!larger)
                        return -ENOMEM;
                machines->machines = larger;
                larger[machines->n++] = machine;
        }
        if (machines->n == 0)
                return 0;
        qsort(machines->machines, machines->n, sizeof(*machines->machines), compare);
        machines->fd = fcntl(dirfd(dir), F_DUPFD_CLOEXEC, 3);
        return machines->fd < 0 ? -errno : 0;
}

void kvm_close(KvmMachines *machines) {
        free(machines->machines);
        *machines = (KvmMachines){.fd = fd_close(machines->fd)};
}

/* A file with a number; what else there is, folders of its CPUs among it, is passed over. */
static int read_counter(DIR *dir, const struct dirent *entry, Reply *reply) {
        StatisticsCounter *counter;
        char text[64];
        uint64_t value;

        if (entry->d_type != DT_REG || strlen(entry->d_name) >= sizeof(counter->name) ||
            file_text(dirfd(dir), entry->d_name, text, sizeof(text)) < 0)
                return 0;
        text[strcspn(text, "\n")] = '\0';
        if (number_parse(text, UINT64_MAX, &value) < 0)
                return 0;
        counter = reply_add(reply, sizeof(*counter));
        if (!counter)
                return -ENOMEM;
        strcpy(counter->name, entry->d_name);
        counter->value = value;
        return 1;
}

int kvm_read(const KvmMachines *machines, uint32_t pid, Reply *reply) {
        const KvmMachine key = {.pid = pid};
        _cleanup_(directory_closep) DIR *dir = NULL;
        const KvmMachine *machine;
        struct dirent *entry;
        unsigned n = 0;

        machine = machines->n > 0
                          ? bsearch(&key, machines->machines, machines->n, sizeof(key), compare)
                          : NULL;
        if (!machine || directory_open(&dir, machines->fd, machine->folder) < 0)
                return 0;
        while (n < STATISTICS_COUNTERS_MAX && (entry = directory_next(dir))) {
                int r = read_counter(dir, entry, reply);

                if (r < 0)
                        return r;
                n += (unsigned) r;
        }
        return (int) n;
}
