#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What happens after the end of a run: exit rules, back-off, history, and what a restart of the
# daemon leaves of that.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"

at_least() { [ "$(field "$1" "$2")" -ge "$3" ]; }
# NAME runs, and not with PID: one question, since it may end between two.
runs() {
    local state pid
    read -r state pid < <(albatrossctl show "$1" -P State -P MainPID | xargs)
    [ "$state" = running ] && [ "$pid" != "$2" ]
}
create() { albatrossctl -q create --memory=2 "$@"; }
now_usec() { date +%s%6N; }
# Ends by itself with a status, and stays as it is for as long as two restarts would take.
stays() { # STATUS STATE OPTION...
    local status=$1 state=$2
    shift 2
    create "$@" ends "$HELLO" -- --exit="$status"
    wait_for 10 is ends State "$state" && sleep 0.4 && is ends State "$state" && is ends Restarts 0
    local r=$?
    albatrossctl -q destroy ends
    return $r
}
again() { # STATUS OPTION...
    local status=$1
    shift
    create "$@" ends "$HELLO" -- --exit="$status"
    wait_for 20 at_least ends Restarts 2
    local r=$?
    albatrossctl -q destroy ends
    return $r
}

check 'without --restart it stays down' stays 9 failed
check 'an end with 0 is fine' stays 0 stopped
check 'with --restart any code restarts' again 9 --restart
check '0 is a code like the others' again 0 --restart
check 'a code of the set restarts' again 70 --restart=2,70-75
check 'another one does not' stays 9 failed --restart=2,70-75
check 'with a set, 0 does only when it is in it' stays 0 stopped --restart=2
for code in 1 60 63 64; do
    check "$code never restarts" stays $code failed --restart
done
check '--restart=no is none' stays 9 failed --restart=no
refuse 'a set with a code that never restarts is refused' 'The exit code 1 is never' \
    create --restart=1,2 bad "$HELLO"
refuse 'and a priority that is none' 'is no startup priority' create --startup=70000 bad "$HELLO"

create --restart --startup=7 loop "$HELLO" -- --sleep=600
equal 'the policy is told' 'all 7' "$(field loop RestartPolicy) $(field loop Startup)"
pid=$(field loop MainPID)
kill -SEGV "$pid"
check 'a signal restarts it' wait_for 10 runs loop "$pid"
equal 'that is counted' 1 "$(field loop Restarts)"
pid=$(field loop MainPID)
kill -KILL "$pid"
check 'so does SIGKILL' wait_for 10 runs loop "$pid"
pid=$(field loop MainPID)
kill -SYS "$pid"
check 'SIGSYS does not' wait_for 10 is loop State failed
check 'it can be started' albatrossctl -q start loop
equal 'and its restarts count anew' 0 "$(field loop Restarts)"
check 'systemctl stop of its scope ends it' systemctl stop albatross-loop.scope
check '  which was asked for' wait_for 10 is loop State stopped
equal '  and is told so' stopped "$(field loop ExitResult)"
check '  nor does a restart of the daemon start it' systemctl restart albatrossd
sleep 0.5
equal '  until the next boot' stopped "$(field loop State)"
prints '  which wants it' '"running"' grep Wanted /var/lib/albatross/v1/unikernels/loop.json
check 'start works' albatrossctl -q start loop
check 'and stop' albatrossctl -q stop loop
sleep 0.4
equal 'after which it is not restarted' stopped "$(field loop State)"
albatrossctl -q destroy loop

# With a code that is not the set's, and a set, signals do not restart.
create --restart=9 codes "$HELLO" -- --sleep=600
kill -SEGV "$(field codes MainPID)"
check 'with a set a signal does not restart' wait_for 10 is codes State failed
albatrossctl -q destroy codes

create --restart crash "$HELLO" -- --exit=5
check 'the delay grows' wait_for 30 at_least crash Restarts 5
check 'while it waits that is its state' wait_for 10 is crash State waiting
next=$(field crash NextRestartTimestamp)
check 'and when it is started is told' [ "$next" -gt "$(now_usec)" ]
equal 'its ends are one entry of its history' 1 "$(albatrossctl show crash -j -P Exits | tr -cd '[' | wc -c | awk '{print $1 - 1}')"
prints 'which status shows in words' 'exited with status 5, ' eval 'albatrossctl status crash || [ $? = 3 ]'
count=$(field crash Restarts)
check 'the daemon restarts' systemctl restart albatrossd
check 'it goes on waiting' eval 'is crash State waiting || at_least crash Restarts $((count + 1))'
check 'it goes on counting' at_least crash Restarts "$count"
check 'and its history is kept' eval '[ "$(field crash Exits | cut -d" " -f1,2)" = "exit-code 5" ]'
check 'it is started by itself then' wait_for 30 at_least crash Restarts $((count + 1))
check 'when it waits' wait_for 30 is crash State waiting
check 'stop makes it stay down' albatrossctl -q stop crash
equal '  stopped' 'stopped 0' "$(field crash State) $(field crash NextRestartTimestamp)"
count=$(field crash Restarts)
sleep 1
equal '  for good' "$count" "$(field crash Restarts)"
check 'over a restart of the daemon, too' systemctl restart albatrossd
equal '  stopped' stopped "$(field crash State)"
check 'start of one that waits' albatrossctl -q start crash
left() { echo $(($(field crash NextRestartTimestamp) - $(now_usec))); }
check '  needs one, for long' wait_for 60 eval '[ "$(left)" -gt 4000000 ]'
ended=$(field crash ExitTimestamp)
check '  starts it now' albatrossctl -q start crash
check '  really' wait_for 3 at_least crash ExitTimestamp $((ended + 1))
wait_for 30 is crash State waiting
check 'one that is set otherwise' albatrossctl -q set crash --now -- --sleep=1 --exit=5
check '  counts anew' wait_for 10 is crash Restarts 1
check '  and waits as long as at first' grep -qE '"Delay":[24]00000,' /run/albatross/runs/crash
albatrossctl -q set crash -- --exit=5
check 'so does one' wait_for 60 at_least crash Restarts 5
check '  that is restarted' albatrossctl -q restart crash
check '  by hand' eval '[ "$(field crash Restarts)" -lt 5 ]'
wait_for 30 is crash State waiting
check 'one that waits can be destroyed' albatrossctl -q destroy crash

# hello does not know --name= and takes no offence; told to end with 64, it is as if it did.
create --name named "$HELLO" -- --exit=64
check 'a guest that ends with 64 is started once more without its name' wait_for 10 is named Restarts 1
check '  and fails then' wait_for 10 is named State failed
equal '  which is remembered' no "$(field named AddName)"
check '  on disk' wait_for 10 grep -q '"AddName": false' /var/lib/albatross/v1/unikernels/named.json
listen_to_signals "$test_output.signals"
create --restart told "$HELLO" -- --exit=5
check "its restart is signalled" wait_for 10 grep -q UnikernelRestarting "$test_output.signals"
kill $listener
rm "$test_output".signals*
albatrossctl -q destroy told
albatrossctl -q destroy named

systemctl kill -s KILL albatrossd.service
check 'a daemon that was killed comes back' wait_for 10 albatrossctl list
create --restart gone "$HELLO" -- --sleep=2 --exit=9
systemctl stop albatrossd.service albatrossd.socket
sleep 2.5
check 'one that ended while the daemon was away' systemctl start albatrossd.socket albatrossd.service
check '  is started again by its true status' wait_for 20 at_least gone Restarts 1
equal '  which is kept' 'exit-code 9' "$(field gone ExitResult) $(field gone ExitStatus)"
albatrossctl -q destroy gone
