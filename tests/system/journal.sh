#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What the daemon says in the journal: with fields, a number that the catalog explains, next to what
# the unikernel says; who has asked for what; nothing that is secret; as much as root wants to hear;
# and whatever journald does, nobody waits for it.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

messages=$(dirname "$0")/../../src/systemd/messages.h
id() { sed -n "s/^#define MESSAGE_$1 *\"\(.*\)\"/\1/p" "$messages"; }
began=$(date +%s)
journal() { journalctl --sync && journalctl -q --no-pager --since="@$began" "$@"; }
# How many messages of that number, with these fields, there are; and such a field of the last one.
n_of() { journal -o cat "MESSAGE_ID=$(id "$1")" "${@:2}" | wc -l; }
field_of() { journal -o json -n 1 "MESSAGE_ID=$(id "$1")" "ALBATROSS_UNIKERNEL=$2" | sed -n "s/.*\"$3\" *: *\"\([^\"]*\)\".*/\1/p"; }
said() { wait_for 10 eval '[ "$(n_of '"$1 ${*:2}"')" -gt 0 ]'; }
last() { journalctl -q --no-pager -n 1 "$@"; }

check 'the catalog is taken' journalctl --update-catalog
albatrossctl -q policy set alice --owner=alice --unikernels=4 --memory=256 --cpus=0 --block=4
# --- a life
albatrossctl -q create --memory=2 alice:web "$HELLO" -- --sleep=600 --password=s3cret
digest=$(busctl --json=short call org.albatross /org/albatross org.albatross.Manager Inspect s alice:web |
    grep -oE '[0-9a-f]{64}' | head -n 1)
check 'a creation is said' said UNIKERNEL_CREATED ALBATROSS_UNIKERNEL=alice:web ALBATROSS_PATH=alice
check 'once' [ "$(n_of UNIKERNEL_CREATED)" = 1 ]
check 'a start is' said UNIKERNEL_STARTED ALBATROSS_UNIKERNEL=alice:web
equal '... with its process' "$(cat /sys/fs/cgroup/albatross.slice/albatross-alice.slice/albatross-alice:web.scope/cgroup.procs)" \
    "$(field_of UNIKERNEL_STARTED alice:web ALBATROSS_PID)"
equal '... its image' "$digest" "$(field_of UNIKERNEL_STARTED alice:web ALBATROSS_IMAGE_DIGEST)"
equal '... its run' "$(systemctl show -P InvocationID albatross-alice:web.scope)" \
    "$(field_of UNIKERNEL_STARTED alice:web OBJECT_SYSTEMD_INVOCATION_ID)"
prints 'journalctl -u of its scope shows what the daemon says' 'alice:web is started' journal -u albatross-alice:web.scope
soon '... and what it says itself' '--sleep=600' journal -u albatross-alice:web.scope
albatrossctl status alice:web >/dev/null
check 'who looks is written down' said ALLOWED ALBATROSS_VERB=inspect ALBATROSS_UNIKERNEL=alice:web
equal '... but not there' '' "$(journal -o cat -u albatross-alice:web.scope | grep '^inspect\|^read-console')"
prints 'journalctl -x explains it' 'A unikernel was started' journal -x "MESSAGE_ID=$(id UNIKERNEL_STARTED)"
prints '... with its name' 'albatrossctl console alice:web' journal -x "MESSAGE_ID=$(id UNIKERNEL_STARTED)"
systemctl restart albatrossd
check 'one that is found running is said' said UNIKERNEL_ADOPTED ALBATROSS_UNIKERNEL=alice:web
albatrossctl -q set alice:web --memory=3
check 'a change is' said UNIKERNEL_CHANGED ALBATROSS_UNIKERNEL=alice:web
albatrossctl -q stop alice:web
check 'an end is' said UNIKERNEL_ENDED ALBATROSS_UNIKERNEL=alice:web
equal '... with its result' stopped "$(field_of UNIKERNEL_ENDED alice:web ALBATROSS_EXIT_RESULT)"
albatrossctl -q destroy alice:web
check 'a destruction is' said UNIKERNEL_DESTROYED ALBATROSS_UNIKERNEL=alice:web

albatrossctl -q create --memory=2 bad "$HELLO" -- --exit=3
check 'a failure is' said UNIKERNEL_FAILED ALBATROSS_UNIKERNEL=bad
equal '... with its status' 3 "$(field_of UNIKERNEL_ENDED bad ALBATROSS_EXIT_STATUS)"
albatrossctl -q create --memory=2 --restart again "$HELLO" -- --exit=3
check 'a restart is, as often as there is one' wait_for 10 eval '[ "$(n_of UNIKERNEL_RESTARTING ALBATROSS_UNIKERNEL=again)" -gt 1 ]'
albatrossctl -q destroy bad again

albatrossctl -q block create alice:data 1
check 'a new block device is' said BLOCK_CREATED ALBATROSS_BLOCK_DEVICE=alice:data
head -c 1M /dev/zero >"$test_output.disk"
albatrossctl -q block write alice:data "$test_output.disk"
rm "$test_output.disk"
check 'its new content is' said BLOCK_WRITTEN ALBATROSS_BLOCK_DEVICE=alice:data
albatrossctl -q block remove alice:data
check 'its end is' said BLOCK_REMOVED ALBATROSS_BLOCK_DEVICE=alice:data
check 'a policy is' said POLICY_SET ALBATROSS_PATH=alice

