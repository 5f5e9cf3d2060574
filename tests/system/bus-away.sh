#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Without a message bus root's albatrossctl works on, and with a new one everybody's does.
# rig: own
# timeout: 120
. "$(dirname "$0")/lib.sh"

albatrossctl create --memory=2 before "$HELLO" -- --sleep=600 >/dev/null
pid=$(albatrossctl show before -P MainPID)

# While it goes, some wait for an answer from over it, and others come.
ask_metrics() { "$(dirname "$0")/metrics-client.py" "$@"; }
without_bus() { # ACCEPT
    ask_metrics get-unix "$1" >"$test_output.metrics" && grep -qx 'albatross_up 0' "$test_output.metrics"
}
systemctl start albatross-metrics.socket
check 'metrics are there' ask_metrics get ''
metrics=$(main_pid albatross-metrics)
kill -STOP "$(main_pid albatrossd)"
: >"$test_output.codes"
asking=()
for ((i = 0; i < 8; i++)); do
    { sleep "0.$((i / 2))"; ask_metrics "get$( ((i % 2)) && echo -unix)" '' 2>&1 | head -n 1 >>"$test_output.codes"; } &
    asking+=($!)
done
sleep 0.4
systemctl stop dbus.socket dbus.service
kill -CONT "$(main_pid albatrossd)"
wait "${asking[@]}"
equal 'who asks for metrics while the bus goes is answered' 8 "$(grep -c '^200 ' "$test_output.codes")"
check 'the bus is away' wait_for 10 not systemctl is-active -q dbus.service
check '... and who asks then, too' eval 'wait_for 10 without_bus "" && without_bus "application/openmetrics-text;version=1.0.0"'
equal '... by the same who goes on' "$metrics" "$(main_pid albatross-metrics)"
systemctl stop albatross-metrics.socket albatross-metrics.service
rm -f "$test_output".*
equal 'what runs runs' "$pid" "$(albatrossctl show before -P MainPID)"
check 'create works' albatrossctl create --memory=2 meanwhile "$HELLO" -- --sleep=600
equal 'in a scope' active "$(systemctl is-active albatross-meanwhile.scope)"
check 'stop works' albatrossctl stop meanwhile
check 'the daemon starts without a bus' systemctl restart albatrossd
check 'and the bus is still away' not systemctl is-active -q dbus.service
equal 'it has found what runs' "$pid" "$(albatrossctl show before -P MainPID)"
check 'start works' albatrossctl start meanwhile

# Without a bus only PID 1's own socket leads to it, and that one is another afterwards.
check 'PID 1 is executed anew meanwhile' systemctl daemon-reexec
check 'what runs can be stopped' wait_for 10 timeout 5 albatrossctl stop meanwhile
check 'and started' wait_for 10 timeout 5 albatrossctl start meanwhile
equal 'in a scope' active "$(systemctl is-active albatross-meanwhile.scope)"
for i in 1 2 3; do
    albatrossctl create --memory=2 "reexec$i" "$HELLO" -- --sleep=600 >"$test_output.create" 2>&1 &
    creates=$!
    systemctl daemon-reexec
    wait $creates || cat "$test_output.create"
    sleep 0.7
    albatrossctl -q destroy "reexec$i" 2>/dev/null
    check "no scope is left of a create that PID 1 forgot ($i)" wait_for 10 eval \
        "! systemctl list-units --all --plain --no-legend 'albatross-reexec*.scope' | grep -q ."
done
check 'and another one is made' wait_for 10 timeout 5 albatrossctl create --memory=2 more "$HELLO"
check 'and goes' albatrossctl destroy more
rm -f "$test_output.create"

refuse 'an ordinary user has no way in' 'bus' as alice albatrossctl list

systemctl start dbus.socket dbus.service
check 'with the bus back, everybody is served' wait_for 10 as alice albatrossctl list
equal 'nothing was lost' "$pid" "$(albatrossctl show before -P MainPID)"
systemctl restart dbus.service
check 'a bus that restarts is found again' wait_for 10 as alice albatrossctl list
check 'and all can be destroyed' albatrossctl destroy before meanwhile
