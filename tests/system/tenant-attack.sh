#!/bin/bash
# SPDX-License-Identifier: ISC
#
# A tender that was taken over does what it can against those of other tenants: to their processes,
# disks and taps, and to us.
# rig: own
# timeout: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

tools=$RIG_BUILD/tests/system
guests=$RIG_BUILD/tests/guests
[ -x "$tools/hostile-tender" ] || skip "$tools/hostile-tender is not built"
state=/var/lib/albatross/v1

tap_of() { ip -o link show | grep -F "alias albatross:$1" | sed -nE 's/^[0-9]+: (alb[0-9]+)[@:].*/\1/p'; }
create() { albatrossctl -q create --memory=2 "$@" 2>/dev/null; }
pid_of() { albatrossctl show "$1" -P MainPID; }

ip link add br0 address 02:00:00:00:00:b0 type bridge && ip link set br0 up
ip addr add 10.77.0.1/24 dev br0
check 'the daemon is there' albatrossctl list
albatrossctl -q block create alice:storage 1
albatrossctl -q block create bob:storage 1

# Victims: with our tender, tap and disk as descriptors; and with one that has them by name.
check "alice's network, with our tender" wait_for 10 create --net=service:br0 alice:net "$guests/echo.spt" -- --ip=10.77.0.2
check "alice's disk" create --block=storage alice:disk "$guests/disk.spt" -- --stay
install -D -m 755 "$tools/hostile-tender" /opt/hostile/solo5-spt
settings TenderPath=/opt/hostile PreferOfficialTender=yes
check "bob's network, with a tender that finds its tap by name" wait_for 10 create --net=service:br0 bob:net "$guests/echo.spt" -- wait
check "bob's disk, which that opens by path" create --block=storage bob:disk "$guests/disk.spt" -- wait
equal 'they have uids of their own' 4 \
    "$(for n in alice:net alice:disk bob:net bob:disk; do albatrossctl show $n -P UID; done | sort -u | wc -l)"
before=$(sha256sum <$state/blocks/alice:storage)

attack() { # VICTIM'S NET, DISK
    local victim path=$2
    for victim in "$1:net" "$1:disk"; do
        albatrossctl -q create --memory=2 --console --net=service:br0 "mallory:$1" "$guests/echo.spt" -- attack \
            "$(pid_of "$victim")" "$(albatrossctl show "$victim" -P UID)" "$(tap_of "$1:net")" "$path" 2>/dev/null
        albatrossctl -q destroy "mallory:$1"
    done >"$test_output.attack"
}
for victim in alice bob; do
    attack $victim $state/blocks/$victim:storage
    cp "$test_output.attack" "$test_output.$victim"
    equal "mallory succeeds with nothing against $victim" '' "$(grep -a succeeded "$test_output.$victim")"
    equal 'of very much that was tried, twice' 2 "$(grep -acE '^0 of [0-9]{3} attempts' "$test_output.$victim")"
done
for name in alice:net alice:disk bob:net bob:disk; do
    equal "$name runs" running "$(albatrossctl show $name -P State)"
done
check 'and answers' wait_for 10 ping -q -c 1 -W 1 10.77.0.2
equal 'nothing has changed on the disk' "$before" "$(sha256sum <$state/blocks/alice:storage)"

# Against their own, as its own uid: these have to work, or nothing was tried above.
uid=$(albatrossctl show bob:disk -P UID)
check "the uid of bob's disk may open it" setpriv --reuid "$uid" --clear-groups cat /proc/self/fd/0 <$state/blocks/bob:storage
check 'and signal its tender' setpriv --reuid "$uid" --clear-groups kill -0 "$(pid_of bob:disk)"
refuse 'but not that of another one' 'not permitted' setpriv --reuid "$uid" --clear-groups kill -0 "$(pid_of bob:net)"
refuse 'nor of alice' 'not permitted' setpriv --reuid "$uid" --clear-groups kill -0 "$(pid_of alice:disk)"
refuse 'nor trace it' 'ermission denied' setpriv --reuid "$uid" --clear-groups ls -l "/proc/$(pid_of alice:disk)/fd/"

# What it leaves behind must not meet the next user of its uid.
check 'one that leaves a child behind' create --net=service:br0 mallory:left "$guests/echo.spt" -- linger
wait_for 10 eval '[ "$(albatrossctl show mallory:left -P State)" != running ]'
check 'it ends with its tender' wait_for 10 eval '[ "$(pgrep -xc solo5-spt)" = 2 ]'
check 'destroy' albatrossctl destroy mallory:left
check 'one that starts as many as it can' create --net=service:br0 mallory:fork "$guests/echo.spt" -- fork
soon 'has a few' '7 children' albatrossctl console -o cat mallory:fork
check 'all of which go with it' albatrossctl destroy mallory:fork
check 'soon' wait_for 10 eval '[ "$(pgrep -xc solo5-spt)" = 2 ]'

for name in alice:net alice:disk bob:net bob:disk; do
    check "destroy $name" albatrossctl destroy $name
done
check 'no tap is left' no_taps
for name in alice:storage bob:storage; do
    check "remove $name" albatrossctl block remove $name
done
rm -r /opt/hostile "$test_output".[a-z]*
settings
