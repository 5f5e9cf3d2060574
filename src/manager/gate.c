/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "manager/gate.h"

/* The launcher passes descriptors from here on: the image first, then the guest's arguments, then
 * its devices. */
#define FIRST_FD 3

typedef struct Gate {
        const Unikernel *unikernel;
        const GateOrder *order;
        bool is_ours; /* takes by number what an official tender finds by its name */
        Strings argv;
        LauncherCall call;
        int arguments_fd;
} Gate;

/* The number that @fd will have in the tender. */
static int pass(Gate *gate, int fd) {
        /* The program and its command line stay behind. */
        size_t place = gate->call.n_fds - 2;

        if (gate->call.n_fds == N_ELEMENTS(gate->call.fds))
                return -E2BIG;
        gate->call.fds[gate->call.n_fds++] = fd;
        return FIRST_FD + (int) place;
}

__attribute__((format(printf, 2, 3))) static int append(Gate *gate, const char *format, ...) {
        char text[sizeof("--block-sector-size:=/proc/self/fd/4294967295") + DEVICE_NAME_MAX];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        return strings_append(&gate->argv, text);
}

static int append_net(Gate *gate, size_t i) {
        const Net *net = &gate->unikernel->config.devices.nets[i];
        char mac[MAC_TEXT_SIZE];
        int r;

        if (gate->is_ours) {
                r = pass(gate, gate->order->tap_fds[i]);
                if (r >= 0)
                        r = append(gate, "--net:%s=@%d", net->guest, r);
        } else
                r = append(gate, "--net:%s=%s", net->guest, gate->unikernel->run->taps[i].text);
        mac_format(&net->mac, mac);
        return r < 0 ? r : append(gate, "--net-mac:%s=%s", net->guest, mac);
}

static int append_block(Gate *gate, size_t i) {
        const Block *block = &gate->unikernel->config.devices.blocks[i];
        int r;

        r = pass(gate, gate->order->block_fds[i]);
        if (r >= 0)
                r = append(gate, gate->is_ours ? "--block:%s=@%d" : "--block:%s=/proc/self/fd/%d",
                           block->guest, r);
        return r < 0 ? r
                     : append(gate, "--block-sector-size:%s=%u", block->guest, block->sector_size);
}

/* Ours takes them as a descriptor, so that nobody can read them in /proc. */
static int append_guest_arguments(Gate *gate, const Strings *arguments) {
        int r = 0;

        for (const char *text = NULL; r >= 0 && (text = strings_next(arguments, text));)
                r = strings_append(&gate->argv, text);
        return r;
}

static int pass_arguments(Gate *gate, const Strings *arguments) {
        int r;

        gate->arguments_fd = file_memfd("albatross-arguments", arguments->data, arguments->size);
        if (gate->arguments_fd < 0)
                return gate->arguments_fd;
        r = pass(gate, gate->arguments_fd);
        return r < 0 ? r : append(gate, "--arguments=@%d", r);
}

/* The tender's own command line: SOLO5.md's options. */
static int fill_argv(Gate *gate, const Strings *arguments) {
        const Devices *devices = &gate->unikernel->config.devices;
        int image, r;

        r = append(gate, "%s", tender_kind_name(gate->order->tender->kind));
        if (r >= 0)
                r = append(gate, "--mem=%llu",
                           (unsigned long long) gate->unikernel->config.memory_bytes >> 20);
        image = pass(gate, gate->order->image_fd);
        if (r >= 0 && gate->is_ours)
                r = pass_arguments(gate, arguments);
        for (size_t i = 0; r >= 0 && i < devices->n_nets; i++)
                r = append_net(gate, i);
        for (size_t i = 0; r >= 0 && i < devices->n_blocks; i++)
                r = append_block(gate, i);
        if (r >= 0)
                r = append(gate, "--");
        if (r >= 0)
                r = append(gate, gate->is_ours ? "@%d" : "/proc/self/fd/%d", image);
        return r < 0 || gate->is_ours ? r : append_guest_arguments(gate, arguments);
}

static void gate_done(Gate *gate) {
        strings_clear(&gate->argv);
        fd_close(gate->arguments_fd);
}

int gate_open(const Unikernel *unikernel, const GateOrder *order) {
        _cleanup_(gate_done) Gate gate = {
                .unikernel = unikernel,
                .order = order,
                .is_ours = tender_kind_takes_descriptors(order->tender->kind),
                .arguments_fd = -1,
                .call.request.verb = LAUNCHER_OPEN,
                .call.request.child = unikernel->run->child,
                .call.request.gid = order->gid,
                .call.n_fds = 2,
                .call.done = order->done,
                .call.userdata = order->userdata,
        };
        _cleanup_(strings_clear) Strings arguments = {};
        _cleanup_(fd_closep) int argv_fd = -1;
        Cpus cpus;
        int r;

        r = config_guest_arguments(&arguments, &unikernel->config, &unikernel->name);
        if (r < 0)
                return r;
        r = fill_argv(&gate, &arguments);
        if (r < 0)
                return r;
        argv_fd = file_memfd("albatross-argv", gate.argv.data, gate.argv.size);
        if (argv_fd < 0)
                return argv_fd;

        gate.call.fds[0] = order->tender->fd;
        gate.call.fds[1] = argv_fd;
        cpus = unikernel_affinity(unikernel);
        memcpy(gate.call.request.cpus, cpus.words, sizeof(gate.call.request.cpus));
        return launcher_call(unikernel->manager->launcher, &gate.call);
}
