#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Policies: what is set, listed and removed, what is refused and in which words, what is on disk and on
# the slices, and that it holds over restarts.
# timeout: 240
. "$(dirname "$0")/lib.sh"

manager=(busctl call org.albatross /org/albatross org.albatross.Manager)
state=/var/lib/albatross/v1
create() { albatrossctl -q create --no-start "$@" "$HELLO"; }
run() { albatrossctl -q create "$@" "$HELLO" -- --sleep=600; }
policy_field() { # PATH FIELD
    albatrossctl policy list "$1:" --json=short | sed 's/},{/}\n{/g' | grep -F "\"Path\":\"$1\"" |
        sed -n "s/.*\"$2\":\(\[[^]]*\]\|[^,}]*\).*/\1/p"
}
slice_has() { # UNIT MEMORY TASKS CPUS
    [ "$(systemctl show "$1" -P MemoryMax) $(systemctl show "$1" -P TasksMax) $(systemctl show "$1" -P AllowedCPUs)" = "$2 $3 $4" ]
}
n_cpus=$(nproc --all)

# --- the root, and what a policy needs
prints 'the root is what the machine has' '"Path":""' albatrossctl policy list --json=short
equal 'its memory is the host'\''s' "$(($(getconf _PHYS_PAGES) * $(getconf PAGESIZE)))" "$(policy_field '' Memory)"
equal 'its CPUs are the host'\''s' "$n_cpus" "$(policy_field '' CPUs | tr ',' '\n' | wc -l)"
refuse 'it can not be set' 'nobody can change it' albatrossctl policy set : --memory=100
refuse 'nor removed' 'nobody can change it' albatrossctl policy remove :
refuse 'a new policy needs unikernels, memory and CPUs' 'needs unikernels, memory and cpus' \
    albatrossctl policy set alice --unikernels=2 --memory=64
refuse 'no unikernels' 'at least 1' albatrossctl policy set alice --unikernels=0 --memory=64 --cpus=0
refuse 'too little memory' 'more than 16 MiB' albatrossctl policy set alice --unikernels=1 --memory=16 --cpus=0
refuse 'memory in bytes' 'not a multiple of 1 MiB' "${manager[@]}" SetPolicy 'sa{sv}' alice 3 \
    Unikernels u 1 Memory t 33554433 CPUs au 1 0
refuse 'more memory than there is' 'the machine has' albatrossctl policy set alice --unikernels=1 --memory=99T --cpus=0
refuse 'a CPU that is not there' 'the machine has the CPU' albatrossctl policy set alice --unikernels=1 --memory=64 --cpus=0,999
refuse 'more unikernels than there are uids' 'the machine has room for 4336' albatrossctl policy set alice \
    --unikernels=4337 --memory=64 --cpus=0
refuse 'a bridge that is not there' 'The policy alice can'\''t allow the bridge nobr0: the machine has' \
    albatrossctl policy set alice --unikernels=1 --memory=64 --cpus=0 --bridges=nobr0
refuse 'a bridge that none can be' 'bridge' albatrossctl policy set alice --unikernels=1 --memory=64 --cpus=0 --bridges=a/b
refuse 'more disk than there is' 'the machine has' albatrossctl policy set alice --unikernels=1 --memory=64 --cpus=0 --block=9000T
refuse 'a label that is none' 'label' albatrossctl policy set a_b --unikernels=1 --memory=64 --cpus=0
refuse 'an option that is none' 'not known' "${manager[@]}" SetPolicy 'sa{sv}' alice 1 Color s red
refuse 'no CPU at all' 'CPU' "${manager[@]}" SetPolicy 'sa{sv}' alice 3 Unikernels u 1 Memory t 67108864 CPUs au 0
equal 'none of that left anything' 0 "$(find $state/policies -type f | wc -l)"

# --- owners
for owner in nobodyhere @nogrouphere 54321 @54321; do
    refuse "an owner that there is none of: $owner" "There is no" albatrossctl policy set alice \
        --unikernels=2 --memory=64 --cpus=0 --owner=$owner
done
refuse 'an owner of two words' 'one word' albatrossctl policy set alice --unikernels=2 --memory=64 --cpus=0 --owner='alice bob'
refuse 'an owner of none' 'one word' albatrossctl policy set alice --unikernels=2 --memory=64 --cpus=0 --owner=@
refuse 'none and some' 'exclude' albatrossctl policy set alice --unikernels=2 --memory=64 --cpus=0 --owner=none --owner=alice
refuse 'more owners than can be' 'at most 64 owners' albatrossctl policy set alice --unikernels=2 \
    --memory=64 --cpus=0 --owner={1..65}

