#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Daemon and launcher come and go, unikernels run on.
# rig: own
. "$(dirname "$0")/lib.sh"

pids() { for name in "$@"; do albatrossctl show "$name" -P MainPID; done; }

for i in 1 2 3 4; do albatrossctl create --memory=2 "r$i" "$HELLO" -- --sleep=600 >/dev/null; done
albatrossctl create --memory=2 brief "$HELLO" -- --sleep=2 --exit=9 >/dev/null
albatrossctl create --no-start stopped "$HELLO" >/dev/null
mapfile -t empty < <(yes '' | head -n 8192)
check 'as many arguments as there may be, all empty' albatrossctl create --no-start odd "$HELLO" -- "${empty[@]}"
mapfile -t before < <(pids r1 r2 r3 r4)

check 'the daemon restarts' systemctl restart albatrossd
mapfile -t after < <(pids r1 r2 r3 r4)
equal 'and knows every process again' "${before[*]}" "${after[*]}"
equal 'what was stopped stays so' stopped "$(albatrossctl show stopped -P State)"
equal 'however large its record is' stopped "$(albatrossctl show odd -P State)"

systemctl kill -s KILL albatrossd.service
check 'killed, it comes back' wait_for 10 albatrossctl show r1
mapfile -t after < <(pids r1 r2 r3 r4)
equal 'and knows every process again' "${before[*]}" "${after[*]}"

systemctl stop albatrossd.service albatrossd.socket
check 'while it is away unikernels run' alive "${before[@]}"
sleep 2.2
check 'it starts again' systemctl start albatrossd.socket albatrossd.service
equal 'what ended meanwhile has its true status' 'exit-code 9' \
    "$(albatrossctl show brief -P ExitResult) $(albatrossctl show brief -P ExitStatus)"
equal 'and is not started again' failed "$(albatrossctl show brief -P State)"
ended=$(albatrossctl show brief -P StateChangeTimestamp)
check 'a failure can be cleared' albatrossctl stop brief
systemctl restart albatrossd
equal 'which is not forgotten' 'stopped exit-code' \
    "$(albatrossctl show brief -P State) $(albatrossctl show brief -P ExitResult)"
check 'nor when it was' [ "$(albatrossctl show brief -P StateChangeTimestamp)" -gt "$ended" ]

check 'the launcher is upgraded in place' systemctl reload albatross-launcher
check 'its tenders run on' alive "${before[@]}"
check 'one can be stopped through it' albatrossctl stop r1
check 'and started' albatrossctl start r1

check 'the launcher is killed, there is another one' replace albatross-launcher
mapfile -t running < <(pids r2 r3 r4)
equal 'tenders are known by their scopes' "${before[*]:1}" "${running[*]}"
check 'and can be stopped' albatrossctl stop r2
equal 'which is reported' stopped "$(albatrossctl show r2 -P State)"
check 'and started by the new launcher' wait_for 10 albatrossctl start r2
kill -KILL "$(albatrossctl show r3 -P MainPID)"
# Linux tells since 6.15.
[ "$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | tail -n 1)" = 6.15 ] && seen=unknown || seen=signal
check "an end that we could not collect is told by the kernel: $seen" wait_for 10 \
    eval '[ "$(albatrossctl show r3 -P ExitResult)" = "$seen" ]'
check 'all can be destroyed' albatrossctl destroy r1 r2 r3 r4 brief stopped odd
