#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A Linux guest with an e1000e: its freeze queries are answered in the kernel; it sees a freeze at
# its first query, and recovers; it is rebooted, and its device unplugged and plugged, while it asks.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh
# shellcheck source=selftests/vm/guest.sh
. ./guest.sh

# -no-reboot is for panics; the last one counts
guest_begin --qemu-arg -action --qemu-arg reboot=reset

frozen_and_recovered "freeze" freeze "$DEV"
frozen_and_recovered "failed config cycle" inject -t cfg "$DEV"

# reboot NAME: after system_reset, under the loop
after_reboot() {
	local name=$1

	check "$name: the guest boots again" until_true 300 agent_up
	guest_module
	loop_start
	answers_again 60 || true
	nap 300
	loop_stop
	is "$name: its queries are answered in the kernel again" \
		"g_normal > 20 && g_frozen + g_errors == 0"
	counters_zero
	freeze "$DEV"
	ask rtas 1 1
	thaw "$DEV"
	counters
	is "$name: a freeze is told" "g_frozen == 1 && n_answered == 0"
}

loop_start
counters_zero
guest monitor "$GUEST" system_reset
until_true 60 dropped_more 0 || true
counters
is "reboot: the bindings went" "n_dropped >= 1"
after_reboot "reboot"

# A guest without drmgr gives a device back only when it reboots: then it is really closed.
loop_start
guest monitor "$GUEST" "device_del dev1"
nap 500
check "unplugged: asked for, the fast path still answers" answers_again 20
counters_zero
guest monitor "$GUEST" system_reset
check "unplugged: the device is closed" until_true 60 no_bindings
check "unplugged: QEMU has it no more" until_true 60 qemu_without_device
# QEMU refuses ("already attached") as long as it has not finished with the device that went.
plug() {
	[[ $(guest monitor "$GUEST" "device_add vfio-pci,host=$DEV,bus=phb1.0,addr=0,id=dev1" 2>&1) != *Error* ]]
}
check "plugged: QEMU takes it again" until_true 60 plug
guest monitor "$GUEST" system_reset
after_reboot "plugged"
guest stop "$GUEST"
same "the guest's end takes its bindings along" "$(< $K/bindings)" ""
finish
