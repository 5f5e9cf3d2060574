#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Many users, each of whom keeps to what a user may have: what the bus allows the daemon (512 match
# rules, 128 calls without an answer, dbus-daemon(1)) is not theirs to use up.
# rig: own
# timeout: 120
. "$(dirname "$0")/lib.sh"

client=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system/hostile-client
[ -x "$client" ] || skip "$client is not built"
cp "$client" "$test_output.client" && chmod 755 "$test_output.client" && client=$test_output.client
owner() {
    busctl call -j org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetNameOwner s org.albatross
}
crowd=(crowd-{01..20})
for user in "${crowd[@]}"; do useradd -M -s /usr/sbin/nologin "$user"; done
albatrossctl -q create --memory=2 b1 "$HELLO" -- --sleep=600

before=$(owner)
for user in alice bob carol; do
    as $user "$client" crowd 200 >"$test_output.$user" &
done
check '600 connections to the bus are served' wait_for 30 eval \
    '[ "$(cat "$test_output".{alice,bob,carol})" = "$(printf "200\n%.0s" 1 2 3)" ]'
equal 'and the daemon keeps its own' "$before" "$(owner)"
pkill -f "$client" || :
wait
listen_to_signals "$test_output.signals"
albatrossctl -q stop b1 && albatrossctl -q start b1
check 'a change is signalled afterwards as before' wait_for 10 grep -q UnikernelExited "$test_output.signals"
kill $listener

systemctl start polkit
polkitd=$(main_pid polkit)
kill -STOP "$polkitd"
for user in "${crowd[@]}"; do
    as "$user" "$client" ask 8 >/dev/null 2>&1 &
done
sleep 2
check 'while polkit answers 20 users nothing, root creates one' timeout 10 albatrossctl create --memory=2 root "$HELLO"
check 'and is answered' timeout 5 albatrossctl list
check 'so are questions that nobody needs to decide about' timeout 5 runuser -u alice -- albatrossctl list
kill -CONT "$polkitd"
pkill -f "$client" || :
wait
refuse 'when it answers again others have their turn' 'not allowed' timeout 20 runuser -u bob -- albatrossctl --no-ask-password stop b1
for user in "${crowd[@]}"; do userdel "$user"; done
xargs albatrossctl -q destroy < <(albatrossctl list -q)
