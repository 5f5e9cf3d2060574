#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What every file of the project has or must not have: a licence line, at most 500 lines, no white
# space at line ends, no trace of the machine or the place where somebody happened to work on it; and
# scripts can be run.
set -euo pipefail
cd "$(dirname "$0")/../.."

bad=0
say() {
    printf '%s\n' "$*"
    bad=1
}

# In a git checkout what git knows or would add, else (a release) everything.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    mapfile -t files < <(git ls-files -co --exclude-standard | while read -r f; do [ ! -f "$f" ] || echo "$f"; done)
else
    mapfile -t files < <(find . -type f -not -path './build*' -printf '%P\n')
fi
[ ${#files[@]} -gt 20 ] || say "only ${#files[@]} files found: is this the right folder?"

# Somebody's folders, what he has put into /tmp, servers that listen where he works. A bracket keeps
# this file from finding itself.
words=(
    '(^|[^[:alnum:]_.}/])/([h]ome|[U]sers)/[[:alnum:]_.-]+/[[:alnum:]]' '(^|[^[:alnum:]_.}/])/[r]oot/[[:alnum:]_.-]+'
    '(^|[^[:alnum:]_.}/])/([t]mp|var/[t]mp)/[[:alnum:]_.-]+/[[:alnum:]]' '127\.[0-9.]+:[0-9]' '[l]ocalhost:[0-9]'
)
pattern=$(IFS='|'; echo "${words[*]}")

mapfile -t code < <(printf '%s\n' "${files[@]}" |
    grep -E '\.[chS]$|\.(sh|lds|conf)$|^tools/|^\.ci/|\.(service|socket|slice|network|link)(\.in)?$')
! grep -L 'SPDX-License-Identifier: ISC' -- "${code[@]}" | grep . || say '^ no SPDX line'

! printf '%s\n' "${files[@]}" | grep -E '\.[chS]$|\.sh$|^tools/|meson\.build$' | tr '\n' '\0' |
    xargs -0 awk '
        FNR == 1 && NR > 1 && n > 500 { print last ": " n " lines" }
        { n = FNR; last = FILENAME }
        END { if (n > 500) print last ": " n " lines" }' |
    grep . || say '^ more than 500 lines: is it one noun?'
! grep -nIE "$pattern" -- "${files[@]}" || say '^ words that do not belong in the project'
# What fuzzers are given is as it is.
mapfile -t written < <(printf '%s\n' "${files[@]}" | grep -v '^tests/fuzz/seeds/')
! grep -nIE '[[:space:]]$' -- "${written[@]}" || say '^ white space at the end of a line'
! grep -rnE '\bgoto[[:space:]]+[a-z_]+;' --include='*.[ch]' src tests || say '^ goto'
diff <(printf '%s\n' "${files[@]}" | tr '\n' '\0' | xargs -0 awk 'FNR == 1 && /^#!/ { print FILENAME } { nextfile }' | sort) \
    <(for f in "${files[@]}"; do [ ! -x "$f" ] || echo "$f"; done | sort) ||
    say '^ what begins with "#!" (<) is executable (>), and nothing else is'
echo "${#files[@]} files"
exit $bad
