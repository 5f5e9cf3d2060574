#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What is wanted is started with the host, and what nobody refers to any more is removed.
# rig: own
# timeout: 120
. "$(dirname "$0")/lib.sh"

state=/var/lib/albatross/v1
named() { for i in {1..20}; do journalctl -u albatrossd | grep -q "wanted, but could not be started.* w$i can" || return 1; done; }
running() { albatrossctl list --no-legend | grep -c running; }

for i in {1..20}; do albatrossctl -q create --memory=2 "w$i" "$HELLO" -- --sleep=600; done
albatrossctl -q create --no-start still "$HELLO"
boot
check 'all that is wanted is started' wait_for 60 eval '[ "$(running)" = 20 ]'
equal 'and nothing else' stopped "$(albatrossctl show still -P State)"

# Not all of them at once. Whoever starts below "late" waits in his slice, at his gate, for a file.
go=$(mktemp)
mkdir -p /run/systemd/system/albatross-late.slice.d
printf '[Unit]\nRequires=test-go.service\nAfter=test-go.service\n' >/run/systemd/system/albatross-late.slice.d/go.conf
printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c "until [ -e %s ]; do sleep 0.05; done"\n' \
    "$go" >/run/systemd/system/test-go.service
systemctl daemon-reload
halt() { rm "$go" && systemctl stop test-go.service && systemctl stop albatross-late.slice; }
at_gates() { pgrep -c -x albatross-gate; }
for i in {1..70}; do albatrossctl -q create --memory=2 --startup=40 "late:l$i" "$HELLO" -- --sleep=600; done
boot halt
check 'of 70 that start at the same time 64 are under way' wait_for 20 eval '[ "$(at_gates)" = 64 ]'
sleep 0.5
equal 'and no more' '64 0' "$(at_gates) $(running)"
check 'clients are answered meanwhile' timeout 2 albatrossctl list
touch "$go"
check 'then all of them start, and the others' wait_for 30 eval '[ "$(running)" = 90 ]'
albatrossctl -q destroy late:l{1..70}
rm -r "$go" /run/systemd/system/albatross-late.slice.d /run/systemd/system/test-go.service
systemctl daemon-reload

# One whose bridge is missing, although it is the first, holds up nobody, and does not wait for its
# next try when the bridge is there.
ip link add boot0 type bridge && ip link set boot0 up
albatrossctl -q create --memory=2 --startup=1 --net=service:boot0 bridged "$RIG_BUILD/tests/guests/echo.spt" -- --ip=10.78.0.2
boot ip link del boot0
check 'without its bridge one waits' wait_for 20 eval '[ "$(field bridged State)" = waiting ]'
check 'the others are started' wait_for 20 eval '[ "$(running)" = 20 ]'
prints 'status says where it is said why' 'Why: journalctl -u albatross-bridged.scope' eval 'albatrossctl status bridged || [ $? = 3 ]'
prints 'and there it is' 'There is no bridge boot0' journal -u albatross-bridged.scope
check 'it is tried again, each time later' wait_for 40 eval '[ $(($(field bridged NextRestartTimestamp) - ${EPOCHREALTIME/./})) -gt 8000000 ]'
ip link add boot0 type bridge && ip link set boot0 up
check 'when its bridge is there it runs at once' wait_for 4 eval '[ "$(field bridged State)" = running ]'
equal 'which is no restart' 0 "$(field bridged Restarts)"
albatrossctl -q destroy bridged
ip link del boot0

image=$(ls $state/images)
orphan=$(head -c 100 /dev/urandom | sha256sum | cut -d' ' -f1)
boot touch "$state/images/$orphan" "$state/images/README"
check 'an image that no record refers to is removed' wait_for 10 [ ! -e "$state/images/$orphan" ]
check 'one that is referred to is not' [ -s "$state/images/$image" ]
check 'nor what is no image' [ -e "$state/images/README" ]
rm "$state/images/README"

broken() { touch "$state/images/$orphan"; echo '{' >"$state/unikernels/still.json"; }
boot broken
check 'while a record lies in quarantine' wait_for 10 [ -e $state/quarantine/still.json ]
check 'all that is wanted is started' wait_for 60 eval '[ "$(running)" = 20 ]'
check 'and no image is removed, it may be its own' [ -e "$state/images/$orphan" ]
boot
wait_for 60 eval '[ "$(running)" = 20 ]'
check 'now and later' [ -e "$state/images/$orphan" ]
rm $state/quarantine/still.json
boot mv "$state/images/$image" "$state/images/away"
check 'what can not be started is named' wait_for 60 named
check 'all can be destroyed' eval 'xargs albatrossctl -q destroy < <(albatrossctl list -q)'
rm -f "$state/images/away"
