#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Who may do what below a path that is delegated: each right is tried by who has it and by who has
# not, and by those whose names or numbers only look like an owner's.
# rig: own
# timeout: 300
. "$(dirname "$0")/lib.sh"

manager=(busctl call org.albatross /org/albatross org.albatross.Manager)
no='You are not allowed'
ctl() { # USER ARG...
    local user=$1
    shift
    as "$user" albatrossctl --no-ask-password "$@"
}
limits() { albatrossctl -q policy set "$@"; }
# A rule of polkit's comes, in one piece, or goes: when this returns it counts, or not any more.
rules=/etc/polkit-1/rules.d
polkit_knows() { # COMMAND...
    local before
    before=$(journal_end)
    "$@" && wait_for 10 has 'Finished loading' journal -t polkitd --since="$before"
}
rule() { # NAME: it comes in
    cat >$rules/new && check "polkit has the rule $1" polkit_knows mv $rules/new $rules/"$1.rules"
}
no_rule() { # NAME
    check "polkit has no rule $1" polkit_knows rm $rules/"$1.rules"
}
# Reads on when it may.
let_read() { touch "$test_output.go"; }
reads_later() { # wc OPTION
    until [ -e "$test_output.go" ]; do sleep 0.05; done
    wc "$@"
    rm "$test_output.go"
}
# By number, for users that runuser can't be told by name.
as_uid() { # UID GID COMMAND...
    local uid=$1 gid=$2
    shift 2
    setpriv --reuid="$uid" --regid="$gid" --clear-groups -- "$@"
}

limits alice --unikernels=10 --memory=256 --cpus=0 --owner=alice
check 'root has one at the root, and one of its own path' albatrossctl -q create --memory=2 mine "$HELLO" -- --sleep=600 --key=secret
check 'and one in a path that nobody owns' albatrossctl -q create --memory=2 others:web "$HELLO" -- --sleep=600 --key=secret
limits others --unikernels=10 --memory=256 --cpus=0

# --- what is below alice is alice's, and nothing else is
check 'alice creates' ctl alice -q create --memory=2 alice:web "$HELLO" -- --sleep=600 --key=hers
check 'alice stops' ctl alice stop alice:web
check 'alice starts' ctl alice start alice:web
prints 'alice inspects' hers ctl alice show alice:web
check 'alice reads the console' ctl alice console alice:web
ctl alice console -f alice:web >"$test_output.console" 2>&1 &
reader=$!
check 'alice follows it' wait_for 10 grep -q sleep=600 "$test_output.console"
limits alice --owner=bob
check 'until it is taken from her' wait_for 10 not kill -0 $reader
limits alice --owner=alice
rm -f "$test_output.console"

# What she brings or takes ends as well, and nothing has changed.
limits alice --block=128M
check 'alice makes a block device' eval 'head -c 1M /dev/zero | tr "\0" x | ctl alice -q block create alice:disk 4M -'
mkfifo "$test_output.fifo"
ctl alice block write alice:disk - <"$test_output.fifo" >"$test_output.write" 2>&1 &
writer=$!
exec 9>"$test_output.fifo"
printf y >&9
check 'alice is writing it' wait_for 10 eval 'albatrossctl block list -q --json=short alice: | grep -q writing'
limits alice --owner=bob
check 'it is taken from her' wait_for 10 not kill -0 $writer
check '... as she is told' grep -q 'Who owns what is above alice:disk has changed' "$test_output.write"
exec 9>&-
equal 'what she wrote is not there' x "$(albatrossctl block read alice:disk - | head -c 1)"
limits alice --owner=alice
check 'alice makes a larger one' ctl alice -q block create alice:large 64M
as alice albatrossctl block read alice:large - 2>"$test_output.write" | reads_later -c >"$test_output.fifo.read" &
reader=$!
check 'alice is reading it' wait_for 10 eval 'albatrossctl block list -q --json=short alice: | grep -q reading'
limits alice --owner=bob
check 'that is taken from her, too' wait_for 5 eval '! albatrossctl block list -q --json=short alice: | grep -q reading'
let_read
wait $reader
check 'she has not got all of it' [ "$(cat "$test_output.fifo.read")" -lt 60000000 ]
limits alice --owner=alice
check 'they are hers to be removed' eval 'ctl alice block remove alice:disk && ctl alice block remove alice:large'
limits alice --block=none

