#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What the kernel counts of those that run: as the kernel itself says it at the same time, for
# whoever asks, and told or refused in time whatever becomes of the service that reads it.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

echo=$RIG_BUILD/tests/guests/echo.spt
[ -e "$echo" ] || skip "$echo is not built"
manager=(org.albatross /org/albatross org.albatross.Manager)

# {"NAME": {"Figure": value, ...}, ...}
all() { # PREFIX
    busctl --json=short --timeout=30 call "${manager[@]}" GetStatistics s "$1" |
        jq -c '[.data[0][] | {key: .[0], value: (.[1] | map_values(.data))}] | from_entries'
}
figure() { # NAME FIGURE
    all "$1" | jq -r --arg name "$1" --arg figure "$2" '.[$name][$figure] // "absent"'
}
names() { all "$1" | jq -r 'keys | join(" ")'; }
of_interface() { # NAME FIGURE
    busctl --json=short call "${manager[@]}" GetStatistics s "$1" |
        jq -r --arg figure "$2" '.data[0][0][1].Interfaces.data[0][$figure].data // "absent"'
}
group() { echo "/sys/fs/cgroup$(albatrossctl show "$1" -P ControlGroup)"; }
pid() { albatrossctl show "$1" -P MainPID; }
run() { albatrossctl -q create --memory=2 "$1" "$HELLO" -- "${@:2}"; }
# What is told now is not less than what was there before, nor more than what is there behind.
between() { # SENTENCE FIGURE COMMAND...
    local sentence=$1 figure=$2 before told behind
    shift 2
    before=$("$@")
    told=$(figure team:busy "$figure")
    behind=$("$@")
    check "$sentence ($before <= $told <= $behind)" eval '[ -n "$before" ] && [ "$told" -ge "$before" ] && [ "$told" -le "$behind" ]'
}

systemctl stop albatross-statistics.service
invariants_note
equal 'nobody runs: nothing is told' '{}' "$(all '')"
check 'for which the service is not started' not systemctl is-active -q albatross-statistics.service

# --- as the kernel says it

check 'one that works' albatrossctl -q create --memory=2 team:busy "$RIG_BUILD/tests/guests/spin.spt"
check 'one that sleeps' run team:idle --sleep=600
check 'another one' run other --sleep=600
check 'one that does not run' albatrossctl -q create --memory=2 --no-start stopped "$HELLO"
equal 'all that run are told' 'other team:busy team:idle' "$(names '')"
equal 'those below a path' 'team:busy team:idle' "$(names team:)"
equal 'one by its name' 'team:busy' "$(names team:busy)"
equal 'one that does not run' '' "$(names stopped)"
equal 'one that there is not' '' "$(names nobody)"
refuse 'a prefix that can be none' 'a character other than letters' busctl call "${manager[@]}" GetStatistics s 'a//b'

busy=$(group team:busy)
key() { sed -n "s/^$2[: ][[:space:]]*\([0-9]*\).*/\1/p" "$1"; }
between 'CPU time' CPUUsageUSec key "$busy/cpu.stat" usage_usec
between 'of it as a user' CPUUserUSec key "$busy/cpu.stat" user_usec
between 'and in the kernel' CPUSystemUSec key "$busy/cpu.stat" system_usec
ticks() { awk -v field="$1" '{ sub(/.*\) /, ""); print $(field - 2) * 10000 }' "/proc/$(pid team:busy)/stat"; }
between 'the CPU time of the tender' UtimeUSec ticks 14
between 'in the kernel, too' StimeUSec ticks 15
status_kib() { echo $(($(key "/proc/$(pid team:busy)/status" "$1") * 1024)); }
for pair in RssBytes:VmRSS MaxrssBytes:VmHWM DsizeBytes:VmData SsizeBytes:VmStk TsizeBytes:VmExe VsizeBytes:VmSize; do
    between "${pair%:*}" "${pair%:*}" status_kib "${pair#*:}"
done
between 'context switches' Nvcsw key "/proc/$(pid team:busy)/status" voluntary_ctxt_switches
between 'and those that others made' Nivcsw key "/proc/$(pid team:busy)/status" nonvoluntary_ctxt_switches
now() { echo "${EPOCHREALTIME/./}"; }
between 'the time of it' Timestamp now
started=$(($(figure team:busy StartTimestamp) / 1000000))
since=$(($(busctl get-property org.albatross /org/albatross/unikernel/team_3abusy org.albatross.Unikernel \
    StateChangeTimestamp | sed 's/t //') / 1000000))
