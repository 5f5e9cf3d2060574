#!/bin/bash
# SPDX-License-Identifier: ISC
#
# albatross-network as it is installed, spoken to as the daemon does, and without the daemon, which
# would remove taps that it does not know.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"

networkd_says() { networkctl --no-legend list "$1" | grep -qw "$2"; }

systemctl stop albatrossd.service albatrossd.socket albatross-network.service
systemctl mask --runtime --quiet albatrossd.service
systemctl start albatross-network.socket
ip link add brlook type bridge && ip link add look type veth peer name look2 && ip link set look master brlook
bridge -d link show dev look | grep -q 'locked off' ||
    say_result skip 'a forged MAC gets nowhere: this kernel has no locked ports (5.18 has)'
ip link set brlook type bridge vlan_filtering 1 2>/dev/null ||
    say_result skip 'a bridge with VLANs: this kernel has none'
ip link del look && ip link del brlook
for part in taps service daemon; do
    tap "$RIG_BUILD/tests/system/network-$part"
done

# Files for those who manage networks. networkd is there in the rig, the others are not.
systemctl --quiet unmask systemd-networkd.service # the rig has no use for it otherwise
mkdir -p /run/systemd/network
cat >/run/systemd/network/20-all.network <<'END'
[Match]
Name=*
[Network]
DHCP=yes
END
ip tuntap add alb123 mode tap && ip tuntap add other123 mode tap
if systemctl start systemd-networkd.service; then
    check 'networkd takes what it is told to take' wait_for 10 networkd_says other123 configuring
    check '... but leaves our taps alone' wait_for 10 networkd_says alb123 unmanaged
    systemctl stop systemd-networkd.socket systemd-networkd.service
else
    say_result skip 'networkd leaves our taps alone: there is none'
fi
rm /run/systemd/network/20-all.network
ip link del alb123
ip link del other123
prints 'says how long its steps take' 'median' "$RIG_BUILD/tests/system/network-latency"
