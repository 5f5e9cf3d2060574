/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/number.h"
#include "host/control-group.h"

#define PROCS_MAX (64U * 1024U) /* bytes; a scope of ours holds a handful of processes */

/* 0 and an untouched *@ret: there is no such group. */
static int read_members(const char *group, char **ret) {
        char path[PATH_MAX];
        int r;

        snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cgroup.procs", group);
        r = file_read_at(AT_FDCWD, path, PROCS_MAX, ret, NULL);
        if (r == -ENOENT || r == -ENODEV)
                return 0;
        return r < 0 ? r : 1;
}

int control_group_is_populated(const char *group) {
        _cleanup_(freep) char *text = NULL;
        int r;

        r = read_members(group, &text);
        return r > 0 ? text[0] != '\0' : r;
}

int control_group_contains(const char *group, pid_t pid) {
        _cleanup_(freep) char *text = NULL;
        char *line, *rest = NULL;
        int r;

        r = read_members(group, &text);
        if (r <= 0)
                return r;
        for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                uint64_t member;

                if (number_parse(line, INT_MAX, &member) >= 0 && (pid_t) member == pid)
                        return 1;
        }
        return 0;
}

bool control_group_has(const char *controller) {
        _cleanup_(freep) char *text = NULL;
        char *rest = NULL;

        if (file_read_at(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", PROCS_MAX, &text, NULL) < 0)
                return false;
        for (char *word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
                if (strcmp(word, controller) == 0)
                        return true;
        return false;
}
