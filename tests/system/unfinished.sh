#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The daemon is killed while a unikernel that does not end by itself is being stopped, destroyed,
# restarted or changed: the next one goes on with it, as far as SIGKILL. So it does
# with watching whether a new version stays up.
# rig: own
# timeout: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

wanted() { grep -o '"Wanted": "[a-z]*"' /var/lib/albatross/v1/unikernels/v.json | cut -d'"' -f4; }
# One that sleeps, and does not even see a SIGTERM.
deaf() {
    albatrossctl -q create --memory=2 v "$HELLO" -- --sleep=600
    pid=$(field v MainPID)
    kill -STOP "$pid"
}
# The request is on its way when the daemon is killed: the kernel has the SIGTERM.
killed_during() { # VERB...
    albatrossctl -q "$@" >/dev/null 2>&1 &
    wait_for 10 is v State stopping
    systemctl kill --kill-who=main -s KILL albatrossd
    local status=0
    wait $! || status=$?
    echo "$1 has ended with $status, the unikernel is $(cut -d' ' -f1-3 "/proc/$pid/stat" 2>&1)"
    [ $status != 0 ] && alive "$pid"
}
gone() { wait_for 10 not alive "$pid"; }

start_often albatrossd.service
settings StopSec=5
invariants_note

deaf
check 'stop: the daemon is killed' killed_during stop v
check 'stop: it is ended by the next one' gone
check 'stop: and stopped' wait_for 10 is v State stopped
equal 'stop: which was asked for' stopped "$(field v ExitResult)"
equal 'stop: and holds' stopped "$(wanted)"
check 'stop: nothing is left over' invariants
albatrossctl -q destroy v

deaf
check 'stop until the next boot: the daemon is killed' killed_during stop --runtime v
check 'stop until the next boot: it is ended by the next one' gone
check 'stop until the next boot: and stopped' wait_for 10 is v State stopped
equal 'stop until the next boot: which wants it' running "$(wanted)"
check 'stop until the next boot: another daemon' systemctl restart albatrossd
sleep 0.5
equal 'stop until the next boot: leaves it so' stopped "$(field v State)"
albatrossctl -q destroy v

deaf
check 'destroy: the daemon is killed' killed_during destroy v
check 'destroy: it is ended by the next one' gone
check 'destroy: and is no more' wait_for 10 eval '[ -z "$(albatrossctl list -q)" ]'
check 'destroy: nothing is left over' invariants

disk=$RIG_BUILD/tests/guests/disk.spt
albatrossctl -q block create storage 1
albatrossctl -q create --memory=2 v "$disk" -- --stay
pid=$(field v MainPID)
kill -STOP "$pid"
check 'destroy with its disk: the daemon is killed' killed_during destroy --blocks v
check 'destroy with its disk: it is ended by the next one' gone
check 'destroy with its disk: and is no more' wait_for 10 eval '[ -z "$(albatrossctl list -q)" ]'
equal 'destroy with its disk: nor is its disk' '' "$(albatrossctl block list -q)"
check 'destroy with its disk: nothing is left over' invariants

deaf
check 'restart: the daemon is killed' killed_during restart v
check 'restart: it is ended by the next one' gone
check 'restart: and runs anew' wait_for 10 is v State running
check 'restart: as another process' [ "$(field v MainPID)" != "$pid" ]
equal 'restart: its end was asked for' stopped "$(field v ExitResult)"
check 'restart: nothing is left over' invariants
albatrossctl -q destroy v

deaf
check 'set: the daemon is killed' killed_during set v --memory=3 --now
check 'set: it is ended by the next one' gone
check 'set: and runs anew' wait_for 10 is v State running
equal 'set: with what was set' $((3 << 20)) "$(field v Memory)"
albatrossctl -q destroy v

deaf
check 'update: the daemon is killed' killed_during update v "$HELLO" -- --sleep=500
check 'update: it is ended by the next one' gone
check 'update: and runs anew' wait_for 10 is v State running
pid=$(field v MainPID)
kill -STOP "$pid"
check 'rollback: the daemon is killed' killed_during rollback v
check 'rollback: it is ended by the next one' gone
check 'rollback: and runs anew' wait_for 10 is v State running
prints 'rollback: as it was before' sleep=600 albatrossctl show v -P Arguments
pid=$(field v MainPID)
albatrossctl -q destroy v

