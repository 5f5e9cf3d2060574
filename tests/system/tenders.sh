#!/bin/bash
# SPDX-License-Identifier: ISC
#
# How tenders are looked for, trusted and asked, with a double that does at --version what it is told
# to; what they can do is tried with real ones in solo5.sh.
# rig: own
# timeout: 240
. "$(dirname "$0")/lib.sh"

tools=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/system
[ -x "$tools/tender-double" ] || skip "$tools/tender-double is not built"
image=$test_output.image
"$tools/hostile-image" other-abi <"$HELLO" >"$image"
folders=/opt/tenders
good='0 solo5-spt tender, version v1|ABI version 77|'

# A double in the folder $folders/FOLDER, called NAME, that behaves like that.
double() { # FOLDER/NAME BEHAVIOUR
    mkdir -p "$folders/${1%/*}"
    cp "$tools/tender-double" "$folders/new"
    printf '\nDOUBLE %s' "$2" >>"$folders/new"
    chmod 755 "$folders/new"
    mv "$folders/new" "$folders/$1"
}
# What comes of it. Nothing is left of it afterwards.
create() { albatrossctl -q create "$@" t "$image" && albatrossctl -q destroy t; }
# Which double ran, or what failed.
chosen() {
    albatrossctl -q create --console t "$image" >"$test_output.console" 2>&1 </dev/null || echo "status $?"
    albatrossctl -q destroy t
    sed -n 's/^ran //p' "$test_output.console"
}

mkdir -p $folders/{a,b,c}
settings "TenderPath=$folders/a:$folders/b" "TenderPath=$folders/c"
refuse 'without a tender, it is said what was looked for' 'solo5-spt.77 and solo5-spt were looked for' create
refuse 'and where' "$folders/a, $folders/b, $folders/c" create
refuse 'and what was found' 'albatross-spt (ABI version 2)' create
refuse 'and what to do' 'Install solo5-spt with ABI version 77' create

double b/solo5-spt "$good"
equal 'one that comes is found' "$folders/b/solo5-spt" "$(chosen)"
prints 'its command line is as Solo5 has it' 'started as solo5-spt --mem=32 -- /proc/self/fd/3' cat "$test_output.console"
prints 'it can open its image by that name' 'the image is one' cat "$test_output.console"
double a/solo5-spt "$good"
equal 'the first folder wins' "$folders/a/solo5-spt" "$(chosen)"
double c/solo5-spt.77 "$good"
equal 'a name with the version wins over all plain ones' "$folders/c/solo5-spt.77" "$(chosen)"
double b/solo5-spt.77 '0 solo5-spt tender, version v1|ABI version 78|'
equal 'but what counts is what it says' "$folders/c/solo5-spt.77" "$(chosen)"
rm $folders/c/solo5-spt.77
equal 'one that goes is not used any more' "$folders/a/solo5-spt" "$(chosen)"
check 'one stays, and exits with 1 when it is told to end' albatrossctl -q create t "$image" -- stay
wait_for 10 eval 'albatrossctl console t | grep -q staying'
check '... which systemctl does' systemctl stop albatross-t.scope
check '... and is no failure' wait_for 10 eval '[ "$(albatrossctl show t -P State)" = stopped ]'
equal '... but was asked for' stopped "$(albatrossctl show t -P ExitResult)"
albatrossctl -q start t
wait_for 10 eval '[ "$(albatrossctl console t | grep -c staying)" = 2 ]'
check '... as when albatrossctl does' albatrossctl stop t
equal '... which is told so, too' stopped "$(albatrossctl show t -P ExitResult)"
albatrossctl -q destroy t
double a/solo5-spt '0 solo5-spt tender, version v1|ABI version 78|'
equal 'nor one that has become another' "$folders/b/solo5-spt" "$(chosen)"
rm -r $folders/{a,b,c}

# --- what is not used, and why
no_tender() { # SENTENCE BEHAVIOUR TEXT
    double a/solo5-spt "$2"
    refuse "$1" "$3" create
    prints "  status says so, too" "$3" albatrossctl status
}
no_tender 'one that prints something else' '0 Hello|' 'does not print what a tender prints'
no_tender 'one that prints nothing' '0 ' 'does not print what a tender prints'
no_tender 'one that says it is for something else' '0 solo5-hvt tender, version v1|ABI version 77|' 'says that it is solo5-hvt'
no_tender 'one that fails' '3 solo5-spt tender, version v1|ABI version 77|' 'ended with status 3'
no_tender 'one that crashes' 'crash' 'ended by signal 6'
no_tender 'one that prints too much' 'flood' 'more than 4 KiB'
before=${EPOCHREALTIME/./}
no_tender 'one that hangs' 'hang' 'no answer within 2 s'
check 'for which 2 s are waited, once' [ $((${EPOCHREALTIME/./} - before)) -lt 4000000 ]
no_tender 'one that chatters without end' 'chatter' 'more than 4 KiB'
check 'neither runs on' not pgrep solo5-spt
printf '#!/bin/sh\n' >$folders/a/solo5-spt
refuse 'a script' "can't be executed" create

