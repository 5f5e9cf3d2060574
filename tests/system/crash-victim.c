/* SPDX-License-Identifier: ISC */

/*
 * Kills a process at one of its system calls, for crash.sh: at the Nth of those that change
 * something which others can see (a file, a socket, a process), before the kernel carries it out.
 *
 *   crash-victim PID N COMMAND...            PID is watched while COMMAND is run and answered, and
 *                                            until it has been quiet for a while
 *   crash-victim --at-gate FLAG N COMMAND... who is watched is the next one to come through this:
 *   crash-victim --gate FLAG PROGRAM...      the gate: waits for that once, becomes PROGRAM
 *
 * With N = 0 nobody is killed, and each such call is printed: its number, name and arguments. The
 * last line is "killed STATUS NUMBER NAME ARGUMENT..." or "passed STATUS NUMBER", STATUS being that
 * of the COMMAND. Exit status 1: it could not be done.
 *
 * Not counted: log lines, what stays inside of the process (event, timer and memory descriptors),
 * and closing a descriptor, which the end of the process does, too.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define QUIET_MSEC    150
#define DEADLINE_MSEC 30000
#define TEXT_MAX      96
#define CALL_MAX      (3 * TEXT_MAX)

/* Where a call has what is worth to be shown. */
typedef enum Sight {
        SIGHT_NUMBERS,
        SIGHT_PATH,    /* a folder's descriptor, a path */
        SIGHT_OPEN,    /* the same; it changes something when it makes or empties a file */
        SIGHT_FD,      /* a descriptor */
        SIGHT_BUFFER,  /* a descriptor, bytes */
        SIGHT_VECTOR,  /* a descriptor, vectors of bytes */
        SIGHT_MESSAGE, /* a descriptor, a message of vectors */
        SIGHT_WAIT,    /* it changes something when it collects a child */
} Sight;

static const struct {
        unsigned long number;
        const char *name;
        Sight sight;
} calls[] = {
        {SYS_openat, "openat", SIGHT_OPEN},
        {SYS_mkdirat, "mkdirat", SIGHT_PATH},
        {SYS_unlinkat, "unlinkat", SIGHT_PATH},
        {SYS_linkat, "linkat", SIGHT_PATH},
        {SYS_symlinkat, "symlinkat", SIGHT_NUMBERS},
        {SYS_mknodat, "mknodat", SIGHT_PATH},
        {SYS_renameat2, "renameat2", SIGHT_PATH},
        {SYS_fchmodat, "fchmodat", SIGHT_PATH},
        {SYS_fchownat, "fchownat", SIGHT_PATH},
        {SYS_utimensat, "utimensat", SIGHT_PATH},
#ifdef SYS_renameat
        {SYS_renameat, "renameat", SIGHT_PATH},
#endif
#ifdef SYS_rename
        {SYS_rename, "rename", SIGHT_NUMBERS},
        {SYS_unlink, "unlink", SIGHT_NUMBERS},
        {SYS_mkdir, "mkdir", SIGHT_NUMBERS},
        {SYS_rmdir, "rmdir", SIGHT_NUMBERS},
        {SYS_fork, "fork", SIGHT_NUMBERS},
        {SYS_vfork, "vfork", SIGHT_NUMBERS},
#endif
        {SYS_write, "write", SIGHT_BUFFER},
        {SYS_pwrite64, "pwrite64", SIGHT_BUFFER},
        {SYS_writev, "writev", SIGHT_VECTOR},
        {SYS_sendto, "sendto", SIGHT_BUFFER},
        {SYS_sendmsg, "sendmsg", SIGHT_MESSAGE},
        {SYS_sendmmsg, "sendmmsg", SIGHT_FD},
        {SYS_copy_file_range, "copy_file_range", SIGHT_FD},
        {SYS_sendfile, "sendfile", SIGHT_FD},
        {SYS_splice, "splice", SIGHT_FD},
        {SYS_ftruncate, "ftruncate", SIGHT_FD},
        {SYS_fallocate, "fallocate", SIGHT_FD},
        {SYS_fchmod, "fchmod", SIGHT_FD},
        {SYS_fchown, "fchown", SIGHT_FD},
        {SYS_fsetxattr, "fsetxattr", SIGHT_FD},
        {SYS_fremovexattr, "fremovexattr", SIGHT_FD},
        {SYS_setxattr, "setxattr", SIGHT_NUMBERS},
        {SYS_removexattr, "removexattr", SIGHT_NUMBERS},
        {SYS_fsync, "fsync", SIGHT_FD},
        {SYS_fdatasync, "fdatasync", SIGHT_FD},
        {SYS_syncfs, "syncfs", SIGHT_FD},
        {SYS_flock, "flock", SIGHT_FD},
        {SYS_ioctl, "ioctl", SIGHT_FD},
        {SYS_connect, "connect", SIGHT_FD},
        {SYS_bind, "bind", SIGHT_FD},
        {SYS_listen, "listen", SIGHT_FD},
        {SYS_accept4, "accept4", SIGHT_FD},
        {SYS_shutdown, "shutdown", SIGHT_FD},
        {SYS_clone, "clone", SIGHT_NUMBERS},
        {SYS_clone3, "clone3", SIGHT_NUMBERS},
        {SYS_execve, "execve", SIGHT_NUMBERS},
        {SYS_kill, "kill", SIGHT_NUMBERS},
        {SYS_tgkill, "tgkill", SIGHT_NUMBERS},
        {SYS_pidfd_send_signal, "pidfd_send_signal", SIGHT_NUMBERS},
        {SYS_wait4, "wait4", SIGHT_NUMBERS},
        {SYS_waitid, "waitid", SIGHT_WAIT},
};

