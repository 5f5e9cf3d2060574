#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Runs every test guest under a tender and checks how it ends and what it prints; then gives the
# tender what it must refuse. Needs no root; as root a few more things can be seen, and networks be
# made.
#
#   run.sh TENDER GUESTS      the tender to test, the folder with the guests (*.spt)
#   run.sh -o TENDER GUESTS   only what an official tender can do too
#   run.sh -n ...             only the networks, in a network namespace that is nobody else's

set -u

official='' networks=''
while getopts on option; do
        case $option in
        o) official=-o ;;
        n) networks=1 ;;
        *) exit 64 ;;
        esac
done
shift $((OPTIND - 1))
if [ $# -ne 2 ]; then
        echo "Usage: run.sh [-o] [-n] TENDER GUESTS" >&2
        exit 64
fi
tender=$1
guests=$2
failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# say OK NAME [DETAIL]: one line for one test.
say() {
        if [ "$1" = 0 ]; then
                echo "ok    $2"
        else
                echo "FAIL  $2: ${3-}"
                failed=1
        fi
}

# check NAME STATUS OUTPUT COMMAND...: both must be exactly so; the output is that on both streams.
check() {
        local name=$1 status=$2 output=$3 got_output got_status
        shift 3
        # A shell of its own, which does not announce the signals that are expected here.
        got_output=$( ("$@") 2>&1; echo "status $?")
        got_status=${got_output##*status }
        got_output=${got_output%status *}
        [ "$got_status" = "$status" ]
        say $? "$name: status" "$got_status, not $status: $got_output"
        [ "$got_output" = "$output${output:+$'\n'}" ]
        say $? "$name: output" "$got_output"
}

# refuse NAME SENTENCE ARGUMENT...: status 1, and one line on standard error with these words.
refuse() {
        local name=$1 sentence=$2 output status
        shift 2
        output=$("$tender" "$@" 2>&1 >/dev/null)
        status=$?
        [ $status = 1 ] && [ "$(wc -l <<<"$output")" = 1 ] &&
                [[ $output == "albatross-spt: "*"$sentence"* ]]
        say $? "$name is refused" "status $status: $output"
}

# patch FILE OFFSET BYTES: a copy of hello with other bytes, which printf's %b spells.
patch() {
        cp "$guests/hello.spt" "$1"
        chmod u+w "$1"
        printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# wait_for TEXT FILE: until the guest has printed it.
wait_for() {
        for _ in {1..100}; do
                grep -q "$1" "$2" 2>/dev/null && return 0
                sleep 0.05
        done
        return 1
}

guests_end_as_they_should() {
        local run=("$tender" --mem=4 --)

        check hello 0 'Hello, Albatross!' "${run[@]}" "$guests/hello.spt"
        check 'hello with arguments' 0 $'a\n--b=c\nd' "${run[@]}" "$guests/hello.spt" a --b=c d
        check 'hello with a status' 200 '--exit=200' "${run[@]}" "$guests/hello.spt" --exit=200
        check 'hello with a wrong number' 64 $'--exit=x\nNot a number' \
                "${run[@]}" "$guests/hello.spt" --exit=x
        check 'crash by a call' 159 '' "${run[@]}" "$guests/crash.spt" call
        check 'crash by a write' 139 '' "${run[@]}" "$guests/crash.spt" write
        check 'crash by an abort' 255 'Solo5: ABORT: crash.c: asked to' \
                "${run[@]}" "$guests/crash.spt" abort
        check hog 139 $'16 MiB\n32 MiB' "$tender" --mem=40 "$guests/hog.spt"
        check 'idle until it is stopped' 124 'Idle' \
                timeout 0.2 "${run[@]}" "$guests/idle.spt"
        check 'idle until it is stopped, by signal' 143 'Idle' \
                timeout --preserve-status 0.2 "${run[@]}" "$guests/idle.spt"

        # A reader that goes away ends it, as it ends any program.
        [ "$("${run[@]}" "$guests/chatty.spt" | sed -n '1p;10000p;10000q')" = $'Line 1\nLine 10000' ]
        say $? 'chatty prints on and on'
}

clocks_go_right() {
        local before after entry
        before=$(date +%s%N)
        "$tender" --mem=4 "$guests/hello.spt" --sleep=1 >/dev/null
        after=$(date +%s%N)
        [ $((after - before)) -ge 1000000000 ]
        say $? 'hello sleeps as long as it is told' "$((after - before)) ns"

        # The clock of the guest is that of the host.
        before=$(awk '{printf "%d", $1 * 100}' /proc/uptime)
        entry=$("$tender" --mem=4 "$guests/hello.spt" --clock | head -n 1)
        [[ $entry =~ ^[0-9]+$ ]] && [ $((entry / 10000000 - before)) -ge -1 ] &&
                [ $((entry / 10000000 - before)) -lt 100 ]
        say $? 'hello shows the clock at its entry' "$entry against $before"
}

the_command_line_is_compatible() {
        local output newline=$'\n'

        output=$("$tender" --version 2>&1 >/dev/null) &&
                [[ $output =~ ^'albatross-spt tender, version v'[0-9.]+"$newline"'ABI version 2'$ ]]
        say $? 'the version is on standard error' "$output"
        output=$("$tender" --help) && [[ $output == *--mem=* ]]
        say $? 'there is help' "$output"

        check 'an image by descriptor' 0 x "$tender" --mem=4 -- @5 x 5<"$guests/hello.spt"
        check 'an image through /proc' 0 x \
                "$tender" --mem=4 -- /proc/self/fd/5 x 5<"$guests/hello.spt"
        printf 'one\0two=3\0' >"$folder/arguments"
        check 'arguments by descriptor' 0 $'one\ntwo=3' \
                "$tender" --mem=4 --arguments=@6 "$guests/hello.spt" 6<"$folder/arguments"
        check 'standard descriptors that are closed' 0 '' \
                bash -c '"$@" <&- >&-' bash "$tender" --mem=4 "$guests/hello.spt"
        check 'much memory' 0 x "$tender" --mem=1048576 "$guests/hello.spt" x
}

wrong_command_lines_are_refused() {
        local image=$guests/hello.spt long
        long=$(printf '%*s' 8192 x)

        refuse 'no image' 'No image given'
        refuse 'an option that does not exist' 'Unknown option' --no-such "$image"
        refuse 'no memory' 'Not a number of MiB' --mem=0 "$image"
        refuse 'less memory than the image takes' 'is outside of' --mem=1 "$image"
        refuse 'more memory than there is room' 'Cannot map' --mem=134217728 "$image"
        refuse 'a network that it does not want' 'has no device for --net:service=, it wants none' \
                --net:service=@4 "$image"
        refuse 'a block device that it does not want' 'has no device for --block:data=' \
                --block:data=disk "$image"
        refuse 'an image that is not there' 'No such file or directory' "$folder/none"
        refuse 'a descriptor that is not open' 'Bad file descriptor' @77
        refuse 'arguments that are too long' 'longer than 8191' "$image" "$long"
        refuse 'arguments from a pipe' 'Cannot read' --arguments=@6 "$image" 6< <(true)
        printf 'a\0b' >"$folder/open-ended"
        refuse 'arguments without an end' 'does not end' \
                --arguments=@6 "$image" 6<"$folder/open-ended"
        refuse 'arguments given twice' 'given twice' \
                --arguments=@6 "$image" x 6<"$folder/arguments"
}

wrong_images_are_refused() {
        local image=$folder/patched

        refuse 'a folder' 'Not a regular file' "$folder"
        refuse 'a device' 'Not a regular file' /dev/zero
        refuse 'a script' 'Not an ELF file' "$0"
        refuse 'a program of the host' "$tender: Not a" "$tender"
        head -c 4100 "$guests/hello.spt" >"$image"
        refuse 'half an image' 'shorter than' "$image"

        # The ELF header: class, type, machine, entry, number of program headers.
        patch "$image" 4 '\1'
        refuse 'a 32-bit image' 'Not a 64-bit' "$image"
        patch "$image" 16 '\3'
        refuse 'a shared object' 'Not a statically linked' "$image"
        patch "$image" 18 '\267'
        refuse 'an image for another machine' 'Not an executable for x86-64' "$image"
        patch "$image" 24 '\0\0\20'
        refuse 'an entry outside of text' 'not in executable text' "$image"
        patch "$image" 56 '\377\377'
        refuse 'a wrong number of headers' '65535 program headers' "$image"

        # The third program header is the text: its flags, address and size in memory.
        patch "$image" $((64 + 2 * 56 + 4)) '\7'
        refuse 'text that can be written' 'both writable and executable' "$image"
        patch "$image" $((64 + 2 * 56 + 16)) '\0\0\0'
        refuse 'text at address 0' 'is outside of' "$image"
        patch "$image" $((64 + 2 * 56 + 40)) '\377\377\377\377\377\377\377\377'
        refuse 'text without an end' 'wraps around' "$image"

        # The notes lie at 0x1014 (ABI) and 0x1038 (manifest, which begins 24 bytes later).
        patch "$image" $((0x1014 + 20)) '\1'
        refuse 'an image for hvt' 'not made for spt' "$image"
        patch "$image" $((0x1014 + 24)) '\3'
        refuse 'an image for a later interface' 'wants version 3' "$image"
        patch "$image" $((0x1014 + 8)) 'X'
        refuse 'an image without ABI note' 'no ABI note' "$image"
        patch "$image" $((0x1038 + 8)) 'X'
        refuse 'an image without manifest' 'no manifest' "$image"
        patch "$image" $((0x1038 + 24)) '\2'
        refuse 'a later manifest' 'version 2 is not known' "$image"
        patch "$image" $((0x1038 + 28)) '\2'
        refuse 'a manifest with one entry too few' 'not those of its 2 entries' "$image"
        patch "$image" $((0x1038 + 32 + 96)) '\1'
        refuse 'a manifest that is attached' 'reserved entry' "$image"
}

# What others can see of a running guest, and what it has left of its tender.
a_running_guest_shows_nothing() {
        local pid output=$folder/output

        "$tender" --mem=4 "$guests/hello.spt" --sleep=60 --key=s3cret >"$output" 6</dev/null &
        pid=$!
        wait_for s3cret "$output"
        say $? 'a guest runs'
        ! grep -q s3cret "/proc/$pid/cmdline"
        say $? 'its arguments are not in its command line'
        [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == "$tender --mem=4 $guests/hello.spt "* ]]
        say $? 'the rest of its command line is'
        grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status" && grep -q '^Seccomp:.*2$' "/proc/$pid/status"
        say $? 'it is sandboxed'

        if [ "$(id -u)" = 0 ]; then
                [ "$(readlink /proc/$pid/fd/* | sed 's/.*inode/anon/' | sort | tr '\n' ' ')" = \
                        "$output anon:[eventpoll] anon:[timerfd] " ]
                say $? 'it has three descriptors' "$(ls -l /proc/$pid/fd)"
                ! grep -E '^[0-9a-f-]+ .wx' "/proc/$pid/maps"
                say $? 'nothing is both writable and executable'
                [ "$(grep -c "$(readlink "/proc/$pid/exe")" "/proc/$pid/maps")" = 1 ] &&
                        ! grep heap "/proc/$pid/maps"
                say $? 'nothing of the tender is left but a page' "$(cat "/proc/$pid/maps")"
                [ "$(awk '/^Private/ {sum += $2} END {print sum}' /proc/$pid/smaps_rollup)" -le 64 ]
                say $? 'it takes at most 64 kB of its own' "$(cat /proc/$pid/smaps_rollup)"
        else
                ! { cat "/proc/$pid/maps" || ls "/proc/$pid/fd"; } >/dev/null 2>&1
                say $? 'others of its user cannot look into it'
        fi
        kill "$pid"
        wait "$pid" 2>/dev/null
        [ $? = 143 ]
        say $? 'it ends by the signal that stops it'
}

# disk_output FILE SECTOR: what the disk guest prints when it has what is in the file.
disk_output() {
        echo "Capacity $(stat -c %s "$1"), sectors of $2"
        echo "Sum $(cksum <"$1")"
}

disks_keep_what_is_written() {
        local disk=$folder/disk guest=$guests/disk.spt sum
        local run=("$tender" --mem=2 --block:storage="$disk")

        truncate -s 1M "$disk"
        check 'disk reads zeros' 0 "$(disk_output "$disk" 512)" "${run[@]}" -- "$guest" --sum
        sum=$(cksum <"$disk")
        "${run[@]}" -- "$guest" >"$folder/output"
        [ "$(<"$folder/output")" = "$(disk_output "$disk" 512)" ]
        say $? 'disk reads what it wrote, as the host does' "$(<"$folder/output")"
        [ "$sum" != "$(cksum <"$disk")" ]
        say $? 'which is not what was there'
        sum=$(cksum <"$disk")
        "${run[@]}" --block-sector-size:storage=4096 -- "$guest" --seed=1 >"$folder/output"
        [ "$(<"$folder/output")" = "$(disk_output "$disk" 4096)" ] && [ "$sum" != "$(cksum <"$disk")" ]
        say $? 'disk has larger sectors when it is told' "$(<"$folder/output")"
        "${run[@]}" --block-sector-size:storage=32768 -- "$guest" --sectors=1 --seed=2 >"$folder/output"
        [ "$(tail -n 1 "$folder/output")" = "Sum $(head -c 32768 "$disk" | cksum)" ]
        say $? 'disk has the largest sectors' "$(<"$folder/output")"
}

disks_do_not_grow() {
        local disk=$folder/disk last=$((1048576 - 512)) before capacity='Capacity 1048576, sectors of 512'
        local run=("$tender" --mem=2 --block:storage="$disk" -- "$guests/disk.spt")

        check 'the last sector can be written' 0 "$capacity"$'\nWritten' "${run[@]}" --write=$last
        check 'and read' 0 "$capacity"$'\nRead' "${run[@]}" --read=$last
        before=$(cksum <"$disk")
        check 'a write behind the end' 159 "$capacity" "${run[@]}" --write=1048576
        check 'a write across the end' 159 "$capacity" "${run[@]}" --write=$((last + 1))
        check 'a read behind the end' 159 "$capacity" "${run[@]}" --read=1048576
        check 'a read across the end' 159 "$capacity" "${run[@]}" --read=$((last + 511))
        check 'a read far behind it' 159 "$capacity" "${run[@]}" --read=$((1 << 32))
        check 'a write that is too small' 159 "$capacity" "${run[@]}" --write=0 --size=511
        check 'a write that is too large' 159 "$capacity" "${run[@]}" --write=0 --size=1024
        check 'a write of nothing' 159 "$capacity" "${run[@]}" --write=0 --size=0
        check 'a read that is too large' 159 "$capacity" "${run[@]}" --read=0 --size=4096
        [ "$before" = "$(cksum <"$disk")" ]
        say $? 'none of these changes the disk'
}

wrong_disks_are_refused() {
        local disk=$folder/disk guest=$guests/disk.spt

        check 'a disk by descriptor' 0 "$(disk_output "$disk" 512)" \
                "$tender" --mem=2 --block:storage=@7 "$guest" --sum 7<>"$disk"
        refuse 'a disk that is not given' 'not given: --block:storage=' "$guest"
        refuse 'one with another name' 'no device for --block:data=, it wants --block:storage=' \
                --block:storage="$disk" --block:data="$disk" "$guest"
        refuse 'one given twice' 'given twice' --block:storage="$disk" --block:storage="$disk" "$guest"
        refuse 'one that is not there' 'No such file' --block:storage="$folder/none" "$guest"
        refuse 'a descriptor to read from' 'open for reading and writing' \
                --block:storage=@7 "$guest" 7<"$disk"
        refuse 'one that appends' 'open for reading and writing' --block:storage=@7 "$guest" 7>>"$disk"
        refuse 'a pipe as disk' 'open for reading and writing' --block:storage=@7 "$guest" 7< <(true)
        mkfifo "$folder/fifo"
        refuse 'a named pipe as disk' 'Not a regular file' --block:storage="$folder/fifo" "$guest"
        refuse 'a descriptor that is not open' 'Bad file descriptor' --block:storage=@77 "$guest"
        refuse 'a sector size that is none' 'power of two' --block-sector-size:storage=1000 "$guest"
        truncate -s 4608 "$folder/odd"
        refuse 'a disk that ends in a sector' '=@7: Its size is not a multiple' \
                --block-sector-size:storage=4096 --block:storage=@7 "$guest" 7<>"$folder/odd"
        truncate -s 0 "$folder/odd"
        refuse 'an empty disk' 'It is empty' --block:storage="$folder/odd" "$guest"
}

# echo_as TAP MAC ARGUMENT...: an echo guest on a tap by its name.
echo_as() {
        local tap=$1 mac=$2
        shift 2
        timeout 20 "$tender" --mem=2 --net:service="$tap" --net-mac:service="$mac" -- \
                "$guests/echo.spt" "$@"
}

networks_connect_guests() {
        local mac=02:00:00:00:00:0 output=$folder/echo pid serving

        ip link add br0 type bridge mcast_snooping 0 && ip link set br0 mtu 1400 up
        for tap in tap1 tap2; do
                ip tuntap add $tap mode tap && ip link set $tap mtu 1400 master br0 up
        done
        "$tender" --mem=2 --net:service=tap1 --net-mac:service=${mac}1 -- \
                "$guests/echo.spt" --ip=10.0.0.1/24 >"$output" &
        pid=$!
        wait_for Serving "$output"
        say $? 'a guest serves' "$(<"$output")"
        serving="Serving 10.0.0.2 as ${mac}2, MTU 1400"

        check 'another one asks it' 0 "$serving"$'\n10.0.0.1 answers' \
                echo_as tap2 ${mac}2 --ip=10.0.0.2 --ping=10.0.0.1 --once --wait=30 --count=1
        check 'and nobody' 1 "$serving"$'\n10.0.0.3 does not answer' \
                echo_as tap2 ${mac}2 --ip=10.0.0.2 --ping=10.0.0.3 --once --wait=1
        echo_as tap2 ${mac}2 --ip=10.0.0.2 --ping=10.0.0.1 --once --wait=30 --count=1000 | grep -q 'answers, in'
        say $? 'a thousand times'
        check 'and with the address of another one' 0 "${serving/2, /9, }"$'\n10.0.0.1 answers' \
                echo_as tap2 ${mac}2 --ip=10.0.0.2 --ping=10.0.0.1 --once --forge=${mac}9
        [ "$(<"$output")" = "Serving 10.0.0.1 as ${mac}1, MTU 1400
Asked by 10.0.0.2 as ${mac}2
Asked by 10.0.0.2 as ${mac}9" ]
        say $? 'it says by whom it was asked' "$(<"$output")"

        [ "$(awk '{print $14 + $15}' "/proc/$pid/stat")" -lt 50 ]
        say $? 'and waits without costing anything'
        if [ -z "$official" ]; then
                [ "$(readlink "/proc/$pid/fd/"* | sed 's/.*inode/anon/' | sort | tr '\n' ' ')" = \
                        "/dev/net/tun $output anon:[eventpoll] anon:[timerfd] " ]
                say $? 'it has four descriptors' "$(ls -l "/proc/$pid/fd")"
        fi
        kill "$pid"
        wait
}

networks_come_by_descriptor() {
        local output=$folder/echo given=("$guests/with-tap" tap3 "$tender" --mem=2 --net:service=@3)

        ip tuntap add tap2 mode tap 2>/dev/null
        ip link set tap2 master br0 up
        rm -f "$output" # what the one before said
        "${given[@]}" "$guests/echo.spt" --ip=10.0.0.3 >"$output" &
        wait_for Serving "$output"
        ip link set tap3 mtu 1400 master br0 up
        check 'a guest with an open tap is asked' 0 \
                $'Serving 10.0.0.2 as 02:00:00:00:00:02, MTU 1400\n10.0.0.3 answers' \
                echo_as tap2 02:00:00:00:00:02 --ip=10.0.0.2 --ping=10.0.0.3 --once --wait=30
        kill $!
        wait
        ! ip link show tap3 2>/dev/null
        say $? 'its tap goes with it'
        grep -qE '^Serving 10.0.0.3 as .[26ae](:..){5}, MTU 1500$' "$output"
        say $? 'it had an address of its own' "$(<"$output")"
}

wrong_networks_are_refused() {
        local guest=$guests/echo.spt

        refuse 'a network that is not given' 'not given: --net:service=' "$guest"
        refuse 'only its address' 'not given: --net:service=' \
                --net-mac:service=02:00:00:00:00:01 "$guest"
        refuse 'an address of a group' 'Not the address of one device' \
                --net-mac:service=01:00:00:00:00:01 "$guest"
        refuse 'an interface that is not there' '=tap9: There is no such interface' \
                --net:service=tap9 "$guest"
        refuse 'one that is not a tap' 'Not a tap' --net:service=lo "$guest"
        ip link set tap2 down
        refuse 'one that is down' 'The interface is down' --net:service=tap2 "$guest"
        refuse 'a file as tap' 'Not an open tap' --net:service=@7 "$guest" 7<>"$folder/file"
        refuse 'a descriptor without a tap' 'Not an open tap' --net:service=@7 "$guest" 7<>/dev/net/tun
        refuse 'a descriptor that is not open' 'Bad file descriptor' --net:service=@77 "$guest"
}

if [ -n "$networks" ]; then
        networks_connect_guests
        if [ -z "$official" ]; then
                networks_come_by_descriptor
                wrong_networks_are_refused
        fi
        exit $failed
fi

guests_end_as_they_should
clocks_go_right
disks_keep_what_is_written
disks_do_not_grow
if [ -z "$official" ]; then
        the_command_line_is_compatible
        wrong_command_lines_are_refused
        wrong_images_are_refused
        wrong_disks_are_refused
        a_running_guest_shows_nothing
fi
if [ "$(id -u)" = 0 ] && [ -w /dev/net/tun ] && unshare -n true 2>/dev/null; then
        unshare -n "$0" -n $official "$tender" "$guests" || failed=1
else
        echo 'skip  networks, which only root can make'
fi
exit $failed
