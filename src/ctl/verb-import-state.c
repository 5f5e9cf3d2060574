/* SPDX-License-Identifier: ISC */

/* import-state FILE */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ctl/connect.h"
#include "ctl/error.h"
#include "ctl/import/compare.h"
#include "ctl/import/create.h"
#include "ctl/import/folder.h"
#include "ctl/import/report.h"
#include "ctl/import/state.h"
#include "ctl/import/there.h"
#include "ctl/inspection.h"
#include "ctl/properties.h"
#include "ctl/source.h"
#include "ctl/verb.h"

typedef struct Import {
        const Options *options;
        sd_bus *bus; /* NULL: only a plan is asked for, and albatrossd can't be */
        Items items;
        There there;
        json_t *block_names; /* of a plan, as keys */
        ImportReport report;
} Import;

/* The properties of a unikernel that is there, and what not everybody may see. */
static int describe(json_t **ret, sd_bus *bus, const Name *name, Fault *fault) {
        _cleanup_(json_decrefp) json_t *properties = NULL, *private = NULL;
        _cleanup_(call_done) Call call = {};
        int r;

        r = properties_get(&properties, bus, name, fault);
        if (r >= 0)
                r = inspection_ask(&call, bus, name, true, fault);
        if (r >= 0)
                r = inspection_answer(&private, &call, fault);
        if (r < 0)
                return r;
        if (json_object_update(properties, private) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(properties);
        return 0;
}

static int compare_running(Strings *fields, Import *import, const Item *item, Fault *fault) {
        _cleanup_(json_decrefp) json_t *there = NULL;
        char digest[2 * IMAGE_DIGEST_SIZE + 1];
        Intake intake;
        int r;

        r = create_look(&intake, item, fault);
        if (r >= 0)
                r = describe(&there, import->bus, &item->name, fault);
        if (r < 0)
                return r;
        for (size_t i = 0; i < IMAGE_DIGEST_SIZE; i++)
                sprintf(digest + 2 * i, "%02x", intake.store.digest[i]);
        return compare_unikernel(fields, item, there, digest);
}

/* There is one already: it is never touched. */
static int meet(Import *import, Item *item, const json_t *there, Fault *fault) {
        _cleanup_(strings_clear) Strings fields = {};
        int r;

        if (item->kind == ITEM_POLICY)
                r = compare_policy(&fields, item, there);
        else if (item->kind == ITEM_BLOCK)
                r = compare_block(&fields, item, there);
        else
                r = compare_running(&fields, import, item, fault);
        if (r < 0)
                return r;

        item->outcome = fields.size > 0 ? OUTCOME_DIFFERENT : OUTCOME_PRESENT;
        for (const char *field = NULL; r >= 0 && (field = strings_next(&fields, field));)
                r = item_remark(item, "its %s is not what the file says, and is left", field);
        return r;
}

/* What the daemon would find out: a block device that is not there, nor will be. */
static int plan_unikernel(Import *import, Item *item, Fault *fault) {
        int path_length = (int) name_path_length(&item->name);
        Intake intake;
        int r;

        r = create_look(&intake, item, fault);
        for (size_t i = 0; r >= 0 && i < item->config.devices.n_blocks; i++) {
                const Block *block = &item->config.devices.blocks[i];
                char text[NAME_MAX_LENGTH + DEVICE_NAME_MAX + 2];
                Item device = {.kind = ITEM_BLOCK};

                snprintf(text, sizeof(text), "%.*s:%s", path_length, item->name.text,
                         block->device[0] ? block->device : block->guest);
                r = name_parse(&device.name, text, fault);
                if (r >= 0 && import->there.lists[ITEM_BLOCK] &&
                    !there_find(&import->there, &device) &&
                    !json_object_get(import->block_names, device.name.text))
                        r = item_remark(item, "its block device %s is not there, nor taken over",
                                        text[0] == ':' ? text + 1 : text);
        }
        return r;
}

static int handle(Import *import, Item *item, Fault *fault) {
        const json_t *there = there_find(&import->there, item);
        bool start = !option_given(import->options, OPTION_NO_START);
        int r = 0;

        if (!import->there.lists[item->kind]) {
                *fault = import->there.faults[item->kind];
                return -EIO;
        }
        if (there)
                return meet(import, item, there, fault);
        if (!option_given(import->options, OPTION_DRY_RUN)) {
                r = create_item(import->bus, &import->items, item, start, fault);
                if (r >= 0)
                        item->outcome = OUTCOME_CREATED;
        } else if (item->kind == ITEM_UNIKERNEL)
                r = plan_unikernel(import, item, fault);
        else if (item->kind == ITEM_BLOCK &&
                 json_object_set_new(import->block_names, item->name.text, json_true()) < 0)
                r = -ENOMEM;
        return r;
}

static int handle_all(Import *import) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < import->items.n_items; i++) {
                Item *item = &import->items.items[i];
                Fault fault = {};

                if (item->outcome != OUTCOME_FAILED) {
                        r = handle(import, item, &fault);
                        if (r < 0)
                                r = item_fail(item, r, &fault);
                }
                if (r >= 0)
                        r = report_item(&import->report, item);
        }
        if (r >= 0)
                r = report_end(&import->report);
        if (r < 0)
                return r;
        return import->report.n_outcomes[OUTCOME_FAILED] > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A plan can be made before there is an albatrossd. */
static int connect_if_needed(Import *import, Fault *fault) {
        int r;

        r = connect_bus(&import->bus, import->options, fault);
        if (r >= 0 || !option_given(import->options, OPTION_DRY_RUN))
                return r;
        import->bus = NULL;
        error_print(fault, r);
        fputs("What it has already is not considered.\n", stderr);
        *fault = (Fault){};
        return 0;
}

static void import_done(Import *import) {
        report_done(&import->report);
        there_done(&import->there);
        json_decref(import->block_names);
        items_done(&import->items);
        sd_bus_flush_close_unref(import->bus);
}

int verb_import_state(const Options *options, Fault *fault) {
        _cleanup_(import_done) Import import = {.options = options, .items.block_dir_fd = -1};
        _cleanup_(freep) char *data = NULL;
        _cleanup_(fd_closep) int fd = -1;
        size_t size;
        int r;

        fd = source_open(options->args[0], "state file", fault);
        if (fd < 0)
                return fd;
        /* A copy: it may be changed while it is read. */
        r = file_read_fd(fd, STATE_FILE_SIZE_MAX, &data, &size);
        if (r < 0)
                return fault_set(fault, FAULT_FAILED, "The file can't be read: %s", strerror(-r));
        r = state_read(&import.items, data, size, fault);
        if (r >= 0 && option_given(options, OPTION_BLOCK_DIR))
                r = folder_read(&import.items, options->values[OPTION_BLOCK_DIR], fault);
        if (r >= 0)
                r = items_arrange(&import.items);
        if (r >= 0)
                r = connect_if_needed(&import, fault);
        if (r >= 0)
                r = there_ask(&import.there, import.bus, &import.items);
        if (r >= 0) {
                import.block_names = json_object();
                r = import.block_names ? 0 : -ENOMEM;
        }
        if (r >= 0)
                r = report_begin(&import.report, options);
        return r < 0 ? r : handle_all(&import);
}
