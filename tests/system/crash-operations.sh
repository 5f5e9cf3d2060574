# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
#
# The operations of crash.sh: what is there before, what is asked, and what else may be there when
# the one who does it is killed.

operations=(
    create 'create without a start'
    start 'start of one that ended' 'start of one that was stopped'
    stop 'stop of one that ended'
    destroy 'destroy of one that was stopped'
    'block create' 'block create with content' 'block write' 'block remove'
    'policy set' 'policy set, another one' 'policy remove'
    'create with a network' 'stop with a network' 'destroy with a network'
    'destroy with its block device'
    'set at once' 'update' 'rollback'
    'restart' 'restart of the daemon' 'boot'
)

ctl() { timeout 20 albatrossctl -q "$@" >>"$log" 2>&1; }

# One that waits for packets until it is ended.
with_network=(albatrossctl -q create --memory=2 --net=service:crash0 v
    "${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests/echo.spt" -- --ip=10.77.0.2)

# --- before

clean() {
    local names
    mapfile -t names < <(albatrossctl list -q)
    [ ${#names[@]} = 0 ] || ctl destroy "${names[@]}"
    [ ! -e "$albatross_state/blocks/b" ] || ctl block remove b
    [ ! -e "$albatross_state/policies/p.json" ] || ctl policy remove p
}
running() { ctl create --memory=2 v "$HELLO" -- --sleep=600; }
stopped() { ctl create --no-start --memory=2 v "$HELLO" -- --sleep=600; }
ended() {
    ctl create --memory=2 v "$HELLO"
    wait_for 10 eval '[[ $(seen) != *" running,"* ]]'
}
stopped_again() { running && ctl stop v; }
with_block() { ctl block create b 2 "$HELLO"; }
with_policy() { ctl policy set p --unikernels=4 --memory=100 --cpus=0; }

# One with a disk, which nobody writes to, and another image than that of the others.
guests=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests
other=$guests/idle.spt
with_disk() { ctl block create b 1 && ctl create --no-start --memory=2 --block=storage:b v "$guests/disk.spt"; }
updated() { running && ctl update v --memory=3 "$other"; }

# A bridge for it.
with_bridge() {
    [ -e /sys/class/net/crash0 ] || { ip link add crash0 type bridge && ip link set crash0 up; }
}
running_with_network() { with_bridge && "${with_network[@]}" >>"$log" 2>&1; }

# One that runs, one that does not, and one that ends while nobody looks.
daemon_away() {
    running
    ctl create --no-start w "$HELLO"
    ctl create --memory=2 x "$HELLO" -- --sleep=600
    with_policy
    local pid
    pid=$(albatrossctl show x -P MainPID)
    systemctl stop -q albatrossd.socket albatrossd.service
    kill "$pid"
}
# As the host has left it: its disk, and nothing of /run.
host_off() {
    daemon_away
    systemctl stop -q albatross-launcher.socket albatross-launcher.service 'albatross-*.scope'
    rm -rf /run/albatross/runs/* /run/albatross/slices/* /run/systemd/system.control/albatross-*
    systemctl daemon-reload
}

# --- the operations

operation() { # VICTIM NAME: sets before, request, may_be, at_gate, once; fails for what does not go together
    may_be=() at_gate='' once=''
    case $2 in
    create) before=: request=(albatrossctl -q create --memory=2 v "$HELLO" -- --sleep=600) ;;
    'create without a start') before=: request=(albatrossctl -q create --no-start v "$HELLO") ;;
    start) before=stopped request=(albatrossctl -q start v) ;;
    'start of one that ended') before=ended request=(albatrossctl -q start v) ;;
    'start of one that was stopped') before=stopped_again request=(albatrossctl -q start v) ;;
    stop) before=running request=(albatrossctl -q stop v) ;;
    'stop of one that ended') before=ended request=(albatrossctl -q stop v) ;;
    destroy) before=running request=(albatrossctl -q destroy v) ;;
    'destroy of one that was stopped') before=stopped_again request=(albatrossctl -q destroy v) ;;
    'block create') before=: request=(albatrossctl -q block create b 2) ;;
    'block create with content') before=: request=(albatrossctl -q block create b 2 "$HELLO") ;;
    'block write') before=with_block request=(albatrossctl -q block write b /usr/bin/true) ;;
    'block remove') before=with_block request=(albatrossctl -q block remove b) ;;
    'policy set') before=: request=(albatrossctl -q policy set p --unikernels=4 --memory=100 --cpus=0) ;;
    'policy set, another one') before=with_policy request=(albatrossctl -q policy set p --unikernels=5 --memory=50) ;;
    'policy remove') before=with_policy request=(albatrossctl -q policy remove p) ;;
    'create with a network') before=with_bridge request=("${with_network[@]}") ;;
    'stop with a network') before=running_with_network request=(albatrossctl -q stop v) ;;
    'destroy with a network') before=running_with_network request=(albatrossctl -q destroy v) ;;
    'destroy with its block device') before=with_disk request=(albatrossctl -q destroy --blocks v) ;;
    'set at once') before=running request=(albatrossctl -q set v --memory=3 --now) ;;
    update) before=running request=(albatrossctl -q update v --memory=3 "$other") ;;
    # Asked for again, it would go forward again.
    rollback) before=updated request=(albatrossctl -q rollback v) once=yes ;;
    restart) before=running request=(albatrossctl -q restart v) ;;
    'restart of the daemon') before=daemon_away at_gate=yes ;;
    boot) before=host_off at_gate=yes ;;
    esac
    if [ -n "$at_gate" ]; then
        request=(systemctl start albatross-launcher.socket albatrossd.socket albatrossd.service)
        [ "$1" = daemon ] || return 1
    fi
    # A start that fails by itself is told, and wanted all the same. One that was told to have
    # succeeded may have ended since, and nobody is left who knows how.
    [[ $1 != launcher || $2 != start* ]] || may_be=('v failed, 2097152 bytes, wanted running')
}
