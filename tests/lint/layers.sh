#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A folder of src/ includes only what its layer may know of. This table is the architecture; a
# failure here is solved by moving code, not by widening it.
set -euo pipefail
cd "$(dirname "$0")/../.."

# folder: folders, or single headers, that it may include besides its own
allowed() {
    case $1 in
    base) ;;
    domain | launcher | writer | network | spt | metrics) echo base ;;
    statistics) echo domain base network/netlink.h network/say.h ;;
    image | host | systemd) echo domain base ;;
    manager) echo systemd host image domain base launcher/wire.h writer/wire.h network/wire.h statistics/wire.h ;;
    bus) echo manager domain systemd base ;;
    ctl) echo domain base image/wire.h ;;
    daemon) echo bus manager systemd host image domain base launcher/wire.h writer/wire.h network/wire.h statistics/wire.h ;;
    *) return 1 ;;
    esac
}

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
    may=$(allowed "$layer") || { say "src/$layer: not in the table of tests/lint/layers.sh"; continue; }
    if [ ! -e "src/$header" ]; then
        say "$file:$line: \"$header\" is no path below src/"
        continue
    fi
    case " $layer ${may//$'\n'/ } " in
    *" ${header%%/*} "* | *" $header "*) ;;
    *) say "$file:$line: $layer must not include \"$header\" (only: own ${may:-files})" ;;
    esac
done < <(includes)
[ "$n" -gt 0 ] || say 'no include was looked at: is this the right folder?'
echo "$n includes"
exit $bad
