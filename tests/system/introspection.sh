#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What the running daemon says of its interfaces is what is checked in; and all of it can be used
# with nothing but busctl.
. "$(dirname "$0")/lib.sh"

# Tags, one a line, without comments, closing tags and what is only layout.
tags() {
    tr '\n' ' ' | sed -e 's/<!--[^>]*-->//g' -e 's/>[[:space:]]*</>\n</g' |
        sed -e '/^<\//d' -e 's/ *\/>/>/' -e 's/>[[:space:]]*$/>/' | grep -v '^<\(!\|node\)'
}
of_daemon() { # OBJECT INTERFACE
    busctl introspect --xml-interface org.albatross "$1" | tags |
        awk -v start="<interface name=\"$2\">" '/^<interface/ {inside = $0 == start} inside'
}
of_file() { # INTERFACE
    tags <"$(dirname "$0")/../../dbus/$1.xml"
}

albatrossctl -q create --memory=2 web "$HELLO" -- --sleep=600
object=/org/albatross/unikernel/web
for interface in org.albatross.Manager org.albatross.Unikernel org.freedesktop.LogControl1; do
    path=$object
    case $interface in
    *.Manager) path=/org/albatross ;;
    *.LogControl1) path=/org/freedesktop/LogControl1 ;;
    esac
    check "$interface is there" test -n "$(of_daemon $path $interface)"
    check "$interface is what is checked in" diff -u <(of_file $interface) <(of_daemon $path $interface)
done

manager=(busctl call org.albatross /org/albatross org.albatross.Manager)
prints 'objects are listed' $object busctl tree --list org.albatross
prints 'GetManagedObjects has the properties' '"State" s "running"' busctl call org.albatross \
    /org/albatross org.freedesktop.DBus.ObjectManager GetManagedObjects
prints 'ListUnikernels' '"web" "running"' "${manager[@]}" ListUnikernels s ''
prints 'ListUnikernels below a path' 'a(ssttauuso) 0' "${manager[@]}" ListUnikernels s alice
prints 'GetUnikernel' "o \"$object\"" "${manager[@]}" GetUnikernel s web
prints 'Inspect' 'sleep=600' "${manager[@]}" Inspect s web
prints 'GetHost' '"NRunning" u 1' "${manager[@]}" GetHost
check 'Stop of the object' busctl call org.albatross $object org.albatross.Unikernel Stop
prints 'its state' 's "stopped"' busctl get-property org.albatross $object org.albatross.Unikernel State
check 'Start of the object' busctl call org.albatross $object org.albatross.Unikernel Start
refuse 'errors have names' 'There is no unikernel "none"' "${manager[@]}" GetUnikernel s none

listen_to_signals "$test_output.signals" --json=short
albatrossctl -q create --memory=2 signals "$HELLO" -- --exit=3
wait_for 10 grep -q UnikernelExited "$test_output.signals"
albatrossctl -q destroy signals
wait_for 10 grep -q UnikernelRemoved "$test_output.signals"
kill $listener
for signal in UnikernelAdded UnikernelRemoved InterfacesAdded InterfacesRemoved; do
    prints "the signal $signal is sent" "\"member\":\"$signal\"" cat "$test_output.signals"
done
prints 'UnikernelExited says how' '["signals","/org/albatross/unikernel/signals","exit-code",3,' \
    cat "$test_output.signals"
prints 'PropertiesChanged tells the state' '"State":{"type":"s","data":"failed"}' cat "$test_output.signals"
check 'and the last object can be destroyed' busctl call org.albatross $object org.albatross.Unikernel Destroy
rm -f "$test_output".*
