#!/bin/sh
# SPDX-License-Identifier: ISC
#
# launcher.sh BUILD_FOLDER: tests the installed launcher under the systemd that runs here, as root
# and without the daemon, which would end children that it does not know.
set -eu
systemctl daemon-reload
systemctl stop albatrossd.socket albatrossd.service 2>/dev/null || true
systemctl mask --runtime --quiet albatrossd.service
systemd-tmpfiles --create albatross-launcher.conf
systemctl start albatross-launcher.socket
for part in tenders probes clients ends; do
    "$1/tests/system/launcher-$part"
done
"$1/tests/system/launcher-latency"
systemd-analyze security --no-pager albatross-launcher.service | tail -n 1
systemctl unmask --runtime --quiet albatrossd.service
