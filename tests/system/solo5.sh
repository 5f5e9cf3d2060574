#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Real tenders of Solo5, and Solo5's own test unikernels, on both: built by whoever runs this, since
# they are in no package. $ALBATROSS_SOLO5 is the folder with solo5-spt, solo5-hvt and, below
# tests/, test_hello.spt and the like:
#
#   ALBATROSS_SOLO5=FOLDER tools/rig -- tests/system/solo5.sh
#
# rig: own
. "$(dirname "$0")/lib.sh"

solo5=${ALBATROSS_SOLO5-}
[ -n "$solo5" ] || skip 'ALBATROSS_SOLO5 does not say where tenders of Solo5 are'
for file in solo5-spt solo5-hvt tests/test_hello.{spt,hvt}; do
    [ -e "$solo5/$file" ] || skip "there is no $solo5/$file"
done
install -D -m 755 -t /usr/local/libexec/albatross "$solo5/solo5-spt" "$solo5/solo5-hvt"

prints 'status shows the tender for spt' '/usr/local/libexec/albatross/solo5-spt (solo5-spt, ABI version' albatrossctl status
prints 'and that for hvt' '/usr/local/libexec/albatross/solo5-hvt (solo5-hvt, ABI version' albatrossctl status

# Runs one to its end; prints its status.
run() { # NAME IMAGE [ARG...]
    local name=$1 image=$2
    shift 2
    timeout 20 albatrossctl -q create --console "$name" "$solo5/tests/$image" -- "$@" >"$test_output.$name" 2>&1
    echo $?
    albatrossctl -q destroy "$name"
}

if [ ! -c /dev/kvm ]; then
    refuse 'without /dev/kvm an image for hvt is refused' '/dev/kvm' albatrossctl create h "$solo5/tests/test_hello.hvt"
    check 'without being started it is taken' albatrossctl create --no-start h "$solo5/tests/test_hello.hvt"
    check 'it can be destroyed' albatrossctl destroy h
elif mountpoint -q /dev/kvm; then
    say_result skip '/dev/kvm is that of the machine itself, which is left as it is'
else
    # There is no udev in a container, which would have done this.
    getent group kvm >/dev/null || groupadd --system kvm
    chown root:root /dev/kvm && chmod 600 /dev/kvm
    refuse 'with /dev/kvm for root alone an image for hvt is refused' 'chgrp kvm /dev/kvm' \
        albatrossctl create h "$solo5/tests/test_hello.hvt"
    chgrp kvm /dev/kvm && chmod 660 /dev/kvm

    equal 'an image for hvt runs' 0 "$(run h test_hello.hvt Hello_Solo5)"
    prints 'with its arguments' "Command line is: 'Hello_Solo5'" cat "$test_output.h"
    prints 'of which it is said that they can be seen' 'can be read in /proc' \
        sh -c "albatrossctl create h $solo5/tests/test_hello.hvt -- Hello_Solo5 2>&1 >/dev/null"
    albatrossctl -q destroy h
    equal 'one that aborts ends with 255' 255 "$(run a test_zeropage.hvt)"

    albatrossctl -q create --memory=8 t "$solo5/tests/test_time.hvt" -- secret
    pid=$(albatrossctl show t -P MainPID)
    equal 'it runs by the tender for hvt' /usr/local/libexec/albatross/solo5-hvt "$(albatrossctl show t -P Tender)"
    equal 'and its arguments can be seen' yes "$(albatrossctl show t -P ArgumentsVisible)"
    prints 'on its command line' 'solo5-hvt --mem=8 -- /proc/self/fd/3 secret' sh -c "tr '\0' ' ' </proc/$pid/cmdline"
    equal 'it has the group of /dev/kvm and no other' "$(getent group kvm | cut -d: -f3)" \
        "$(awk '/^Groups:/ {print $2 $3}' "/proc/$pid/status")"
    equal 'its scope has room for 8 MiB, a tender of 8, and page tables' $(((16 << 20) + 32768)) \
        "$(systemctl show -P MemoryMax albatross-t.scope)"
    check 'stop ends it' albatrossctl stop t
    equal 'which was asked for, although it exits with 1' 'stopped stopped' \
        "$(albatrossctl show t -P State) $(albatrossctl show t -P ExitResult)"
    check 'it starts again' albatrossctl start t
    equal 'with the same room' $(((16 << 20) + 32768)) "$(systemctl show -P MemoryMax albatross-t.scope)"
    systemctl restart albatrossd
    equal 'over a restart of the daemon its tender is known' '/usr/local/libexec/albatross/solo5-hvt yes' \
        "$(albatrossctl show t -P Tender) $(albatrossctl show t -P ArgumentsVisible)"
    mv /usr/local/libexec/albatross/solo5-hvt /usr/local/bin/
    check 'one that runs does not mind that its tender moves' albatrossctl status t
    check 'stop and start' albatrossctl stop t
    albatrossctl -q start t
    equal 'find it where it is now' /usr/local/bin/solo5-hvt "$(albatrossctl show t -P Tender)"
    rm /usr/local/bin/solo5-hvt
    albatrossctl -q stop t
    refuse 'and say so when it is nowhere' 'There is no tender for the image (hvt' albatrossctl start t
    equal 'its start has failed then' failed "$(albatrossctl show t -P State)"
    check 'destroy' albatrossctl destroy t
