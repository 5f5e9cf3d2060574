#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Whichever of ours is killed at the worst moment: every call returns, and all know the same.
# rig: own
# timeout: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

state=/var/lib/albatross/v1
folder=$(mktemp -d)
kill_launcher() { systemctl kill --kill-who=main -s KILL albatross-launcher.service; }
in_time() { timeout 15 "$@"; }

check 'the daemon is there' albatrossctl list
invariants_note

# --- a start while the stop before it is still being written down

albatrossctl create --memory=2 k "$HELLO" >/dev/null
check 'a guest has ended' wait_for 10 eval '[ "$(albatrossctl show k -P State)" = stopped ]'
pkill -STOP -x albatross-write
ask_for stop k "$folder/stop" in_time albatrossctl stop k
stop=$!
ask_for start k "$folder/start" in_time albatrossctl start k
start=$!
pkill -CONT -x albatross-write
check 'who stopped it is answered' wait $stop
check 'who started it again, too' wait $start
check 'all is as it should be' invariants

check 'it has ended' albatrossctl stop k
albatrossctl -q start k
check 'and again' wait_for 10 eval '[ "$(albatrossctl show k -P State)" = stopped ]'
pkill -STOP -x albatross-write
ask_for stop k "$folder/stop" in_time albatrossctl stop k
stop=$!
ask_for restart k "$folder/restart" in_time albatrossctl restart k
restart=$!
ask_for start k "$folder/start" in_time albatrossctl start k
start=$!
pkill -CONT -x albatross-write
check 'who stopped it is answered' wait $stop
check 'who restarts it, too' wait $restart
check 'and who starts it' wait $start
check 'all is as it should be' invariants

# --- the way back is being written down, and somebody asks for something else

in_way_back() { # VERB
    local verb=$1 update asked
    albatrossctl -q create --memory=2 back "$HELLO" -- --sleep=600
    in_time albatrossctl update back "$HELLO" --wait-running=20 -- --sleep=3 --exit=9 >"$folder/update" 2>&1 &
    update=$!
    check "$verb in a way back: the new version runs" wait_for 10 is_watched back
    pkill -STOP -x albatross-write
    check '... and has ended' wait_for 10 is_other back State running
    ask_for "$verb" back "$folder/$verb" in_time albatrossctl "$verb" back
    asked=$!
    pkill -CONT -x albatross-write
    check '... who asks for that is answered' wait $asked
    check '... who updates it is told' not wait $update
}

in_way_back destroy
prints '... why' 'destroyed while it was changed' cat "$folder/update"
check 'the daemon is the same' invariants
equal '... and has not gone away' 0 "$(systemctl show -P NRestarts albatrossd)"

in_way_back stop
prints '... why' 'did not stay up' cat "$folder/update"
sleep 0.5
equal 'it is what it was, and stays stopped' 'stopped --sleep=600' "$(field back State) $(field back Arguments)"

# What is stopped at a shutdown is not begun again by an update.
albatrossctl -q start back
pid=$(field back MainPID)
kill -STOP "$pid"
in_time albatrossctl update back "$HELLO" --wait-running=10 -- --sleep=600 two >"$folder/update" 2>&1 &
update=$!
check 'it is ended for its new version' wait_for 10 eval '[ "$(field back State)" = stopping ]'
ask_for stop back "$folder/stop" in_time albatrossctl stop --runtime back
stop=$!
kill -CONT "$pid"
check 'who stops it until the next boot is answered' wait $stop
check 'who updates it is told' not wait $update
prints '... why' 'was stopped while it was restarted' cat "$folder/update"
sleep 0.5
equal 'it stays stopped' 'stopped --sleep=600 two' "$(field back State) $(field back Arguments)"
check 'it goes' albatrossctl -q destroy back
check 'all is as it should be' invariants

# --- the writer

pkill -STOP -x albatross-write
ask_for destroy k "$folder/destroy" in_time albatrossctl destroy k
destroy=$!
pkill -KILL -x albatross-write
check 'the writer is killed: another one does what it was asked' wait $destroy
check 'all is as it should be' invariants

