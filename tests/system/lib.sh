# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What system tests are written with. A test is a bash script in this folder that begins with
#
#   #!/bin/bash
#   # SPDX-License-Identifier: ISC
#   #
#   # What it is about.
#   . "$(dirname "$0")/lib.sh"
#
# and then says one sentence after the other with check, refuse, prints, equal or tap. Each becomes
# one line, "ok", "FAIL" or "skip", and a failure shows what the command printed; the test goes on
# then, since the next sentence may tell more. It runs as root, by itself:
#
#   tools/rig -- tests/system/NAME.sh
#
# or with all others by tools/check, in one boot of the rig one after the other, unless a line of
# its head says otherwise:
#
#   # rig: own            a boot of its own, for one that stops or breaks what all use
#   # rig: vm             in the virtual machine, with every cgroup controller
#   # timeout: SECONDS    how long it may take; 120 without this line
#
# A test takes away what it has made; the runner looks, and says whose leavings it found.
set -u

test_name=$(basename "$0" .sh)
test_bad=0
test_output=$(mktemp)
: "${HELLO:=/usr/share/albatross/hello.spt}"

# Results go to descriptor 3, where the runner reads them; everything else is a log.
{ : >&3; } 2>/dev/null || exec 3>&1

say_result() { # ok|FAIL|skip SENTENCE
    printf '%-5s %s: %s\n' "$1" "$test_name" "$2" >&3
}

say_failure() { # SENTENCE [DETAIL]
    test_bad=1
    say_result FAIL "$1"
    { [ $# -lt 2 ] || printf '%s\n' "$2"; tail -n 25 "$test_output"; } | sed 's/^/      | /' >&3
}

# The command ends well.
check() { # SENTENCE COMMAND...
    local sentence=$1 status
    shift
    if "$@" >"$test_output" 2>&1 </dev/null; then
        say_result ok "$sentence"
    else
        status=$?
        say_failure "$sentence" "status $status from: $*"
        return 1
    fi
}

# The command fails, as a command that refuses does (not by a signal, and it is there), and says so
# with this text among its words.
refuse() { # SENTENCE TEXT COMMAND...
    local sentence=$1 text=$2 status=0
    shift 2
    "$@" >"$test_output" 2>&1 </dev/null || status=$?
    if [ $status = 0 ]; then
        say_failure "$sentence" "status 0, but should be refused: $*"
    elif [ $status = 124 ] || [ $status -ge 126 ]; then
        say_failure "$sentence" "status $status from: $*"
    elif ! grep -qF -e "$text" "$test_output"; then
        say_failure "$sentence" "refused, but without the words \"$text\": $*"
    else
        say_result ok "$sentence"
        return 0
    fi
    return 1
}

# The command ends well and this text is in what it prints.
prints() { # SENTENCE TEXT COMMAND...
    local sentence=$1 text=$2 status=0
    shift 2
    "$@" >"$test_output" 2>&1 </dev/null || status=$?
    if [ $status != 0 ]; then
        say_failure "$sentence" "status $status from: $*"
    elif ! grep -qF -e "$text" "$test_output"; then
        say_failure "$sentence" "\"$text\" is not printed by: $*"
    else
        say_result ok "$sentence"
        return 0
    fi
    return 1
}

# The same of what comes in its own time, as what a guest says does.
soon() { # SENTENCE TEXT COMMAND...
    wait_for 10 has "${@:2}" || :
    prints "$@"
}
has() { # TEXT COMMAND...
    local text=$1
    shift
    "$@" 2>&1 </dev/null | grep -qF -e "$text"
}

# Two texts are the same.
equal() { # SENTENCE EXPECTED ACTUAL
    : >"$test_output"
    if [ "$2" = "$3" ]; then
        say_result ok "$1"
    else
        say_failure "$1" "expected: $2"$'\n'"but is:   $3"
        return 1
    fi
}

# A program of cmocka's: each of its tests is a sentence.
tap() { # COMMAND...
    local status=0 line n=0 n_bad=0
    CMOCKA_MESSAGE_OUTPUT=TAP "$@" >"$test_output.tap" 2>"$test_output" </dev/null || status=$?
    while read -r line; do
        case $line in
        'ok '*' - '*) say_result ok "$(tr _ ' ' <<<"${line#* - }")" ;;
        'not ok '*' - '*)
            n_bad=$((n_bad + 1))
            say_failure "$(tr _ ' ' <<<"${line#* - }")"
            ;;
        *) continue ;;
        esac
        n=$((n + 1))
    done <"$test_output.tap"
    rm "$test_output.tap"
    if [ $status != $n_bad ] || [ $n = 0 ]; then
        say_failure "${1##*/} runs to its end" "status $status, $n tests"
    fi
}

# Nothing (more) of this test can be tried here. 77, as meson has it.
skip() { # REASON
    say_result skip "$1"
    exit 77
}

# Repeats the command until it ends well; fails after so many seconds.
wait_for() { # SECONDS COMMAND...
    local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME/./}" -lt "$deadline" ] || return 1
        sleep 0.02
    done
}

