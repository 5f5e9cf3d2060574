/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "spt/attach.h"

#define TUN_PATH "/dev/net/tun"

static int refuse(const Device *device, Refusal *refusal, const char *reason) {
        return refusal_set(refusal, "--%s:%.*s=%.64s: %s", manifest_type_name(device->type),
                           (int) device->name_length, device->name, device->source, reason);
}

/* Asks about the interface that @request names. Any socket will do; one of this family is allowed
 * everywhere. */
static bool ask(struct ifreq *request, unsigned long what) {
        _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        return fd >= 0 && ioctl(fd, what, request) >= 0;
}

/* As solo5-spt does it: the interface must be there, or else the kernel would make one, and be up.
 * The latter is asked last, since it tells one that was made nevertheless. */
static int open_tap(const Device *device, Refusal *refusal) {
        struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
        _cleanup_(fd_closep) int fd = -1;

        if (if_nametoindex(device->source) == 0)
                return refuse(device, refusal,
                              "There is no such interface; 'ip tuntap add mode tap' makes one");
        strncpy(request.ifr_name, device->source, IFNAMSIZ - 1);
        fd = open(TUN_PATH, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return refusal_set(refusal, "Cannot open " TUN_PATH ": %m");
        if (ioctl(fd, TUNSETIFF, &request) < 0)
                return refuse(device, refusal, errno == EINVAL ? "Not a tap" : strerror(errno));
        if (!ask(&request, SIOCGIFFLAGS) || !(request.ifr_flags & IFF_UP))
                return refuse(device, refusal, "The interface is down; 'ip link set up' starts it");
        return TAKE_FD(fd);
}

/* The guest reads and writes frames, with nothing before them. Whether IFF_NO_PI is set can only be
 * seen while the tap has a filter, since otherwise its bit says that there is none: so it gets one
 * for a moment, which lets everything pass. */
static int check_tap(const Device *device, Refusal *refusal) {
        struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
        struct sock_fprog filter = {.len = 1, .filter = &pass};
        struct ifreq request = {};

        if (ioctl(device->fd, TUNATTACHFILTER, &filter) < 0)
                return refuse(device, refusal, "Not an open tap");
        if (ioctl(device->fd, TUNGETIFF, &request) < 0 ||
            ioctl(device->fd, TUNDETACHFILTER, &filter) < 0)
                return refuse(device, refusal, strerror(errno));
        if ((request.ifr_flags & (IFF_NO_PI | IFF_VNET_HDR)) != IFF_NO_PI)
                return refuse(device, refusal,
                              "It must be open with IFF_NO_PI and without IFF_VNET_HDR");
        return 0;
}

static int attach_net(ManifestEntry *entry, const Device *device, int fd, Refusal *refusal) {
        struct ifreq request = {};

        if (ioctl(fd, TUNGETIFF, &request) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return refuse(device, refusal, strerror(errno));
        if (!ask(&request, SIOCGIFMTU))
                return refuse(device, refusal,
                              errno == ENODEV ? "The tap is in another network namespace"
                                              : strerror(errno));

        /* No interface has a larger one. */
        entry->net.mtu = (uint16_t) request.ifr_mtu;
        memcpy(entry->net.mac, device->mac, sizeof(device->mac));
        if (memcmp(device->mac, (const uint8_t[6]){}, sizeof(device->mac)) != 0)
                return 0;
        /* One of its own: not of a group, and administered locally. */
        if (getrandom(entry->net.mac, sizeof(entry->net.mac), 0) < 0)
                return refuse(device, refusal, strerror(errno));
        entry->net.mac[0] = (uint8_t) ((entry->net.mac[0] & ~1U) | 2U);
        return 0;
}

static int attach_block(ManifestEntry *entry, const Device *device, int fd, Refusal *refusal) {
        uint16_t sector_size = device->sector_size ? device->sector_size : SECTOR_SIZE_DEFAULT;
        struct stat st;
        off_t capacity;

        if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
                return refuse(device, refusal, "Not a regular file or a block device");
        capacity = lseek(fd, 0, SEEK_END);
        if (capacity <= 0)
                return refuse(device, refusal, "It is empty");
        if (capacity % sector_size != 0)
                return refuse(device, refusal, "Its size is not a multiple of that of its sectors");

        entry->block.capacity = (uint64_t) capacity;
        entry->block.block_size = sector_size;
        return 0;
}

/* What was opened for us may have been opened otherwise. Where a write appends, whatever its
 * offset, the guest would make the file grow. */
static int check_descriptor(const Device *device, Refusal *refusal) {
        int flags = fcntl(device->fd, F_GETFL);

        if (flags < 0)
                return refuse(device, refusal, strerror(errno));
        if ((flags & (O_ACCMODE | O_PATH | O_APPEND)) != O_RDWR)
                return refuse(device, refusal,
                              "It must be open for reading and writing, and not for appending");
        if (device->type == DEVICE_NET && check_tap(device, refusal) < 0)
                return -EINVAL;
        return device->fd;
}

static int open_device(const Device *device, Refusal *refusal) {
        int fd;

        if (device->fd >= 0)
                return check_descriptor(device, refusal);
        if (device->type == DEVICE_NET)
                return open_tap(device, refusal);
        fd = open(device->source, O_RDWR | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? refuse(device, refusal, strerror(errno)) : fd;
}

static int attach(Manifest *manifest, const Device *device, Refusal *refusal) {
        ManifestEntry *entry;
        int fd, r;

        entry = manifest_find(manifest, device->type, device->name, device->name_length, refusal);
        if (!entry)
                return -EINVAL;
        /* Only properties are given: it will be missed at the end. */
        if (!device->source)
                return 0;

        fd = open_device(device, refusal);
        if (fd < 0)
                return fd;
        for (uint32_t i = 1; i < manifest->n_entries; i++)
                if (manifest->entries[i].attached && manifest->entries[i].host_fd == fd)
                        return refuse(device, refusal, "Another device has this descriptor");

        r = device->type == DEVICE_NET ? attach_net(entry, device, fd, refusal)
                                       : attach_block(entry, device, fd, refusal);
        if (r < 0)
                return r;
        entry->host_fd = fd;
        entry->attached = 1;
        return 0;
}

int attach_devices(Manifest *manifest, const Devices *devices, Refusal *refusal) {
        for (size_t i = 0; i < devices->n_devices; i++) {
                int r = attach(manifest, &devices->devices[i], refusal);

                if (r < 0)
                        return r;
        }
        return manifest_check_attached(manifest, refusal);
}
