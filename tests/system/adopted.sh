#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What the next daemon makes of what the one before has left: what is counted of one that runs
# otherwise than it is configured, starts that were never executed, stops of those whose turn had not
# come, restarts that were under way, and records that it can't read.
# rig: own
# timeout: 240
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/invariants.sh"

state=/var/lib/albatross/v1
folder=$(mktemp -d)
host_memory() { albatrossctl status --json=short | grep -oE '"MemoryUsed":[0-9]+' | head -n 1 | cut -d: -f2; }
noted() { grep -oE "\"$2\":[^,}]*" "/run/albatross/runs/$1" | cut -d: -f2; } # NAME KEY
kill_daemon() { systemctl kill --kill-who=main -s KILL albatrossd; }
# Without the daemon. It is started for good, whatever was killed before.
away() {
    systemctl stop -q albatrossd.socket albatrossd.service
    "$@"
    systemctl reset-failed albatrossd.socket albatrossd.service 2>/dev/null
    systemctl start albatrossd.socket albatrossd.service
}
# Whoever starts below "late" waits in his slice, at his gate, until there is a file "go".
mkdir -p /run/systemd/system/albatross-late.slice.d
printf '[Unit]\nRequires=test-go.service\nAfter=test-go.service\n' >/run/systemd/system/albatross-late.slice.d/go.conf
printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c "until [ -e %s ]; do sleep 0.05; done"\n' \
    "$folder/go" >/run/systemd/system/test-go.service
start_often albatrossd.service albatrossd.socket albatross-launcher.service albatross-launcher.socket
# A launcher that finds uids of one that was killed gives back none that may be in use, and the first
# ones may be: by others on this machine.
settings UidRange=65300-65500
halt() { rm -f "$folder/go" && systemctl stop test-go.service && systemctl stop albatross-late.slice; }
go() { touch "$folder/go"; }
at_gate() { wait_for 10 eval '[ "$(processes_called albatross-gate | wc -l)" = 1 ]'; }
invariants_note

# --- what is counted

check 'a policy' albatrossctl -q policy set a --unikernels=4 --memory=150 --cpus=0
check 'one runs' albatrossctl -q create --memory=128 a:large "$HELLO" -- --sleep=600
before=$(host_memory)
check 'it is to have less at its next start' albatrossctl -q set a:large --memory=8
equal 'status counts what it has' "$before" "$(host_memory)"
check 'another daemon' systemctl restart albatrossd
equal 'still counts what it has' "$before" "$(host_memory)"
refuse 'and gives it to nobody else' 'the policy a allows 150 MiB' albatrossctl -q create --memory=32 a:other "$HELLO"
check 'another launcher' replace albatross-launcher
check 'and daemon' systemctl restart albatrossd
refuse 'give it to nobody else' 'the policy a allows 150 MiB' albatrossctl -q create --memory=32 a:other "$HELLO"
check 'it starts with less' albatrossctl -q restart a:large
equal 'which is counted' $((before - (120 << 20))) "$(host_memory)"
check 'the rest is for others' albatrossctl -q create --memory=32 a:other "$HELLO" -- --sleep=600
away sed -i -E 's/"Claim":\{[^}]*\}/"Claim":null/' /run/albatross/runs/a:large
equal 'one of which nothing is noted has what it is configured with' $((before - (88 << 20))) "$(host_memory)"
albatrossctl -q destroy a:large a:other && albatrossctl -q policy remove a

# --- starts that were never executed

tender=/usr/libexec/albatross/albatross-spt
# One whose gate the daemon has asked the launcher to open, which has not done it; and no daemon.
opened_without_daemon() {
    halt
    albatrossctl -q create --no-start --memory=2 late:v "$HELLO" -- --sleep=600
    albatrossctl -q start late:v >/dev/null 2>&1 &
    client=$!
    at_gate || return 1
    systemctl kill --kill-who=main -s STOP albatross-launcher
    go
    wait_for 10 eval '[ "$(noted late:v MainPID)" -gt 0 ]' || return 1
    sleep 0.2
    systemctl stop -q albatrossd.socket
    kill_daemon
    wait $client
    systemctl stop -q albatrossd
}
never_ran() { # WHAT
    check "$1: it is started" wait_for 10 is late:v State running
    equal "$1: there was no run before" ' 0' "$(field late:v ExitResult) $(field late:v Restarts)"
    equal "$1: nor is one told" '' "$(field late:v Exits)"
    equal "$1: that it was executed is noted" '""' "$(noted late:v Request)"
    check "$1: all goes" albatrossctl -q destroy late:v
}
check 'not executed: the daemon dies in a start' opened_without_daemon
chmod o+w $tender
systemctl kill --kill-who=main -s CONT albatross-launcher
check 'not executed: the tender is refused' wait_for 10 eval '[ -z "$(processes_called albatross-gate)" ]'
chmod o-w $tender
away true
never_ran 'not executed'
check 'no launcher: the daemon dies in a start' opened_without_daemon
systemctl kill --kill-who=main -s KILL albatross-launcher
check 'no launcher: it ends at its gate' wait_for 10 eval '[ -z "$(processes_called albatross-gate)" ]'
away true
never_ran 'no launcher'

