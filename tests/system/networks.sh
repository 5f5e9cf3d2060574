#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Unikernels with networks: matched with what their images want, on bridges, apart from each other
# as far as they are meant to be, and with their taps gone when they are.
# rig: own
# timeout: 240
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

echo=$RIG_BUILD/tests/guests/echo.spt
[ -e "$echo" ] || skip "$echo is not built"

n_taps() { taps | wc -l; }
ports() { ip -o link show master "$1" | sed -nE 's/^[0-9]+: ([^@:]+)[@:].*/\1/p' | sort; }
answers() { wait_for 10 ping -q -c 1 -W 1 "$1"; }
state() { albatrossctl show "$1" -P State; }
# One that runs on, at that address.
serve() { # NAME IP [OPTION...]
    local name=$1 ip=$2
    shift 2
    albatrossctl -q create --memory=2 "$@" "$name" "$echo" -- --ip="$ip"
}
# One that pings another, and ends with 0 when that has answered.
ask() { # NAME IP PEER [OPTION...] [-- ARG...]
    local name=$1 ip=$2 peer=$3 status=0 options=()
    shift 3
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1") && shift; done
    shift $(($# > 0))
    timeout 40 albatrossctl -q create --console --memory=2 "${options[@]}" "$name" "$echo" -- \
        --ip="$ip" --ping="$peer" --wait=5 --once "$@" || status=$?
    albatrossctl -q destroy "$name"
    return $status
}
derived_mac() { # GUEST NAME
    printf %s "$1$2" | md5sum | sed -E 's/^(..)(..)(..).*/00:80:41:\1:\2:\3/'
}
bridge() { # NAME MAC
    ip link add "$1" address "$2" type bridge && ip link set "$1" up
}

refuse 'without a bridge, it is said that there is none' 'the image wants' serve web 10.77.0.2 ||
    check 'something is wrong with the rig' ip link
bridge br0 02:00:00:00:00:b0
ip addr add 10.77.0.1/24 dev br0
invariants_note

# --- what an image wants

check 'an image with one network gets the only bridge' wait_for 10 serve web 10.77.0.2
check 'it answers' answers 10.77.0.2
mac=$(derived_mac service :web)
equal 'show tells what was filled in' "service:br0@$mac" "$(albatrossctl show web -P Nets)"
prints 'and so does status' "Networks: service:br0@$mac" albatrossctl status web
prints 'its neighbour knows the MAC' "$mac" ip neigh show 10.77.0.2
equal 'it has one tap' 1 "$(n_taps)"
equal 'on that bridge' "$(taps)" "$(ports br0)"
prints 'which says whose it is' 'alias albatross:web' ip link show "$(taps)"
equal 'and has no address on the host' '' "$(ip -o addr show dev "$(taps)")"
prints 'its record has it, too' "service:br0@$mac" cat /var/lib/albatross/v1/unikernels/web.json
check 'not everybody may see that' not sh -c 'runuser -u alice -- albatrossctl show web | grep -q br0'

bridge br1 02:00:00:00:00:b1
refuse 'with two bridges it has to be said which' 'Give it: --net=service:BRIDGE' serve other 10.77.0.3
refuse 'and which there are' 'br0,br1' serve other 10.77.0.3 --net=service
refuse 'a network that the image does not have' 'the image wants the network service' \
    serve other 10.77.0.3 --net=service:br0 --net=more:br0
refuse 'nor is it a block device' 'service is given as a block device, and is a network' \
    serve other 10.77.0.3 --block=service:data
refuse 'a bridge that is not there' 'There is no bridge br7' serve other 10.77.0.3 --net=service:br7
refuse '  and where to look' 'ip link show type bridge' serve other 10.77.0.3 --net=service:br7
refuse 'what is no bridge' 'There is no bridge lo' serve other 10.77.0.3 --net=service:lo
check 'nothing is left of those' invariants
equal 'and no tap' 1 "$(n_taps)"

# --- one life after the other

check 'stop' albatrossctl stop web
check 'takes the tap away' no_taps
check 'start' albatrossctl start web
check 'brings it back' answers 10.77.0.2
equal 'with the same MAC' "service:br0@$mac" "$(albatrossctl show web -P Nets)"
systemctl kill --kill-who=main -s KILL albatrossd
check 'the daemon is killed: it answers' ping -q -c 1 -W 1 10.77.0.2
check 'the next one knows it' wait_for 10 albatrossctl status web
equal 'and lets its tap be' 1 "$(n_taps)"
check 'it answers still' answers 10.77.0.2
systemctl kill --kill-who=main -s KILL albatross-network
check 'the network service is killed: it answers' answers 10.77.0.2
check 'another one gets its tap from the next' serve other 10.77.0.3 --net=service:br0
check 'and answers' answers 10.77.0.3
kill -KILL "$(albatrossctl show other -P MainPID)"
check 'its tender is killed' wait_for 10 eval '[ "$(state other)" = failed ]'
check 'which takes its tap' wait_for 10 eval '[ "$(n_taps)" = 1 ]'
check 'destroy' albatrossctl destroy other
systemctl kill --kill-who=main -s KILL albatross-launcher
check 'the launcher is killed: it answers' answers 10.77.0.2
check 'destroy takes it away all the same' wait_for 10 albatrossctl destroy web
check 'and its tap' no_taps
wait_for 10 systemctl is-active -q albatross-launcher
invariants_note

# --- with each other, or not

check 'one' serve one 10.77.0.2 --net=service:br0
check 'is asked by another' ask two 10.77.0.3 10.77.0.2 --net=service:br0
check 'not from another bridge' not ask two 10.77.0.3 10.77.0.2 --net=service:br1
check 'and from an isolated port' ask two 10.77.0.3 10.77.0.2 --net=service:br0,isolated
check 'and asks the host itself' ask two 10.77.0.3 10.77.0.1 --net=service:br0,isolated
check 'destroy' albatrossctl destroy one
check 'one that is isolated' serve one 10.77.0.2 --net=service:br0,isolated
check 'answers the host' answers 10.77.0.2
check 'and others' ask two 10.77.0.3 10.77.0.2 --net=service:br0
check 'but not an isolated one' not ask two 10.77.0.3 10.77.0.2 --net=service:br0,isolated

forged=02:00:00:00:00:77
check 'nothing comes through from another MAC' not ask two 10.77.0.3 10.77.0.2 --net=service:br0 -- --forge=$forged
one_mac=$(derived_mac service :one)
check 'nor from that of another' not ask two 10.77.0.3 10.77.0.1 --net=service:br0 -- --forge="$one_mac"
check 'who keeps its own' answers 10.77.0.2
check 'but with nolock it does' ask two 10.77.0.3 10.77.0.1 --net=service:br0,nolock -- --forge=$forged

refuse 'a MAC that another one has' "has the MAC address $one_mac" serve two 10.77.0.3 --net="service:br0@$one_mac"
check 'is free on another bridge' serve two 10.77.0.3 --net="service:br1@$one_mac"
check 'destroy' albatrossctl destroy two
albatrossctl stop one
refuse 'it is also not free while that does not run' 'has the MAC address' serve two 10.77.0.3 --net="service:br0@$one_mac"
systemctl restart albatrossd
refuse 'nor for the next daemon' 'has the MAC address' serve two 10.77.0.3 --net="service:br0@$one_mac"
check 'but when it is destroyed' albatrossctl destroy one
check 'it is' serve two 10.77.0.3 --net="service:br0@$one_mac"
check 'destroy' albatrossctl destroy two
refuse 'nor that of the bridge' '02:00:00:00:00:b0 is in use' serve two 10.77.0.3 --net=service:br0@02:00:00:00:00:b0
refuse 'nor one of many' 'not the address of one device' serve two 10.77.0.3 --net=service:br0@01:00:5e:00:00:01
check 'no tap is left' no_taps
invariants_note
check 'all is as it should be' invariants

# --- bridges that go, and that are full

check 'one' serve one 10.77.0.2 --net=service:br1
albatrossctl -q stop one
ip link delete br1
refuse 'its bridge goes: it says so' 'There is no bridge br1' albatrossctl start one
equal 'and is stopped still' stopped "$(state one)"
bridge br1 02:00:00:00:00:b1
check 'the bridge comes back: it starts' wait_for 10 albatrossctl start one
ip link delete br1
check 'the bridge goes while it runs: it runs' albatrossctl status one
check 'it can be destroyed' albatrossctl destroy one
check 'no tap is left' no_taps

# --- one that waits for its bridge starts when that is there, not at its next try

bridge br1 02:00:00:00:00:b1
check 'one that is to run always' serve one 10.77.0.2 --net=service:br1 --restart
ip link delete br1
kill -SEGV "$(albatrossctl show one -P MainPID)"
check 'its bridge is gone, and it ends: it waits' wait_for 10 eval '[ "$(state one)" = waiting ]'
left() { echo $(($(albatrossctl show one -P NextRestartTimestamp) - ${EPOCHREALTIME/./})); }
check 'longer each time' wait_for 30 eval '[ "$(left)" -gt 5000000 ]'
bridge br1 02:00:00:00:00:b1
check 'its bridge is back: it runs at once' wait_for 3 eval '[ "$(state one)" = running ]'
albatrossctl -q destroy one
serve one 10.77.0.2 --net=service:br1 --restart
ip link delete br1
kill -SEGV "$(albatrossctl show one -P MainPID)"
check 'once more' wait_for 10 eval '[ "$(state one)" = waiting ]'
check 'long' wait_for 30 eval '[ "$(left)" -gt 5000000 ]'
check 'over a restart of the daemon, too' systemctl restart albatrossd
equal '  it waits' waiting "$(state one)"
bridge br1 02:00:00:00:00:b1
check '  and its bridge is back: it runs at once' wait_for 3 eval '[ "$(state one)" = running ]'
check 'it can be destroyed' albatrossctl destroy one
ip link delete br1
check 'no tap is left' no_taps

# --- what changes while it runs

taps_of() { ip -o link show master "$1" | sed -nE 's/^[0-9]+: (alb[0-9]+)[@:].*/\1/p'; }
bridge br1 02:00:00:00:00:b1
check 'one with an address of its own' serve one 10.77.0.2 --net=service:br0@02:00:00:00:01:01
tap=$(taps_of br0)
check 'it gets another one, and another bridge' albatrossctl -q set one --net=service:br1@02:00:00:00:01:02 --now
check 'it has a tap there' [ -n "$(taps_of br1)" ]
check 'and the old one is gone' wait_for 10 [ ! -e "/sys/class/net/$tap" ]
check 'its old address is free at once' serve two 10.77.0.3 --net=service:br0@02:00:00:00:01:01
refuse 'the new one is not' 'has the MAC address' serve three 10.77.0.4 --net=service:br1@02:00:00:00:01:02
check 'back, without a restart' albatrossctl -q set one --net=service:br0@02:00:00:00:01:03
refuse 'while it runs with it, nobody else gets its address' '02:00:00:00:01:02 is in use' serve three 10.77.0.4 --net=service:br1@02:00:00:00:01:02
refuse 'nor the one that it is to have' 'has the MAC address' serve three 10.77.0.4 --net=service:br0@02:00:00:00:01:03
systemctl restart albatrossd
refuse 'nor from the next daemon' '02:00:00:00:01:02 is in use' serve three 10.77.0.4 --net=service:br1@02:00:00:00:01:02
check 'when it is restarted' albatrossctl -q restart one
check 'somebody else does' serve three 10.77.0.4 --net=service:br1@02:00:00:00:01:02
check 'all can be destroyed' albatrossctl -q destroy one two three
ip link delete br1
check 'no tap is left' no_taps

bridge br1 02:00:00:00:00:b1
for i in {1..1023}; do echo "tuntap add dev d$i mode tap"; done >"$test_output.batch"
for i in {1..1023}; do echo "link set d$i master br1 group 77"; done >>"$test_output.batch"
check 'a bridge gets as many ports as it can have' ip -batch "$test_output.batch"
refuse 'then it is full' 'The bridge br1 is full' serve one 10.77.0.2 --net=service:br1
check 'no tap is left' no_taps
ip link delete d7
check 'until one goes' serve one 10.77.0.2 --net=service:br1
check 'destroy' albatrossctl destroy one
ip link delete group 77
rm "$test_output.batch"

# --- starts that come to nothing

slow_systemd 5
serve one 10.77.0.2 --net=service:br0 >"$test_output.one" 2>&1 &
client=$!
check 'its tap is there before its scope' wait_for 4 eval '[ "$(n_taps)" = 1 ]'
pkill -KILL -x albatross-gate
wait $client
equal 'it is killed at its gate: create fails' 1 $?
check 'and the tap goes' no_taps
wait
slow_systemd 5
serve one 10.77.0.2 --net=service:br0 >"$test_output.one" 2>&1 &
client=$!
wait_for 4 eval '[ "$(n_taps)" = 1 ]'
systemctl kill --kill-who=main -s KILL albatrossd
told=0
wait $client || told=$?
wait
check 'the daemon is killed then: the next one is there' wait_for 10 albatrossctl list
# Its record may have been written: then that is finished which nobody was told of, and runs with
# its one tap. Otherwise neither is there; and nothing between the two stays.
whole() { # NAMES: what "list" has to say when it is there
    case $1 in
    one) [ "$(state one)" = running ] && [ "$(n_taps)" = 1 ] && [ "$(taps)" = "$(ports br0)" ] ;;
    '') [ $told != 0 ] && [ "$(n_taps)" = 0 ] ;;
    *) false ;;
    esac
}
is_whole() { local names; names=$(albatrossctl list -q) && whole "$names"; }
check 'either it runs and has its tap, or there is neither' wait_for 15 is_whole ||
    { albatrossctl list; ip -o link; } >&2
