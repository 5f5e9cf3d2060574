#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Many clients ask for everything there is, in any order, and each answer is the one that a model
# of theirs predicts; when they are done, the daemon, the disk, systemd and the kernel agree, also
# after the daemon was killed; and when all is destroyed, its memory and descriptors are what they
# were.
#
#   SOAK_SEC=N   for so long
#   SOAK_SEED=N  what is asked (default: the time)
# rig: own
# timeout: 240
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

seconds=${SOAK_SEC:-20}
seed=${SOAK_SEED:-$EPOCHSECONDS}
clients=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/bench/bench-soak
[ -x "$clients" ] || skip "$clients is not built"

private_kib() { awk '/^Private_/ { sum += $2 } END { print sum }' "/proc/$(main_pid "$1")/smaps_rollup"; }
destroy_all() {
    local names blocks
    mapfile -t names < <(albatrossctl list -q)
    [ ${#names[@]} = 0 ] || albatrossctl -q destroy "${names[@]}" || return 1
    mapfile -t blocks < <(albatrossctl block list -q)
    for name in "${blocks[@]}"; do albatrossctl -q block remove "$name" || return 1; done
    albatrossctl policy list --json=short | grep -o '"Path":"[^"]\+"' | cut -d'"' -f4 |
        while read -r path; do albatrossctl -q policy remove "$path" || return 1; done
}
nothing_is_left() {
    [ -z "$(albatrossctl list -q)$(albatrossctl block list -q)" ] && [ -z "$(known_files $albatross_state/blocks)" ]
}

# What is kept for ever, and what every path needs once, is there afterwards.
check 'the clients begin' "$clients" --clients 3 1
check 'all of that goes' destroy_all
invariants_note
daemon_kib=$(private_kib albatrossd) launcher_kib=$(private_kib albatross-launcher)

check "each answer is the predicted one (seed $seed)" "$clients" --clients "$seconds" "$seed"
say_result ok "$(tail -n 1 "$test_output")"
check 'all agree on what there is' invariants
check 'all can be destroyed' destroy_all
check 'and is' nothing_is_left
check 'all agree on that' invariants
for unit in albatrossd albatross-launcher; do
    [ $unit = albatrossd ] && before=$daemon_kib || before=$launcher_kib
    now=$(private_kib $unit)
    check "$unit has the memory that it had: $before KiB, now $now" [ "$now" -le $((before + 300)) ]
done

check 'the clients once more' "$clients" --clients 3 "$((seed + 1))"
known() { albatrossctl list --json=short | tr '{' '\n' | sed 's/"StateChangeTimestamp":[0-9]*,//' && albatrossctl block list; }
before=$(known)
systemctl kill --kill-who=main -s KILL albatrossd
check 'the daemon is killed: another one is there' wait_for 10 albatrossctl list
equal 'and knows the same' "$before" "$(known)"
invariants_note
check 'as do all others' invariants
check 'all can be destroyed' destroy_all
check 'and is' nothing_is_left
check 'all agree on that' invariants
