/* SPDX-License-Identifier: ISC */
#pragma once

/* KVM's counters, which debugfs has in a folder for each virtual machine, "PID-FD". */

#include <stddef.h>
#include <sys/types.h>

#include "statistics/reply.h"

typedef struct KvmMachine {
        uint32_t pid;
        char folder[32];
} KvmMachine;

typedef struct KvmMachines {
        int fd;               /* of the folder that has all; -1: none can be seen */
        KvmMachine *machines; /* by pid */
        size_t n;
} KvmMachines;

/* None where debugfs is not there, or not for us. */
int kvm_open(KvmMachines *machines);
void kvm_close(KvmMachines *machines);

/* Adds the counters of the machines of @pid to @reply. Returns how many. */
int kvm_read(const KvmMachines *machines, uint32_t pid, Reply *reply);
