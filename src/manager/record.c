/* SPDX-License-Identifier: ISC */

/* The records of unikernels on disk: unikernels/NAME.json. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/file.h"
#include "manager/blocks.h"
#include "manager/chronicle.h"
#include "manager/manager-internal.h"

#define SUFFIX ".json"

static void on_removed(void *userdata, const WriterAnswer *answer) {
        Unikernel *unikernel = userdata;

        unikernel->n_saving--;
        unikernel->save_error = answer->error;
        unikernel_settle(unikernel);
}

static void record_file(const char *name, char ret[static WRITER_NAME_MAX + 1]) {
        snprintf(ret, WRITER_NAME_MAX + 1, "%s" SUFFIX, name);
}

static void on_saved(void *userdata, const WriterAnswer *answer);

/* All that has asked for it until now is in there, and is told when this one is answered. */
static int order_save(Unikernel *unikernel) {
        _cleanup_(freep) char *text = NULL;
        char file[WRITER_NAME_MAX + 1];
        int r;

        unikernel->save_again = false;
        unikernel->saves_wish = unikernel->save_wish_again;
        unikernel->save_wish_again = false;
        unikernel_wait_on(unikernel, WAIT_FOR_NEXT_SAVE, WAIT_FOR_SAVE);
        r = record_format(unikernel, &text);
        if (r < 0)
                return r;
        record_file(unikernel->name.text, file);
        return writer_order(unikernel->manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_PUT,
                                    .folder = WRITER_UNIKERNELS,
                                    .name = file,
                                    .data = text,
                                    .size = strlen(text),
                            },
                            on_saved, unikernel);
}

/* Whoever has a change taken back because of this asks for the next save here. */
static void tell_saved(Unikernel *unikernel, int error) {
        unikernel_log(unikernel, LOG_DEBUG, "The record of %s: %s", unikernel->name.text,
                      error < 0 ? strerror(-error) : "is written");
        unikernel->unsaved = error < 0 || unikernel->save_again;
        if (error == 0 || unikernel->saves_wish)
                unikernel->save_error = error;
        if (error == 0) {
                undone_forget(unikernel->manager, unikernel->name.text);
                unikernel_release_doubts(unikernel);
        }
        unikernel_answer(unikernel, WAIT_FOR_SAVE, error, NULL);
}

static void on_saved(void *userdata, const WriterAnswer *answer) {
        Unikernel *unikernel = userdata;
        int r = answer->error;

        tell_saved(unikernel, r);
        while (unikernel->save_again) {
                r = order_save(unikernel);
                if (r >= 0)
                        return;
                tell_saved(unikernel, r);
        }
        unikernel->is_saving = false;
        unikernel->n_saving--;
        unikernel_settle(unikernel);
}

int record_save(Unikernel *unikernel) {
        int r;

        unikernel->unsaved = true;
        unikernel->save_again = true;
        if (unikernel->is_saving)
                return 0;
        r = order_save(unikernel);
        if (r < 0)
                return r;
        unikernel->is_saving = true;
        unikernel->n_saving++;
        return 0;
}

int record_save_wish(Unikernel *unikernel) {
        unikernel->save_wish_again = true;
        return record_save(unikernel);
}

int record_remove_name(Manager *manager, const char *name, WriterDone done, void *userdata) {
        char file[WRITER_NAME_MAX + 1];

        record_file(name, file);
        return writer_order(manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_REMOVE,
                                    .folder = WRITER_UNIKERNELS,
                                    .name = file,
                            },
                            done, userdata);
}

int record_remove(Unikernel *unikernel) {
        int r;

        r = record_remove_name(unikernel->manager, unikernel->name.text, on_removed, unikernel);
        if (r < 0)
                return r;
        unikernel->n_saving++;
        return 0;
}

/* What is not there now, or belongs to another one, is refused when it is started. */
static void find_devices(Unikernel *unikernel) {
        Fault fault = {};

        if (macs_take(unikernel, &fault) < 0 || blocks_assign(unikernel, &fault) < 0)
                unikernel_log(unikernel, LOG_WARNING, "%s does not have all of its devices: %s",
                              unikernel->name.text, fault.message);
}

static int record_load(Manager *manager, int folder_fd, const char *file) {
        _cleanup_(freep) char *text = NULL;
        char label[NAME_MAX_LENGTH + 1];
        size_t length = strlen(file);
        Unikernel *unikernel;
        size_t size;
        Name name;
        int r;

        if (length <= strlen(SUFFIX) || length - strlen(SUFFIX) > NAME_MAX_LENGTH ||
            strcmp(file + length - strlen(SUFFIX), SUFFIX) != 0)
                return -EBADMSG;
        memcpy(label, file, length - strlen(SUFFIX));
        label[length - strlen(SUFFIX)] = '\0';
        if (name_parse(&name, label, NULL) < 0 || strcmp(name.text, label) != 0)
                return -EBADMSG;

        /* It is being removed. */
        if (undone_contains(manager, name.text))
                return 0;
        r = file_read_at(folder_fd, file, WRITER_DATA_MAX, &text, &size);
        if (r < 0)
                return r;

        unikernel = unikernel_new(manager, &name);
        if (!unikernel)
                return -ENOMEM;
        r = record_parse(unikernel, text, size);
        if (r >= 0)
                r = unikernel_hold_images(unikernel);
        if (r >= 0)
                r = unikernel_claim_found(unikernel);
        if (r >= 0)
                r = unikernels_add(manager, unikernel);
        if (r >= 0)
                find_devices(unikernel);
        if (r < 0) {
                unikernel_release_images(unikernel);
                unikernel_free(unikernel);
                return r;
        }
        unikernel->recorded = true;
        unikernel->state_usec = unikernel->created_usec;
        return 0;
}

static void on_quarantined(void *userdata, const WriterAnswer *answer) {
        if (answer->error < 0)
                log_print(LOG_ERR,
                          "A record could not be moved to quarantine (%s), and stays where "
                          "it is until the next start",
                          strerror(-answer->error));
}

static int quarantine(Manager *manager, const char *file, int error) {
        quarantine_log("unikernels", file, strerror(-error), "the others are not affected");
        return writer_order(manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_QUARANTINE_FILE,
                                    .folder = WRITER_UNIKERNELS,
                                    .name = file,
                                    .target = file,
                            },
                            on_quarantined, NULL);
}

int records_load(Manager *manager) {
        _cleanup_(directory_closep) DIR *directory = NULL;
        struct dirent *entry;
        int n_moved = 0;
        int r;

        r = directory_open(&directory, manager->state_fd, "unikernels");
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        while ((entry = directory_next(directory))) {
                r = record_load(manager, dirfd(directory), entry->d_name);
                if (error_is_shortage(r))
                        return r;
                if (r >= 0)
                        continue;
                r = quarantine(manager, entry->d_name, r);
                if (r < 0)
                        return r;
                n_moved++;
        }
        return errno ? -errno : n_moved;
}
