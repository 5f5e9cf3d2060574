/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "manager/gate.h"

/* The launcher passes descriptors from 3 on: the image first, then the guest's arguments. */
#define OUR_IMAGE      "@3"
#define OUR_ARGUMENTS  "--arguments=@4"
#define OFFICIAL_IMAGE "/proc/self/fd/3"

static int append_all(Strings *to, const Strings *from) {
        int r = 0;

        for (const char *text = NULL; r >= 0 && (text = strings_next(from, text));)
                r = strings_append(to, text);
        return r;
}

/* The tender's own command line: SOLO5.md's options. Ours takes image and arguments by number, an
 * official one by name, so that everybody can read them in /proc. */
static int append_argv(Strings *strings,
                       const Unikernel *unikernel,
                       TenderKind kind,
                       const Strings *arguments) {
        bool is_ours = !tender_kind_shows_arguments(kind);
        char memory[sizeof("--mem=") + 3 * sizeof(uint64_t)];
        int r;

        snprintf(memory, sizeof(memory), "--mem=%llu",
                 (unsigned long long) unikernel->config.memory_bytes >> 20);
        r = strings_append(strings, tender_kind_name(kind));
        if (r >= 0)
                r = strings_append(strings, memory);
        if (r >= 0 && is_ours)
                r = strings_append(strings, OUR_ARGUMENTS);
        if (r >= 0)
                r = strings_append(strings, "--");
        if (r >= 0)
                r = strings_append(strings, is_ours ? OUR_IMAGE : OFFICIAL_IMAGE);
        if (r >= 0 && !is_ours)
                r = append_all(strings, arguments);
        return r;
}

int gate_open(const Unikernel *unikernel, const GateOrder *order) {
        _cleanup_(strings_clear) Strings argv = {}, arguments = {};
        _cleanup_(fd_closep) int argv_fd = -1, arguments_fd = -1;
        LauncherCall call = {
                .request.verb = LAUNCHER_OPEN,
                .request.child = unikernel->run->child,
                .request.gid = order->gid,
                .done = order->done,
                .userdata = order->userdata,
        };
        int r;

        r = config_guest_arguments(&arguments, &unikernel->config, &unikernel->name);
        if (r < 0)
                return r;
        r = append_argv(&argv, unikernel, order->tender->kind, &arguments);
        if (r < 0)
                return r;
        argv_fd = file_memfd("albatross-argv", argv.data, argv.size);
        if (argv_fd < 0)
                return argv_fd;

        memcpy(call.request.cpus, unikernel->config.cpus.words, sizeof(call.request.cpus));
        call.fds[call.n_fds++] = order->tender->fd;
        call.fds[call.n_fds++] = argv_fd;
        call.fds[call.n_fds++] = order->image_fd;
        if (!tender_kind_shows_arguments(order->tender->kind)) {
                arguments_fd = file_memfd("albatross-arguments", arguments.data, arguments.size);
                if (arguments_fd < 0)
                        return arguments_fd;
                call.fds[call.n_fds++] = arguments_fd;
        }
        return launcher_call(unikernel->manager->launcher, &call);
}
