/* SPDX-License-Identifier: ISC */

/*
 * with-tap TAP COMMAND [ARGUMENT...]: executes the command with descriptor 3 attached to the tap,
 * which is made where it is missing. No shell can do that.
 */

#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TAP_FD 3

int main(int argc, char **argv) {
        struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
        int fd;

        if (argc < 3 || strlen(argv[1]) >= IFNAMSIZ)
                errx(64, "Usage: with-tap TAP COMMAND [ARGUMENT...]");
        memcpy(request.ifr_name, argv[1], strlen(argv[1]));

        fd = open("/dev/net/tun", O_RDWR);
        if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 || (fd != TAP_FD && dup2(fd, TAP_FD) < 0))
                err(1, "%s", argv[1]);
        if (fd != TAP_FD)
                close(fd);
        execvp(argv[2], argv + 2);
        err(1, "%s", argv[2]);
}
