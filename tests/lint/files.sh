#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What every file of the project has or must not have: a licence line, at most 500 lines, no white
# space at line ends, no trace of the machine or the place where somebody happened to work on it.
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

# Each word is written with a bracket, so that this file does not find itself.
words=(
    '(^|[^[:alnum:]_.])/[w]ork/' '/[f]arm/' '/tmp/[w]t/' '/home/[a-z]+/[a-z]' '(^|[^[:alnum:]_.}/])/[r]oot/[a-z]+/'
    '[a]rtifact-?registry' '[p]kg\.dev/' '[g]oogleapis' '127\.0\.0\.1:[0-9]'
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
echo "${#files[@]} files"
exit $bad
