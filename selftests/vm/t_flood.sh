#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_flood.sh: who owns a PE can not fill the host's kernel log (docs/host-log.md).
#
# Through VFIO, as the owner of a device: 10,000 injections that firmware refuses, and as many of a
# type that there is not. Through /dev/eeh: the first of these again, everything that it refuses, and
# 100 freezes and thaws. The lines are counted; opening a group is worth four. Then a good one gets
# through.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

PHB=1

# lines: REPLY = lines of the kernel log until now, as it numbers them (nothing is overwritten)
lines() { REPLY=$(busybox dmesg | grep -c . || true); }

# within NAME MAX COMMAND...: no more than MAX lines come of it
within() {
	local name=$1 max=$2 before start now

	shift 2
	busybox dmesg -c > /dev/null
	read -r start _ < /proc/uptime
	"$@"
	# what is rate-limited may add a line for every period of 5 s
	read -r now _ < /proc/uptime
	lines
	took=$((${now%.*} - ${start%.*} + 1))
	got=$REPLY limit=$((max * (took / 5 + 1)))
	is "$name: at most $max lines each 5 s" "got <= limit"
	diag "$name: $got lines in $took s"
	((got <= limit)) || diag "$(busybox dmesg | tail -n 5)"
}

# EEH_ERR_FUNC_LD_IO_ADDR (2): no PHB4 has I/O space
bad_injections() {
	out=$(eehdev inject $PHB "$PE" 10000 0 2 0)
	same "as /dev/eeh: all are refused" "${out% *}" "failed=10000"
}

vfio_injections() {
	out=$(eehdev vfio-inject "$GROUP" 10000 "$@")
	same "type $1, function $2: all are refused" "${out% *}" "failed=10000"
}

frozen() { [[ $(eehdev op $PHB "$PE" 4) == 2 ]]; }

freezes() {
	local i

	for ((i = 0; i < 100; i++)); do
		freeze "$DEV"
		eehdev op $PHB "$PE" 4 > /run/op.out
		eehdev op $PHB "$PE" 2 > /run/op.out
		eehdev op $PHB "$PE" 3 > /run/op.out
	done
}

refused() {
	local i

	for ((i = 0; i < 50; i++)); do
		eehdev bad $PHB "$PE" > /run/bad.out || diag "$(< /run/bad.out)"
	done
}

device "$DEV"
PE=$(inject pe "$DEV")
module_load
exec {KEEP}<> /dev/eeh	# the module listens
GROUP=$(readlink "/sys/bus/pci/devices/$DEV/iommu_group")
GROUP=${GROUP##*/}
within "10,000 injections by VFIO that firmware refuses" 16 vfio_injections 0 2
within "10,000 injections by VFIO of a type that there is not" 16 vfio_injections 5 4
vmm_start vm --device "$DEV" --loop-until-signal
vmm vm pause
within "10,000 injections that firmware refuses" 12 bad_injections
within "50 times everything that /dev/eeh refuses" 12 refused
within "100 freezes and thaws" 4 freezes
# EEH_ERR_FUNC_LD_CFG_ADDR (4): the next load from configuration space. It is used up here: the open
# of a device whose recovery has begun fails (EAGAIN, pci_try_reset_function() in vfio_pci_core).
same "then a good one gets through" "$(eehdev inject $PHB "$PE" 1 0 4 0)" "failed=0 last=0"
read_config "$DEV"
check "and freezes the PE" until_true 10 frozen
eehdev op $PHB "$PE" 2 > /run/op.out
eehdev op $PHB "$PE" 3 > /run/op.out
vmm vm resume
vmm_stop vm
exec {KEEP}>&-
finish
