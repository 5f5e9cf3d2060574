#!/bin/bash
# SPDX-License-Identifier: ISC
#
# set, update and rollback: what is asked for is checked whole before anything is touched.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

images() { find /var/lib/albatross/v1/images -type f | wc -l; }
record() { cat /var/lib/albatross/v1/unikernels/"$1".json; }
other=$(other_image)
invariants_note

albatrossctl -q create --memory=8 --cpus=0 u "$HELLO" -- --sleep=600 one
pid=$(field u MainPID)
first=$(field u ImageDigest)

prints 'set says when it takes effect' 'at the next start' sh -c 'albatrossctl set u --memory=4 --restart=9 --startup=7 2>&1'
equal '  what runs goes on' "$pid" "$(field u MainPID)"
equal '  what is given is changed' "$((4 << 20)) 9 7" "$(field u Memory) $(field u RestartPolicy) $(field u Startup)"
equal '  what is not stays' '0 --sleep=600 one' "$(field u CPUs) $(field u Arguments)"
check '  it is on disk' grep -q '"Startup": 7' <(record u)
check '  also after a restart of the daemon' systemctl restart albatrossd
equal '  that is so' "$((4 << 20)) 9 7 $pid" "$(field u Memory) $(field u RestartPolicy) $(field u Startup) $(field u MainPID)"
prints 'set --dry-run says what it would do' 'Would change u' albatrossctl --dry-run set u --memory=3
refuse '  not of one that is not there' 'no unikernel' albatrossctl --dry-run set nobody --memory=3
prints 'update --dry-run, too' 'Would update u' albatrossctl --dry-run update u "$other" --memory=3
refuse '  not of one that is not there' 'no unikernel' albatrossctl --dry-run update nobody "$other"
equal '  and does nothing' "$((4 << 20)) $first" "$(field u Memory) $(field u ImageDigest)"
check '--now restarts it' albatrossctl -q set u --now -- --sleep=600 two
check '  it is another process' eval '[ "$(field u MainPID)" != "$pid" ] && is u State running'
equal '  with all arguments replaced' '--sleep=600 two' "$(field u Arguments)"
check '-- with nothing behind clears them' albatrossctl -q set u --
equal '  all' '' "$(field u Arguments)"
albatrossctl -q set u -- --sleep=600 two

pid=$(field u MainPID)
before=$(record u)
refuse 'nothing to be set is a slip' 'Nothing is given to be set' albatrossctl set u
refuse '  also with what all verbs take' 'Nothing is given to be set' albatrossctl -q -p x --no-pager set :u
refuse 'too much memory is refused' 'memory' albatrossctl set u --now --memory=100T
refuse 'a CPU that is not there' 'CPU' albatrossctl set u --now --cpus=1000
refuse 'a bridge that is not there' 'no bridge nobr0' albatrossctl set u --now --net=service:nobr0
refuse 'a device that the image does not want' 'storage' albatrossctl set u --now --block=storage
refuse 'exit codes that never restart' 'exit code 62' albatrossctl set u --restart=62
refuse 'codes without restarts, on the bus' 'not to be restarted' busctl call org.albatross /org/albatross \
    org.albatross.Manager SetUnikernel 'sa{sv}' u 2 Restart b false RestartCodes au 1 5
refuse 'an option of create that is none of set' 'not known' busctl call org.albatross /org/albatross \
    org.albatross.Manager SetUnikernel 'sa{sv}' u 1 Start b true
refuse 'one that is not there' 'no unikernel "none"' albatrossctl set none --memory=3
refuse 'by somebody who may not' 'allowed' as alice albatrossctl --no-ask-password set :u --memory=3
equal 'of all that nothing happened' "$before $pid" "$(record u) $(field u MainPID)"
refuse 'there is no way back yet' 'no version before' albatrossctl rollback u

check 'update' albatrossctl -q update u "$other" --memory=6
second=$(field u ImageDigest)
check '  brings another image' [ "$first" != "$second" ]
check '  to another process' eval '[ "$(field u MainPID)" != "$pid" ] && is u State running'
equal '  and configuration, in one step' "$((6 << 20)) --sleep=600 two" "$(field u Memory) $(field u Arguments)"
equal '  both images are kept' 2 "$(images)"
systemctl restart albatrossd
equal '  also by the next daemon' 2 "$(images)"
check 'rollback' albatrossctl -q rollback u
equal '  is the image before' "$first $((4 << 20)) running" "$(field u ImageDigest) $(field u Memory) $(field u State)"
check '  a second one goes forward' albatrossctl -q rollback u
equal '  again' "$second $((6 << 20)) running" "$(field u ImageDigest) $(field u Memory) $(field u State)"

pid=$(field u MainPID)
before=$(record u)
head -c 4000 "$HELLO" >"$other.broken"
refuse 'a broken image is refused' 'beyond the end' albatrossctl update u "$other.broken"
refuse 'a configuration that can not be, too' 'memory' albatrossctl update u "$HELLO" --memory=100T
refuse 'an unknown one, too' 'no unikernel "none"' albatrossctl update none "$HELLO"
refuse 'a time that is none, too' 'no number of seconds' albatrossctl update u "$HELLO" --wait-running=0
equal 'of all that nothing happened' "$before $pid" "$(record u) $(field u MainPID)"
check 'nor is a third image kept' wait_for 10 eval '[ "$(images)" = 2 ]'