# --- set, list
prints 'it is set, and says so' alice albatrossctl policy set alice --unikernels=3 --memory=64 --cpus=0 \
    --owner="$(id -u alice)" --owner=@staff --owner=alice
equal 'numbers become names, each is there once' '["alice","@staff"]' "$(policy_field alice Owners)"
prints 'the file has name and number' "\"ID\": $(id -u alice)" cat $state/policies/alice.json
equal 'only root may read it' '600 root' "$(stat -c '%a %U' $state/policies/alice.json)"
stamp=$(stat -c %Y%i $state/policies/alice.json)
check 'the same again is a success' albatrossctl policy set alice --unikernels=3
equal 'that changes nothing' "$stamp" "$(stat -c %Y%i $state/policies/alice.json)"
check 'only what is given changes' albatrossctl policy set alice --memory=96
equal 'that is memory' '100663296 3 [0]' "$(policy_field alice Memory) $(policy_field alice Unikernels) $(policy_field alice CPUs)"
check 'labels are in lower case' albatrossctl policy set ALICE --memory=64
equal 'so it is the same' 67108864 "$(policy_field alice Memory)"
prints 'as a table' '0/3' albatrossctl policy list alice:
equal 'as names' alice "$(albatrossctl -q policy list alice:)"
check 'nothing is done in a dry run' albatrossctl --dry-run policy set alice --memory=32
equal 'really' 67108864 "$(policy_field alice Memory)"

# --- larger than below, smaller than above
check 'one below it' albatrossctl policy set alice:team --unikernels=2 --memory=32 --cpus=0
refuse 'more unikernels than above' "The policy alice:team can't allow 4 unikernels: the policy alice allows 3 unikernels" \
    albatrossctl policy set alice:team --unikernels=4
refuse 'more memory than above' "The policy alice:team can't allow 65 MiB of memory: the policy alice allows 64 MiB of memory" \
    albatrossctl policy set alice:team --memory=65
[ "$n_cpus" -lt 2 ] || refuse 'a CPU that is not above' "can't allow the CPUs 0-1: the policy alice allows the CPU 0" \
    albatrossctl policy set alice:team --cpus=0,1
refuse 'block devices where there may be none' "can't allow 1 MiB of block storage: the policy alice allows no block devices" \
    albatrossctl policy set alice:team --block=1
refuse 'less than below' "The policy alice can't be limited to 1 unikernel: the policy alice:team below it allows 2 unikernels" \
    albatrossctl policy set alice --unikernels=1
refuse 'less memory than below' "The policy alice can't be limited to 31 MiB of memory: the policy alice:team below it allows 32 MiB of memory" \
    albatrossctl policy set alice --memory=31
check 'siblings may be promised more than there is together' albatrossctl policy set alice:other --unikernels=3 --memory=64 --cpus=0
equal 'those above come first' $'alice\nalice:other\nalice:team' "$(albatrossctl -q policy list alice:)"

# --- admission: each path above counts, with all that is below it
check 'two unikernels below' run --memory=16 alice:team:a
check '... that run' run --memory=16 alice:team:b
refuse 'a third one is refused, by the path of its own' \
    'One more unikernel was asked for, the policy alice:team allows 2 and 2 are used' create --memory=16 alice:team:c
check 'beside it there is room for one' run --memory=31 alice:other:x
refuse 'and then the path above refuses' 'the policy alice allows 3 and 3 are used' create --memory=2 alice:other:y
refuse 'also deeper, where there is no policy' 'the policy alice allows 3 and 3 are used' create --memory=2 alice:other:deep:y
refuse 'and right below it' 'the policy alice allows 3 and 3 are used' create --memory=2 alice:y
equal 'no record is left of those' 3 "$(find $state/unikernels -type f | wc -l)"
equal 'used is summed up' '3 66060288' "$(policy_field alice UnikernelsUsed) $(policy_field alice MemoryUsed)"
check 'a place is free again' albatrossctl -q destroy alice:team:b
refuse 'memory next to what is used' \
    '18 MiB of memory were asked for, the policy alice allows 64 MiB and 47 MiB are used' run --memory=18 alice:more
refuse 'memory, by its own path' \
    '17 MiB of memory were asked for, the policy alice:team allows 32 MiB and 16 MiB are used' run --memory=17 alice:team:b
refuse 'one that could never run is refused at once' '33 MiB of memory were asked for, the policy alice:team allows 32 MiB' \
    create --memory=33 alice:team:b
