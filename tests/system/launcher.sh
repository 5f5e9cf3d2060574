#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The installed launcher, spoken to as the daemon does, and without the daemon, which would end
# children that it does not know.
# rig: own
# timeout: 120
. "$(dirname "$0")/lib.sh"

systemctl stop albatrossd.service albatrossd.socket albatross-launcher.service
systemctl mask --runtime --quiet albatrossd.service
systemctl start albatross-launcher.socket
for part in tenders probes clients ends; do
    tap "$RIG_BUILD/tests/system/launcher-$part"
done
prints 'says how long its steps take' 'median' "$RIG_BUILD/tests/system/launcher-latency"
