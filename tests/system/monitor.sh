#!/bin/bash
# SPDX-License-Identifier: ISC
#
# monitor tells what happens, in its order, to everybody; and who listens without reading costs the
# daemon nothing.
# rig: own
# timeout: 300
. "$(dirname "$0")/lib.sh"

log=$test_output.events
something() { albatrossctl policy set sync --unikernels=1 --memory=$((20 + RANDOM % 1000)) --cpus=0 >/dev/null; }
listen() { # FILE COMMAND...: until it listens; its process is $listener
    local file=$1
    shift
    "$@" >"$file" 2>"$file.errors" &
    listener=$!
    # It is in step when it has heard of something.
    wait_for 20 eval '"${stir:-something}"; [ -s '"'$file'"' ]'
}
words() { # FILE: without times
    cut -d' ' -f3- "$1" | sed 's/ in [0-9]*ms$/ in .../' | grep -v '^sync: '
}

listen "$log" setpriv --reuid=carol --regid=carol --clear-groups env --default-signal=INT albatrossctl monitor
all=$listener
listen "$log.json" albatrossctl monitor --json=short
json=$listener

albatrossctl policy set t --unikernels=3 --memory=100 --cpus=0 --block=8 >/dev/null
albatrossctl -q block create t:data 4
albatrossctl -q create --memory=2 web "$HELLO" -- --sleep=600
albatrossctl -q set web --memory=4
albatrossctl -q stop web
albatrossctl -q create --memory=2 --restart t:again "$HELLO" -- --exit=7
wait_for 10 grep -q 'again restarting' "$log"
albatrossctl -q stop t:again
albatrossctl -q create --memory=2 bad "$HELLO" -- --exit=1
wait_for 10 grep -q 'bad failed' "$log"
albatrossctl -q destroy web t:again bad
albatrossctl -q block remove t:data
albatrossctl -q policy remove t
wait_for 10 grep -q 't: policy removed' "$log"

equal 'an ordinary user hears of a life, in its order' 'web created
web started
web configuration changed
web ended: stopped on request
web destroyed' "$(words "$log" | grep '^web' | uniq)"
equal 'of an end and its reason, and when it is started again' 't:again created
t:again started
t:again ended: exited with status 7
t:again restarting in ...' "$(words "$log" | grep '^t:again' | head -n 4)"
equal 'of failures' 'bad created
bad started
bad ended: exited with status 1 (or its tender refused to run it)
bad failed' "$(words "$log" | grep '^bad' | head -n 4)"
equal 'of policies and block devices' 't: policy changed
t:data block device created
t:data block device removed
t: policy removed' "$(words "$log" | grep -E '^t(:data|:) ')"
check 'each line has its time' not grep -qvE '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\.[0-9]{3} ' "$log"
equal 'in the order of time' "$(cut -d' ' -f1,2 "$log")" "$(cut -d' ' -f1,2 "$log" | sort)"
wait_for 10 grep -q '"policy-removed"' "$log.json"
equal 'with --json each is an object' "$(wc -l <"$log.json")" \
    "$(python3 -c 'import json, sys; print(sum("Event" in json.loads(line) for line in sys.stdin))' <"$log.json")"
prints 'with what it says' '"Event":"ended","Name":"bad","InvocationID":"' cat "$log.json"
check 'SIGINT ends it well' eval "kill -INT $all; wait $all"
check 'SIGTERM, too' eval "kill $json; wait $json"