# The same with images, which are not kept either, in each of the three ways.
taken() { [ -n "$(find /var/lib/albatross/v1/tmp -name 'image-*' -size +0)" ]; }
bring() { # VERB ARG...: begins to bring an image, and does not end
    ctl alice "$@" - <"$test_output.fifo" >"$test_output.write" 2>&1 &
    writer=$!
    exec 9>"$test_output.fifo"
    head -c 4096 "$HELLO" >&9
    check "alice is bringing an image to $1" wait_for 10 taken
}
is_cut() { # NAME
    check 'it is taken from her' wait_for 10 not kill -0 $writer
    check '... as she is told' grep -q "Who owns what is above $1 has changed" "$test_output.write"
    exec 9>&-
    check 'nothing of it stays' wait_for 10 eval '[ -z "$(ls /var/lib/albatross/v1/tmp)" ]'
}
images=$(ls /var/lib/albatross/v1/images)
bring create --memory=2 alice:half
limits alice --owner=bob
is_cut alice:half
refuse 'there is no such unikernel' 'no unikernel' albatrossctl show alice:half
limits alice --owner=alice
before=$(albatrossctl show -P InvocationID alice:web)
bring update alice:web
albatrossctl -q policy remove alice
is_cut alice:web
equal 'what was to be updated runs on' "$before" "$(albatrossctl show -P InvocationID alice:web)"
equal 'the store has what it had' "$images" "$(ls /var/lib/albatross/v1/images)"
limits alice --unikernels=10 --memory=256 --cpus=0 --owner=alice
bring create --memory=2 alice:half
limits others --owner=bob
check "it is not cut where others' rights change" not wait_for 2 not kill -0 $writer
tail -c +4097 "$HELLO" >&9
exec 9>&-
check 'she brings it to its end' wait $writer
limits others --owner=none
check 'alice destroys it' ctl alice -q destroy alice:half
check 'alice has one with a large image' ctl alice -q create --memory=16 alice:bulky "$RIG_BUILD/tests/guests/bulky.spt"
(ctl alice get-image alice:bulky - 2>"$test_output.write" || :) | reads_later -c >"$test_output.fifo.read" &
reader=$!
check 'alice is taking it out' wait_for 10 pgrep -x albatross-store
limits alice --owner=bob
check 'that is taken from her, too' wait_for 5 not pgrep -x albatross-store
let_read
wait $reader
check 'she has not got all of it' [ "$(cat "$test_output.fifo.read")" -lt 5000000 ]
check '... as she is told' wait_for 10 grep -q 'breaks off' "$test_output.write"
limits alice --owner=alice
check 'it goes' ctl alice -q destroy alice:bulky

# A console that is read to its end, not followed, by who does not read.
check 'alice has one that says much' ctl alice -q create --memory=2 alice:chatty "$RIG_BUILD/tests/guests/chatty.spt"
check 'more than pipes hold' wait_for 20 eval '[ "$(albatrossctl console alice:chatty | wc -l)" -gt 5000 ]'
check 'alice stops it' ctl alice -q stop alice:chatty
ctl alice console alice:chatty 2>"$test_output.write" | reads_later -l >"$test_output.fifo.read" &
reader=$!
check 'alice is reading' wait_for 10 pgrep -x albatross-conso
limits alice --owner=bob
check 'that ends, too' wait_for 10 not pgrep -x albatross-conso
let_read
wait $reader
check 'before she has got all of it' [ "$(cat "$test_output.fifo.read")" -lt 5000 ]
limits alice --owner=alice
check 'it goes, too' ctl alice -q destroy alice:chatty
rm -f "$test_output".{fifo,fifo.read,write}
check 'alice takes out the image' ctl alice get-image alice:web - >/dev/null
check 'alice destroys' ctl alice destroy alice:web
check 'alice may go deeper, too' ctl alice -q create --memory=2 alice:deep:er:web "$HELLO" -- --sleep=600 --key=hers
check '... by the object' as alice busctl call org.albatross \
    /org/albatross/unikernel/alice_3adeep_3aer_3aweb org.albatross.Unikernel Stop
