#!/bin/bash
# SPDX-License-Identifier: ISC
#
# albatross-network as it is installed, spoken to as the daemon does, and without the daemon, which
# would remove taps that it does not know.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"

systemctl stop albatrossd.service albatrossd.socket albatross-network.service
systemctl mask --runtime --quiet albatrossd.service
systemctl start albatross-network.socket
tap "$RIG_BUILD/tests/system/network-taps"
prints 'says how long its steps take' 'median' "$RIG_BUILD/tests/system/network-latency"
