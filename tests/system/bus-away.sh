#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Without a message bus root's albatrossctl works on, and with a new one everybody's does.
# rig: own
. "$(dirname "$0")/lib.sh"

albatrossctl create --memory=2 before "$HELLO" -- --sleep=600 >/dev/null
pid=$(albatrossctl show before -P MainPID)
systemctl stop dbus.socket dbus.service
check 'the bus is away' wait_for 5 not systemctl is-active -q dbus.service
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
    check "no scope is left of a create that PID 1 forgot ($i)" wait_for 5 eval \
        "! systemctl list-units --all --plain --no-legend 'albatross-reexec*.scope' | grep -q ."
done
check 'and another one is made' wait_for 10 timeout 5 albatrossctl create --memory=2 more "$HELLO"
check 'and goes' albatrossctl destroy more
rm -f "$test_output.create"

refuse 'an ordinary user has no way in' 'bus' as alice albatrossctl list

systemctl start dbus.socket dbus.service
check 'with the bus back, everybody is served' wait_for 5 as alice albatrossctl list
equal 'nothing was lost' "$pid" "$(albatrossctl show before -P MainPID)"
systemctl restart dbus.service
check 'a bus that restarts is found again' wait_for 5 as alice albatrossctl list
check 'and all can be destroyed' albatrossctl destroy before meanwhile
