#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Whoever of ours is killed at whichever system call: what was acknowledged is there, what was not
# is there or is not, and nothing is left over. For each operation and each of daemon, writer and
# launcher, crash-victim counts the calls by which that one changes something for others, from the
# request until all is quiet. Then the operation is done once for each of them, with a SIGKILL there.
#
#   CRASH_EVERY=K   only each Kth of them (default: 5, so that all of them are tried in some runs,
#                   and one takes two or three minutes; 1: all); which ones depends on
#   CRASH_SEED=N    this, which is printed (default: the time)
#   CRASH_ONLY=WORD only operations with this word in "VICTIM, OPERATION"
# rig: own
# timeout: 1200
#
# What the files that this one sources have, and they of it:
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"
. "$(dirname "$0")/crash-operations.sh"

every=${CRASH_EVERY:-5}
seed=${CRASH_SEED:-$EPOCHSECONDS}
victim_program=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system/crash-victim
[ -x "$victim_program" ] || skip "$victim_program is not built"
# What a sandbox lets the daemon see.
gate=/usr/libexec/albatross/crash-victim
flag=/run/albatross/crash
cp "$victim_program" $gate
log=$(mktemp)
n_points=0 n_tried=0

drop_in() { # UNIT LINE...
    mkdir -p "/run/systemd/system/$1.d"
    printf '%s\n' "${@:2}" >"/run/systemd/system/$1.d/crash.conf"
}
# Each kill would cost a while else, and a hundred of them a minute be too many.
often=('[Unit]' 'StartLimitIntervalSec=0')
drop_in albatross-launcher.socket "${often[@]}"
drop_in albatrossd.socket "${often[@]}"
often+=('[Service]' 'RestartSec=0')
drop_in albatross-launcher.service "${often[@]}"
drop_in albatrossd.service "${often[@]}" 'ExecStart=' "ExecStart=$gate --gate $flag /usr/libexec/albatross/albatrossd"
systemctl daemon-reload
systemctl restart albatrossd

