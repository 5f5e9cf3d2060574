#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Taps on a distribution's own kernel, which has bridges with VLANs.
# rig: vm
. "$(dirname "$0")/lib.sh"

systemctl stop albatrossd.service albatrossd.socket
systemctl mask --runtime --quiet albatrossd.service
tap "$RIG_BUILD/tests/system/network-taps"
systemctl unmask --runtime --quiet albatrossd.service
systemctl start albatrossd.socket albatrossd.service
