#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A console that is read while the daemon is restarted and killed: every line comes once, and what is
# to end at a time ends then.
# rig: own
# timeout: 300
. "$(dirname "$0")/lib.sh"
guests=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests

n_lines=8000
# Reads less than the guest prints, through a pipe that holds little: so there is always something on
# its way, and what is cut is cut among lines of the same time.
slowly() {
    /usr/bin/python3 -c '
import fcntl, os, sys, time
fcntl.fcntl(0, fcntl.F_SETPIPE_SZ, 4096)
while piece := os.read(0, 1024):
    sys.stdout.buffer.write(piece)
    sys.stdout.flush()
    time.sleep(0.4)'
}
# How the numbers in a file differ from all of them, once each, in their order.
differ() { # FILE
    sed -n 's/^Line //p' "$1" | cmp - <(seq $n_lines)
}
has_last() { tail -n 1 "$1" | grep -qx "Line $n_lines"; }
# The daemon goes, now in one way, now in another.
vex() { # TIMES
    local i
    for ((i = 0; i < $1; i++)); do
        case $((i % 3)) in
        0) systemctl restart albatrossd ;;
        1) systemctl kill -s KILL --kill-who=main albatrossd ;;
        2) kill -KILL "$(pgrep -x albatross-conso | shuf -n 1)" 2>/dev/null ;; # a reader alone
        esac
        sleep 0.6
    done
}

# --- every line, once
albatrossctl -q create --memory=2 a "$HELLO" -- --sleep=600 only
{
    albatrossctl create -q --console --memory=2 talks "$guests/chatty.spt" -- --burst=60 --last=$n_lines
    echo "ended with $?"
} 2>"$test_output.attached.error" | slowly >"$test_output.attached" &
attached=$!
check 'one prints bursts of lines' wait_for 30 grep -q 'Line 1$' "$test_output.attached"
albatrossctl console -f --since=@0 -o cat talks >"$test_output.quick" &
quick=$!
albatrossctl console -f --since=@0 -o cat talks | slowly >"$test_output.slow" &
slow=$!
albatrossctl console -f -n 0 -o cat a >"$test_output.silent" &
silent=$!
# Who is refused at first is not one whose pipe is cut.
check 'four read' wait_for 20 eval '[ -s "$test_output.quick" ] && [ -s "$test_output.slow" ] && [ "$(pgrep -cx albatross-conso)" = 4 ]'
sleep 1
vex 20
check 'it has printed all' wait_for 60 has_last "$test_output.quick"
equal 'many of them at the same time' yes \
    "$([ "$(albatrossctl console -o json talks | grep -o '"__REALTIME_TIMESTAMP":"[0-9]*"' | sort | uniq -c | sort -n | awk 'END {print $1}')" -gt 10 ] && echo yes)"
check 'every one is seen once' differ "$test_output.quick"
check '... by who reads slowly' eval 'wait_for 120 has_last "$test_output.slow" && differ "$test_output.slow"'
check '... by who has made it' eval 'wait_for 60 has_last "$test_output.attached" && differ "$test_output.attached"'
# Its end comes while nobody is there to tell, and what it says last is not lost.
albatrossctl -q start a >/dev/null 2>&1
albatrossctl -q restart a
check 'who has seen nothing goes on, too' wait_for 10 grep -qx only "$test_output.silent"
equal '... with what is new' 1 "$(grep -c only "$test_output.silent")"
systemctl kill -s KILL --kill-who=main albatrossd
albatrossctl -q stop talks
check 'all end with what they follow' eval 'albatrossctl -q destroy talks a && wait_for 10 not kill -0 $quick && wait_for 10 not kill -0 $silent'
wait $quick && wait $silent
equal '... well' 0 $?
wait_for 10 not kill -0 $attached
wait $attached
equal '... and create --console with the status of a unikernel that was stopped' 'ended with 143' "$(tail -n 1 "$test_output.attached")"
wait $slow

albatrossctl -q create --memory=2 talks "$guests/chatty.spt" -- --burst=4000 --last=$n_lines
check 'another one has printed all' wait_for 60 eval 'albatrossctl console -n 1 -o cat talks | grep -qx "Line $n_lines"'
albatrossctl console -o cat talks | slowly >"$test_output.history" &
slow=$!
check 'one reads slowly what there is' wait_for 10 [ -s "$test_output.history" ]
vex 6
wait $slow
check 'what is not followed is all there, too' differ "$test_output.history"
albatrossctl -q destroy talks

# --- a daemon that was stopped is not started by who follows
albatrossctl -q create --memory=2 a "$HELLO" -- --sleep=600 only
albatrossctl console -f -o cat a >"$test_output.follower" &
follower=$!
check 'one is followed' wait_for 10 grep -qx only "$test_output.follower"
systemctl stop albatrossd.service
sleep 2
equal '... the daemon is stopped, and stays so' inactive "$(systemctl is-active albatrossd.service)"
systemctl start albatrossd.service
albatrossctl -q restart a
check '... and when it is back what is new is seen' wait_for 10 eval '[ "$(grep -cx only "$test_output.follower")" = 2 ]'
albatrossctl -q destroy a
wait $follower
equal '... to its end' 0 $?

