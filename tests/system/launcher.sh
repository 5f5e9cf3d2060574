#!/bin/sh
# SPDX-License-Identifier: ISC
#
# launcher.sh BUILD_FOLDER: tests the installed launcher under the systemd that runs here, as root.
set -eu
systemctl daemon-reload
systemd-tmpfiles --create albatross-launcher.conf
systemctl start albatross-launcher.socket
for part in tenders probes clients ends; do
    "$1"/tests/system/launcher-$part
done
"$1"/tests/system/launcher-latency
systemd-analyze security --no-pager albatross-launcher.service | tail -n 1
