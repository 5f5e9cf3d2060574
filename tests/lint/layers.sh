#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A folder of src/ includes only what its layer may know of: what the table of ARCHITECTURE.md says.
# A failure here is solved by moving code, not by widening that.
set -euo pipefail
cd "$(dirname "$0")/../.."

# folder: folders, or single headers, that it may include besides its own
declare -A allowed
while IFS='|' read -r _ folders _ may _; do
    for folder in ${folders//[\`,]/ }; do
        allowed[$folder]=${may//[\`,]/ }
    done
done < <(sed -n '/^| folder /,/^$/{/^| `/p}' ARCHITECTURE.md)

bad=0
say() {
    printf '%s\n' "$*"
    bad=1
}

# Every quoted include as "file line header", a header that is none of src/'s included.
includes() {
    find src -name '*.[ch]' -exec awk '
        /^[[:space:]]*#[[:space:]]*include[[:space:]]*"/ {
            split($0, part, "\"")
            print FILENAME, FNR, part[2]
        }' {} +
}

n=0
while read -r file line header; do
    n=$((n + 1))
    layer=${file#src/}
    layer=${layer%%/*}
    may=${allowed[$layer]-}
    [ -n "$may" ] || { say "src/$layer: not in the table of ARCHITECTURE.md"; continue; }
    if [ ! -e "src/$header" ]; then
        say "$file:$line: \"$header\" is no path below src/"
        continue
    fi
    case " $layer $may " in
    *" ${header%%/*} "* | *" $header "*) ;;
    *) say "$file:$line: $layer must not include \"$header\" (only: own, $may)" ;;
    esac
done < <(includes)
[ "$n" -gt 0 ] || say 'no include was looked at: is this the right folder?'
for layer in "${!allowed[@]}"; do
    [ -d "src/$layer" ] || say "ARCHITECTURE.md: src/$layer is not there"
    for may in ${allowed[$layer]}; do
        [ "$may" = - ] || [ -e "src/$may" ] || say "ARCHITECTURE.md: src/$may is not there"
    done
done
echo "${#allowed[@]} folders, $n includes"
exit $bad
