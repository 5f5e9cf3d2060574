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
#   # timeout: SECONDS    how long it may take; 60 without this line
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
    local status=0 line n=0
    CMOCKA_MESSAGE_OUTPUT=TAP "$@" >"$test_output.tap" 2>"$test_output" </dev/null || status=$?
    while read -r line; do
        case $line in
        'ok '*' - '*) say_result ok "$(tr _ ' ' <<<"${line#* - }")" ;;
        'not ok '*' - '*) say_failure "$(tr _ ' ' <<<"${line#* - }")" ;;
        *) continue ;;
        esac
        n=$((n + 1))
    done <"$test_output.tap"
    rm "$test_output.tap"
    if [ $status != 0 ] && [ $test_bad = 0 ] || [ $n = 0 ]; then
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

test_end() {
    local status=$?
    rm -f "$test_output" "$test_output.tap"
    [ $status != 0 ] || exit $test_bad
}
trap test_end EXIT
