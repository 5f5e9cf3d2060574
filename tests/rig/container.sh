#!/bin/bash
# SPDX-License-Identifier: ISC
#
# container.sh -m MOUNTPOINT -p PACKAGE [-b SRC[:DEST]]... [-d FOLDER] [-t] -- [CMD [ARG]...]
#
# The rig's container: runs CMD (a shell, without one) as root as a transient service under a REAL
# systemd, in throw-away namespaces on an overlay of this machine's root with PACKAGE unpacked in
# it. tools/rig is the way to call it; -c is taken for vm.sh's sake.
#
# The machine itself sees one child cgroup of the caller's own while it runs. Everything else is
# mounted in a private namespace, on MOUNTPOINT. Not here on a machine whose cgroup v1 hierarchies
# hold the controllers: memory, CPU and task limits being enforced. That is vm.sh's part.
set -euo pipefail
umask 022
here=$(dirname "$(realpath "$0")")
began=${EPOCHREALTIME/./}
boot_limit=${RIG_BOOT_LIMIT:-30} # seconds

die() {
    printf 'rig: %s\n' "$*" >&2
    exit 125
}

elapsed_ms() {
    echo $(((${EPOCHREALTIME/./} - began) / 1000))
}

lap() {
    [ -z "$timing" ] || echo "rig: $1 $(elapsed_ms) ms" >&2
}

# What would only show as a hang later.
check_machine() {
    local missing=()
    [ "$(id -u)" = 0 ] || die 'this needs root'
    [ -x /lib/systemd/systemd ] || missing+=(systemd)
    [ -x /usr/bin/dbus-daemon ] || missing+=(dbus)
    [ -e /usr/lib/systemd/system/polkit.service ] || missing+=(polkitd)
    command -v unshare nsenter findmnt setpriv >/dev/null || missing+=(util-linux mount)
    command -v ip >/dev/null || missing+=(iproute2)
    [ ${#missing[@]} = 0 ] || die "missing here: ${missing[*]} (apt-get install ${missing[*]})"
    grep -qw cgroup2 /proc/filesystems || die 'this kernel has no cgroup2'
    grep -qw overlay /proc/filesystems || modprobe -n overlay 2>/dev/null ||
        die 'this kernel has no overlayfs'
}

# A cgroup below our own, seen through a mount of our own: it does not matter where this machine
# has mounted its cgroups, or whether it has. Where systemd gave us a scope we go into a leaf of it,
# since a cgroup with processes can't hand its controllers down.
make_cgroup() {
    local dir controllers
    mount -t cgroup2 cgroup2 cgroup || die 'can not mount cgroup2'
    for dir in cgroup/albatross-rig.*; do # what one that was killed could not take away
        [ ! -d "$dir" ] || [ -d "/proc/${dir##*.}" ] || find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || :
    done
    cgroup=$PWD/cgroup/albatross-rig.$$
    mkdir "$cgroup"
    [ -n "${RIG_SCOPE-}" ] || return 0
    mkdir cgroup/caller
    echo 0 >cgroup/caller/cgroup.procs
    read -r controllers <cgroup/cgroup.controllers || :
    [ -z "$controllers" ] || echo "+${controllers// / +}" >cgroup/cgroup.subtree_control
}

cleanup() {
    trap '' INT TERM HUP
    set +e
    exec 2>/dev/null # bash would report each process that it has seen killed
    [ -z "$unshare" ] || { kill -KILL "$unshare" && wait "$unshare"; }
    [ -d "$cgroup" ] || return 0
    echo 1 >"$cgroup/cgroup.kill" # whatever is left in there
    for _ in {1..100}; do         # from the bottom; again while processes vanish
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && break
        sleep 0.02
    done
}

enter() {
    nsenter -t "$init" -m -u -i -n -p -C -r -w -- "$@"
}

give_up() {
    echo "rig: $1; what it waits for, and the end of its journal:" >&2
    timeout 5 nsenter -t "$init" -m -u -i -n -p -C -r -w -- systemctl --no-pager list-jobs >&2 || :
    timeout 5 nsenter -t "$init" -m -u -i -n -p -C -r -w -- journalctl --no-pager -n 30 >&2 || :
    exit 125
}

# Starts PID 1 and waits until the target has been reached. The chain of deaths: unshare ends with
# this script, PID 1 with unshare, everything else with PID 1.
boot() {
    setpriv --pdeathsig KILL -- unshare --mount --pid --uts --ipc --net --fork --kill-child=KILL \
        --propagation private -- "$here/boot.sh" "$cgroup" "$package" "${binds[@]}" </dev/null 9>&- &
    unshare=$!
    # The list ends without a newline, which read counts as a failure.
    until read -r init _ 2>/dev/null <"/proc/$unshare/task/$unshare/children" || [ -n "$init" ]; do
        kill -0 $unshare 2>/dev/null || die 'the namespaces can not be made: this needs CAP_SYS_ADMIN (in docker: --privileged)'
        sleep 0.005
    done
    # Before PID 1 has its own root that path leads to ours, hence a name that is not there.
    until [ -e "/proc/$init/root/run/rig/${cgroup##*/}" ]; do
        kill -0 $unshare 2>/dev/null || die 'PID 1 ended early'
        [ "$(elapsed_ms)" -lt $((boot_limit * 1000)) ] || give_up "not up after $boot_limit s"
        sleep 0.01
    done
    lap 'up after'
}

# In the background and waited for, so that a signal reaches the traps at once.
run() {
    local how=(--pipe) r=0
    [ $# -gt 0 ] || { how=(--pty) && set -- /bin/bash -l; }
    [ -d "/proc/$init/root/$folder" ] || folder=/
    case $1 in # systemd-run looks for it from where systemd is
    /*) ;;
    */*) set -- "$folder/$1" "${@:2}" ;;
    esac
    # systemd-run would expand $VAR in the command line itself, hence the doubling.
    enter /usr/bin/systemd-run --quiet "${how[@]}" --wait --service-type=exec \
        --unit=rig-cmd -p WorkingDirectory="$folder" -p TimeoutStopSec=5 --setenv=RIG=container \
        --setenv=RIG_BUILD="${mountpoint%/rig/mnt}" \
        --setenv=HOME=/root --setenv=TERM="${TERM:-dumb}" \
        ${ALBATROSS_SOLO5:+--setenv=ALBATROSS_SOLO5="$ALBATROSS_SOLO5"} \
        --setenv=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        -- "${@//\$/\$\$}" <&0 &
    wait $! || r=$?
    # systemd-run waits over the system bus. A test that takes that away, or has PID 1 executed anew,
    # goes on all the same: systemctl asks PID 1 directly, as soon as it answers.
    local state='' lost=''
    while kill -0 "$init" 2>/dev/null; do
        state=$(enter /usr/bin/systemctl show -P ActiveState rig-cmd.service 2>/dev/null) || state=unknown
        case $state in
        active | activating | deactivating | reloading | unknown | '') lost=1 && sleep 0.1 ;;
        *) break ;;
        esac
    done
    [ -z "$lost" ] || r=$(enter /usr/bin/systemctl show -P ExecMainStatus rig-cmd.service)
    lap 'command done after'
    return "$r"
}