check '... and destroy that' ctl alice destroy alice:deep:er:web
check 'a bare label is meant to be hers' ctl alice -q create --memory=2 web "$HELLO" -- --sleep=600 --key=hers
equal 'it is' running "$(albatrossctl show -P State alice:web)"
refuse 'who is refused is told who may' 'who owns a path above it' ctl alice stop others:web
for target in :mine others:web; do
    for verb in stop start destroy; do
        refuse "alice can't $verb $target" "$no" ctl alice "$verb" "$target"
    done
    refuse "alice can't inspect $target" "$no" as alice "${manager[@]}" Inspect s "${target#:}"
    refuse "alice can't read $target" "$no" ctl alice console "$target"
    refuse "alice can't take out $target" "$no" ctl alice get-image "$target" "$test_output.image"
done
for target in :new others:new bob:new :alice alicex:new xalice:new; do
    refuse "alice can't create $target" "$no" ctl alice create --memory=2 "$target" "$HELLO"
done
for user in bob carol; do
    for verb in stop start destroy; do
        refuse "$user can't $verb hers" "$no" ctl $user "$verb" alice:web
    done
    refuse "$user can't inspect hers" "$no" as $user "${manager[@]}" Inspect s alice:web
    refuse "$user can't read hers" "$no" ctl $user console alice:web
    refuse "$user can't take out hers" "$no" ctl $user get-image alice:web "$test_output.image"
    refuse "$user can't create there" "$no" ctl $user create --memory=2 alice:new "$HELLO"
    refuse "$user can't list her policies" "$no" ctl $user policy list alice:
    refuse "$user can't list all" "$no" ctl $user policy list :
done
equal 'all of them run on' 'running running running' \
    "$(for name in mine others:web alice:web; do albatrossctl show -P State $name; done | xargs)"

# --- her limits are not hers
refuse "alice can't raise her own limits" "$no" ctl alice policy set alice: --memory=512
refuse "alice can't lower them either" "$no" ctl alice policy set alice: --memory=128
refuse "alice can't make somebody an owner there" "$no" ctl alice policy set alice: --owner=bob
refuse "alice can't remove them" "$no" ctl alice policy remove alice:
refuse "alice can't set any beside" "$no" ctl alice policy set bob: --unikernels=1 --memory=32 --cpus=0 --owner=alice
refuse "alice can't set those of others" "$no" ctl alice policy set others: --owner=alice
refuse "alice can't pass her limits" 'the policy alice allows 256 MiB' ctl alice create --memory=257 alice:big "$HELLO"
prints 'alice sees her own' '"Path":"alice"' ctl alice policy list --json=short
equal 'and only those' 1 "$(ctl alice -q policy list | wc -l)"
prints 'what is hers is told' 'as 1 "alice"' as alice "${manager[@]}" ListOwnPaths
prints 'to others nothing is' 'as 0' as carol "${manager[@]}" ListOwnPaths

# --- she delegates within them
refuse 'not more than she has' "can't allow 11 unikernels: the policy alice allows 10" \
    ctl alice policy set alice:bob --unikernels=11 --memory=64 --cpus=0 --owner=bob
