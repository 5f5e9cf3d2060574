#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Who asks and is gone before his turn comes is not taken for somebody else.
. "$(dirname "$0")/lib.sh"

client=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system/hostile-client
[ -x "$client" ] || skip "$client is not built"
cp "$client" "$test_output.client" && chmod 755 "$test_output.client" && client=$test_output.client

albatrossctl -q create --memory=2 target "$HELLO" -- --sleep=600
refuse 'bob may not destroy' 'not allowed' as bob albatrossctl destroy target
for _ in {1..10}; do
    as bob "$client" vanish 1 && as bob "$client" vanish 40 && echo asked
done >"$test_output.asked"
equal 'he asks, and goes' 10 "$(grep -c asked "$test_output.asked")"
sleep 0.5
equal 'nor can he by being gone when it is looked at' running "$(albatrossctl show target -P State)"
check 'root may' albatrossctl destroy target
rm -f "$test_output".*
