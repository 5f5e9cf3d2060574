#!/bin/bash
# SPDX-License-Identifier: ISC
#
# albatrossd.conf and its drop-ins: which files count, what is said of mistakes, and that each setting
# does what it says. Those about tenders are tried in tenders.sh.
# rig: own
. "$(dirname "$0")/lib.sh"

# One drop-in of that name in that folder, with these lines.
drop_in() { # FOLDER/NAME LINE...
    local file=${1%/*}/albatrossd.conf.d/${1##*/}
    shift
    mkdir -p "${file%/*}"
    printf '%s\n' "$@" >"$file"
}
complaints() { journal -t albatrossd -p warning --since=-1min; }

check 'what is shipped says nothing' not grep -v '^\(#.*\|\[Albatross\]\|\)$' /etc/albatrossd.conf
equal 'every setting of the manual is in it, and no other' \
    "$(sed -n 's/^#\([A-Z][A-Za-z]*\)=.*/\1/p' /etc/albatrossd.conf | sort)" \
    "$(sed -n 's/^\*\([A-Z][A-Za-z]*\)=\*.*/\1/p' "$(dirname "$0")/../../man/albatrossd.conf.5.scd" | sort)"
sed 's/^#\([A-Z]\)/\1/' /etc/albatrossd.conf >/etc/uncommented
mv /etc/albatrossd.conf /etc/albatrossd.conf.orig && mv /etc/uncommented /etc/albatrossd.conf
settings
equal 'and all of them are taken' '' "$(complaints)"
mv /etc/albatrossd.conf.orig /etc/albatrossd.conf

# --- the files
prints 'cat-config shows the file with its name' '# /etc/albatrossd.conf' albatrossctl cat-config
drop_in /usr/lib/10-vendor.conf '[Albatross]' 'StopSec=11'
drop_in /run/20-run.conf '[Albatross]' 'StopSec=12'
drop_in /etc/10-vendor.conf '[Albatross]' 'StopSec=13'
drop_in /usr/lib/30-masked.conf '[Albatross]' 'StopSec=14'
ln -s /dev/null /etc/albatrossd.conf.d/30-masked.conf
equal 'all in their order, of a name the first folder, and none that is masked' \
    '/etc/albatrossd.conf /etc/albatrossd.conf.d/10-vendor.conf /run/albatrossd.conf.d/20-run.conf' \
    "$(albatrossctl cat-config | sed -n 's/^# \(\/[^ ]*\)$/\1/p' | xargs)"
prints 'everybody may look' 'StopSec=13' as alice albatrossctl cat-config
equal 'JSON has the same' /run/albatrossd.conf.d/20-run.conf \
    "$(albatrossctl cat-config --json=short | grep -o '"Path":"[^"]*"' | tail -n 1 | cut -d'"' -f4)"
refuse 'it takes no arguments' 'fewer arguments' albatrossctl cat-config x
rm -r /usr/lib/albatrossd.conf.d /run/albatrossd.conf.d /etc/albatrossd.conf.d

# --- mistakes
settings 'Foo=1' 'StopSec=soon' 'nonsense' 'ImageSizeMax=1M' '[Other]' 'StopSec=1'
prints 'an unknown key is told with file and line' '/run/albatrossd.conf.d/50-test.conf:2: Unknown key Foo' complaints
prints 'so is a bad value' '50-test.conf:3: StopSec: "soon" is not' complaints
prints 'so is a line that is neither' '50-test.conf:4: Neither' complaints
prints 'so is another section' '50-test.conf:7: Unknown section [Other]' complaints
check 'the daemon serves all the same' albatrossctl list

# --- what they do
head -c 3000000 /dev/zero >"$test_output.zeros"
refuse 'the good ones among them count: ImageSizeMax' '1 MiB allowed' albatrossctl create c "$test_output.zeros"

mkfifo "$test_output.fifo"
sleep 30 >"$test_output.fifo" &
writer=$!
settings 'TransferIdleSec=1'
refuse 'TransferIdleSec' 'No progress for 1 s' sh -c "albatrossctl create c - <'$test_output.fifo'"
settings 'TransferMaxSec=1s' 'TransferIdleSec=20s'
refuse 'TransferMaxSec' 'did not arrive within 1 s' sh -c "albatrossctl create c - <'$test_output.fifo'"
kill $writer

settings 'DiskReserve=100%'
refuse 'DiskReserve as a share' 'are kept in reserve' albatrossctl create c "$HELLO"
settings 'DiskReserve=1000T'
refuse 'DiskReserve as a size' 'are kept in reserve' albatrossctl create c "$HELLO"

settings 'UidRange=62000-62063'
albatrossctl -q create --memory=2 c "$HELLO" -- --sleep=600
uid=$(albatrossctl show c -P UID)
check "UidRange: $uid is in 62000-62063" [ "$uid" -ge 62000 -a "$uid" -le 62063 ]
settings 'UidRange=500000-500063'
prints 'one that the launcher does not lend is told' 'UidRange=500000-500063 is not within 61184-65519' complaints
check 'what runs runs on' albatrossctl status c
refuse 'and whoever needs a uid hears it, too' 'UidRange=' albatrossctl create d "$HELLO"
refuse 'also without a start' 'UidRange=' albatrossctl create --no-start d "$HELLO"
mkdir -p /run/systemd/system/albatross-launcher.service.d
printf '[Service]\nEnvironment=UID_RANGE=500000-500063\n' >/run/systemd/system/albatross-launcher.service.d/50-test.conf
systemctl daemon-reload
systemctl stop albatross-launcher.service
systemctl reset-failed albatrossd && systemctl restart albatrossd
albatrossctl -q create --memory=2 d "$HELLO" -- --sleep=600
uid=$(albatrossctl show d -P UID)
check "with the launcher's own range changed, it does: $uid" [ "$uid" -ge 500000 -a "$uid" -le 500063 ]
check 'what ran before runs on' albatrossctl status c
check 'and can be stopped' albatrossctl stop c
check 'and started, with a uid of the new range' albatrossctl start c
check 'all can be destroyed' albatrossctl destroy c d

rm -r /run/systemd/system/albatross-launcher.service.d "$test_output".[a-z]*
systemctl daemon-reload
systemctl stop albatross-launcher.service
settings
check 'with the defaults again, it is as before' albatrossctl create --no-start c "$HELLO"
check 'nothing is left' albatrossctl destroy c
