#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Block devices, clients that mean no good, and ends at the worst moments: each is refused or given
# up, the old content is still there, and nothing is left behind.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"

tools=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system
[ -x "$tools/hostile-descriptor" ] || skip "$tools/hostile-descriptor is not built"
folder=$(mktemp -d)
cd "$folder" || exit 1
state=/var/lib/albatross/v1
block() { albatrossctl block "$@"; }
state_of() { block list --json=short | tr '{' '\n' | sed -nE "s/.*\"Name\":\"$1\".*\"State\":\"([^\"]*)\".*/\1/p"; }
state_is() { [ "$(state_of "$1")" = "$2" ]; }
programs() { pgrep -l albatross-infla; pgrep -l albatross-block; }
is_tidy() { [ -z "$(ls $state/tmp)" ] && [ -z "$(programs)" ]; }

mkdir -p /etc/albatrossd.conf.d
settings TransferIdleSec=1 TransferMaxSec=3
head -c 8M /dev/urandom >full
block create -q d 8 full
inode=$(stat -c %i $state/blocks/d)
untouched() { state_is d idle && [ "$(stat -c %i $state/blocks/d)" = "$inode" ] && cmp -s full $state/blocks/d; }

# --- descriptors ---
descriptor() { # KIND FILE TEXT
    refuse "a descriptor: $1" "$3" "$tools/hostile-descriptor" "$1" "$2" d
}
cp full other
descriptor path other 'O_PATH, not for reading'
descriptor write-only other 'for writing, not for reading'
descriptor folder . 'directory'
descriptor device /dev/zero 'device'
descriptor trickle other 'did not arrive within'
descriptor endless other 'larger than the 8 MiB'
check 'after all of these the device is as it was' wait_for 10 untouched
refuse 'a client that says nothing' 'No progress for 1 s' eval 'sleep 3 | block write d -'
check 'the device is as it was' untouched

"$tools/hostile-descriptor" vanish other d 2>/dev/null
check 'of a client that is gone nothing is taken' wait_for 10 untouched
sleep 1
check '... nor later' untouched
# (Not by the function above, since it is a shell that would be killed then.)
albatrossctl block write -q d other 2>/dev/null &
kill -KILL $! 2>/dev/null
wait
check 'one that is killed at once does no harm' wait_for 10 eval 'state_is d idle && cmp -s full $state/blocks/d'
inode=$(stat -c %i $state/blocks/d)
check 'nothing is left in tmp, nobody runs on' wait_for 10 is_tidy

# --- readers ---
check 'a reader that does not read is given up' eval 'block read d - | { sleep 3; wc -c; } >read; state_is d idle'
check '... and has not got it all' [ "$(cat read)" -lt 8388608 ]
check 'one that hangs up frees it' eval 'block read d - | head -c 1000 >/dev/null; wait_for 10 state_is d idle'
block read -q d - >/dev/full 2>full.log
check 'one that has no place says so' grep -q "can't be written" full.log

check 'the device is idle' wait_for 10 state_is d idle

# --- ends at the worst moment, and no other one than that which comes ---
settings TransferIdleSec=60
mkfifo fifo
begin() { # a write that is half done
    block write d fifo >"log" 2>&1 &
    client=$!
    exec 9>fifo
    head -c 5M other >&9
    check 'one is half written' wait_for 10 state_is d writing
}
finish() { exec 9>&-; wait $client; }

begin
systemctl kill -s KILL albatrossd.service
finish
check 'the daemon is killed: its client is told' [ $? != 0 ]
check '... the old content is still there' wait_for 10 untouched
check '... nothing is left' wait_for 10 is_tidy

begin
systemctl restart albatrossd.service
finish
check 'the daemon is restarted: nothing is left' wait_for 10 eval 'untouched && is_tidy'

begin
systemctl kill -s KILL albatross-launcher.service
check 'the launcher is killed: its client is told' wait_for 10 not kill -0 $client
finish
prints '... why' 'albatross-launcher went away' cat log
check '... and the old content is still there' wait_for 10 eval 'untouched && is_tidy'

begin
kill -KILL "$(pgrep -P "$(main_pid albatrossd)" -x albatross-write)"
exec 9>&-
wait $client
check 'the writer is killed: its client is told' [ $? != 0 ]
prints '... why' 'albatross-writer went away' cat log
check '... and the old content is still there' wait_for 10 eval 'untouched && is_tidy'

begin
pkill -KILL -x albatross-infla
finish
prints 'a program of the transfer is killed: its client is told' 'without a report' cat log
check '... and the old content is still there' wait_for 10 eval 'untouched && is_tidy'

mkfifo out
block read -q d - >out 2>log &
client=$!
exec 9<out
check 'one is half read' wait_for 10 state_is d reading
systemctl kill -s KILL albatrossd.service
check 'the daemon is killed while one is read: that is noticed' eval 'cat <&9 >/dev/null; ! wait $client'
exec 9<&-
check '... and the device is idle' wait_for 10 eval 'untouched && is_tidy'
check 'all goes on' block write d other
check '... and is there' cmp other $state/blocks/d
inode=$(stat -c %i $state/blocks/d)

