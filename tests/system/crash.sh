#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Whoever of ours is killed at whichever system call: what was acknowledged is there, what was not
# is there or is not, and nothing is left over. For each operation and each of daemon, writer and
# launcher, crash-victim counts the calls by which that one changes something for others, from the
# request until all is quiet. Then the operation is done once for each of them, with a SIGKILL there.
#
#   CRASH_EVERY=K   only each Kth of them; which ones depends on
#   CRASH_SEED=N    this, which is printed (default: the time)
#   CRASH_ONLY=WORD only operations with this word in "VICTIM OPERATION"
# rig: own
# timeout: 900
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

every=${CRASH_EVERY:-1}
seed=${CRASH_SEED:-$EPOCHSECONDS}
victim_program=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system/crash-victim
[ -x "$victim_program" ] || skip "$victim_program is not built"
# What a sandbox lets the daemon see.
gate=/usr/libexec/albatross/crash-victim
cp "$victim_program" $gate
log=$(mktemp)
n_points=0 n_tried=0

# Each kill would cost a while else, and a hundred of them a minute be too many.
for unit in albatrossd albatross-launcher; do
    mkdir -p /run/systemd/system/$unit.service.d
    printf '%s\n' '[Unit]' 'StartLimitIntervalSec=0' '[Service]' 'RestartSec=0' >/run/systemd/system/$unit.service.d/crash.conf
done
mkdir -p /run/systemd/system/albatrossd.service.d
printf '%s\n' '[Service]' 'ExecStart=' \
    "ExecStart=$gate --gate /run/albatross/crash /usr/libexec/albatross/albatrossd" >>/run/systemd/system/albatrossd.service.d/crash.conf
systemctl daemon-reload
systemctl restart albatrossd

ctl() { timeout 20 albatrossctl -q "$@" >>"$log" 2>&1; }

# What there is, in words: each name with its state and with what its record says.
seen() {
    local name state file text
    albatrossctl list --json=short | tr '{' '\n' |
        sed -nE 's/.*"Name":"([^"]*)".*"State":"([^"]*)".*/\1 \2/p' | while read -r name state; do
        text=
        file=$albatross_state/unikernels/$name.json
        [ ! -e "$file" ] || text=$(<"$file")
        [[ $text =~ \"Wanted\":\ \"([a-z]*)\" ]] || text=
        echo "$name $state, wanted ${BASH_REMATCH[1]-}"
    done
}

# --- the operations: what is there before, what is asked, and what else may be there when the one
# who does it is killed and nobody was told that it is done.

clean() {
    local names
    mapfile -t names < <(albatrossctl list -q)
    [ ${#names[@]} = 0 ] || ctl destroy "${names[@]}"
}
# The daemon starts it when there is something to be written.
need_writer() {
    [ -n "$(processes_called albatross-write)" ] || { ctl create --no-start need "$HELLO" && ctl destroy need; }
}
running() { ctl create --memory=2 v "$HELLO" -- --sleep=600; }
stopped() { ctl create --no-start --memory=2 v "$HELLO" -- --sleep=600; }

ended() {
    ctl create --memory=2 v "$HELLO"
    wait_for 5 eval '[[ $(seen) != *" running,"* ]]'
}
stopped_again() { running && ctl stop v; }

operation() { # NAME: sets before, request
    case $1 in
    create) before=clean request=(albatrossctl -q create --memory=2 v "$HELLO" -- --sleep=600) ;;
    'create --no-start') before=clean request=(albatrossctl -q create --no-start v "$HELLO") ;;
    start) before=stopped request=(albatrossctl -q start v) ;;
    stop) before=running request=(albatrossctl -q stop v) ;;
    'start of one that ended') before=ended request=(albatrossctl -q start v) ;;
    'start of one that was stopped') before=stopped_again request=(albatrossctl -q start v) ;;
    'stop of one that ended') before=ended request=(albatrossctl -q stop v) ;;
    destroy) before=running request=(albatrossctl -q destroy v) ;;
    'destroy of one that was stopped') before=stopped_again request=(albatrossctl -q destroy v) ;;
    esac
}

