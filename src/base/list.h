/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * A doubly linked list whose links live in the members. An empty list is a link that points to
 * itself; a member that is in no list has NULL links after list_remove().
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct ListLink ListLink;

struct ListLink {
        ListLink *next, *previous;
};

#define LIST_ENTRY(link, type, member) ((type *) (void *) ((char *) (link) -offsetof(type, member)))

/* The current member may be removed and freed meanwhile, no other. */
#define LIST_FOREACH(link, list)                                                                   \
        for (ListLink * (link) = (list)->next, *next_##link = (link)->next; (link) != (list);      \
             (link) = next_##link, next_##link = (link)->next)

static inline void list_init(ListLink *list) {
        list->next = list->previous = list;
}

static inline bool list_is_empty(const ListLink *list) {
        return list->next == list;
}

static inline bool list_is_linked(const ListLink *link) {
        return link->next;
}

static inline void list_append(ListLink *list, ListLink *link) {
        link->next = list;
        link->previous = list->previous;
        list->previous->next = link;
        list->previous = link;
}

/* A link that is in no list is left as it is. */
static inline void list_remove(ListLink *link) {
        if (!link->next)
                return;
        link->next->previous = link->previous;
        link->previous->next = link->next;
        link->next = link->previous = NULL;
}
