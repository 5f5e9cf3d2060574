#!/bin/bash
# SPDX-License-Identifier: ISC
#
# import-state: what an albatross in OCaml had. The state files are made by OpenSSL.
. "$(dirname "$0")/lib.sh"

command -v openssl >/dev/null || skip 'openssl is not installed'
folder=$(mktemp -d)
state=$folder/state
guests=$RIG_BUILD/tests/guests

hex() { # FILE
    od -An -v -tx1 "$1" | tr -d ' \n'
}

# A state of the newest version from the sections on stdin: [unikernels], [policies] and what these
# mention.
make_state() {
    { printf 'asn1 = EXPLICIT:6,SEQUENCE:state\n[state]\na = SEQUENCE:unikernels\nb = SEQUENCE:policies\n'
        cat
    } >"$folder/conf"
    openssl asn1parse -noout -genconf "$folder/conf" -out "$state"
}

# The sections of a unikernel with one argument.
unikernel() { # KEY NAME IMAGE STARTUP MEMORY ARGUMENT [MORE FIELDS...]
    printf '[%s]\na = UTF8:%s\nb = SEQUENCE:%s_value\n' "$1" "$2" "$1"
    printf '[%s_value]\na = EXPLICIT:0,NULL\nb = BOOLEAN:FALSE\nc = FORMAT:HEX,OCTETSTRING:%s\n' "$1" "$(hex "$3")"
    printf 'd = INTEGER:%s\ne = BOOLEAN:FALSE\nf = EXPLICIT:0,NULL\ng = SET:one_cpu\nh = INTEGER:%s\n' "$4" "$5"
    printf '%s\n' "${@:7}"
    printf 'm = EXPLICIT:2,SEQUENCE:%s_arguments\n[%s_arguments]\na = UTF8:%s\n' "$1" "$1" "$6"
}

common='[one_cpu]
a = INTEGER:0
[none]'

gzip -c "$HELLO" >"$folder/packed"
printf 'not an ELF file at all' >"$folder/broken"
make_state <<END
[policies]
[unikernels]
a = SEQUENCE:late
b = SEQUENCE:early
c = SEQUENCE:broken
d = SEQUENCE:nameless
$(unikernel late Import:Late "$folder/packed" 90 32 --sleep=600)
$(unikernel early :import-early "$HELLO" 10 48 --sleep=600)
$(unikernel broken :import-broken "$folder/broken" 50 32 --sleep=600)
$(unikernel nameless :import_under "$HELLO" 50 32 --sleep=600)
$common
END

refuse 'a plan with something impossible ends with 1' 'to be created  unikernel     import:late' \
    albatrossctl import-state --dry-run "$state"
albatrossctl import-state --dry-run "$state" >"$folder/plan" 2>&1
check 'and tells the reason' grep -q 'letters, digits' "$folder/plan"
check 'also of a bad image' grep -q 'failed *unikernel *import-broken' "$folder/plan"
equal 'nothing is there after a plan' '' "$(albatrossctl list -q)"

albatrossctl import-state "$state" >"$folder/first" 2>&1
equal 'an import in which something failed ends with 1' 1 $?
equal 'the one of the lower startup priority is first' 'import-early import:late' \
    "$(awk '$1 == "created" { print $3 }' "$folder/first" | xargs)"
check 'the others have failed' [ "$(grep -c ^failed "$folder/first")" = 2 ]
equal 'and the priorities are taken over' '90 10' \
    "$(albatrossctl show import:late -P Startup) $(albatrossctl show import-early -P Startup)"
equal 'they run' 'running running' \
    "$(albatrossctl show import:late -P State) $(albatrossctl show import-early -P State)"
equal 'with their memory' $((48 << 20)) "$(albatrossctl show import-early -P Memory)"
equal 'their CPUs' 0 "$(albatrossctl show import-early -P CPUs)"
equal 'their arguments' --sleep=600 "$(albatrossctl show import:late -P Arguments)"
equal 'and the image, unpacked' "$(sha256sum <"$HELLO" | cut -d' ' -f1)" \
    "$(albatrossctl show import:late -P ImageDigest)"

pid=$(albatrossctl show import:late -P MainPID)
albatrossctl import-state -q "$state" >"$folder/again" 2>&1
equal 'an import can be repeated' 2 "$(grep -c '^already there' < <(albatrossctl import-state "$state" 2>&1))"
equal 'with -q only failures are told' 2 "$(grep -c '^[a-z]' "$folder/again")"
equal 'and nothing is started anew' "$pid" "$(albatrossctl show import:late -P MainPID)"

make_state <<END
[policies]
[unikernels]
a = SEQUENCE:late
b = SEQUENCE:more
$(unikernel late import:late "$HELLO" 50 64 --sleep=700)
$(unikernel more import:more "$HELLO" 50 32 --sleep=600)
$common
END
prints 'what is different is no failure' 'different      unikernel     import:late' \
    albatrossctl import-state --no-start "$state"
equal 'it is told in which fields' 'Memory Startup Arguments' "$(albatrossctl import-state --no-start "$state" |
    sed -n 's/^    its \([A-Za-z]*\) is not what the file says.*/\1/p' | xargs)"
equal 'and left' "$pid $((32 << 20))" "$(albatrossctl show import:late -P MainPID) $(albatrossctl show import:late -P Memory)"
equal '--no-start only creates' stopped "$(albatrossctl show import:more -P State)"
prints 'JSON tells the same' '"Outcome":"already there"' albatrossctl import-state --json=short "$state"
check 'it can come from standard input' sh -c "albatrossctl import-state - <$state"

