#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What runs may have every uid that there is: then nothing more starts, and all else goes on. And who
# has which is known to a launcher that comes after one that was killed.
# rig: own
# timeout: 120
. "$(dirname "$0")/lib.sh"

settings UidRange=61184-61189
for i in {1..6}; do
    check "unikernel $i of a range of six uids is taken in" albatrossctl -q create --no-start --memory=2 "u$i" "$HELLO" -- --sleep=600
done
for i in {1..6}; do albatrossctl -q start "u$i"; done
refuse 'there is no room for a seventh' 'the machine has room for 6' albatrossctl create u7 "$HELLO"
check 'the daemon restarts with none left' timeout 10 systemctl restart albatrossd
equal 'and knows all six' 6 "$(albatrossctl list --no-legend | grep -c running)"
check 'one can be stopped' albatrossctl -q stop u1
check 'and started again with the uid that is free' wait_for 10 albatrossctl -q start u1

albatrossctl -q stop u2 u3
kill -KILL "$(writer)"
check 'with another writer, too' wait_for 10 albatrossctl -q start u2
check 'all can be destroyed' albatrossctl -q destroy u1 u2 u3 u4 u5 u6

# --- uids that NSS knew, or said to know, when the daemon started

create() { timeout 20 albatrossctl -q create --memory=2 "$1" "$HELLO" -- --sleep=600; }
for uid in {61184..61243}; do echo "taken$uid:x:$uid:65534::/:/bin/false"; done >>/etc/passwd
check 'the daemon starts when all uids are those of others' settings UidRange=61184-61243
refuse 'then nothing can be started' 'All uids for unikernels are in use' create u1
refuse 'nor a second time' 'All uids for unikernels are in use' create u1
sed -i '/^taken/d' /etc/passwd
# The tender, which could not be asked for lack of uids, is asked again.
sleep 0.1
look_up=$(look_up)
kill -STOP "$look_up"
create u1 >"$test_output.one" 2>&1 &
one=$!
create u2 >"$test_output.two" 2>&1 &
two=$!
sleep 0.5
check 'when they are not any more they are asked about again' kill -0 $one $two
kill -CONT "$look_up"
check 'which a create waits for' wait $one
check 'and another one' wait $two
rm -f "$test_output".*
check 'both go' albatrossctl -q destroy u1 u2
for uid in {61184..61243}; do echo "taken$uid:x:$uid:65534::/:/bin/false"; done >>/etc/passwd
systemctl restart albatrossd
create u1 >"$test_output.one" 2>&1 &
sleep 0.5
sed -i '/^taken/d' /etc/passwd
check 'nor is one refused whom NSS kept waiting for a moment' wait $!
check 'it goes' albatrossctl -q destroy u1
rm -f "$test_output".*

for uid in {61184..61243}; do echo "taken$uid:x:$uid:65534::/:/bin/false"; done >>/etc/passwd
systemctl restart albatrossd
program=/usr/libexec/albatross/albatross-look-up
unanswered() { journal -t albatrossd | grep -c "Can't look up which uids are free"; }
before=$(unanswered)
mv $program $program.away
ln -s /bin/false $program
kill -KILL "$(look_up)"
refuse 'when nobody can say which are free, who needs one is told in the end' 'All uids for unikernels are in use' create u1
after=$(unanswered)
check '... which is known' [ "$after" -gt "$before" ]
check '... and not asked about in a loop' [ "$((after - before))" -lt 60 ]
mv $program.away $program
sed -i '/^taken/d' /etc/passwd
check 'with somebody who can, it starts' create u1
check 'it goes' albatrossctl -q destroy u1
settings UidRange=61184-61189

# --- a launcher that is killed

lock=/run/systemd/dynamic-uid
for name in one two; do
    check 'two run' albatrossctl -q create --memory=2 $name "$HELLO" -- --sleep=600
done
one=$(albatrossctl show one -P UID) two=$(albatrossctl show two -P UID)
: >$lock/61300
check 'the launcher is killed' replace albatross-launcher
check 'the uid of what runs is locked again' uid_is_locked "$one"
check 'that of the other, too' uid_is_locked "$two"
check 'a lock of nobody is removed' [ ! -e $lock/61300 ]
check 'what has survived can be stopped' albatrossctl -q stop one
check 'then its uid is free' wait_for 10 [ ! -e "$lock/$one" ]
check 'a launcher that replaces itself' systemctl reload albatross-launcher.service
check 'has the lock of what an earlier one has left' wait_for 10 uid_is_locked "$two"
check 'and gives it back with the end of that' albatrossctl -q destroy one two
check 'then nothing is left' wait_for 10 no_uid_is_lent