# --- a full disk ---
block create -q --plain large 64
truncate -s 0 nothing
head -c 64M /dev/urandom >much
free=$(df --output=avail -B1 $state | tail -n 1)
printf '[Albatross]\nDiskReserve=%s\n' $((free - 20971520)) >/etc/albatrossd.conf.d/60-reserve.conf
systemctl restart albatrossd
refuse 'what would leave less than the reserve' 'kept in reserve' block write large much
check '... takes no place' wait_for 10 eval 'is_tidy && [ "$(stat -c %b $state/blocks/large)" = 0 ]'
check 'zeros are no matter' eval 'head -c 64M /dev/zero | block write large -'
printf '[Albatross]\nDiskReserve=%s\n' $((free + 1073741824)) >/etc/albatrossd.conf.d/60-reserve.conf
systemctl restart albatrossd
refuse 'below the reserve nothing is taken in' 'kept in reserve' block write large nothing
refuse '... nor made of' 'kept in reserve' block create more 1 full
check 'the sparse can be made' block create more 1
rm /etc/albatrossd.conf.d/60-reserve.conf
systemctl restart albatrossd

# Each asks before each 8 MiB, and there are four of them.
small=/srv/albatross-small
mkdir -p $small /run/systemd/system/albatrossd.service.d
mount -t tmpfs -o size=320M,mode=700 small $small
printf '[Service]\nReadWritePaths=%s\n' $small >/run/systemd/system/albatrossd.service.d/50-small.conf
printf '[Albatross]\nBlockPath=%s\nDiskReserve=100M\n' $small >/etc/albatrossd.conf.d/60-reserve.conf
systemctl daemon-reload
systemctl restart albatrossd
for i in {1..4}; do block create -q "s$i" 64; done
for i in {1..4}; do block write -q "s$i" much >"reserve.$i" 2>&1 & done
least=$((1 << 40))
while [ -n "$(jobs -rp)" ]; do
    now=$(df --output=avail -B1 $small | tail -n 1)
    [ "$now" -ge "$least" ] || least=$now
done
check 'of four that are written at once, not all have their place' grep -q 'kept in reserve' reserve.*
check '... and the reserve stays' [ "$least" -ge $((68 << 20)) ]
check '... what they took comes back' wait_for 10 eval '[ "$(df --output=avail -B1M $small | tail -n 1)" -ge 100 ]'
# Which of them had theirs is chance. A large one gives its place back soon after the answer.
for i in {1..4}; do block remove -q "s$i"; done
check '... of those that are removed, too' wait_for 10 eval '[ "$(df --output=avail -B1M $small | tail -n 1)" -ge 315 ]'
for i in {1..4}; do block create -q "s$i" 64; done
for i in {1..3}; do check "number $i after the other has" block write "s$i" much; done
rm -r /etc/albatrossd.conf.d/60-reserve.conf /run/systemd/system/albatrossd.service.d
systemctl daemon-reload
systemctl restart albatrossd
umount $small

# --- files that are swapped behind our back ---
truncate -s 2M $state/blocks/more
refuse 'a file of another size is not read' 'another size than it had' block read more -
refuse '... and there is a way out' 'restart albatrossd.service' block read more -
mv $state/blocks/more moved
mkdir $state/blocks/more
refuse 'no file is not read' 'no regular file any more' block read more -
refuse '... nor replaced' 'The block device more could not be written: Is a directory' block write more nothing
rmdir $state/blocks/more
refuse 'nor one that is gone' 'blocks/more of the block device' block read more -
check 'which can be written anew' eval ': | block write more -'
check '... and is there' eval 'block read more - | cmp -n 1048576 - /dev/zero'

# --- odd files ---
block create -q odd 1
touch "$state/blocks/Upper" "$state/blocks/-dash"
mkdir $state/blocks/folder
ln -s odd $state/blocks/link
truncate -s 1000 $state/blocks/short
ln $state/blocks/odd $state/blocks/second
systemctl restart albatrossd
check 'what is no device is put aside' wait_for 10 eval '[ "$(ls $state/blocks | paste -sd " ")" = "d large more" ]'
check '... not lost' [ "$(find $state/quarantine -mindepth 1 | wc -l)" = 7 ]
prints '... and said so' "Upper can't be used (its name is none of a block device)" journal -u albatrossd
check 'the others can be used' eval 'block read d - | cmp - other'


# --- again and again ---
sleep 1
daemon_fds=$(n_fds albatrossd) launcher_fds=$(n_fds albatross-launcher)
for _ in {1..5}; do
    for kind in path write-only folder device endless; do "$tools/hostile-descriptor" $kind other d; done
    block read d - | head -c 1000
    block write d full
    block write d other
    block read --compress d -
done >/dev/null 2>&1
check 'of many transfers no descriptor is left in the daemon' wait_for 10 eval '[ "$(n_fds albatrossd)" -le "$daemon_fds" ]' ||
    echo "$daemon_fds, now $(n_fds albatrossd)" >&3
check '... nor in the launcher' wait_for 10 eval '[ "$(n_fds albatross-launcher)" -le "$launcher_fds" ]' ||
    echo "$launcher_fds, now $(n_fds albatross-launcher)" >&3
check '... nor anything else' is_tidy
check 'all are removed' eval 'for name in $(block list -q); do block remove -q "$name" || exit; done'
equal 'nothing is left' '' "$(find $state/blocks $state/tmp -mindepth 1)"
rm -r $state/quarantine/*
settings
cd / && rm -r "$folder"
