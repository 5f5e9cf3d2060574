# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What holds at every moment of rest, whatever was done before: that all who know of unikernels know
# the same. To be sourced after lib.sh by a test that breaks things:
#
#   invariants_note                                   before, while nothing is under way
#   check 'all is as it should be' invariants         after
#
# has_orphans=yes says that tenders run whose launcher was killed: they are no children of this one.
#
# The second one waits, up to 10 s, for what is still under way, and then prints each difference.

albatross_state=/var/lib/albatross/v1

count_fds() { # UNIT|PID
    local pid=$1
    [ -d "/proc/$pid" ] || pid=$(main_pid "$1")
    known_files "/proc/$pid/fd" | wc -l
}

invariants_note() {
    local before same=0
    { read -r noted_daemon; read -r; read -r noted_launcher; } < <(systemctl show -P MainPID albatrossd albatross-launcher)
    noted_daemon_fds=$(count_fds "$noted_daemon")
    # One that has just started opens some more.
    for _ in {1..40}; do
        before=$noted_daemon_fds
        sleep 0.03
        noted_daemon_fds=$(count_fds "$noted_daemon")
        same=$(((same + 1) * (before == noted_daemon_fds)))
        [ $same -lt 3 ] || break
    done
    noted_launcher_fds=$(count_fds "$noted_launcher")
    noted_running=$(listed_with_pid | wc -l)
}

# One a line, and none is no line. What follows is called often: it is made of bash's own means as
# far as possible, and looks into /proc and /sys by itself, since each process costs more than that.
lines() {
    [ $# = 0 ] || printf '%s\n' "$@" | sort
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
    local found=()
    shopt -s globstar nullglob
    found=(/sys/fs/cgroup/albatross.slice/**/albatross-*.scope)
    found=("${found[@]##*/albatross-}")
    lines "${found[@]%.scope}"
}
# Processes by what they are called: in 15 characters, as the kernel has it.
processes_called() { # NAME...
    local folder called name
    for folder in /proc/[0-9]*; do
        { read -r called <"$folder/comm"; } 2>/dev/null || continue
        for name; do
            [ "$called" != "$name" ] || echo "${folder#/proc/}"
        done
    done
}
known_processes() {
    processes_called albatross-spt albatross-gate | sort
}
grouped_processes() {
    local file pid
    shopt -s globstar nullglob
    for file in /sys/fs/cgroup/albatross.slice/**/cgroup.procs; do
        while read -r pid; do echo "$pid"; done 2>/dev/null <"$file"
    done | sort
}
known_files() { # FOLDER
    local found=()
    shopt -s nullglob dotglob
    found=("$1"/*)
    lines "${found[@]##*/}"
}
known_records() {
    known_files $albatross_state/unikernels | sed 's/\.json$//'
}
used_images() {
    shopt -s nullglob
    set -- $albatross_state/unikernels/*.json
    [ $# = 0 ] || sed -nE 's/.*"Digest": "([0-9a-f]+)".*/\1/p' "$@" | sort -u
}
# Taps of ours, and what the runs say that they have.
known_taps() {
    local taps=()
    shopt -s nullglob
    taps=(/sys/class/net/alb[0-9]*)
    lines "${taps[@]##*/}"
}
recorded_taps() {
    local file text
    for file in /run/albatross/runs/*; do
        { text=$(<"$file"); } 2>/dev/null || continue
        [[ $text =~ \"Taps\":\[([^]]*)\] ]] || continue
        grep -oE 'alb[0-9]+' <<<"${BASH_REMATCH[1]}"
    done | sort
}
process_uids() {
    local pid key value
    known_processes | while read -r pid; do
        while read -r key value _; do
            [ "$key" != Uid: ] || echo "$value"
        done <"/proc/$pid/status"
    done 2>/dev/null | sort
}

# How a record can be broken.
zeros() { head -c "$(stat -c %s "$1")" /dev/zero >"$1.new" && mv "$1.new" "$1"; } # FILE
cut_off() { truncate -s $(($(stat -c %s "$1") / 2)) "$1"; }
newer() { sed -i 's/"Version": 1/"Version": 2/' "$1"; }

differ() { # WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] && return 1
    printf '%s differ:\n' "$1"
    diff <(printf '%s\n' "$2") <(printf '%s\n' "$3")
    return 0
}

# Fewer are no leak: what is noted may have been that of a moment.
more() { # WHAT BEFORE NOW
    [ "$3" -le "$2" ] || echo "$1: $2 before, $3 now"
}

invariants_differences() {
    local running records processes launcher daemon
    running=$(listed_with_pid)
    records=$(listed)
    processes=$(known_processes)
    differ 'scopes of PID 1 and what list says' "$running" "$(known_scopes)"
    differ 'control groups and what list says' "$running" "$(known_groups)"
    differ 'processes and their control groups' "$processes" "$(grouped_processes)"
    differ 'number of processes and what list says' "$(wc -w <<<"$running")" "$(wc -w <<<"$processes")"
    differ 'records and what list says' "$records" "$(known_records)"
    differ 'images that are used and those that are there' "$(used_images)" \
        "$(known_files $albatross_state/images)"
    differ 'taps and what the runs say' "$(known_taps)" "$(recorded_taps)"
    differ 'files in tmp and none' '' "$(known_files $albatross_state/tmp)"
    differ 'programs of an intake and none' '' \
        "$(processes_called albatross-infla albatross-store albatross-read- albatross-block)"
    differ 'run records of nobody and none' '' \
        "$(comm -13 <(cat <<<"$records") <(known_files /run/albatross/runs))"
    # One that was killed is started again when it is needed.
    [ "$(processes_called albatross-write | wc -l)" -le 1 ] || echo 'there are several writers'
    differ 'uids of processes and locks of uids' "$(process_uids)" "$(locked_uids | sort)"
    # What a launcher before this one started, the daemon watches in its place.
    [ -z "${has_orphans:-}" ] || return 0
    { read -r daemon; read -r; read -r launcher; } < <(systemctl show -P MainPID albatrossd albatross-launcher)
    if [ "$daemon" = "$noted_daemon" ] && [ -n "$(processes_called albatross-write)" ]; then
        more 'descriptors of the daemon' "$noted_daemon_fds" "$(count_fds "$daemon")"
    fi
    # The launcher has a process and a lock of each tender.
    if [ "$launcher" = "$noted_launcher" ]; then
        more 'descriptors of the launcher' \
            "$((noted_launcher_fds + 2 * ($(wc -w <<<"$running") - noted_running)))" \
            "$(count_fds "$launcher")"
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
