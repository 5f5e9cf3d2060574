#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Many at once: what there is for ten is had by exactly ten, and whoever is refused is told why.
# timeout: 300
. "$(dirname "$0")/lib.sh"

folder=$(mktemp -d)
# The command, with its number for %, by that many clients at once; who was served is in "won".
at_once() { # NUMBER COMMAND...
    local n=$1 i
    shift
    rm -f "$folder"/*
    for ((i = 1; i <= n; i++)); do
        (
            until [ -e "$folder/go" ]; do sleep 0.01; done
            if "${@//%/$i}" >"$folder/out.$i" 2>"$folder/error.$i" </dev/null; then
                echo "$i" >>"$folder/won"
            fi
        ) &
    done
    sleep 0.3
    : >"$folder/go"
    wait
    touch "$folder/won"
}
n_won() { wc -l <"$folder/won"; }
n_told() { grep -lF -e "$1" "$folder"/error.* | wc -l; }
n_states() { albatrossctl list "$1" --json=short | grep -o "\"State\":\"$2\"" | wc -l; }
used() { albatrossctl policy list "$1" --json=short | sed "s/^\[{\([^}]*\)}.*/\1/; s/.*\"$2\":\([0-9]*\).*/\1/"; }
limits() { albatrossctl -q policy set "$@"; }
clean() { albatrossctl -q list "$1" | xargs -r albatrossctl -q destroy; }

limits ten --unikernels=10 --memory=1G --cpus=0
at_once 50 albatrossctl -q create --memory=2 ten:u% "$HELLO" -- --sleep=600
equal 'of 50 clients at once exactly 10 get one of 10 places' 10 "$(n_won)"
equal 'the other 40 are told of the policy' 40 "$(n_told 'the policy ten allows 10')"
equal 'ten run' 10 "$(n_states ten: running)"
equal 'ten are counted' 10 "$(used ten: UnikernelsUsed)"
clean ten:
equal 'none is counted when they are gone' 0 "$(used ten: UnikernelsUsed)"

at_once 50 albatrossctl -q create --memory=2 ten:deep%:u "$HELLO" -- --sleep=600
equal 'the same for 50 paths below' 10 "$(n_won)"
clean ten:

limits ten --unikernels=60 --memory=100
at_once 50 albatrossctl -q create --memory=10 ten:u% "$HELLO" -- --sleep=600
equal 'of 50 who want 10 MiB of 100 exactly 10 get them' 10 "$(n_won)"
equal 'the others are told' 40 "$(n_told 'the policy ten allows 100 MiB')"
equal 'all memory is counted' 104857600 "$(used ten: MemoryUsed)"
clean ten:
equal 'and given back' 0 "$(used ten: MemoryUsed)"

# --- what is restarted keeps what it has: nobody gets it between its stop and its start
limits ten --unikernels=60 --memory=30
albatrossctl -q create --memory=20 ten:has "$HELLO" -- --sleep=600
albatrossctl -q create --no-start --memory=20 ten:wants "$HELLO" -- --sleep=600
(until [ -e "$folder/over" ]; do albatrossctl -q start ten:wants >/dev/null 2>&1 && : >"$folder/got"; done) &
wanting=$!
for i in {1..20}; do
    { albatrossctl -q restart ten:has && albatrossctl -q update ten:has "$HELLO"; } 2>&1
done >"$folder/restarts"
: >"$folder/over"
wait $wanting
equal 'each of 20 restarts and updates has the memory that it had' '' "$(cat "$folder/restarts")"
check '... which nobody got meanwhile' [ ! -e "$folder/got" ]
equal '... who wanted it all the time' 20971520 "$(used ten: MemoryUsed)"
albatrossctl -q stop ten:has
check '... and gets it when it is stopped' albatrossctl -q start ten:wants
clean ten:
limits ten --memory=100