# --- a stop is answered

# Whoever is killed stays in the table of processes, and is told of to nobody, until this ends.
cat >"$folder/trace" <<'EOF'
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0x4206, int(sys.argv[1]), None, None) < 0:
    sys.exit(1)
open(sys.argv[2], "w").close()
time.sleep(60)
EOF
if python3 -c '' 2>/dev/null; then
    halt
    albatrossctl -q create --no-start --memory=2 late:v "$HELLO" -- --sleep=600
    albatrossctl -q start late:v >/dev/null 2>&1 &
    client=$!
    check 'one is at its gate' at_gate
    python3 "$folder/trace" "$(processes_called albatross-gate)" "$folder/traced" &
    tracer=$!
    check 'where it is held' wait_for 10 test -e "$folder/traced"
    kill_daemon
    wait $client
    check 'the next daemon ends it' wait_for 10 is late:v State stopping
    timeout 20 albatrossctl -q stop --all --runtime >"$folder/stop" 2>&1 &
    client=$!
    sleep 0.5
    { kill -KILL $tracer && wait $tracer; } 2>/dev/null
    check 'who stops it until the next boot is answered' wait $client
    equal 'it is stopped' stopped "$(field late:v State)"
    go
    check 'another daemon' systemctl restart albatrossd
    sleep 0.5
    equal 'leaves it so' stopped "$(field late:v State)"
    albatrossctl -q destroy late:v
fi

# --- those whose turn has not come

halt
go
albatrossctl -q create --startup=10 --memory=2 late:first "$HELLO" -- --sleep=600
albatrossctl -q create --startup=20 --memory=2 second "$HELLO" -- --sleep=600
albatrossctl -q create --startup=20 --memory=2 third "$HELLO"
albatrossctl -q create --startup=20 --memory=2 fourth "$HELLO" -- --sleep=600
check 'one has ended by itself' wait_for 10 is third State stopped
halt
boot
check 'at boot the first one takes its time' wait_for 10 is late:first State starting
equal 'the others wait for it' 'stopped stopped stopped' "$(field second State) $(field third State) $(field fourth State)"
check 'one is stopped until the next boot' albatrossctl -q stop --runtime second
check 'one is started by hand' albatrossctl -q start third
check 'and ends' wait_for 10 is third State stopped
ended=$(field third ExitTimestamp)
go
check 'the turn of the others comes' wait_for 10 is fourth State running
sleep 0.5
equal 'not of the one that was stopped' stopped "$(field second State)"
equal 'nor of the one that has run' "stopped $ended" "$(field third State) $(field third ExitTimestamp)"
halt
boot
check 'at boot' wait_for 10 is late:first State starting
check 'one is stopped until the next boot' albatrossctl -q stop --runtime second
kill_daemon
check 'the daemon dies' wait_for 10 is late:first State starting
go
check 'the turn of the others comes' wait_for 10 is fourth State running
sleep 0.5
equal 'not of the one that was stopped' stopped "$(field second State)"
check 'a boot' boot
check 'starts it' wait_for 10 is second State running

# --- a restart that somebody has asked for

check 'one has ended' wait_for 10 is third State stopped
# What a daemon leaves that dies between the two.
away sed -i -E 's/"Waiting":false/"Waiting":true/' /run/albatross/runs/third
check 'half of a restart is finished' wait_for 10 is_other third ExitTimestamp "$ended"
check 'and is none by itself' wait_for 10 eval 'is third State stopped && is third Restarts 0'
equal 'whatever a newer daemon notes of an end' exit-code "$(field third ExitResult)"
away sed -i -E 's/("Exits":\[\["[a-z-]*",[0-9]*,[0-9]*,[0-9]*,[0-9]*)\]/\1,"more"]/' /run/albatross/runs/third
prints 'it is read' exit-code albatrossctl show third -P Exits
albatrossctl -q destroy late:first second third fourth