# What there is, in words.
seen() {
    local name state file text memory path
    albatrossctl list --json=short | tr '{' '\n' |
        sed -nE 's/.*"Name":"([^"]*)".*"State":"([^"]*)".*/\1 \2/p' | while read -r name state; do
        text=
        file=$albatross_state/unikernels/$name.json
        [ ! -e "$file" ] || text=$(<"$file")
        memory=
        ! [[ $text =~ \"Memory\":\ ([0-9]+) ]] || memory=${BASH_REMATCH[1]}
        [[ $text =~ \"Wanted\":\ \"([a-z]*)\" ]] || text=
        echo "$name $state, $memory bytes, wanted ${BASH_REMATCH[1]-}"
    done
    albatrossctl block list --json=short | tr '{' '\n' |
        sed -nE 's/.*"Name":"([^"]*)","Size":([0-9]*),.*"State":"([^"]*)".*/block \1, \2 bytes, \3/p'
    known_files "$albatross_state/blocks" | while read -r name; do
        echo "file $(cd "$albatross_state/blocks" && sha256sum "$name")"
    done
    albatrossctl policy list --json=short | tr '{' '\n' |
        sed -nE 's/.*"Path":"([^"]+)","Unikernels":([0-9]*),.*,"Memory":([0-9]*),.*/policy \1, \2 unikernels, \3 bytes/p'
    for file in "$albatross_state"/policies/*; do
        [ ! -e "$file" ] || echo "file ${file##*/}" "$(tr -d '\n' <"$file")"
    done
    for path in /run/systemd/system.control/albatross-*.slice.d/*.conf /run/albatross/slices/*; do
        [ ! -e "$path" ] || echo "limit ${path#/run/systemd/system.control/}" "$(grep '=' "$path")"
    done
    known_files "$albatross_state/quarantine"
}

victim_pid() { # VICTIM
    case $1 in
    daemon) echo "$noted_daemon" ;;
    launcher) echo "$noted_launcher" ;;
    writer) processes_called albatross-write ;;
    esac
}

# Rest: whoever was killed is there again, and all know the same.
rested() { # ALLOWED...
    local now allowed
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
    for _ in {1..200}; do
        differences=$(rested "$@"; invariants_differences)
        [ -n "$differences" ] || return 0
        sleep 0.05
    done
    printf '%s\n' "$differences"
    return 1
}

# Nothing, at rest: whoever lives now is compared with himself afterwards.
begin() {
    # (Of two at once one would be enough.)
    wait_for 10 systemctl is-active -q albatrossd && wait_for 10 systemctl is-active -q albatross-launcher
    clean
    if [ "$victim" = launcher ] || [ -z "$(processes_called albatross-write)" ]; then need_helpers >>"$log" 2>&1; fi
    invariants_note
    $before
}

# The operation, with a kill at the Nth call; 0: with none, and all calls are printed.
run_victim() { # VICTIM N
    local whom=("$(victim_pid "$1")")
    [ -z "$at_gate" ] || whom=(--at-gate "$flag")
    "$victim_program" "${whom[@]}" "$2" "${request[@]}" 2>>"$log"
}

# One point. Prints what is wrong.
try_point() { # VICTIM NUMBER BEFORE AFTER
    local what status point allowed=("$4")
    read -r what status point < <(run_victim "$1" "$2")
    echo "$what $status $point" >>"$log"
    [ "$what" = killed ] || [ "$what" = passed ] || { echo "crash-victim says: $what"; return 1; }
    if [ "$what" = killed ]; then
        ctl list
        allowed+=("${may_be[@]}")
        [ "$status" = 0 ] || allowed+=("$3")
        [ "$1" != launcher ] || has_orphans=yes
    fi
    rest "${allowed[@]}" || { echo "killed at $point, status $status"; return 1; }
    if [ "$status" != 0 ] && [ -z "$at_gate$once" ]; then
        "${request[@]}" >"$log.retry" 2>&1 || grep -q 'exists already\|There is no' "$log.retry" ||
            { echo "killed at $point; asked again:"; cat "$log.retry"; return 1; }
        rest "$4" || { echo "killed at $point, then asked again"; return 1; }
    fi
}

# All points of one operation.
try_all() { # VICTIM OPERATION
    local before request may_be at_gate once has_orphans
    local out="$1, $2" began=${EPOCHREALTIME/./} status what at_first at_last n=0 tried=0 bad=0
    operation "$1" "$2" || return 0
    begin
    at_first=$([ -n "$at_gate" ] || seen)
    run_victim "$1" 0 >"$log.points"
    read -r what status n < <(tail -n 1 "$log.points")
    { echo "== $out"; cat "$log.points"; } >>"$log"
    [ "$what $status" = 'passed 0' ] || { say_failure "$out: is done" "$what $status"; return; }
    ctl list
    # What is under way then is not what has to be there.
    wait_for 10 invariants_hold
    at_last=$(seen)
    # On a machine that is too slow for all of them, some of the rest.
    [ "$SECONDS" -lt 800 ] || [ "$every" -gt 4 ] || every=5
    for ((i = 1 + seed % (every < n ? every : n + !n); i <= n; i += every)); do
        begin
        tried=$((tried + 1))
        has_orphans=
        if ! try_point "$1" $i "$at_first" "$at_last" >"$log.out" 2>&1; then
            bad=$((bad + 1))
            say_failure "$out: killed at $i of $n" "$(cat "$log.out")"
        fi
        has_orphans=
    done
    n_points=$((n_points + n)) n_tried=$((n_tried + tried))
    [ $bad != 0 ] || [ "$n" = 0 ] ||
        say_result ok "$out: killed at $tried of $n points, $(((${EPOCHREALTIME/./} - began) / 1000 / (tried + 1))) ms each"
}
invariants_hold() { [ -z "$(invariants_differences)" ]; }

ctl list
for victim in daemon writer launcher; do
    for name in "${operations[@]}"; do
        [[ "$victim, $name" != *"${CRASH_ONLY-}"* ]] || try_all "$victim" "$name"
    done
done
clean
say_result ok "$n_tried of $n_points points were tried, seed $seed"
[ -n "${CRASH_ONLY-}" ] || check 'there are at least 300' [ $n_points -ge 300 ]
# The log is the runner's.
cat "$log"
rm -f "$log"*
