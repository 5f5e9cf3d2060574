#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What there is only on a terminal: polkit's question for a password, and a progress bar.
# timeout: 240
. "$(dirname "$0")/lib.sh"
command -v script >/dev/null || skip 'script is missing (bsdutils)'
command -v pkttyagent >/dev/null || skip 'pkttyagent is missing (polkitd)'

# A command on a terminal of its own. What is written into the pipe comes from its keyboard; the
# terminal goes when that ends.
on_terminal() { # COMMAND
    script -qefc "$1" /dev/null | tr '\r' '\n'
}

# Types a password once there is a question, and leaves when that has had its answer.
typed() { # PASSWORD COMMAND
    shown=$test_output.shown
    : >"$shown"
    # shellcheck disable=SC2094 # it is looked at while it grows
    {
        wait_for 10 grep -q 'Password: ' "$shown"
        printf '%s\n' "$1"
        wait_for 10 grep -q 'AUTHENTICATION [CF]' "$shown"
        sleep 0.5
    } | on_terminal "$2" >"$shown"
}

password=w6rkshop
usermod -aG sudo carol
chpasswd <<<"carol:$password"

# --- the question

ask="runuser -u carol -- albatrossctl create --no-start asked $HELLO"
typed "$password" "$ask"
check 'an administrator is asked, by name' grep -q 'Authentication is required to .* asked' "$shown"
check 'and with the password it is done' eval 'albatrossctl list -q | grep -qx asked'
typed wrong "runuser -u carol -- albatrossctl create --no-start refused $HELLO"
prints 'a wrong password is no permission' 'not allowed' cat "$shown"
check 'and nothing is done' not eval 'albatrossctl list -q | grep -qx refused'
on_terminal "runuser -u carol -- albatrossctl --no-ask-password create --no-start refused $HELLO" </dev/null >"$shown"
prints 'nobody is asked with --no-ask-password' 'not allowed' cat "$shown"
check 'really not' not grep -q Password "$shown"
gpasswd -d carol sudo >/dev/null
albatrossctl -q destroy asked

# --- the bar

head -c 300M /dev/urandom >"$test_output.content"
shown=$test_output.shown
on_terminal "albatrossctl block create data 400 $test_output.content" </dev/null >"$shown"
bar='[0-9]+% \[#* *\] [0-9.]+[KMG] [0-9.]+[KMG]/s [0-9]+s left'
check 'a bar with bytes, rate and time left' grep -qE "$bar" "$shown"
equal 'none when it does not go to a terminal' data "$(albatrossctl block write data "$test_output.content" 2>&1)"
on_terminal "albatrossctl -q block write data $test_output.content" </dev/null >"$shown"
check 'none with -q' not grep -q % "$shown"
on_terminal 'albatrossctl block read data >/dev/null' </dev/null >"$shown"
check 'reading has one, too' grep -qE "$bar" "$shown"
albatrossctl -q block remove data
