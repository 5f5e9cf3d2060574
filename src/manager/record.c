/* SPDX-License-Identifier: ISC */

/* What is recorded of a unikernel in unikernels/NAME.json; the fields are named as on the bus. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "manager/manager-internal.h"

#define RECORD_VERSION 1
#define RECORD_MAX     (64U * 1024U) /* bytes; arguments are at most 8 KiB, escaped six times that */
#define SUFFIX         ".json"

static void on_saved(void *userdata, const WriterAnswer *answer) {
        Unikernel *unikernel = userdata;

        unikernel->n_saving--;
        if (answer->error < 0 && unikernel->save_error == 0)
                unikernel->save_error = answer->error;
        unikernel_settle(unikernel);
}

static json_t *arguments_to_json(const Strings *arguments) {
        json_t *array = json_array();

        for (const char *text = NULL; (text = strings_next(arguments, text));)
                if (json_array_append_new(array, json_string(text)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

static json_t *record_to_json(const Unikernel *unikernel) {
        char cpus[CPUS_TEXT_MAX + 1];

        cpus_format(&unikernel->config.cpus, cpus);
        return json_pack("{s:i, s:s, s:s, s:I, s:{s:I, s:s, s:b, s:o}, s:{s:s, s:I, s:i, s:i}}",
                         "Version", RECORD_VERSION, "Name", unikernel->name.text, "Wanted",
                         unikernel->wanted ? "running" : "stopped", "CreationTimestamp",
                         (json_int_t) unikernel->created_usec, "Config", "Memory",
                         (json_int_t) unikernel->config.memory_bytes, "CPUs", cpus, "AddName",
                         (int) unikernel->config.add_name, "Arguments",
                         arguments_to_json(&unikernel->config.arguments), "Image", "Digest",
                         unikernel->image.digest, "Size", (json_int_t) unikernel->image.size_bytes,
                         "Target", (int) unikernel->image.target, "ABIVersion",
                         (int) unikernel->image.abi_version);
}

static void record_file(const Unikernel *unikernel, char ret[static WRITER_NAME_MAX + 1]) {
        snprintf(ret, WRITER_NAME_MAX + 1, "%s" SUFFIX, unikernel->name.text);
}

int record_save(Unikernel *unikernel) {
        _cleanup_(json_decrefp) json_t *record = record_to_json(unikernel);
        _cleanup_(freep) char *text = NULL;
        char file[WRITER_NAME_MAX + 1];
        int r;

        text = record ? json_dumps(record, JSON_INDENT(2)) : NULL;
        if (!text)
                return -ENOMEM;
        record_file(unikernel, file);
        r = writer_order(unikernel->manager->writer,
                         &(const WriterOrder){
                                 .verb = WRITER_PUT,
                                 .folder = WRITER_UNIKERNELS,
                                 .name = file,
                                 .data = text,
                                 .size = strlen(text),
                         },
                         on_saved, unikernel);
        if (r < 0)
                return r;
        unikernel->n_saving++;
        return 0;
}

int record_remove(Unikernel *unikernel) {
        char file[WRITER_NAME_MAX + 1];
        int r;

        record_file(unikernel, file);
        r = writer_order(unikernel->manager->writer,
                         &(const WriterOrder){
                                 .verb = WRITER_REMOVE,
                                 .folder = WRITER_UNIKERNELS,
                                 .name = file,
                         },
                         on_saved, unikernel);
        if (r < 0)
                return r;
        unikernel->n_saving++;
        return 0;
}

static bool is_digest(const char *text) {
        return strlen(text) == IMAGE_DIGEST_TEXT_SIZE - 1 &&
               strspn(text, "0123456789abcdef") == IMAGE_DIGEST_TEXT_SIZE - 1;
}

/* 0, or -EBADMSG for what we can't have written. */
static int record_from_json(Unikernel *unikernel, json_t *record) {
        const char *name, *wanted, *cpus, *digest;
        json_int_t created, memory, size;
        int version, add_name, target, abi_version;
        json_t *arguments, *argument;
        size_t i;

        if (json_unpack(record, "{s:i}", "Version", &version) < 0 || version != RECORD_VERSION)
                return -EBADMSG;
        if (json_unpack(record, "{s:s, s:s, s:I, s:{s:I, s:s, s:b, s:o}, s:{s:s, s:I, s:i, s:i}}",
                        "Name", &name, "Wanted", &wanted, "CreationTimestamp", &created, "Config",
                        "Memory", &memory, "CPUs", &cpus, "AddName", &add_name, "Arguments",
                        &arguments, "Image", "Digest", &digest, "Size", &size, "Target", &target,
                        "ABIVersion", &abi_version) < 0)
                return -EBADMSG;
        if (strcmp(name, unikernel->name.text) != 0 || !is_digest(digest) ||
            memory < (json_int_t) CONFIG_MEMORY_MIN || !json_is_array(arguments))
                return -EBADMSG;
        if (cpus[0] && cpus_parse(&unikernel->config.cpus, cpus, NULL) < 0)
                return -EBADMSG;
        json_array_foreach(arguments, i, argument) {
                if (!json_is_string(argument))
                        return -EBADMSG;
                if (strings_append(&unikernel->config.arguments, json_string_value(argument)) < 0)
                        return -ENOMEM;
        }

        unikernel->wanted = strcmp(wanted, "running") == 0;
        unikernel->created_usec = (uint64_t) created;
        unikernel->config.memory_bytes = (uint64_t) memory;
        unikernel->config.add_name = add_name;
        strcpy(unikernel->image.digest, digest);
        unikernel->image.size_bytes = (uint64_t) size;
        unikernel->image.target = (uint32_t) target;
        unikernel->image.abi_version = (uint32_t) abi_version;
        return 0;
}

static int record_load(Manager *manager, int folder_fd, const char *file) {
        _cleanup_(json_decrefp) json_t *record = NULL;
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

        r = file_read_at(folder_fd, file, RECORD_MAX, &text, &size);
        if (r < 0)
                return r;
        record = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
        if (!record)
                return -EBADMSG;

        unikernel = unikernel_new(manager, &name);
        if (!unikernel)
                return -ENOMEM;
        r = record_from_json(unikernel, record);
        if (r >= 0)
                r = image_hold(&unikernel->image_hold, manager, unikernel->image.digest);
        if (r >= 0)
                r = unikernels_add(manager, unikernel);
        if (r < 0) {
                image_release(manager, unikernel->image_hold);
                unikernel_free(unikernel);
                return r;
        }
        unikernel->recorded = true;
        unikernel->state_usec = unikernel->created_usec;
        return 0;
}

static int quarantine(Manager *manager, const char *file, int error) {
        sd_journal_print(LOG_ERR,
                         "The record unikernels/%s can't be used (%s), it is moved to quarantine; "
                         "the others are not affected",
                         file, strerror(-error));
        return writer_order(manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_QUARANTINE_FILE,
                                    .folder = WRITER_UNIKERNELS,
                                    .name = file,
                                    .target = file,
                            },
                            NULL, NULL);
}

static void closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

int records_load(Manager *manager) {
        _cleanup_(closedirp) DIR *directory = NULL;
        _cleanup_(fd_closep) int fd = -1;
        struct dirent *entry;
        int r;

        fd = openat(manager->state_fd, "unikernels", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        directory = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
        if (!directory)
                return -errno;

        while ((errno = 0, entry = readdir(directory))) {
                if (entry->d_name[0] == '.' &&
                    (entry->d_name[1] == '\0' || strcmp(entry->d_name, "..") == 0))
                        continue;
                r = record_load(manager, fd, entry->d_name);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        r = quarantine(manager, entry->d_name, r);
                if (r < 0)
                        return r;
        }
        return -errno;
}
