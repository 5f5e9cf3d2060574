#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The journal, polkit, the message bus and PID 1 itself restart in the middle of changes: root's are
# done all the same, but a start that has lost PID 1, or the way to it, says so; and at rest all know the same.
# rig: own
# timeout: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

ctl() { timeout 30 albatrossctl -q "$@"; }
failed=$(mktemp)

# All changes of one name, again and again; each that fails is noted.
one_client() { # NAME
    local change words
    for _ in {1..6}; do
        for change in "create --memory=2 $1 $HELLO -- --sleep=600" "stop $1" "start $1" "destroy $1"; do
            # shellcheck disable=SC2086
            words=$(ctl $change 2>&1) || echo "${change%% "$HELLO"*}: ${words//$'\n'/ }"
        done
    done
}

pid=$(ctl create --memory=2 runs "$HELLO" -- --sleep=600 && albatrossctl show runs -P MainPID)
for act in 'restart systemd-journald' 'restart polkit' daemon-reload daemon-reexec 'restart dbus'; do
    wait_for 10 eval 'albatrossctl list >/dev/null 2>&1'
    invariants_note
    : >"$failed"
    for name in a b c; do one_client $name >>"$failed" 2>&1 & done
    for _ in {1..5}; do
        sleep 0.3
        systemctl reset-failed
        # shellcheck disable=SC2086
        timeout 20 systemctl $act
    done
    wait
    if [ "$act" = 'restart dbus' ]; then
        # That, and what it leads to: a name that is not there.
        sed -i '/connection to systemd was lost meanwhile/d; /There is no unikernel/d' "$failed"
    fi
    names=$(albatrossctl list -q | grep -x '[abc]' | xargs)
    # shellcheck disable=SC2086
    [ -z "$names" ] || ctl destroy $names
    equal "$act: every change is done" '' "$(cat "$failed")"
    check "$act: all is as it should be" invariants
    equal "$act: what runs runs on" "$pid" "$(albatrossctl show runs -P MainPID)"
done

# --- a PID 1 that is executed anew with jobs in its queue

mapfile -t many < <(printf 'many%d\n' {1..40})
for name in "${many[@]}"; do ctl create --no-start --memory=2 "$name" "$HELLO" -- --sleep=600; done
: >"$failed"
for n in {1..6}; do
    for name in "${many[@]}"; do ctl start "$name" >>"$failed" 2>&1 & done
    sleep "0.0$n"
    timeout 20 systemctl daemon-reexec
    wait
    ctl stop "${many[@]}"
done
equal 'what waits in the queue of a PID 1 that is executed anew is started' '' "$(cat "$failed")"
check 'all can be destroyed' ctl destroy runs "${many[@]}"
equal 'the daemon has never restarted' 0 "$(systemctl show -P NRestarts albatrossd)"
rm "$failed"