# One create that waits for its image, from a pipe, with its tender at the gate in its scope.
create_slowly() {
    mkfifo "$folder/image"
    in_time albatrossctl create --memory=2 slow - -- --sleep=600 <"$folder/image" >"$folder/create" 2>&1 &
    create=$!
    exec 4>"$folder/image"
    rm "$folder/image"
    wait_for 10 systemctl is-active -q albatross-slow.scope
    sleep 0.2
}
create_ended() {
    local status=0
    wait $create || status=$?
    cat "$folder/create"
    return $status
}
finish_image() {
    cat "$HELLO" >&4
    exec 4>&-
    sleep 0.5
}

create_slowly
pkill -KILL -x albatross-write
# Another image: of the same one there would be a copy already.
{ cat "$HELLO"; echo; } >"$folder/other"
albatrossctl -q create --no-start other "$folder/other"
finish_image
refuse 'a new writer empties tmp: whose image was there is told' 'albatross-writer went away' \
    create_ended
check 'the other one was made' albatrossctl destroy other
check 'all is as it should be' invariants

# --- the launcher, with a gate that it was asked to open

create_slowly
pkill -STOP -x albatross-write
finish_image
kill -STOP "$(main_pid albatross-launcher)"
pkill -CONT -x albatross-write
sleep 0.5
kill_launcher
refuse 'the launcher is killed: who creates is told' 'albatross-launcher went away' create_ended
check 'its name is free' albatrossctl create --no-start slow "$HELLO"
check 'it can be destroyed' albatrossctl destroy slow
check 'a new launcher is there' wait_for 10 systemctl is-active -q albatross-launcher
check 'and is used' wait_for 10 need_helpers
invariants_note
check 'all is as it should be' invariants

for _ in {1..8}; do
    kill_launcher
    sleep 0.3
done
check 'killed again and again, it comes back' wait_for 10 albatrossctl create --memory=2 again "$HELLO"
check 'and is used' albatrossctl destroy again

# --- the daemon

for _ in {1..8}; do
    systemctl kill --kill-who=main -s KILL albatrossd.service
    sleep 0.3
done
check 'the daemon, too' wait_for 20 need_helpers
invariants_note

systemctl stop albatrossd.socket albatrossd.service
head -c 1000 /dev/urandom >"$folder/bytes"
digest=$(sha256sum <"$folder/bytes")
cp "$folder/bytes" "$state/images/${digest%% *}"
echo '{}' >/run/albatross/runs/ghost
check 'it starts with what a create that was killed has left' systemctl start albatrossd.socket albatrossd.service
invariants_note
check 'and removes it' invariants

echo nonsense >"$state/unikernels/bad.json"
cp "$folder/bytes" "$state/images/${digest%% *}"
check 'it starts with a record that makes no sense' systemctl restart albatrossd.service
check 'which is in quarantine then' wait_for 10 test -e "$state/quarantine/bad.json"
check 'and the image that may be its is kept' test -e "$state/images/${digest%% *}"
rm "$state/quarantine/bad.json"
check 'until it is taken away' systemctl restart albatrossd.service
invariants_note
check 'all is as it should be' invariants

check 'one runs' albatrossctl create --memory=2 one "$HELLO" -- --sleep=600
timeout 10 /usr/libexec/albatross/albatrossd
equal 'a second daemon ends at once' 1 $?
check 'and says why' wait_for 10 has 'Another albatrossd' journal -t albatrossd
check 'the first did not notice' invariants
check 'it can be destroyed' albatrossctl destroy one

# --- the state directory

systemctl stop albatrossd.socket albatrossd.service
mv "$state/tmp" "$folder/"
: >"$state/tmp"
refuse 'a state directory that makes no sense is said at once' 'failed' timeout 10 systemctl start albatrossd.service
systemctl stop albatrossd.service
rm "$state/tmp"
check 'put right, it starts' systemctl start albatrossd.socket albatrossd.service
invariants_note

# --- readers

check 'one runs' albatrossctl create --memory=2 read "$HELLO" -- --sleep=600
before=$(count_fds albatrossd)
for _ in {1..10}; do timeout 0.2 albatrossctl console -f read >/dev/null 2>&1; done
check 'readers that have left cost no descriptors' wait_for 10 eval "[ \$(count_fds albatrossd) -le $before ]"
check 'it can be destroyed' albatrossctl destroy read
check 'all is as it should be' invariants
rm -r "$folder"
