/* SPDX-License-Identifier: ISC */

/* Files and descriptors as block devices and, for root, taps in a network namespace of the test's
 * own. */

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "spt/attach.h"

/* A manifest with what hostile images might leave in it, and the devices given for it. */
typedef struct Given {
        Manifest manifest;
        Devices devices;
        Refusal refusal;
} Given;

static void fill(Given *given, DeviceType first, DeviceType second) {
        *given = (Given){.manifest = {.version = 1, .n_entries = second ? 3 : 2}};
        memset(given->manifest.entries, 0xee, 3 * sizeof(given->manifest.entries[0]));
        for (uint32_t i = 1; i <= 2; i++) {
                ManifestEntry *entry = &given->manifest.entries[i];

                strcpy(entry->name, i == 1 ? "one" : "two");
                entry->type = i == 1 ? first : second;
                entry->attached = 0;
        }
}

static int attach(Given *given, const char *first, const char *second) {
        const char *const options[] = {first, second};

        for (size_t i = 0; i < N_ELEMENTS(options); i++)
                if (options[i])
                        assert_int_equal(
                                devices_take_option(&given->devices, options[i], &given->refusal),
                                1);
        return attach_devices(&given->manifest, &given->devices, &given->refusal);
}

static void assert_refused(Given *given, const char *first, const char *second, const char *what) {
        assert_int_equal(attach(given, first, second), -EINVAL);
        if (!strstr(given->refusal.sentence, what))
                fail_msg("\"%s\" is not about \"%s\"", given->refusal.sentence, what);
}

static void refuse_block(const char *option, const char *what) {
        Given given;

        fill(&given, DEVICE_BLOCK, 0);
        assert_refused(&given, option, NULL, what);
        assert_int_equal(given.manifest.entries[1].attached, 0);
}

static void refuse_block_fd(int fd, const char *what) {
        char option[64];

        snprintf(option, sizeof(option), "--block:one=@%d", fd);
        refuse_block(option, what);
}

static int make_file(off_t size) {
        int fd = memfd_create("disk", MFD_CLOEXEC);

        assert_true(fd > STDERR_FILENO);
        assert_int_equal(ftruncate(fd, size), 0);
        return fd;
}

