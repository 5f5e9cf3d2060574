#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The bus interfaces, the bus policy and the polkit actions are well-formed XML.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v xmllint >/dev/null; then
    echo 'SKIP: xmllint is not installed (package libxml2-utils)'
    exit 77
fi
mapfile -t files < <(find dbus polkit units -name '*.xml' -o -name '*.policy' -o -path 'dbus/*.conf' | sort)
[ ${#files[@]} -gt 0 ] || { echo 'no XML found: is this the right folder?'; exit 1; }
xmllint --nonet --noout "${files[@]}"
echo "${#files[@]} files"
