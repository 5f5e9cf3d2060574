#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The table of fields names the properties of the introspection data, with their types, and nothing
# else; every option and key that src/bus knows is in it. So do the tables of methods and of errors.
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
    for where in create set update stop destroy console set-policy remove-policy create-block write-block read-block; do
        table "$where"
    done
} | sort -u) <(printf '%s\n' "$options") >&2 || bad=1

awk -F '\t' '!/^#/ && NF != 5 {print "dbus/fields.tsv:" NR ": " NF " columns instead of 5"; bad = 1} END {exit bad}' \
    dbus/fields.tsv >&2 || bad=1

# Errors and methods, as org.albatross(5) has them.
names() { grep -v '^#' "$1" | cut -f 1 | sort; }
diff -u <(names dbus/errors.tsv) \
    <(sed -n 's/^ *\[FAULT_[A-Z_]*\] = {"\([A-Za-z]*\)", [E1-9].*/\1/p' src/domain/fault.c | sort) >&2 || bad=1
diff -u <(grep -v '^#' dbus/methods.tsv | sort) \
    <(sed -nE 's/^ *\{"([A-Z][A-Za-z]+)", "([a-z-]+)", "([a-z-]+)", TARGET.*/\1\t\2\t\3/p' src/bus/*.c | sort) >&2 || bad=1
[ "$(names dbus/methods.tsv | wc -l)" -gt 20 ] || { echo 'too few methods found in src/bus' >&2; bad=1; }
exit $bad