static void fills_in_files(void **state) {
        _cleanup_(fd_closep) int first = make_file(3 << 20), second = make_file(1LL << 41);
        char options[2][64];
        Given given;

        fill(&given, DEVICE_BLOCK, DEVICE_BLOCK);
        snprintf(options[0], sizeof(options[0]), "--block:two=@%d", first);
        snprintf(options[1], sizeof(options[1]), "--block:one=/proc/self/fd/%d", second);
        assert_int_equal(
                devices_take_option(&given.devices, "--block-sector-size:two=4096", &given.refusal),
                1);
        assert_int_equal(attach(&given, options[0], options[1]), 0);

        assert_int_equal(given.manifest.entries[2].block.capacity, 3 << 20);
        assert_int_equal(given.manifest.entries[2].block.block_size, 4096);
        assert_int_equal(given.manifest.entries[2].host_fd, first);
        assert_int_equal(given.manifest.entries[2].attached, 1);
        assert_int_equal(given.manifest.entries[1].block.capacity, 1LL << 41);
        assert_int_equal(given.manifest.entries[1].block.block_size, 512);
        assert_int_not_equal(given.manifest.entries[1].host_fd, second);
        assert_true(fcntl(given.manifest.entries[1].host_fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(given.manifest.entries[1].attached, 1);
        close(given.manifest.entries[1].host_fd);
}

static void refuses_sizes_that_sectors_do_not_make_up(void **state) {
        _cleanup_(fd_closep) int empty = make_file(0), small = make_file(511);
        _cleanup_(fd_closep) int odd = make_file(4096 + 512);
        char option[64];
        Given given;

        refuse_block_fd(empty, "It is empty");
        refuse_block_fd(small, "not a multiple");
        fill(&given, DEVICE_BLOCK, 0);
        snprintf(option, sizeof(option), "--block:one=@%d", odd);
        assert_refused(&given, "--block-sector-size:one=4096", option, "not a multiple");
}

static void refuses_what_is_no_file(void **state) {
        _cleanup_(fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        _cleanup_(fd_closep) int connected = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        refuse_block_fd(fds[0], "must be open for reading and writing");
        refuse_block_fd(fds[1], "must be open for reading and writing");
        close(fds[0]);
        close(fds[1]);
        refuse_block_fd(null, "Not a regular file or a block device");
        refuse_block_fd(connected, "Not a regular file or a block device");
        refuse_block_fd(987, "--block:one=@987: Bad file descriptor");
        refuse_block("--block:one=/dev/null", "Not a regular file");
        refuse_block("--block:one=/", "--block:one=/: Is a directory");
        refuse_block("--block:one=/nonexistent/disk", "No such file");
        refuse_block("--block:one=", "No such file");
}

/* The same file, opened once more. */
static void refuse_reopened(int fd, int flags, const char *what) {
        _cleanup_(fd_closep) int again = -1;
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        again = open(path, flags | O_CLOEXEC);
        assert_true(again >= 0);
        refuse_block_fd(again, what);
}

static void refuses_descriptors_that_do_not_allow_both_or_grow(void **state) {
        _cleanup_(fd_closep) int fd = make_file(4096);

        refuse_reopened(fd, O_RDONLY, "must be open for reading and writing");
        refuse_reopened(fd, O_WRONLY, "must be open for reading and writing");
        refuse_reopened(fd, O_PATH, "must be open for reading and writing");
        refuse_reopened(fd, O_RDWR | O_APPEND, "and not for appending");
}

static void devices_must_be_those_of_the_manifest(void **state) {
        _cleanup_(fd_closep) int fd = make_file(4096);
        char option[64], same[64];
        Given given;

        snprintf(option, sizeof(option), "--block:one=@%d", fd);
        snprintf(same, sizeof(same), "--block:two=@%d", fd);

        fill(&given, DEVICE_BLOCK, DEVICE_NET);
        assert_refused(&given, option, NULL, "wants devices that are not given: --net:two=");
        fill(&given, DEVICE_BLOCK, 0);
        assert_refused(&given, option, "--net:one=@3",
                       "no device for --net:one=, it wants --block:one=");
        fill(&given, DEVICE_BLOCK, 0);
        assert_refused(&given, option, "--net-mac:two=02:00:00:00:00:01",
                       "no device for --net:two=");
        fill(&given, DEVICE_BLOCK, 0);
        assert_refused(&given, "--block-sector-size:one=512", NULL, "not given: --block:one=");
        fill(&given, DEVICE_BLOCK, DEVICE_BLOCK);
        assert_refused(&given, option, same, "Another device has this descriptor");
}

/* --- networks */

static int make_tap(const char *name, int flags) {
        struct ifreq request = {.ifr_flags = (short) flags};
        int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

        assert_true(fd >= 0);
        strcpy(request.ifr_name, name);
        assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
        return fd;
}

static void configure(const char *name, int mtu, bool up) {
        _cleanup_(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = {.ifr_mtu = mtu};

        strcpy(request.ifr_name, name);
        assert_int_equal(ioctl(fd, SIOCSIFMTU, &request), 0);
        assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
        request.ifr_flags = (short) (up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
        assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
}

static void fills_in_open_taps(void **state) {
        _cleanup_(fd_closep) int first = make_tap("one0", IFF_TAP | IFF_NO_PI);
        _cleanup_(fd_closep) int second = make_tap("two0", IFF_TAP | IFF_NO_PI);
        char options[2][64];
        const uint8_t *mac;
        Given given;

        configure("one0", 9000, true);
        configure("two0", 1280, false);
        snprintf(options[0], sizeof(options[0]), "--net:one=@%d", first);
        snprintf(options[1], sizeof(options[1]), "--net:two=@%d", second);
        fill(&given, DEVICE_NET, DEVICE_NET);
        assert_int_equal(devices_take_option(&given.devices, "--net-mac:one=00:80:41:01:02:03",
                                             &given.refusal),
                         1);
        assert_int_equal(attach(&given, options[0], options[1]), 0);

        assert_int_equal(given.manifest.entries[1].net.mtu, 9000);
        assert_memory_equal(given.manifest.entries[1].net.mac, "\0\x80\x41\1\2\3", 6);
        assert_int_equal(given.manifest.entries[1].host_fd, first);
        assert_int_equal(given.manifest.entries[2].net.mtu, 1280);
        assert_int_equal(given.manifest.entries[2].host_fd, second);
        assert_true(fcntl(first, F_GETFL) & fcntl(second, F_GETFL) & O_NONBLOCK);

        /* That of the image is not taken over, nor is it another one's. */
        mac = given.manifest.entries[2].net.mac;
        assert_memory_not_equal(mac, "\xee\xee\xee\xee\xee\xee", 6);
        assert_int_equal(mac[0] & 3, 2);
}

static void refuse_net(const char *option, const char *what) {
        Given given;

        fill(&given, DEVICE_NET, 0);
        assert_refused(&given, option, NULL, what);
        assert_int_equal(given.manifest.entries[1].attached, 0);
}

static void refuse_net_fd(int fd, const char *what) {
        char option[64];

        snprintf(option, sizeof(option), "--net:one=@%d", fd);
        refuse_net(option, what);
}

static void attaches_interfaces_by_name(void **state) {
        _cleanup_(fd_closep) int fd = make_tap("tap0", IFF_TAP | IFF_NO_PI);
        Given given;

        assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
        configure("tap0", 1400, true);
        refuse_net("--net:one=tap0", "--net:one=tap0: Device or resource busy");
        fd = fd_close(fd);

        fill(&given, DEVICE_NET, 0);
        assert_int_equal(attach(&given, "--net:one=tap0", NULL), 0);
        assert_int_equal(given.manifest.entries[1].net.mtu, 1400);
        fd = given.manifest.entries[1].host_fd;
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        fd = fd_close(fd);

        configure("tap0", 1400, false);
        refuse_net("--net:one=tap0", "The interface is down");
        refuse_net("--net:one=tap7", "There is no such interface");
        refuse_net("--net:one=tap%d", "There is no such interface");
        refuse_net("--net:one=tap0123456789012345", "There is no such interface");
        refuse_net("--net:one=", "There is no such interface");
        refuse_net("--net:one=lo", "Not a tap");
        assert_int_equal(if_nametoindex("tap7"), 0);
}

static void refuses_descriptors_that_are_no_such_tap(void **state) {
        _cleanup_(fd_closep) int file = make_file(4096), none = open("/dev/net/tun", O_RDWR);
        _cleanup_(fd_closep) int tun = make_tap("tun0", IFF_TUN | IFF_NO_PI);
        _cleanup_(fd_closep) int with_info = make_tap("tap1", IFF_TAP);
        _cleanup_(fd_closep) int with_header = make_tap("tap2", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
        _cleanup_(fd_closep) int elsewhere = make_tap("tap3", IFF_TAP | IFF_NO_PI);

        refuse_net_fd(file, "Not an open tap");
        refuse_net_fd(none, "Not an open tap");
        refuse_net_fd(tun, "Not an open tap");
        refuse_net_fd(with_info, "with IFF_NO_PI");
        refuse_net_fd(with_header, "without IFF_VNET_HDR");
        refuse_net_fd(987, "Bad file descriptor");
        refuse_block_fd(elsewhere, "Not a regular file");

        assert_int_equal(unshare(CLONE_NEWNET), 0);
        refuse_net_fd(elsewhere, "in another network namespace");
}

int main(void) {
        const struct CMUnitTest blocks[] = {
                cmocka_unit_test(fills_in_files),
                cmocka_unit_test(refuses_sizes_that_sectors_do_not_make_up),
                cmocka_unit_test(refuses_what_is_no_file),
                cmocka_unit_test(refuses_descriptors_that_do_not_allow_both_or_grow),
                cmocka_unit_test(devices_must_be_those_of_the_manifest),
        };
        const struct CMUnitTest nets[] = {
                cmocka_unit_test(fills_in_open_taps),
                cmocka_unit_test(attaches_interfaces_by_name),
                cmocka_unit_test(refuses_descriptors_that_are_no_such_tap),
        };
        int failed;

        failed = cmocka_run_group_tests_name("blocks", blocks, NULL, NULL);
        if (access("/dev/net/tun", R_OK | W_OK) < 0 || unshare(CLONE_NEWNET) < 0)
                print_message("Taps can't be made here: %s\n", strerror(errno));
        else
                failed += cmocka_run_group_tests_name("networks", nets, NULL, NULL);
        return failed;
}
