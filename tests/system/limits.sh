#!/bin/bash
# SPDX-License-Identifier: ISC
#
# That the kernel enforces what we ask systemd for; which takes every cgroup controller.
# rig: vm
# timeout: 120
. "$(dirname "$0")/lib.sh"
hog=$RIG_BUILD/tests/guests/hog.spt

state_is() { # NAME STATE
    [ "$(albatrossctl show -P State "$1")" = "$2" ]
}

prints 'the controllers are there' 'cpuset cpu io memory' cat /sys/fs/cgroup/cgroup.controllers

# hog touches all the memory that it is given. First, without a limit above it, all of that.
check 'a unikernel gets the memory that it was promised' albatrossctl create --memory=48 enough "$hog"
check '... and ends at its end by itself' wait_for 30 state_is enough failed
soon '... not by the memory killer' '32 MiB' albatrossctl console enough
equal '... but by a signal' signal "$(albatrossctl show -P ExitResult enough)"

# What a slice allows is the end of it for all below, whatever each was promised.
systemctl set-property --runtime albatross-poor.slice MemoryMax=24M
check 'below a slice with less memory' albatrossctl create --memory=48 poor:hog "$hog"
check '... it ends sooner' wait_for 30 state_is poor:hog failed
equal '... by the memory killer, and we know' oom-kill "$(albatrossctl show -P ExitResult poor:hog)"
albatrossctl -q create --memory=2 poor:other "$HELLO" -- --sleep=600
other=$(albatrossctl show -P MainPID poor:other)
albatrossctl -q start poor:hog
check '... again' wait_for 30 state_is poor:hog failed
equal '... and its neighbour lives' "running $other" \
    "$(albatrossctl show -P State poor:other) $(albatrossctl show -P MainPID poor:other)"

check 'a unikernel for CPU 1' albatrossctl create --memory=2 --cpus=1 pinned "$HELLO" -- --sleep=600
equal '... is there alone' 1 "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$(albatrossctl show -P MainPID pinned)/status")"
equal '... for the kernel, too' 1 "$(cat /sys/fs/cgroup/albatross.slice/albatross-pinned.scope/cpuset.cpus.effective)"

# What the controllers count is told where they are there, as is what taskstats knows.
figure() { albatrossctl --json=short stats pinned | jq -r --arg figure "$1" '.[0] | if has($figure) then .[$figure] else "absent" end'; }
same_as() { # FIGURE FILE
    equal "... $1 is $2" "$(cat "/sys/fs/cgroup/albatross.slice/albatross-pinned.scope/$2")" "$(figure "$1")"
}
same_as MemoryCurrentBytes memory.current
same_as MemoryPeakBytes memory.peak
same_as MemorySwapCurrentBytes memory.swap.current
same_as TasksCurrent pids.current
equal '... it was not killed for lack of memory' 0 "$(figure MemoryEventsOOMKill)"
for name in CPUPeriods CPUThrottledUSec IOReadBytes IOWriteOperations InblockBlocks OutblockBlocks; do
    check "... $name is there ($(figure $name))" not test "$(figure $name)" = absent
done

check 'all can be destroyed' albatrossctl destroy enough poor:hog poor:other pinned
systemctl revert albatross-poor.slice

# --- its own scope: one that takes more than it may have is ended, and nobody else
mkdir -p /run/systemd/system/albatross-own:hog.scope.d
printf '[Scope]\nMemoryMax=24M\n' >/run/systemd/system/albatross-own:hog.scope.d/limit.conf
systemctl daemon-reload
albatrossctl -q create --memory=2 own:neighbour "$HELLO" -- --sleep=6000
neighbour=$(albatrossctl show -P MainPID own:neighbour)
check 'one that takes more than its scope has' albatrossctl create --memory=48 own:hog "$hog"
check '... ends' wait_for 30 state_is own:hog failed
equal '... and is reported as out of memory' oom-kill "$(albatrossctl show -P ExitResult own:hog)"
equal '... alone' "running $neighbour" "$(albatrossctl show -P State own:neighbour) $(albatrossctl show -P MainPID own:neighbour)"
albatrossctl -q destroy own:hog own:neighbour
rm -r /run/systemd/system/albatross-own:hog.scope.d
systemctl daemon-reload

