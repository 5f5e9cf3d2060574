#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The disk is full, can only be read, or takes nothing for good: whatever is asked is done or
# refused, what runs runs on, and after a restart of the daemon all is as it was told.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

state=/var/lib/albatross
folder=$(mktemp -d)
ctl() { timeout 20 albatrossctl -q "$@"; }
states() { albatrossctl list --json=short | tr '{' '\n' | sed -nE 's/.*"Name":"([^"]*)".*"State":"([^"]*)".*/\1=\2/p' | xargs; }
content() { ctl block read disk - | sha256sum; }
policies() { albatrossctl policy list -q | xargs; }
fill() { cat /dev/zero >$state/filling 2>/dev/null || :; }

# A small disk, with something on it.
mkdir -p /etc/albatrossd.conf.d
printf '[Albatross]\nDiskReserve=0\n' >/etc/albatrossd.conf.d/50-bad-disk.conf
systemctl stop -q albatrossd.socket albatrossd.service
mount -t tmpfs -o size=16M,mode=700 small $state
systemctl start albatrossd.socket albatrossd.service
{ cat "$HELLO"; echo; } >"$folder/other"
head -c 1500000 /dev/urandom >"$folder/content"
check 'one runs' ctl create --memory=2 runs "$HELLO" -- --sleep=600
check 'there is a block device' ctl block create disk 2 "$folder/content"
pid=$(field runs MainPID)
disk=$(content)

# What all the tests below begin with.
prepare() { # WHAT
    check "$1: before, one is to be stopped" ctl create --memory=2 stop "$HELLO" -- --sleep=600
    check "$1: one is to be destroyed" ctl create --memory=2 gone "$HELLO" -- --sleep=600
    check "$1: one is to be started" ctl create --no-start --memory=2 start "$HELLO" -- --sleep=600
    check "$1: there is a policy" ctl policy set p --unikernels=4 --memory=100 --cpus=0
    invariants_note
}

# Nothing of it can be written down. Removing makes room, so it is filled up each time.
refuses() { # WHAT WORDS BEFORE_EACH...
    local what=$1 words=$2
    shift 2
    "$@"
    refuse "$what: nothing can be created" "$words" ctl create --memory=2 new "$folder/other" -- --sleep=600
    "$@"
    refuse "$what: not even of an image that is there" "$words" ctl create --memory=2 new "$HELLO" -- --sleep=600
    "$@"
    refuse "$what: no start can be written down" "$words" ctl start start
    equal "$what: so it does not run" failed "$(field start State)"
    "$@"
    refuse "$what: nor can a stop" "The record of stop could not be written: $words" ctl stop stop
    equal "$what: which is done, though not for good" stopped "$(field stop State)"
    "$@"
    refuse "$what: no policy can be set" "nothing has changed: $words" ctl policy set p --memory=50
    "$@"
    refuse "$what: no block device written" "$words" ctl block write disk "$folder/other"
    equal "$what: all that is there is what was" "${changes-}gone=running runs=running start=failed stop=stopped" "$(states)"
    equal "$what: the policy, too" '104857600' "$(albatrossctl policy list p --json=short | sed -nE 's/.*"Memory":([0-9]*).*/\1/p')"
    equal "$what: what runs runs on" "$pid" "$(field runs MainPID)"
    check "$what: the block device has its old content" [ "$disk" = "$(content)" ]
    check "$what: all is as it should be" invariants
}

# And again, after a restart of the daemon without the fault.
recovers() { # WHAT STATES
    systemctl restart albatrossd
    invariants_note
    equal "$1: afterwards what runs is the same" "$pid" "$(field runs MainPID)"
    equal "$1: what was told is so" "$2" "$(states)"
    check "$1: the block device has its old content, still" [ "$disk" = "$(content)" ]
    equal "$1: nothing is in quarantine" '' "$(ls $state/v1/quarantine)"
    check "$1: all is as it should be then" invariants
    check "$1: all can be done" ctl start start
    equal "$1: that was not started is" running "$(field start State)"
    check "$1: and be destroyed" ctl destroy start stop
    [[ $2 != gone=* ]] || check "$1: each of them" ctl destroy gone
}

what='a full disk'
prepare "$what"
systemctl stop -q albatrossd.socket albatrossd.service
fill
equal "$what: not a block is free" 0 "$(stat -f -c %f $state)"
check "$what: the daemon starts" systemctl start albatrossd.socket albatrossd.service
invariants_note
refuses "$what" 'No space left on device' fill
check "$what: what makes room can be done: a destroy" ctl destroy gone
check "$what: and a removal of a policy" ctl policy remove p
rm $state/filling
recovers "$what" 'runs=running start=failed stop=stopped'

what='a read-only disk'
prepare "$what"
ip link add bad0 type bridge && ip link set bad0 up
check "$what: one is to be changed" ctl create --no-start --memory=2 changes "$HELLO" -- --sleep=600
check "$what: and was" ctl update changes "${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests/echo.spt" \
    --net=service:bad0 -- --ip=10.78.0.2