# --- one that runs is not lost for want of descriptors

check 'one runs' albatrossctl -q create --restart --memory=2 runs "$HELLO" -- --sleep=600
pid=$(field runs MainPID)
normal=$(prlimit --noheadings --pid "$(main_pid albatrossd)" --nofile -o SOFT)
# As many numbers below the limit are free.
leave() { # N
    local daemon n=0 fd=0
    daemon=$(main_pid albatrossd)
    until [ ! -e "/proc/$daemon/fd/$fd" ] && [ $((n++)) = "$1" ]; do fd=$((fd + 1)); done
    prlimit --pid "$daemon" --nofile="$fd:"
}
for n in 0 1 2 3; do
    leave $n
    systemctl kill --kill-who=main -s KILL albatross-launcher
    sleep 0.7
    check "$n descriptors and no launcher: it runs on" alive "$pid"
    prlimit --pid "$(main_pid albatrossd)" --nofile="$normal:"
    check '  and with some more it is known' wait_for 10 is runs MainPID "$pid"
    sleep 0.5
    equal '  as one that was never started again' "running $pid 0" \
        "$(field runs State) $(field runs MainPID) $(field runs Restarts)"
done

# --- how one ends whose launcher is gone

newest=$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | tail -n 1)
if [ "$newest" != 6.15 ]; then
    kill -SEGV "$pid"
    check 'a kernel that tells: it is started again' wait_for 10 eval 'is runs Restarts 1 && is runs State running'
    equal '  by its true status' 'signal 11' "$(field runs ExitResult) $(field runs ExitStatus)"
    systemctl kill --kill-who=main -s KILL albatross-launcher
    sleep 0.7
    check '  one is stopped with its scope' systemctl stop albatross-runs.scope
    check '  which was asked for' wait_for 10 is runs State stopped
    equal '  and is told so' 'stopped 1' "$(field runs ExitResult) $(field runs Restarts)"
fi
albatrossctl -q destroy runs

# Its number may be had by another process since, or by a thread of one.
systemctl start polkit
process=$(main_pid polkit)
thread=$(find "/proc/$process/task" -mindepth 1 -maxdepth 1 -not -name "$process" -printf '%f\n' | head -n 1)
albatrossctl -q create --memory=2 gone "$HELLO" -- --sleep=600
pid=$(field gone MainPID)
systemctl kill --kill-who=main -s KILL albatross-launcher
sleep 0.7
end_and_lend() { kill -KILL "$pid" && sed -i -E "s/\"MainPID\":[0-9]+/\"MainPID\":$1/" /run/albatross/runs/gone; }
check 'somebody has a thread' [ -n "$thread" ]
away end_and_lend "$thread"
check 'what a thread has the number of has ended' wait_for 10 is_other gone State running
albatrossctl -q destroy gone

# --- images that may be of a record in quarantine

albatrossctl -q create --no-start one "$HELLO"
albatrossctl -q create --no-start .other "$HELLO"
albatrossctl -q create --no-start two "$HELLO"
image=$state/images/$(field one ImageDigest)
cp $state/unikernels/.other.json "$folder/"
away sed -i 's/"Version": 1/"Version": 2/' $state/unikernels/.other.json
equal 'a record of a newer version is put aside' 'one two' "$(albatrossctl list -q | sort | xargs)"
prints 'which is told, whatever it is called' .other.json albatrossctl status
check 'who has the same image is destroyed' albatrossctl -q destroy one two
sleep 0.3
check 'the image stays' test -s "$image"
check 'another daemon' systemctl restart albatrossd
sleep 0.3
check 'leaves it' test -s "$image"
mend() { rm $state/quarantine/.other.json && cp "$folder/.other.json" $state/unikernels/; }
away mend
check 'the record is mended, and it runs' albatrossctl -q start .other
check 'it goes' albatrossctl -q destroy .other
check 'and its image with it' wait_for 10 not test -e "$image"

rm -r "$folder" /run/albatrossd.conf.d /run/systemd/system/test-go.service /run/systemd/system/albatross-late.slice.d
systemctl daemon-reload
systemctl restart albatross-launcher albatrossd
invariants_note
check 'nothing is left' invariants