albatrossctl -q create --memory=2 web "$HELLO" -- --sleep=600
listen "$log" albatrossctl monitor
all=$listener
something_of_web() { albatrossctl -q set web --startup=$((1 + RANDOM % 1000)); }
stir=something_of_web listen "$log.web" albatrossctl monitor web
one=$listener
something_below_t() { albatrossctl -q create --no-start t:new "$HELLO"; albatrossctl -q destroy t:new; }
stir=something_below_t listen "$log.t" albatrossctl monitor t:
path=$listener
systemctl stop albatrossd.socket albatrossd.service
wait_for 10 grep -q 'went away' "$log"
systemctl kill --signal=KILL albatross-web.scope
sleep 0.5
systemctl start albatrossd.socket albatrossd.service
check 'says that the daemon comes back' wait_for 10 grep -q 'is back' "$log"
check 'and what happened meanwhile' wait_for 10 grep -q 'web ended: killed by signal 9 (SIGKILL)' "$log"
albatrossctl -q create --memory=2 t:web "$HELLO" -- --sleep=600
check 'and goes on' wait_for 10 grep -q 't:web started' "$log"
equal 'it went once, and came once' 2 "$(grep -c albatrossd "$log")"
check 'one of a name says the same of that' wait_for 10 grep -q 'web ended: killed' "$log.web"
check '  and nothing of others' not grep -q 't:web' "$log.web"
check 'one of a path has what is below it' wait_for 10 grep -q 't:web started' "$log.t"
check '  and nothing of others' not grep -qE ' web ' "$log.t"
albatrossctl -q destroy t:web
albatrossctl monitor late >"$log.late" 2>"$log.late.errors" &
late=$!
check 'who waits for one that is not there is told that' wait_for 10 grep -qx 'There is no unikernel "late" yet\.' "$log.late.errors"
albatrossctl -q create --no-start --memory=2 late "$HELLO"
check '... and hears of it when it is' wait_for 10 grep -q 'late created' "$log.late"
check '... nothing was said of one that is' not grep -q yet "$log.web"
kill "$late"
wait "$late"
albatrossctl -q destroy late

# What goes on as it was is nothing that happens.
albatrossctl -q create --memory=2 runs "$HELLO" -- --sleep=600
albatrossctl -q create --memory=2 fails "$HELLO" -- --exit=1
albatrossctl -q create --memory=2 off "$HELLO" -- --sleep=600
albatrossctl -q stop off
since=$(albatrossctl show runs -P StateChangeTimestamp)
albatrossctl policy set sync --memory=1501 >/dev/null
wait_for 10 eval 'tail -n 1 "$log" | grep -q sync'
seen=$(wc -l <"$log")
systemctl restart albatrossd.service
check 'the daemon is restarted' wait_for 10 eval '[ "$(grep -c "is back" "$log")" = 2 ]'
equal 'a run goes on since it was started' "$since" "$(albatrossctl show runs -P StateChangeTimestamp)"
albatrossctl policy set sync --memory=1500 >/dev/null
check 'it is listened to' wait_for 10 eval 'tail -n 1 "$log" | grep -q sync'
equal 'what neither ended nor started meanwhile is not told' $'albatrossd went away\nalbatrossd is back' \
    "$(words <(tail -n +$((seen + 1)) "$log"))"
albatrossctl -q destroy runs fails off

systemctl restart dbus.service
check 'without the message bus it waits, and goes on' wait_for 20 eval \
    "albatrossctl policy set sync --memory=\$((20 + RANDOM % 1000)) >/dev/null; [ \$(tail -n +\$((\$(grep -n 'went away' '$log' | tail -n 1 | cut -d: -f1) + 2)) '$log' | wc -l) -gt 0 ]"
kill "$all" "$one" "$path"
wait "$all" "$one" "$path"

# --- who was started by nohup goes on without a terminal
listen "$log.outlives" env --ignore-signal=HUP albatrossctl monitor
all=$listener
env --ignore-signal=HUP albatrossctl create -q --console --memory=2 outlives "$HELLO" -- --sleep=600 >"$log.attached" 2>&1 &
one=$!
check 'two go on' wait_for 10 eval 'grep -q "outlives started" "$log.outlives" && grep -q sleep=600 "$log.attached"'
kill -HUP $all $one
albatrossctl -q restart outlives
check '... whatever becomes of the terminal' wait_for 10 grep -q 'outlives ended' "$log.outlives"
wait $one
equal '... and each ends with what it follows' 143 $?
kill -TERM $all
check '... or when it is asked to' wait $all
albatrossctl -q destroy outlives

