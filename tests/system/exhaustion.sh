#!/bin/bash
# SPDX-License-Identifier: ISC
#
# With hardly a descriptor left: what can't be done is refused, what runs runs on, nothing spins or
# crashes, and with descriptors back all is as before.
# rig: own
# timeout: 400
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

client=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system/hostile-client
[ -x "$client" ] || skip "$client is not built"
cp "$client" "$test_output.client" && chmod 755 "$test_output.client" && client=$test_output.client
ticks() { awk '{print $14 + $15}' "/proc/$(main_pid "$1")/stat"; }
limit() { prlimit --pid "$(main_pid "$1")" --nofile="$2:"; }
# Clock ticks of 10 ms that the service needs in a second.
busy() { # UNIT
    local before
    before=$(ticks "$1")
    sleep 1
    echo $(($(ticks "$1") - before))
}
knock() { # SOCKET: connects as often as its backlog takes, and waits
    timeout 3 "$client" knock "$1" 20 &
}

check 'one runs' albatrossctl create --memory=2 runs "$HELLO" -- --sleep=600
invariants_note
normal=$(prlimit --noheadings --pid "$(main_pid albatrossd)" --nofile -o SOFT)
network_normal=$(prlimit --noheadings --pid "$(main_pid albatross-network)" --nofile -o SOFT)
launcher_normal=$(prlimit --noheadings --pid "$(main_pid albatross-launcher)" --nofile -o SOFT)

# --- connections that can't be accepted
limit albatrossd 3
knock /run/albatross/bus
sleep 0.2
check 'root waits for the daemon to have descriptors, which does not spin' [ "$(busy albatrossd)" -lt 20 ]
limit albatrossd "$normal"
wait
check 'with some again, root is served' timeout 5 albatrossctl list
limit albatross-launcher 3
knock /run/albatross/launcher
sleep 0.2
check 'the same with the launcher' [ "$(busy albatross-launcher)" -lt 20 ]
limit albatross-launcher "$launcher_normal"
wait
limit albatross-network 3
knock /run/albatross/network
sleep 0.2
check 'and with the network service' [ "$(busy albatross-network)" -lt 20 ]
limit albatross-network "$network_normal"
wait
check 'with some again, one can be created' timeout 5 albatrossctl create --memory=2 more "$HELLO"
check 'and destroyed' albatrossctl destroy more
check 'all is as it should be' invariants

# --- few of them, and many who want some
storm() {
    local i
    for i in {1..8}; do
        timeout 10 albatrossctl -q create --memory=2 "s$i" "$HELLO" -- --sleep=600 &
        timeout 10 albatrossctl -q list &
        timeout 1 albatrossctl -q console -f runs &
        timeout 10 albatrossctl -q get-image runs - | cat &
    done
    as alice timeout 5 "$client" stuff 20 &
    timeout 5 "$client" stuff 20 &
    wait
} >/dev/null 2>&1
# As many as it has anyhow, and some more.
for more in 0 2 4 9 18 100; do
    n=$((noted_daemon_fds + more))
    pid=$(main_pid albatrossd)
    limit albatrossd "$n"
    storm
    equal "$n descriptors: the daemon outlives a storm of clients" "$pid" "$(main_pid albatrossd)"
    [ $more -lt 4 ] || check '  root is heard' wait_for 10 timeout 5 albatrossctl -q list
    limit albatrossd "$normal"
    check '  with more, everybody is served' wait_for 10 as alice timeout 5 albatrossctl -q list
    xargs -r albatrossctl -q destroy < <(albatrossctl list -q | grep '^s')
    check '  all is as it should be' invariants
done

# --- none at all, for longer than the watchdog waits

mkdir -p /run/systemd/system/albatrossd.service.d
printf '[Service]\nWatchdogSec=2\n' >/run/systemd/system/albatrossd.service.d/50-test.conf
systemctl daemon-reload
systemctl restart albatrossd
invariants_note
pid=$(main_pid albatrossd)
limit albatrossd 3
sleep 5
equal 'a daemon without a descriptor is no dead one' "$pid" "$(main_pid albatrossd)"
kill -STOP "$pid"
check 'one that does not turn is' wait_for 10 eval '[ "$(main_pid albatrossd)" != "$pid" ]'
rm -r /run/systemd/system/albatrossd.service.d
systemctl daemon-reload
systemctl restart albatrossd
check 'and another one serves' wait_for 10 timeout 5 albatrossctl list
invariants_note

# --- the launcher
for n in 12 20 40; do
    pid=$(main_pid albatross-launcher)
    limit albatross-launcher "$n"
    storm
    equal "$n descriptors: the launcher outlives it, too" "$pid" "$(main_pid albatross-launcher)"
    limit albatross-launcher "$launcher_normal"
    xargs -r albatrossctl -q destroy < <(albatrossctl list -q | grep '^s')
    check '  all is as it should be' invariants
done

# --- from the start on
mkdir -p /run/systemd/system/albatrossd.service.d
for n in 24 32 64; do
    printf '[Service]\nLimitNOFILE=%s\n' "$n" >/run/systemd/system/albatrossd.service.d/50-test.conf
    systemctl daemon-reload
    systemctl reset-failed albatrossd
    before=$(journal_end)
    if timeout 20 systemctl restart albatrossd; then
        check "the daemon starts with $n descriptors and serves" timeout 5 albatrossctl list
        storm
        equal '  it has not crashed' 0 "$(systemctl show -P NRestarts albatrossd)"
    else
        prints "the daemon does not start with $n descriptors and says why" 'Too many open files' \
            journal -t albatrossd --since="$before"
    fi
    xargs -r albatrossctl -q destroy < <(albatrossctl list -q | grep '^s')
done
rm -r /run/systemd/system/albatrossd.service.d
systemctl daemon-reload
systemctl stop albatrossd albatrossd.socket
systemctl reset-failed albatrossd
check 'with all it can have it starts' systemctl start albatrossd.socket albatrossd
invariants_note
check 'the first one has run all the time' albatrossctl status runs
check 'all is as it should be' invariants
check 'nothing has crashed' not eval \
    'journalctl -b --no-pager -o cat -u albatrossd -u albatross-launcher | grep -E "SEGV|dumped core|[Aa]ssert"'
equal 'and none was killed but that one' 1 \
    "$(journalctl -b --no-pager -o cat -u albatrossd -u albatross-launcher | grep -c '/ABRT')"
# Also what was made while the daemon was too short of descriptors to say so, or to list it.
xargs -r albatrossctl -q destroy < <(albatrossctl list -q)
rm -f "$test_output".*
