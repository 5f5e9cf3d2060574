#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The writer dies in the middle of something, and no other one can be started: whoever asked is told,
# and can ask again. (When one can be, nobody notices: see kills.sh.)
# rig: own
# timeout: 240
. "$(dirname "$0")/lib.sh"

program=/usr/libexec/albatross/albatross-writer
lose_writer() {
    mv $program $program.away
    kill -KILL "$(writer)"
}
wanted() { sed -n 's/.*"Wanted": "\(.*\)",/\1/p' "/var/lib/albatross/v1/unikernels/$1.json"; }

albatrossctl -q create --memory=2 other "$HELLO" -- --sleep=600
need_helpers
kill -STOP "$(writer)"
ask_for stop other /dev/null timeout 20 albatrossctl stop other
stop=$!
lose_writer
status=0; wait $stop || status=$?
mv $program.away $program
equal 'a stop that could not be written down is refused' 1 "$status"
equal 'and so still to be done' running "$(wanted other)"
check 'when asked once more' albatrossctl stop other
equal 'it is written down' stopped "$(wanted other)"

need_helpers
kill -STOP "$(writer)"
ask_for start other /dev/null timeout 20 albatrossctl start other
start=$!
lose_writer
status=0; wait $start || status=$?
mv $program.away $program
equal 'so is a start' 1 "$status"
check 'when asked once more' albatrossctl start other
equal 'it is written down' running "$(wanted other)"

# It ends by itself and is wanted: a stop has only that to write down, then comes a start.
kill -KILL "$(albatrossctl show other -P MainPID)"
wait_for 10 eval '[ "$(albatrossctl show other -P State)" = failed ]'
need_helpers
kill -STOP "$(writer)"
ask_for stop other /dev/null timeout 20 albatrossctl stop other
stop=$!
ask_for start other /dev/null timeout 20 albatrossctl start other
start=$!
kill -CONT "$(writer)"
status=0; wait $stop || status=$?
equal 'a stop is answered when a start came right behind it' 0 "$status"
status=0; wait $start || status=$?
equal 'and so is the start' 0 "$status"
equal 'which has the last word' 'running running' "$(wanted other) $(albatrossctl show other -P State)"
check 'all can be destroyed' albatrossctl destroy other

# --- one that is broken is replaced, as if it had died

double=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system/writer-double
[ -x "$double" ] || skip "$double is not built"
pid=$(main_pid albatrossd)
mv $program $program.away
cp "$double" $program
for how in serial version short unasked chatter; do
    before=$(journal_end)
    echo $how >/run/albatross/double
    kill -KILL "$(writer)"
    check "a writer whose answers make no sense ($how): what it was asked is done by another" \
        timeout 10 albatrossctl create --no-start double "$HELLO"
    check '  it was there' [ ! -e /run/albatross/double ]
    check '  it is gone' wait_for 10 eval '[ "$(pgrep -c -P "$(main_pid albatrossd)" albatross-write)" = 1 ]'
    equal '  the daemon is the same' "$pid" "$(main_pid albatrossd)"
    prints '  the journal says so' 'answers that make no sense' journal -t albatrossd --since="$before"
    check '  all is on disk' [ -e /var/lib/albatross/v1/unikernels/double.json ]
    check '  and can be destroyed' timeout 10 albatrossctl destroy double
done
mv $program.away $program
kill -KILL "$(writer)"

# --- a create fails, and what was written of it can't be removed

settings StartSec=4
need_helpers
fail_to_create() { # PID 1 does not answer, and the writer is lost between record and removal.
    slow_systemd 7
    albatrossctl create --memory=2 undone "$HELLO" >"$test_output.create" 2>&1 &
    create=$!
    wait_for 3 [ -e $record ]
    mv $program $program.away
    pkill -KILL -x albatross-write
    status=0; wait $create || status=$?
    equal 'a create that systemd does not answer fails' 1 "$status"
    check '  its record is still there' [ -e $record ]
    wait
}
record=/var/lib/albatross/v1/unikernels/undone.json
fail_to_create
mv $program.away $program
systemctl restart albatrossd
equal '  but does not come back with the next daemon' '' "$(albatrossctl list -q)"
check '  which has removed it' wait_for 10 [ ! -e $record ]
check '  and forgotten it' wait_for 30 [ ! -e /run/albatross/undone/undone ]
fail_to_create
mv $program.away $program
check 'the same daemon tries again, too' wait_for 30 [ ! -e $record ]
check '  and forgets it' wait_for 30 [ ! -e /run/albatross/undone/undone ]
fail_to_create
mv $program.away $program
check 'whoever takes the name meanwhile' albatrossctl create --no-start undone "$HELLO"
sleep 6
check '  keeps it' [ -e $record ]
check '  also with the next daemon' systemctl restart albatrossd
equal '  which knows it' undone "$(albatrossctl list -q)"
check '  and it can be destroyed' albatrossctl destroy undone
rm "$test_output".create
settings

# --- a record that can't be read meets one of its name in quarantine

state=/var/lib/albatross/v1
for i in 1 2 3; do
    echo "nonsense $i" >$state/unikernels/odd.json
    check "a bad record, again ($i): the daemon starts" systemctl restart albatrossd
    check '  and it is put aside' wait_for 10 [ ! -e $state/unikernels/odd.json ]
done
equal 'none of them is lost' 'nonsense 1 nonsense 2 nonsense 3' \
    "$(xargs <<<"$(cat $state/quarantine/odd.json $state/quarantine/odd.json.{1,2})")"
rm $state/quarantine/odd.json*
systemctl restart albatrossd

# --- one that waits for its disk

told() { has "$1" journal -t albatrossd; }
pkill -STOP -x albatross-write
albatrossctl -q create --no-start waits "$HELLO" &
create=$!
check 'a writer that does not answer is told of' wait_for 40 told 'albatross-writer has not answered for 10 s'
check '  who waits for it waits on' kill -0 $create
pkill -CONT -x albatross-write
check '  and is served in the end' wait $create
check '  which is told, too' wait_for 10 told 'albatross-writer answers again'
albatrossctl -q destroy waits