check "when it was started ($started, running since $since)" test $((since - started)) -ge 0 -a $((since - started)) -le 3
# Of which a client makes the rate since then, and Prometheus that it was started again.
starts() { # N: the different ones in so many looks
    local i
    for ((i = 0; i < $1; i++)); do figure team:busy StartTimestamp; done | sort -u
}
noted=$(starts 1)
equal 'that is the same time at each look' "$noted" "$(starts 20)"
systemctl restart albatross-statistics.service
equal 'whoever looks' "$noted" "$(starts 3)"
check 'one that works does nothing else' awk "BEGIN {exit !($(figure team:busy CPUPercent) > 5)}"
check 'one that sleeps does nothing' awk "BEGIN {exit !($(figure team:idle CPUPercent) < 5)}"

# Each file of the control group that is there is told, each other one is not.
present() { # FILE FIGURE
    if [ -e "$busy/$1" ]; then
        check "$1 is there: so is $2" not test "$(figure team:busy "$2")" = absent
    else
        equal "$1 is not there: nor is $2" absent "$(figure team:busy "$2")"
    fi
}
present memory.current MemoryCurrentBytes
present memory.peak MemoryPeakBytes
present memory.swap.current MemorySwapCurrentBytes
present memory.events MemoryEventsOOMKill
present io.stat IOReadBytes
present pids.current TasksCurrent
present cpu.pressure CPUPressureSomeUSec
present memory.pressure MemoryPressureFullAvg10Percent
present io.pressure IOPressureSomeAvg300Percent
if grep -q nr_periods "$busy/cpu.stat"; then
    between 'periods of a CPU limit' CPUPeriods key "$busy/cpu.stat" nr_periods
else
    equal 'no controller of CPUs: no periods' absent "$(figure team:busy CPUPeriods)"
fi
equal 'no virtual machine: no counters of one' absent "$(figure team:busy VMM)"
# What KVM has in debugfs of a machine: files with a number each, and others.
mount -t tmpfs debugfs /sys/kernel/debug
machine=/sys/kernel/debug/kvm/$(pid team:busy)-12
mkdir -p "$machine/vcpu0" "$machine-no" /sys/kernel/debug/kvm/no-12
echo 7 >"$machine/exits"
echo 123456789012 >"$machine/max_mmu_page_hash_collisions"
echo many >"$machine/words"
echo 1 | tee "$machine/vcpu0/guest_mode" "$machine-no/exits" >/sys/kernel/debug/kvm/no-12/exits
systemctl restart albatross-statistics.service
equal 'what KVM counts of one is told' '{"exits":7,"max_mmu_page_hash_collisions":123456789012}' \
    "$(all team:busy | jq -Sc '.[].VMM')"
equal 'to nobody else' absent "$(figure team:idle VMM)"
prints 'and by stats' 'exits' albatrossctl stats team:busy
prints 'and for Influx' 'vmm,vm=team:busy ' albatrossctl stats --influx team:busy
umount /sys/kernel/debug
systemctl restart albatross-statistics.service
equal 'no network: no interfaces' absent "$(figure team:busy Interfaces)"
told=$(all team:busy | jq -r '.[] | keys_unsorted[]' | sort)
check 'nothing is told that the table does not have' eval '[ -z "$(comm -23 <(echo "$told") \
    <(awk -F "\t" "\$1 == \"unikernel\" {print \$2}" /usr/share/doc/albatross/statistics.tsv | sort))" ]'

# --- albatrossctl

tells() { albatrossctl --json=short stats "$@" | jq -r 'map(.Name) | join(" ")'; }
equal 'stats tells all' 'other team:busy team:idle' "$(tells)"
equal 'those below a path' 'team:busy team:idle' "$(tells team:)"
equal 'a path without its colon, too' 'team:busy team:idle' "$(tells team)"
equal 'those that are named, each once' 'other team:idle team:busy' "$(tells other team:idle team: other)"
equal 'with the same keys' "$(all team:busy | jq -r '.[] | keys | join(" ")')" \
    "$(albatrossctl -j stats team:busy | jq -r '.[0] | del(.Name) | keys | join(" ")')"
