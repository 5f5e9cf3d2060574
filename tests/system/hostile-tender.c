/* SPDX-License-Identifier: ISC */

/*
 * A tender that was taken over by its guest, see tenant-attack.sh. Its guest's arguments say what
 * it does:
 *
 *   wait                      nothing
 *   linger                    ends, but leaves a child behind
 *   fork                      starts as many as it can, and waits
 *   attack PID UID TAP FILE   whatever a program can do to the tender PID of another uid, to its
 * tap and the file of its disk, and to us; each attempt that was not refused is a line "succeeded:
 * ...", the last line says how many there were
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <linux/kcmp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned n_tried, n_succeeded;

typedef struct Victim {
        pid_t pid;
        uid_t uid;
        const char *tap, *file;
} Victim;

/* @r as system calls return it. */
static void try(const char *what, long r) {
        n_tried++;
        if (r < 0)
                return;
        n_succeeded++;
        printf("succeeded: %s\n", what);
}

static void try_open(const char *path, int flags) {
        char what[512];
        int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);

        snprintf(what, sizeof(what), "open %s", path);
        try(what, fd);
        if (fd >= 0)
                close(fd);
}

static void try_connect(const char *path, int type) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        char what[512];

        strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
        snprintf(what, sizeof(what), "connect to %s", path);
        try(what, connect(fd, (const struct sockaddr *) &address, sizeof(address)));
        close(fd);
}

/* --- its process --- */

static void attack_files_of_process(const Victim *victim) {
        static const char *const files[] = {"mem",     "maps",   "environ", "fd",      "cwd",
                                            "root",    "exe",    "auxv",    "syscall", "stack",
                                            "cmdline", "status", "comm",    "fdinfo"};
        char path[64];

        for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
                snprintf(path, sizeof(path), "/proc/%d/%s", victim->pid, files[i]);
                try_open(path, O_RDONLY);
        }
        for (int fd = 0; fd < 12; fd++) {
                snprintf(path, sizeof(path), "/proc/%d/fd/%d", victim->pid, fd);
                try_open(path, O_RDWR);
                snprintf(path, sizeof(path), "/proc/%d/map_files/%d", victim->pid, fd);
                try_open(path, O_RDONLY);
        }
        snprintf(path, sizeof(path), "/proc/%d/mem", victim->pid);
        try_open(path, O_WRONLY);
        snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", victim->pid);
        try_open(path, O_WRONLY);
}

static void attack_process(const Victim *victim) {
        static const int signals[] = {0, SIGTERM, SIGKILL, SIGSTOP, SIGCONT, SIGUSR1, SIGSEGV};
        const struct rlimit limit = {};
        char bytes[16];
        struct iovec here = {bytes, sizeof(bytes)};
        struct iovec there = {(void *) (uintptr_t) 0x11000, sizeof(bytes)};
        cpu_set_t cpus;
        int pidfd;

        for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
                try("kill", kill(victim->pid, signals[i]));
                try("tgkill", syscall(SYS_tgkill, victim->pid, victim->pid, signals[i]));
        }
        try("sigqueue", sigqueue(victim->pid, SIGUSR1, (union sigval){.sival_int = 1}));
        /* To have it is no right to anything. */
        pidfd = (int) syscall(SYS_pidfd_open, victim->pid, 0);
        if (pidfd >= 0) {
                try("pidfd_send_signal", syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
                for (int fd = 0; fd < 12; fd++)
                        try("pidfd_getfd", syscall(SYS_pidfd_getfd, pidfd, fd, 0));
                try("process_madvise",
                    syscall(SYS_process_madvise, pidfd, &there, 1, MADV_COLD, 0));
                try("setns", syscall(SYS_setns, pidfd, CLONE_NEWNS | CLONE_NEWPID));
        }
        try("ptrace attach", ptrace(PTRACE_ATTACH, victim->pid, NULL, NULL));
        try("ptrace seize", ptrace(PTRACE_SEIZE, victim->pid, NULL, NULL));
        try("process_vm_readv", process_vm_readv(victim->pid, &here, 1, &there, 1, 0));
        try("process_vm_writev", process_vm_writev(victim->pid, &here, 1, &there, 1, 0));
        try("kcmp", syscall(SYS_kcmp, getpid(), victim->pid, KCMP_FILE, 1, 1));
        try("prlimit", prlimit(victim->pid, RLIMIT_NOFILE, &limit, NULL));
        try("setpriority", setpriority(PRIO_PROCESS, (id_t) victim->pid, 19));
        CPU_ZERO(&cpus);
        CPU_SET(0, &cpus);
        try("sched_setaffinity", sched_setaffinity(victim->pid, sizeof(cpus), &cpus));
        try("migrate_pages", syscall(SYS_migrate_pages, victim->pid, 1, NULL, NULL));
}

/* --- its uid, and more than that --- */

