#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The clock is set back, and forward: whatever waits comes after as long as it was to wait, and all
# that tells times goes on.
# rig: vm
# timeout: 180
. "$(dirname "$0")/lib.sh"

uptime_msec() { local up; read -r up _ </proc/uptime; echo "${up/./}0"; }
# The clock, which wait_for goes by, stands still for whoever calls this.
set_clock() { date -s "@$(($(date +%s) + $1))"; } # SECONDS
# Ends when the command does, and with its status unless that took less or more time.
takes() { # LEAST_MSEC MOST_MSEC COMMAND...
    local least=$1 most=$2 begun took
    shift 2
    begun=$(uptime_msec)
    "$@" || return
    took=$(($(uptime_msec) - begun))
    echo "it took $took ms"
    [ $took -ge "$least" ] && [ $took -le "$most" ]
}
restarted_since() { # NAME RESTARTS: without wait_for, whose deadline is one of the clock that is set
    local i
    for ((i = 0; i < 1000; i++)); do
        [ "$(field "$1" Restarts)" = "$2" ] || return 0
        sleep 0.02
    done
    return 1
}
# The fifth delay is of 1.6 s, the seventh of 6.4 s. A machine that is slow does not see each.
waits() {
    is loops State waiting && restarts=$(field loops Restarts) && [ "$restarts" -ge 4 ] && [ "$restarts" -le 6 ]
}
no_negative() { # COMMAND...
    local status=0
    "$@" >"$test_output.told" || status=$?
    # The status of one that does not run is 3.
    [ $status = 0 ] || [ $status = 3 ] || return
    cat "$test_output.told"
    ! grep -qE '(^|[ :])-[0-9]' "$test_output.told"
}

mkdir -p /etc/albatrossd.conf.d
printf '[Albatross]\nStopSec=2\n' >/etc/albatrossd.conf.d/50-clock.conf
systemctl restart albatrossd
begun_sec=$(($(date +%s) - $(uptime_msec) / 1000))
daemon=$(main_pid albatrossd)
check 'one is left alone' albatrossctl -q create --memory=2 alone "$HELLO" -- --sleep=600
for jump in -3600 +7200; do
    check "$jump: one ends again and again" albatrossctl -q create --memory=2 --restart loops "$HELLO" -- --exit=9
    check "$jump: one does not end when it is told to" albatrossctl -q create --memory=2 stuck "$HELLO" -- --sleep=600
    check "$jump: one is to be updated" albatrossctl -q create --memory=2 new "$HELLO" -- --sleep=600
    kill -STOP "$(field stuck MainPID)"
    check "$jump: the first one waits for its restart" wait_for 30 waits
    takes 500 10000 restarted_since loops "$restarts" >"$test_output.loops" 2>&1 &
    loops=$!
    takes 1800 10000 albatrossctl -q stop stuck >"$test_output.stuck" 2>&1 &
    stuck=$!
    takes 1800 10000 albatrossctl -q update --wait-running=2 new "$HELLO" -- --sleep=601 >"$test_output.new" 2>&1 &
    new=$!
    sleep 0.2
    check "$jump: the clock is set" set_clock "$jump"
    check "$jump: there is no time before now" no_negative albatrossctl status alone
    [ "$jump" -gt 0 ] || prints "$jump: but now" '; 0s ago' cat "$test_output.told"
    check "$jump: status of one that waits for its restart" no_negative albatrossctl status loops
    check "$jump: list" no_negative albatrossctl list
    check "$jump: the restart comes in time" wait $loops
    check "$jump: so does the end of what did not want to end" wait $stuck
    equal "$jump: ... which is stopped" stopped "$(field stuck State)"
    check "$jump: so does the end of an update that is watched" wait $new
    equal "$jump: ... which stays up" running "$(field new State)"
    check "$jump: another one begins" albatrossctl -q create --memory=2 late "$HELLO" -- --sleep=600
    check "$jump: what it says can be read since a minute ago" \
        wait_for 10 eval 'albatrossctl console --since=-1min late | grep -q .'
    check "$jump: statistics are there" no_negative albatrossctl stats alone
    check "$jump: all go" albatrossctl -q destroy loops stuck new late
done
equal 'the daemon has not gone away' "$daemon" "$(main_pid albatrossd)"

# Lines that come while the clock goes to and fro, and the daemon with it.
albatrossctl -q create --memory=2 talks "${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests/chatty.spt" -- \
    --burst=20 --pause=1000 --last=1000000
albatrossctl console -f --since=@0 -o cat talks >"$test_output.lines" &
reader=$!
for jump in -3600 +7200 -3600; do
    sleep 2
    set_clock $jump
    sleep 2
    systemctl kill -s KILL --kill-who=main albatrossd
done
lines_now() { wc -l <"$test_output.lines"; }
n_lines=$(lines_now)
check 'lines come' [ "$n_lines" -gt 40 ]
check '... and go on' wait_for 30 eval '[ "$(lines_now)" -gt $((n_lines + 40)) ]'
kill $reader
wait $reader
n_lines=$(lines_now)
check '... each of them once' eval 'head -n "$n_lines" "$test_output.lines" | sed -n "s/^Line //p" | cmp - <(seq "$n_lines")'
albatrossctl -q destroy talks
check 'the clock is right again' date -s "@$((begun_sec + $(uptime_msec) / 1000))"
rm /etc/albatrossd.conf.d/50-clock.conf
systemctl restart albatrossd
check 'the last one goes' albatrossctl -q destroy alone
rm -f "$test_output".*
