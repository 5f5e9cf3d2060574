# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What holds at every moment of rest, whatever was done before: that all who know of unikernels know
# the same. To be sourced after lib.sh by a test that breaks things:
#
#   invariants_note                                   before, while nothing is under way
#   check 'all is as it should be' invariants         after
#
# has_orphans=yes says that tenders run whose launcher was killed: they have no lock and no parent.
#
# The second one waits, up to 10 s, for what is still under way, and then prints each difference.

albatross_state=/var/lib/albatross/v1

main_pid() { # UNIT
    systemctl show -P MainPID "$1"
}

count_fds() { # UNIT
    find "/proc/$(main_pid "$1")/fd" -mindepth 1 2>/dev/null | wc -l
}

invariants_note() {
    noted_daemon=$(main_pid albatrossd)
    noted_launcher=$(main_pid albatross-launcher)
    noted_daemon_fds=$(count_fds albatrossd)
    noted_launcher_fds=$(count_fds albatross-launcher)
    noted_running=$(listed_with_pid | wc -l)
}

# The names of all, and of those that have a process.
listed() { albatrossctl list -q | sort; }
listed_with_pid() {
    albatrossctl list --json=short | tr '{' '\n' |
        sed -nE 's/.*"Name":"([^"]*)".*"State":"(starting|running|stopping)".*/\1/p' | sort
}

# What PID 1, the control groups, the launcher and the disk know. Sorted names or numbers.
known_scopes() {
    systemctl list-units --all --plain --no-legend 'albatross-*.scope' |
        sed -E 's/^albatross-([^ ]*)\.scope .*/\1/' | sort
}
known_groups() {
    find /sys/fs/cgroup/albatross.slice -name 'albatross-*.scope' -printf '%f\n' 2>/dev/null |
        sed -E 's/^albatross-(.*)\.scope$/\1/' | sort
}
known_processes() {
    { pgrep -x albatross-spt; pgrep -x albatross-gate; } | sort -n
}
grouped_processes() {
    [ ! -d /sys/fs/cgroup/albatross.slice ] ||
        find /sys/fs/cgroup/albatross.slice -name cgroup.procs -exec cat {} + | sort -n
}
known_records() {
    find $albatross_state/unikernels -mindepth 1 -printf '%f\n' | sed 's/\.json$//' | sort
}
# One by one: pgrep refuses a pattern of more than the 15 characters that a name has.
intake_processes() {
    pgrep -l albatross-infla
    pgrep -l albatross-store
    pgrep -l albatross-read-
    pgrep -l albatross-block
}
used_images() {
    find $albatross_state/unikernels -name '*.json' -exec sed -nE 's/.*"Digest": "([0-9a-f]+)".*/\1/p' {} + |
        sort -u
}
# A file alone is no lock: the one of a launcher that was killed stays.
locked_uids() {
    lent_uids | while read -r uid; do
        [ ! -e "/run/systemd/dynamic-uid/$uid" ] || flock -n "/run/systemd/dynamic-uid/$uid" true || echo "$uid"
    done
}
# Taps of ours, and what the runs say that they have.
known_taps() {
    ip -o link show | sed -nE 's/^[0-9]+: (alb[0-9]+)[@:].*/\1/p' | sort
}
recorded_taps() {
    find /run/albatross/runs -type f -exec cat {} + | grep -o '"Taps":\[[^]]*\]' |
        grep -oE 'alb[0-9]+' | sort
}
process_uids() {
    known_processes | while read -r pid; do awk '/^Uid:/ {print $2}' "/proc/$pid/status"; done 2>/dev/null | sort -n
}

differ() { # WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] && return 1
    printf '%s differ:\n' "$1"
    diff <(printf '%s\n' "$2") <(printf '%s\n' "$3")
    return 0
}

invariants_differences() {
    local running records
    running=$(listed_with_pid)
    records=$(listed)
    differ 'scopes of PID 1 and what list says' "$running" "$(known_scopes)"
    differ 'control groups and what list says' "$running" "$(known_groups)"
    differ 'processes and their control groups' "$(known_processes)" "$(grouped_processes)"
    differ 'number of processes and what list says' "$(wc -w <<<"$running")" "$(known_processes | wc -l)"
    differ 'records and what list says' "$records" "$(known_records)"
    differ 'images that are used and those that are there' "$(used_images)" \
        "$(find $albatross_state/images -mindepth 1 -printf '%f\n' | sort)"
    differ 'taps and what the runs say' "$(known_taps)" "$(recorded_taps)"
    differ 'files in tmp and none' '' "$(find $albatross_state/tmp -mindepth 1)"
    differ 'programs of an intake and none' '' "$(intake_processes)"
    differ 'run records of nobody and none' '' \
        "$(comm -13 <(cat <<<"$records") <(find /run/albatross/runs -mindepth 1 -printf '%f\n' | sort))"
    # One that was killed is started again when it is needed.
    [ "$(pgrep -xc albatross-write)" -le 1 ] || echo 'there are several writers'
    # What a launcher before this one started, the daemon watches in its place.
    [ -z "${has_orphans:-}" ] || return 0
    differ 'uids of processes and locks of uids' "$(process_uids)" "$(locked_uids)"
    if [ "$(main_pid albatrossd)" = "$noted_daemon" ] && pgrep -x albatross-write >/dev/null; then
        differ "descriptors of the daemon and those before" "$noted_daemon_fds" "$(count_fds albatrossd)"
    fi
    # The launcher has a process and a lock of each tender.
    if [ "$(main_pid albatross-launcher)" = "$noted_launcher" ]; then
        differ "descriptors of the launcher and those before" \
            "$((noted_launcher_fds + 2 * ($(wc -w <<<"$running") - noted_running)))" "$(count_fds albatross-launcher)"
    fi
}

invariants() {
    local differences
    for _ in {1..50}; do
        differences=$(invariants_differences)
        [ -n "$differences" ] || return 0
        sleep 0.2
    done
    printf '%s\n' "$differences"
    return 1
}
