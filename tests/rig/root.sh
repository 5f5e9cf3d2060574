# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# The root that the rig boots, the part that is the same in the container and in the virtual
# machine. Read by both, with the root-to-be (a throw-away overlay) as the working folder, so every
# path in here is relative. Plain sh: in the virtual machine busybox runs it.

# What this machine's owner has configured must not show: units, mounts, state, the journal.
root_forget_host() {
    rm -rf etc/systemd var/lib/albatross etc/albatross
    mkdir -p etc/systemd/system etc/systemd/journald.conf.d etc/tmpfiles.d
    : >etc/fstab
    : >etc/crypttab
    # With a machine id of its own, journalctl shows the rig's journal alone; an empty one would
    # make systemd go through its first boot.
    rm -f etc/machine-id .dockerenv
    tr -d - <proc/sys/kernel/random/uuid >etc/machine-id
    # Rate limits stay as they are by default: switched off, they would hide what gets lost.
    printf '%s\n' '[Journal]' 'Storage=volatile' >etc/systemd/journald.conf.d/rig.conf
    # tmp.conf's "D /tmp" would empty /tmp at boot, whatever is mounted below it included.
    ln -sf /dev/null etc/tmpfiles.d/tmp.conf
    # What udev, which is not here, does with its 50-udev-default.rules.
    echo 'z /dev/net/tun 0666 root root' >etc/tmpfiles.d/rig-tun.conf
}

# Units that the rig has no use for; each costs time at boot or wants hardware.
root_mask() {
    for unit in systemd-udevd.service systemd-udev-trigger.service systemd-firstboot.service \
        systemd-hwdb-update.service systemd-journal-catalog-update.service \
        systemd-update-done.service systemd-sysusers.service ldconfig.service \
        systemd-machine-id-commit.service systemd-timesyncd.service systemd-resolved.service \
        systemd-networkd.service systemd-binfmt.service systemd-update-utmp.service \
        systemd-random-seed.service systemd-remount-fs.service systemd-repart.service \
        systemd-modules-load.service systemd-pstore.service systemd-ask-password-console.path \
        sys-fs-fuse-connections.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
        sys-kernel-config.mount dev-hugepages.mount proc-sys-fs-binfmt_misc.automount \
        swap.target "$@"; do
        ln -sf /dev/null "etc/systemd/system/$unit"
    done
}

# Users to play tenants. Their ids are in a range that no Debian system gives out by itself.
root_users() {
    id=64101
    for user in alice bob carol; do
        sed -i "/^$user:/d" etc/passwd etc/group etc/shadow
        echo "$user:x:$id:$id::/home/$user:/bin/bash" >>etc/passwd
        echo "$user:x:$id:" >>etc/group
        echo "$user:*:19000:0:99999:7:::" >>etc/shadow
        mkdir -p "home/$user"
        chown $id:$id "home/$user"
        id=$((id + 1))
    done
}

# What a distribution's package would do: unpack, create users, enable units. (tmpfiles runs at
# boot.) $1: the package, as seen from inside the root. Programs by their paths: busybox's chroot would
# run its own ones.
root_install() {
    chroot . /bin/tar --no-overwrite-dir --keep-directory-symlink -xf "$1"
    for conf in usr/lib/sysusers.d/albatross*.conf; do
        [ ! -e "$conf" ] || chroot . /usr/bin/env SYSTEMD_LOG_LEVEL=warning /bin/systemd-sysusers "/$conf"
    done
    units=$(chroot . /bin/tar -tf "$1" |
        sed -n 's,^\./usr/lib/systemd/system/\([^/@]*\.[a-z]*\)$,\1,p' |
        while read -r unit; do
            # Off until somebody wants it, here too.
            [ "$unit" != albatross-metrics.socket ] || continue
            ! grep -q '^\[Install\]' "usr/lib/systemd/system/$unit" || echo "$unit"
        done)
    # shellcheck disable=SC2086 # unit names have no spaces
    [ -z "$units" ] || chroot . /bin/systemctl --quiet enable $units
}

# The target to boot: sysinit (journal, tmpfiles), the bus, and what the package enabled. Timers,
# gettys and whatever daemons this machine has installed stay off. Once all that is there, the file
# /run/rig/$1 is.
root_target() {
    wants='dbus.socket dbus.service'
    for unit in etc/systemd/system/*.wants/*; do
        [ ! -L "$unit" ] || wants="$wants ${unit##*/}"
    done
    cat >etc/systemd/system/rig.target <<END
[Unit]
Requires=sysinit.target
Wants=$wants rig-ready.service
After=sysinit.target $wants
AllowIsolate=yes
END
    cat >etc/systemd/system/rig-ready.service <<END
[Unit]
After=rig.target
[Service]
Type=oneshot
ExecStart=/bin/touch /run/rig/$1
END
    mkdir -p run/rig
}
