/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/pager.h"

/* NULL: none is wanted. "": the default ones. */
static const char *wanted_pager(void) {
        const char *command = getenv("SYSTEMD_PAGER");

        if (!command)
                command = getenv("PAGER");
        if (!command)
                return "";
        return command[0] == '\0' || strcmp(command, "cat") == 0 ? NULL : command;
}

/* Behind sudo and its like, a pager must not offer a shell to who was allowed one command. */
static bool wants_secure(void) {
        const char *told = getenv("SYSTEMD_PAGERSECURE");

        if (told)
                return strcmp(told, "0") != 0 && strcmp(told, "no") != 0 &&
                       strcmp(told, "false") != 0;
        return getuid() != geteuid() || getenv("SUDO_UID") || getenv("PKEXEC_UID");
}

static void __attribute__((noreturn)) run_pager(int input_fd, const char *command, pid_t parent) {
        const char *less = getenv("SYSTEMD_LESS");
        bool secure = wants_secure();

        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent || dup2(input_fd, STDIN_FILENO) < 0)
                _exit(1);
        setenv("LESS", less ? less : "FRSXMK", 1);
        setenv("LESSCHARSET", "utf-8", 0);
        if (secure)
                setenv("LESSSECURE", "1", 1);

        /* Only less knows LESSSECURE, so any other pager is not trusted then. */
        if (command[0] && !secure)
                execl("/bin/sh", "sh", "-c", command, NULL);
        execlp("less", "less", NULL);
        if (!secure)
                execlp("more", "more", NULL);

        /* Rather unpaged than not at all. */
        for (;;) {
                char buffer[4096];
                ssize_t n = read(STDIN_FILENO, buffer, sizeof(buffer));

                if (n <= 0 || write(STDOUT_FILENO, buffer, (size_t) n) != n)
                        _exit(n < 0);
        }
}

Pager pager_start(const Options *options) {
        const char *command;
        pid_t parent = getpid(), pid;
        int ends[2];

        if (option_given(options, OPTION_NO_PAGER) || !isatty(STDOUT_FILENO))
                return PAGER_NONE;
        command = wanted_pager();
        if (!command || pipe2(ends, O_CLOEXEC) < 0)
                return PAGER_NONE;

        pid = fork();
        if (pid == 0)
                run_pager(ends[0], command, parent);
        fd_close(ends[0]);
        if (pid > 0 && dup2(ends[1], STDOUT_FILENO) < 0) {
                kill(pid, SIGTERM);
                pid = -1;
        }
        fd_close(ends[1]);
        return pid > 0 ? pid : PAGER_NONE;
}

void pager_stop(Pager *pager) {
        if (*pager == PAGER_NONE)
                return;

        /* Its end of file: our last end of the pipe. That nobody reads any more is fine. */
        signal(SIGPIPE, SIG_IGN);
        fflush(stdout);
        freopen("/dev/null", "we", stdout);
        while (waitpid(*pager, NULL, 0) < 0 && errno == EINTR)
                ;
        *pager = PAGER_NONE;
}