# --- who has asked
equal 'what was allowed is said, and to whom' 0 \
    "$(journal -o json -n 1 "MESSAGE_ID=$(id ALLOWED)" ALBATROSS_VERB=destroy ALBATROSS_UNIKERNEL=alice:web | sed -n 's/.*"ALBATROSS_CALLER_UID" *: *"\([0-9]*\)".*/\1/p')"
check 'an owner may not stop what she does not own' eval '! as alice timeout 10 albatrossctl --no-ask-password stop bob:web'
check '... which is said' said REFUSED ALBATROSS_UNIKERNEL=bob:web ALBATROSS_VERB=stop ALBATROSS_CALLER_UID=64101
check '... not as allowed' [ "$(n_of ALLOWED ALBATROSS_UNIKERNEL=bob:web)" = 0 ]
# The first refusal ends it, while the other call is under way.
for _ in {1..10}; do
    as alice timeout 10 albatrossctl --no-ask-password console bob:web :other bob:third 2>/dev/null
done
check 'who leaves before that is decided is written down, too' eval \
    'wait_for 10 said REFUSED ALBATROSS_UNIKERNEL=bob:third && ! journal -o cat | grep -q "somebody who has gone"'
equal '... each time' "$(n_of REFUSED ALBATROSS_UNIKERNEL=bob:third)" "$(n_of REFUSED ALBATROSS_UNIKERNEL=bob:third ALBATROSS_CALLER_UID=64101)"
as alice timeout 10 albatrossctl -q create --memory=2 alice:own "$HELLO" -- --sleep=600
check 'what she may is' said ALLOWED ALBATROSS_UNIKERNEL=alice:own ALBATROSS_VERB=create ALBATROSS_CALLER_UID=64101
check 'these are messages about rights' [ "$(journal -o cat SYSLOG_FACILITY=10 -t albatrossd | wc -l)" -gt 5 ]
albatrossctl -q destroy alice:own
albatrossctl -q policy remove alice
check 'the end of a policy is said' said POLICY_REMOVED ALBATROSS_PATH=alice

# --- how much is said
level() { busctl get-property org.albatross /org/freedesktop/LogControl1 org.freedesktop.LogControl1 LogLevel; }
equal 'the log level is info' info "$(systemctl service-log-level albatrossd)"
equal 'the target is the journal' journal "$(systemctl service-log-target albatrossd)"
check 'root sets another one' systemctl service-log-level albatrossd debug
equal 'which holds' 's "debug"' "$(level)"
albatrossctl -q create --memory=2 web "$HELLO" -- --password=s3cret --exit=0
albatrossctl -q destroy web
prints 'more is said then' 'is at its gate' journal -p debug -t albatrossd
journal_has() { journal --output=export -t albatrossd | grep -qa -e "$1"; }
check 'never the arguments' not journal_has s3cret
check 'in whatever is said' journal_has 'is at its gate'
refuse 'nobody else may' 'denied' as alice systemctl --no-ask-password service-log-level albatrossd emerg
equal '... and the level stays' 's "debug"' "$(level)"
refuse 'a level that there is not is refused' 'no log level "loud"' busctl set-property org.albatross \
    /org/freedesktop/LogControl1 org.freedesktop.LogControl1 LogLevel s loud
refuse 'and a target' 'not to "kmsg"' systemctl service-log-target albatrossd kmsg
check 'with less' systemctl service-log-level albatrossd err
n=$(n_of UNIKERNEL_CREATED)
albatrossctl -q create --memory=2 web "$HELLO" -- --exit=0
equal 'less is said' "$n" "$(n_of UNIKERNEL_CREATED)"
check 'but who has asked is' said ALLOWED ALBATROSS_UNIKERNEL=web ALBATROSS_VERB=create
albatrossctl -q destroy web
check 'the other target is taken' systemctl service-log-target albatrossd console
check '... and the first one again' systemctl service-log-target albatrossd journal
check 'and the first level' systemctl service-log-level albatrossd info

# --- journald is stopped
invariants_note
journald=$(main_pid systemd-journald)
albatrossctl -q create --memory=2 --no-start calm "$HELLO"
kill -STOP "$journald"
slowest=0
for _ in {1..400}; do
    before=${EPOCHREALTIME/./}
    timeout 20 busctl --timeout=20 call org.albatross /org/albatross org.albatross.Manager Inspect s calm >/dev/null || { slowest=20000000; break; }
    took=$((${EPOCHREALTIME/./} - before))
    [ $took -le $slowest ] || slowest=$took
done
kill -CONT "$journald"
check "a journal that is stopped delays nobody (the slowest of 400 calls: $slowest us)" [ $slowest -lt 2000000 ]
check 'and nothing was lost' wait_for 20 eval '[ "$(n_of ALLOWED ALBATROSS_UNIKERNEL=calm ALBATROSS_VERB=inspect)" = 400 ]'
systemctl restart systemd-journald
albatrossctl -q destroy calm
check 'a journald that is restarted hears us' said UNIKERNEL_DESTROYED ALBATROSS_UNIKERNEL=calm
systemctl restart systemd-journald.socket systemd-journald
albatrossctl -q create --memory=2 calm "$HELLO" -- --exit=0
check 'one whose socket is new does' said UNIKERNEL_CREATED ALBATROSS_UNIKERNEL=calm
albatrossctl -q destroy calm
check 'all is as it should be' invariants