for i in {1..30}; do
    albatrossctl -q create --no-start --memory=10 "ten:u$i" "$HELLO" -- --sleep=600 &
done
wait
at_once 30 albatrossctl -q start ten:u%
equal 'of 30 that are there already, exactly 10 start' '10 10' "$(n_won) $(n_states ten: running)"
at_once 30 sh -c 'albatrossctl -q stop ten:u%; albatrossctl -q start ten:u%'
equal 'however they are stopped and started, it is never more' "$(n_states ten: running)" "$(($(used ten: MemoryUsed) / 10485760))"
check '... than there is' [ "$(n_states ten: running)" -le 10 ]
at_once 30 albatrossctl -q stop ten:u%
equal 'all stop' '30 0' "$(n_won) $(used ten: MemoryUsed)"
clean ten:

# --- set-policy against create
for round in 1 2 3; do
    limits ten --unikernels=40 --memory=400
    (
        until [ -e "$folder/go" ]; do sleep 0.01; done
        for n in 30 20 15 10 5 3; do
            limits ten --unikernels=$n 2>/dev/null
        done
    ) &
    at_once 40 albatrossctl -q create --no-start --memory=2 ten:u% "$HELLO"
    allowed=$(used ten: Unikernels) there=$(used ten: UnikernelsUsed)
    check "round $round: a policy that shrinks meanwhile allows what is there ($there of $allowed)" [ "$there" -le "$allowed" ]
    equal '... which is what was told' "$there" "$(n_won)"
    clean ten:
done
at_once 20 albatrossctl -q policy set ten --unikernels=1%
check 'many who set it: each is answered' [ "$(n_won)" = 20 ]
equal 'the file is what is told' "$(used ten: Unikernels)" "$(sed -n 's/.*"Unikernels": \([0-9]*\).*/\1/p' /var/lib/albatross/v1/policies/ten.json)"
check 'so is the slice' wait_for 10 eval '[ "$(systemctl show albatross-ten.slice -P TasksMax)" = $((8 * $(used ten: Unikernels))) ]'
at_once 20 albatrossctl -q policy remove ten
equal 'one of 20 removes it' '1 19' "$(n_won) $(n_told 'There is no policy ten')"

# --- one block device
disk=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests/disk.spt
owner() { albatrossctl block list --json=short | tr '{' '\n' | sed -nE 's/.*"Name":"shared".*"Unikernel":"([^"]*)".*/\1/p'; }
albatrossctl -q block create shared 1
at_once 20 albatrossctl -q create --memory=2 --block=storage:shared u% "$disk" -- --stay
equal 'of 20 unikernels that want one block device one gets it' '1 19' "$(n_won) $(n_told 'The block device shared belongs to the unikernel u')"
equal '... and the list says which' "u$(cat "$folder/won")" "$(owner)"
equal '... which is all there is' "$(owner)" "$(albatrossctl -q list)"
at_once 20 sh -c 'if [ % -le 10 ]; then albatrossctl -q destroy --blocks "$0"; else albatrossctl -q block remove shared; fi' "$(owner)"
check 'of 20 who take both away one does at least' [ "$(n_won)" -ge 1 ]
equal '... and neither is there' '' "$(albatrossctl -q list; albatrossctl -q block list)"

# --- the same name
at_once 20 albatrossctl -q create --memory=2 one "$HELLO" -- --sleep=600
equal 'of 20 who want one name one gets it' '1 19' "$(n_won) $(n_told 'exists already')"
at_once 20 albatrossctl -q destroy one
check 'of 20 who destroy it each gets an answer' [ $(($(n_won) + $(n_told 'There is no unikernel "one"'))) = 20 ]
check 'some of them that it is gone' [ "$(n_won)" -ge 1 ]
equal 'it is' '' "$(albatrossctl -q list)"
equal 'nothing is counted' '0 0' "$(used : UnikernelsUsed) $(used : MemoryUsed)"
rm -r "$folder"
