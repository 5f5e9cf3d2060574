#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A name service that does not answer: who waits for it is told so in the end, nobody else waits.
# rig: own
# timeout: 120
. "$(dirname "$0")/lib.sh"

policy() { albatrossctl -q policy set "$@" --unikernels=4 --memory=100 --cpus=0; }

settings StartSec=8
check 'there is one process that looks names up' [ "$(look_up | wc -l)" = 1 ]
check 'owners are looked up' policy a --owner=alice

pid=$(look_up)
kill -STOP "$pid"
check 'his is the first question' ask_for set b "$test_output.named" policy b --owner=alice
named=$!
check 'somebody comes after him' ask_for set c "$test_output.second" policy c --owner=@alice
second=$!
check 'while one waits, records are written' timeout 5 albatrossctl -q create --memory=2 t "$HELLO" -- --sleep=600
check '... and removed' timeout 5 albatrossctl -q destroy t
check '... policies without names are set' timeout 5 albatrossctl -q policy set a --memory=200
check '... and removed' timeout 5 albatrossctl -q policy remove a
check 'and he still waits' kill -0 $named
wait $named
equal 'he is refused in the end' 1 "$?"
check '... and told why' grep -q 'the name service does not answer' "$test_output.named"
check '... nothing has changed' not grep -q '^b' <(albatrossctl policy list -q)
check 'who came after him is served' wait $second
equal '... by another process' 1 "$(look_up | grep -cvx "$pid")"
check 'and so is he, when he asks again' policy b --owner=alice

kill -KILL "$(look_up)"
check 'one that died is not missed' policy d --owner=alice
refuse 'and knows who is not there' 'There is no user nobody-such' policy e --owner=nobody-such
albatrossctl -q policy remove b && albatrossctl -q policy remove c && albatrossctl -q policy remove d
rm "$test_output".{named,second}
