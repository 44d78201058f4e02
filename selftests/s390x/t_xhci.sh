#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A device that is no NVMe: a USB controller of conventional PCI, whose error the owner hears of by
# its eventfd since 7.3, and by BPF events before.
. ./ktap.sh
. ./lib.sh

log=/tmp/xhci.log

check "the controller goes to vfio-pci" to_vfio "$XHCI"
for i in 1 2 3; do
	xhci-zpci "$XHCI" > $log 2>&1
	check "error $i: recovered, and it completes a command and interrupts" test $? = 0 || diag "$(cat $log)"
done
if [ "$KERNEL" = new ]; then
	check "its owner was told" says '^error pec=0x[1-9a-f].* fid=0x103 faddr=0x1008' $log
	check "by its eventfd" says '^recovered heard by=owner$' $log
else
	check "its owner cannot be told, but by BPF events" says '^recovered heard by=bpf$' $log
	check "which have code and address" says '^event pec=0x[1-9a-f].* fate=kernel faddr=0x1008' $log
fi
cp $log "$EEH_OUT/"
finish