check 'one that is not started needs a place only' albatrossctl -q create --no-start --memory=17 alice:team:b "$HELLO" -- --sleep=600
refuse 'but it could not be started' 'the policy alice:team allows 32 MiB and 16 MiB are used' albatrossctl start alice:team:b
check 'what stops gives back its memory' albatrossctl -q stop alice:team:a
equal 'so it is not counted' '2 16777216' "$(policy_field alice:team UnikernelsUsed | cut -d' ' -f1) $(($(policy_field alice:team MemoryUsed) + 16777216))"
check 'and the other one starts' albatrossctl -q start alice:team:b
refuse 'the first one does not, then' 'the policy alice:team allows 32 MiB and 17 MiB are used' albatrossctl start alice:team:a
refuse 'CPUs' 'the policy alice' create --memory=2 --cpus=1 alice:c
refuse 'less than is used' "The policy alice:team can't be limited to 1 unikernel: it has 2 unikernels in use" \
    albatrossctl policy set alice:team --unikernels=1
check 'less memory, down to what is used' albatrossctl policy set alice:other --memory=31
refuse 'not less' "The policy alice:other can't be limited to 30 MiB of memory: it has 31 MiB of memory in use" \
    albatrossctl policy set alice:other --memory=30
refuse 'a name is taken whatever the policy says' 'exists already' create --memory=2 alice:team:a

# --- the slices
# A margin for each unikernel, and page tables.
max() { # BYTES UNIKERNELS
    echo $(($1 + $1 / 256 + $2 * (8 << 20)))
}
check 'its slice has the limits' slice_has albatross-alice.slice "$(max 67108864 3)" 24 0
check 'so have those below' slice_has albatross-alice-team.slice "$(max 33554432 2)" 16 0
check 'systemd keeps them until the next boot' test -e /run/systemd/system.control/albatross-alice.slice.d/50-MemoryMax.conf
scope=albatross-alice:team:b.scope
equal 'the scope has its own' "$(((17 + 8) * 1048576 + 17 * 2048)) 0" "$(systemctl show $scope -P MemoryMax) $(systemctl show $scope -P MemorySwapMax)"
equal 'all weigh the same' '100 100 100 100' "$(for unit in $scope albatross-alice.slice; do
    systemctl show "$unit" -P CPUWeight -P IOWeight; done | xargs)"

# --- restarts
before=$(albatrossctl policy list --json=short | sed 's/"Block":[0-9]*//')
systemctl restart albatrossd
equal 'a restart of the daemon changes nothing of it' "$before" "$(albatrossctl policy list --json=short | sed 's/"Block":[0-9]*//')"
systemctl kill -s KILL albatrossd
wait_for 10 albatrossctl -q list >/dev/null
equal 'nor does its death' "$before" "$(albatrossctl policy list --json=short | sed 's/"Block":[0-9]*//')"
refuse 'what runs still counts' 'allows 3 and 3 are used' create --memory=2 alice:y
systemctl stop albatrossd
rm -r /run/systemd/system.control/albatross-alice*.slice.d
systemctl daemon-reload
systemctl start albatrossd
check 'limits that are gone, as after a boot, are set again' wait_for 10 slice_has albatross-alice.slice "$(max 67108864 3)" 24 0

# --- what lies in the state directory
systemctl stop albatrossd
cp $state/policies/alice.json "$test_output.alice"
sed 's/"Path": "alice"/"Path": "bob"/' "$test_output.alice" >$state/policies/carol.json
echo '{' >$state/policies/broken.json
sed 's/"alice"/"broken:below"/; /"Group"/d' "$test_output.alice" >"$state/policies/broken:below.json"
sed 's/"Path": "alice"/"Path": "alice:team:larger"/' "$test_output.alice" >"$state/policies/alice:team:larger.json"
echo hi >$state/policies/noise
systemctl start albatrossd
equal 'those that are right are there' $':\nalice\nalice:other\nalice:team' "$(albatrossctl -q policy list)"
for name in carol broken 'broken:below' alice:team:larger; do
    check "$name is in quarantine" wait_for 10 test -e "$state/quarantine/policy_$name.json"
    prints 'and told' "policies/$name.json can't be used" journal -t albatrossd
done
check 'so is what has no name of one' wait_for 10 test -e "$state/quarantine/policy_noise"
prints 'the reason is told' 'it allows more than the policy alice:team above it' journal -t albatrossd
rm -f $state/quarantine/policy_*

# --- what can't be saved has not happened
systemctl stop albatrossd
mount -t tmpfs tmpfs $state/policies
cp "$test_output.alice" $state/policies/alice.json
systemctl start albatrossd
refuse 'a change that can not be written' 'could not be written, nothing has changed' albatrossctl policy set alice --memory=100
equal 'is undone' 67108864 "$(policy_field alice Memory)"
refuse 'nor a new one' 'could not be written' albatrossctl policy set bob --unikernels=1 --memory=32 --cpus=0
equal 'it is not there' $':\nalice' "$(albatrossctl -q policy list)"
mount -o remount,ro $state/policies
refuse 'a removal that can not be written' 'could not be removed' albatrossctl policy remove alice
equal 'is undone, too' $':\nalice' "$(albatrossctl -q policy list)"
check 'and its slice keeps its limits' slice_has albatross-alice.slice "$(max 67108864 3)" 24 0
systemctl stop albatrossd
umount $state/policies
systemctl start albatrossd