left=$(albatrossctl list -q)
check 'and so it stays' eval 'sleep 1; [ "$left" = "$(albatrossctl list -q)" ] && whole "$left"'
[ -z "$left" ] || check 'what runs answers' answers 10.77.0.2
[ -z "$left" ] || check 'and is destroyed' albatrossctl -q destroy one
check 'and no tap is left' no_taps
systemctl mask --runtime -q albatross-locked.slice
refuse 'the slice is refused: so is the start' 'systemd did not start the scope' serve locked:one 10.77.0.2 --net=service:br0
check 'and the tap goes' no_taps
systemctl unmask --runtime -q albatross-locked.slice
systemctl stop albatross-network.socket albatross-network.service
refuse 'without the network service nothing with a network starts' 'network' \
    timeout 20 albatrossctl -q create --memory=2 --net=service:br0 one "$echo" -- --ip=10.77.0.2
check 'but others do' albatrossctl -q create --memory=2 plain "$HELLO" -- --sleep=600
check 'destroy' albatrossctl destroy plain
systemctl start albatross-network.socket
check 'when it is back, they do' wait_for 10 serve one 10.77.0.2 --net=service:br0
check 'destroy' albatrossctl destroy one
check 'no tap is left' no_taps
rm -f "$test_output".*

# --- many

check '200 at once' eval 'for i in {1..200}; do echo "n$i 10.77.1.$i"; done |
    xargs -P 4 -L 1 sh -c '\''albatrossctl -q create --memory=2 --net=service:br0 $0 "'"$echo"'" -- --ip=$1'\'
equal 'have a tap each' 200 "$(n_taps)"
(albatrossctl list -q | xargs albatrossctl -q destroy) &
destroyer=$!
worst=0
while kill -0 $destroyer 2>/dev/null; do
    begin=${EPOCHREALTIME/./}
    timeout 5 albatrossctl list -q >/dev/null || worst=5000000
    took=$((${EPOCHREALTIME/./} - begin))
    [ $took -le $worst ] || worst=$took
done
check "while they are destroyed, list takes $((worst / 1000)) ms at most" test $worst -lt 1000000
check 'no tap is left' no_taps
invariants_note
check 'all is as it should be' invariants
