/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/intake.h"

#define SIZE_MAX_TEXT  "268435456" /* what the daemon takes by default */
#define IDLE_SEC_TEXT  "600"       /* whoever types an image by hand, or waits for a download */
#define STATUS_NO_EXEC 127

typedef struct Program {
        const char *name;
        const char *arguments[2];
        int in_fd, out_fd; /* the caller's; -1: /dev/null */
        int report_fd;
        pid_t pid;
} Program;

static void program_done(Program *program) {
        fd_close(program->report_fd);
        while (program->pid > 0 && waitpid(program->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        program->report_fd = -1;
        program->pid = -1;
}

static void __attribute__((noreturn)) program_execute(const Program *program, int report_fd) {
        char path[256];
        char name[32], arguments[2][16];
        char *argv[4] = {name};
        char *const environment[] = {NULL};
        int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        snprintf(path, sizeof(path), "%s/%s", ALBATROSS_LIBEXECDIR, program->name);
        snprintf(name, sizeof(name), "%s", program->name);
        for (size_t i = 0; i < N_ELEMENTS(arguments) && program->arguments[i]; i++) {
                snprintf(arguments[i], sizeof(arguments[i]), "%s", program->arguments[i]);
                argv[i + 1] = arguments[i];
        }
        if (dup2(program->in_fd >= 0 ? program->in_fd : null_fd, STDIN_FILENO) < 0 ||
            dup2(program->out_fd >= 0 ? program->out_fd : null_fd, STDOUT_FILENO) < 0 ||
            dup2(report_fd, STDERR_FILENO) < 0)
                _exit(STATUS_NO_EXEC);
        execve(path, argv, environment);
        _exit(STATUS_NO_EXEC);
}

static int program_start(Program *program) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        program->report_fd = ends[0];
        program->pid = fork();
        if (program->pid == 0)
                program_execute(program, ends[1]);
        fd_close(ends[1]);
        return program->pid < 0 ? -errno : 0;
}

/* Reads the report, which begins with its header, and waits for the end of the program. */
static int program_finish(Program *program, void *report, size_t size, Fault *fault) {
        _cleanup_(freep) char *data = NULL;
        ReportHeader header;
        size_t data_size;
        int status, r;

        r = file_read_fd(program->report_fd, size, &data, &data_size);
        if (r < 0 && r != -EFBIG)
                return r;
        while (waitpid(program->pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        program->pid = -1;

        if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_EXEC)
                return fault_set(fault, FAULT_FAILED, "%s/%s can't be run, is it installed?",
                                 ALBATROSS_LIBEXECDIR, program->name);
        if (r < 0 || data_size != size)
                return fault_set(fault, FAULT_FAILED, "%s failed without saying why",
                                 program->name);
        memcpy(report, data, size);
        memcpy(&header, data, sizeof(header));
        header.reason[IMAGE_REASON_MAX] = '\0';
        if (header.version != IMAGE_WIRE_VERSION)
                return fault_set(fault, FAULT_FAILED, "%s is not of the version of albatrossctl",
                                 program->name);
        if (header.reason[0])
                return fault_set(fault, FAULT_INVALID_IMAGE, "%s", header.reason);
        if (header.error || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return fault_set(fault, FAULT_FAILED, "%s failed: %s", program->name,
                                 header.error ? strerror(abs(header.error)) : "it was killed");
        return 0;
}

/* The image, as it is when unpacked, into @memory_fd. */
static int unpack(Intake *intake, int image_fd, int memory_fd, Fault *fault) {
        _cleanup_(program_done) Program inflate = {.name = "albatross-inflate",
                                                   .arguments = {SIZE_MAX_TEXT},
                                                   .in_fd = image_fd,
                                                   .report_fd = -1};
        _cleanup_(program_done) Program store = {.name = "albatross-store",
                                                 .arguments = {SIZE_MAX_TEXT, IDLE_SEC_TEXT},
                                                 .out_fd = memory_fd,
                                                 .report_fd = -1};
        _cleanup_(fd_closep) int read_fd = -1, write_fd = -1;
        int ends[2], r, q;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        store.in_fd = read_fd = ends[0];
        inflate.out_fd = write_fd = ends[1];

        r = program_start(&inflate);
        if (r < 0)
                return r;
        /* Ours must be closed before anyone waits: each program sees the end of the other by it. */
        write_fd = fd_close(write_fd);
        r = program_start(&store);
        if (r < 0)
                return r;
        read_fd = fd_close(read_fd);

        /* What the first one has to say explains what the second one complains about. */
        r = program_finish(&inflate, &intake->inflate, sizeof(intake->inflate), fault);
        q = program_finish(&store, &intake->store, sizeof(intake->store), r < 0 ? NULL : fault);
        return r < 0 ? r : q;
}

int intake_run(Intake *ret, int image_fd, Fault *fault) {
        _cleanup_(fd_closep) int memory_fd = -1, read_only_fd = -1;
        _cleanup_(program_done)
                Program notes = {.name = "albatross-read-notes", .out_fd = -1, .report_fd = -1};
        Intake intake = {};
        char path[64];
        int r;

        memory_fd = memfd_create("image", MFD_CLOEXEC);
        if (memory_fd < 0)
                return -errno;
        r = unpack(&intake, image_fd, memory_fd, fault);
        if (r < 0)
                return r;

        /* Whoever parses holds nothing that it could write to. */
        snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_fd);
        read_only_fd = open(path, O_RDONLY | O_CLOEXEC);
        if (read_only_fd < 0)
                return -errno;
        notes.in_fd = read_only_fd;
        r = program_start(&notes);
        if (r < 0)
                return r;
        r = program_finish(&notes, &intake.notes, sizeof(intake.notes), fault);
        if (r < 0)
                return r;
        if (intake.notes.n_devices > IMAGE_DEVICES_MAX)
                return fault_set(fault, FAULT_FAILED,
                                 "%s reports %u devices, more than there can be", notes.name,
                                 intake.notes.n_devices);

        *ret = intake;
        return 0;
}
