/* SPDX-License-Identifier: ISC */

/*
 * albatross-spt, a tender: it loads one Solo5 unikernel into its own process, takes every right but
 * the few that the guest needs away from that process, and becomes the guest.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "spt/abi.h"
#include "spt/arguments.h"
#include "spt/attach.h"
#include "spt/departure.h"
#include "spt/image.h"
#include "spt/memory.h"
#include "spt/options.h"
#include "spt/refusal.h"
#include "spt/sandbox.h"

static const char help[] =
        "albatross-spt [OPTION...] [--] IMAGE [ARGUMENT...]\n"
        "\n"
        "Runs the Solo5 unikernel in the file IMAGE, or in the open descriptor @FD.\n"
        "\n"
        "  --mem=MIB                         memory of the guest (512)\n"
        "  --net:NAME=TAP|@FD                network NAME: an interface, or an open tap\n"
        "  --net-mac:NAME=MAC                its address (random)\n"
        "  --block:NAME=PATH|@FD             block device NAME: a file, or an open one\n"
        "  --block-sector-size:NAME=BYTES    size of its sectors (512)\n"
        "  --arguments=@FD                   read the guest's arguments, NUL-terminated\n"
        "  --help                            print this\n"
        "  --version                         print the version and that of the interface\n";

static const char version[] = "albatross-spt tender, version v" ALBATROSS_VERSION "\n"
                              "ABI version 2\n";
_Static_assert(SPT_ABI_VERSION == 2, "--version says so");

/* What a run needs, kept together since most of it is large and must not be on the stack. None of
 * it is given back: it goes as a whole when the tender does. */
typedef struct Tender {
        Options options;
        const char *first_argument;
        Arguments arguments;
        Image image;
        Manifest manifest;
        Sandbox sandbox;
} Tender;

/* One write for one sentence, so that those of several tenders never mix on a terminal. */
static int fail(const char *image, const Refusal *refusal) {
        char line[1024];

        snprintf(line, sizeof(line), "albatross-spt: %.700s%s%s\n", image ? image : "",
                 image ? ": " : "", refusal->sentence);
        file_write_all(STDERR_FILENO, line, strlen(line));
        return EXIT_FAILURE;
}

/* A standard descriptor that is closed would be given to the next thing that is opened, and the
 * guest may write to whatever is number 1. */
static int hold_standard_fds(Refusal *refusal) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
                        return refusal_set(refusal, "Cannot open /dev/null: %m");
        return 0;
}

static int open_image(Options *options, Refusal *refusal) {
        if (options->image_fd >= 0)
                return 0;
        options->image_fd = open(options->image, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (options->image_fd < 0)
                return refusal_set(refusal, "Cannot open the image: %m");
        return 0;
}

/* Everything up to the point of no return. */
static int prepare(Tender *tender, Refusal *refusal) {
        Options *options = &tender->options;
        int r;

        if (options->arguments_fd >= 0) {
                if (tender->arguments.length > 0)
                        return refusal_set(refusal, "Arguments are given twice");
                r = arguments_read(&tender->arguments, options->arguments_fd, refusal);
                if (r < 0)
                        return r;
        }

        r = open_image(options, refusal);
        if (r < 0)
                return r;
        r = image_read(&tender->image, &tender->manifest, options->image_fd, options->mem_size,
                       refusal);
        if (r < 0)
                return r;
        r = attach_devices(&tender->manifest, &options->devices, refusal);
        if (r < 0)
                return r;
        r = memory_map(options->mem_size, refusal);
        if (r < 0)
                return r;
        r = memory_load(&tender->image, options->image_fd, refusal);
        if (r < 0)
                return r;
        return sandbox_prepare(&tender->sandbox, &tender->manifest, refusal);
}

static int run(Tender *tender, Refusal *refusal) {
        Departure leave = {
                .mem_size = tender->options.mem_size,
                .sandbox = &tender->sandbox,
                .kept_start = tender->first_argument,
        };
        BootInfo info = {.mem_size = leave.mem_size};
        int r;

        r = prepare(tender, refusal);
        if (r < 0)
                return r;

        info.kernel_end = tender->image.end;
        info.epoll_fd = tender->sandbox.epoll_fd;
        info.timer_fd = tender->sandbox.timer_fd;
        memory_write_boot_info(&info, &tender->manifest, &tender->arguments);

        r = sandbox_close(&tender->sandbox, refusal);
        if (r < 0)
                return r;
        leave.entry = tender->image.entry;
        departure(&leave);
}

int main(int argc, char **argv) {
        static Tender tender;
        Refusal refusal = {};
        int image, taken;

        /* Before anything of a guest is in this process: no core dump, and nobody but root reads
         * its memory. */
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

        /* The arguments are wiped before there is anything to print. */
        image = options_find_image(argc, argv);
        tender.first_argument = argv[0];
        taken = arguments_take(&tender.arguments, argv + MIN_OF(image + 1, argc), &refusal);

        if (hold_standard_fds(&refusal) < 0 ||
            options_parse(&tender.options, argv, image, &refusal) < 0 || taken < 0)
                return fail(NULL, &refusal);
        if (tender.options.verb == OPTIONS_HELP) {
                file_write_all(STDOUT_FILENO, help, strlen(help));
                return EXIT_SUCCESS;
        }
        if (tender.options.verb == OPTIONS_VERSION) {
                file_write_all(STDERR_FILENO, version, strlen(version));
                return EXIT_SUCCESS;
        }

        run(&tender, &refusal);
        return fail(tender.options.image, &refusal);
}