cp "$state" "$folder/state-before"
make_state <<END
[policies]
[unikernels]
a = SEQUENCE:new
$(unikernel new import:new "$HELLO" 50 32 --sleep=600)
$common
END
mv "$state" "$folder/new"
mv "$folder/state-before" "$state"
chmod 644 "$folder/new"
refuse 'a file that is no state is refused' 'no state of an OCaml albatross' albatrossctl import-state "$HELLO"
head -c 5000 "$state" >"$folder/part"
refuse 'so is a part of one' 'not a whole one' albatrossctl import-state "$folder/part"
refuse 'a folder for block devices must be there' 'No such file' \
    albatrossctl import-state --block-dir="$folder/nowhere" "$state"
chmod 755 "$folder"
refuse 'somebody who may not create can not do it by this' 'failed         unikernel     import:new' \
    as alice albatrossctl --no-ask-password import-state "$folder/new"

equal 'and nothing came of it' '' "$(albatrossctl list -q | grep import:new)"

check 'destroy takes them away' albatrossctl destroy import-early import:late import:more

make_state <<END
[unikernels]
[policies]
a = SEQUENCE:below
b = SEQUENCE:above
[below]
a = UTF8:import:below
b = SEQUENCE:usual
[above]
a = UTF8:import:
b = SEQUENCE:usual
[usual]
a = SEQUENCE:one_cpu
b = INTEGER:4
c = INTEGER:64
d = INTEGER:8
e = SEQUENCE:none
$common
END
prints 'policies are set' '2 created' albatrossctl import-state "$state"
prints 'and are there then' '2 already there' albatrossctl import-state "$state"
prints 'as they are in the file' '"Unikernels" u 4' \
    busctl call org.albatross /org/albatross org.albatross.Manager ListPolicies s import:below
check 'they can be removed' busctl call org.albatross /org/albatross org.albatross.Manager \
    RemovePolicy 'sa{sv}' import 1 Recursive b true

busctl call org.albatross /org/albatross org.albatross.Manager SetPolicy 'sa{sv}' import 4 \
    Unikernels u 2 Memory t $((64 << 20)) CPUs au 1 0 Owners as 1 alice
prints 'whom a path is delegated to may take over unikernels there' \
    'created        unikernel     import:new' \
    as alice albatrossctl --no-ask-password import-state "$folder/new"
prints 'and again' 'already there  unikernel     import:new' \
    as alice albatrossctl --no-ask-password import-state "$folder/new"
check 'it can be destroyed' albatrossctl destroy import:new
check 'and the policy removed' busctl call org.albatross /org/albatross \
    org.albatross.Manager RemovePolicy 'sa{sv}' import 0

mkdir "$folder/block"
dd if=/dev/urandom of="$folder/block/import:disk" bs=1M count=2 status=none
printf '\x1f\x8b\x08' | dd of="$folder/block/import:disk" conv=notrunc status=none
truncate -s 3M "$folder/block/:import-empty"
truncate -s 1000 "$folder/block/:import-odd"
make_state <<<$'[unikernels]\n[policies]'
refuse 'block devices are taken over, but odd ones' '2 created, 1 failed' \
    albatrossctl import-state --block-dir="$folder/block" "$state"
refuse 'and are there then' '2 already there, 1 failed' \
    albatrossctl import-state --block-dir="$folder/block" "$state"
# It begins like something packed, which is the guest's own business.
check 'with what was in them' cmp "$folder/block/import:disk" /var/lib/albatross/v1/blocks/import:disk

# A unikernel with devices.
make_state <<END
[policies]
[unikernels]
a = SEQUENCE:disk
$(unikernel disk import:reader "$guests/disk.spt" 50 32 --fill 'k = EXPLICIT:0,SET:blocks')
[blocks]
a = SEQUENCE:storage
[storage]
a = UTF8:storage
b = UTF8:Disk
c = INTEGER:4096
$common
END
check 'there is a plan with block devices that are there' \
    eval 'albatrossctl import-state --dry-run "$state" >"$folder/plan"'
check 'it knows them' not grep -q 'is not there' "$folder/plan"
albatrossctl import-state --no-start "$state" >"$folder/devices" 2>&1
check 'a unikernel is created with its block device' \
    grep -q 'created        unikernel     import:reader' "$folder/devices"
prints 'which belongs to it then' '"import:disk" 2097152 2097152 "import:reader"' busctl call \
    org.albatross /org/albatross org.albatross.Manager ListBlockDevices s import
prints 'an import can be repeated with devices' 'already there  unikernel     import:reader' \
    albatrossctl import-state --no-start "$state"
check 'destroy takes it away' albatrossctl destroy import:reader
for name in import:disk import-empty; do
    check "$name can be removed" busctl call org.albatross /org/albatross \
        org.albatross.Manager RemoveBlockDevice 'sa{sv}' "$name" 0
done
prints 'a plan says which block devices are missing' 'block device import:disk is not there' \
    albatrossctl import-state --dry-run "$state"
prints 'and not those that are taken over' '3 to be created, 1 failed' \
    sh -c "albatrossctl import-state --dry-run --block-dir=$folder/block $state || true"
check 'as its name is' not grep -q 'is not there' \
    <(albatrossctl import-state --dry-run --block-dir="$folder/block" "$state")
rm -r "$folder"
