/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/conf-files.h"
#include "base/directory.h"

/* The first one wins. */
static const char *const folders[] = {"/etc", "/run", "/usr/local/lib", "/usr/lib"};

typedef struct ConfFile {
        char *path;
        bool masked;
} ConfFile;

typedef struct ConfFiles {
        ConfFile *files;
        size_t n_files;
} ConfFiles;

static void conf_files_clear(ConfFiles *list) {
        for (size_t i = 0; i < list->n_files; i++)
                free(list->files[i].path);
        free(list->files);
        *list = (ConfFiles){};
}

static const char *base_name(const char *path) {
        return strrchr(path, '/') + 1;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(base_name(((const ConfFile *) a)->path),
                      base_name(((const ConfFile *) b)->path));
}

static bool has_name(const ConfFiles *list, const char *name) {
        for (size_t i = 0; i < list->n_files; i++)
                if (strcmp(base_name(list->files[i].path), name) == 0)
                        return true;
        return false;
}

/* Positive: a file; 0: there is none; with *@ret_masked when it says that there should be none. */
static int look(const char *path, bool *ret_masked) {
        struct stat status;

        *ret_masked = false;
        if (stat(path, &status) < 0)
                return errno == ENOMEM ? -ENOMEM : 0;
        if (S_ISREG(status.st_mode))
                return 1;
        *ret_masked = S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
        return *ret_masked;
}

/* Takes over @path. */
static int add(ConfFiles *list, char *path, bool masked) {
        ConfFile *larger;

        larger = reallocarray(list->files, list->n_files + 1, sizeof(*larger));
        if (!larger) {
                free(path);
                return -ENOMEM;
        }
        list->files = larger;
        larger[list->n_files++] = (ConfFile){.path = path, .masked = masked};
        return 0;
}

static int add_main(ConfFiles *list, const char *root, const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(folders); i++) {
                char *path;
                bool masked;
                int r;

                if (asprintf(&path, "%s%s/%s", root, folders[i], name) < 0)
                        return -ENOMEM;
                r = look(path, &masked);
                if (r > 0)
                        return add(list, path, masked);
                free(path);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool is_drop_in(const char *name) {
        size_t length = strlen(name);

        return length > strlen(".conf") && name[0] != '.' &&
               strcmp(name + length - strlen(".conf"), ".conf") == 0;
}

static int add_drop_ins(ConfFiles *list, const char *folder) {
        _cleanup_(directory_closep) DIR *directory = NULL;
        struct dirent *entry;
        bool masked;
        int r;

        directory = opendir(folder);
        if (!directory)
                return errno == ENOMEM ? -ENOMEM : 0;
        while ((entry = readdir(directory))) {
                char *path;

                if (!is_drop_in(entry->d_name) || has_name(list, entry->d_name))
                        continue;
                if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
                        return -ENOMEM;
                r = look(path, &masked);
                if (r > 0)
                        r = add(list, path, masked);
                else
                        free(path);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Takes the paths out of @list that count. */
static void take_unmasked(ConfFiles *list, char **ret, size_t *n) {
        for (size_t i = 0; i < list->n_files; i++)
                if (!list->files[i].masked)
                        ret[(*n)++] = TAKE_PTR(list->files[i].path);
}

int conf_files_list(const char *root, const char *name, char ***ret, size_t *ret_n) {
        _cleanup_(conf_files_clear) ConfFiles first = {}, drop_ins = {};
        size_t n = 0;
        char **files;
        int r;

        r = add_main(&first, root, name);
        for (size_t i = 0; r >= 0 && i < N_ELEMENTS(folders); i++) {
                _cleanup_(freep) char *folder = NULL;

                if (asprintf(&folder, "%s%s/%s.d", root, folders[i], name) < 0)
                        return -ENOMEM;
                r = add_drop_ins(&drop_ins, folder);
        }
        if (r < 0)
                return r;
        if (drop_ins.n_files > 0)
                qsort(drop_ins.files, drop_ins.n_files, sizeof(*drop_ins.files), compare_names);

        files = calloc(first.n_files + drop_ins.n_files + 1, sizeof(*files));
        if (!files)
                return -ENOMEM;
        take_unmasked(&first, files, &n);
        take_unmasked(&drop_ins, files, &n);
        *ret = files;
        *ret_n = n;
        return 0;
}

void conf_files_free(char **files, size_t n_files) {
        for (size_t i = 0; i < n_files; i++)
                free(files[i]);
        free(files);
}
