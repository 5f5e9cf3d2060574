#!/bin/bash
# SPDX-License-Identifier: ISC
#
# vm.sh -m MOUNTPOINT -p PACKAGE -c CACHE [-b SRC[:DEST]]... [-d FOLDER] [-t] -- [CMD [ARG]...]
#
# The rig's virtual machine: runs CMD (a shell, without one) as root as a service under systemd as
# PID 1 of a machine with a stock Debian kernel, so with a full cgroup v2 tree, its own modules and
# a /dev/kvm of its own. tools/rig is the way to call it. Where this machine has no KVM, QEMU
# emulates the CPU: 10 to 70 times slower, and times measured inside mean little. stdin is not
# passed on, stdout and stderr come out as one.
#
# There is no disk image: this machine's root is shared by virtiofs from a private mount namespace,
# in which it is read-only and has an overlay in the guest's memory on top.
set -euo pipefail
umask 022
here=$(dirname "$(realpath "$0")")
began=${EPOCHREALTIME/./}
boot_limit=${RIG_BOOT_LIMIT:-180} # seconds

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

check_machine() {
    local missing=()
    [ "$(id -u)" = 0 ] || die 'this needs root'
    [ "$(uname -m)" = x86_64 ] || die 'the virtual machine is for x86_64 only'
    [ -x /lib/systemd/systemd ] || missing+=(systemd)
    [ -x /usr/bin/dbus-daemon ] || missing+=(dbus)
    [ -e /usr/lib/systemd/system/polkit.service ] || missing+=(polkitd)
    command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
    [ -x /usr/lib/qemu/virtiofsd ] || missing+=(qemu-system-common)
    command -v busybox >/dev/null || missing+=(busybox-static)
    command -v cpio >/dev/null || missing+=(cpio)
    [ ${#missing[@]} = 0 ] || die "missing here: ${missing[*]} (apt-get install ${missing[*]})"
}

cleanup() {
    trap '' INT TERM HUP
    set +e
    exec 2>/dev/null
    [ -z "$saved_tty" ] || stty "$saved_tty"
    [ -z "$qemu" ] || kill -KILL "$qemu"
    [ -z "$files" ] || kill "$files"
    wait
    rm -rf "$ctl"
}

stop_files() {
    { kill "$files" && wait "$files"; } 2>/dev/null || :
    files=''
    rm -f "$ctl/vfs"
}

# What the guest runs in the root-to-be, before systemd; and the command as a service, whose end
# is the machine's end.
write_setup() {
    local i=0 bind dest
    cp "$here/root.sh" "$package" "$ctl/"
    cat <<'END'
set -e
: >/m/ctl/begun
. /m/ctl/root.sh
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mkdir run/rig
mount --bind /m/ctl run/rig
root_forget_host
root_mask
root_users
root_install /run/rig/package.tar
root_target ready
echo rig >etc/hostname
mkdir etc/systemd/system/rig.target.wants
ln -s ../rig-cmd.service etc/systemd/system/rig.target.wants/
cat >etc/systemd/system/rig-cmd.service <<X
[Unit]
After=rig.target
SuccessAction=poweroff-immediate
FailureAction=poweroff-immediate
[Service]
Type=exec
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
ExecStart=/bin/bash /run/rig/cmd
X
END
    for bind in "${binds[@]}"; do
        dest=${bind#*:}
        if [ -d "${bind%%:*}" ]; then printf 'mkdir -p .%q\n' "$dest"; else printf 'mkdir -p .%q; : >>.%q\n' "${dest%/*}" "$dest"; fi
        printf 'mount --bind /m/b%d .%q\n' $i "$dest"
        i=$((i + 1))
    done
}

write_command() {
    printf 'cd %q 2>/dev/null || cd /\n' "$folder"
    printf 'export RIG=vm HOME=/root TERM=%q PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n' "${TERM:-dumb}"
    printf 'export RIG_BUILD=%q\n' "${mountpoint%/rig/mnt}"
    if [ $# -gt 0 ]; then
        printf 'stty raw -echo\n'
        printf '%q ' "$@"
        echo '</dev/null 2>&1 | cat' # so that programs do not find a terminal there
    else
        echo '/bin/bash -l'
    fi
    echo 'echo ${PIPESTATUS[0]} >/run/rig/status'
}

# Puts what the guest may see together in a private mount namespace, and serves it.
serve_files() {
    setpriv --pdeathsig KILL -- unshare --mount --propagation private -- bash -ec '
        here=$1 cache=$2 ctl=$3
        shift 3
        mount -t tmpfs rig "$here"
        cd "$here"
        mkdir root kernel ctl
        mount --rbind / root
        mount -o remount,bind,ro root
        mount --bind "$cache/kernel" kernel
        mount -o remount,bind,ro kernel
        mount --bind "$ctl" ctl
        i=0
        for bind; do
            if [ -d "${bind%%:*}" ]; then mkdir b$i; else : >b$i; fi
            mount --bind "${bind%%:*}" b$i
            i=$((i + 1))
        done
        exec /usr/lib/qemu/virtiofsd --rlimit-nofile=0 --socket-path="$ctl/vfs" -f \
            -o source="$here" -o cache=always -o xattr -o log_level=warn' \
        - "$mountpoint" "$cache" "$ctl" "${binds[@]}" &>"$ctl/virtiofsd.log" </dev/null &
    files=$!
    until [ -S "$ctl/vfs" ]; do
        kill -0 $files 2>/dev/null || die "the file server ended: $(cat "$ctl/virtiofsd.log")"
        [ "$(elapsed_ms)" -lt 120000 ] || die 'no file server after 120 s'
        sleep 0.02
    done
}

start_machine() { # ACCELERATOR
    local mem=${RIG_MEM:-2G}
    setpriv --pdeathsig KILL -- qemu-system-x86_64 -accel "$1" -cpu max -smp "${RIG_CPUS:-2}" -m "$mem" \
        -object memory-backend-memfd,id=mem,size="$mem",share=on -numa node,memdev=mem \
        -nodefaults -display none -no-reboot \
        -kernel "$cache/vmlinuz" -initrd "$cache/initrd" \
        -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr audit=0 lsm=capability systemd.unit=rig.target systemd.log_target=journal systemd.show_status=0 systemd.default_timeout_start_sec=300 ${RIG_APPEND-}" \
        -chardev socket,id=v,path="$ctl/vfs" -device vhost-user-fs-pci,chardev=v,tag=rig,queue-size=1024 \
        -serial "file:$ctl/console.log" -serial stdio <&0 2>"$ctl/qemu.log" &
    qemu=$!
}

# KVM where it works. Some machines have a /dev/kvm on which a guest never gets anywhere: that shows
# within seconds, and is remembered until this machine boots again.
start_fastest() {
    local boot_id i
    read -r boot_id </proc/sys/kernel/random/boot_id
    if [ -c /dev/kvm ] && ! grep -qsx "$boot_id" "$cache.no-kvm"; then
        start_machine kvm
        for ((i = 0; i < 160; i++)); do
            [ ! -e "$ctl/begun" ] || return 0
            kill -0 $qemu 2>/dev/null || break
            sleep 0.05
        done
        { kill -KILL $qemu; wait $qemu; } 2>/dev/null || :
        echo "$boot_id" >"$cache.no-kvm"
        echo 'rig: KVM does not work here: the CPU is emulated' >&2
        stop_files
        serve_files
    fi
    start_machine tcg,thread=multi
}

wait_ready() {
    until [ -e "$ctl/ready" ]; do
        kill -0 $qemu 2>/dev/null || break
        [ "$(elapsed_ms)" -lt $((boot_limit * 1000)) ] || give_up "the machine is not up after $boot_limit s"
        sleep 0.05
    done
    lap 'up after'
}

give_up() {
    echo "rig: $1; its console:" >&2
    tail -n 40 "$ctl/console.log" "$ctl/qemu.log" >&2 || :
    exit 125
}

check_machine
mountpoint='' package='' cache='' folder=/ binds=() timing=''
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
    c) cache=$OPTARG ;;
    d) folder=$OPTARG ;;
    t) timing=1 ;;
    *) exit 125 ;;
    esac
done
shift $((OPTIND - 1))
cache=$cache/$(cksum <"$here/kernel.sh" | cut -d' ' -f1)
"$here/kernel.sh" "$cache" || die 'no kernel to boot'
lap 'kernel and initrd there after'

files='' qemu='' saved_tty=''
ctl=$(mktemp -d -t albatross-rig.XXXXXX)
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
write_setup >"$ctl/setup"
write_command "$@" >"$ctl/cmd"
serve_files
lap 'file server up after'
if [ $# = 0 ]; then
    saved_tty=$(stty -g)
    stty raw -echo
    start_fastest
else
    start_fastest </dev/null
fi
wait_ready
wait "$qemu" || :
qemu=''
lap 'machine off after'
[ -s "$ctl/status" ] || give_up 'the machine stopped without a result'
exit "$(cat "$ctl/status")"
