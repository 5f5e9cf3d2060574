/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "launcher/argv.h"
#include "launcher/wire.h"

int argv_split(char *data, size_t size, char ***ret) {
        _cleanup_(freep) char **argv = NULL;
        size_t n = 0;

        if (size == 0 || data[size - 1] != '\0')
                return -EINVAL;
        for (size_t i = 0; i < size; i++)
                n += data[i] == '\0';

        argv = calloc(n + 1, sizeof(*argv));
        if (!argv)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                argv[i] = data;
                data += strlen(data) + 1;
        }

        *ret = TAKE_PTR(argv);
        return 0;
}

int argv_map(int fd, char ***ret) {
        const int sealed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
        struct stat st;
        void *data;
        int seals;

        /* Only memory files have seals, so this tells them from files that could block. */
        seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || (seals & sealed) != sealed)
                return -EINVAL;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size <= 0 || st.st_size > (off_t) LAUNCHER_ARGV_MAX)
                return -EINVAL;

        data = mmap(NULL, (size_t) st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
                return -errno;
        return argv_split(data, (size_t) st.st_size, ret);
}