fi

# --- spt, by both
equal 'an image for spt runs by our own tender' 0 "$(run s test_hello.spt Hello_Solo5)"
settings PreferOfficialTender=yes
mv "$test_output.s" "$test_output.ours"
equal 'and by that of Solo5' 0 "$(run s test_hello.spt Hello_Solo5)"
equal 'with the same output' "$(grep -v ^s$ "$test_output.ours")" "$(grep -vE '^(s$|Note: )' "$test_output.s")"
albatrossctl -q create --memory=8 t "$solo5/tests/test_time.spt"
equal 'which is the tender then' /usr/local/libexec/albatross/solo5-spt "$(albatrossctl show t -P Tender)"
equal 'with room for 8 MiB, a tender of 8, and page tables' $(((16 << 20) + 16384)) "$(systemctl show -P MemoryMax albatross-t.scope)"
albatrossctl -q destroy t
check 'our hello runs on it, too' albatrossctl create --console t "$HELLO" -- one two
albatrossctl -q destroy t

# --- networks and block devices, by the daemon: taps that it must remove, files that it must open
echo=$RIG_BUILD/tests/guests/echo.spt
serve() { albatrossctl -q create --memory=2 --net=service:br0 "$1" "$echo" -- --ip="$2"; }
ip link add br0 address 02:00:00:00:00:b0 type bridge && ip link set br0 up
ip addr add 10.77.0.1/24 dev br0
check 'one with a network' wait_for 10 serve net 10.77.0.2
equal 'by the tender of Solo5' /usr/local/libexec/albatross/solo5-spt "$(albatrossctl show net -P Tender)"
check 'answers' wait_for 10 ping -q -c 1 -W 1 10.77.0.2
equal 'has one tap' 1 "$(taps | wc -l)"
prints 'of its own uid' "user $(albatrossctl show net -P UID)" ip -d link show "$(taps)"
check 'stop takes it away' albatrossctl stop net
check 'soon' no_taps
check 'start brings it back' albatrossctl start net
systemctl kill --kill-who=main -s KILL albatrossd
check 'the daemon is killed: another one is there' wait_for 10 albatrossctl status net
check 'and lets its tap be' wait_for 10 ping -q -c 1 -W 1 10.77.0.2
kill -KILL "$(albatrossctl show net -P MainPID)"
check 'its tender is killed: the tap goes' no_taps
albatrossctl -q start net
pid=$(albatrossctl show net -P MainPID)
systemctl stop albatrossd.socket albatrossd.service
kill -KILL "$pid"
equal 'while there is no daemon, nobody removes it' 1 "$(taps | wc -l)"
systemctl start albatrossd.socket albatrossd.service
check 'but the next one does' no_taps
albatrossctl -q start net
systemctl kill --kill-who=main -s KILL albatross-launcher
check 'the launcher is killed: destroy' wait_for 10 albatrossctl destroy net
check 'takes it away' no_taps
wait_for 10 systemctl is-active -q albatross-launcher
systemctl mask --runtime -q albatross-locked.slice
refuse 'a start that PID 1 refuses' 'systemd did not start the scope' serve locked:net 10.77.0.2
check 'leaves no tap' no_taps
systemctl unmask --runtime -q albatross-locked.slice

