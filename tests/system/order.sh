#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Restarts that are asked for, changes of all below a path, and the order of them: also when the host
# boots and shuts down.
# rig: own
# timeout: 300
. "$(dirname "$0")/lib.sh"

create() { albatrossctl -q create --memory=2 "$@" -- --sleep=600; }
states() { for name in "$@"; do field "$name" State; done | xargs; }
boot_in_order() { # [COMMAND...]
    systemctl stop albatross-guests.service
    boot "$@"
    systemctl start albatross-guests.service
}
# The names in the order in which something became of them, by the time of that.
by_time() { # FIELD NAME...
    local which=$1
    shift
    for name in "$@"; do echo "$(field "$name" "$which") $name"; done | sort -n | cut -d' ' -f2 | xargs
}

create --startup=10 o:first "$HELLO"
create --startup=20 o:second "$HELLO"
create --startup=30 o:third "$HELLO"
albatrossctl -q create --memory=2 --no-start o:still "$HELLO" -- --sleep=600

pid=$(field o:first MainPID)
prints 'restart prints the full name' o:first albatrossctl restart o:first
check 'it is another process' [ "$(field o:first MainPID)" != "$pid" ]
equal 'that runs' running "$(field o:first State)"
equal 'which is no restart by itself' 0 "$(field o:first Restarts)"
check 'restart of one that is stopped starts it' albatrossctl -q restart o:still
equal '  it runs' running "$(field o:still State)"
check '  and can be stopped' albatrossctl -q stop o:still
refuse 'restart of an unknown one is refused' 'no unikernel "o:none"' albatrossctl restart o:none

mapfile -t before < <(for n in first second third; do field "o:$n" MainPID; done)
equal 'restart of a path is for those that are not stopped, in their order' 'o:first o:second o:third' \
    "$(albatrossctl restart o: | sort | xargs)"
mapfile -t after < <(for n in first second third; do field "o:$n" MainPID; done)
check '  all of them' [ "${before[0]}" != "${after[0]}" -a "${before[1]}" != "${after[1]}" -a "${before[2]}" != "${after[2]}" ]
equal '  one after the other' 'o:first o:second o:third' "$(by_time StateChangeTimestamp o:third o:second o:first)"
equal '  and the stopped one stays so' stopped "$(field o:still State)"
prints '--dry-run only says so' 'Would stop o:second' albatrossctl stop o: --dry-run
check 'stop of a path' albatrossctl -q stop o:
equal '  stops all' 'stopped stopped stopped stopped' "$(states o:first o:second o:third o:still)"
equal '  in reverse order' 'o:third o:second o:first' "$(by_time ExitTimestamp o:first o:second o:third)"
albatrossctl -q create --memory=2 f:bad "$HELLO" -- --exit=5
check 'one has failed' wait_for 10 is f:bad State failed
prints '  it would be stopped with its path' 'Would stop f:bad' albatrossctl stop f: --dry-run
equal '  and is, which is told' f:bad "$(albatrossctl stop f:)"
equal '  once' 'stopped ' "$(field f:bad State) $(albatrossctl stop f:)"
albatrossctl -q destroy f:bad
prints 'start of a path names them' o:still albatrossctl start o:
equal '  and starts all' 'running running running running' "$(states o:first o:second o:third o:still)"
equal '  in their order' 'o:first o:second o:third o:still' \
    "$(by_time StateChangeTimestamp o:still o:third o:second o:first)"
refuse 'an empty path is a slip' 'no unikernel below' albatrossctl stop nobody:
refuse 'restart with names and --all is refused' 'Both --all and names' albatrossctl restart --all o:first
refuse 'restart of nothing, too' 'Nothing is named' albatrossctl restart
as alice albatrossctl --no-ask-password stop o: >/dev/null 2>&1
equal 'a stranger stops nothing' 'running running running running' "$(states o:first o:second o:third o:still)"

check 'the service of the guests stops' systemctl stop albatross-guests.service
equal '  all of them' 'stopped stopped stopped stopped' "$(states o:first o:second o:third o:still)"
equal '  in reverse order' 'o:still o:third o:second o:first' \
    "$(by_time ExitTimestamp o:first o:second o:third o:still)"
equal '  which is no failure' stopped "$(field o:first ExitResult)"
check '  nor is it the service'"'"'s' not systemctl is-failed -q albatross-guests.service
equal '  and what is wanted stays so' 4 "$(grep -l '"Wanted": "running"' /var/lib/albatross/v1/unikernels/o:*.json | wc -l)"
systemctl restart albatrossd
sleep 1
equal '  until the next boot' 'stopped stopped stopped stopped' "$(states o:first o:second o:third o:still)"
boot_in_order
check 'at boot all start' wait_for 30 is o:still State running
equal '  in their order' 'o:first o:second o:third o:still' \
    "$(by_time StateChangeTimestamp o:still o:third o:second o:first)"

# What can't be started at boot waits, and holds up nobody.
image=$(field o:first ImageDigest)
boot_in_order mv "/var/lib/albatross/v1/images/$image" /var/lib/albatross/v1/away
check 'what can not be started at boot waits' wait_for 20 eval 'is o:first State waiting && is o:still State waiting'
check '  and says when it is tried again' [ "$(field o:first NextRestartTimestamp)" -gt 0 ]
check 'clients are answered meanwhile' albatrossctl list
mv /var/lib/albatross/v1/away "/var/lib/albatross/v1/images/$image"
check '  it starts by itself then' wait_for 70 eval '[ "$(states o:first o:second o:third o:still)" = "running running running running" ]'
equal '  which is no restart' 0 "$(field o:first Restarts)"

systemctl kill -s STOP albatross-launcher.service
check 'a restart is under way' ask_for restart o:second /dev/null albatrossctl restart o:second
restart=$!
systemctl kill -s KILL albatrossd.service
systemctl kill -s CONT albatross-launcher.service
wait $restart
check 'a daemon that dies in a restart' wait_for 10 albatrossctl list
check '  leaves it to the next one' wait_for 20 is o:second State running
check 'all can be destroyed' albatrossctl -q destroy o:first o:second o:third o:still
