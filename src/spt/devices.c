/* SPDX-License-Identifier: ISC */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "spt/descriptor.h"
#include "spt/devices.h"

/* What an option says in front of its value, and what becomes of that: -EEXIST is a second one. */
typedef struct Option {
        const char *prefix;
        DeviceType type;
        int (*take)(Device *device, const char *value);
        const char *expected;
} Option;

static int take_source(Device *device, const char *value) {
        Refusal refusal;

        if (device->source)
                return -EEXIST;
        device->source = value;
        return value[0] == '@' ? descriptor_parse(value, &device->fd, &refusal) : 0;
}

static bool is_given(const uint8_t mac[static 6]) {
        return memcmp(mac, (const uint8_t[6]){}, 6) != 0;
}

static unsigned hex_value(char digit) {
        return (unsigned) (digit <= '9' ? digit - '0' : (digit | ' ') - 'a' + 10);
}

static int take_mac(Device *device, const char *value) {
        uint8_t mac[6];

        if (strlen(value) != 17)
                return -EINVAL;
        for (size_t i = 0; i < sizeof(mac); i++) {
                const char *digits = value + 3 * i;

                if (!isxdigit((unsigned char) digits[0]) || !isxdigit((unsigned char) digits[1]) ||
                    (digits[2] != ':' && digits[2] != '\0'))
                        return -EINVAL;
                mac[i] = (uint8_t) (hex_value(digits[0]) << 4 | hex_value(digits[1]));
        }
        /* No device has that of a group. */
        if (!is_given(mac) || (mac[0] & 1))
                return -EINVAL;
        if (is_given(device->mac))
                return -EEXIST;
        memcpy(device->mac, mac, sizeof(mac));
        return 0;
}

static int take_sector_size(Device *device, const char *value) {
        uint64_t size;

        if (number_parse(value, SECTOR_SIZE_MAX, &size) < 0 || size < SECTOR_SIZE_DEFAULT ||
            (size & (size - 1)) != 0)
                return -EINVAL;
        if (device->sector_size > 0)
                return -EEXIST;
        device->sector_size = (uint16_t) size;
        return 0;
}

static const Option options[] = {
        {"--net:", DEVICE_NET, take_source, "an interface, or a descriptor as in @3"},
        {"--net-mac:", DEVICE_NET, take_mac, "the address of one device, as in 02:00:00:00:00:01"},
        {"--block:", DEVICE_BLOCK, take_source, "a file, or a descriptor as in @3"},
        {"--block-sector-size:", DEVICE_BLOCK, take_sector_size,
         "a power of two from 512 to 32768"},
};

/* Options of one device may come in any order, and between those of others. */
static Device *find_or_add(Devices *devices, DeviceType type, const char *name, size_t length) {
        Device *device = devices->devices;

        for (; device < devices->devices + devices->n_devices; device++)
                if (device->type == type && device->name_length == length &&
                    memcmp(device->name, name, length) == 0)
                        return device;
        if (devices->n_devices == DEVICES_MAX)
                return NULL;
        devices->n_devices++;
        *device = (Device){.type = type, .name = name, .name_length = length, .fd = -1};
        return device;
}

static int take(Devices *devices, const Option *option, const char *text, Refusal *refusal) {
        const char *name = text + strlen(option->prefix), *equals = strchr(name, '=');
        Device *device;
        int r;

        if (!equals)
                return refusal_set(refusal, "%s: Not %sNAME=VALUE", text, option->prefix);
        device = find_or_add(devices, option->type, name, (size_t) (equals - name));
        if (!device)
                return refusal_set(refusal, "%s: No image has more than %u devices", text,
                                   DEVICES_MAX);
        r = option->take(device, equals + 1);
        if (r == -EEXIST)
                return refusal_set(refusal, "%s: It is given twice", text);
        if (r < 0)
                return refusal_set(refusal, "%s: Not %s", text, option->expected);
        return 1;
}

int devices_take_option(Devices *devices, const char *text, Refusal *refusal) {
        for (size_t i = 0; i < N_ELEMENTS(options); i++)
                if (strncmp(text, options[i].prefix, strlen(options[i].prefix)) == 0)
                        return take(devices, &options[i], text, refusal);
        return 0;
}
