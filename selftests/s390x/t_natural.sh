#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Real errors: the owner of an NVMe function has it write to an address that is not mapped. Each time it
# hears of it within 100 ms, resets the function, and it answers Identify and interrupts again.
. ./ktap.sh
. ./lib.sh

log=/tmp/natural.log
available() { awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo; }

check "the function goes to vfio-pci" to_vfio "$NVME"
# An owner that was killed cannot put back what it had to set.
echo "flr bus" > "$(sys "$NVME")/reset_method"
check "warm-up" nvme-zpci --errors 10 --wait 2000 "$NVME"
before=$(available)
nvme-zpci --errors 50 --wait 2000 "$NVME" > "$log" 2>&1
rc=$?
check "50 errors in a row, each recovered" says '^errors=50 recoveries=50 revived=0$' "$log"
# Not all: a busy machine under this one may stop its CPUs for longer.
check "they were heard of within 100 ms" test \
	"$(grep -c '^recovered heard_ms=[0-9][0-9]\?\.' "$log")" -ge 47
if [ "$KERNEL" = new ]; then
	check "it stays with its owner" says '^open pe=0001:101 kernel=owner$' "$log"
	# The owner itself compares function and address.
	check "each has code, function and address" says_n 50 \
		'^error seq=[0-9]* pec=0x4 fid=0x101 faddr=0x1008.*class=dma-iommu: DMA by function 0x101' "$log"
else
	check "the kernel unblocks it" says '^open pe=0001:101 kernel=host$' "$log"
	check "each is told, without a code" says_n 50 '^error seq=[0-9]* fid=0x101 without a code$' "$log"
	check "the kernel did unblock it each time" test "$(dmesg | grep -c \
		"zpci: $NVME: Unblocking device access")" -ge 50
	check "the reset method is restored" grep -q 'flr bus' "$(sys "$NVME")/reset_method"
fi
# It compares what it holds after the first error and after the last.
check "no descriptor and no byte of its heap is left for an error" test "$rc" = 0
check "no memory of the kernel, as far as that shows" test $((before - $(available))) -lt 3000
diag "slowest: $(sed -n 's/^recovered heard_ms=\([0-9.]*\) took_ms=\([0-9.]*\)$/\1 \2/p' "$log" | awk '
	{ if ($1 > h) h = $1; if ($2 > t) t = $2 } END { print "heard " h " ms, recovered " t " ms" }')" \
	"(emulated, not hardware)"

# An owner that is not written for it, but for POWER: the same library calls.
check "nvme-admin runs" nvme-admin --count 3 --interval 10 --quiet "$NVME"
cp "$log" "$EEH_OUT/"
finish