# --- removing
check 'all can be destroyed' albatrossctl -q destroy alice:team:a alice:team:b alice:other:x
refuse 'one with policies below it is kept' 'The policy alice has policies below it: alice:other, alice:team' albatrossctl policy remove alice
refuse 'one that is not there' 'There is no policy bob' albatrossctl policy remove bob
mkdir -p /run/systemd/system/albatross-alice-other.slice.d
printf '[Slice]\nCPUWeight=50\n' >/run/systemd/system/albatross-alice-other.slice.d/mine.conf
systemctl daemon-reload
check 'with them it goes' albatrossctl policy remove alice --recursive
equal 'none is left' : "$(albatrossctl -q policy list)"
equal 'nor on disk' '' "$(ls $state/policies)"
check 'an administrator'\''s drop-in stays' test -e /run/systemd/system/albatross-alice-other.slice.d/mine.conf
check 'and that slice has no limit' slice_has albatross-alice-other.slice infinity "$(systemctl show system.slice -P TasksMax)" ''
systemctl revert albatross-alice-other.slice 2>/dev/null
check 'nothing is left of the limits' wait_for 10 not compgen -G '/run/systemd/system.control/albatross-*'
check 'nor of the notes about them' wait_for 10 eval '[ -z "$(ls /run/albatross/slices)" ]'
no_groups() { ! compgen -G '/sys/fs/cgroup/albatross.slice/*.slice'; }
check 'nor of control groups' wait_for 10 no_groups
systemctl daemon-reload

# --- a daemon that dies in between
albatrossctl -q policy set gone --unikernels=1 --memory=32 --cpus=0
systemctl stop albatrossd
rm $state/policies/gone.json
systemctl start albatrossd
check 'limits of a policy that is gone are taken back' wait_for 10 not test -e /run/systemd/system.control/albatross-gone.slice.d
check 'and forgotten' wait_for 10 not test -e /run/albatross/slices/gone

# --- more than a message bus lets wait for their replies
many() { for i in {1..150}; do albatrossctl -q policy set "many:p$i" --unikernels=1 --memory=32 --cpus=0 || return; done; }
no_limits() { ! compgen -G '/run/systemd/system.control/albatross-many*' && [ -z "$(ls /run/albatross/slices)" ]; }
albatrossctl -q policy set many --unikernels=1 --memory=32 --cpus=0
check 'many policies below one' many
check 'they are removed at once' albatrossctl -q policy remove --recursive many
check 'and nothing is left of their limits' wait_for 10 no_limits
check 'nor a control group of each, of which a kernel has 65536' wait_for 10 no_groups
check 'many again' many
systemctl stop albatrossd
rm $state/policies/many*
systemctl start albatrossd
check 'the next daemon takes back those of many that are gone' wait_for 10 no_limits
check 'and their control groups' wait_for 10 no_groups

# --- signals
listen_to_signals "$test_output.signals" --json=short
albatrossctl -q policy set signals --unikernels=1 --memory=32 --cpus=0
albatrossctl -q policy set signals:below --unikernels=1 --memory=32 --cpus=0
albatrossctl -q policy set signals --unikernels=1
albatrossctl -q policy remove --recursive signals
wait_for 10 grep -q 'signals:below.*PolicyRemoved\|PolicyRemoved.*signals:below' "$test_output.signals"
kill $listener
equal 'a change is a signal, and no change is none' 2 "$(grep -c PolicyChanged "$test_output.signals")"
equal 'each removal is one' 2 "$(grep -c PolicyRemoved "$test_output.signals")"
rm -f "${test_output:?}".[a-z]*

# --- limits that PID 1 does not take at once

systemctl mask --runtime -q albatross-late.slice
check 'PID 1 refuses the limits of a policy, which holds nevertheless' \
    albatrossctl -q policy set late --unikernels=4 --memory=100 --cpus=0
check 'it does not have them' [ ! -e /run/systemd/system.control/albatross-late.slice.d/50-MemoryMax.conf ]
systemctl unmask --runtime -q albatross-late.slice
check 'but gets them by itself when it takes them' \
    wait_for 10 [ -e /run/systemd/system.control/albatross-late.slice.d/50-MemoryMax.conf ]
check 'the policy goes' albatrossctl -q policy remove late