static pid_t victim, command;
static unsigned n_calls, kill_at;
static char killed_at[CALL_MAX];
static int status_of_command = -1;
static bool victim_is_dead;

static int __attribute__((format(printf, 1, 2))) complain(const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        return EXIT_FAILURE;
}

static uint64_t now_msec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

/* Bytes of the victim, as far as they are there. */
static size_t peek(uint64_t address, void *buffer, size_t size) {
        const struct iovec here = {buffer, size};
        const struct iovec there = {(void *) (uintptr_t) address, size};
        ssize_t n;

        n = process_vm_readv(victim, &here, 1, &there, 1, 0);
        return n < 0 ? 0 : (size_t) n;
}

static void peek_path(uint64_t address, char *text) {
        size_t n = 0;

        /* Byte by byte: the page behind the last one may not be there. */
        while (n < TEXT_MAX && peek(address + n, text + n, 1) == 1 && text[n] != '\0')
                n++;
        text[n] = '\0';
}

/* Runs of what can be read, since most messages have a member or a name in them. */
static size_t peek_text(uint64_t address, size_t size, char *text, size_t n) {
        unsigned char bytes[TEXT_MAX * 2];

        size = peek(address, bytes, MIN_OF(size, sizeof(bytes)));
        for (size_t i = 0; i < size && n < TEXT_MAX; i++) {
                bool is_text = bytes[i] > 0x20 && bytes[i] < 0x7f;

                if (is_text)
                        text[n++] = (char) bytes[i];
                else if (n > 0 && text[n - 1] != ' ')
                        text[n++] = ' ';
        }
        text[n] = '\0';
        return n;
}

static void peek_vectors(uint64_t address, size_t n_vectors, char *text) {
        struct iovec vectors[4];
        size_t n = 0;

        n_vectors = MIN_OF(n_vectors, N_ELEMENTS(vectors));
        n_vectors = peek(address, vectors, n_vectors * sizeof(*vectors)) / sizeof(*vectors);
        text[0] = '\0';
        for (size_t i = 0; i < n_vectors; i++)
                n = peek_text((uintptr_t) vectors[i].iov_base, vectors[i].iov_len, text, n);
}

static void peek_message(uint64_t address, char *text) {
        struct msghdr message = {};

        peek(address, &message, sizeof(message));
        peek_vectors((uintptr_t) message.msg_iov, message.msg_iovlen, text);
}

static void peek_link(uint64_t fd, char *text) {
        char path[64];
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int) victim, (int) fd);
        n = readlink(path, text, TEXT_MAX);
        text[n < 0 ? 0 : n] = '\0';
}

/* Whom it would have changed. */
static bool is_private(const char *link, const char *text) {
        return strncmp(link, "anon_inode:", 11) == 0 || strncmp(link, "/memfd:", 7) == 0 ||
               strncmp(text, "PRIORITY=", 9) == 0 || strncmp(text, "MESSAGE=", 8) == 0 ||
               strncmp(text, "CODE_FILE=", 10) == 0;
}

