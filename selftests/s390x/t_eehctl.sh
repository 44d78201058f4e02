#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# eehctl on s390x: the same objects and the same JSON as on POWER.
. ./ktap.sh
. ./lib.sh

out=/tmp/eehctl.out
run() { "$@" > "$out" 2>&1; }

check "the function goes to vfio-pci" to_vfio "$NVME"
run eehctl pe list
check "pe list: by function id" says "^$NVME_PE  *[0-9]*  *idle  *vfio-pci  *$NVME$" "$out"
check "pe list: a function without a driver" says "^$XHCI_PE  *[0-9]*  *none " "$out"
run eehctl -j pe list
for key in pe phb number owner iommu_group iommu_groups shared devices; do
	check "pe list: JSON has $key" says "\"$key\":" "$out"
done
# Its devices have one, too.
check "pe list: JSON has the PE's own iommu_group" says '"owner":"[a-z]*","iommu_group":[0-9]' "$out"
run eehctl pe show "$NVME"
if [ "$KERNEL" = new ]; then
	check "pe show: whose the errors are" says '^errors .*blocked until its owner resets it' "$out"
	errors=owner
else
	check "pe show: there is no freeze guarantee" says '^errors .*no freeze guarantee' "$out"
	errors=host
fi
run eehctl -j pe show "$NVME_PE"
check "pe show: JSON says it as well" says "\"fid\":257,\"errors\":\"$errors\"" "$out"
run eehctl pe state "$NVME_PE"
check "pe state: an idle function can be asked" says "^$NVME_PE  *normal  *zpci" "$out"
check "pe reset: and reset" eehctl pe reset "$NVME_PE"
run eehctl pe unfreeze "$NVME_PE"
check "pe unfreeze: refused" says 'no such operation' "$out"
run eehctl pe reset "$XHCI_PE"
check "pe reset: refused for a function of the kernel" says 'not bound to vfio-pci' "$out"
run eehctl inject dma-write "$NVME_PE"
check "inject: refused, with a reason" says 'no errors on request' "$out"
run eehctl -j inject list "$NVME_PE"
check "inject list: no to all" says_n 1 '"can":"no"' "$out"
check "inject list: no yes" bash -c "! grep -q '\"can\":\"\\(yes\\|maybe\\)\"' $out"

# While a process owns it, nobody else can.
nvme-zpci --errors 1 --wait 2000 --hold 30 "$NVME" > /tmp/owner.log 2>&1 &
owner=$!
check "an owner" wait_for 10 grep -q '^errors=1 ' /tmp/owner.log
run eehctl pe list
check "pe list: the owner" says "^$NVME_PE .* $owner nvme-zpci " "$out"
run eehctl pe reset "$NVME_PE" --force
check "pe reset: refused for another's function" says "process $owner (nvme-zpci) owns it" "$out"
run eehctl -j vm list
check "vm list: the owner" says "\"pid\":$owner" "$out"
kill "$owner"
wait "$owner" 2>/dev/null

# The kernel's own lines are understood as those of POWER are.
dmesg > /tmp/dmesg
run eehctl log decode /tmp/dmesg
check "log decode: the kernel's log" says 'function 0x101 (0001:00:00.0).*translation protection' "$out"
run eehctl -j log decode /tmp/dmesg
check "log decode: JSON" says '"class":"dma-iommu".*"fid":257' "$out"
finish
