/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "domain/bridges.h"

bool bridge_name_is_valid(const char *name) {
        size_t length = strnlen(name, IFNAMSIZ);

        if (length == 0 || length >= IFNAMSIZ)
                return false;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return false;
        /* The kernel takes no "/", ":" and "%" itself; the others would need quoting where a bridge
         * stands in a list, or before a MAC address. */
        for (size_t i = 0; i < length; i++)
                if (name[i] <= ' ' || name[i] > '~' || strchr(",%/:@\"'\\", name[i]))
                        return false;
        return true;
}

size_t bridges_position(const Bridges *bridges, const char *name) {
        size_t low = 0, high = bridges->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(bridges->names[middle].text, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

bool bridges_contain(const Bridges *bridges, const char *name) {
        size_t i = bridges_position(bridges, name);

        return i < bridges->n && strcmp(bridges->names[i].text, name) == 0;
}

int bridges_add(Bridges *bridges, const char *name, Fault *fault) {
        BridgeName *larger;
        size_t i;

        if (!bridge_name_is_valid(name))
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "\"%.40s\" can't be a bridge",
                                 name);
        i = bridges_position(bridges, name);
        if (i < bridges->n && strcmp(bridges->names[i].text, name) == 0)
                return 0;

        larger = reallocarray(bridges->names, bridges->n + 1, sizeof(*larger));
        if (!larger)
                return -ENOMEM;
        bridges->names = larger;
        memmove(larger + i + 1, larger + i, (bridges->n - i) * sizeof(*larger));
        larger[i] = (BridgeName){};
        strcpy(larger[i].text, name);
        bridges->n++;
        return 1;
}

int bridges_copy(Bridges *ret, const Bridges *bridges) {
        Bridges copy = {.n = bridges->n};

        if (bridges->n > 0) {
                copy.names = reallocarray(NULL, bridges->n, sizeof(*copy.names));
                if (!copy.names)
                        return -ENOMEM;
                memcpy(copy.names, bridges->names, bridges->n * sizeof(*copy.names));
        }
        *ret = copy;
        return 0;
}

void bridges_clear(Bridges *bridges) {
        free(bridges->names);
        *bridges = (Bridges){};
}

void bridges_intersect(Bridges *bridges, const Bridges *others) {
        size_t n = 0;

        for (size_t i = 0; i < bridges->n; i++)
                if (bridges_contain(others, bridges->names[i].text))
                        bridges->names[n++] = bridges->names[i];
        bridges->n = n;
}

bool bridges_equal(const Bridges *bridges, const Bridges *others) {
        return bridges->n == others->n && !bridges_missing_in(bridges, others);
}

const char *bridges_missing_in(const Bridges *bridges, const Bridges *others) {
        for (size_t i = 0, j = 0; i < bridges->n; i++) {
                const char *name = bridges->names[i].text;

                while (j < others->n && strcmp(others->names[j].text, name) < 0)
                        j++;
                if (j == others->n || strcmp(others->names[j].text, name) != 0)
                        return name;
        }
        return NULL;
}

void bridges_format(const Bridges *bridges, char *ret, size_t size) {
        char *end = ret;

        if (size == 0)
                return;
        *end = '\0';
        for (size_t i = 0; i < bridges->n; i++) {
                /* Whatever comes now, there must be room for ",..." behind it. */
                if (size - (size_t) (end - ret) < IFNAMSIZ + sizeof(",...")) {
                        if (size - (size_t) (end - ret) >= sizeof(",..."))
                                strcpy(end, i > 0 ? ",..." : "...");
                        return;
                }
                if (i > 0)
                        *end++ = ',';
                end = stpcpy(end, bridges->names[i].text);
        }
}
