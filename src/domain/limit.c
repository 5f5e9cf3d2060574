/* SPDX-License-Identifier: ISC */

#include <stdio.h>
#include <string.h>

#include "domain/limit.h"

Limit limit_at(const PathNode *node, const Policy *machine) {
        while (path_node_parent(node) && !path_node_policy(node))
                node = path_node_parent(node);
        return (Limit){
                .node = node,
                .policy = path_node_parent(node) ? path_node_policy(node) : machine,
        };
}

Limit limit_next(const Limit *limit, const Policy *machine) {
        const PathNode *parent = path_node_parent(limit->node);

        return parent ? limit_at(parent, machine) : (Limit){};
}

Cpus limits_cpus(const PathNode *node, const Policy *machine) {
        Cpus cpus = machine->cpus;

        for (Limit limit = limit_at(node, machine); limit.policy;
             limit = limit_next(&limit, machine))
                cpus_intersect(&cpus, &limit.policy->cpus);
        return cpus;
}

int limits_bridges(const PathNode *node, const Policy *machine, Bridges *ret) {
        Bridges bridges;
        int r;

        r = bridges_copy(&bridges, &machine->bridges);
        if (r < 0)
                return r;
        for (Limit limit = limit_at(node, machine); limit.policy;
             limit = limit_next(&limit, machine))
                bridges_intersect(&bridges, &limit.policy->bridges);
        *ret = bridges;
        return 0;
}

void limit_format(const Limit *limit, PolicyField field, char ret[static LIMIT_TEXT_MAX + 1]) {
        if (path_node_parent(limit->node))
                snprintf(ret, LIMIT_TEXT_MAX + 1, "the policy %s allows",
                         path_node_path(limit->node));
        else
                strcpy(ret,
                       field == POLICY_UNIKERNELS ? "the machine has room for" : "the machine has");
}
