/* SPDX-License-Identifier: ISC */

/*
 * What it costs that polkit is asked. An owner of a path inspects and starts a unikernel there, and
 * root does the same, in turn with the very question to polkit that the daemon asks for the owner.
 * What is beyond the answer to that question is ours. So that like is compared with like, all of
 * them come from processes that slept until now, and before root's calls everybody has slept for as
 * long as polkit thinks: waking up costs as much as an Inspect().
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

/* A process that does what it is asked for as @user_name, and says how long that took. */
typedef struct Other {
        int to_fd, from_fd;
        char name[64]; /* on the bus */
} Other;

static void become(const char *user_name) {
        const struct passwd *user = getpwnam(user_name);

        measure_check(user ? 0 : -ENOENT, user_name);
        measure_check(setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ? -errno : 0,
                      "setresgid");
        measure_check(setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0 ? -errno : 0,
                      "setresuid");
}

static void __attribute__((noreturn))
be_other(const char *user_name, const char *subject, int in_fd, int out_fd) {
        const char *name;
        uint64_t nsec;
        sd_bus *bus;
        char go;

        become(user_name);
        measure_check(sd_bus_open_system(&bus), "a bus");
        measure_check(sd_bus_get_unique_name(bus, &name), "its name");
        measure_check(write(out_fd, name, strlen(name) + 1) < 0 ? -errno : 0, "a pipe");
        while (read(in_fd, &go, 1) == 1) {
                if (go == 'p')
                        nsec = ask_polkit(bus, subject);
                else
                        nsec = go == 'i' ? inspect(bus) : start(bus);
                measure_check(write(out_fd, &nsec, sizeof(nsec)) < 0 ? -errno : 0, "a pipe");
        }
        _exit(0);
}

/* @subject: whom it asks polkit about. */
static void other_start(Other *other, const char *user_name, const char *subject) {
        int to[2], from[2];

        measure_check(pipe(to) < 0 || pipe(from) < 0 ? -errno : 0, "pipes");
        if (fork() == 0) {
                close(to[1]);
                be_other(user_name, subject, to[0], from[1]);
        }
        close(to[0]);
        close(from[1]);
        *other = (Other){.to_fd = to[1], .from_fd = from[0]};
        measure_check(read(other->from_fd, other->name, sizeof(other->name) - 1) > 0 ? 0 : -EIO,
                      user_name);
}

static uint64_t let(const Other *other, char what) {
        uint64_t nsec;

        measure_check(write(other->to_fd, &what, 1) == 1 ? 0 : -errno, "a pipe");
        measure_check(read(other->from_fd, &nsec, sizeof(nsec)) == sizeof(nsec) ? 0 : -EIO,
                      "another process");
        return nsec;
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

/* Call by call, since what polkit takes drifts by more than what is looked for. */
static void add_beyond(Series *beyond, uint64_t nsec, uint64_t polkit_nsec) {
        series_add(beyond, nsec > polkit_nsec ? nsec - polkit_nsec : 0);
}

static void print(Series *owner, Series *root, Series *beyond) {
        series_print(owner);
        series_print(root);
        series_print_ratio(beyond, root, 1.2);
}

int main(void) {
        Other owner, root;
        uint64_t nsec, polkit_nsec;
        sd_bus *bus;

        measure_check(sd_bus_open_system(&bus), "the bus");
        set_up(bus);
        other_start(&owner, OWNER, NULL);
        other_start(&root, "root", owner.name);

        for (unsigned i = 0; i < N_CALLS; i++) {
                polkit_nsec = let(&root, 'p');
                series_add(&polkit_only, polkit_nsec);
                usleep(polkit_nsec / 1000);
                series_add(&inspect_root, let(&root, 'i'));
                nsec = let(&owner, 'i');
                series_add(&inspect_owner, nsec);
                add_beyond(&inspect_beyond, nsec, polkit_nsec);
                if (i % 4 != 0)
                        continue;
                series_add(&start_root, let(&root, 's'));
                stop(bus);
                nsec = let(&owner, 's');
                series_add(&start_owner, nsec);
                add_beyond(&start_beyond, nsec, polkit_nsec);
                stop(bus);
        }
        close(owner.to_fd);
        close(root.to_fd);
        while (wait(NULL) > 0)
                ;

        series_print(&polkit_only);
        print(&inspect_owner, &inspect_root, &inspect_beyond);
        print(&start_owner, &start_root, &start_beyond);
        return 0;
}