/* Whether @call changes anything; says what, then. */
static bool look(size_t call, const uint64_t *args, char *text, size_t size) {
        char link[TEXT_MAX + 1] = "", what[TEXT_MAX + 1] = "";

        switch (calls[call].sight) {
        case SIGHT_OPEN:
                if (!(args[2] & (O_CREAT | O_TRUNC)))
                        return false;
                peek_path(args[1], what);
                break;
        case SIGHT_PATH:
                peek_path(args[1], what);
                break;
        case SIGHT_BUFFER:
                peek_text(args[1], args[2], what, 0);
                break;
        case SIGHT_VECTOR:
                peek_vectors(args[1], args[2], what);
                break;
        case SIGHT_MESSAGE:
                peek_message(args[1], what);
                break;
        case SIGHT_WAIT:
                snprintf(text, size, "%s", calls[call].name);
                return !(args[3] & WNOWAIT);
        case SIGHT_FD:
                break;
        case SIGHT_NUMBERS:
                snprintf(text, size, "%s %#llx, %#llx", calls[call].name,
                         (unsigned long long) args[0], (unsigned long long) args[1]);
                return true;
        }
        peek_link(args[0], link);
        snprintf(text, size, "%s %s %s", calls[call].name, link[0] ? link : "-", what);
        return !is_private(link, what);
}

static void at_call(const struct __ptrace_syscall_info *info) {
        char text[CALL_MAX];

        for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
                if (calls[i].number != info->entry.nr)
                        continue;
                if (!look(i, (const uint64_t *) info->entry.args, text, sizeof(text)))
                        return;
                n_calls++;
                if (kill_at == 0)
                        printf("%u %s\n", n_calls, text);
                if (n_calls != kill_at)
                        return;
                strcpy(killed_at, text);
                return;
        }
}

/* The victim has stopped, or ended. */
static void on_victim(int status) {
        struct __ptrace_syscall_info info = {};
        int signal = 0;

        if (WIFEXITED(status) || WIFSIGNALED(status)) {
                victim_is_dead = true;
                return;
        }
        if (status >> 16 == PTRACE_EVENT_STOP) {
                if (WSTOPSIG(status) != SIGTRAP) {
                        ptrace(PTRACE_LISTEN, victim, NULL, NULL);
                        return;
                }
        } else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
                if (ptrace(PTRACE_GET_SYSCALL_INFO, victim, sizeof(info), &info) > 0 &&
                    info.op == PTRACE_SYSCALL_INFO_ENTRY)
                        at_call(&info);
                /* A call at whose entry its process is killed is not carried out. It dies without
                 * being watched: its parent is told only after a tracer has taken note, if at all.
                 */
                if (killed_at[0]) {
                        ptrace(PTRACE_DETACH, victim, NULL, SIGKILL);
                        victim_is_dead = true;
                        return;
                }
        } else if (status >> 16 == 0)
                signal = WSTOPSIG(status);
        ptrace(PTRACE_SYSCALL, victim, NULL, signal);
}

static void on_command(int status) {
        if (WIFEXITED(status))
                status_of_command = WEXITSTATUS(status);
        else if (WIFSIGNALED(status))
                status_of_command = 128 + WTERMSIG(status);
}

/* Takes what has happened, and says whether anything had. */
static bool take_one(void) {
        int status;
        pid_t pid;

        pid = waitpid(-1, &status, WNOHANG | __WALL);
        if (pid <= 0)
                return false;
        if (pid == victim)
                on_victim(status);
        else if (pid == command)
                on_command(status);
        return true;
}

/* Until the command has ended, and the victim, too, or has been quiet. SIGCHLD is blocked. */
static int watch(void) {
        uint64_t began = now_msec(), last = began;
        const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
        sigset_t child;

        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        while (status_of_command < 0 || !victim_is_dead) {
                if (take_one()) {
                        last = now_msec();
                        continue;
                }
                if (status_of_command >= 0 && now_msec() - last > QUIET_MSEC)
                        return 0;
                if (now_msec() - began > DEADLINE_MSEC)
                        return -ETIMEDOUT;
                (void) sigtimedwait(&child, NULL, &moment);
        }
        return 0;
}

