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
refuse 'an ordinary user has no way in' 'bus' as alice albatrossctl list

systemctl start dbus.socket dbus.service
check 'with the bus back, everybody is served' wait_for 5 as alice albatrossctl list
equal 'nothing was lost' "$pid" "$(albatrossctl show before -P MainPID)"
systemctl restart dbus.service
check 'a bus that restarts is found again' wait_for 5 as alice albatrossctl list
check 'and all can be destroyed' albatrossctl destroy before meanwhile
