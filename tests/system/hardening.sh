#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What systemd thinks of our sandboxes. Whether it finds mistakes in the units: units.sh.
. "$(dirname "$0")/lib.sh"

exposure() { systemd-analyze security --no-pager "$1" | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p'; }

level=$(exposure albatrossd.service)
check "the exposure of albatrossd is $level, at most 2.0" awk "BEGIN {exit !($level <= 2.0)}"
level=$(exposure albatross-launcher.service)
check "the exposure of albatross-launcher, whose sandbox is the tenders', is $level, at most 4.0" \
    awk "BEGIN {exit !($level <= 4.0)}"
level=$(exposure albatross-network.service)
check "the exposure of albatross-network is $level, at most 1.1" awk "BEGIN {exit !($level <= 1.1)}"
level=$(exposure albatross-statistics.service)
check "the exposure of albatross-statistics is $level, at most 1.6" awk "BEGIN {exit !($level <= 1.6)}"
level=$(exposure albatross-metrics.service)
check "the exposure of albatross-metrics is $level, at most 0.3" awk "BEGIN {exit !($level <= 0.3)}"
