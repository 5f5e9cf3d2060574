#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Several consoles at once, what the journal has left out, and those that are stopped.
# rig: own
# timeout: 240
. "$(dirname "$0")/lib.sh"
guests=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests

# How often it has said so, in all of its runs.
n_said() { # NAME WORD
    journal -u "albatross-$1.scope" | grep -cx "$2"
}
says_again() { # NAME WORD BEFORE
    wait_for 10 eval '[ "$(n_said '"$1 $2"')" -gt '"$3"' ]'
}
albatrossctl -q create --memory=2 a "$HELLO" -- --sleep=600 first
says_again a first 0
albatrossctl -q create --memory=2 b "$HELLO" -- --sleep=600 second
says_again b second 0
albatrossctl -q restart a
says_again a first 1
words() {
    sed -E 's/^[A-Z][a-z]{2} [0-9 :]{11} //' | tr '\n' '|'
}
equal 'in the order of time, not of names' \
    'a: --sleep=600|a: first|b: --sleep=600|b: second|a: --sleep=600|a: first|' "$(albatrossctl console b a | words)"
equal '-n is of each' 'b: second|a: first|' "$(albatrossctl console -n 1 a b | words)"
equal 'one that is named twice is shown once' 'b: second|a: first|' "$(albatrossctl console -n 1 a b a | words)"
equal '-o cat has no names' 'second|first|' "$(albatrossctl console -n 1 -o cat a b | words)"
equal '-o json has objects of both' 'a b ' "$(albatrossctl console -n 1 -o json a b |
    python3 -c 'import json, sys; print(*sorted(json.loads(l)["SYSLOG_IDENTIFIER"] for l in sys.stdin), end=" ")')"
equal 'no colours into a pipe' 0 "$(albatrossctl console a b | grep -c $'\e')"
equal 'one each on a terminal' 2 "$(SYSTEMD_COLORS=1 albatrossctl console a b | grep -oE $'\e\\[[0-9]+m[ab]:\e\\[0m' | sort -u | wc -l)"
equal 'none for one alone' 0 "$(SYSTEMD_COLORS=1 albatrossctl console a | grep -c $'\e')"
refuse 'one that is not there' 'no unikernel "nobody"' albatrossctl console a nobody
refuse '... with what shows those that are' 'albatrossctl list' albatrossctl console nobody
timeout 60 albatrossctl console -f -n 0 a b >"$test_output.follow" &
follow=$!
check 'two are followed' wait_for 10 eval '[ "$(pgrep -cx albatross-conso)" = 2 ]'
sleep 0.7
albatrossctl -q restart b a
wait_for 10 eval 'grep -q "a: first" "$test_output.follow" && grep -q "b: second" "$test_output.follow"'
kill $follow
equal 'what is followed comes as it is printed' 'a: first|b: second|' "$(grep -E 'first|second' "$test_output.follow" | sort -k4 | words)"
albatrossctl -q stop a b
check 'those that are stopped have theirs' wait_for 10 eval '[ $(albatrossctl console a b | wc -l) = 10 ]'
# One that is ended before it has said anything, or before journald has seen whose that is, has nothing.
for _ in {1..70}; do
    before=$(n_said a first)
    albatrossctl -q start a
    wait_for 2 eval '[ "$(n_said a first)" -gt "$before" ]'
    albatrossctl -q stop a
done
check 'of their last 64 runs, at least' eval '[ $(albatrossctl console a | grep -c first) -ge 64 ]'
albatrossctl -q destroy a b

# Few lines in a short time, so that it does not take 30 s to hear of what is missing.
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\nRateLimitIntervalSec=1s\nRateLimitBurst=20\n' >/run/systemd/journald.conf.d/test.conf
systemctl restart systemd-journald
albatrossctl -q create --memory=2 loud "$guests/chatty.spt"
check 'what the journal leaves out is told' wait_for 20 eval \
    "albatrossctl console loud | grep -qE '^[A-Z][a-z]{2} [0-9 :]{11} -- Suppressed [0-9]+ messages from albatross-loud.scope --$'"
albatrossctl -q stop loud
check 'and is in -o json' eval "albatrossctl console -o json loud | grep -q '\"N_DROPPED\":'"
albatrossctl -q destroy loud
rm -f "$test_output".* /run/systemd/journald.conf.d/test.conf
