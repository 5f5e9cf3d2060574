#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The units and folders as they are installed, and what a slice does. Sandboxes: hardening.sh.
. "$(dirname "$0")/lib.sh"

mapfile -t units < <(cd /usr/lib/systemd/system && ls -d albatross*.service albatross*.socket albatross*.slice)
check "units are installed: ${units[*]}" test ${#units[@]} -ge 5
# Manual pages are looked for where the machine has man; that is not what is tested here.
check 'systemd finds nothing wrong with them' systemd-analyze verify --man=no "${units[@]}"

prints 'albatrossd is enabled' enabled systemctl is-enabled albatrossd.service
prints 'its socket is enabled' enabled systemctl is-enabled albatrossd.socket
for unit in service socket; do
    prints "and not beside albatross_daemon.$unit" "albatross_daemon.$unit" systemctl show -P Conflicts albatrossd.service
done
prints 'albatrossd is there' active systemctl is-active albatrossd.service
program=$(systemctl show -P ExecStart albatrossd | sed 's/.*path=\([^ ]*\) .*/\1/')
prints 'it says which version it is' 'albatrossd ' "$program" --version
refuse 'it takes no arguments' 'takes no arguments' "$program" --nonsense
equal 'and says so on standard error' '' "$("$program" --nonsense 2>/dev/null)"
for folder in /run/albatross /var/lib/albatross; do
    equal "$folder is for root alone" '700 root root' "$(stat -c '%a %U %G' $folder)"
done

# What albatross.slice denies to all below it, tried by a process there.
below() { # COMMAND...
    systemd-run --quiet --collect --scope --slice=albatross-units_test.slice -- "$@"
}
# One stays there meanwhile: without it the slice would go after each, and come again.
systemd-run --quiet --collect --scope --slice=albatross-units_test.slice -- sleep 60 &
keeper=$!
check 'a slice of a path comes when it is needed' wait_for 10 systemctl is-active --quiet albatross-units_test.slice
check 'below albatross.slice a program runs' below true
check '... and has /dev/null' below sh -c 'echo >/dev/null'
for device in /dev/kvm /dev/net/tun; do
    [ ! -c $device ] || check "... and may open $device" below sh -c ": <>$device"
done
mknod /tmp/other-device c 1 1
refuse '... but no device that is not for tenders' 'not permitted' below cat /tmp/other-device
rm /tmp/other-device
refuse '... and no way to the network of the host' 'Operation not permitted' \
    below bash -c 'echo >/dev/udp/127.0.0.1/9'
kill $keeper
check 'a slice of a path goes when nothing needs it any more' wait_for 10 \
    not systemctl is-active --quiet albatross-units_test.slice
