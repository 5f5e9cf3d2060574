#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Runs every test guest under a tender and checks how it ends and what it prints; then gives the
# tender what it must refuse. Needs no root; as root a few more things can be seen.
#
#   run.sh TENDER GUESTS      the tender to test, the folder with the guests (*.spt)
#   run.sh -o TENDER GUESTS   only what an official tender can do too

set -u

official=
if [ "${1-}" = -o ]; then
        official=1
        shift
fi
if [ $# -ne 2 ]; then
        echo "Usage: run.sh [-o] TENDER GUESTS" >&2
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
        refuse 'a network' 'not supported yet' --net:service=@4 "$image"
        refuse 'a block device' 'not supported yet' --block:data=disk "$image"
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

guests_end_as_they_should
clocks_go_right
if [ -z "$official" ]; then
        the_command_line_is_compatible
        wrong_command_lines_are_refused
        wrong_images_are_refused
        a_running_guest_shows_nothing
fi
exit $failed
