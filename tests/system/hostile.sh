#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Hostile images and descriptors: each gets an error of its own and leaves nothing behind.
# rig: own
# timeout: 180
. "$(dirname "$0")/lib.sh"
restarts() { systemctl show -P NRestarts "$1"; } # by themselves, since somebody has asked for the last one
daemon_restarts=$(restarts albatrossd) launcher_restarts=$(restarts albatross-launcher)

tools=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system
[ -x "$tools/hostile-image" ] || skip "$tools/hostile-image is not built"
folder=$(mktemp -d)

leavings() {
    echo "$(n_fds albatrossd) $(n_fds albatross-launcher)"
    systemctl list-units --all --plain --no-legend 'albatross-*.scope' 'albatross-*.slice' | wc -l
    find /sys/class/net -name 'alb[0-9]*' | wc -l
    find /var/lib/albatross/v1 /run/albatross/runs -type f | wc -l
    lent_uids
    pgrep '^albatross-(infl|stor|read|gate|spt)'
}
need_helpers
check 'all is at rest' wait_for 10 eval 'before=$(leavings); sleep 0.5; [ "$before" = "$(leavings)" ]'

hostile() { # KIND TEXT
    "$tools/hostile-image" "$1" <"$HELLO" >"$folder/$1"
    refuse "an image with $1" "$2" albatrossctl create bad "$folder/$1"
}
hostile no-elf 'not an ELF'
hostile other-machine 'AArch64'
hostile other-class '64'
hostile no-notes 'note'
hostile other-target 'target virtio'
hostile for-hvt 'solo5-hvt'
hostile other-abi '77'
hostile manifest-size 'note is broken'
hostile manifest-count 'anifest'
hostile manifest-version 'version'
hostile manifest-reserved 'anifest'
hostile overlapping 'overlaps'
hostile wrapping 'egment'
hostile low 'below 0x100000'
hostile writable-text 'writable and executable'
hostile beyond-file 'beyond the end'
hostile no-segments 'nothing to load'
hostile far-headers 'program headers'
hostile lost-entry 'executable segment'
"$tools/hostile-image" <"$HELLO" | while read -r kind; do
    [ -e "$folder/$kind" ] || echo "$kind is not tried" >>"$folder/untried"
done
check 'every kind was tried' [ ! -e "$folder/untried" ]

dd if=/dev/zero bs=1M count=300 2>/dev/null | gzip -1 >"$folder/bomb"
refuse 'a zip bomb' '256 MiB allowed' albatrossctl create bad "$folder/bomb"
refuse '  is told what allows more' 'ImageSizeMax=' albatrossctl create bad "$folder/bomb"
truncate -s 10G "$folder/giant"
refuse 'a sparse giant' '256 MiB allowed' albatrossctl create bad "$folder/giant"
refuse 'a folder' 'folder' albatrossctl create bad "$folder"

descriptor() { # KIND FILE TEXT
    refuse "a descriptor: $1" "$3" "$tools/hostile-descriptor" "$1" "$2"
}
truncate -s 64M "$folder/large"
descriptor path "$HELLO" 'O_PATH, not for reading'
descriptor write-only "$folder/large" 'for writing, not for reading'
descriptor folder "$folder" 'directory'
descriptor device /dev/zero 'device'
descriptor socket "$HELLO" 'empty'
descriptor endless "$HELLO" '256 MiB allowed'
descriptor shrinking "$folder/large" 'The image is not an ELF file'
# What is stored is one state or the other, or neither: it is looked at when it can't change any more.
for _ in 1 2 3 4 5; do
    cp "$HELLO" "$folder/changing"
    "$tools/hostile-descriptor" changing "$folder/changing" >"$folder/changed" 2>&1
    changed=$?
    if [ $changed = 0 ]; then
        equal 'a file that changes while it is read: what was taken in is what runs' "$(field bad ImageDigest)" \
            "$(albatrossctl get-image bad - | sha256sum | cut -d' ' -f1)"
        albatrossctl -q destroy bad
    else
        prints 'a file that changes while it is read is refused for what it became' 'org.albatross.Error.' \
            cat "$folder/changed"
    fi
done

# Shorter deadlines, for what follows.
equal 'through all of this the daemon has not restarted' "$daemon_restarts" "$(restarts albatrossd)"
settings TransferIdleSec=4 TransferMaxSec=6
# One that gives a byte now and then makes progress, but not for ever; one that gives none makes none.
slow() { # KIND TEXT SECONDS
    local began=${EPOCHREALTIME/./} took
    "$tools/hostile-descriptor" "$1" "$HELLO" >"$folder/$1.out" 2>&1 &
    wait_for 3 pgrep albatross-infla
    check "  others are served while a descriptor is slow ($1)" \
        timeout 3 albatrossctl create --memory=2 "beside-$1" "$HELLO"
    check '  also ordinary users' timeout 3 runuser -u alice -- albatrossctl list
    wait $!
    equal "a descriptor: $1: create fails" 1 $?
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
    prints '  and says why' "$2" cat "$folder/$1.out"
    check "  after $took ms, in time" [ $took -ge $(($3 * 1000 - 200)) -a $took -lt $(($3 * 1000 + 5000)) ]
    albatrossctl -q destroy "beside-$1"
}
slow silent 'No progress for 4 s' 4
prints '  and what allows more' 'TransferIdleSec=' cat "$folder/silent.out"
slow trickle 'did not arrive within 6 s' 6
check 'nothing is left of these' wait_for 10 not pgrep albatross-infla
check 'neither file nor uid' wait_for 10 eval '[ -z "$(find /var/lib/albatross/v1 /run/albatross/runs -type f)$(lent_uids)" ]'
equal 'nor through that' 0 "$(restarts albatrossd)"
settings
need_helpers

equal 'nor the launcher' "$launcher_restarts" "$(restarts albatross-launcher)"
check 'nothing is left behind' wait_for 10 eval '[ "$(leavings)" = "$before" ]' || { echo "$before"; leavings; } >&3
check 'and a good image runs' albatrossctl create --memory=2 good "$HELLO" -- --sleep=600
albatrossctl -q destroy good
rm -r "$folder"
