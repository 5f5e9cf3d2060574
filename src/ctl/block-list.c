/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ctl/block-list.h"
#include "ctl/call.h"
#include "ctl/columns.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/human.h"
#include "ctl/json.h"
#include "ctl/pager.h"
#include "ctl/target.h"

enum { COLUMN_NAME, COLUMN_SIZE, COLUMN_ALLOCATED, COLUMN_STATE, COLUMN_UNIKERNEL, N_COLUMNS };

typedef struct Sums {
        size_t n;
        uint64_t size_bytes, allocated_bytes;
} Sums;

/* An array of objects whose keys are those of dbus/fields.tsv. */
static int read_devices(json_t **ret, sd_bus_message *reply) {
        _cleanup_(json_decrefp) json_t *array = json_array();
        const char *name, *unikernel, *state;
        uint64_t size, allocated;
        int r;

        if (!array)
                return -ENOMEM;
        r = sd_bus_message_enter_container(reply, 'a', "(sttss)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(reply, "(sttss)", &name, &size, &allocated, &unikernel,
                                        &state)) > 0)
                if (json_array_append_new(
                            array, json_pack("{s:s, s:I, s:I, s:s, s:s}", "Name", name, "Size",
                                             (json_int_t) size, "Allocated", (json_int_t) allocated,
                                             "Unikernel", unikernel, "State", state)) < 0)
                        return -ENOMEM;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(array);
        return 0;
}

static int get_devices(json_t **ret, const Name *path, const Options *options, Fault *fault) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = connect_bus(&bus, options, fault);
        if (r < 0)
                return r;
        r = call_list(&reply, bus, "ListBlockDevices", path, fault);
        if (r < 0)
                return r;
        r = read_devices(ret, reply);
        return r < 0 ? error_from_bus(fault, NULL, r) : 0;
}

static const char *text_of(const json_t *device, const char *key) {
        return json_string_value(json_object_get(device, key));
}

static uint64_t number_of(const json_t *device, const char *key) {
        return (uint64_t) json_integer_value(json_object_get(device, key));
}

static int add_line(struct libscols_table *table, const json_t *device) {
        char size[HUMAN_MAX + 1], allocated[HUMAN_MAX + 1];
        const char *unikernel = text_of(device, "Unikernel");

        human_size(number_of(device, "Size"), size);
        human_size(number_of(device, "Allocated"), allocated);

        const char *const cells[N_COLUMNS] = {
                [COLUMN_NAME] = text_of(device, "Name"),
                [COLUMN_SIZE] = size,
                [COLUMN_ALLOCATED] = allocated,
                [COLUMN_STATE] = text_of(device, "State"),
                [COLUMN_UNIKERNEL] = unikernel[0] ? unikernel : "-",
        };
        return columns_add(table, cells);
}

static void print_sums(const Sums *sums) {
        char size[HUMAN_MAX + 1], allocated[HUMAN_MAX + 1];

        human_size(sums->size_bytes, size);
        human_size(sums->allocated_bytes, allocated);
        printf("%s%zu block device%s of %s, %s allocated.\n", sums->n > 0 ? "\n" : "", sums->n,
               sums->n == 1 ? "" : "s", size, allocated);
}

static int print_table(const json_t *devices, const Options *options) {
        static const Column columns[N_COLUMNS] = {
                [COLUMN_NAME] = {"NAME", 0},
                [COLUMN_SIZE] = {"SIZE", SCOLS_FL_RIGHT},
                [COLUMN_ALLOCATED] = {"ALLOCATED", SCOLS_FL_RIGHT},
                [COLUMN_STATE] = {"STATE", 0},
                [COLUMN_UNIKERNEL] = {"UNIKERNEL", 0},
        };
        _cleanup_(columns_unrefp) struct libscols_table *table = NULL;
        _cleanup_(pager_stop) Pager pager = PAGER_NONE;
        bool legend = !option_given(options, OPTION_NO_LEGEND);
        Sums sums = {.n = json_array_size(devices)};
        const json_t *device;
        size_t i;
        int r;

        r = columns_new(&table, columns, N_COLUMNS, legend);
        json_array_foreach(devices, i, device) {
                if (r >= 0)
                        r = add_line(table, device);
                sums.size_bytes += number_of(device, "Size");
                sums.allocated_bytes += number_of(device, "Allocated");
        }
        if (r < 0)
                return r;
        pager = pager_start(options);
        r = scols_print_table(table);
        if (r >= 0 && legend)
                print_sums(&sums);
        return r;
}

static void print_names(const json_t *devices, const Options *options) {
        const json_t *device;
        size_t i;

        json_array_foreach(devices, i, device) {
                char text[NAME_MAX_LENGTH + 2];

                target_text(text_of(device, "Name"), options, text);
                puts(text);
        }
}

int block_list(const Name *path, const Options *options, Fault *fault) {
        _cleanup_(json_decrefp) json_t *devices = NULL;
        int r;

        r = get_devices(&devices, path, options, fault);
        if (r < 0)
                return r;
        if (options->json != JSON_OFF)
                return json_print(stdout, devices, options->json);
        if (option_given(options, OPTION_QUIET)) {
                print_names(devices, options);
                return EXIT_SUCCESS;
        }
        return print_table(devices, options);
}