check 'alice delegates to bob' ctl alice -q policy set alice:bob --unikernels=2 --memory=64 --cpus=0 --owner=bob
check 'bob creates below' ctl bob -q create --memory=2 web "$HELLO" -- --sleep=600 --key=his
equal 'there' running "$(albatrossctl show -P State alice:bob:web)"
refuse "bob can't touch hers" "$no" ctl bob stop alice:web
refuse 'not create there' "$no" ctl bob create --memory=2 alice:new "$HELLO"
refuse 'not one called like his path' "$no" ctl bob create --memory=2 alice:bob "$HELLO"
refuse 'not raise his limits' "$no" ctl bob policy set alice:bob --memory=128
refuse 'not see hers' "$no" ctl bob policy list alice:
prints 'he sees his' '"Path":"alice:bob"' ctl bob policy list --json=short
refuse 'not pass his limits' 'the policy alice:bob allows 64 MiB' ctl bob create --memory=65 alice:bob:big "$HELLO"
check 'bob delegates further' ctl bob -q policy set alice:bob:carol --unikernels=1 --memory=32 --cpus=0 --owner=carol
check 'carol creates below' ctl carol -q create --memory=2 alice:bob:carol:web "$HELLO" -- --sleep=600
refuse "carol can't touch his" "$no" ctl carol stop alice:bob:web
check 'alice may manage what is below bob, too' ctl alice stop alice:bob:carol:web
check 'and bob what is below carol' ctl bob destroy alice:bob:carol:web
check 'alice takes it away from both' ctl alice -q policy remove --recursive alice:bob
refuse 'bob has nothing at once' "$no" ctl bob stop alice:bob:web
refuse 'nor carol' "$no" ctl carol create --memory=2 alice:bob:carol:web "$HELLO"
equal 'what runs runs on' running "$(albatrossctl show -P State alice:bob:web)"
check 'alice ends it' ctl alice destroy alice:bob:web

# --- names that only look like it
limits both --unikernels=2 --memory=64 --cpus=0 --owner=alice --owner=bob
useradd -M -u 7101 web && useradd -M -u 7102 alicex && useradd -M -u 7103 xalice && useradd -M -u 7104 ali
n=7110
for name in 'alice bob' 'bob alice' 'alice,bob' ' alice' 'alice ' 'x@staff' '@staff'; do
    printf '%s:x:%d:%d::/:/bin/sh\n' "$name" $n $n >>/etc/passwd
    n=$((n + 1))
done
limits web --unikernels=2 --memory=64 --cpus=0
refuse 'a service account called like a path has nothing there' "$no" ctl web create --memory=2 web:x "$HELLO"
for user in alicex xalice ali; do
    refuse "$user is not alice" "$no" ctl $user create --memory=2 both:x "$HELLO"
done
for uid in 7110 7111 7112 7113 7114 7115 7116; do
    refuse "nor is \"$(getent passwd $uid | cut -d: -f1)\"" "$no" as_uid $uid $uid albatrossctl create --memory=2 both:x "$HELLO"
done
check 'alice is' ctl alice -q create --memory=2 both:x "$HELLO"
check 'and bob is' ctl bob -q destroy both:x
refuse 'nobody with such a name can be an owner' 'one word' albatrossctl policy set both --owner='alice bob'

# --- groups
groupadd -g 7201 staffers && usermod -aG staffers bob
limits team --unikernels=2 --memory=64 --cpus=0 --owner=@staffers
check 'who is in the group may' ctl bob -q create --memory=2 team:x "$HELLO"
refuse 'who is not may not' "$no" ctl alice destroy team:x
useradd -M -u 7202 staffers -g 100
refuse 'nor a user who is called like it' "$no" ctl staffers destroy team:x
gpasswd -d bob staffers >/dev/null
refuse 'nor who is not in it any more' "$no" ctl bob destroy team:x
refuse '... though his session still is' "$no" setpriv --reuid="$(id -u bob)" --regid="$(id -g bob)" \
    --groups=7201 -- albatrossctl destroy team:x
usermod -aG staffers bob
refuse '... or is not yet' "$no" setpriv --reuid="$(id -u bob)" --regid="$(id -g bob)" --clear-groups -- \
    albatrossctl destroy team:x
check 'until he is, all through' ctl bob -q destroy team:x

# --- a name, or a number, that is given to another
useradd -M -u 7301 mallory
limits shop --unikernels=2 --memory=64 --cpus=0 --owner=mallory
check 'the owner may' ctl mallory -q create --memory=2 shop:x "$HELLO"
userdel mallory && useradd -M -u 7302 mallory
refuse 'who has her name since may not' "$no" ctl mallory destroy shop:x
userdel mallory && useradd -M -u 7301 heir
refuse 'nor who has her number' "$no" ctl heir destroy shop:x
userdel heir && useradd -M -u 7301 mallory
check 'who has both is her' ctl mallory -q destroy shop:x
groupmod -g 7203 staffers
refuse 'the same for groups: another number' "$no" ctl bob create --memory=2 team:x "$HELLO"