victim_pid() { # VICTIM
    case $1 in
    daemon) main_pid albatrossd ;;
    launcher) main_pid albatross-launcher ;;
    writer) processes_called albatross-write ;;
    esac
}

# Rest: whoever was killed is there again, and all know the same.
rested() { # ALLOWED...
    local now
    now=$(seen)
    for allowed; do
        [ "$now" != "$allowed" ] || return 0
    done
    printf 'there is:      %s\n' "${now:-nothing}"
    printf 'should be:     %s\n' "${@//$'\n'/; }"
    return 1
}
rest() { # ALLOWED...
    local differences
    for _ in {1..100}; do
        differences=$(rested "$@"; invariants_differences)
        [ -n "$differences" ] || return 0
        sleep 0.05
    done
    printf '%s\n' "$differences"
    return 1
}

# Who was replaced by another one is not compared with it.
note_again() {
    wait_for 10 systemctl is-active -q albatrossd albatross-launcher
    ctl list
    invariants_note
}

# One point. Prints what is wrong.
try_point() { # VICTIM NUMBER BEFORE AFTER
    local what status rest point allowed=("$4")
    read -r what status rest < <("$victim_program" "$(victim_pid "$1")" "$2" "${request[@]}" 2>>"$log")
    point=$rest
    if [ "$what" = killed ]; then
        ctl list
        [ "$status" = 0 ] || allowed+=("$3")
        # A start that fails by itself is told, and wanted all the same.
        [[ $1 != launcher || ${request[2]} != start ]] || allowed+=('v failed, wanted running')
        [ "$1" = daemon ] || has_orphans=yes
    fi
    echo "$what $status $point" >>"$log"
    last=$what
    [ "$what" = killed ] || [ "$what" = passed ] || { echo "crash-victim says: $what"; return 1; }
    rest "${allowed[@]}" || { echo "killed at $point, status $status"; return 1; }
    [ "$status" = 0 ] || "${request[@]}" >"$log.retry" 2>&1 || grep -q 'exists already\|no unikernel' "$log.retry" ||
        { echo "killed at $point; asked again:"; cat "$log.retry"; return 1; }
    rest "$4" || { echo "killed at $point, then asked again"; return 1; }
}

# All points of one operation.
try_all() { # VICTIM OPERATION
    local before request status what at_first at_last n=0 tried=0 bad=0 out="$1, $2" began=${EPOCHREALTIME/./} last
    operation "$2"
    $before
    need_writer
    at_first=$(seen)
    "$victim_program" "$(victim_pid "$1")" 0 "${request[@]}" >"$log.points" 2>>"$log"
    read -r what status n < <(tail -n 1 "$log.points")
    at_last=$(seen)
    [ "$what $status" = 'passed 0' ] || { say_failure "$out: is done" "$what $status"; return; }
    for ((i = 1 + (seed % every); i <= n; i += every)); do
        clean
        $before
        need_writer
        note_again
        tried=$((tried + 1))
        has_orphans=
        if ! try_point "$1" $i "$at_first" "$at_last" >"$log.out" 2>&1; then
            bad=$((bad + 1))
            cp "$log.out" "$test_output"
            say_failure "$out: killed at $i of $n"
        fi
        has_orphans=
    done
    clean
    n_points=$((n_points + n)) n_tried=$((n_tried + tried))
    : >"$test_output"
    [ $bad != 0 ] || [ "$n" = 0 ] || say_result ok "$out: killed at $tried of $n points, $(((${EPOCHREALTIME/./} - began) / 1000 / (tried + 1))) ms each"
}

ctl list
note_again
for victim in daemon writer launcher; do
    for name in create 'create --no-start' start 'start of one that ended' 'start of one that was stopped' \
        stop 'stop of one that ended' destroy 'destroy of one that was stopped'; do
        [[ "$victim $name" == *"${CRASH_ONLY-}"* ]] || continue
        try_all "$victim" "$name"
    done
done
say_result ok "$n_tried of $n_points points were tried, seed $seed"
rm -f "$log"*
