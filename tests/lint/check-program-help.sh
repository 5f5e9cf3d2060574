#!/bin/bash
# SPDX-License-Identifier: ISC
#
# check-program-help.sh PROGRAM PAGE: its --help and its manual page name the same options; the help
# text has at most 80 columns.
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/../.."
page=man/$2.scd

bad=0
text=$("$program" --help)
options=$(sed -nE 's/^ +(--[a-z-]+).*/\1/p' <<<"$text" | sort)
[ "$(wc -l <<<"$options")" -ge 3 ] || { echo 'too few options found in --help'; bad=1; }
diff <(echo "$options") <(sed -nE 's/^\*(--[a-z-]+).*/\1/p' "$page" | sort) || bad=1
! awk 'length > 80' <<<"$text" | grep . || { echo '^ more than 80 columns'; bad=1; }
exit $bad
