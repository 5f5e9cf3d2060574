#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What a unikernel prints is in the journal under its scope, whole, and albatrossctl reads it back.
# timeout: 240
. "$(dirname "$0")/lib.sh"

albatrossctl -q create --memory=2 talk "$HELLO" -- --sleep=600 two-words $'\e[31mred' last-line
soon 'console shows its lines' last-line albatrossctl console talk
prints 'all of them' two-words albatrossctl console talk
prints 'escapes what would change the terminal' '\x1b[31mred' albatrossctl console talk
prints '--raw does not' $'\e[31mred' albatrossctl console --raw talk
equal '-n 1 shows the last' last-line "$(albatrossctl console -n 1 --raw talk | sed 's/^.*: //')"
equal 'journalctl -u shows the same, one line each' 4 \
    "$(journalctl -q --no-pager -o cat _SYSTEMD_UNIT=albatross-talk.scope | wc -l)"
equal 'its lines have the invocation of the scope' "$(systemctl show -P InvocationID albatross-talk.scope)" \
    "$(journalctl -q -o json -n 1 _SYSTEMD_UNIT=albatross-talk.scope | sed 's/.*"_SYSTEMD_INVOCATION_ID":"\([0-9a-f]*\)".*/\1/')"
albatrossctl console -f talk >"$test_output.follow" 2>&1 &
follow=$!
check 'a console is followed' wait_for 10 grep -q two-words "$test_output.follow"
albatrossctl -q stop talk && albatrossctl -q start talk
check 'which goes on with the next run' wait_for 10 eval '[ "$(grep -c two-words "$test_output.follow")" = 2 ]'
kill $follow
albatrossctl -q destroy talk
albatrossctl -q create --memory=2 talk "$HELLO" -- new owner
check 'one takes the name' wait_for 10 has owner albatrossctl console talk
check 'who takes a name anew does not read what the last owner printed' not \
    sh -c 'albatrossctl console talk | grep -q "two-words"'
check 'but what it prints itself' has owner albatrossctl console talk
albatrossctl -q destroy talk

# Long lines, what is no text, and a line that never ends: nothing of it is lost, journald cuts as it
# likes.
guests=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/guests
wide() { # END: what chatty says then
    local i
    for i in 1 2 3; do
        printf 'Line %s' "$i"
        yes $'\xff\xfe\x80\e\x01\xc3' | head -n 25000 | tr -d '\n'
        printf %b "$1"
    done
}
read_back() { albatrossctl console --raw -o cat wide >"$test_output.wide" && cmp "$test_output.wide" <(wide "$1" && printf %b "$2"); }
albatrossctl -q create --memory=2 wide "$guests/chatty.spt" -- --last=3 --width=150000
check 'lines of 150,000 bytes that are no text come back as they were' wait_for 10 read_back '\n' ''
check 'without harm to a terminal' eval '! albatrossctl console wide | LC_ALL=C grep -q "[^ -~]"'
albatrossctl -q destroy wide
albatrossctl -q create --memory=2 wide "$guests/chatty.spt" -- --last=3 --width=150000 --endless
check 'of a line that does not end there is a part' wait_for 10 eval '[ "$(albatrossctl console --raw -o cat wide | wc -c)" -gt 400000 ]'
albatrossctl -q stop wide
check 'and all when its guest does' wait_for 10 read_back '' '\n'
albatrossctl -q destroy wide

for i in {1..60}; do
    albatrossctl create --console --memory=2 "brief$i" "$HELLO" -- "first-$i" middle "last-$i" 2>/dev/null
done >"$test_output.all"
equal 'of 60 guests that end at once every line is seen' 180 \
    "$(grep -cE 'first-|middle|last-' "$test_output.all")"
journalctl --sync
lines=0
for i in {1..60}; do
    lines=$((lines + $(journalctl -q --no-pager -o cat -u "albatross-brief$i.scope" | grep -cE "^(first-$i|middle|last-$i)\$")))
done
equal 'and every line is there under its scope' 180 "$lines"
xargs albatrossctl -q destroy < <(albatrossctl list -q)

albatrossctl -q create --memory=2 loud "${HELLO%/*}/hello.spt" -- --sleep=600
timeout 2 sh -c 'albatrossctl console -f loud | sleep 2' &
sleep 0.3
check 'a reader that does not read holds up nobody' albatrossctl stop loud
check 'nor a destroy' albatrossctl destroy loud
wait
rm -f "$test_output".*
