#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Every C file is exactly as clang-format 14 leaves it (other versions differ in details).
set -euo pipefail
cd "$(dirname "$0")/../.."

for format in clang-format-14 clang-format; do
    command -v $format >/dev/null || continue
    [[ $($format --version) =~ version\ 14\. ]] || continue
    find src tests -name '*.[ch]' -print0 | xargs -0 $format --dry-run --Werror
    exit
done
echo 'SKIP: clang-format 14 is not installed'
exit 77
