#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Owners that go without a word, and functions that go with their owners: killed at any moment of an
# error and its recovery; unplugged and plugged again while owned.
. ./ktap.sh
. ./lib.sh

log=/tmp/owner.log

check "the function goes to vfio-pci" to_vfio "$NVME"
recovered=0 n=0
# Counted from its start, then from its first recovery: how long that takes depends on the host.
for when in "0 " "50 " "100 " "150 " "0 recovered" "30 recovered" "60 recovered" "90 recovered" \
	"120 recovered" "150 recovered" "200 recovered" "300 recovered"; do
	read -r ms after <<< "$when"
	nvme-zpci --errors 10000 --wait 2000 "$NVME" > $log 2>&1 &
	owner=$!
	[ -z "$after" ] || wait_for 20 grep -q "^$after" $log
	usleep $((ms * 1000))
	kill -9 $owner
	wait $owner 2>/dev/null
	n=$((n + 1))
	recovered=$((recovered + $(grep -c '^recovered' $log)))
	if ! nvme-zpci --errors 1 --wait 2000 "$NVME" > $log 2>&1; then
		not_ok "after a kill at $when the next owner recovers an error" "$(cat $log)"
		break
	fi
done
check "killed $n times: the next owner recovers an error each time" says '^errors=1 recoveries=1 ' $log
diag "they were killed in the middle of $recovered recoveries"
check "some were killed in the middle of their work" test "$recovered" -gt 0

# The same, and certain: the error is there while it is set up.
check "an error of its predecessor" nvme-zpci --late --errors 1 --wait 2000 "$NVME"
nvme-zpci --late --errors 2 --wait 2000 "$NVME" > $log 2>&1
check "an error of its predecessor: it is reset and set up again, and recovers its own" \
	says '^errors=2 recoveries=2 ' $log
[ "$KERNEL" = old ] || check "an error of its predecessor: setting it up had failed" says '^set up again: it failed$' $log

# Another function, as it comes back with its history gone.
check "the other function goes to vfio-pci" to_vfio "$NVME2"
nvme-zpci --errors 1 --wait 2000 --hold 60 "$NVME2" > $log 2>&1 &
owner=$!
check "it has an owner" wait_for 10 grep -q '^errors=1 ' $log
check "unplug it" ask del dev2
check "the owner is asked for it" wait_for 20 grep -q '^requested$' $log
begin=$SECONDS
wait $owner
check "the owner lets go" test $? = 0
# Not because its 60 s are over.
check "and at once" test $((SECONDS - begin)) -lt 30
gone() { [ ! -e "$(sys "$NVME2")" ]; }
check "it is gone" wait_for 20 gone
run() { eehctl pe show "$NVME2_PE"; }
check "eehctl: there is no such PE" bash -c "eehctl pe show $NVME2_PE 2>&1 | grep -q 'there is no PE'"
check "plug its zPCI part" ask add '{"driver":"zpci","id":"again2","uid":2,"fid":258,"target":"dev2"}'
check "plug it" ask add \
	'{"driver":"nvme","id":"dev2","drive":"spare","serial":"lab2","max_ioqpairs":4,"msix_qsize":5}'
there() { [ -e "$(sys "$NVME2")/function_id" ]; }
check "it is there again" wait_for 20 there
diag "its reset methods: $(cat "$(sys "$NVME2")/reset_method")"
check "under the same name" bash -c "eehctl pe list | grep -q '^$NVME2_PE '"
check "to vfio-pci" to_vfio "$NVME2"
check "its new owner recovers errors" nvme-zpci --errors 3 --wait 2000 "$NVME2"
# What eeh_zpci_open() mends: docs/zpci.md.
echo 1 > "$(sys "$NVME2")/recover"
wait_for 5 there
diag "the reset methods of one that was revived: $(cat "$(sys "$NVME2")/reset_method")"
check "to vfio-pci once more" to_vfio "$NVME2"
check "and its owner recovers errors" nvme-zpci --errors 3 --wait 2000 "$NVME2"
finish
