/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/agent.h"

static void __attribute__((noreturn)) run_agent(int ready_fd, pid_t parent) {
        /* That of a desktop goes before ours. polkit never comes back to a fallback for somebody
         * who has no session at all, as under su or sudo. */
        const char *fallback = sd_pid_get_session(parent, NULL) >= 0 ? "--fallback" : NULL;
        char number[16];

        /* It must not outlive us, however we end. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(1);
        snprintf(number, sizeof(number), "%d", ready_fd);
        if (fcntl(ready_fd, F_SETFD, 0) < 0)
                _exit(1);
        execlp("pkttyagent", "pkttyagent", "--notify-fd", number, fallback, NULL);
        _exit(127);
}

bool agent_wanted(const Options *options) {
        return geteuid() != 0 && !option_given(options, OPTION_NO_ASK_PASSWORD) &&
               !options->machine && isatty(STDIN_FILENO);
}

Agent agent_start(const Options *options) {
        _cleanup_(fd_closep) int ready_fd = -1;
        pid_t parent = getpid(), pid;
        int ends[2];

        if (!agent_wanted(options) || pipe2(ends, O_CLOEXEC) < 0)
                return AGENT_NONE;
        ready_fd = ends[0];

        pid = fork();
        if (pid == 0)
                run_agent(ends[1], parent);
        fd_close(ends[1]);
        if (pid < 0)
                return AGENT_NONE;

        /* The agent closes its end when it is ready, and so does its failure to start. */
        while (poll(&(struct pollfd){.fd = ready_fd}, 1, -1) < 0 && errno == EINTR)
                ;
        return pid;
}

void agent_stop(Agent *agent) {
        if (*agent == AGENT_NONE)
                return;
        kill(*agent, SIGTERM);
        kill(*agent, SIGCONT);
        while (waitpid(*agent, NULL, 0) < 0 && errno == EINTR)
                ;
        *agent = AGENT_NONE;
}