# --- until
sec_now() { date +%s; }
albatrossctl -q create --memory=2 silent "$HELLO" -- --sleep=600
until=$(($(sec_now) + 3))
timeout 20 albatrossctl console -f --until=@$until silent >"$test_output.until"
equal 'what is silent and followed until a time ends' 0 $?
check '... then' eval '[ "$(sec_now)" -ge $until ] && [ "$(sec_now)" -lt $((until + 8)) ]'
check '... having shown what there was' grep -q sleep=600 "$test_output.until"
albatrossctl -q create --memory=2 talks "$guests/chatty.spt" -- --burst=2 --pause=50
until=$(($(sec_now) + 4))
timeout 30 albatrossctl console -f --since=@0 --until=@$until -o cat talks >"$test_output.until" &
reader=$!
sleep 0.5
vex 3
wait $reader
equal 'so does what is cut meanwhile' 0 $?
sleep 1
check '... with all lines until then, and none that came later' \
    diff <(albatrossctl console --until=@$until -o cat talks) "$test_output.until"
check '... of which there are some' [ "$(wc -l <"$test_output.until")" -gt 20 ]
equal 'until the epoch there is nothing' '' "$(timeout 10 albatrossctl console --until=@0 talks)"
equal '... followed neither, at once' ' 0' "$(timeout 10 albatrossctl console -f --until=@0 talks) $?"
albatrossctl -q destroy silent talks
# What the reader is told, when it looks at both at once.
until_in_a_run() {
    /usr/bin/python3 -c '
import os, signal, socket, subprocess, time
ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
reader = subprocess.Popen(
    ["/usr/libexec/albatross/albatross-console", "--follow",
     "--until=%d" % (time.time() * 1e6 + 1e6), "albatross-nobody.scope"],
    stdout=subprocess.PIPE, close_fds=False, preexec_fn=lambda: os.dup2(its.fileno(), 3))
time.sleep(0.5)
reader.send_signal(signal.SIGSTOP)
time.sleep(1)
ours.send(b"5" * 32)
reader.send_signal(signal.SIGCONT)
os.write(1, reader.communicate(timeout=10)[0])'
}
equal 'that time is an end also when a run begins just then' '__END=1' "$(until_in_a_run | grep -a __END)"

# --- what is asked on the bus
albatrossctl -q create --memory=2 a "$HELLO" -- --sleep=600 one
check 'one has said something' wait_for 10 has one albatrossctl console -o cat a
open_console() { busctl call org.albatross /org/albatross org.albatross.Manager OpenConsole 'sa{sv}' a "$@"; }
cursor=$(albatrossctl console -n 1 -o json a | sed 's/.*"__CURSOR":"\([^"]*\)".*/\1/')
check 'a line has its place' [ ${#cursor} -gt 50 ]
check 'behind which can be asked' open_console 1 After s "$cursor"
refuse 'a place is no path' 'After' open_console 1 After s ../../etc/passwd
refuse '... not empty' 'After' open_console 1 After s ''
refuse '... not long' 'After' open_console 1 After s "$(head -c 300 /dev/zero | tr '\0' a)"
refuse '... and goes not with a number of lines' "can't be given together" open_console 2 After s "$cursor" Lines t 3
albatrossctl -q destroy a

# --- more than one user can have
albatrossctl -q policy set alice --unikernels=30 --memory=256 --cpus=0 --owner=alice
names=()
for i in {10..29}; do names+=("alice:u$i"); done
for name in "${names[@]}"; do albatrossctl -q create --memory=2 "$name" "$HELLO" -- --sleep=600 "word-${name#*:u}"; done
check 'twenty have said something' wait_for 20 eval '[ "$(albatrossctl console "${names[@]}" | grep -c word-)" = 20 ]'
check 'a user sees as many consoles at once as she likes' eval 'as alice albatrossctl --no-ask-password console "${names[@]}" >"$test_output.all"'
equal '... each of them' "$(printf 'word-%s\n' {10..29})" "$(grep -o 'word-.*' "$test_output.all" | sort)"
check '... in the order of their time, as root' diff <(albatrossctl console "${names[@]}") <(cat "$test_output.all")
as alice albatrossctl --no-ask-password console -f "${names[@]}" >"$test_output.all" 2>"$test_output.refused" &
follow=$!
check 'she follows 16 of 20' wait_for 10 eval '[ "$(grep -c word- "$test_output.all")" = 16 ]'
check '... and is told of the others' wait_for 10 eval '[ "$(grep -c "^alice:u[0-9]* is not followed: 16 consoles" "$test_output.refused")" = 4 ]'
refuse 'while she does, there are no others' 'being read by this user already' as alice albatrossctl --no-ask-password console alice:u10
# The one in front of the shell is runuser.
pkill -u alice -x albatrossctl
wait $follow
albatrossctl -q destroy "${names[@]}"
albatrossctl -q policy remove alice
rm -f "$test_output".*
