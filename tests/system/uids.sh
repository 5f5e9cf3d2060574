#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What runs may have every uid that there is: then nothing more starts, and all else goes on.
# rig: own
. "$(dirname "$0")/lib.sh"

mkdir -p /etc/albatrossd.conf.d
printf '[Albatross]\nUidRange=61184-61189\n' >/etc/albatrossd.conf.d/few.conf
systemctl restart albatrossd
for i in {1..7}; do
    check "unikernel $i of a range of six uids is taken in" albatrossctl -q create --no-start --memory=2 "u$i" "$HELLO" -- --sleep=600
done
for i in {1..6}; do albatrossctl -q start "u$i"; done
refuse 'a seventh does not start' 'All uids' albatrossctl start u7
check 'the daemon restarts with none left' timeout 10 systemctl restart albatrossd
equal 'and knows all six' 6 "$(albatrossctl list --no-legend | grep -c running)"
check 'one can be stopped' albatrossctl -q stop u1
check 'and its uid be used' wait_for 2 albatrossctl -q start u7

writer() { pgrep -P "$(systemctl show -P MainPID albatrossd)" albatross-write; }
albatrossctl -q stop u2 u3
kill -KILL "$(writer)"
check 'with another writer, too' wait_for 2 albatrossctl -q start u2
check 'all can be destroyed' albatrossctl -q destroy u1 u2 u3 u4 u5 u6 u7
