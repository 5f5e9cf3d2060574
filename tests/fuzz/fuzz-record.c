/* SPDX-License-Identifier: ISC */

/* The record of a unikernel, as somebody may have changed it. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "manager/manager-internal.h"

static bool devices_are_same(const Devices *some, const Devices *others) {
        bool same = some->n_nets == others->n_nets && some->n_blocks == others->n_blocks;

        for (size_t i = 0; i < some->n_nets && same; i++)
                same = strcmp(some->nets[i].guest, others->nets[i].guest) == 0 &&
                       strcmp(some->nets[i].bridge.text, others->nets[i].bridge.text) == 0 &&
                       memcmp(&some->nets[i].mac, &others->nets[i].mac, sizeof(Mac)) == 0 &&
                       some->nets[i].isolated == others->nets[i].isolated &&
                       some->nets[i].unlocked == others->nets[i].unlocked;
        for (size_t i = 0; i < some->n_blocks && same; i++)
                same = strcmp(some->blocks[i].guest, others->blocks[i].guest) == 0 &&
                       strcmp(some->blocks[i].device, others->blocks[i].device) == 0 &&
                       some->blocks[i].sector_size == others->blocks[i].sector_size;
        return same;
}

static bool configs_are_same(const Config *one, const Config *other) {
        const Strings *arguments = &one->arguments, *others = &other->arguments;

        return one->memory_bytes == other->memory_bytes && one->add_name == other->add_name &&
               one->startup == other->startup && one->restart.restarts == other->restart.restarts &&
               exit_codes_equal(&one->restart.codes, &other->restart.codes) &&
               memcmp(&one->cpus, &other->cpus, sizeof(Cpus)) == 0 &&
               arguments->size == others->size &&
               (arguments->size == 0 ||
                memcmp(arguments->data, others->data, arguments->size) == 0) &&
               devices_are_same(&one->devices, &other->devices);
}

static bool is_same(const Unikernel *one, const Unikernel *other) {
        const Version *previous = one->previous, *others = other->previous;

        return one->wanted == other->wanted && one->created_usec == other->created_usec &&
               one->n_changes == other->n_changes &&
               memcmp(&one->image, &other->image, sizeof(ImageInfo)) == 0 &&
               configs_are_same(&one->config, &other->config) && !previous == !others &&
               (!previous || (memcmp(&previous->image, &others->image, sizeof(ImageInfo)) == 0 &&
                              configs_are_same(&previous->config, &others->config)));
}

static void check(const Unikernel *unikernel) {
        Unikernel again = {.name = unikernel->name};
        _cleanup_(freep) char *text = NULL;
        Fault fault = {};

        property(unikernel->image.digest[IMAGE_DIGEST_TEXT_SIZE - 1] == '\0' &&
                         strlen(unikernel->image.digest) == IMAGE_DIGEST_TEXT_SIZE - 1,
                 "an image has a digest");
        /* --name=web is no argument that is recorded. */
        if (!unikernel->config.add_name)
                property(config_check(&unikernel->config, &unikernel->name, &fault) == 0,
                         "what is recorded could be asked for");

        property(record_format(unikernel, &text) == 0, "what was read can be written");
        property(strlen(text) <= WRITER_DATA_MAX, "the writer takes a record");
        property(record_parse(&again, text, strlen(text)) == 0, "what was written can be read");
        property(is_same(&again, unikernel), "a record stays as it is");
        config_clear(&again.config);
        version_free(again.previous);
}

bool fuzz_input(const uint8_t *data, size_t size) {
        static const Unikernel untouched = {.name = {"alice:web"}};
        _cleanup_(freep) char *copy = fuzz_copy(data, size);
        Unikernel unikernel = untouched;
        int r;

        r = record_parse(&unikernel, copy, size);
        if (r < 0) {
                property(r == -EBADMSG, "a record is refused in one way");
                property(is_same(&unikernel, &untouched), "a refused record leaves no trace");
                return false;
        }
        check(&unikernel);
        config_clear(&unikernel.config);
        version_free(unikernel.previous);
        return true;
}
