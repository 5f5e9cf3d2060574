#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The dashboard is JSON, and each metric that it shows is one that albatross-metrics tells.
set -euo pipefail
cd "$(dirname "$0")/../.."

bad=0
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' grafana/albatross.json || bad=1

# Every name that a sample can have: the tables, and those that are written one by one.
names() {
    awk -F '"' '
        /^static const Family of_/ { prefix = "albatross_" (/interface|unikernel/ ? "unikernel_" : /host/ ? "host_" : "daemon_") }
        /^        \{"/ { name = prefix $4; line = $0; if (line !~ /GAUGE|COUNTER/) getline line
            print name (line ~ /COUNTER/ ? "_total" : "") }' src/metrics/families.c
    grep -oE '"albatross_[a-z_]*[{ ]' src/metrics/exposition.c | tr -d '"{ '
}
mapfile -t told < <(names | sort -u)
[ ${#told[@]} -gt 50 ] || { echo "only ${#told[@]} metrics: is this the right folder?"; bad=1; }
mapfile -t shown < <(grep -oE 'albatross_[a-z_]+' grafana/albatross.json | sort -u)
[ ${#shown[@]} -gt 15 ] || { echo "only ${#shown[@]} metrics are shown"; bad=1; }
for metric in "${shown[@]}"; do
    # The label of a state set has its name.
    [[ " ${told[*]} " == *" $metric "* ]] || { echo "grafana/albatross.json: there is no $metric"; bad=1; }
done
echo "${#shown[@]} of ${#told[@]} metrics"
exit $bad
