#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Unikernels with block devices, which are theirs from one life to the next.
# rig: own
# timeout: 240
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

disk=$RIG_BUILD/tests/guests/disk.spt
[ -e "$disk" ] || skip "$disk is not built"
block() { albatrossctl -q block "$@"; }
# As cksum(1) has it: the sum and the size.
sum_of() { albatrossctl block read "$1" - | cksum; }
run() { # NAME [OPTION...] [-- ARG...]
    timeout 20 albatrossctl -q create --console --memory=2 "$@"
}
state_of() { albatrossctl block list --json=short | grep -o "\"Name\":\"$1\"[^}]*" | grep -o '"State":"[^"]*"' | cut -d'"' -f4; }
check 'the daemon is there' albatrossctl list
invariants_note

# --- what an image wants

refuse 'without a block device it is said what is wanted' 'Give it: --block=storage' run one "$disk"
refuse 'one that is not there' 'There is no block device data' run --block=storage:data one "$disk"
check 'one is made' block create storage 1
check 'of that name, it goes without saying' run one "$disk"
equal 'and show says so' 'storage:storage@512' "$(albatrossctl show one -P Blocks)"
prints 'and so does status' 'Blocks: storage:storage@512' sh -c 'albatrossctl status one || [ $? = 3 ]'
sum=$(albatrossctl console -o cat one | sed -n 's/^Sum //p')
equal 'what it has read back is what is on the disk' "$sum" "$(sum_of storage)"
refuse 'it belongs to that one' 'belongs to the unikernel one' albatrossctl block remove storage
refuse 'also when another one wants it' 'belongs to the unikernel one' run --block=storage:storage two "$disk"
refuse 'for which it does not go without saying any more' 'Give it: --block=storage' run two "$disk"
check 'destroy' albatrossctl destroy one
equal 'leaves what is on it' "$sum" "$(sum_of storage)"
check 'and another one can have it' run two "$disk" -- --sum
prints 'and reads the same' "Sum $sum" albatrossctl console -o cat two
check 'destroy' albatrossctl destroy two

check 'sectors of another size' run --block=storage:storage@4096 one "$disk" -- --seed=7
prints 'are what the guest has' 'sectors of 4096' albatrossctl console -o cat one
equal 'and are on the disk as well' "$(albatrossctl console -o cat one | sed -n 's/^Sum //p')" "$(sum_of storage)"
check 'destroy' albatrossctl destroy one

# --- while it runs

check 'one that stays' albatrossctl -q create --memory=2 one "$disk" -- --stay
equal 'has it in use' in-use "$(state_of storage)"
refuse 'nobody reads it then' 'in use by the unikernel one' block read storage -
refuse 'nor writes it' 'in use by the unikernel one' block write storage "$HELLO"
refuse 'its file is of nobody else' 'denied' as alice cat /var/lib/albatross/v1/blocks/storage
pid=$(albatrossctl show one -P MainPID)
equal 'it has the disk open, and no path to it' '' \
    "$(tr '\0' '\n' <"/proc/$pid/cmdline" | grep /)"
systemctl kill --kill-who=main -s KILL albatrossd
check 'the daemon is killed: another one is there' wait_for 10 albatrossctl status one
equal 'and knows what is in use' in-use "$(state_of storage)"
refuse 'and by whom' 'in use by the unikernel one' block write storage "$HELLO"
systemctl kill --kill-who=main -s KILL albatross-launcher
check 'the launcher is killed: stop' wait_for 10 albatrossctl stop one
equal 'it is idle' idle "$(state_of storage)"
check 'and can be written' block write storage "$HELLO"
check 'start' wait_for 10 albatrossctl start one
equal 'has it in use again' in-use "$(state_of storage)"
kill -KILL "$(albatrossctl show one -P MainPID)"
check 'its tender is killed: it is idle' wait_for 10 eval '[ "$(state_of storage)" = idle ]'
check 'destroy' albatrossctl destroy one
wait_for 10 systemctl is-active -q albatross-launcher

# --- starts that come to nothing

systemctl mask --runtime -q albatross-locked.slice
block create locked:storage 1
refuse 'a start that PID 1 refuses' 'systemd did not start the scope' run locked:one "$disk"
equal 'leaves it idle' idle "$(state_of locked:storage)"
systemctl unmask --runtime -q albatross-locked.slice
check 'and free' block remove locked:storage
mkfifo "$test_output.fifo"
albatrossctl -q create --no-start --memory=2 one "$disk"
block write storage - <"$test_output.fifo" &
writer=$!
exec 4>"$test_output.fifo"
echo x >&4
check 'while it is written' wait_for 10 eval '[ "$(state_of storage)" = writing ]'
refuse 'its unikernel does not start' 'is being written' albatrossctl start one
exec 4>&-
wait $writer
rm "$test_output.fifo"
check 'but then it does' albatrossctl start one
check 'destroy' albatrossctl destroy one
check 'remove' block remove storage

# --- together with its unikernel

check 'two disks' eval 'block create storage 1 && block create other 1'
check 'one that runs' albatrossctl -q create --memory=2 one "$disk" -- --stay
check 'destroy with its disk' albatrossctl -q destroy --blocks one
equal 'which is gone, and no other' other "$(albatrossctl block list -q)"
check '  its file, too' [ ! -e /var/lib/albatross/v1/blocks/storage ]
check 'one that is stopped' albatrossctl -q create --no-start --memory=2 --block=storage:other one "$disk"
mkfifo "$test_output.fifo"
block write other - <"$test_output.fifo" &
writer=$!
exec 4>"$test_output.fifo"
echo x >&4
check 'while its disk is written' wait_for 10 eval '[ "$(state_of other)" = writing ]'
refuse 'it is not destroyed with it' 'is being written' albatrossctl destroy --blocks one
equal 'nor at all' stopped "$(albatrossctl show one -P State)"
exec 4>&-
wait $writer
rm "$test_output.fifo"
check 'afterwards it is' albatrossctl -q destroy --blocks one
equal 'with its disk' '' "$(albatrossctl block list -q)"
check 'one that has none is just destroyed' albatrossctl -q create --memory=2 one "$HELLO" -- --sleep=600
check '  with the option, too' albatrossctl -q destroy --blocks one
refuse 'one that is not there is not' 'There is no unikernel "one"' albatrossctl destroy --blocks one
invariants_note
check 'all is as it should be' invariants