/* Watched from where it is now, whatever that is. */
static int seize(void) {
        if (ptrace(PTRACE_SEIZE, victim, NULL, PTRACE_O_TRACESYSGOOD) < 0 ||
            ptrace(PTRACE_INTERRUPT, victim, NULL, NULL) < 0)
                return -errno;
        while (waitpid(victim, NULL, __WALL) < 0)
                if (errno != EINTR)
                        return -errno;
        return ptrace(PTRACE_SYSCALL, victim, NULL, NULL) < 0 ? -errno : 0;
}

static int start_command(char **argv) {
        sigset_t none;

        command = fork();
        if (command < 0)
                return -errno;
        if (command > 0)
                return 0;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(argv[0], argv);
        _exit(127);
}

/* --- the gate --- */

static void pid_file(const char *flag, char *path, size_t size) {
        snprintf(path, size, "%s.pid", flag);
}

/* Becomes the program; the first time that the flag is there, only when somebody watches it. */
static int pass_gate(const char *flag, char **argv) {
        char path[PATH_MAX], new_path[PATH_MAX + 4];
        FILE *file;

        pid_file(flag, path, sizeof(path));
        if (unlink(flag) >= 0) {
                snprintf(new_path, sizeof(new_path), "%s.new", path);
                file = fopen(new_path, "we");
                if (!file)
                        return complain("%s: %m", new_path);
                fprintf(file, "%d", getpid());
                fclose(file);
                if (rename(new_path, path) < 0)
                        return complain("%s: %m", path);
                raise(SIGSTOP);
        }
        execv(argv[0], argv);
        return complain("%s: %m", argv[0]);
}

static int raise_gate(const char *flag) {
        int fd;

        fd = open(flag, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        fd_close(fd);
        return 0;
}

/* Its own SIGSTOP would be the last word if it came after our SIGCONT. */
static bool has_stopped(pid_t pid) {
        char path[sizeof("/proc/2147483647/stat")];
        char state = '\0';
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        file = fopen(path, "re");
        if (!file)
                return false;
        if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
                state = '\0';
        fclose(file);
        return state == 'T';
}

static pid_t read_pid(const char *path) {
        FILE *file = fopen(path, "re");
        int pid = 0;

        if (!file)
                return 0;
        if (fscanf(file, "%d", &pid) != 1)
                pid = 0;
        fclose(file);
        return pid;
}

/* Waits for one to come to the gate, and has it go on when it is watched. */
static int seize_at_gate(const char *flag) {
        const struct timespec moment = {.tv_nsec = 5 * 1000 * 1000};
        uint64_t began = now_msec();
        char path[PATH_MAX];
        int r;

        pid_file(flag, path, sizeof(path));
        while ((victim = read_pid(path)) == 0 || !has_stopped(victim)) {
                if (now_msec() - began > DEADLINE_MSEC)
                        return -ETIMEDOUT;
                nanosleep(&moment, NULL);
        }
        unlink(path);
        r = seize();
        return r < 0 ? r : kill(victim, SIGCONT) < 0 ? -errno : 0;
}

static int run(const char *flag, char **argv) {
        sigset_t child;
        int r;

        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        sigprocmask(SIG_BLOCK, &child, NULL);
        if (flag) {
                r = raise_gate(flag);
                if (r >= 0)
                        r = start_command(argv);
                if (r >= 0)
                        r = seize_at_gate(flag);
        } else {
                r = seize();
                if (r >= 0)
                        r = start_command(argv);
        }
        if (r >= 0)
                r = watch();
        if (r < 0)
                return complain("%s: %s", flag ? flag : argv[0], strerror(-r));

        printf("%s %d %u %s\n", killed_at[0] ? "killed" : "passed", status_of_command, n_calls,
               killed_at);
        return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        if (argc >= 4 && strcmp(argv[1], "--gate") == 0)
                return pass_gate(argv[2], argv + 3);
        if (argc >= 5 && strcmp(argv[1], "--at-gate") == 0) {
                kill_at = (unsigned) atoi(argv[3]);
                return run(argv[2], argv + 4);
        }
        if (argc < 4)
                return complain("usage: see the head of crash-victim.c");
        victim = atoi(argv[1]);
        kill_at = (unsigned) atoi(argv[2]);
        return run(NULL, argv + 3);
}
