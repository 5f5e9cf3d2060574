#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Block devices: made, filled, copied, removed; sizes, holes, and who has one meanwhile.
# timeout: 120
. "$(dirname "$0")/lib.sh"

folder=$(mktemp -d)
cd "$folder" || exit 1
files=/var/lib/albatross/v1/blocks
block() { albatrossctl block "$@"; }
block_field() { # NAME FIELD
    block list --json=short | tr '{' '\n' | sed -nE "s/.*\"Name\":\"$1\".*\"$2\":\"?([^\",}]*).*/\1/p"
}
state_is() { [ "$(block_field "$1" State)" = "$2" ]; }
allocated() { stat -c '%b' "$1"; }

# COMMAND..., and says "won" when it ends well.
try() { if "$@"; then echo won; fi; }

# --- making them ---
check 'a block device is made' block create t:data 16M
equal 'its name is printed, all of it' ':other' "$(block create -p t :other 1)"
equal 'a bare number is MiB' 1048576 "$(block_field other Size)"
check 'one in a path by its label' block create -p t small 2048K
equal 'and K is KiB' 2097152 "$(block_field t:small Size)"
equal 'nothing is allocated' 0 "$(block_field t:data Allocated)"
equal 'the file is root'\''s alone, and sparse' '600 0 16777216 0' "$(stat -c '%a %u %s %b' $files/t:data)"
equal 'all are listed' 'other t:data t:small' "$(block list -q | sed 's/^://' | paste -sd ' ')"
equal 'or those below a path' 't:data t:small' "$(block list -q t | paste -sd ' ')"
prints 'as a table' 't:data   16M        0B idle  -' block list --no-legend
prints 'with a sum' '2 block devices of 18M' block list t
refuse 'a name that is taken' 'exists already' block create t:data 1
refuse 'no multiple of 1 MiB' 'multiple of 1 MiB' block create x 1000K
refuse 'nothing at all' 'multiple of 1 MiB' block create x 0
refuse 'no size' 'no size of a block device' block create x much
refuse 'more than there is' 'the machine has' block create x 4096T
refuse 'a name that is none' 'The label "a b"' block create 'a b' 1
refuse 'one that is missing' 'There is no block device x' block remove x
refuse 'to write it' 'There is no block device x' block write x /dev/null
refuse 'to read it' 'There is no block device x' block read x
refuse 'another action' 'nothing that can be done' block frobnicate x
refuse 'an option of another action' 'takes other options' block list --plain
prints 'a dry run' 'Would remove' block remove --dry-run t:small
equal 'does nothing' idle "$(block_field t:small State)"

# --- writing and reading ---
head -c 3000001 /dev/urandom >random
{ cat random; head -c 8000000 /dev/zero; cat random; } >holes
truncate -s 16M whole && dd if=holes of=whole conv=notrunc status=none
check 'content is written' block write t:data holes
check 'a file reads it' block read t:data back.img
check 'and the rest is zeros' cmp whole back.img
check 'zeros take no place on the disk' [ "$(allocated $files/t:data)" -lt 13000 ]
check 'nor in the file' [ "$(allocated back.img)" -lt 13000 ]
equal 'which the list tells' $(($(allocated $files/t:data) * 512)) "$(block_field t:data Allocated)"
check 'a pipe reads it' eval 'block read t:data - | cmp - whole'
refuse 'a file that is there is kept' 'exists already' block read t:data back.img
check 'unless it is to be replaced' block read --force t:data back.img
check 'packed, it is the same' eval 'block read --compress t:data - | gzip -dc | cmp - whole'
check 'in a file of its own' block read --compress t:data
check 'that gzip knows' gzip -t data.img.gz
check 'packed content is unpacked' block write t:data data.img.gz
check 'to the same' eval 'block read t:data - | cmp - whole'
check 'of zlib, too' eval 'python3 -c "import sys, zlib; sys.stdout.buffer.write(zlib.compress(open(\"random\", \"rb\").read()))" | block write t:data -'
check 'and what was there before is gone' eval 'block read t:data - >got && cmp -n 3000001 got random'
check '... all of it' eval 'tail -c +3000002 got | cmp -n 13000000 - /dev/zero'
check 'two members of gzip are one after the other' eval '{ gzip -1 <random; gzip -9 <random; } | block write t:data -'
check '... both' eval 'block read t:data - >got && cmp -n 6000002 got <(cat random random)'
check 'what only looks packed is taken as it is' eval 'head -c 1000 data.img.gz | block write --plain t:data -'
check '... byte by byte' eval 'block read t:data - >got && cmp -n 1000 got data.img.gz'
check 'content of exactly its size' eval 'head -c 16777216 /dev/urandom >full; block write t:data full'
check '... comes back' eval 'block read t:data - | cmp - full'
check 'nothing is content, too' eval ': | block write t:data -'
equal '... of zeros' 0 "$(allocated $files/t:data)"
check 'one is made with content' block create t:filled 16 full
check '... that is in it' eval 'block read t:filled - | cmp - full'
equal 'standard output gets nothing else' "$(sha256sum <full)" "$(block read t:filled - | sha256sum)"
equal 'with -q a write says nothing' '' "$(block write -q t:filled full 2>&1)"