# --- a tenant's memory
limit() { cat "/sys/fs/cgroup/albatross.slice/$1"; }
albatrossctl -q policy set tenant --unikernels=2 --memory=64 --cpus=1
albatrossctl -q create --memory=2 tenant:other "$HELLO" -- --sleep=6000
albatrossctl -q create --memory=2 elsewhere:other "$HELLO" -- --sleep=6000
slice=albatross-tenant.slice
max=$(limit $slice/memory.max)
equal 'the kernel has the limit of the policy' "$(systemctl show $slice -P MemoryMax)" "$max"
check '... and no more than memory and a margin' [ "$max" -ge $((64 << 20)) -a "$max" -le $((96 << 20)) ]
equal '... of tasks' 16 "$(limit $slice/pids.max)"
# Whatever gets there, past our arithmetic.
systemd-run -q --collect --scope --slice=$slice --unit=intruder -- sh -c 'head -c 1G /dev/zero | tail >/dev/null' && intruder=lived || intruder=died
equal 'a tenant can not pass his memory, even past us' died "$intruder"
check '... the kernel did that' test "$(sed -n 's/^oom_kill //p' /sys/fs/cgroup/albatross.slice/$slice/memory.events)" -ge 1
check '... and never gave him more' test "$(limit $slice/memory.peak)" -le "$max"
equal 'another tenant runs on' running "$(albatrossctl show -P State elsewhere:other)"

# --- a tenant's CPUs
pid_of() { albatrossctl show -P MainPID "$1"; }
allowed() { sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$(pid_of "$1")/status"; }
state_is tenant:other running || albatrossctl -q start tenant:other
equal 'without --cpus it has those of its policy' 1 "$(allowed tenant:other)"
refuse 'others are refused' 'the policy tenant allows the CPU 1' albatrossctl create --memory=2 --cpus=0 tenant:x "$HELLO"
albatrossctl -q policy set tenant --cpus=0
equal 'a change holds for what runs' 0 "$(allowed tenant:other)"
albatrossctl -q policy set tenant --cpus=0-1
equal '... in both directions' 0-1 "$(allowed tenant:other)"
albatrossctl -q policy set tenant:below --unikernels=1 --memory=32 --cpus=1
albatrossctl -q destroy tenant:other
albatrossctl -q create --memory=2 tenant:below:x "$HELLO" -- --sleep=6000
equal 'below, it has those of all policies above it' 1 "$(allowed tenant:below:x)"
systemctl restart albatrossd
equal 'a restart of the daemon changes nothing of it' 1 "$(allowed tenant:below:x)"
albatrossctl -q destroy tenant:below:x elsewhere:other
albatrossctl -q policy remove --recursive tenant

# --- a fair share: three spinners of one, and one of another, on one CPU
usage() { sed -n 's/^usage_usec //p' "/sys/fs/cgroup/albatross.slice/$1/cpu.stat"; }
for name in many:a many:b many:c one:a; do
    albatrossctl -q create --memory=2 --cpus=1 $name "$RIG_BUILD/tests/guests/spin.spt"
done
sleep 2
many=$(usage albatross-many.slice) one=$(usage albatross-one.slice)
sleep 20
many=$(($(usage albatross-many.slice) - many)) one=$(($(usage albatross-one.slice) - one))
check "three spinners of one tenant get no more than another's one ($many and $one us)" \
    [ $((many * 10)) -le $((one * 12)) -a $((one * 10)) -le $((many * 12)) ]
check 'all can be destroyed' albatrossctl destroy many:a many:b many:c one:a

# --- what a tender takes besides its guest
overhead() { # NAME: what its scope has had at most, in KiB
    echo $(($(cat "/sys/fs/cgroup$(albatrossctl show -P ControlGroup "$1")/memory.peak") >> 10))
}
albatrossctl -q create --memory=64 idle "$RIG_BUILD/tests/guests/idle.spt"
sleep 1
taken=$(overhead idle)
check "albatross-spt takes less than half of its margin of 8 MiB ($taken KiB)" [ "$taken" -le 4096 ]
albatrossctl -q destroy idle
