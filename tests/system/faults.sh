#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What we depend on refuses, is late, or dies in the middle.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"

create() { albatrossctl create --memory=2 "$1" "$HELLO" -- --sleep=600; }
nothing_left_but_scope() { # NAME
    ! albatrossctl list -q | grep -qx "$1" && [ ! -e "/var/lib/albatross/v1/unikernels/$1.json" ]
}
nothing_left_but_locks() { # NAME
    nothing_left_but_scope "$1" && ! systemctl list-units --all --plain --no-legend "albatross-$1.scope" | grep -q .
}
nothing_left() { # NAME
    ! albatrossctl list -q | grep -qx "$1" && [ ! -e "/var/lib/albatross/v1/unikernels/$1.json" ] &&
        ! systemctl is-active -q "albatross-$1.scope" && [ -z "$(lent_uids)" ]
}

systemctl mask --runtime -q albatross-locked.slice
refuse 'systemd refuses the slice: the error says so' 'systemd did not start the scope' create locked:web
check '  and nothing is left' wait_for 10 nothing_left locked:web
systemctl unmask --runtime -q albatross-locked.slice

# The job is taken, and fails with what its slice needs.
mkdir -p /run/systemd/system/albatross-failing.slice.d
printf '[Service]\nType=oneshot\nExecStart=/bin/false\n' >/run/systemd/system/needed.service
printf '[Unit]\nRequires=needed.service\nAfter=needed.service\n' >/run/systemd/system/albatross-failing.slice.d/needs.conf
systemctl daemon-reload
refuse 'the job of the scope fails: the error says so' 'systemd did not start the scope of failing:web' create failing:web
refuse '  and where to look' 'systemctl status albatross-failing.slice' create failing:web
check '  and nothing is left' wait_for 10 nothing_left failing:web
rm -r /run/systemd/system/albatross-failing.slice.d /run/systemd/system/needed.service
systemctl daemon-reload
check '  without that it starts' create failing:web
check '  and goes' albatrossctl -q destroy failing:web

never_restarted() { equal 'the daemon has never restarted' 0 "$(systemctl show -P NRestarts albatrossd)"; }

slow_systemd 3
check 'systemd answers late: create waits' create late
equal '  and it runs' running "$(albatrossctl show late -P State)"
wait
# Whoever waits for it too long is told; and a scope that is made after all is nobody's.
never_restarted
settings StartSec=1
slow_systemd 6
before=${EPOCHREALTIME/./}
refuse 'systemd answers too late: create is refused' 'it has not answered within 1 s' create never
check '  in time' [ $((${EPOCHREALTIME/./} - before)) -lt 4000000 ]
check '  others are served' timeout 2 albatrossctl list
check '  the one that ran runs' albatrossctl status late
wait
check '  and nothing is left, now that it answers' wait_for 10 nothing_left_but_locks never
sleep 0.5
check '  nor is anything made later' nothing_left_but_locks never
slow_systemd 6
refuse 'who tries it again' 'it has not answered within 1 s' create never
refuse '  and again' 'it has not answered within 1 s' create never
wait
check '  succeeds when systemd is back' create never
equal '  and it runs' running "$(albatrossctl show never -P State)"
sleep 0.5
equal '  and goes on' running "$(albatrossctl show never -P State)"
albatrossctl -q destroy never
never_restarted
settings

# Not ours: left alone, whatever comes.
systemd-run -q --scope --unit=albatross-theirs.scope sleep 300 &
check 'a scope of our name is made by somebody else' wait_for 10 systemctl is-active -q albatross-theirs.scope
refuse '  create is refused' 'there is a unit albatross-theirs.scope that is not ours' create theirs
refuse '  and says where to look' 'systemctl status albatross-theirs.scope' create theirs
sleep 0.5
check '  and has not touched it' systemctl is-active -q albatross-theirs.scope
check '  nothing of ours is left' nothing_left_but_scope theirs
check '  another one can be made' create mine
check '  and goes' albatrossctl destroy mine
albatrossctl -q create --no-start theirs "$HELLO"
refuse '  so is a start' 'that is not ours' albatrossctl start theirs
check '  and has not touched it' systemctl is-active -q albatross-theirs.scope
systemctl stop albatross-theirs.scope
check 'when it is gone the start succeeds' albatrossctl start theirs
check '  and the unikernel can be destroyed' albatrossctl destroy theirs
systemd-run -q --scope --unit=albatross-theirs.scope --description='Unikernel theirs' sleep 300 &
wait_for 10 systemctl is-active -q albatross-theirs.scope
check 'a leftover of our own is cleared away' create theirs
check '  and goes' albatrossctl destroy theirs