refuse 'one that does not run' 'stopped does not run' albatrossctl stats stopped
refuse 'one that there is not' 'There is no unikernel "nobody"' albatrossctl stats nobody
equal 'nothing below a path' '' "$(tells nobody:)"
prints 'a table has a line for each' 'team:idle' albatrossctl stats
prints 'and a header' 'CPU TIME' albatrossctl stats
prints 'of one there is everything' 'CPUPressureSomeAvg60Percent: ' albatrossctl stats team:busy
prints 'in units for people' 'DsizeBytes: 1.9M' albatrossctl stats team:busy
equal 'no line of Influx is anything else' '' "$(albatrossctl stats --influx | grep -vE \
    '^(resource_usage|kinfo_mem|cgroup),vm=[a-z:]+ ([a-z0-9_]+=[0-9.e+-]+i?,?)+ [0-9]{19}$')"
equal 'each measurement is there once' 3 "$(albatrossctl stats --influx team:busy | wc -l)"
check 'a user sees it, too' as alice albatrossctl stats --influx
refuse 'as Influx and as JSON at once it can not be told' '--influx and JSON' albatrossctl stats --influx --json=short
check '... --json=off is no JSON' albatrossctl stats --influx --json=off
# Where a pipe that nobody reads is no signal, as below many programs that start others.
unread() { # ARGUMENT...: exit status, and what is said
    (
        trap '' PIPE
        { sleep 0.2; exec albatrossctl "$@"; } 2>"$test_output.unread" | true
        echo "${PIPESTATUS[0]} $(cat "$test_output.unread")"
    )
    rm "$test_output.unread"
}
equal 'who reads no more of Influx is not told of' '0 ' "$(unread stats --influx)"
equal '... nor who reads no more of a table' '0 ' "$(unread list)"
refuse 'a disk that is full is told of' 'could not be written: No space left' sh -c 'albatrossctl stats --influx >/dev/full'

# --- for whoever asks

statistics_as_alice() { as alice busctl call "${manager[@]}" GetStatistics s ''; }
prints 'a user gets them, too' CPUUsageUSec statistics_as_alice
many() { # USER N
    local i
    for ((i = 0; i < $2; i++)); do as "$1" busctl call "${manager[@]}" GetStatistics s '' >/dev/null & done
    wait
}
systemctl restart albatross-statistics.service
begin=$(awk '{print $14 + $15}' "/proc/$(systemctl show albatross-statistics -P MainPID)/stat")
check 'forty at once are answered' many alice 40
end=$(awk '{print $14 + $15}' "/proc/$(systemctl show albatross-statistics -P MainPID)/stat")
check "the service works $((end - begin)) ticks for them" test $((end - begin)) -lt 40

# --- the network

ip link add br0 address 02:00:00:00:00:b0 type bridge && ip link set br0 up && ip addr add 10.77.0.1/24 dev br0
check 'one with a network' albatrossctl -q create --memory=2 --net=service:br0 web "$echo" -- --ip=10.77.0.2
check 'it answers' wait_for 10 ping -q -c 1 -W 1 10.77.0.2
tap=$(of_interface web Interface)
check 'its interface is its tap' ip link show dev "$tap"
equal 'in its bridge' br0 "$(of_interface web Bridge)"
equal 'by the name that the guest has' service "$(of_interface web Device)"
equal 'with the MTU' 1500 "$(of_interface web MTUBytes)"
# Only here is it said whether it runs, and only there that its bridge has it take everything.
equal 'with the length of its queue' "$(cat "/sys/class/net/$tap/tx_queue_len")" "$(of_interface web MaxSendLengthPackets)"
equal 'and the flags of the host' $(($(cat "/sys/class/net/$tap/flags") & ~0x10340)) $(($(of_interface web Flags) & ~0x10340))
equal 'and the speed' "$(cat "/sys/class/net/$tap/speed")000000" "$(of_interface web LinkSpeedBitsPerSecond)"
counter() { cat "/sys/class/net/$tap/statistics/$1"; }
for pair in InputPackets:rx_packets InputBytes:rx_bytes OutputPackets:tx_packets OutputBytes:tx_bytes \
    InputErrors:rx_errors OutputErrors:tx_errors InputDropped:rx_dropped OutputDropped:tx_dropped \
    InputMulticast:multicast Collisions:collisions; do
    before=$(counter "${pair#*:}") told=$(of_interface web "${pair%:*}") behind=$(counter "${pair#*:}")
    check "${pair%:*} ($before <= $told <= $behind)" test "$told" -ge "$before" -a "$told" -le "$behind"