# --- who only listens does not start what was stopped

listen "$log" albatrossctl monitor
all=$listener
listen "$log.carol" setpriv --reuid=carol --regid=carol --clear-groups albatrossctl monitor --json=short
carol=$listener
systemctl stop albatrossd.service
check 'the daemon is stopped' wait_for 10 grep -q '"daemon-gone"' "$log.carol"
sleep 1
equal '  and stays so' inactive "$(systemctl is-active albatrossd.service)"
systemctl restart dbus.service
sleep 2
equal '  also with another message bus' inactive "$(systemctl is-active albatrossd.service)"
# It is back, and can't answer this time.
echo '<busconfig><policy user="carol"><deny send_interface="org.albatross.Manager"
    send_member="ListUnikernels"/></policy></busconfig>' >/etc/dbus-1/system.d/monitor-test.conf
reload() { busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig; }
check 'carol may not list' reload
systemctl start albatrossd.service
check 'it is back' wait_for 10 grep -q 'is back' "$log"
sleep 1
check '  for carol it is not yet' not grep -q '"daemon-back"' "$log.carol"
check '  and what is started meanwhile' albatrossctl -q start web
rm /etc/dbus-1/system.d/monitor-test.conf
check 'carol may list' reload
check '  then it is' wait_for 10 grep -q '"daemon-back"' "$log.carol"
check '  is told her, as far as she can know' wait_for 10 grep -q '"started","Name":"web"}' "$log.carol"
albatrossctl policy set sync --unikernels=1 --memory=19 --cpus=0 >/dev/null
check '  and she hears again' wait_for 10 eval "sed '1,/daemon-back/d' '$log.carol' | grep -q policy-changed"
equal 'it went once, and came once' 2 "$(grep -c '"daemon-' "$log.carol")"
kill "$all" "$carol"
wait "$all" "$carol"

# Of whose pipe nobody takes anything.
mkfifo "$log.full"
exec 5<>"$log.full"
dd if=/dev/zero of="$log.full" bs=4096 count=100 oflag=nonblock status=none 2>/dev/null
albatrossctl monitor >&5 2>/dev/null &
stuck=$!
wait_for 10 minds_signals $stuck
sleep 1
albatrossctl policy set sync --unikernels=1 --memory=18 --cpus=0 >/dev/null
sleep 0.5
kill $stuck
check 'where nobody reads it a signal ends it' wait_for 10 not kill -0 $stuck
check '  well' wait $stuck
exec 5>&-

albatrossctl monitor --json=short >"$log.pipe" 2>&1 | true &
pipe=$!
check 'a reader that goes away ends it, although nothing happens' wait_for 10 eval "! kill -0 $pipe 2>/dev/null"
equal '  without a word' '' "$(cat "$log.pipe")"

# On the private socket there is no message bus in between.
client=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system/hostile-client
memory() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(main_pid albatrossd)/status"
}
albatrossctl policy set hoard --unikernels=1 --memory=64 --cpus=0 >/dev/null
equal 'who has not read a few messages yet stays connected' 'still there' "$("$client" hoard 1000)"
before=$(memory)
equal 'who reads none of thousands is cut off' 'cut off' "$("$client" hoard 30000)"
grown=$(($(memory) - before))
check "and has cost the daemon less than 16 MiB: $grown KiB" [ "$grown" -lt 16384 ]
prints 'which says so' 'is cut off' journal -u albatrossd
"$client" hoard 3000 >/dev/null 2>&1 &
hoard=$!
sleep 0.5
check 'nor does one hold up the end of the daemon' timeout 20 systemctl restart albatrossd
wait "$hoard"
albatrossctl -q policy remove hoard
albatrossctl -q destroy web
albatrossctl -q policy remove sync
rm -f "$log"*
