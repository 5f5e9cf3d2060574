#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What can't be: one clear sentence each, exit 1, and nothing left behind.
. "$(dirname "$0")/lib.sh"

folder=$(mktemp -d)
head -c 5000 "$HELLO" >"$folder/cut"
: >"$folder/empty"
gzip -c "$HELLO" | head -c 500 >"$folder/cut.gz"
mkfifo "$folder/fifo"

refuse 'no image' 'No such file' albatrossctl create bad "$folder/none"
refuse 'an empty image' 'empty' albatrossctl create bad "$folder/empty"
refuse 'text' 'ELF' albatrossctl create bad /etc/passwd
refuse 'a program of the host' 'unikernel' albatrossctl create bad /bin/true
refuse 'an image that was cut off' 'end of the file' albatrossctl create bad "$folder/cut"
refuse 'a compressed one that was cut off' 'ends too early' albatrossctl create bad "$folder/cut.gz"
refuse 'a folder' 'folder' albatrossctl create bad "$folder"
refuse 'a device' 'device' albatrossctl create bad /dev/null
refuse 'too much memory' 'the machine has' albatrossctl create --memory=99T bad "$HELLO"
refuse 'less than no memory' 'size' albatrossctl create --memory=-5 bad "$HELLO"
refuse 'no memory' 'size' albatrossctl create --memory=0 bad "$HELLO"
refuse 'a CPU that is not there' 'the machine has' albatrossctl create --cpus=77 bad "$HELLO"
refuse 'a network that the image does not want' 'the image wants no devices' albatrossctl create --net=service bad "$HELLO"
refuse 'a verb that there is none of' 'did you mean' albatrossctl lsit
refuse 'an option over the bus that there is none of' 'not known' busctl call org.albatross \
    /org/albatross org.albatross.Manager StartUnikernel 'sa{sv}' bad 1 Foo b true
refuse 'the same option twice' 'given twice' busctl call org.albatross /org/albatross \
    org.albatross.Manager OpenConsole 'sa{sv}' bad 2 Lines t 1 Lines t 2

check 'a name is taken once' albatrossctl create --no-start taken "$HELLO"
refuse 'and then exists already' 'exists already' albatrossctl create taken "$HELLO"
check 'gone' albatrossctl destroy taken
check 'after a refusal the name is free at once' albatrossctl create --no-start bad "$HELLO"
check 'gone' albatrossctl destroy bad

for i in {1..20}; do
    albatrossctl -q create --memory=2 one "$HELLO" -- --sleep=600 2>/dev/null && echo "$i" >>"$folder/won" &
done
wait
equal 'of 20 clients who want the same name one gets it' 1 "$(wc -l <"$folder/won")"
check 'and it runs' albatrossctl status one
for i in {1..20}; do
    albatrossctl -q destroy one 2>>"$folder/errors" && echo "$i" >>"$folder/destroyed" &
done
wait
equal 'each of 20 who destroy it gets an answer' 20 "$(cat "$folder/destroyed" "$folder/errors" | grep -cE '^[0-9]+$|There is no unikernel "?one')"
equal 'it is gone' '' "$(albatrossctl list --no-legend)"
equal 'no record is left' 0 "$(find /var/lib/albatross/v1/unikernels -type f | wc -l)"
check 'no image is left' wait_for 10 eval '[ "$(find /var/lib/albatross/v1/images /var/lib/albatross/v1/tmp -type f | wc -l)" = 0 ]'
check 'no scope is left' wait_for 10 eval '! systemctl list-units --all --plain --no-legend "albatross-*.scope" | grep -q .'
check 'no uid is locked' wait_for 10 no_uid_is_lent
rm -r "$folder"
