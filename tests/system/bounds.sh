#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What one user may have under way, and that the others do not feel it.
# timeout: 120
. "$(dirname "$0")/lib.sh"

client=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system/hostile-client
[ -x "$client" ] || skip "$client is not built"
cp "$client" "$test_output.client" && chmod 755 "$test_output.client" && client=$test_output.client
median() { as bob "$client" time 60; }
# One by one: pgrep refuses a pattern of more than the 15 characters that a name has.
children() { { pgrep albatross-infla; pgrep albatross-store; pgrep albatross-read-; } | wc -l; }

rule=/etc/polkit-1/rules.d/00-albatross-test.rules
mkdir -p "${rule%/*}"
cat >$rule <<'RULE'
polkit.addRule(function (action, subject) {
    if (action.id.indexOf("org.albatross.") == 0 && subject.user == "alice")
        return polkit.Result.YES;
});
RULE
for i in {1..20}; do albatrossctl -q create --memory=2 "b$i" "$HELLO" -- --sleep=600; done
check 'the rule of the test allows alice' wait_for 10 as alice albatrossctl -q stop b1

fds_before=$(n_fds)
# What another user's calls take while nothing else is: the machine may have other things to do, now
# more and now less of them, so the slowest of some counts, and one more before each of what follows.
median >/dev/null
normal=0
calm() {
    local now
    now=$(median)
    [ "${now:-0}" -le "$normal" ] || normal=$now
}
# What they take meanwhile: the calmest of some counts.
calmest() {
    local now least=999999
    for _ in {1..5}; do
        now=$(median)
        [ "${now:-999999}" -ge "$least" ] || least=$now
        [ "$least" -gt $((2 * normal)) ] || break
    done
    echo "$least"
}
# The flood has to last as long as what is measured in it.
flooded=999999
for _ in {1..5}; do
    calm
    as alice "$client" flood 10000 >"$test_output.flood" &
    sleep 0.2
    now=$(median)
    wait $!
    [ "${now:-999999}" -ge "$flooded" ] || flooded=$now
    [ "$flooded" -gt $((2 * normal)) ] || break
done
check "10,000 calls without waiting: $(cat "$test_output.flood")" grep -q 'failed 0' "$test_output.flood"
check "another user's calls take ${flooded} us then, ${normal} us before: at most twice" \
    [ "$flooded" -le $((2 * normal)) ]

stalls() { [ "$(children)" = 6 ]; }
calm
as alice "$client" stall 100 >"$test_output.stall" &
check 'of 100 images that never come 2 are waited for' wait_for 5 stalls
stalled=$(calmest)
check "another user's calls take ${stalled} us meanwhile, ${normal} us before: at most twice" \
    [ "$stalled" -le $((2 * normal)) ]
check 'root creates one meanwhile' albatrossctl create --memory=2 meanwhile "$HELLO"
wait $!
# Two more when all of them came before it was known whose they are.
check 'of the others 64 wait and 34 are refused' \
    grep -qxE 'answered 0 refused 3[4-6] failed 0 of 100' "$test_output.stall"
check 'when the client is gone nothing is left of them' wait_for 15 \
    eval '[ "$(albatrossctl list --no-legend | grep -c stall)" = 0 ] && [ "$(children)" = 0 ]'
check 'no half of an image either' wait_for 10 eval '[ "$(find /var/lib/albatross/v1/tmp -type f | wc -l)" = 0 ]'

# Behind images that never come all that is asked waits, as it was sent.
heavy_calls() {
    local daemon most
    daemon=$(main_pid albatrossd)
    echo 5 >"/proc/$daemon/clear_refs"
    as alice "$client" stall 10 >/dev/null &
    wait_for 5 stalls
    as alice "$client" heave 60 >"$test_output.heave"
    most=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$daemon/status")
    check "60 calls of 4 MiB that would have to wait take no memory: $most kB" [ "$most" -lt 65536 ]
    equal 'they are refused at once' 'answered 0 refused 0 failed 60 of 60' "$(cat "$test_output.heave")"
    wait $!
}
if [ -e /run/sanitizers ]; then
    say_result skip 'memory of large calls: sanitizers keep for a while what was freed'
else
    heavy_calls
fi
check 'when the client is gone nothing is left of them, either' wait_for 15 \
    eval '[ "$(albatrossctl list --no-legend | grep -c stall)" = 0 ] && [ "$(children)" = 0 ]'

as alice "$client" stall 2 >/dev/null &
wait_for 5 stalls
refuse 'a taken name is refused while 2 images are waited for' 'exists already' \
    timeout 4 runuser -u alice -- albatrossctl create --memory=2 b1 "$HELLO"
wait $!
check 'and bringing images is counted right afterwards' \
    timeout 8 runuser -u alice -- albatrossctl create --memory=2 counted "$HELLO"

calm
as alice "$client" deaf &
deaf=$!
sleep 0.2
for i in {1..20}; do albatrossctl -q start "b$i" && albatrossctl -q stop "b$i"; done
deafened=$(calmest)
check "with one who never reads his signals they take ${deafened} us: at most twice, too" \
    [ "$deafened" -le $((2 * normal)) ]
pkill -u alice -f 'deaf$'
wait $deaf

for i in {1..20}; do
    as alice albatrossctl console -f b1 >/dev/null 2>>"$test_output.readers" &
done
check 'of 20 consoles of a user 16 are served' wait_for 10 eval '[ "$(pgrep -c albatross-conso)" = 16 ]'
soon 'the others are refused' 'being read by this user already' cat "$test_output.readers"
check 'which root is not' timeout 5 albatrossctl console b1
pkill -u alice -x albatrossctl
check 'readers end with their clients' wait_for 10 eval '[ "$(pgrep -c albatross-conso)" = 0 ]'
check 'and what the daemon had open for them is closed' wait_for 10 eval "[ \$(n_fds) -le $fds_before ]"
rm -f $rule "$test_output".*
xargs albatrossctl -q destroy < <(albatrossctl list -q)
check "the daemon has as many descriptors as before, $fds_before" wait_for 10 eval "[ \$(n_fds) -le $fds_before ]"
