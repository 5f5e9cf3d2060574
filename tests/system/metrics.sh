#!/bin/bash
# SPDX-License-Identifier: ISC
#
# albatross-metrics: both formats, as strict readers and a real Prometheus read them; who means no
# good, and a daemon that is away, hold up nobody.
# rig: own
# timeout: 300
. "$(dirname "$0")/lib.sh"

here=$(dirname "$(realpath "$0")")
client=$here/metrics-client.py
unpacked=$here/../../build/check/unpacked/usr/bin
echo=$RIG_BUILD/tests/guests/echo.spt
openmetrics='application/openmetrics-text;version=1.0.0'
text='text/plain;version=0.0.4'

work=$(mktemp -d)
body() { "$client" get "$@" | sed 1d; }
head_of() { "$client" get "$@" | sed -n 1p; }
active() { systemctl is-active -q "$1"; }
# A sample as the strict parser has read it, without its value; and that.
value() { sed -n "s/^$1 //p" "$work/openmetrics.samples"; }

program=$(systemctl show -P ExecStart albatross-metrics | sed 's/.*path=\([^ ]*\) .*/\1/')
prints 'it says what it takes' '--exit-idle-time=' "$program" --help
prints 'and which version it is' 'albatross-metrics ' "$program" --version
refuse 'it takes no other option' 'albatross-metrics(8)' "$program" --nonsense
equal 'and says so on standard error' '' "$("$program" --nonsense 2>/dev/null)"

refuse 'it is off until somebody wants it' 'refused' "$client" get ''
check 'it is switched on' systemctl start albatross-metrics.socket
check 'which starts nothing' not active albatross-metrics.service
equal 'who says nothing gets text' '200 text/plain; version=0.0.4; charset=utf-8' "$(head_of '')"
check 'somebody has been started for that' active albatross-metrics.service
equal 'who names it gets OpenMetrics' '200 application/openmetrics-text; version=1.0.0; charset=utf-8' "$(head_of "$openmetrics")"
equal 'the Unix socket has it, too' '200 text/plain; version=0.0.4; charset=utf-8' "$("$client" get-unix '' | sed -n 1p)"
equal 'as for everybody' '200 text/plain; version=0.0.4; charset=utf-8' "$(as alice "$client" get-unix '' | sed -n 1p)"
equal 'other formats are refused' '406 text/plain; charset=utf-8' "$(head_of text/html)"
equal 'other methods are' '405 text/plain; charset=utf-8' "$(head_of '' POST)"
equal 'other paths are' '404 text/plain; charset=utf-8' "$(head_of '' GET /metrics/../etc/passwd)"
equal 'HEAD has no body' '' "$(body '' HEAD)"
pid=$(main_pid albatross-metrics)
equal 'it has a user of its own' albatross-metrics "$(stat -c %U "/proc/$pid")"
equal 'and no capability' 0000000000000000 "$(sed -n 's/^CapPrm:\t//p' "/proc/$pid/status")"

# --- what is told
ip link add metrics0 type bridge
ip link set metrics0 address 02:00:00:00:77:01
ip addr add 10.77.0.1/24 dev metrics0
ip link set metrics0 up
albatrossctl -q create --memory=2 alice:team:web "$HELLO" -- --sleep=600
albatrossctl -q create --memory=3 bad "$HELLO" -- --exit=3
albatrossctl -q create --memory=2 --net=service:metrics0 net "$echo" -- --ip=10.77.0.2
check 'a guest answers' wait_for 10 ping -q -c 1 -W 1 10.77.0.2
body "$text" >"$work/text"
body "$openmetrics" >"$work/openmetrics"
check 'a strict reader of OpenMetrics reads it' eval '"$client" parse openmetrics <"$work/openmetrics" >"$work/openmetrics.samples"'
check 'one of text does' eval '"$client" parse text <"$work/text" >"$work/text.samples"'
names() { sed 's/} [^ ]*$/}/' "$1" | sort; }
check 'both tell of the same' diff <(names "$work/openmetrics.samples") <(names "$work/text.samples")
check 'and of many' [ "$(wc -l <"$work/text.samples")" -gt 100 ]
equal 'a state' 1.0 "$(value 'albatross_unikernel_state{albatross_unikernel_state="running",name="alice:team:web",path="alice:team"}')"
equal 'another one' 1.0 "$(value 'albatross_unikernel_state{albatross_unikernel_state="failed",name="bad",path=""}')"
equal 'memory in bytes' 3145728.0 "$(value 'albatross_unikernel_memory_assigned_bytes{name="bad",path=""}')"
equal 'what there is' 3.0 "$(value 'albatross_host_unikernels{}')"
equal 'what runs' 2.0 "$(value 'albatross_host_unikernels_running{}')"
check 'CPU time' awk -v v="$(value 'albatross_unikernel_cpu_seconds_total{name="alice:team:web",path="alice:team"}')" 'BEGIN {exit !(v > 0 && v < 60)}'
check 'packets from the guest' awk -v v="$(value 'albatross_unikernel_network_input_packets_total{bridge="metrics0",device="service",name="net",path=""}')" 'BEGIN {exit !(v > 0)}'
check 'CPU time of the daemon' awk -v v="$(value 'albatross_daemon_cpu_seconds_total{}')" 'BEGIN {exit !(v > 0 && v < 600)}'
check 'nothing of one that does not run' not grep -q 'cpu_seconds_total{.*name="bad"' "$work/text"
check 'nothing that is secret' not grep -qE 'sleep=600|02:00:00:00:77' "$work/text"

