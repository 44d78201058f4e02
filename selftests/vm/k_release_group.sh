#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# k_release_group.sh: a passed-through device is removed while the VMM that holds it exits.
#
# pnv_pci_ioda2_release_pe_dma() (arch/powerpc/platforms/powernv/pci-ioda.c) drops its reference to the
# IOMMU group and warns if it was not the last one. A VMM's open VFIO group has one as well, and at
# exit a file of the group may be closed after the device's. The warning is "kernel trouble", so
# the run fails on a kernel that has it.
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

removed=0
! [[ -d $K ]] || rmmod eeh_bpf
for ((i = 0; i < 15; i++)); do
	lab-vfio "$DEV"
	vmm_start vm --device "$DEV" --loop-until-signal
	vmm_fields vm
	echo 1 > "/sys/bus/pci/devices/$DEV/remove" &
	pid=$!
	nap $((200 + RANDOM % 300))
	vmm_stop vm
	wait $pid
	[[ -d /sys/bus/pci/devices/$DEV ]] || removed=$((removed + 1))
	echo 1 > /sys/bus/pci/rescan
	until_true 20 test -d "/sys/bus/pci/devices/$DEV"
done
is "removed while its VMM exits, without the module" "removed == 15"
same "the module was not loaded" "$(grep -c eeh_bpf /proc/modules || true)" 0
finish
