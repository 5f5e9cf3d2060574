#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The table of fields names the properties of the introspection data, with their types, and nothing
# else; and every option and key that src/bus knows is in it.
set -euo pipefail
cd "$(dirname "$0")/../.."

bad=0
table() { # WHERE COLUMNS
    grep -v '^#' dbus/fields.tsv | awk -F '\t' -v where="$1" '$1 == where {print $2 "\t" $3}' | sort
}

properties=$(sed -n 's/.*<property name="\([^"]*\)" type="\([^"]*\)".*/\1\t\2/p' dbus/org.albatross.Unikernel.xml | sort)
diff -u <(table unikernel) <(printf '%s\n' "$properties") >&2 || bad=1

options=$(sed -n 's/^ *{"\([A-Z][A-Za-z]*\)", "\([a-z()]*\)", read_.*/\1\t\2/p' src/bus/options.c | sort -u)
diff -u <({
    for where in create set update stop console set-policy remove-policy create-block write-block read-block; do
        table "$where"
    done
} | sort -u) <(printf '%s\n' "$options") >&2 || bad=1

awk -F '\t' '!/^#/ && NF != 5 {print "dbus/fields.tsv:" NR ": " NF " columns instead of 5"; bad = 1} END {exit bad}' \
    dbus/fields.tsv >&2 || bad=1
exit $bad
