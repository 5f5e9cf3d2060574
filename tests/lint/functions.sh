#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Functions stay small: more than 80 lines or 5 parameters is refused, more than 60 lines is listed.
# The callbacks of sd-bus, which end with the error to be filled, and those of libmicrohttpd, which end with
# the context, have the parameters that they are given.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! ctags --version 2>/dev/null | grep -q '^Universal Ctags'; then
    echo 'SKIP: universal-ctags is not installed'
    exit 77
fi
find src tests -name '*.c' | sort |
    ctags -L - --languages=C --kinds-C=f --fields=neS -o - --sort=no |
    awk -F '\t' '
    {
        line = end = n = 0; signature = ""
        for (i = 4; i <= NF; i++) {
            if ($i ~ /^line:/) line = substr($i, 6)
            if ($i ~ /^end:/) end = substr($i, 5)
            if ($i ~ /^signature:/) signature = substr($i, 11)
        }
        n = end - line + 1
        functions++
        # Commas in a parameter that is a function itself do not count.
        inner = substr(signature, 2, length(signature) - 2)
        while (gsub(/\([^()]*\)/, "", inner)) ;
        parameters = inner == "" ? 0 : gsub(/,/, ",", inner) + 1
        if (n > 80) { print $2 ":" line ": " $1 "() has " n " lines, more than 80"; bad = 1 }
        else if (n > 60) print $2 ":" line ": " $1 "() has " n " lines, more than 60: it needs a reason"
        if (parameters > 5 && signature !~ /(sd_bus_error \* *error|void \* *\* *context)\)$/) { print $2 ":" line ": " $1 "() has " parameters " parameters, more than 5"; bad = 1 }
    }
    END {
        print functions + 0 " functions"
        if (!functions) { print "no function was looked at: is this the right folder?"; bad = 1 }
        exit bad
    }'
