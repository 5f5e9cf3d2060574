#!/bin/bash
# SPDX-License-Identifier: ISC
#
# top: what costs most, in lines and on a terminal of its own, for everybody.
# rig: own
# timeout: 300
. "$(dirname "$0")/lib.sh"
guests=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests

albatrossctl -q create --memory=2 spin "$guests/spin.spt"
albatrossctl -q create --memory=2 t:a "$HELLO" -- --sleep=600
albatrossctl -q create --memory=2 t:b "$HELLO" -- --sleep=600
albatrossctl -q create --memory=2 --no-start t:off "$HELLO"

top() { # OPTION...: the first column of a look
    albatrossctl top -n 1 -d 200ms --no-legend "$@" | cut -d' ' -f1 | tr '\n' ' '
}
equal 'who takes the CPU is first' spin "$(top | cut -d' ' -f1)"
equal 'without a terminal it looks once, with a header' 'NAME CPU% MEMORY RECV/s SENT/s READ/s WRITE/s 4' \
    "$(albatrossctl top -d 200ms >"$test_output.once"; head -n 1 "$test_output.once" | xargs) $(wc -l <"$test_output.once")"
equal 'by name' 'spin t:a t:b ' "$(top --sort=name)"
equal 'the other way round' 't:b t:a spin ' "$(top --sort=name --reverse)"
equal 'below a path' 't:a t:b ' "$(top --sort=name t:)"
equal 'one of a name' 't:a ' "$(top t:a)"
equal 'what is stopped costs nothing' '' "$(top t:off)"
equal 'a path is found without its colon, too' 't:a t:b ' "$(top --sort=name t)"
refuse 'what is neither a name nor a path is a slip' 'There is no unikernel "nope"' albatrossctl top nope
equal 'what is to come below a path may be looked at' '' "$(top nope:)"
equal 'by paths' ': t: ' "$(top --paths)"
equal 'with how many are below each' ': 3 t: 2 ' "$(albatrossctl top --paths -n 1 -d 200ms --no-legend | awk '{printf "%s %s ", $1, $2}')"
equal 'as an ordinary user' spin "$(as carol albatrossctl top -d 200ms --no-legend | head -n 1 | cut -d' ' -f1)"
began=${EPOCHREALTIME/./}
equal 'as often as is asked for' 9 "$(albatrossctl top -n 3 -d 300ms --no-legend | wc -l)"
took=$(((${EPOCHREALTIME/./} - began) / 1000))
check "with that delay: 3 looks took $took ms" [ "$took" -ge 900 ]
# The spinner has what is left of one CPU, and knows: so do we.
cpu=$(albatrossctl top -n 1 -d 2s --json=short spin | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["CPUPercent"])')
check "a spinner takes 1 to 105 % of a CPU: $cpu" awk "BEGIN {exit !($cpu > 1 && $cpu < 105)}"
# While nothing is used the rate is 0, in each look; what it used since its start is not.
kill -STOP "$(albatrossctl show spin -P MainPID)"
albatrossctl top -n 20 -d 50ms --no-legend spin >"$test_output.rates"
kill -CONT "$(albatrossctl show spin -P MainPID)"
equal 'each look tells of the time since the one before' '20 looks, 0 busy' \
    "$(awk 'NF {n++; busy += $2 > 1} END {print n " looks, " busy + 0 " busy"}' "$test_output.rates")"
refuse 'a field that there is not' 'cpu|memory' albatrossctl top --sort=colour
refuse 'no delay at all' 'no time span' albatrossctl top -d 0
refuse 'no look at all' 'nothing that --iterations takes' albatrossctl top -n 0
prints '-n is of console, still' 'sleep=600' albatrossctl console -n 2 t:a
# Of whose pipe nobody takes anything.
mkfifo "$test_output.full"
exec 5<>"$test_output.full"
dd if=/dev/zero of="$test_output.full" bs=4096 count=100 oflag=nonblock status=none 2>/dev/null
for signal in INT TERM HUP; do
    env --default-signal=INT,HUP albatrossctl top -n 1000 -d 10ms >&5 &
    stuck=$!
    wait_for 10 minds_signals $stuck
    sleep 1
    kill -$signal $stuck
    check "where nobody reads it SIG$signal ends it" wait_for 10 not kill -0 $stuck
    kill -KILL $stuck 2>/dev/null
    check '  well' wait $stuck
done
exec 5>&-
check 'a reader that goes away ends it' eval 'timeout 20 albatrossctl top -n 100000 -d 10ms | head -n 1; [ "${PIPESTATUS[0]}" != 124 ]'

# --- on a terminal

