#!/bin/bash
# SPDX-License-Identifier: ISC
#
# That the kernel enforces what we ask systemd for; which takes every cgroup controller.
# rig: vm
. "$(dirname "$0")/lib.sh"
hog=$RIG_BUILD/tests/guests/hog.spt

state_is() { # NAME STATE
    [ "$(albatrossctl show -P State "$1")" = "$2" ]
}

prints 'the controllers are there' 'cpuset cpu io memory' cat /sys/fs/cgroup/cgroup.controllers

# hog touches all the memory that it is given. First, without a limit above it, all of that.
check 'a unikernel gets the memory that it was promised' albatrossctl create --memory=48 enough "$hog"
check '... and ends at its end by itself' wait_for 30 state_is enough failed
prints '... not by the memory killer' '32 MiB' albatrossctl console enough
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

check 'all can be destroyed' albatrossctl destroy enough poor:hog poor:other pinned
systemctl revert albatross-poor.slice