done
before_in=$(of_interface web InputPackets) before_out=$(of_interface web OutputPackets)
ping -q -c 20 -i 0.01 10.77.0.2 >/dev/null
more_in=$(($(of_interface web InputPackets) - before_in)) more_out=$(($(of_interface web OutputPackets) - before_out))
check "20 packets there and back: $more_out there, $more_in back" test $more_in -ge 20 -a $more_out -ge 20
systemctl restart albatrossd
equal 'the next daemon knows it by the same name' service "$(of_interface web Device)"
bridges=$(albatrossctl show web -P Nets)
check 'its configuration is changed' albatrossctl -q set web --net=service:br0,isolated
equal 'what runs is told as it runs' service "$(of_interface web Device)"
check "destroy ($bridges)" albatrossctl -q destroy web
ip link delete br0

# --- whatever becomes of the service

service_pid() { systemctl show albatross-statistics -P MainPID; }
all '' >/dev/null
kill -KILL "$(service_pid)"
equal 'it is killed: the next one is asked' 'other team:busy team:idle' "$(names '')"
kill -STOP "$(service_pid)"
(sleep 1; kill -KILL "$(service_pid)") &
equal 'it is killed while it is asked: the next one is' 'other team:busy team:idle' "$(names '')"
wait
kill -STOP "$(service_pid)"
begin=$SECONDS
all '' >"$test_output.first" 2>"$test_output.error" &
refuse 'it is stuck: that is said' 'does not answer' busctl --timeout=30 call "${manager[@]}" GetStatistics s ''
check "within a deadline ($((SECONDS - begin)) s)" test $((SECONDS - begin)) -le 25
wait
check 'to all that have asked' grep -q 'There are no statistics now' "$test_output.error"
equal 'meanwhile all run' 'other team:busy team:idle' "$(albatrossctl list -q | grep -v stopped | paste -sd ' ')"
kill -CONT "$(service_pid)"
equal 'it goes on: it is asked again' 'other team:busy team:idle' "$(names '')"
rm -f "$test_output.first" "$test_output.error"

systemctl stop albatross-statistics.socket albatross-statistics.service
refuse 'it is not there: that is said at once' "can't be asked" timeout 3 busctl call "${manager[@]}" GetStatistics s ''
systemctl start albatross-statistics.socket
equal 'it is back' 'other team:busy team:idle' "$(names '')"

# --- whoever ends

systemctl kill -s STOP --kill-who=main albatross-statistics
all '' >"$test_output.all" &
sleep 1
albatrossctl -q destroy other
check 'one that ends while it is looked at is left out' eval 'kill -CONT $(service_pid); wait; \
    [ "$(jq -r "keys | join(\" \")" "$test_output.all")" = "team:busy team:idle" ]'
systemctl kill -s STOP --kill-who=main albatross-statistics
all '' >"$test_output.all" &
sleep 1
albatrossctl -q restart team:idle
check 'and so is one that was started again meanwhile' eval 'kill -CONT $(service_pid); wait; \
    [ "$(jq -r "keys | join(\" \")" "$test_output.all")" = "team:busy" ]'
rm -f "$test_output.all"
equal 'which is there the next time' 'team:busy team:idle' "$(names '')"
systemctl kill --kill-who=main -s KILL albatrossd
check 'the daemon is killed: the next one tells the same' wait_for 10 eval '[ "$(names "")" = "team:busy team:idle" ]'
equal 'when it was started included' "$noted" "$(starts 3)"

albatrossctl -q destroy team:busy team:idle stopped
equal 'nobody runs: nothing is told' '{}' "$(all '')"
check 'nobody asks: the service ends' wait_for 30 not systemctl is-active -q albatross-statistics.service
check 'well' not systemctl is-failed -q albatross-statistics.service
check 'all is as it should be' invariants
