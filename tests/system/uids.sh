#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What runs may have every uid that there is: then nothing more starts, and all else goes on.
# rig: own
. "$(dirname "$0")/lib.sh"

mkdir -p /etc/albatrossd.conf.d
printf '[Albatross]\nUidRange=61184-61189\n' >/etc/albatrossd.conf.d/few.conf
systemctl restart albatrossd
for i in {1..6}; do
    check "unikernel $i of a range of six uids is taken in" albatrossctl -q create --no-start --memory=2 "u$i" "$HELLO" -- --sleep=600
done
for i in {1..6}; do albatrossctl -q start "u$i"; done
refuse 'there is no room for a seventh' 'the machine has room for 6' albatrossctl create u7 "$HELLO"
check 'the daemon restarts with none left' timeout 10 systemctl restart albatrossd
equal 'and knows all six' 6 "$(albatrossctl list --no-legend | grep -c running)"
check 'one can be stopped' albatrossctl -q stop u1
check 'and started again with the uid that is free' wait_for 2 albatrossctl -q start u1

writer() { pgrep -P "$(systemctl show -P MainPID albatrossd)" albatross-write; }
albatrossctl -q stop u2 u3
kill -KILL "$(writer)"
check 'with another writer, too' wait_for 2 albatrossctl -q start u2
check 'all can be destroyed' albatrossctl -q destroy u1 u2 u3 u4 u5 u6