main_pid() { # UNIT
    systemctl show -P MainPID "$1"
}

# A test that calls what is not there tests something else than it says.
command_not_found_handle() { # COMMAND...
    say_result FAIL "there is a command $1"
    return 127
}

# Uids that are lent to somebody, or were. PID 1 has one for each service with a uid of its own, such
# as albatross-network.
lent_uids() {
    local file
    for file in /run/systemd/dynamic-uid/[0-9]*; do
        [ ! -e "$file" ] || [ -L "/run/systemd/dynamic-uid/direct:${file##*/}" ] || echo "${file##*/}"
    done | sort -n
}
no_uid_is_lent() { [ -z "$(lent_uids)" ]; }

# Whether somebody holds it: a file alone is no lock. flock(1) by the name of a file makes it when it
# has gone in this moment, and that is then there for good.
uid_is_locked() { # UID
    { ! flock -n 9; } 9<"/run/systemd/dynamic-uid/$1"
} 2>/dev/null
locked_uids() {
    local uid
    for uid in $(lent_uids); do ! uid_is_locked "$uid" || echo "$uid"; done
}

# As one of the rig's users: alice, bob, carol.
as() { # USER COMMAND...
    local user=$1
    shift
    runuser -u "$user" -- "$@"
}

# Each "not" of a condition: bash's ! does not count as a failure for set -e, nor can check run it.
not() { # COMMAND...
    ! "$@"
}

# --- what many of them look at

# What is told of one, whether it is that, and whether it is something else.
field() { albatrossctl show "$1" -P "$2"; } # NAME FIELD
is() { [ "$(field "$1" "$2" 2>/dev/null)" = "$3" ]; } # NAME FIELD VALUE
is_other() { # NAME FIELD VALUE
    local now
    now=$(field "$1" "$2" 2>/dev/null) && [ "$now" != "$3" ]
}
# Whether an update of it stays up is being watched.
is_watched() { grep -qs '"WatchedUntil":[ ]*[1-9]' "/run/albatross/runs/$1"; } # NAME
alive() { # PID...
    local pid
    for pid; do [ -d "/proc/$pid" ] || return 1; done
}
digest() { sha256sum "$1" | cut -d' ' -f1; } # FILE

# Processes of the daemon's, and its descriptors or those of another service.
writer() { pgrep -P "$(main_pid albatrossd)" -x albatross-write; }
look_up() { pgrep -P "$(main_pid albatrossd)" -x albatross-look-; }
n_fds() { find "/proc/$(main_pid "${1:-albatrossd}")/fd" -mindepth 1 | wc -l; } # [UNIT]

# Our taps, and that there is none.
taps() { ip -o link show | sed -nE 's/^[0-9]+: (alb[0-9]+)[@:].*/\1/p' | sort; }
no_taps() { wait_for 10 eval '[ -z "$(taps)" ]' || { ip -o link; return 1; }; }

# What is in the journal, all that was written before this is asked included.
journal() { # OPTION...
    journalctl --sync
    journalctl -q --no-pager -o cat "$@"
}
# Where it ends now: --since= of it is what comes. (By a cursor and what is looked for, the first of
# that is left out where the cursor's own entry is none, as systemd 252 has it.)
journal_end() {
    journalctl --sync
    echo "@$EPOCHREALTIME"
}