invariants_note
mount -o remount,ro $state
changes='changes=stopped ' refuses "$what" 'Read-only file system' :
refuse "$what: nothing can be destroyed" 'The record of gone could not be removed: Read-only' ctl destroy gone
equal "$what: it is there" stopped "$(field gone State)"
refuse "$what: no block device written" 'The block device disk could not be written: Read-only' \
    ctl block write disk "$folder/other"
refuse "$what: no policy removed" 'Read-only file system' ctl policy remove p
equal "$what: it is there, too" ': p' "$(policies)"
refuse "$what: no set" 'The record of changes could not be written: Read-only' ctl set changes --memory=3
refuse "$what: ... which says what to do" 'mount it read-write' ctl set changes --memory=3
refuse "$what: no update" 'The image could not be written: Read-only' ctl update changes "$HELLO"
refuse "$what: no rollback" 'The record of changes could not be written: Read-only' ctl rollback changes
# One that has no network was to become one that has, or the other way round.
for round in without with; do
    pkill -STOP -x albatross-write
    ask_for rollback changes "$folder/rollback" ctl rollback changes
    rollback=$!
    ask_for start changes "$folder/start" ctl start changes
    start=$!
    pkill -CONT -x albatross-write
    check "$what: no rollback that a start relies on, $round a network" not wait $rollback
    check "$what: ... which fails, too" not wait $start
    prints "$what: ... and says why" 'What changes was to become could not be written' cat "$folder/start"
    equal "$what: it is what it was" failed "$(field changes State)"
    mount -o remount,rw $state
    [ $round = with ] || check "$what: and can be turned round" ctl rollback changes
    [ $round = with ] || check "$what: without a start" ctl stop changes
    mount -o remount,ro $state
done
check "$what: the daemon has not gone away" invariants
equal "$what: at all" 0 "$(systemctl show -P NRestarts albatrossd)"
mount -o remount,rw $state
check "$what: what was to be changed is destroyed" ctl destroy changes
ip link del bad0
recovers "$what" 'gone=stopped runs=running start=failed stop=stopped'
ctl policy remove p

# What was told to be refused may be there or not when the disk takes nothing for good.
what='failing fsync'
prepare "$what"
check "$what: one is to be changed" ctl create --no-start --memory=2 changes "$HELLO" -- --sleep=600
image=$(field changes ImageDigest)
# All that was to be changed is as it was, in memory and on the disk.
unchanged() { # WHEN
    equal "$what: $1, it has the memory that it had" 2097152 "$(field changes Memory)"
    equal "$what: $1, and the image" "$image" "$(field changes ImageDigest)"
    prints "$what: $1, on the disk, too" "$image" cat $state/v1/unikernels/changes.json
    equal "$what: $1, the policy is what it was" 104857600 \
        "$(albatrossctl policy list p --json=short | sed -nE 's/.*"Memory":([0-9]*).*/\1/p')"
}
mkdir -p /run/systemd/system/albatrossd.service.d
printf '[Service]\nSystemCallFilter=~fsync:EIO fdatasync:EIO\n' >/run/systemd/system/albatrossd.service.d/bad-disk.conf
systemctl daemon-reload
systemctl restart albatrossd
invariants_note
refuse "$what: no set" 'The record of changes could not be written: Input/output' ctl set changes --memory=3
refuse "$what: ... which says where to look" 'journalctl -k' ctl set changes --memory=3
refuse "$what: no update" 'The image could not be written: Input/output' ctl update changes "$folder/other"
refuse "$what: no policy set" 'The policy p could not be written' ctl policy set p --memory=50
unchanged 'refused'
check "$what: another daemon comes" systemctl restart albatrossd
unchanged 'with the next daemon'
changes='changes=stopped ' refuses "$what" 'Input/output error' :
rm -r /run/systemd/system/albatrossd.service.d
systemctl daemon-reload
systemctl restart albatrossd
unchanged 'when the disk is back'
check "$what: then a set is done" ctl set changes --memory=3
equal "$what: ... as told" 3145728 "$(field changes Memory)"
check "$what: and an update" ctl update changes "$folder/other"
check "$what: ... to the other image" [ "$image" != "$(field changes ImageDigest)" ]
check "$what: and a policy set" ctl policy set p --memory=50
check "$what: the one that was changed goes" ctl destroy changes
recovers "$what" 'gone=running runs=running start=failed stop=stopped'
ctl policy remove p

check 'all can be destroyed' ctl destroy runs
check 'the block device removed' ctl block remove disk
systemctl stop -q albatrossd.socket albatrossd.service
umount $state
rm -r "$folder" /etc/albatrossd.conf.d/50-bad-disk.conf
systemctl start albatrossd.socket albatrossd.service
