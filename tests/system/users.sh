#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What everybody may see, and what only root may do.
. "$(dirname "$0")/lib.sh"

albatrossctl create --memory=2 mine "$HELLO" -- --sleep=600 --key=secret >/dev/null

prints 'alice sees that it runs' running as alice albatrossctl list --no-legend
prints 'and its state' running as alice albatrossctl status mine
check 'but not its arguments' not sh -c 'runuser -u alice -- albatrossctl show mine | grep -q secret'
check 'not over the bus either' not sh -c \
    'runuser -u alice -- busctl call org.albatross /org/albatross org.freedesktop.DBus.ObjectManager GetManagedObjects | grep -q secret'
refuse 'Inspect is refused' 'not allowed' as alice busctl call org.albatross /org/albatross \
    org.albatross.Manager Inspect s mine
refuse 'create is refused' 'not allowed' as alice albatrossctl create theirs "$HELLO"
refuse 'stop is refused' 'not allowed' as alice albatrossctl stop mine
refuse 'destroy is refused' 'not allowed' as alice albatrossctl destroy mine
refuse 'console is refused' 'not allowed' as alice albatrossctl console mine
refuse 'get-image is refused' 'not allowed' as alice albatrossctl get-image mine /tmp/image
equal 'it runs on' running "$(albatrossctl show mine -P State)"
refuse 'the private socket is not theirs' 'denied' as alice \
    busctl --address=unix:path=/run/albatross/bus call org.albatross /org/albatross \
    org.albatross.Manager ListUnikernels s ''
prints 'root inspects it' secret busctl call org.albatross /org/albatross org.albatross.Manager Inspect s mine

systemctl mask --runtime -q polkit.service
systemctl stop polkit.service
refuse 'without polkit it is refused as well' 'polkit' as alice albatrossctl stop mine
check 'root needs no polkit' albatrossctl stop mine
systemctl unmask --runtime -q polkit.service
check 'destroyed' albatrossctl destroy mine
