#!/bin/bash
# SPDX-License-Identifier: ISC
#
# make.sh [--check]
#
# Makes each NAME.der here from NAME.conf, by OpenSSL: an encoder that is not ours, and no decoder
# of ours could agree with by accident. They are state files of the albatross in OCaml, one for
# each version of its schema (src/vmm_asn.ml there). With --check it only compares.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v openssl >/dev/null; then
    echo 'SKIP: openssl is not installed'
    exit 77
fi
bad=0
new=$(mktemp)
trap 'rm -f "$new"' EXIT
for conf in *.conf; do
    openssl asn1parse -noout -genconf "$conf" -out "$new"
    if [ "${1-}" != --check ]; then
        cp "$new" "${conf%.conf}.der"
    elif ! cmp "$new" "${conf%.conf}.der"; then
        bad=1
    fi
done
exit $bad
