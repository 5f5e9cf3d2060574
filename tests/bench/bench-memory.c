/* SPDX-License-Identifier: ISC */

/*
 * Memory of its own (Private_* of smaps_rollup) of an idle unikernel, of three that run at the same
 * time: under albatross-spt and, when ALBATROSS_SOLO5 names the folder where it is, under
 * solo5-spt; with a small guest, and with one that has 5 MiB of constants.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define N_INSTANCES 3

static pid_t start(const char *tender, const char *guest) {
        pid_t pid = fork();

        measure_check(pid < 0 ? -errno : 0, "fork");
        if (pid == 0) {
                dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
                execl(tender, tender, "--mem=16", "--", guest, NULL);
                _exit(127);
        }
        return pid;
}

static unsigned private_kib(pid_t pid) {
        char path[64], line[256];
        unsigned sum = 0;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
        file = fopen(path, "re");
        measure_check(file ? 0 : -errno, path);
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, "Private_", 8) == 0)
                        sum += (unsigned) atoi(strchr(line, ':') + 1);
        fclose(file);
        return sum;
}

static unsigned measure(const char *tender, const char *guest) {
        pid_t pids[N_INSTANCES];
        unsigned least = -1U;

        for (unsigned i = 0; i < N_INSTANCES; i++)
                pids[i] = start(tender, guest);
        sleep(1);
        for (unsigned i = 0; i < N_INSTANCES; i++) {
                unsigned kib = private_kib(pids[i]);

                least = kib < least ? kib : least;
                kill(pids[i], SIGKILL);
                waitpid(pids[i], NULL, 0);
        }
        printf("%-40s %-10s %8u KiB\n", strrchr(tender, '/') + 1, strrchr(guest, '/') + 1, least);
        return least;
}

static void compare(const char *solo5, const char *guest, double target) {
        unsigned ours, theirs;

        ours = measure(ALBATROSS_LIBEXECDIR "/albatross-spt", guest);
        if (!solo5)
                return;
        theirs = measure(solo5, guest);
        printf("ratio: %.3f (target: at most %.1f, %s)\n", (double) ours / theirs, target,
               ours <= theirs * target ? "met" : "missed");
}

int main(void) {
        const char *folder = getenv("ALBATROSS_SOLO5");
        char solo5[4096];

        if (folder)
                snprintf(solo5, sizeof(solo5), "%s/solo5-spt", folder);
        else
                puts("ALBATROSS_SOLO5 is not set: no comparison with solo5-spt");
        compare(folder ? solo5 : NULL, GUESTS "/idle.spt", 0.7);
        compare(folder ? solo5 : NULL, GUESTS "/bulky.spt", 0.1);
        return 0;
}
