#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What runs while its record can't be read: it runs on, nobody else gets its name, its uid or its
# disks, and when the record is back it is known again, how it ended included.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

disk=$RIG_BUILD/tests/guests/disk.spt
echo=$RIG_BUILD/tests/guests/echo.spt
state=/var/lib/albatross/v1
uid_of() { stat -c %u "/proc/$1"; }
said() { journal -t albatrossd --since="$before"; } # since the last records were lost
answers() { ping -q -c 1 -W 1 10.77.0.2; }

# The records of NAMEs are broken while the daemon is away; they are kept beside.
lose() { # HOW NAME...
    local how=$1 name
    shift
    systemctl stop -q albatrossd.socket albatrossd.service
    before=$(journal_end)
    for name; do
        cp "$state/unikernels/$name.json" "$kept/"
        "$how" "$state/unikernels/$name.json"
    done
    systemctl reset-failed albatrossd.socket albatrossd.service
    systemctl start albatrossd.socket albatrossd.service
}
bring_back() { # NAME...
    local name
    systemctl stop -q albatrossd.socket albatrossd.service
    for name; do
        rm -f "$state/quarantine/$name.json"*
        cp "$kept/$name.json" "$state/unikernels/"
    done
    systemctl reset-failed albatrossd.socket albatrossd.service
    systemctl start albatrossd.socket albatrossd.service
}
kept=$(mktemp -d)

ip link add br0 type bridge && ip addr add 10.77.0.1/24 dev br0 && ip link set br0 up
check 'a block device' albatrossctl -q block create storage 1
check 'one with a disk runs' albatrossctl -q create --memory=2 --restart db "$disk" -- --stay
check 'and one with a network' albatrossctl -q create --memory=2 --net=service:br0 web "$echo" -- --ip=10.77.0.2
check 'which answers' wait_for 10 answers
invariants_note
db=$(field db MainPID) web=$(field web MainPID)

for how in zeros cut_off newer; do
    check "$how: the daemon starts" lose $how db web
    equal "$how: they are not listed" '' "$(albatrossctl list -q)"
    check "$how: but run on" eval 'sleep 0.5; alive $db && alive $web'
    check "$how: and have their network" wait_for 10 answers
    prints "$how: the journal says so, and what to do" \
        'db was running when its record could not be read' said
    refuse "$how: the name is taken" "db runs, but its record can't be read" \
        albatrossctl -q create --no-start db "$HELLO"
    refuse "$how: its disk is, too" 'in use by the unikernel db' albatrossctl -q block remove storage
    refuse "$how: and is not written" 'in use by the unikernel db' albatrossctl -q block write storage "$HELLO"
    check "$how: another one can be created" albatrossctl -q create --memory=2 other "$HELLO" -- --sleep=600
    check "$how: which has an uid of its own" \
        eval '! uid_of $db | grep -qx "$(uid_of "$(field other MainPID)")" && ! uid_of $web | grep -qx "$(uid_of "$(field other MainPID)")"'
    check "$how: and goes" albatrossctl -q destroy other
    check "$how: once more, it is as it was" systemctl restart albatrossd
    check "$how: they run on" eval 'sleep 0.3; alive $db && alive $web'
    check "$how: the records are back" bring_back db web
    equal "$how: they are known again" "running $db running $web" \
        "$(field db State) $(field db MainPID) $(field web State) $(field web MainPID)"
    equal "$how: not as ones that were started again" 0 "$(field db Restarts)"
    invariants_note
    check "$how: all is as it should be" invariants
done

# --- its end is not lost either

check 'lost again' lose zeros db web
kill -SEGV "$db"
check 'one ends meanwhile' wait_for 10 not alive "$db"
check 'which is in the journal' wait_for 10 has "db, whose record can't be read, has ended" said
check 'and its record is back' bring_back db web
check 'it is started again, by its true status' wait_for 10 is db Restarts 1
equal 'which is known' 'signal 11' "$(field db ExitResult) $(field db ExitStatus)"
check 'it runs' wait_for 10 is db State running
db=$(field db MainPID)

check 'lost, and the launcher is killed' lose zeros db web
check 'there is another one' replace albatross-launcher
sleep 1
check 'they run on' eval 'alive $db && alive $web'
check 'another daemon comes' systemctl restart albatrossd
sleep 0.5
check 'they run on' eval 'alive $db && alive $web'
refuse 'the name is taken' "db runs, but its record can't be read" \
    albatrossctl -q create --no-start db "$HELLO"
check 'and the records' bring_back db web
equal 'they are known again' "running $db running $web" \
    "$(field db State) $(field db MainPID) $(field web State) $(field web MainPID)"

# --- nor does it stay for ever

check 'lost for good' lose zeros db
check 'its scope can be stopped' systemctl stop albatross-db.scope
check 'which is noticed' wait_for 10 has "db, whose record can't be read, has ended" said
check 'then the name is free' albatrossctl -q create --no-start --block=storage db "$disk"
equal 'for a new one' '0 ' "$(field db Restarts) $(field db ExitResult)"
check 'which starts' albatrossctl -q start db
rm -f "$state/quarantine/db.json"*
check 'and goes' albatrossctl -q destroy db web

# --- a stop that was asked for is one

check 'one runs' albatrossctl -q create --memory=2 stays "$HELLO" -- --sleep=600
pid=$(field stays MainPID)
kill -STOP "$pid"
systemctl kill -s STOP albatross-launcher
timeout 2 albatrossctl -q stop stays 2>/dev/null
systemctl kill --kill-who=main -s KILL albatrossd
systemctl kill -s CONT albatross-launcher
check 'it is being stopped when the daemon dies and the record breaks' lose zeros stays
check 'that is finished' wait_for 10 not alive "$pid"
check 'its record is put aside' wait_for 10 test -e "$state/quarantine/stays.json"
rm -f "$state/quarantine/stays.json"*

# --- a file that nobody has ever written

check 'one runs' albatrossctl -q create --memory=2 gone "$HELLO" -- --sleep=600
pid=$(field gone MainPID)
check 'its record is removed by hand' lose rm gone
check 'that one is a stray' wait_for 10 not alive "$pid"

# --- what it uses is its own until it ends, whatever is configured meanwhile

check 'one with a disk' albatrossctl -q create --memory=2 db "$disk" --block=storage -- --stay
check 'another disk' albatrossctl -q block create more 1
check 'which it gets at its next start' albatrossctl -q set db --block=storage:more
check 'the daemon is restarted' systemctl restart albatrossd
refuse 'the one that it has is in use' 'in use by the unikernel db' albatrossctl -q block write storage "$HELLO"
refuse 'and can not be removed' 'in use by the unikernel db' albatrossctl -q block remove storage
check 'it starts anew' albatrossctl -q restart db
check 'now it is free' albatrossctl -q block remove storage
refuse 'the other one is in use' 'in use by the unikernel db' albatrossctl -q block remove more
check 'all goes' eval 'albatrossctl -q destroy db && albatrossctl -q block remove more'
systemctl restart albatrossd
invariants_note
check 'and nothing is left' invariants
ip link del br0
rm -rf "$kept"
