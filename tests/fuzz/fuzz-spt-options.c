/* SPDX-License-Identifier: ISC */

/* Command lines of our tender: NUL-terminated words. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "spt/options.h"

#define WORDS_MAX 128

static void check_device(const Devices *devices, size_t index) {
        const Device *device = &devices->devices[index], *other;

        property(device->type == DEVICE_NET || device->type == DEVICE_BLOCK,
                 "a device is of a known type");
        property(device->sector_size == 0 ||
                         (device->type == DEVICE_BLOCK && device->sector_size >= 512 &&
                          device->sector_size <= 32768 &&
                          __builtin_popcount(device->sector_size) == 1),
                 "sectors are a power of two");
        property(device->type == DEVICE_NET || memcmp(device->mac, (uint8_t[6]){}, 6) == 0,
                 "only networks have an address");
        property(!(device->mac[0] & 1), "no device has the address of a group");
        property(device->fd == -1 ||
                         (device->fd > STDERR_FILENO && device->source && device->source[0] == '@'),
                 "descriptors are where they are written");
        for (other = devices->devices; other < device; other++)
                property(other->type != device->type || other->name_length != device->name_length ||
                                 memcmp(other->name, device->name, device->name_length) != 0,
                         "each device is there once");
}

bool fuzz_input(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = fuzz_text(data, size);
        char *argv[WORDS_MAX + 2] = {(char[]){"albatross-spt"}};
        Options options = {.mem_size = 7};
        Refusal refusal = {};
        int argc = 1, image, r;

        for (char *word = text; word < text + size && argc < WORDS_MAX; word += strlen(word) + 1)
                argv[argc++] = word;

        image = options_find_image(argc, argv);
        property(image >= 1 && image <= argc, "the image is one of the words, or missing");
        r = options_parse(&options, argv, image, &refusal);
        if (r < 0) {
                property(r == -EINVAL && refusal.sentence[0] != '\0' &&
                                 memchr(refusal.sentence, '\0', sizeof(refusal.sentence)),
                         "a command line is refused with a sentence");
                property(options.mem_size == 7, "a refused command line leaves no trace");
                return false;
        }
        property(options.verb != OPTIONS_RUN || (options.image == argv[image] && options.mem_size),
                 "what is run has an image and memory");
        property(options.devices.n_devices <= DEVICES_MAX, "there are not too many devices");
        for (size_t i = 0; i < options.devices.n_devices; i++)
                check_device(&options.devices, i);
        return true;
}
