/* SPDX-License-Identifier: ISC */

/* inspect IMAGE */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/intake.h"
#include "ctl/json.h"
#include "ctl/source.h"
#include "ctl/verb.h"

#define DIGEST_TEXT_MAX (2 * IMAGE_DIGEST_SIZE)

static void type_text(uint32_t target, char ret[static 32]) {
        static const char *const targets[] = {
                [IMAGE_TARGET_HVT] = "hvt",       [IMAGE_TARGET_SPT] = "spt",
                [IMAGE_TARGET_VIRTIO] = "virtio", [IMAGE_TARGET_MUEN] = "muen",
                [IMAGE_TARGET_GENODE] = "genode", [IMAGE_TARGET_XEN] = "xen",
        };

        if (target < N_ELEMENTS(targets) && targets[target])
                snprintf(ret, 32, "solo5-%s", targets[target]);
        else
                snprintf(ret, 32, "unknown (%u)", target);
}

static void digest_text(const uint8_t *digest, char ret[static DIGEST_TEXT_MAX + 1]) {
        for (size_t i = 0; i < IMAGE_DIGEST_SIZE; i++)
                sprintf(ret + 2 * i, "%02x", digest[i]);
}

static const char *device_kind(const ImageDevice *device) {
        return device->type == IMAGE_DEVICE_NET     ? "net"
               : device->type == IMAGE_DEVICE_BLOCK ? "block"
                                                    : "unknown";
}

/* NUL-terminated, whatever the program has sent. */
static void device_name(const ImageDevice *device, char ret[static IMAGE_DEVICE_NAME_MAX + 1]) {
        snprintf(ret, IMAGE_DEVICE_NAME_MAX + 1, "%.*s", IMAGE_DEVICE_NAME_MAX, device->name);
}

static int print_json(const Intake *intake, JsonMode mode) {
        static const char *const formats[] = {"plain", "zlib", "gzip"};
        _cleanup_(json_decrefp) json_t *object = NULL;
        json_t *devices = json_array();
        char type[32], digest[DIGEST_TEXT_MAX + 1];

        type_text(intake->notes.target, type);
        digest_text(intake->store.digest, digest);
        for (size_t i = 0; devices && i < intake->notes.n_devices; i++) {
                const ImageDevice *device = &intake->notes.devices[i];
                char name[IMAGE_DEVICE_NAME_MAX + 1];

                device_name(device, name);
                if (json_array_append_new(
                            devices, json_pack("{s:s, s:o}", "Type", device_kind(device), "Name",
                                               json_from_bytes(name, strlen(name)))) < 0) {
                        json_decref(devices);
                        return -ENOMEM;
                }
        }

        object = json_pack("{s:s, s:I, s:o, s:I, s:s, s:s}", "Type", type, "ABIVersion",
                           (json_int_t) intake->notes.abi_version, "Devices", devices, "ImageSize",
                           (json_int_t) intake->store.size, "ImageDigest", digest, "Format",
                           intake->inflate.format < N_ELEMENTS(formats)
                                   ? formats[intake->inflate.format]
                                   : "unknown");
        if (!object)
                return -ENOMEM;
        return json_print(stdout, object, mode);
}

static void print_devices(const NotesReport *notes) {
        for (size_t i = 0; i < notes->n_devices; i++) {
                char name[IMAGE_DEVICE_NAME_MAX + 1];

                device_name(&notes->devices[i], name);
                printf("%s%s ", i > 0 ? "\n         " : "", device_kind(&notes->devices[i]));
                escape_write(stdout, name, strlen(name), ESCAPE_LINE);
        }
        puts(notes->n_devices == 0 ? "none" : "");
}

static void print_text(const Intake *intake) {
        char type[32], digest[DIGEST_TEXT_MAX + 1], size[HUMAN_MAX + 1];

        type_text(intake->notes.target, type);
        digest_text(intake->store.digest, digest);
        human_size(intake->store.size, size);
        printf("   Type: %s\n", type);
        printf("    ABI: version %u\n", intake->notes.abi_version);
        printf("   Size: %s (%llu bytes)%s\n", size, (unsigned long long) intake->store.size,
               intake->inflate.format == INFLATE_PLAIN ? "" : ", unpacked");
        printf(" Digest: %s\n", digest);
        printf("Devices: ");
        print_devices(&intake->notes);
}

int verb_inspect(const Options *options, Fault *fault) {
        _cleanup_(fd_closep) int image_fd = -1;
        Intake intake;
        int r;

        image_fd = source_open(options->args[0], "image", fault);
        if (image_fd < 0)
                return image_fd;
        r = intake_run(&intake, image_fd, fault);
        if (r < 0)
                return r;
        if (options->json != JSON_OFF)
                return print_json(&intake, options->json);
        print_text(&intake);
        return EXIT_SUCCESS;
}