static void attack_identity(const Victim *victim) {
        const gid_t groups[] = {0};

        try("setuid to it", setuid(victim->uid));
        try("setuid to root", setuid(0));
        try("setgid to it", setgid(victim->uid));
        try("setgroups", setgroups(1, groups));
        try("a user namespace", unshare(CLONE_NEWUSER));
        try("a network namespace", unshare(CLONE_NEWNET));
        try("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
        try("chroot", chroot("/tmp"));
        try_open("/dev/mem", O_RDONLY);
        try_open("/proc/kcore", O_RDONLY);
        try_open("/proc/sys/kernel/core_pattern", O_WRONLY);
}

/* --- its disk, and what else lies there --- */

static void attack_files(const Victim *victim) {
        try_open(victim->file, O_RDONLY);
        try_open(victim->file, O_RDWR);
        try("chmod", chmod(victim->file, 0666));
        try("chown", chown(victim->file, getuid(), getgid()));
        try("truncate", truncate(victim->file, 0));
        try("unlink", unlink(victim->file));
        try("link", link(victim->file, "/tmp/link"));
        try_open("/var/lib/albatross/v1", O_RDONLY | O_DIRECTORY);
        try_open("/var/lib/albatross/v1/blocks", O_RDONLY | O_DIRECTORY);
        try_open("/run/albatross/runs", O_RDONLY | O_DIRECTORY);
        try_open("/sys/fs/cgroup/albatross.slice/cgroup.procs", O_WRONLY);
        try_open("/sys/fs/cgroup/cgroup.procs", O_WRONLY);
        try_open("/tmp/left", O_WRONLY | O_CREAT);
        try_open("/var/tmp/left", O_WRONLY | O_CREAT);
        try_open("/dev/shm/left", O_WRONLY | O_CREAT);
        try_open("/run/left", O_WRONLY | O_CREAT);
        try_open("/run/systemd/dynamic-uid/61300", O_RDWR | O_CREAT);
}

static void attack_sockets(void) {
        try_connect("/run/albatross/bus", SOCK_STREAM);
        try_connect("/run/albatross/launcher", SOCK_SEQPACKET);
        try_connect("/run/albatross/network", SOCK_SEQPACKET);
        try_connect("/run/dbus/system_bus_socket", SOCK_STREAM);
        try_connect("/run/systemd/private", SOCK_STREAM);
}

/* --- its tap, and the network of the host --- */

static void attach_tap(const char *what, const char *name) {
        struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
        int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

        if (fd < 0)
                return;
        strncpy(request.ifr_name, name, IFNAMSIZ - 1);
        try(what, ioctl(fd, TUNSETIFF, &request));
        close(fd);
}

static void attack_network(const Victim *victim) {
        struct ifreq request = {};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        attach_tap("attach to its tap", victim->tap);
        attach_tap("make a tap", "evil%d");
        strncpy(request.ifr_name, victim->tap, IFNAMSIZ - 1);
        try("set its flags", ioctl(fd, SIOCSIFFLAGS, &request));
        request.ifr_mtu = 68;
        try("set its MTU", ioctl(fd, SIOCSIFMTU, &request));
        try("set its address", ioctl(fd, SIOCSIFADDR, &request));
        strcpy(request.ifr_newname, "evil");
        try("rename it", ioctl(fd, SIOCSIFNAME, &request));
        try("make a bridge", ioctl(fd, SIOCBRADDBR, "evil"));
        try("a packet socket", socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(3)));
        try("a raw socket", socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
        close(fd);
}

static int attack(char **argv) {
        const Victim victim = {
                .pid = (pid_t) atoi(argv[0]),
                .uid = (uid_t) atoi(argv[1]),
                .tap = argv[2],
                .file = argv[3],
        };

        attack_files_of_process(&victim);
        attack_process(&victim);
        attack_files(&victim);
        attack_sockets();
        attack_network(&victim);
        /* Last, since after a success nothing else would say much. */
        attack_identity(&victim);
        printf("%u of %u attempts\n", n_succeeded, n_tried);
        return EXIT_SUCCESS;
}

static int leave_child(void) {
        if (fork() == 0) {
                (void) setsid();
                for (;;)
                        pause();
        }
        printf("left a child\n");
        return EXIT_SUCCESS;
}

static void start_many(void) {
        unsigned n = 0;

        while (n < 1000) {
                pid_t pid = fork();

                if (pid < 0)
                        break;
                if (pid == 0)
                        for (;;)
                                pause();
                n++;
        }
        printf("%u children\n", n);
        fflush(stdout);
        for (;;)
                pause();
}

int main(int argc, char **argv) {
        int i = 1;

        if (argc == 2 && strcmp(argv[1], "--version") == 0) {
                fprintf(stderr, "solo5-spt tender, version v1\nABI version 2\n");
                return EXIT_SUCCESS;
        }
        /* The image, and then what the guest is told. */
        while (i < argc && strcmp(argv[i], "--") != 0)
                i++;
        i += 2;
        if (argc - i == 5 && strcmp(argv[i], "attack") == 0)
                return attack(argv + i + 1);
        if (argc - i == 1 && strcmp(argv[i], "linger") == 0)
                return leave_child();
        if (argc - i == 1 && strcmp(argv[i], "fork") == 0)
                start_many();
        for (;;)
                pause();
}