# --- at once, also while polkit thinks
rule 10-slow <<'END'
polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.albatross.") === 0 && subject.user === "alice")
        polkit.spawn(["/bin/sleep", "3"]);
});
END
began=${EPOCHREALTIME/./}
ctl alice stop alice:web >"$test_output.late" 2>&1 &
late=$!
wait_for 10 pgrep -fx '/bin/sleep 3' >/dev/null
check 'meanwhile root is not held up' albatrossctl -q policy set alice --owner=none
check 'the one who waits waits still' kill -0 $late
status=0
wait $late || status=$?
equal 'a call that waited in polkit is refused' 1 $status
prints 'as any other' "$no" cat "$test_output.late"
check 'it did wait' [ $((${EPOCHREALTIME/./} - began)) -gt 3000000 ]
equal 'and nothing has happened' running "$(albatrossctl show -P State alice:web)"
ctl alice policy set alice:new --unikernels=1 --memory=32 --cpus=0 --owner=alice >"$test_output.late" 2>&1 &
late=$!
wait_for 10 pgrep -fx '/bin/sleep 3' >/dev/null
albatrossctl -q policy remove alice
wait $late
prints 'nor can she delegate what is gone' "$no" cat "$test_output.late"
equal 'it is not there' $':\nboth\nothers\nshop\nteam\nweb' "$(albatrossctl -q policy list)"
limits alice --unikernels=10 --memory=256 --cpus=0 --owner=alice
check 'what is given back is there at once' ctl alice stop alice:web
check '... for all' ctl alice start alice:web
no_rule 10-slow

# --- what a tenant may not have, and an administrator may
rule 10-verbs <<'END'
polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.albatross.") === 0)
        polkit.spawn(["/usr/bin/logger", "-t", "rule", "verb=" + action.lookup("verb") + " name=" +
            action.lookup("name") + " path=" + action.lookup("path") + " owners=" +
            action.lookup("owners") + " others=" + action.lookup("others") + "."]);
});
END
refuse 'a MAC address of one'\''s choice, the gateway'\''s, say, is not an owner'\''s to have' "$no" ctl alice create --net=service:br0@02:00:00:00:00:99 alice:new "$HELLO"
refuse 'a network that is not locked is not an owner'\''s to have' "$no" ctl alice create --net=service:br0,nolock alice:new "$HELLO"
refuse '... nor the right of a path above it, which is told' 'only an administrator may give' \
    ctl alice create --net=service:br0,nolock alice:new "$HELLO"
logged() { # TEXT
    wait_for 10 has "$1" journal -t rule
}
check 'rules are told the verb' logged 'verb=create-unlocked name=alice:new path=alice owners=alice others=.'
ctl bob stop alice:web >/dev/null 2>&1
check 'and who of the owners the caller is not' logged 'verb=stop name=alice:web path=alice owners=alice others=alice.'
ctl alice policy set alice: --memory=512 >/dev/null 2>&1
check 'nobody is above a path at the root' logged 'verb=set name=alice path= owners= others=.'
ctl alice policy list alice: >/dev/null
check 'a list counts the path itself' logged 'verb=list-policies name=alice path=alice owners=alice others=.'

ip link add br0 type bridge && ip link set br0 up
# The daemon hears of it a moment later.
wait_for 10 limits alice --bridges=br0
echo=$RIG_BUILD/tests/guests/echo.spt
check 'an administrator gives her one that is not locked' \
    albatrossctl -q create --memory=2 --net=service:br0,nolock alice:net "$echo" -- --ip=10.77.0.2