check 'one that stays up' albatrossctl -q update u "$HELLO" --wait-running=1 -- --sleep=600 three
equal '  is it' "$first running" "$(field u ImageDigest) $(field u State)"
albatrossctl update u "$other" --wait-running=20 -- --sleep=1 --exit=9 >/tmp/update.log 2>&1
equal 'one that does not stay up ends with 5' 5 $?
check '  and says so' grep -q 'did not stay up' /tmp/update.log
check '  it is what it was' wait_for 10 is u State running
equal '  with its image and arguments' "$first --sleep=600 three" "$(field u ImageDigest) $(field u Arguments)"
albatrossctl update u "$other" --wait-running=60 -- --sleep=30 >/tmp/update.log 2>&1 &
update=$!
check 'another one is watched' wait_for 10 is_watched u
refuse 'meanwhile it can not be changed otherwise' 'changed already' albatrossctl set u --memory=3
albatrossctl -q stop u
wait $update
equal 'one that is stopped meanwhile does not go back' 1 $?
equal '  it stays stopped' stopped "$(field u State)"

albatrossctl -q start u
albatrossctl update u "$HELLO" --wait-running=60 -- --sleep=600 >/tmp/update.log 2>&1 &
update=$!
check 'another one is watched, too' wait_for 10 is_watched u
equal '  which runs' "$first running" "$(field u ImageDigest) $(field u State)"
systemctl stop albatross-u.scope
wait $update
equal 'one whose scope is stopped meanwhile does not go back, either' 1 $?
prints '  it is told' 'was stopped while it was watched' cat /tmp/update.log
equal '  it stays stopped' stopped "$(field u State)"
albatrossctl -q start u
check 'one that does not take its name stays up without it' \
    albatrossctl -q update u "$other" --name --wait-running=5 -- --sleep=3 --exit=64
equal '  it is it' "no $second" "$(field u AddName) $(field u ImageDigest)"
albatrossctl -q stop u

check 'update of one that is stopped' albatrossctl -q update u "$HELLO"
equal '  does not start it' "stopped $first" "$(field u State) $(field u ImageDigest)"
albatrossctl -q policy set tight --unikernels=1 --memory=64 --cpus=0
albatrossctl -q create --memory=40 tight:t "$HELLO" -- --sleep=600
albatrossctl update tight:t "$other" --memory=2 --wait-running=60 -- --sleep=6 --exit=9 >/tmp/update.log 2>&1 &
update=$!
check 'one that needs less is there' wait_for 10 is tight:t Memory "$((2 << 20))"
check '  and its policy allows less now' albatrossctl -q policy set tight --memory=20
check 'one that can not go back is told so' not wait $update
prints '  in full' 'did not stay up, and the one before can' cat /tmp/update.log
prints '  with the reason' 'the policy tight allows 20 MiB' cat /tmp/update.log
albatrossctl -q destroy tight:t
albatrossctl -q policy remove tight

albatrossctl -q create --no-start --memory=2 early "$HELLO" -- --sleep=600
launcher=$(main_pid albatross-launcher)
kill -STOP "$launcher"
timeout 20 albatrossctl -q start early &
start=$!
check 'one is being started' wait_for 10 is early State starting
ask_for set early /dev/null timeout 20 albatrossctl -q set early --memory=40
set=$!
kill -CONT "$launcher"
check '  it starts' wait $start
check '  who sets it meanwhile is answered' wait $set
equal '  that is for the next start' "$((40 << 20))" "$(field early Memory)"
prints '  it has what it was admitted with' '--mem=2' eval 'tr "\0" " " <"/proc/$(field early MainPID)/cmdline"'
check '  the next start has it' albatrossctl -q restart early
prints '  all of it' '--mem=40' eval 'tr "\0" " " <"/proc/$(field early MainPID)/cmdline"'
albatrossctl -q destroy early

check 'create --force is an update' albatrossctl -q create --force u "$other" -- --sleep=600
equal '  and a start' "running $second" "$(field u State) $(field u ImageDigest)"
check '  or a create' albatrossctl -q create --force --memory=2 v "$HELLO" -- --sleep=600
refuse 'without it, it is refused' 'exists already' albatrossctl create v "$HELLO"
# What could refuse the start is asked before what runs is stopped.
pid=$(field u MainPID)
tender=/usr/libexec/albatross/albatross-spt
mv $tender $tender.away
refuse 'without its tender, one that runs is not restarted' 'were looked for' albatrossctl restart u
refuse '  nor set at once' 'were looked for' albatrossctl set u --now --startup=8
refuse '  nor brought back' 'were looked for' albatrossctl rollback u
check '  but set for the next start' albatrossctl -q set u --startup=9
mv $tender.away $tender
image=/var/lib/albatross/v1/images/$(sed -n '/"Previous"/,$s/.*"Digest": "\(.*\)".*/\1/p' < <(record u))
mv "$image" "$image.away"
refuse 'without the image before, one that runs is not brought back' "can't be opened" albatrossctl rollback u
mv "$image.away" "$image"
albatrossctl -q block create storage 1
mkfifo "$other.fifo"
albatrossctl -q block write storage - <"$other.fifo" 2>/dev/null &
write=$!
exec 5>"$other.fifo"
check 'a block device is being written' wait_for 10 eval 'albatrossctl block list --json=short | grep -q writing'
refuse '  one that runs does not become one that needs it' 'being written' \
    albatrossctl update u "${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests/disk.spt" -- --stay
exec 5>&-
wait $write
albatrossctl -q block remove storage
equal 'through all of this it runs' "$pid running" "$(field u MainPID) $(field u State)"
check 'all is as it should be' invariants
check 'both can be destroyed' albatrossctl -q destroy u v
check 'and no image is left' wait_for 10 eval '[ "$(images)" = 0 ]'
rm -f "$other" "$other.broken" "$other.fifo"