slow_systemd 5
create gate >"$test_output.gate" 2>&1 &
client=$!
check 'the child waits at its gate meanwhile' wait_for 4 pgrep -x albatross-gate
check '  others are served' timeout 2 albatrossctl list
pkill -KILL -x albatross-gate
wait $client
equal 'it is killed there: create fails' 1 $?
check '  and says so' grep -qE 'ended at its gate|Process with ID' "$test_output.gate"
wait
check '  and nothing is left' wait_for 10 eval '! systemctl is-active -q albatross-gate.scope && [ ! -e /var/lib/albatross/v1/unikernels/gate.json ]'
check '  later it can be created' create gate

slow_systemd 5
create lost >"$test_output.lost" 2>&1 &
client=$!
wait_for 4 pgrep -x albatross-gate >/dev/null
systemctl kill -s KILL albatross-launcher.service
wait $client
equal 'the launcher goes in the middle of a create: that fails' 1 $?
check '  and says so' grep -qE 'launcher|ended at its gate|the scope of lost' "$test_output.lost"
wait
check '  those that ran run' albatrossctl status late
check '  later it can be created' wait_for 10 create lost

slow_systemd 5
create quick >"$test_output.quick" 2>&1 &
client=$!
wait_for 4 pgrep -x albatross-gate >/dev/null
pid=$(main_pid albatrossd)
pkill -KILL -P "$pid" albatross-write
wait $client
check 'the writer goes in the middle of a create: that is answered' [ $? -le 1 ]
wait
check '  the next one has a new writer' create written
albatrossctl -q destroy late gate lost written
albatrossctl -q destroy quick 2>/dev/null
# Lock files of uids stay when their launcher is killed: nobody holds them, and the next one who
# takes the uid takes the file.
check 'nothing is left of any' wait_for 10 eval '[ -z "$(find /var/lib/albatross/v1 /run/albatross/runs -type f)" ]' ||
    find /var/lib/albatross/v1 /run/albatross/runs -type f >&3
never_restarted

# A disk that is full, with nothing kept in reserve.
systemctl stop albatrossd.socket albatrossd
mount -t tmpfs -o size=2m,mode=700 test /var/lib/albatross/v1
mkdir -p /run/albatrossd.conf.d
printf '[Albatross]\nDiskReserve=0\n' >/run/albatrossd.conf.d/50-test.conf
systemctl start albatrossd.socket albatrossd
{ cat "$HELLO"; head -c 4000000 /dev/urandom; } >"$test_output.large"
refuse 'an image for which there is no space' 'o space' albatrossctl create --memory=2 full "$test_output.large"
check '  leaves nothing' wait_for 10 eval '[ -z "$(find /var/lib/albatross/v1 /run/albatross/runs -type f)" ]'
check '  and a small one fits' create small
head -c 4000000 /dev/urandom >/var/lib/albatross/v1/tmp/filler 2>/dev/null
refuse 'another one does not, without a byte left' 'o space' create more
check '  what runs can be stopped, or says why not' eval \
    'albatrossctl stop small || albatrossctl stop small 2>&1 | grep -q "o space"'
rm -f /var/lib/albatross/v1/tmp/filler
check '  with some space again it can be destroyed' albatrossctl destroy small
check '  and nothing is left' wait_for 10 eval '[ -z "$(find /var/lib/albatross/v1 /run/albatross/runs -type f)" ]'
equal '  the daemon has not restarted' 0 "$(systemctl show -P NRestarts albatrossd)"
systemctl stop albatrossd.socket albatrossd
umount /var/lib/albatross/v1
rm -r /run/albatrossd.conf.d
systemctl start albatrossd.socket albatrossd
rm -f "$test_output".*