double a/solo5-spt "$good"
chmod 775 $folders/a/solo5-spt
refuse 'one that others can write to' "chmod go-w $folders/a/solo5-spt" create
chmod 750 $folders/a/solo5-spt
refuse 'one that not everybody can execute' "chmod 755 $folders/a/solo5-spt" create
chmod 755 $folders/a/solo5-spt
chown alice $folders/a/solo5-spt
refuse "one that is somebody's" "chown root:root $folders/a/solo5-spt" create
chown root $folders/a/solo5-spt
chmod 777 $folders
refuse 'one below a folder that others can write to' "chmod go-w $folders" create
chmod 755 $folders
check 'with all that in order it is used' create
mkdir $folders/open && mv $folders/a/solo5-spt $folders/open/ && chmod 777 $folders/open
ln -s $folders/open/solo5-spt $folders/a/solo5-spt
refuse 'a link to one that others can replace' "chmod go-w $folders/open" create
rm -r $folders/open $folders/a

# --- what is preferred
double a/solo5-spt '0 solo5-spt tender, version v1|ABI version 2|'
image=$HELLO
albatrossctl -q create t "$image" -- --sleep=600
equal 'our own is preferred for what it can run' '/usr/libexec/albatross/albatross-spt' "$(albatrossctl show t -P Tender)"
albatrossctl -q destroy t
prints 'of which nothing is to be said' '' sh -c "albatrossctl create --no-start quiet $HELLO -- x 2>&1 >/dev/null | grep -c Note | grep -x 0"
albatrossctl -q destroy quiet
settings "TenderPath=$folders/a" 'PreferOfficialTender=yes' TransferIdleSec=60
equal 'unless the settings say otherwise' "$folders/a/solo5-spt" "$(chosen)"
prints 'then create says that arguments can be seen' 'can be read in /proc' albatrossctl create t "$HELLO" -- secret
equal 'and so does a property' yes "$(albatrossctl show t -P ArgumentsVisible)"
check 'it can be destroyed' albatrossctl destroy t
prints 'without arguments it says nothing' 'silent' sh -c "albatrossctl create t $HELLO 2>&1 >/dev/null | grep Note || echo silent"
albatrossctl -q destroy t

# As many transfers as there can be, of content that does not come before descriptor 4 is closed.
transfers() { pgrep -c '^albatross-(infl|bloc)'; }
check 'one that is to be asked' albatrossctl create --no-start t "$HELLO"
mkfifo "$test_output.hold"
exec 4<>"$test_output.hold"
for i in {1..128}; do
    timeout 100 albatrossctl -q block create "full$i" 1 - <"$test_output.hold" 4>&- >/dev/null 2>&1 &
done
check 'more transfers than others can be beside' wait_for 60 eval '[ "$(transfers)" -ge 256 ]'
refuse 'another one is refused' 'Too many transfers are under way' albatrossctl create --no-start more "$HELLO"
double a/solo5-spt '0 solo5-spt tender, version v1|ABI version 2|'
timeout 30 albatrossctl start t >"$test_output.start" 2>&1 &
start=$!
sleep 0.5
check 'who starts waits until the tender can be asked' kill -0 $start
exec 4>&-
check 'and is not refused' wait $start
wait
for i in {1..128}; do albatrossctl -q block remove "full$i" 2>/dev/null; done
albatrossctl -q destroy t

# --- what it was given goes before its uid is another's
echo_image=$RIG_BUILD/tests/guests/echo.spt
ip link add brtender type bridge && ip link set brtender up
check 'one has a tap that persists' wait_for 10 albatrossctl -q create --net=service:brtender n "$echo_image" -- stay
uid=$(albatrossctl show n -P UID)
check 'its uid is locked' uid_is_locked "$uid"
kill -STOP "$(main_pid albatross-network)"
check 'it is stopped while its tap can not be removed' albatrossctl stop n
check '... and its uid stays locked' uid_is_locked "$uid"
kill -CONT "$(main_pid albatross-network)"
check 'when the tap has gone, the uid is free' wait_for 10 not uid_is_locked "$uid"
equal '... which it has' '' "$(ip -o link show master brtender)"
albatrossctl -q destroy n
ip link del brtender

rm -r $folders
check 'without it ours does' create
equal 'nobody is in the place of a tender that went' '' "$(albatrossctl status | grep "$folders")"

# --- the daemon restarts
settings 'TenderPath='
albatrossctl -q create --memory=2 t "$HELLO" -- --sleep=600
systemctl restart albatrossd
equal 'what runs is known to run by the same tender' /usr/libexec/albatross/albatross-spt "$(albatrossctl show t -P Tender)"
albatrossctl -q destroy t
rm -f "$test_output".[a-z]*
settings
check 'no uid stays locked' wait_for 10 no_uid_is_lent