check 'she can lock it' ctl alice -q update --net=service:br0 alice:net "$echo"
refuse 'but not go back to what it was' "$no" ctl alice rollback alice:net
check 'of which rules are told' logged 'verb=rollback-unlocked name=alice:net path=alice owners=alice others=.'
check 'nothing has changed' not grep -q nolock <<<"$(albatrossctl show alice:net -P Nets)"
check 'an administrator can' albatrossctl -q rollback alice:net
prints 'and it is unlocked' nolock albatrossctl show alice:net -P Nets
check 'away from that she can go by herself' ctl alice -q rollback alice:net
albatrossctl -q update --net=service:br0@02:00:00:00:00:77 alice:net "$echo"
albatrossctl -q update --net=service:br0 alice:net "$echo"
refuse 'nor does she get back a MAC address that somebody has chosen' "$no" ctl alice rollback alice:net
albatrossctl -q destroy alice:net
limits alice --bridges=
ip link del br0
no_rule 10-verbs

# --- a unikernel with its disks takes both rights
disk=$RIG_BUILD/tests/guests/disk.spt
limits alice --block=8
with_disk() { ctl alice -q block create alice:storage 1 && ctl alice -q create --memory=2 alice:db "$disk" -- --stay; }
check 'she has one with a disk' with_disk
check 'and destroys both' ctl alice -q destroy --blocks alice:db
equal 'neither is there' '' "$(albatrossctl list -q alice:db; ctl alice block list -q alice:)"
check 'once more' with_disk
rule 10-blocks <<'END'
polkit.addRule(function(action, subject) {
    if (action.id === "org.albatross.manage-block-devices" && subject.user === "alice" && action.lookup("verb") === "remove-block")
        return polkit.Result.NO;
});
END
refuse 'who may not remove the disk does not with its unikernel' "$no" ctl alice destroy --blocks alice:db
equal 'it runs on' running "$(albatrossctl show -P State alice:db)"
check 'without the disk she may' ctl alice -q destroy alice:db
equal 'which stays' alice:storage "$(albatrossctl block list -q alice:)"
no_rule 10-blocks
check 'it goes' albatrossctl -q block remove alice:storage
limits alice --block=none

# --- without polkit
systemctl mask --runtime -q polkit.service
systemctl stop polkit.service
refuse 'without polkit an owner is refused as well' polkit ctl alice stop alice:web
refuse 'and a policy, too' polkit ctl alice policy list alice:
check 'root needs no polkit' albatrossctl stop alice:web
systemctl unmask --runtime -q polkit.service
check 'with polkit again, it is as before' wait_for 10 ctl alice -q start alice:web

# --- asked for a password, on a terminal
usermod -aG sudo bob
echo 'bob:open sesame' | chpasswd
mkfifo "$test_output.keys"
on_terminal() { # PASSWORD COMMAND...
    local password=$1 status=0
    shift
    : >"$test_output.screen"
    (
        exec 4<>"$test_output.keys"
        wait_for 20 grep -q 'Password: ' "$test_output.screen"
        echo "$password" >&4
        wait_for 20 grep -q 'ended' "$test_output.screen"
    ) &
    # polkit asks only in sessions.
    script -qefc "systemd-run -q --pty -p PAMName=login -p User=carol -p WorkingDirectory=/ sh -c '$*; echo ended'" \
        /dev/null <"$test_output.keys" >"$test_output.screen" || status=$?
    wait
    cat "$test_output.screen"
    return $status
}
prints 'who is asked and knows the password' alice:web on_terminal 'open sesame' albatrossctl stop alice:web
prints 'is told what for' 'Authentication is required to manage the unikernel alice:web' cat "$test_output.screen"
equal 'may' stopped "$(albatrossctl show -P State alice:web)"
prints 'who does not know it' "$no" on_terminal 'close sesame' albatrossctl start alice:web
equal 'may not' stopped "$(albatrossctl show -P State alice:web)"
prints 'policies are asked for each time' 'Authentication is required to manage the policy alice' \
    on_terminal 'open sesame' albatrossctl policy set alice: --memory=128
equal 'and then set' 134217728 "$(albatrossctl policy list alice: --json=short | sed 's/.*"Memory":\([0-9]*\).*/\1/')"

check 'all can be destroyed' albatrossctl -q destroy :mine others:web alice:web
for path in alice both others shop team web; do
    albatrossctl -q policy remove --recursive $path
done
equal 'nothing is left' : "$(albatrossctl -q policy list)"
rm -f "${test_output:?}".[a-z]*