albatrossctl -q block create storage 1
check 'one with a block device' timeout 20 albatrossctl -q create --console --memory=2 disk "$RIG_BUILD/tests/guests/disk.spt"
equal 'has written what is there' "$(albatrossctl console -o cat disk | sed -n 's/^Sum //p')" "$(albatrossctl block read storage - | cksum)"
albatrossctl -q destroy disk
albatrossctl -q create --memory=2 disk "$RIG_BUILD/tests/guests/disk.spt" -- --stay
equal 'while it runs its uid may open it' 660 "$(stat -c %a /var/lib/albatross/v1/blocks/storage)"
check 'and only that one' runuser -u alice -- test ! -r /var/lib/albatross/v1/blocks/storage
albatrossctl -q destroy disk
check 'and not when it has ended' wait_for 10 eval '[ "$(stat -c %a /var/lib/albatross/v1/blocks/storage)" = 600 ]'
prints 'their own test of them' SUCCESS timeout 20 albatrossctl create --console disk "$solo5/tests/test_blk.spt"
albatrossctl -q destroy disk
albatrossctl -q block remove storage
ip link del br0

# --- and without it: the same images, options and answers with both tenders
disk=$(mktemp)
truncate -s 1M "$disk"
disks=()
for i in {0..62}; do
    disks+=("--block:storage$i=$disk")
done
ip link add solo5br type bridge mcast_snooping 0 && ip link set solo5br mtu 9000 up
for tap in solo5tap0 solo5tap1; do
    ip tuntap add $tap mode tap && ip link set $tap mtu 9000 master solo5br up
done

# Their test of networks answers ping at 10.0.0.2, as which our guest asks it.
asks_test_net() { # TENDER
    "$1" --mem=2 --net:service0=solo5tap0 -- "$solo5/tests/test_net.spt" &
    "$1" --mem=2 --net:service=solo5tap1 -- "$RIG_BUILD/tests/guests/echo.spt" \
        --ip=10.0.0.1 --ping=10.0.0.2 --count=1000 --once
    local status=$?
    kill $! && wait $!
    return $status
}

for tender in /usr/libexec/albatross/albatross-spt /usr/local/libexec/albatross/solo5-spt; do
    name=${tender##*/}
    prints "$name: their test of block devices" SUCCESS \
        timeout 20 "$tender" --mem=2 --block:storage="$disk" -- "$solo5/tests/test_blk.spt"
    prints "$name: with larger sectors" SUCCESS timeout 20 "$tender" --mem=2 --block:storage="$disk" \
        --block-sector-size:storage=4096 -- "$solo5/tests/test_blk.spt"
    prints "$name: that of 63 of them" SUCCESS timeout 20 "$tender" --mem=2 \
        "${disks[@]}" -- "$solo5/tests/test_mft_maxdevices.spt"
    prints "$name: that of the MTU" 'MTU is 9000' \
        timeout 20 "$tender" --mem=2 --net:service0=solo5tap0 -- "$solo5/tests/test_net_mtu.spt"
    prints "$name: that of networks answers ping" '10.0.0.2 answers, in' asks_test_net "$tender"
done
for tap in solo5tap0 solo5tap1; do
    ip tuntap del $tap mode tap
done
ip link del solo5br
rm "$disk"

rm "$test_output".[a-z]*
settings
# For a moment the daemon asks the tenders once more, as such a uid.
# A launcher was killed: files of its locks may have stayed.
check 'no uid stays locked' wait_for 10 eval '[ -z "$(locked_uids)" ]'
