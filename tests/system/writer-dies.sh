#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The writer dies in the middle of something, and no other one can be started: whoever asked is told,
# and can ask again. (When one can be, nobody notices: see kills.sh.)
# rig: own
. "$(dirname "$0")/lib.sh"

daemon() { systemctl show -P MainPID albatrossd; }
writer() { pgrep -P "$(daemon)" albatross-write; }
program=/usr/libexec/albatross/albatross-writer
lose_writer() {
    mv $program $program.away
    kill -KILL "$(writer)"
}
# It is started again by whoever needs it next.
need_writer() { albatrossctl -q create --no-start need "$HELLO" && albatrossctl -q destroy need; }
wanted() { sed -n 's/.*"Wanted": "\(.*\)",/\1/p' "/var/lib/albatross/v1/unikernels/$1.json"; }

albatrossctl -q create --memory=2 other "$HELLO" -- --sleep=600
need_writer
kill -STOP "$(writer)"
timeout 20 albatrossctl stop other >/dev/null 2>&1 &
stop=$!
sleep 0.5
lose_writer
status=0; wait $stop || status=$?
mv $program.away $program
equal 'a stop that could not be written down is refused' 1 "$status"
equal 'and so still to be done' running "$(wanted other)"
check 'when asked once more' albatrossctl stop other
equal 'it is written down' stopped "$(wanted other)"

need_writer
kill -STOP "$(writer)"
timeout 20 albatrossctl start other >/dev/null 2>&1 &
start=$!
sleep 0.5
lose_writer
status=0; wait $start || status=$?
mv $program.away $program
equal 'so is a start' 1 "$status"
check 'when asked once more' albatrossctl start other
equal 'it is written down' running "$(wanted other)"

# It ends by itself and is wanted: a stop has only that to write down, then comes a start.
kill -KILL "$(albatrossctl show other -P MainPID)"
wait_for 3 eval '[ "$(albatrossctl show other -P State)" = failed ]'
need_writer
kill -STOP "$(writer)"
timeout 20 albatrossctl stop other >/dev/null 2>&1 &
stop=$!
sleep 0.3
timeout 20 albatrossctl start other >/dev/null 2>&1 &
start=$!
sleep 0.3
kill -CONT "$(writer)"
status=0; wait $stop || status=$?
equal 'a stop is answered when a start came right behind it' 0 "$status"
status=0; wait $start || status=$?
equal 'and so is the start' 0 "$status"
equal 'which has the last word' 'running running' "$(wanted other) $(albatrossctl show other -P State)"
check 'all can be destroyed' albatrossctl destroy other
