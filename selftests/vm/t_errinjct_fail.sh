#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU with integrations/qemu as the VMM, what takes minutes: a device that comes while another one
# recovers, fundamental resets, with and without the capability, and a device that fails until its guest
# gives it up.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh
# shellcheck source=selftests/vm/guest.sh
. ./guest.sh
# shellcheck source=selftests/vm/errinjct.sh
. ./errinjct.sh

LOG=/run/guest/$GUEST/qemu.log

begin_traced() {
	begin --qemu-arg -machine --qemu-arg eeh-inject=on \
		--qemu-arg -trace --qemu-arg spapr_eeh_event --qemu-arg -trace --qemu-arg vfio_get_device "$@"
	in_guest "insmod /payload/eehguest.ko dev=$NET && ip link set eth0 up"
}

# The functions of ibm,set-slot-reset that succeeded: 1 hot, 3 fundamental, 0 the end of either
reset_functions() { sed -n 's/.*spapr_eeh_event reset: .* func=\([0-9]*\).*/\1/p' "$LOG" | tr '\n' ' '; }

# The device came between "frozen" and "recovered" of the one that was there: by the order in QEMU's log.
came_meanwhile() {
	awk -v dev="$1" '/spapr_eeh_event frozen/ { frozen = 1 } /spapr_eeh_event recovered/ { frozen = 0 }
		frozen && /vfio_get_device/ && index($0, dev) { found = 1 } END { exit !found }' "$LOG"
}

error_detected() { in_guest "dmesg | grep -q 'PCI $1#.*Invoking.*error_detected'"; }

told_off() { grep -q 'failed for good: the guest gave it up' "$LOG"; }
gone() { in_guest "! test -e /sys/bus/pci/devices/$1"; }

device "$DEV"
device "$DEV2"

# ---- the second group of the PHB comes while the first PE recovers
check "a guest with the e1000e boots" begin_traced
before=$(recoveries)
arm "e1000e: load from config space" "$NET" 4 eeh
look "$NET"
check "its recovery begins" until_true 30 error_detected "$NET"
guest monitor "$GUEST" "device_add $(vfio "$DEV2" 2)" > /run/monitor.log
check "the guest recovers" until_true 60 recovered "$before"
check "the NVMe came meanwhile" came_meanwhile "$DEV2"
check "the e1000e works" works "$NET"
same "QEMU has EEH for both" "$(grep -c 'no EEH' "$LOG" || true)" 0
same "by hot resets" "$(reset_functions)" "1 0 "
hit "e1000e, with two groups on the PHB" "$NET" 4

# ---- fundamental resets, which a driver asks for
in_guest "echo 1 > /sys/kernel/eehguest/freset"
hit "e1000e that needs a fundamental reset" "$NET" 4
same "it got one" "$(reset_functions)" "1 0 1 0 3 0 "

# ---- five failures, and one more
in_guest "echo 0 > /sys/kernel/eehguest/freset; echo 5 > /sys/kernel/debug/powerpc/eeh_max_freezes"
hit "the fourth failure" "$NET" 4
hit "the fifth failure" "$NET" 4
arm "the sixth" "$NET" 4 eeh
look "$NET"
check "the guest gives the device up" until_true 60 gone "$NET"
check "and says so to its firmware (ibm,slot-error-detail, function 2)" until_true 30 told_off
diag "$(in_guest "dmesg | grep -E 'permanent|failed' | tail -n 3")"
# By its numbers: there is no net/eth0 any more.
says "a PE that was given up is not injected into" "Hardware error (-1)" \
	eeh -f 4 -c 800 -h 8000000 -l 20000001
check "as it is not normal" grep -q "function 4, .*status -1: the PE is not normal" "$LOG"
guest stop "$GUEST"

# ---- without fundamental resets
check "a guest without fundamental resets boots" begin_traced --qemu-arg -machine --qemu-arg x-eeh-fundamental=off
check "its /rtas has no ibm,reset-capabilities" \
	in_guest "! test -e /proc/device-tree/rtas/ibm,reset-capabilities"
in_guest "echo 1 > /sys/kernel/eehguest/freset"
hit "e1000e that needs a fundamental reset" "$NET" 4
same "it got a hot one" "$(reset_functions)" "1 0 "
guest stop "$GUEST"
finish
