#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Names with every legal character work everywhere; those that are none are refused.
. "$(dirname "$0")/lib.sh"

long=$(printf 'z%.0s' {1..63})
for name in web a-b.c Alice:Web-1.x x-:y. 0:1:2:3:4:5:6:7 disk.new "$long" a:"$long"; do
    full=$(tr '[:upper:]' '[:lower:]' <<<"$name")
    equal "create $full" "$full" "$(albatrossctl create --memory=2 "$name" "$HELLO" -- --sleep=600)"
    equal "  its scope is active" active "$(systemctl is-active "albatross-$full.scope")"
    prints "  list has it" "$full" albatrossctl list --no-legend
    soon "  journalctl finds its output" "--sleep=600" journalctl --no-pager -o cat -u "albatross-$full.scope"
    check "  its object is there" busctl get-property org.albatross \
        "$(busctl call org.albatross /org/albatross org.albatross.Manager GetUnikernel s "$full" | cut -d'"' -f2)" \
        org.albatross.Unikernel State
    check "  stop" albatrossctl stop "$name"
    check "  destroy" albatrossctl destroy "$name"
done

albatrossctl create --memory=2 web:team-a:x "$HELLO" -- --sleep=600 >/dev/null
equal 'slices mirror paths' albatross-web-team_a.slice "$(albatrossctl show web:team-a:x -P Slice)"
equal 'as systemd has it' /albatross.slice/albatross-web.slice/albatross-web-team_a.slice \
    "$(systemctl show -P ControlGroup albatross-web-team_a.slice)"
albatrossctl destroy web:team-a:x >/dev/null
check 'an emptied slice goes' wait_for 10 not systemctl is-active -q albatross-web-team_a.slice

refuse 'an empty name' 'empty' albatrossctl create '' "$HELLO"
refuse 'a label of 64 characters' 'at most 63' albatrossctl create "z$long" "$HELLO"
refuse 'nine labels' 'more than 8' albatrossctl create 1:2:3:4:5:6:7:8:9 "$HELLO"
refuse 'a slash' 'other than letters' albatrossctl create a/b "$HELLO"
refuse 'dots only' 'dots only' albatrossctl create .. "$HELLO"
refuse 'a leading minus' 'starts with' albatrossctl create a:-b "$HELLO"
refuse 'an underscore' 'other than letters' albatrossctl create a_b "$HELLO"
refuse 'a name of 201 characters' 'at most 200' albatrossctl create \
    "$long:$long:$long:123456789" "$HELLO"
# What it quotes is cut inside of a character; a reply that is no UTF-8 is one that nobody gets.
refuse 'a long name of two-byte characters' 'at most 200' busctl --timeout=10 call org.albatross \
    /org/albatross org.albatross.Manager StartUnikernel 'sa{sv}' "a$(printf 'é%.0s' {1..120})" 0

for i in {1..130}; do echo "many$i"; done >"$test_output.names"
xargs -P 4 -I{} albatrossctl -q create --memory=2 {} "$HELLO" -- --sleep=600 <"$test_output.names"
equal 'with 130 in a path, two have a slice of their own below it' 2 \
    "$(find /sys/fs/cgroup/albatross.slice/albatross-_1.slice -name '*.scope' | wc -l)"
check 'the daemon restarted knows which' systemctl restart albatrossd
last=$(albatrossctl show many130 -P ControlGroup)
equal 'ControlGroup is where systemd put it' "$(systemctl show -P ControlGroup albatross-many130.scope)" "$last"
check "all can be destroyed at once" xargs -a "$test_output.names" albatrossctl -q destroy
check 'the slice goes with them' wait_for 10 not systemctl is-active -q albatross-_1.slice
rm "$test_output.names"
