/* SPDX-License-Identifier: ISC */

/* Command lines, as the launcher's children take them out of a memfd. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "launcher/argv.h"

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *copy = fuzz_copy(data, size);
        _cleanup_(freep) char **argv = NULL;
        const char *next = copy;
        size_t n_zeros = 0, n = 0;
        int r;

        for (size_t i = 0; i < size; i++)
                n_zeros += data[i] == '\0';

        r = argv_split(copy, size, &argv);
        if (r < 0) {
                property(r == -EINVAL, "a command line is refused in one way");
                property(!argv, "a refused command line leaves no trace");
                property(size == 0 || data[size - 1] != '\0', "what is whole is accepted");
                return false;
        }
        for (; argv[n]; n++) {
                property(argv[n] == next, "an argument begins where the last one ended");
                next += strlen(argv[n]) + 1;
        }
        property(n == n_zeros && next == copy + size, "the arguments are all that there is");
        return true;
}
