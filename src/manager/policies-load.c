/* SPDX-License-Identifier: ISC */

/* The policies on disk, policies/PATH.json, as they are read at the start. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/file.h"
#include "manager/chronicle.h"
#include "manager/manager-internal.h"
#include "manager/policies.h"

#define SUFFIX ".json"

void policy_file(const Name *path, char ret[static WRITER_NAME_MAX + 1]) {
        snprintf(ret, WRITER_NAME_MAX + 1, "%s" SUFFIX, path->text);
}

static void on_quarantined(void *userdata, const WriterAnswer *answer) {
        if (answer->error < 0)
                log_print(LOG_ERR,
                          "A policy could not be moved to quarantine (%s), and stays where "
                          "it is until the next start",
                          strerror(-answer->error));
}

/* No label has "_": a record of that name can't be meant. */
static int quarantine(Manager *manager, const char *file, const char *reason) {
        char target[WRITER_NAME_MAX + 1];

        quarantine_log("policies", file, reason, "nobody has the rights that it gave");
        snprintf(target, sizeof(target), "policy_%.*s", (int) sizeof(target) - 8, file);
        return writer_order(manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_QUARANTINE_FILE,
                                    .folder = WRITER_POLICIES,
                                    .name = file,
                                    .target = target,
                            },
                            on_quarantined, NULL);
}

static int path_of_file(Name *ret, const char *file) {
        char text[NAME_MAX_LENGTH + 1];
        size_t length = strlen(file);

        if (length <= strlen(SUFFIX) || length - strlen(SUFFIX) > NAME_MAX_LENGTH ||
            strcmp(file + length - strlen(SUFFIX), SUFFIX) != 0)
                return -EBADMSG;
        memcpy(text, file, length - strlen(SUFFIX));
        text[length - strlen(SUFFIX)] = '\0';
        if (path_parse(ret, text, NULL) < 0 || strcmp(ret->text, text) != 0)
                return -EBADMSG;
        return 0;
}

static int read_policy(PolicyEntry *ret, int folder_fd, const char *file) {
        _cleanup_(freep) char *text = NULL;
        size_t size;
        int r;

        r = path_of_file(&ret->path, file);
        if (r < 0)
                return r;
        r = file_read_at(folder_fd, file, WRITER_DATA_MAX, &text, &size);
        if (r < 0)
                return r;
        return policy_text_parse(&ret->path, &ret->policy, text, size);
}

static int add_entry(PolicyList *list, PolicyEntry *entry) {
        PolicyEntry *larger;

        larger = reallocarray(list->entries, list->n + 1, sizeof(*larger));
        if (!larger) {
                policy_clear(&entry->policy);
                return -ENOMEM;
        }
        list->entries = larger;
        list->entries[list->n++] = *entry;
        return 0;
}

/* Fills in @list with those that can be read; the others are put away, and @lost, a list of paths,
 * says which those are, as far as their names tell. */
static int read_all(Manager *manager, PolicyList *list, PolicyList *lost) {
        _cleanup_(directory_closep) DIR *directory = NULL;
        struct dirent *file;
        int r;

        r = directory_open(&directory, manager->state_fd, "policies");
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        while ((file = directory_next(directory))) {
                PolicyEntry entry = {};

                r = read_policy(&entry, dirfd(directory), file->d_name);
                if (error_is_shortage(r))
                        return r;
                if (r < 0) {
                        r = quarantine(manager, file->d_name, strerror(-r));
                        if (r >= 0 && entry.path.text[0])
                                r = add_entry(lost, &entry);
                } else
                        r = add_entry(list, &entry);
                if (r < 0)
                        return r;
        }
        return errno ? -errno : 0;
}

/* Those above before those below. */
static int compare(const void *a, const void *b) {
        return strcmp(((const PolicyEntry *) a)->path.text, ((const PolicyEntry *) b)->path.text);
}

/* Why not? NULL: it fits. The machine is no reason: a CPU, or a bridge, may come back. */
static const char *misfit(const Manager *manager,
                          const PolicyEntry *entry,
                          const PolicyList *lost,
                          char reason[static NAME_MAX_LENGTH + 64]) {
        const PathNode *node;
        const Policy *above = NULL;

        for (size_t i = 0; i < lost->n; i++)
                if (name_is_below(entry->path.text, lost->entries[i].path.text)) {
                        snprintf(reason, NAME_MAX_LENGTH + 64, "the policy %s above it is lost",
                                 lost->entries[i].path.text);
                        return reason;
                }

        node = path_tree_find_nearest(manager->paths, entry->path.text,
                                      name_path_length(&entry->path));
        while (node && !(above = path_node_policy(node)))
                node = path_node_parent(node);
        for (PolicyField field = 0; above && field < POLICY_N_FIELDS; field++)
                if (!policy_field_fits(&entry->policy, above, field)) {
                        snprintf(reason, NAME_MAX_LENGTH + 64,
                                 "it allows more than the policy %s above it",
                                 path_node_path(node));
                        return reason;
                }
        return NULL;
}

int policies_load(Manager *manager) {
        _cleanup_(policy_list_clear) PolicyList list = {}, lost = {};
        char reason[NAME_MAX_LENGTH + 64], file[WRITER_NAME_MAX + 1];
        int r;

        r = read_all(manager, &list, &lost);
        if (r < 0)
                return r;
        if (list.n > 0)
                qsort(list.entries, list.n, sizeof(*list.entries), compare);
        for (size_t i = 0; i < list.n; i++) {
                PolicyEntry *entry = &list.entries[i];
                const char *why_not = misfit(manager, entry, &lost, reason);

                if (!why_not) {
                        r = policies_put(manager->paths, &entry->path, &entry->policy);
                        if (r < 0)
                                return r;
                        continue;
                }
                /* What lies below this one must not outlive it, either. */
                policy_file(&entry->path, file);
                r = quarantine(manager, file, why_not);
                if (r >= 0)
                        r = add_entry(&lost, &(PolicyEntry){.path = entry->path});
                if (r < 0)
                        return r;
        }
        return 0;
}
