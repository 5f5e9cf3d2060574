#!/bin/bash
# SPDX-License-Identifier: ISC
#
# kernel.sh FOLDER
#
# Fetches Debian's stock cloud kernel with apt and makes of it what vm.sh boots: FOLDER/vmlinuz,
# FOLDER/initrd and FOLDER/kernel (the modules and kmod, a layer below the root). Done once per
# version of this file; apt is only used to download, nothing is installed.
set -euo pipefail
umask 022

folder=$1
[ ! -e "$folder/initrd" ] || exit 0
mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
[ ! -e "$folder/initrd" ] || exit 0
echo 'rig: fetching a kernel for the virtual machine, once' >&2

work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
[ -n "$package" ] || { echo 'rig: apt knows no linux-image-cloud-amd64 (apt-get update?)' >&2; exit 125; }
mkdir deb x
(cd deb && apt-get -qq -o APT::Sandbox::User=root download "$package" kmod)
for deb in deb/*.deb; do
    dpkg-deb -x "$deb" x
done

# kmod is in the layer too, for roots that have none; and its depmod and modprobe are used here.
mkdir -p kernel/usr/{lib,bin,sbin}
mv x/lib/modules kernel/usr/lib/
mv x/boot/vmlinuz-* vmlinuz
mv x/bin/kmod kernel/usr/bin/
for tool in modprobe depmod insmod lsmod rmmod modinfo; do
    ln -s ../bin/kmod "kernel/usr/sbin/$tool"
done
kmod=$PWD/kernel/usr/sbin
version=$(basename kernel/usr/lib/modules/*)
ln -s usr/lib kernel/lib
"$kmod/depmod" -b "$PWD/kernel" "$version"

# The initrd: busybox, the modules on the way to the root, and a few lines of shell.
mkdir -p i/{bin,mod,proc,sys,dev,m,n}
cp "$(command -v busybox)" i/bin/busybox
for module in virtio_pci virtiofs overlay; do
    "$kmod/modprobe" -d "$PWD/kernel" -S "$version" -D $module
done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r file; do
    cp "$file" i/mod/
    basename "$file"
done >i/mod/order
rm kernel/lib
cat >i/init <<'END'
#!/bin/busybox sh
set -e
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod /mod/$module; done </mod/order
mount -t virtiofs rig /m
mount -t tmpfs -o mode=755 tmpfs /n
mkdir /n/up /n/wk /n/r
mount -t overlay -o lowerdir=/m/kernel:/m/root,upperdir=/n/up,workdir=/n/wk rig /n/r
cd /n/r
. /m/ctl/setup
cd /
umount /proc /sys
mount --move /dev /n/r/dev
exec switch_root /n/r /lib/systemd/systemd
END
chmod +x i/init
(cd i && find . | cpio -o -H newc --quiet | gzip -1) >initrd
rm -rf i x deb
chmod 755 .
mv -T "$work" "$folder"
trap - EXIT
