#!/bin/bash
# SPDX-License-Identifier: ISC
#
# One unikernel from its creation to its end, as a user sees it.
. "$(dirname "$0")/lib.sh"

prints 'create prints the full name' 'life' albatrossctl create life "$HELLO" -- --sleep=600 one two
prints 'list shows it running' 'running' albatrossctl list --no-legend
check 'status of something running ends with 0' albatrossctl status life
prints 'systemd knows its scope' 'active' systemctl is-active albatross-life.scope
equal 'its scope lies in the slice of its path' albatross.slice \
    "$(systemctl show -P Slice albatross-life.scope)"
equal 'its process is alone in its scope' "$(albatrossctl show life -P MainPID)" \
    "$(cat /sys/fs/cgroup/albatross.slice/albatross-life.scope/cgroup.procs)"
equal 'ControlGroup is where systemd put it' "$(systemctl show -P ControlGroup albatross-life.scope)" \
    "$(albatrossctl show life -P ControlGroup)"

pid=$(albatrossctl show life -P MainPID)
uid=$(albatrossctl show life -P UID)
equal 'it runs as a uid of the range, and as no other' "$uid $uid $uid $uid" \
    "$(awk '/^Uid:/ {print $2, $3, $4, $5}' "/proc/$pid/status")"
check 'that uid is in the dynamic range' [ "$uid" -ge 61184 -a "$uid" -le 65519 ]
equal 'it has no capability' '0000000000000000 0000000000000000 0000000000000000 0000000000000000' \
    "$(awk '/^Cap(Inh|Prm|Eff|Amb):/ {print $2}' "/proc/$pid/status" | xargs)"
equal 'it can gain no privilege' 1 "$(awk '/^NoNewPrivs:/ {print $2}' "/proc/$pid/status")"
check 'its arguments are not in /proc' not grep -qa two "/proc/$pid/cmdline"
check 'its uid is locked as systemd locks dynamic ones' uid_is_locked "$uid"

check 'start of something running is a success' albatrossctl start life
check 'stop ends it' albatrossctl stop life
equal 'it is stopped then' stopped "$(albatrossctl show life -P State)"
equal 'which was asked for' stopped "$(albatrossctl show life -P ExitResult)"
check 'its scope is gone' wait_for 10 not systemctl is-active -q albatross-life.scope
check 'its uid is free again' wait_for 10 [ ! -e "/run/systemd/dynamic-uid/$uid" ]
albatrossctl status life >/dev/null
equal 'status of something stopped ends with 3' 3 $?
check 'stop of something stopped is a success' albatrossctl stop life
check 'it starts again' albatrossctl start life
equal 'and runs' running "$(albatrossctl show life -P State)"
prints 'destroy --dry-run only says so' 'Would destroy life' albatrossctl destroy --dry-run life
equal 'in a form that can be typed back' 'Would destroy :life' "$(albatrossctl -p other destroy --dry-run :life)"
equal 'also with its disks' 'Would destroy life and its block devices' "$(albatrossctl destroy --blocks --dry-run life)"
equal 'and it runs on' running "$(albatrossctl show life -P State)"
check 'destroy ends and removes it' albatrossctl destroy life
albatrossctl status life >/dev/null 2>&1
equal 'status of something unknown ends with 4' 4 $?
refuse 'destroy of something gone is refused' 'no unikernel "life"' albatrossctl destroy life

equal 'create --dry-run only says so' 'Would create later' "$(albatrossctl create --dry-run later "$HELLO")"
equal 'so it does with --force' 'Would create later' "$(albatrossctl create --force --dry-run later "$HELLO")"
check 'create --no-start does not start' albatrossctl create --no-start later "$HELLO"
equal 'it is stopped' stopped "$(albatrossctl show later -P State)"
check 'and has no scope' not systemctl is-active -q albatross-later.scope
refuse 'create --dry-run of what is there is refused' 'exists already' albatrossctl create --dry-run later "$HELLO"
equal 'with --force it would be updated' 'Would update later' "$(albatrossctl create --force --dry-run later "$HELLO")"
equal 'and was not' stopped "$(albatrossctl show later -P State)"
prints 'destroy removes it as well, and says where its words are' 'journalctl -u albatross-later.scope' \
    albatrossctl destroy later
check 'another' albatrossctl create --no-start later "$HELLO"
prints 'destroy says that block devices are kept' 'Block devices are kept' albatrossctl destroy later
check 'and another' albatrossctl create --no-start later "$HELLO"
check 'but not where they go, too' eval '! albatrossctl destroy --blocks later 2>&1 | grep "are kept"'

albatrossctl create --console ends "$HELLO" -- --exit=42 >/dev/null
equal 'create --console ends with the status of the unikernel' 42 $?
equal 'which has failed' failed "$(albatrossctl show ends -P State)"
equal 'its status is kept' 42 "$(albatrossctl show ends -P ExitStatus)"
check 'it can be destroyed' albatrossctl destroy ends

albatrossctl create well "$HELLO" >/dev/null
check 'an exit with 0 is no failure' wait_for 10 eval '[ "$(albatrossctl show well -P State)" = stopped ]'
check 'it can be destroyed, too' albatrossctl destroy well

check 'a gzipped image is taken' sh -c "gzip -c $HELLO | albatrossctl create --no-start packed -"
check 'and comes out as it was before' sh -c "albatrossctl get-image packed - | cmp - $HELLO"
check 'the same image twice is stored once' albatrossctl create --no-start again "$HELLO"
equal 'one file' 1 "$(find /var/lib/albatross/v1/images -type f | wc -l)"
check 'the first goes' albatrossctl destroy packed
equal 'the file stays for the second' 1 "$(find /var/lib/albatross/v1/images -type f | wc -l)"
check 'the second goes' albatrossctl destroy again
check 'and with it the file' wait_for 10 eval '[ "$(find /var/lib/albatross/v1/images -type f | wc -l)" = 0 ]'

# An image whose last user goes while it is taken in for another one.
albatrossctl -q create --no-start first "$HELLO"
mkfifo "$test_output.image"
timeout 20 albatrossctl -q create --memory=2 second - -- --sleep=600 <"$test_output.image" &
second=$!
exec 5>"$test_output.image"
head -c 5000 "$HELLO" >&5
check 'while its image is on its way for another one' wait_for 10 pgrep -x albatross-store
check 'one is destroyed' albatrossctl destroy first
check 'and its image removed' wait_for 10 eval '[ "$(find /var/lib/albatross/v1/images -type f | wc -l)" = 0 ]'
tail -c +5001 "$HELLO" >&5
exec 5>&-
rm "$test_output.image"
check 'the other one is made' wait $second
equal 'and runs' running "$(albatrossctl show second -P State)"
check 'by the whole image' sh -c "albatrossctl get-image second - | cmp - $HELLO"
check 'it goes' albatrossctl destroy second
