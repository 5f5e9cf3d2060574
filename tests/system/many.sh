#!/bin/bash
# SPDX-License-Identifier: ISC
#
# More unikernels than dbus-daemon allows PID 1 match rules (512): one for each would throw it off
# the bus. And PID 1 executed anew in the middle of starts.
# rig: own
# timeout: 500
. "$(dirname "$0")/lib.sh"

for i in {1..560}; do echo "n$i"; done >"$test_output.names"
check '560 are created' timeout 240 xargs -a "$test_output.names" -P 4 -I{} \
    albatrossctl -q create --memory=2 {} "$HELLO" -- --sleep=600
equal 'and run' 560 "$(albatrossctl list --no-legend | grep -c running)"
check 'systemd is still on the bus' busctl status org.freedesktop.systemd1
check 'and was never off it' not sh -c 'journalctl -q _PID=1 | grep -q "disconnect on API bus"'
check 'all can be destroyed' timeout 120 xargs -a "$test_output.names" albatrossctl -q destroy
check 'no scope is left' wait_for 10 eval '! systemctl list-units --all --plain --no-legend "albatross-*.scope" | grep -q .'

for i in {1..6}; do
    (
        timeout 20 albatrossctl -q create --memory=2 "again$i" "$HELLO" -- --sleep=600 2>/dev/null
        echo $? >>"$test_output.status"
    ) &
    systemctl daemon-reexec
    wait
done
check 'PID 1 executed anew: each create is answered' not grep -qv '^[01]$' "$test_output.status"
check 'and the next one works' wait_for 10 albatrossctl -q create --memory=2 after "$HELLO" -- --sleep=600
xargs albatrossctl -q destroy < <(albatrossctl list -q)
equal 'the daemon has never restarted' 0 "$(systemctl show -P NRestarts albatrossd)"
rm -f "$test_output".*