# --- refusals that leave what was there ---
block write -q t:data full
same() { block read t:data - | cmp - full; }
head -c 16777217 /dev/zero >larger
refuse 'content that is larger' 'larger than the 16 MiB of the block device t:data' block write t:data larger
check '... leaves the old one' same
refuse 'a bomb' 'larger than the 16 MiB of the block device t:data' eval 'head -c 2G /dev/zero | gzip -1 | block write t:data -'
refuse 'half of something packed' 'ends too early' eval 'head -c 100000 data.img.gz | block write t:data -'
refuse 'something packed and broken' 'broken' eval '{ head -c 1000 data.img.gz; cat random; } | block write t:data -'
refuse 'and more after its end' 'Something follows' eval '{ cat data.img.gz; cat random; } | block write t:data -'
refuse 'a folder' 'folder' block write t:data .
refuse 'a file that is missing' "can't be opened" block write t:data missing
check '... leaves the old one' same
refuse 'one made with what is too large is not there' 'larger than the 1 MiB' block create t:never 1 full
equal '... nor its file' '' "$(find $files -name '*never*')"
equal 'nothing is left in tmp' '' "$(ls /var/lib/albatross/v1/tmp)"

# --- one at a time ---
mkfifo fifo
block write -q t:data fifo >slow.log 2>&1 &
writer=$!
exec 9>fifo
check 'one that is being written' wait_for 10 state_is t:data writing
refuse 'is busy for a second writer' 'is being written' block write t:data full
refuse '... for a reader' 'is being written' block read t:data -
refuse '... and can not be removed' 'is being written' block remove t:data
check 'while others are not' block write t:filled holes
cat full >&9
exec 9>&-
check 'it ends well' wait $writer
equal 'and is idle' idle "$(block_field t:data State)"
check '... with what was written' same

mkfifo slow
block read -q t:data - >slow &
reader=$!
exec 9<slow
check 'one that is being read' wait_for 10 state_is t:data reading
refuse 'is busy for a writer' 'is being read' block write t:data holes
check 'what was read is whole' eval 'cmp full <&9'
exec 9<&-
wait $reader
check 'and it is idle again' wait_for 10 state_is t:data idle

for i in {1..20}; do try block write -q t:data full >"race.$i" 2>&1 & done
wait
equal 'of twenty that write at once, at least one wins' yes "$(grep -qx won race.* && echo yes)"
check 'and all others are told why' [ -z "$(cat race.* | grep -vE '^won$|is being written')" ]
check '... and it is whole' same
for i in {1..20}; do try block create -q t:race 1 >"race.$i" 2>&1 & done
wait
equal 'of twenty that make one, one does' 1 "$(cat race.* | grep -cx won)"
equal 'and the others are told that it is there' 19 "$(cat race.* | grep -c 'exists already')"
for i in {1..20}; do try block remove -q t:race >"race.$i" 2>&1 & done
wait
equal 'of twenty that remove it, one does' 1 "$(cat race.* | grep -cx won)"

# --- who may ---
refuse 'a user may not list them' 'not allowed' as alice albatrossctl --no-ask-password block list
refuse '... nor make one' 'not allowed' as alice albatrossctl --no-ask-password block create alice:x 1
refuse '... nor read one' 'not allowed' as alice albatrossctl --no-ask-password block read t:data -

# --- signals ---
listen_to_signals signals
block create -q t:told 1 && block write -q t:told random 2>/dev/null
block write -q t:told full 2>/dev/null
head -c 1000 random | block write -q t:told -
block remove -q t:told
for signal in BlockDeviceAdded BlockDeviceChanged BlockDeviceRemoved; do
    check "$signal is sent" wait_for 10 grep -q "Member=$signal" signals
done
kill $listener

check 'all are removed' eval 'for name in $(block list -q); do block remove -q "$name" || exit; done'
equal 'and their files' '' "$(ls $files)"
cd / && rm -r "$folder"
