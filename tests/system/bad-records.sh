#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Records that a crash of the host or somebody's hand has left broken: of zeros, cut off, empty, of a
# newer version. They are put aside as they are, and all others are as they were. What stands in
# /run may be broken as well: what runs runs on.
# rig: own
# timeout: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

state=/var/lib/albatross/v1

empty() { : >"$1"; }
huge() { truncate -s 64M "$1"; }

check 'one runs' albatrossctl -q create --memory=2 runs "$HELLO" -- --sleep=600
pid=$(field runs MainPID)
invariants_note
for how in zeros cut_off empty newer huge; do
    check "$how: one is there" albatrossctl -q create --no-start bad "$HELLO"
    systemctl stop -q albatrossd.service
    before=$(journal_end)
    $how $state/unikernels/bad.json
    sum=$(sha256sum <$state/unikernels/bad.json)
    check "$how: the daemon starts" systemctl start albatrossd.service
    invariants_note
    equal "$how: it is not there" runs "$(albatrossctl list -q)"
    wait_for 10 test -e $state/quarantine/bad.json
    equal "$how: but in quarantine, as it was" "$sum" "$(sha256sum <$state/quarantine/bad.json)"
    equal "$how: what runs runs on" "running $pid" "$(field runs State) $(field runs MainPID)"
    prints "$how: the journal says so" "unikernels/bad.json can't be used" journal -t albatrossd --since="$before"
    prints "$how: status does, too" bad.json albatrossctl status
    prints "$how: ... in words" 'Quarantine: 1 file that could not be read' albatrossctl status
    rm $state/quarantine/bad.json
done
check 'and nothing of it any more' not eval 'albatrossctl status | grep -q Quarantine'

for how in zeros cut_off empty huge; do
    systemctl stop -q albatrossd.service
    $how /run/albatross/runs/runs
    check "$how in /run: the daemon starts" systemctl start albatrossd.service
    invariants_note
    equal "$how in /run: what runs runs on" "running $pid" "$(field runs State) $(field runs MainPID)"
    check "$how in /run: it can be stopped" albatrossctl -q stop runs
    equal "$how in /run: which is told as it is" 'stopped' "$(field runs State)"
    check "$how in /run: and started" albatrossctl -q start runs
    check "$how in /run: all is as it should be" invariants
    pid=$(field runs MainPID)
done
check 'all can be destroyed' albatrossctl -q destroy runs
systemctl restart albatrossd
invariants_note
check 'and nothing is left' invariants