command -v script >/dev/null || skip 'script is missing (bsdutils)'
screen=$test_output.screen
export TERM=xterm
# The state of the terminal before and after, and what top says at its end.
keys() { # SCRIPT: run beside top, with its process in $pid, when that shows something
    timeout 60 script -qefc "stty rows 12 cols 90; stty -a >$screen.before
        ${who:-} albatrossctl top -d 300ms --sort=name </dev/tty & pid=\$!
        until grep -qa 'every' $screen || ! kill -0 \$pid; do sleep 0.1; done; sleep 0.5
        $1; touch $screen.done
        wait \$pid; echo \$? >$screen.status; stty -a >$screen.after" /dev/null <"$screen.pipe" >"$screen"
}
# As a person does who presses KEY when he sees TEXT; +: when the script beside has done its part.
press() { # [TEXT|+ KEY]...
    exec 4>"$screen.pipe"
    while [ $# -gt 0 ]; do
        if [ "$1" = + ]; then wait_for 20 [ -e "$screen.done" ]; else wait_for 20 grep -qa "$1" "$screen"; fi
        sleep 0.4
        printf '%b' "$2" >&4
        shift 2
    done
    wait_for 30 [ -e "$screen.status" ]
    exec 4>&-
}
both() { # SCRIPT [TEXT|+ KEY]...
    rm -f "$screen" "$screen".{done,status}
    press "${@:2}" &
    keys "$1"
    wait $!
}
mkfifo "$screen.pipe"
both : spin p 'PATH *UNIKERNELS' m 'memory, every' q
equal 'q ends it well' 0 "$(cat "$screen.status")"
check 'names were seen' grep -qa 'spin' "$screen"
check 'then paths, after p' grep -qa 'PATH *UNIKERNELS' "$screen"
check 'then the order of memory, after m' grep -qaE 'memory, every' "$screen"
check 'it was another screen, and the first is back' \
    eval "grep -qaF $'\e[?1049h' '$screen' && grep -qaF $'\e[?1049l' '$screen'"
equal 'the terminal is as before' "$(sed 's/speed.*//' "$screen.before")" "$(sed 's/speed.*//' "$screen.after")"
who='env --default-signal=HUP'
for signal in TERM INT HUP; do
    both "kill -$signal \$pid"
    equal "SIG$signal ends it well" 0 "$(cat "$screen.status")"
    equal '  the terminal is as before' "$(cat "$screen.before")" "$(cat "$screen.after")"
done
who=
both 'stty rows 5 cols 70; sleep 1' spin j + q
check 'a smaller terminal gets a smaller picture' eval "tail -c 100 '$screen' | grep -qaF $'\e[5;1H'"
both 'albatrossctl -q stop t:b; systemctl restart albatrossd; sleep 1' + q
equal 'the daemon may be restarted meanwhile' 0 "$(cat "$screen.status")"

# --- a daemon that is away, or hangs

begin() { # [COMMAND...]: top on a terminal beside this test, run so
    who=$*
    exec 4<>"$screen.pipe"
    : >"$screen" # nothing of the one before
    rm -f "$screen".{done,status}
    keys : &
    beside=$!
    wait_for 10 grep -qa 'running' "$screen"
}
mark() { marked=$(($(stat -c %s "$screen") + 1)); }
shown() { # TEXT: is it, since mark()?
    tail -c +"$marked" "$screen" | grep -qa "$1"
}
quit() { # SENTENCE: by q, in time
    printf q >&4
    check "$1" wait_for 10 not kill -0 "$beside"
    wait "$beside"
    equal '  well' 0 "$(cat "$screen.status")"
    exec 4>&-
}

for user in '' 'setpriv --reuid=carol --regid=carol --clear-groups'; do
    # shellcheck disable=SC2086
    begin $user
    systemctl stop albatrossd.service
    check "it tells that the daemon is away${user:+, a user too}" wait_for 10 grep -qa 'albatrossd is away' "$screen"
    sleep 2
    equal '  and does not start it' inactive "$(systemctl is-active albatrossd.service)"
    mark
    systemctl start albatrossd.service
    check '  it is there again: it goes on' wait_for 10 shown 'running'
    quit '  q ends it'
done

begin
kill -STOP "$(main_pid albatrossd)"
check 'it tells that the daemon does not answer' wait_for 10 grep -qa 'albatrossd has not answered for' "$screen"
mark
printf p >&4
check '  keys are heard' wait_for 10 shown 'PATH *UNIKERNELS'
quit '  and q ends it'
albatrossctl top &
first=$!
wait_for 10 minds_signals $first
kill -TERM $first
check 'so does a signal, at its first look' wait_for 10 not kill -0 $first
check '  well' wait $first
kill -CONT "$(main_pid albatrossd)"
check 'the daemon goes on' timeout 10 albatrossctl -q list
albatrossctl -q destroy spin t:a t:b t:off
rm -f "$test_output".*
