#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Every shell script passes shellcheck.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v shellcheck >/dev/null; then
    echo 'SKIP: shellcheck is not installed'
    exit 77
fi
mapfile -t scripts < <(grep -rlE --exclude-dir='build*' --exclude-dir=.git '^#!/bin/(ba)?sh|^# shellcheck shell=' . | sort)
[ ${#scripts[@]} -gt 5 ] || { echo "only ${#scripts[@]} scripts found: is this the right folder?"; exit 1; }
# SC1091: sourced files are in this list themselves. SC2016: text meant for another shell. SC2119,
# SC2120: optional arguments. SC2317: it does not see that traps and tests call functions by name.
shellcheck --severity=info --exclude=SC1091,SC2016,SC2119,SC2120,SC2317 --source-path=SCRIPTDIR "${scripts[@]}"
echo "${#scripts[@]} scripts"