# On a machine that runs systemd, ask it for a scope: cgroups are systemd's to give.
if [ -z "${RIG_SCOPE-}" ] && [ -S /run/systemd/private ] && [ "$(id -u)" = 0 ]; then
    RIG_SCOPE=1 exec systemd-run --quiet --collect --scope -p Delegate=yes -- "$0" "$@"
fi
if [ -z "${RIG_PRIVATE-}" ]; then
    check_machine
    unshare --mount --cgroup true 2>/dev/null ||
        die 'no namespaces of its own: this needs CAP_SYS_ADMIN (in docker: --privileged)'
    RIG_PRIVATE=1 exec unshare --mount --cgroup --propagation private -- "$0" "$@"
fi
mountpoint='' package='' folder=/ binds=() timing=''
while getopts m:p:b:c:d:t option; do
    case $option in
    m) mountpoint=$OPTARG ;;
    p) package=$(realpath -e "$OPTARG") ;;
    b)
        src=$(realpath -e "${OPTARG%%:*}") || die "nothing there to bind: ${OPTARG%%:*}"
        dest=${OPTARG#*:}
        [ "$dest" != "$OPTARG" ] || dest=$src
        [ "${dest#/}" != "$dest" ] || die "-b needs an absolute place to bind to: $dest"
        binds+=("$src:$dest")
        ;;
    c) ;;
    d) folder=$OPTARG ;;
    t) timing=1 ;;
    *) exit 125 ;;
    esac
done
shift $((OPTIND - 1))
init='' unshare='' cgroup=''
mount -t tmpfs -o mode=755 rig "$mountpoint" || die 'can not mount a tmpfs'
cd "$mountpoint"
mkdir cgroup
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
make_cgroup
boot
status=0
run "$@" || status=$?
exit $status
