/* SPDX-License-Identifier: ISC */

/*
 * What it costs that polkit is asked. An owner of a path inspects and starts a unikernel there, and
 * root does the same, in turn with the very question to polkit that the daemon asks for the owner.
 * What is beyond the answer to that question is ours.
 */

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "measure.h"

#define MANAGER "org.albatross", "/org/albatross", "org.albatross.Manager"
#define OWNER   "alice"
#define TARGET  "bench:u"

#define N_CALLS 400

static Series inspect_root = {"Inspect as root"};
static Series inspect_owner = {"Inspect as an owner"};
static Series start_root = {"StartUnikernel as root"};
static Series start_owner = {"StartUnikernel as an owner"};
static Series polkit_only = {"polkit's answer alone"};
static Series inspect_beyond = {"Inspect as an owner, beyond polkit"};
static Series start_beyond = {"StartUnikernel as an owner, beyond polkit"};

static uint64_t inspect(sd_bus *bus) {
        uint64_t start = measure_now();

        measure_check(sd_bus_call_method(bus, MANAGER, "Inspect", NULL, NULL, "s", TARGET),
                      "Inspect");
        return measure_now() - start;
}

static uint64_t start(sd_bus *bus) {
        uint64_t began = measure_now();

        measure_check(
                sd_bus_call_method(bus, MANAGER, "StartUnikernel", NULL, NULL, "sa{sv}", TARGET, 0),
                "StartUnikernel");
        return measure_now() - began;
}

static void stop(sd_bus *bus) {
        measure_check(
                sd_bus_call_method(bus, MANAGER, "StopUnikernel", NULL, NULL, "sa{sv}", TARGET, 0),
                "StopUnikernel");
}

/* The other process: what it is asked for, it does as the owner, and says how long that took. */
static void __attribute__((noreturn)) be_owner(int in_fd, int out_fd) {
        const struct passwd *user = getpwnam(OWNER);
        const char *name;
        uint64_t nsec;
        sd_bus *bus;
        char go;

        measure_check(user ? 0 : -ENOENT, OWNER);
        measure_check(setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ? -errno : 0,
                      "setresgid");
        measure_check(setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0 ? -errno : 0,
                      "setresuid");
        measure_check(sd_bus_open_system(&bus), "the owner's bus");
        measure_check(sd_bus_get_unique_name(bus, &name), "its name");
        measure_check(write(out_fd, name, strlen(name) + 1) < 0 ? -errno : 0, "a pipe");
        while (read(in_fd, &go, 1) == 1) {
                nsec = go == 'i' ? inspect(bus) : start(bus);
                measure_check(write(out_fd, &nsec, sizeof(nsec)) < 0 ? -errno : 0, "a pipe");
        }
        _exit(0);
}

static uint64_t ask_polkit(sd_bus *bus, const char *subject) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        uint64_t start = measure_now();
        int authorized;

        measure_check(sd_bus_call_method(
                              bus, "org.freedesktop.PolicyKit1",
                              "/org/freedesktop/PolicyKit1/Authority",
                              "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization", NULL,
                              &reply, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                              subject, "org.albatross.inspect", 5, "verb", "inspect", "name",
                              TARGET, "path", "bench", "owners", OWNER, "others", "", 1U, ""),
                      "CheckAuthorization");
        measure_check(sd_bus_message_enter_container(reply, 'r', "bba{ss}"), "its reply");
        measure_check(sd_bus_message_read(reply, "b", &authorized), "its reply");
        measure_check(authorized ? 0 : -EACCES, "polkit");
        return measure_now() - start;
}

static void set_up(sd_bus *bus) {
        measure_check(sd_bus_call_method(bus, MANAGER, "SetPolicy", NULL, NULL, "sa{sv}", "bench",
                                         4, "Unikernels", "u", 1U, "Memory", "t",
                                         (uint64_t) 32 << 20, "CPUs", "au", 1, 0U, "Owners", "as",
                                         1, OWNER),
                      "SetPolicy");
        measure_check(system("albatrossctl -q create --no-start --memory=2 " TARGET
                             " " ALBATROSS_DATADIR "/hello.spt -- --sleep=36000") == 0
                              ? 0
                              : -EIO,
                      "create");
}

static uint64_t let_owner(int to_fd, int from_fd, char what) {
        uint64_t nsec;

        measure_check(write(to_fd, &what, 1) == 1 ? 0 : -errno, "a pipe");
        measure_check(read(from_fd, &nsec, sizeof(nsec)) == sizeof(nsec) ? 0 : -EIO, "the owner");
        return nsec;
}

/* Of the medians: single calls vary by more than what is looked for. */
static void compare_medians(Series *owner, Series *root, Series *beyond) {
        uint64_t owner_nsec = series_median(owner), polkit_nsec = series_median(&polkit_only);

        series_add(beyond, owner_nsec > polkit_nsec ? owner_nsec - polkit_nsec : 0);
        series_print(owner);
        series_print(root);
        series_print_ratio(beyond, root, 1.2);
}

int main(void) {
        int to_owner[2], from_owner[2];
        char subject[64] = "";
        sd_bus *bus;
        pid_t pid;

        measure_check(sd_bus_open_system(&bus), "the bus");
        set_up(bus);
        measure_check(pipe(to_owner) < 0 || pipe(from_owner) < 0 ? -errno : 0, "pipes");
        pid = fork();
        if (pid == 0) {
                close(to_owner[1]);
                be_owner(to_owner[0], from_owner[1]);
        }
        measure_check(read(from_owner[0], subject, sizeof(subject) - 1) > 0 ? 0 : -EIO,
                      "the owner");

        for (unsigned i = 0; i < N_CALLS; i++) {
                series_add(&inspect_root, inspect(bus));
                series_add(&polkit_only, ask_polkit(bus, subject));
                series_add(&inspect_owner, let_owner(to_owner[1], from_owner[0], 'i'));
                if (i % 4 != 0)
                        continue;
                series_add(&start_root, start(bus));
                stop(bus);
                series_add(&start_owner, let_owner(to_owner[1], from_owner[0], 's'));
                stop(bus);
        }
        close(to_owner[1]);
        waitpid(pid, NULL, 0);

        series_print(&polkit_only);
        compare_medians(&inspect_owner, &inspect_root, &inspect_beyond);
        compare_medians(&start_owner, &start_root, &start_beyond);
        return 0;
}
