#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Many clients who create, start, stop and destroy the same few unikernels at once, while our
# processes are killed or stopped: all calls return, and at rest all know the same.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

hangs=$(mktemp)
RANDOM=${CHAOS_SEED:-1}

one_call() {
    local name=c$((RANDOM % 6)) status=0
    case $((RANDOM % 6)) in
    0) set -- create --memory=2 "$name" "$HELLO" ;;
    1 | 2) set -- create --memory=2 "$name" "$HELLO" -- --sleep=600 ;;
    3) set -- start "$name" ;;
    4) set -- stop "$name" ;;
    5) set -- destroy "$name" ;;
    esac
    timeout --kill-after=1 30 albatrossctl -q "$@" || status=$?
    [ $status != 124 ] || echo "$*" >>"$hangs"
}

one_client() { # SEED CALLS
    RANDOM=$1
    for ((n = 0; n < $2; n++)); do one_call; done
}

clients() { # N CALLS
    for ((i = 0; i < $1; i++)); do one_client "$RANDOM" "$2" >/dev/null 2>&1 & done
    wait
}

nothing() { :; }
# Where starting takes longer than the pause between two of these, nobody would ever be served.
kill_served() { # UNIT
    wait_for 10 systemctl is-active -q "$1"
    sleep 0.1
    systemctl kill --kill-who=main -s KILL "$1"
}
kill_daemon() { kill_served albatrossd.service; }
kill_launcher() { kill_served albatross-launcher.service; }
reload_launcher() { systemctl reload albatross-launcher.service; }
kill_writer() { pkill -KILL -x albatross-write; }
kill_gates() { pkill -KILL -x albatross-gate; }
kill_intakes() {
    pkill -KILL albatross-infla
    pkill -KILL albatross-store
    pkill -KILL albatross-read-
}
pause_both() {
    kill -STOP "$(main_pid albatross-launcher)"
    pkill -STOP -x albatross-write
    sleep 0.5
    kill -CONT "$(main_pid albatross-launcher)"
    pkill -CONT -x albatross-write
}
stop_scopes() { systemctl stop 'albatross-c*.scope'; }
stop_slice() { systemctl stop albatross.slice; }
reload_systemd() { systemctl daemon-reload; }

check 'the daemon is there' albatrossctl list
for act in nothing kill_intakes kill_gates kill_writer pause_both stop_scopes stop_slice \
    reload_systemd reload_launcher kill_daemon kill_launcher; do
    invariants_note
    clients 4 25 &
    clients=$!
    while kill -0 $clients 2>/dev/null; do
        $act
        sleep "0.$(printf %03d $((100 + RANDOM % 300)))"
    done >/dev/null 2>&1
    wait_for 20 need_helpers >/dev/null 2>&1
    # Who was replaced is counted anew, when he is connected again.
    case $act in
    kill_daemon | *_launcher) invariants_note ;;
    esac
    has_orphans=$([ $act != kill_launcher ] || echo yes)
    equal "${act//_/ }: every call returns" '' "$(cat "$hangs")"
    check "${act//_/ }: all is as it should be" invariants
    xargs -r albatrossctl -q destroy < <(albatrossctl list -q)
    has_orphans=
done
equal 'at last nothing is left' '' "$(albatrossctl list -q)"
check 'and nothing has crashed' not eval \
    'journalctl -b --no-pager -o cat -u albatrossd -u albatross-launcher | grep -E "SEGV|ABRT|dumped core|[Aa]ssert"'
rm "$hangs"
