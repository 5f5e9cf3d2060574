#!/bin/bash
# SPDX-License-Identifier: ISC
#
# check-spt-help.sh ALBATROSS_SPT: its --help and its man page name the same options.
set -euo pipefail
spt=$(realpath "$1")
cd "$(dirname "$0")/../.."

options() { sed -nE 's/^ +(--[a-z-]+).*/\1/p' | sort; }
page() { sed -nE 's/^\*(--[a-z-]+).*/\1/p' man/albatross-spt.1.scd | sort; }

help=$("$spt" --help | options)
[ "$(wc -l <<<"$help")" -ge 8 ] || { echo 'too few options found in --help'; exit 1; }
diff <(echo "$help") <(page)
