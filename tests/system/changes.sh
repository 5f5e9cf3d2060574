#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What is told of a change is what is on disk, also when the disk says that it did not take a record
# and has it all the same, when somebody else changes the unikernel meanwhile, and when the daemon
# dies at the worst moment.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

ctl() { timeout 20 albatrossctl -q "$@"; }
# What the record of v says: now, or of the version before.
record() { cat /var/lib/albatross/v1/unikernels/v.json; }
on_disk() { python3 -c 'import json, sys
record = json.load(sys.stdin)
print(record["Wanted"], *record["Config"]["Arguments"], "before", *record.get("Previous", {"Config": {"Arguments": []}})["Config"]["Arguments"])' < <(record); }
image() { test -e "/var/lib/albatross/v1/images/$1"; }
other=$(other_image)

double=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system/writer-double
[ -x "$double" ] || skip "$double is not built"
program=/usr/libexec/albatross/albatross-writer
# Whoever is the writer from now on relays what the real one says, see writer-double.c.
relay() {
    echo relay >/run/albatross/double
    kill -KILL "$(writer)"
    need_helpers && [ ! -e /run/albatross/double ]
}
verdicts() { printf %s "$1" >/run/albatross/verdicts; }
hold() { touch /run/albatross/hold; }
held() { wait_for 10 [ -e /run/albatross/held ]; }
let_go() { rm /run/albatross/hold && wait_for 10 [ ! -e /run/albatross/held ]; }
# In the background, with its words in $test_output.NAME.
begin() { # NAME VERB...
    local name=$1
    shift
    ctl "$@" >"$test_output.$name" 2>&1 &
}

albatrossctl list >/dev/null
mv $program $program.away
cp "$double" $program
start_often albatrossd.service
invariants_note

# --- a record that is on disk, although it is told that it is not

ctl create --memory=2 v "$HELLO" -- --sleep=600 one
pid=$(field v MainPID)
check 'a writer that can fail' relay
verdicts f
refuse 'an update that fails' 'The record of v could not be written: Input/output' ctl update v "$other" -- --sleep=600 two
equal '  leaves all as it is on disk' 'running --sleep=600 one before' "$(on_disk)"
equal '  and what runs' "$pid" "$(field v MainPID)"
check '  its image goes' wait_for 10 not image "$(digest "$other")"
verdicts f
refuse 'a set that fails' 'The record of v could not be written: Input/output' ctl set v --now -- --sleep=600 two
equal '  leaves all as it is, too' 'running --sleep=600 one before' "$(on_disk)"
check 'an update' ctl update v "$other" -- --sleep=600 two
verdicts f
refuse 'a rollback that fails' 'The record of v could not be written: Input/output' ctl rollback v
equal '  leaves all as it is, too' 'running --sleep=600 two before --sleep=600 one' "$(on_disk)"
check '  another daemon' systemctl restart albatrossd
equal '  has it so' '--sleep=600 two' "$(field v Arguments)"
check '  and can go back' ctl rollback v
equal '  to what was' '--sleep=600 one' "$(field v Arguments)"
ctl destroy v

ctl create --no-start --memory=2 v "$HELLO" -- --sleep=600 one
check 'a writer that fails twice' relay
verdicts fr
refuse 'an update whose way back fails, too' 'could not be written' ctl update v "$other" -- --sleep=600 two
equal '  is not done' '--sleep=600 one' "$(field v Arguments)"
equal '  but on disk' 'stopped --sleep=600 two before --sleep=600 one' "$(on_disk)"
sleep 0.5
check '  where its image stays, too' image "$(digest "$other")"
check '  so the next daemon' systemctl restart albatrossd
check '  can start it' ctl start v
ctl destroy v
ctl create --no-start --memory=2 v "$HELLO" -- --sleep=600 one
check 'a writer that fails twice, again' relay
verdicts fr
refuse 'an update whose way back fails, too' 'could not be written' ctl update v "$other" -- --sleep=600 two
check '  when a record is written' ctl set v --startup=7
check '  its image goes' wait_for 10 not image "$(digest "$other")"
equal '  and all is as it was told' 'stopped --sleep=600 one before' "$(on_disk)"
ctl destroy v

# --- somebody else changes it meanwhile

stop_during() { # SENTENCE CHANGE [OPTION...]
    local sentence=$1 change=$2
    shift 2
    hold
    begin "$change" "$change" v "$@"
    changing=$!
    check "$sentence" held
    begin stop stop v
    stop=$!
    check '  a stop' wait_for 10 is v State stopped
    let_go
}
ctl create --memory=2 v "$HELLO" -- --sleep=600 one
ctl update v "$other" -- --sleep=600 two
check 'a writer that can wait' relay
stop_during 'while a rollback is written' rollback
check '  is answered' wait $stop
check '  and so is the rollback' wait $changing
equal '  both are on disk' 'stopped --sleep=600 one before --sleep=600 two' "$(on_disk)"
ctl start v
verdicts .r
stop_during 'while another one is written' rollback
check '  that can not be written down fails' not wait $stop
check '  and not the rollback' wait $changing
equal '  which is on disk' 'running --sleep=600 two before --sleep=600 one' "$(on_disk)"
check '  when asked once more' ctl stop v
equal '  the stop is, too' 'stopped --sleep=600 two before --sleep=600 one' "$(on_disk)"
ctl start v
check 'a writer that waits, and then fails' relay
verdicts f
stop_during 'while a set is written' set --now --memory=3
check '  is answered, its write was another one' wait $stop
check '  the set has failed' not wait $changing
equal '  on disk, too' 'stopped --sleep=600 two before --sleep=600 one' "$(on_disk)"
check '  with its memory' grep -q '"Memory": 2097152' <(record)
ctl destroy v

check 'a writer that can wait, once more' relay
ctl create --name --memory=2 v "$HELLO" -- --sleep=3 --exit=64
hold
begin update update v "$other" --name -- --sleep=600 two
update=$!
check 'while an update is written' held
check '  what was before ends, since it takes no name' wait_for 10 is v State starting
let_go
check '  the update is done' wait $update
equal '  and does have its name' 'yes --sleep=600 two' "$(field v AddName) $(field v Arguments)"
ctl destroy v

# --- the daemon dies when the change is on disk, and before what runs is restarted

begun() { # VERB...
    relay && verdicts "${verdict-}" && hold && begin change "$@" && held
}
die() {
    kill -KILL "$(main_pid albatrossd)"
    rm -f /run/albatross/hold /run/albatross/held
    wait $!
    wait_for 10 eval 'albatrossctl -q list >/dev/null 2>&1'
}
ctl create --memory=2 v "$HELLO" -- --sleep=600 one
pid=$(field v MainPID)
check 'a set is on disk' begun set v --now --memory=3
equal '  what runs is what was' "$pid" "$(field v MainPID)"
die
check '  the next daemon restarts it' wait_for 10 eval 'not alive $pid && is v State running'
prints '  so that it has that memory' '--mem=3' eval 'tr "\0" " " <"/proc/$(field v MainPID)/cmdline"'
pid=$(field v MainPID)
check '  once' systemctl restart albatrossd
equal '  and for all' "$pid" "$(field v MainPID)"

check 'a set for the next start is on disk' begun set v --memory=4
die
sleep 1
equal '  which restarts nothing' "$pid running" "$(field v MainPID) $(field v State)"

verdict=r check 'a set that is not on disk yet' begun set v --now --memory=9
die
check '  is forgotten' ctl set v --memory=6
check '  also by the daemon after the next' systemctl restart albatrossd
sleep 1
equal '  nor does another one restart anything' "$pid running" "$(field v MainPID) $(field v State)"

check 'an update is on disk' begun update v "$other" --wait-running=30 -- --sleep=4 --exit=9
equal '  what runs is what was' "$pid" "$(field v MainPID)"
die
check '  the next daemon restarts it' wait_for 10 eval '[ "$(field v Arguments)" = "--sleep=4 --exit=9" ] && not alive $pid && is v State running'
check '  and watches it' wait_for 10 is_watched v
check '  so that it goes back' wait_for 20 eval '[ "$(field v Arguments)" = "--sleep=600 one" ] && is v State running'
pid=$(field v MainPID)

ctl update v "$other" --wait-running=60 -- --sleep=600 two >/dev/null 2>&1 &
check 'another one is watched' wait_for 10 is_watched v
check '  by a writer that can fail' relay
verdicts r
hold
kill -KILL "$(field v MainPID)"
check '  its way back is not on disk yet' held
die
check '  the next daemon goes back' wait_for 20 eval '[ "$(field v Arguments)" = "--sleep=600 one" ] && is v State running'
pid=$(field v MainPID)

check 'one whose write is under way' begun set v --now --memory=5
kill -STOP "$(main_pid albatrossd)"
kill -KILL "$pid"
check '  and that ends meanwhile' wait_for 10 not alive "$pid"
die
check '  is started by the next daemon' wait_for 10 is v State running
prints '  so that it has that memory' '--mem=5' eval 'tr "\0" " " <"/proc/$(field v MainPID)/cmdline"'
check 'nothing is left over' invariants
ctl destroy v

# --- a destroy while an image is taken in, which does not come to its end

ctl create --no-start --memory=2 v "$HELLO"
check 'a writer that can wait' relay
mkfifo "$test_output.fifo"
begin update update v "$test_output.fifo"
update=$!
exec 5>"$test_output.fifo"
wait_for 10 eval '[ -n "$(processes_called albatross-infla)" ]'
verdicts f
hold
begin destroy destroy v
destroy=$!
check 'while its record is removed' held
exec 5>&-
check '  the update ends' not wait $update
let_go
check '  the removal fails' not wait $destroy
check '  so it can be changed' ctl set v --memory=3
check '  and destroyed' ctl destroy v
rm "$test_output.fifo"

# --- what it has of its policies meanwhile

ctl policy set p --unikernels=3 --memory=50 --cpus=0
ctl create --memory=40 p:v "$HELLO" -- --sleep=600
check 'a writer that can wait' relay
verdicts f
hold
begin set set p:v --now --memory=2
set=$!
check 'while one that runs is to have less memory' held
refuse '  it has what it had' 'the policy p allows' ctl create --memory=40 p:more "$HELLO" -- --sleep=600
let_go
check '  which could not be written' not wait $set
refuse '  and so goes on' 'the policy p allows' ctl create --memory=40 p:more "$HELLO" -- --sleep=600
check '  when it is' ctl set p:v --now --memory=2
check '  there is room' ctl create --no-start --memory=40 p:more "$HELLO" -- --sleep=600
verdicts f
refuse 'one that is to have more, and could not be written' 'could not be written' ctl set p:v --now --memory=10
check '  has what it had' ctl start p:more
ctl stop p:v p:more
ctl set p:v --memory=40 -- --sleep=0
ctl start p:v
check 'one has ended' wait_for 10 is p:v State stopped
verdicts f
hold
begin stop stop p:v
stop=$!
check 'while that it is stopped is written' held
ask_for restart p:v "$test_output.restart" ctl restart p:v
restart=$!
let_go
check '  which could not be' not wait $stop
check '  nor a restart' not wait $restart
check '  it has nothing' ctl start p:more
ctl destroy p:v p:more
ctl policy remove p

mv $program.away $program
rm /run/systemd/system/albatrossd.service.d/often.conf
rm -f /run/albatross/{verdicts,hold,held,double} "$test_output".* "$other"
systemctl daemon-reload
systemctl restart albatrossd
invariants_note
check 'nothing is left' invariants
