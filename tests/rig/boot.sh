#!/bin/bash
# SPDX-License-Identifier: ISC
#
# boot.sh CGROUP PACKAGE [SRC:DEST]...
#
# PID 1 of the container's namespaces, started by container.sh: enters the cgroup, assembles the
# root from overlays, and becomes systemd. The working folder is a tmpfs of container.sh's private
# mount namespace, so no mount made here is ever seen outside.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
. "$here/root.sh"

trap 'echo "rig: ${BASH_COMMAND%%$'\''\n'\''*}: failed; in a container of its own this needs one with all rights (docker run --privileged); or try --vm" >&2' ERR

# The cgroup must be entered before it can be made the root of a namespace.
if [ -z "${RIG_IN_CGROUP-}" ]; then
    echo 0 >"$1/cgroup.procs"
    RIG_IN_CGROUP=1 exec unshare --cgroup -- "$0" "$@"
fi
scratch=$PWD ready=${1##*/} package=$2
shift 2

n_layers=0
# layer LOWER DEST: DEST shows LOWER, what is written goes to memory.
layer() {
    local dir=$scratch/layer$n_layers lower=${1//\\/\\\\}
    n_layers=$((n_layers + 1))
    mkdir -p "$dir/up" "$dir/wk"
    lower=${lower//:/\\:}
    mount -t overlay -o "lowerdir=${lower//,/\\,},upperdir=$dir/up,workdir=$dir/wk" rig "$2"
}

# What is mounted below / is not part of an overlay of /: each disk needs a layer of its own.
disks() {
    local target type
    findmnt -rnuo TARGET,FSTYPE | while read -r target type; do
        printf -v target '%b' "$target"
        case $target in
        / | /proc | /proc/* | /sys | /sys/* | /dev | /dev/* | /run | /run/* | "$scratch"*) continue ;;
        esac
        case $type in
        ext[234] | xfs | btrfs | f2fs | zfs | bcachefs | tmpfs | virtiofs | 9p | nfs | nfs4) ;;
        *) continue ;;
        esac
        [ ! -d "$target" ] || printf '%s\n' "$target"
    done
}

# Device nodes: made where that is allowed, else borrowed.
device() { # NAME MODE
    [ -c "/dev/$1" ] || return 0
    if ! mknod -m "$2" "dev/$1" c "0x$(stat -c %t "/dev/$1")" "0x$(stat -c %T "/dev/$1")" 2>/dev/null; then
        : >"dev/$1"
        mount --bind "/dev/$1" "dev/$1"
    fi
}

mkdir r
layer / r
cd r
while read -r disk; do
    [ -d ".$disk" ] || continue
    layer "$disk" ".$disk" 2>/dev/null || :
done < <(disks)

mount -t proc -o nosuid,nodev,noexec proc proc
# Sysctls of the whole machine stay out of reach; those of the network are our namespace's own.
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro,nosuid,nodev,noexec proc/sys
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys # read-only: no udev, as in any container
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup

mount -t tmpfs -o mode=755,nosuid tmpfs dev
mkdir dev/pts dev/shm dev/net dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
for node in null zero full random urandom tty net/tun; do
    device $node 666
done
device kvm 660
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr

mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mkdir run/rig
: >run/rig/package.tar
mount --bind "$package" run/rig/package.tar
root_forget_host
root_mask
root_users
root_install /run/rig/package.tar
root_target "$ready"
umount run/rig/package.tar
rm run/rig/package.tar

for bind; do
    src=${bind%%:*} dest=${bind#*:}
    if [ -d "$src" ]; then mkdir -p ".$dest"; else mkdir -p ".${dest%/*}" && : >>".$dest"; fi
    mount --bind "$src" ".$dest"
done

hostname rig
ip link set lo up
trap - ERR
pivot_root . mnt
# shellcheck disable=SC2016
exec chroot . /bin/sh -c 'umount -l /mnt && mount --make-rshared / && exec env -i container=rig \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-syslog,-audit_control,-audit_read,-wake_alarm \
    /lib/systemd/systemd --unit=rig.target --log-target=journal --show-status=no'