# --- what many of them do

# Whoever serves there is killed, and there is another one.
replace() { # UNIT
    local before
    before=$(main_pid "$1")
    systemctl kill --kill-who=main -s KILL "$1"
    wait_for 20 eval '[[ $(main_pid '"$1"') != @(0|'"$before"') ]]' && wait_for 20 systemctl is-active -q "$1"
}

# A writer is there, which is started when there is something to write, and the daemon is connected to
# the launcher, which it does in its own time: an image that is taken in needs both.
need_helpers() {
    albatrossctl -q destroy need 2>/dev/null # of a try before
    albatrossctl -q create --no-start need "$HELLO" && albatrossctl -q destroy need
}

# A daemon with these settings and, without any, with those that there are otherwise.
settings() { # KEY=VALUE...
    mkdir -p /run/albatrossd.conf.d
    printf '%s\n' '[Albatross]' "$@" >/run/albatrossd.conf.d/50-test.conf
    [ $# != 0 ] || rm -r /run/albatrossd.conf.d
    systemctl reset-failed albatrossd && systemctl restart albatrossd
}

# As a boot finds it, after COMMAND: no process, no memory of any.
boot() { # [COMMAND...]
    systemctl stop albatrossd.service albatrossd.socket albatross-launcher.service albatross-launcher.socket
    systemctl stop 'albatross-*.scope'
    rm -rf /run/albatross/runs
    "${@:-true}"
    systemctl reset-failed
    systemctl start albatross-launcher.socket albatrossd.socket albatrossd.service
}

# What is killed again and again is started each time.
start_often() { # UNIT...
    local unit
    for unit; do
        mkdir -p "/run/systemd/system/$unit.d"
        printf '[Unit]\nStartLimitIntervalSec=0\n' >"/run/systemd/system/$unit.d/often.conf"
    done
    systemctl daemon-reload
}

# Another image than $HELLO, of the same guest: prints the name of the file.
other_image() {
    local file
    file=$(mktemp)
    { cat "$HELLO" && printf 'another one'; } >"$file"
    echo "$file"
}

# PID 1 answers nobody for so long, while it waits for a generator. This returns when that has begun,
# "wait" when it is over.
slow_systemd() { # SECONDS
    local generator=/run/systemd/system-generators/slow
    mkdir -p "${generator%/*}"
    # Which goes when it runs: had we removed it, its shell might not have opened it yet.
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nrm "$0"\nsleep %s\n' "$1" >$generator
    chmod +x $generator
    systemctl daemon-reload &
    wait_for 10 [ ! -e $generator ]
}

# What we signal, from now on, is written into FILE; the process that does that is $listener.
listen_to_signals() { # FILE [OPTION...]
    busctl monitor --match "type='signal',sender='org.albatross'" "${@:2}" >"$1" 2>"$1.errors" &
    # shellcheck disable=SC2034 # it is the caller's
    listener=$!
    wait_for 10 grep -q '^Monitoring' "$1.errors"
}

# A call in the background, whose process is $!; returns when the daemon has been asked for it, and
# has allowed it: what it does for that has begun.
ask_for() { # VERB NAME FILE COMMAND...
    local after
    after=$(journal_end)
    "${@:4}" >"$3" 2>&1 &
    wait_for 10 has ", $1 $2, is asked for" journal -t albatrossd --since="$after"
}

# A process of albatrossctl minds SIGTERM: it has got as far as that its end by one is its own doing.
# (The shell that it was before does so, too.)
minds_signals() { # PID
    local key mask
    [ "$(cat "/proc/$1/comm")" = albatrossctl ] || return 1
    while read -r key mask; do
        [[ $key != Sig@(Blk|Cgt): ]] || ! ((0x$mask & 1 << 14)) || return 0
    done <"/proc/$1/status"
    return 1
}

test_end() {
    local status=$?
    rm -f "$test_output" "$test_output.tap"
    [ $status != 0 ] || exit $test_bad
}
trap test_end EXIT