# --- whether a new version stays up is watched, and the daemon is killed

other=$(other_image)
# Its update is being watched: an answer to the update would end that.
watched() { # SECONDS ARGUMENT...
    local seconds=$1
    shift
    albatrossctl -q create --memory=2 v "$HELLO" -- --sleep=600
    albatrossctl -q update v "$other" --wait-running="$seconds" -- "$@" >/tmp/update.log 2>&1 &
    update=$!
    wait_for 10 is_watched v || return 1
    pid=$(field v MainPID)
    equal 'watch: the new version runs' "$(digest "$other")" "$(field v ImageDigest)"
}
unwatched() { wait_for 10 grep -q '"WatchedUntil":[ ]*0' /run/albatross/runs/v; }
killed() {
    local daemon
    daemon=$(main_pid albatrossd)
    kill -KILL "$daemon"
    wait "$update"
    [ $? != 0 ] && wait_for 10 eval "[ \"\$(main_pid albatrossd)\" != $daemon ] && is v Name v"
}
went_back() {
    wait_for 40 is v ImageDigest "$(digest "$HELLO")" && wait_for 20 is v State running &&
        prints 'watch: with its arguments' sleep=600 albatrossctl show v -P Arguments
}
check 'watch: one that will end is watched' watched 60 --sleep=10 --exit=9
check 'watch: the daemon is killed' killed
check 'watch: what runs goes on' alive "$pid"
refuse 'watch: it can not be changed meanwhile' 'changed already' albatrossctl set v --memory=3
check 'watch: when it ends it is what it was' went_back
check 'watch: the journal says so' wait_for 10 eval \
    'journalctl -q -u albatrossd -o cat | grep -q "v did not stay up, and is what it was before"'
check 'watch: and that is over' unwatched
check 'watch: it can be changed again' albatrossctl -q set v --memory=3
check 'watch: nothing is left over' invariants
albatrossctl -q destroy v

check 'watch: one that ends without a daemon is watched' watched 60 --sleep=6 --exit=9
systemctl stop albatrossd
wait "$update"
check 'watch: it ends' wait_for 10 not alive "$pid"
systemctl start albatrossd
check 'watch: with a daemon it is what it was' went_back
systemctl restart albatrossd
equal 'watch: and stays so' "$(digest "$HELLO")" "$(field v ImageDigest)"
albatrossctl -q destroy v

check 'watch: one that stays up is watched' watched 6 --sleep=600
check 'watch: and the daemon is killed' killed
check 'watch: its time is over' unwatched
equal 'watch: it is kept' "$pid $(digest "$other")" "$(field v MainPID) $(field v ImageDigest)"
kill -KILL "$pid"
check 'watch: an end after that' wait_for 10 is_other v State running
sleep 0.5
equal 'watch: is none that goes back' "$(digest "$other")" "$(field v ImageDigest)"
# What a daemon leaves that dies when it has written down what it goes back to, and not started it.
systemctl stop albatrossd
sed -i -E 's/("WatchedUntil": ?)0/\1999999999999/' /run/albatross/runs/v
systemctl start albatrossd
check 'watch: one that is back already is started' wait_for 10 is v State running
equal 'watch: and does not go back once more' "$(digest "$other")" "$(field v ImageDigest)"
check 'watch: nor is it watched' unwatched
albatrossctl -q destroy v

check 'watch: one that will be stopped is watched' watched 60 --sleep=600
check 'watch: also by the next daemon' killed
check 'watch: a stop' albatrossctl -q stop v
sleep 0.5
equal 'watch: is a stop' "stopped $(digest "$other")" "$(field v State) $(field v ImageDigest)"
check 'watch: and the end of it' unwatched
rm -f "$other" /tmp/update.log
check 'all goes' albatrossctl -q destroy v
settings
invariants_note
check 'and nothing is left' invariants