if [ -x "$unpacked/promtool" ]; then
    check "Prometheus' own checker has nothing to say" sh -c "\"\$1\" check metrics <\"\$2\" >\"\$2.lint\" 2>&1 && cat \"\$2.lint\" && [ ! -s \"\$2.lint\" ]" sh "$unpacked/promtool" "$work/text"
    # --- a real one, of both
    "$client" proxy 9750 >"$work/proxy.log" 2>&1 &
    proxy=$!
    cat >"$work/prometheus.yml" <<'END'
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: openmetrics, static_configs: [{targets: ['[::1]:9748']}]}
  - {job_name: text, static_configs: [{targets: ['[::1]:9750']}]}
END
    "$unpacked/prometheus" --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
        --web.listen-address='[::1]:9749' --log.level=warn >"$work/prometheus.log" 2>&1 &
    prometheus=$!
    query() { # QUERY: the values, one a line
        /usr/bin/python3 -c '
import json, sys, urllib.parse, urllib.request
answer = urllib.request.urlopen("http://[::1]:9749/api/v1/query?" + urllib.parse.urlencode({"query": sys.argv[1]}), timeout=5)
for result in json.load(answer)["data"]["result"]:
    print(result["value"][1])' "$1"
    }
    for job in openmetrics text; do
        check "a Prometheus scrapes it ($job)" wait_for 20 eval '[ "$(query "up{job=\"'$job'\"}" 2>/dev/null)" = 1 ]'
        equal "  all series are there" "$(grep -c '' "$work/$job.samples")" "$(query "count({__name__=~\"albatross_.*\",job=\"$job\"})")"
        equal "  with their values" 3145728 "$(query "albatross_unikernel_memory_assigned_bytes{job=\"$job\",name=\"bad\"}")"
        check '  and rates' wait_for 10 eval '[ -n "$(query "rate(albatross_unikernel_cpu_seconds_total{job=\"'$job'\",path=\"alice:team\"}[10s])")" ]'
    done
    # What the dashboard shows is what a Prometheus can answer.
    while read -r metric; do
        case $metric in
        *_oom_kills_total) continue ;; # of a controller that may not be there
        *_io_*) continue ;;
        esac
        [ -n "$(query "$metric{job=\"text\"}")" ] || echo "$metric"
    done < <(grep -oE 'albatross_[a-z_]+' "$here/../../grafana/albatross.json" | sort -u) >"$work/missing"
    equal 'all that the dashboard shows is there' '' "$(cat "$work/missing")"
    kill $prometheus $proxy
    wait $prometheus $proxy 2>/dev/null
else
    echo "no Prometheus: tools/check unpacks it"
    say_result skip 'a real Prometheus scrapes it: it was not unpacked'
fi

# --- who means no good
for how in silent slow unread; do
    n=12
    [ $how != silent ] || n=40 # more than are let in at once
    "$client" hold $how $n >"$work/held" &
    holder=$!
    sleep 1
    check "connections of the kind \"$how\": the other socket does not notice" timeout 5 "$client" get-unix ''
    wait $holder
    equal '  each was ended' $n "$(cat "$work/held")"
    equal '  and then there is room' '200 text/plain; version=0.0.4; charset=utf-8' "$(head_of '')"
done
check 'it has no descriptors left of them' wait_for 10 eval '[ "$(find "/proc/$(main_pid albatross-metrics)/fd" -mindepth 1 | wc -l)" -lt 20 ]'
printf 'GET /metrics HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n' "$(head -c 20000 /dev/zero | tr '\0' x)" >"$work/long"
check 'headers that are too long are refused' /usr/bin/python3 -c '
import socket, sys
client = socket.create_connection(("::1", 9748), timeout=15)
client.sendall(open(sys.argv[1], "rb").read())
try:
    answer = client.recv(100)
except ConnectionResetError:
    answer = b""
sys.exit(answer.startswith(b"HTTP/1.1 2"))' "$work/long"

# What comes in several pieces is read without a pause between them.
before=${EPOCHREALTIME/./}
for _ in {1..5}; do
    head_of "text/plain;version=0.0.4$(printf ',a/%s;q=0.1' {100..600})"
done >"$work/long"
took=$((${EPOCHREALTIME/./} - before))
equal 'long headers that are not too long are read' 5 "$(grep -c '^200 ' "$work/long")"
check "  at once ($((took / 5000)) ms each)" [ $took -lt 4000000 ]
equal 'a body is not waited for' 'HTTP/1.1 405 Method Not Allowed' "$("$client" announce POST 1000000)"
equal '  nor where there may be one' 'HTTP/1.1 413 Content Too Large' "$("$client" announce GET 1000000)"

# --- a daemon that is away
kill -STOP "$(main_pid albatrossd)"
before=${EPOCHREALTIME/./}
timeout 20 "$client" get-unix "$text" >"$work/one" &
one=$!
timeout 20 "$client" get "$openmetrics" >"$work/two"
wait $one
took=$((${EPOCHREALTIME/./} - before))
kill -CONT "$(main_pid albatrossd)"
check "a daemon that does not answer is told, by an answer that is read ($((took / 1000)) ms)" grep -q '^200 ' "$work/one"
prints 'which says so' 'albatross_up 0' cat "$work/one"
prints 'and why' "# albatrossd can't be asked: it does not answer" cat "$work/one"
check 'in both formats' eval 'grep -q "^200 application/openmetrics-text" "$work/two" && sed 1d "$work/two" | "$client" parse openmetrics'
check 'soon enough' [ $took -lt 12000000 ]
check 'and then all is well' wait_for 10 eval 'body "" | grep -qx "albatross_up 1"'
systemctl stop albatrossd.service albatrossd.socket
before=${EPOCHREALTIME/./}
"$client" get '' >"$work/one"
check 'one that was stopped is told at once' eval 'grep -q "^200 " "$work/one" && grep -qx "albatross_up 0" "$work/one" && [ $((${EPOCHREALTIME/./} - before)) -lt 2000000 ]'
prints 'and why' "it does not run" cat "$work/one"
check 'nobody starts it for that' not active albatrossd.service
systemctl start albatrossd.socket albatrossd.service
check 'when it is back all is told' wait_for 10 eval 'body "" | grep -q "^albatross_host_unikernels_running 2"'

# --- statistics that are away
systemctl stop albatross-statistics.socket albatross-statistics.service
body "$text" >"$work/one"
body "$openmetrics" >"$work/two"
check 'without statistics' grep -qx 'albatross_statistics_up 0' "$work/one"
check '... the daemon is up' grep -qx 'albatross_up 1' "$work/one"
check '... states are told' grep -q '^albatross_unikernel_state{name="bad",.*"failed"} 1$' "$work/one"
check '... and sizes' grep -q '^albatross_unikernel_memory_assigned_bytes{name="bad",path=""} 3145728$' "$work/one"
check '... and the host' grep -qx 'albatross_host_unikernels_running 2' "$work/one"
check '... and nothing else' not grep -qE 'cpu_seconds_total\{|_network_' "$work/one"
check '... strict readers read it' eval '"$client" parse text <"$work/one" && "$client" parse openmetrics <"$work/two"'
equal '... and it is said why, on one line' 1 "$(sed '/^# TYPE/,$d' "$work/one" | grep -c "^# The statistics can't be had: There are no statistics now")"
equal '... which is all that is said' 1 "$(sed '/^# TYPE/,$d' "$work/one" | wc -l)"
check '... in the journal, too' has 'The statistics can' journal -u albatross-metrics
check '... of which that is one, too' not eval 'journal -u albatross-metrics | grep "The statistics can" | grep See'
systemctl start albatross-statistics.socket
check 'and then they are there' wait_for 10 eval 'body "" | grep -qx "albatross_statistics_up 1"'
systemctl kill -s STOP --kill-who=main albatross-statistics
body "$text" >"$work/one"
systemctl kill -s CONT --kill-who=main albatross-statistics
check 'statistics that take too long are left out' eval 'grep -qx "albatross_up 1" "$work/one" && grep -qx "albatross_statistics_up 0" "$work/one"'
prints 'and it is said why' "can't be had: they take too long" cat "$work/one"
check 'they come back' wait_for 10 eval 'body "" | grep -qx "albatross_statistics_up 1"'

# --- nobody is there
mkdir -p /run/systemd/system/albatross-metrics.service.d
printf '[Service]\nExecStart=\nExecStart=%s --exit-idle-time=1s\n' "$program" \
    >/run/systemd/system/albatross-metrics.service.d/50-test.conf
systemctl daemon-reload
systemctl stop albatross-metrics.service
check 'it ends when nobody is there' eval '[ "$(head_of "")" != "" ] && wait_for 10 not active albatross-metrics.service'
equal 'well' success "$(systemctl show -P Result albatross-metrics)"
equal 'and comes back' '200 text/plain; version=0.0.4; charset=utf-8' "$(head_of '')"
systemctl stop albatross-metrics.socket albatross-metrics.service
rm -r /run/systemd/system/albatross-metrics.service.d
systemctl daemon-reload
albatrossctl -q destroy alice:team:web bad net
ip link del metrics0
rm -r "$work"
