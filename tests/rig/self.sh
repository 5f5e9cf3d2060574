#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Tests of the rig itself, run where it is used: on the machine that it must not change. It is
# written with the library of the system tests; tools/check calls it.
. "$(dirname "$0")/../system/lib.sh"
top=$(realpath "$(dirname "$0")/../..")
build=$top/build/check/gcc
rig=("$top/tools/rig" "--build-dir=$build")
place=$(mktemp -d)

status_of() { # STATUS COMMAND...
    local want=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$want" ] || { echo "status $got"; return 1; }
}

check 'runs a command and says that it ended well' "${rig[@]}" -- true
check 'returns the status of the command' status_of 77 "${rig[@]}" -- sh -c 'exit 77'
check 'returns a status for a command that a signal ended' not "${rig[@]}" -- sh -c 'kill -9 $$'
prints 'PID 1 is systemd and all units are up' running "${rig[@]}" -- systemctl is-system-running
prints 'passes quotes, spaces and dollars on' '<a  b> <$HOME> <"> <*>' \
    "${rig[@]}" -- printf '<%s> ' 'a  b' '$HOME' '"' '*'
equal 'passes stdin and stdout on' 'some text' "$("${rig[@]}" -- cat <<<'some text')"
check 'users are there to play tenants' "${rig[@]}" -- sh -c 'for u in alice bob carol; do runuser -u $u -- true || exit; done'
check 'polkit answers, and refuses a user' "${rig[@]}" -- sh -c \
    '! runuser -u alice -- systemctl --no-ask-password start dbus.service && systemctl is-active polkit'
check 'no unit has failed' "${rig[@]}" -- sh -c '[ -z "$(systemctl --failed --no-legend)" ]'
check 'what the package enables runs' "${rig[@]}" -- systemctl is-active albatrossd.service albatrossd.socket

# It changes nothing out here.
check 'a file written in there is not seen out here' "${rig[@]}" -- touch /etc/albatross-rig-test "$top/albatross-rig-test"
check '... neither in /etc nor in the checkout' not ls /etc/albatross-rig-test "$top/albatross-rig-test"
check 'sysctls of the machine can not be changed' "${rig[@]}" -- sh -c '! echo 1 >/proc/sys/kernel/printk'
check 'its interfaces are not those out here' "${rig[@]}" -- sh -c 'ip link add albatross-rig0 type bridge'
check '... and do not appear' not ip link show albatross-rig0
check 'its journal begins with it' "${rig[@]}" -- sh -c '[ "$(journalctl --no-pager -o cat --list-boots | wc -l)" = 1 ]'
mkdir "$place/state"
check 'binds a folder elsewhere' "${rig[@]}" -b "$place/state:/var/lib/albatross/elsewhere" -- \
    touch /var/lib/albatross/elsewhere/kept
check '... where what is written stays' test -e "$place/state/kept"
refuse 'refuses to bind what is not there' 'nothing there to bind' "${rig[@]}" -b "$place/nothing" -- true
refuse 'refuses an option that it does not know' 'no such option' "${rig[@]}" --wm -- true
check 'tools/check refuses what is none of its tests' status_of 2 "$top/tools/check" unit lifecicle
check '... nor is the library of the system tests one' status_of 2 "$top/tools/check" lib
refuse 'wants a command where there is no terminal' 'no command given' "${rig[@]}"

# It leaves nothing behind, however it ends. Other rigs may be running here: what is looked at is the
# cgroup of this one, found by a process in it that no other rig has.
[ "$(id -u)" = 0 ] || skip 'sending signals to a rig that sudo has started needs root'
cgroup_of() { # PID
    sed -n 's,^0::.*\(/albatross-rig\.[0-9]*\).*,\1,p' "/proc/$1/cgroup"
}
find_cgroup() { # NAME
    find /sys/fs/cgroup -type d -path "*$1" | head -n 1
}
for signal in TERM INT HUP KILL; do
    marker=1000.$$$RANDOM
    # In a session of its own, as a terminal would have it, where none of them is ignored, as they are
    # in the background, or under nohup(1).
    setsid env --default-signal=TERM,INT,HUP "${rig[@]}" -b "$place" -- sh -c "touch $place/up; exec sleep $marker" &
    pid=$!
    check 'it is up' wait_for 60 test -e "$place/up"
    rm -f "$place/up"
    name=$(cgroup_of "$(pgrep -f "^sleep $marker\$")")
    cgroup=$(find_cgroup "$name")
    processes=$(find "$cgroup" -name cgroup.procs -exec cat {} + | grep -vx 0)
    check '... with a cgroup and processes of its own' test -n "$name" -a "$(wc -w <<<"$processes")" -ge 3
    kill -$signal $pid
    wait $pid 2>/dev/null
    gone() {
        local p
        for p in $processes; do [ ! -e "/proc/$p" ] || return 1; done
    }
    check "no process is left after SIG$signal" wait_for 10 gone
    # Killed, it could not take its cgroup away: the next one does.
    [ $signal != KILL ] || "${rig[@]}" -- true
    equal "no cgroup is left after SIG$signal" '' "$(find_cgroup "$name")"
done
check 'no mount is left' not grep -q albatross-rig /proc/mounts
rm -rf "$place"
