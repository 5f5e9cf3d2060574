#!/bin/bash
# SPDX-License-Identifier: ISC
#
# check-help.sh ALBATROSSCTL
#
# albatrossctl --help, its man page and its completions for three shells name the same verbs, and
# for each verb the same options: in both directions, so that none of them lags behind or invents. A
# help text has at most 80 columns.
set -euo pipefail
albatrossctl=$(realpath "$1")
cd "$(dirname "$0")/../.."

bad=0
# The same words, in whatever order?
same() {
    local what=$1 expected=$2 found=$3 difference
    difference=$(diff <(printf '%s\n' "$expected" | sort -u) <(printf '%s\n' "$found" | sort -u) | grep '^[<>]') || :
    [ -n "$difference" ] || return 0
    printf '%s:\n%s\n' "$what" "$(sed 's/^</  misses/; s/^>/  has, but --help has not/' <<<"$difference")"
    bad=1
}

# A help text fits into a terminal.
narrow() { # WHAT TEXT
    ! awk 'length > 80' <<<"$2" | grep . || {
        echo "^ $1: more than 80 columns"
        bad=1
    }
}

# The options in a help text, below its line that begins with $1. "-j" has no long form.
help_options() {
    sed -n "/^$1/,/^\$/s/^ *\(-[A-Za-z] \)\{0,1\} *\(--[a-z-]*\).*/\2/p; /^$1/,/^\$/s/^ *-j .*/-j/p"
}

help=$("$albatrossctl" --help)
narrow 'help' "$help"
mapfile -t verbs < <(sed -n '/^Verbs:/,/^$/s/^  \([a-z][a-z-]*\).*/\1/p' <<<"$help")
globals=$(help_options Options: <<<"$help")
[ ${#verbs[@]} -ge 10 ] || { echo "only ${#verbs[@]} verbs found in --help"; exit 1; }
[ "$(wc -l <<<"$globals")" -ge 12 ] || { echo "too few options found in --help"; exit 1; }

declare -A options alias
names=$(printf '%s\n' "${verbs[@]}")
for verb in "${verbs[@]}"; do
    text=$("$albatrossctl" "$verb" --help)
    options[$verb]=$(help_options "Options of $verb" <<<"$text")
    alias[$verb]=$(sed -n 's/^"\(.*\)" is the same\.$/\1/p' <<<"$text")
    [ -z "${alias[$verb]}" ] || names+=$'\n'${alias[$verb]}
    narrow "help of $verb" "$text"
    same "help of $verb" "$globals" "$(help_options Options: <<<"$text")"
done
all=$(printf '%s\n' "$globals" "${options[@]}" | sed '/^$/d')

# The man page: verbs under VERBS, an option at the start of a line where it is explained.
page=man/albatrossctl.1.scd
same "$page, verbs" "$(printf '%s\n' "${verbs[@]}")" \
    "$(sed -n '/^# VERBS/,/^# OPTIONS/s/^\*\([a-z][a-z-]*\)\*.*/\1/p' "$page")"
same "$page, options" "$all" \
    "$(grep '^\*-' "$page" | grep -oE '\*(--[a-z-]+|-j\*$)' | sed 's/\*//g')"
for verb in "${verbs[@]}"; do
    [ -z "${alias[$verb]}" ] || grep -qF "*${alias[$verb]}* is the same" "$page" || {
        echo "$page: the alias ${alias[$verb]} is missing"
        bad=1
    }
done

# bash: asked, as it is run.
bash_lists() {
    bash -c 'complete() { :; }; source completions/albatrossctl.bash; "$@"' bash "$@" | tr ' ' '\n' | sed 's/=$//; /^$/d'
}
same 'bash, verbs' "$names" "$(bash_lists __albatrossctl_verbs)"
same 'bash, global options' "$globals" "$(bash_lists __albatrossctl_options)"

# zsh and fish: what stands in the branch, or has the condition, of a verb.
zsh=completions/_albatrossctl fish=completions/albatrossctl.fish
zsh_options() {
    grep -oE -- "[{,')](--[a-z-]+|-j\[)" | sed "s/^[{,')]//; s/\[//"
}
zsh_branch() {
    awk -v verb="$1" '
        /^    case \$verb in/ { inside = 1; next }
        inside && /^    [a-z| -]+\)/ { split($0, parts, ")"); on = (" " parts[1] " ") ~ ("[ |]" verb "[ |]") }
        inside && on { print }
        inside && /;;/ { on = 0 }' "$zsh" | zsh_options || :
}
fish_options() {
    grep -oE -- ' (-l [a-z-]+|-s j)' | sed 's/^ -l /--/; s/^ -s j/-j/' || :
}
same 'zsh, verbs' "$names" "$(sed -n "s/^        '\([a-z-]*\):.*/\1/p" "$zsh")"
same 'zsh, verbs it looks for' "$names" "$(sed -n 's/.*(r)(\(.*\))\].*/\1/p' "$zsh" | tr '|' '\n')"
same 'zsh, global options' "$globals" "$(sed -n '/^    global=(/,/^    )/p' "$zsh" | zsh_options)"
same 'fish, verbs' "$names" "$(sed -n 's/.* -n \$none -a \([a-z-]*\).*/\1/p' "$fish")"
same 'fish, global options' "$globals" "$(grep '^complete -c albatrossctl -[sl]' "$fish" | fish_options)"

for verb in "${verbs[@]}"; do
    for name in $verb ${alias[$verb]}; do
        same "bash, options of $name" "${options[$verb]}" "$(bash_lists __albatrossctl_options "$name")"
        same "zsh, options of $name" "${options[$verb]}" "$(zsh_branch "$name")"
        same "fish, options of $name" "${options[$verb]}" \
            "$(grep -E "__albatrossctl_verb ([a-z -]* )?$name( [a-z -]*)?'" "$fish" | fish_options)"
    done
done

# They are of the shells' own language: each reads its own, where it is there.
for shell in bash zsh fish; do
    ! command -v "$shell" >/dev/null || case $shell in
    bash) bash -n completions/albatrossctl.bash || bad=1 ;;
    zsh) zsh -n "$zsh" || bad=1 ;;
    fish) fish -n "$fish" || bad=1 ;;
    esac
done
echo "${#verbs[@]} verbs, $(sort -u <<<"$all" | wc -l) options"
exit $bad
