/* SPDX-License-Identifier: ISC */

#include <assert.h>
#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "domain/path-tree.h"

/* By which the children of a node are found. Not NUL-terminated: it lies within a path. */
typedef struct Label {
        const char *text;
        size_t length;
} Label;

struct PathNode {
        Label label; /* first: what tsearch(3) compares is a node, or a label to look for */
        PathNode *parent;
        void *children;
        Policy *policy;
        size_t n_policies; /* this one and those below */
        size_t n_claims;   /* right here */
        Usage usage;
        size_t length;
        char path[];
};

struct PathTree {
        PathNode *root;
};

static int compare(const void *a, const void *b) {
        const Label *left = a, *right = b;
        int order;

        order = memcmp(left->text, right->text, MIN_OF(left->length, right->length));
        if (order != 0)
                return order;
        return (left->length > right->length) - (left->length < right->length);
}

static PathNode *node_new(PathNode *parent, const char *path, size_t length) {
        PathNode *node;

        node = calloc(1, sizeof(*node) + length + 1);
        if (!node)
                return NULL;
        memcpy(node->path, path, length);
        node->length = length;
        node->parent = parent;
        node->label.text = node->path;
        if (parent && parent->length > 0)
                node->label.text += parent->length + 1;
        node->label.length = length - (size_t) (node->label.text - node->path);
        return node;
}

static void node_free(void *pointer) {
        PathNode *node = pointer;

        if (node->policy)
                policy_clear(node->policy);
        free(node->policy);
        usage_clear(&node->usage);
        tdestroy(node->children, node_free);
        free(node);
}

PathTree *path_tree_new(void) {
        PathTree *tree;

        tree = calloc(1, sizeof(*tree));
        if (!tree)
                return NULL;
        tree->root = node_new(NULL, "", 0);
        if (!tree->root) {
                free(tree);
                return NULL;
        }
        return tree;
}

static int check_no_claim(void *userdata, const PathNode *node) {
        assert(node->n_claims == 0);
        return 0;
}

PathTree *path_tree_free(PathTree *tree) {
        if (!tree)
                return NULL;

        path_tree_visit(tree, "", 0, check_no_claim, NULL);
        node_free(tree->root);
        free(tree);
        return NULL;
}

/* The label of @path, @length bytes, that comes below @parent. There must be one. */
static Label label_below(const PathNode *parent, const char *path, size_t length) {
        size_t start = parent->length > 0 ? parent->length + 1 : 0;
        const char *colon = memchr(path + start, ':', length - start);

        return (Label){
                .text = path + start,
                .length = (colon ? (size_t) (colon - path) : length) - start,
        };
}

static PathNode *find_child(const PathNode *node, const Label *label) {
        void *found = tfind(label, &node->children, compare);

        return found ? *(PathNode **) found : NULL;
}

PathNode *path_tree_find_nearest(const PathTree *tree, const char *path, size_t length) {
        PathNode *node = tree->root;

        while (node->length < length) {
                const Label label = label_below(node, path, length);
                PathNode *child = find_child(node, &label);

                if (!child)
                        break;
                node = child;
        }
        return node;
}

PathNode *path_tree_find(const PathTree *tree, const char *path, size_t length) {
        PathNode *node = path_tree_find_nearest(tree, path, length);

        return node->length == length ? node : NULL;
}

typedef struct Visit {
        PathVisitor visitor;
        void *userdata;
        int r;
} Visit;

static void visit_child(const void *pointer, VISIT which, void *closure);

static void visit_node(Visit *visit, const PathNode *node) {
        visit->r = visit->visitor(visit->userdata, node);
        if (visit->r == 0)
                twalk_r(node->children, visit_child, visit);
        else if (visit->r > 0)
                visit->r = 0;
}

static void visit_child(const void *pointer, VISIT which, void *closure) {
        Visit *visit = closure;

        /* twalk_r(3) can't be stopped, only be left without anything to do. */
        if ((which == postorder || which == leaf) && visit->r == 0)
                visit_node(visit, *(PathNode *const *) pointer);
}

int path_tree_visit(const PathTree *tree,
                    const char *path,
                    size_t length,
                    PathVisitor visitor,
                    void *userdata) {
        Visit visit = {.visitor = visitor, .userdata = userdata};
        const PathNode *node = path_tree_find(tree, path, length);

        if (node)
                visit_node(&visit, node);
        return visit.r;
}

const char *path_node_path(const PathNode *node) {
        return node->path;
}

size_t path_node_length(const PathNode *node) {
        return node->length;
}

PathNode *path_node_parent(const PathNode *node) {
        return node->parent;
}

const Policy *path_node_policy(const PathNode *node) {
        return node->policy;
}

size_t path_node_count_policies(const PathNode *node) {
        return node->n_policies;
}

const Usage *path_node_usage(const PathNode *node) {
        return &node->usage;
}

static PathNode *add_child(PathNode *parent, const char *path, const Label *label) {
        PathNode *node;

        node = node_new(parent, path, (size_t) (label->text - path) + label->length);
        if (!node)
                return NULL;
        if (!tsearch(node, &parent->children, compare)) {
                node_free(node);
                return NULL;
        }
        return node;
}

int path_tree_make(PathTree *tree, const char *path, size_t length, PathNode **ret) {
        PathNode *node = path_tree_find_nearest(tree, path, length);

        while (node->length < length) {
                const Label label = label_below(node, path, length);
                PathNode *child = add_child(node, path, &label);

                if (!child) {
                        path_tree_trim(node);
                        return -ENOMEM;
                }
                node = child;
        }
        *ret = node;
        return 0;
}

void path_tree_trim(PathNode *node) {
        while (node->parent && !node->children && !node->policy && node->n_claims == 0) {
                PathNode *parent = node->parent;

                tdelete(node, &parent->children, compare);
                node_free(node);
                node = parent;
        }
}

Policy *path_node_swap_policy(PathNode *node, Policy *policy) {
        Policy *previous = node->policy;

        assert(node->parent);

        node->policy = policy;
        for (; node; node = node->parent)
                node->n_policies = node->n_policies + (policy ? 1 : 0) - (previous ? 1 : 0);
        return previous;
}

void path_node_hold(PathNode *node) {
        node->n_claims++;
}

void path_node_release(PathNode *node) {
        assert(node->n_claims > 0);

        node->n_claims--;
        path_tree_trim(node);
}

int path_node_charge(PathNode *node, const Share *less, const Share *more) {
        int r;

        /* Room for all comes first: from then on nothing can fail half-way. */
        for (PathNode *level = node; more && level; level = level->parent) {
                r = usage_make_room(&level->usage, more);
                if (r < 0)
                        return r;
        }
        for (; node; node = node->parent) {
                if (less)
                        usage_subtract(&node->usage, less);
                if (more)
                        usage_add(&node->usage, more);
        }
        return 0;
}
