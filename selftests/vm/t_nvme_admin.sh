#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_nvme_admin.sh [ERRORS]: a driver in user space (examples/nvme-admin) owns an NVMe controller,
# without our kernel module and without being root. Errors of every kind that the host can inject
# are injected, and it recovers from each through VFIO ioctls alone; then from freezes that come
# from elsewhere. Its data are right each time. Afterwards the kernel's own driver takes the device.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

ERRORS=${1:-50}
FREEZES=5
NOBODY=65534

nvme_device
as=()
if type setpriv > /dev/null 2>&1; then
	chown $NOBODY "/dev/vfio/$group"
	chmod 666 /dev/vfio/vfio
	as=(setpriv --reuid "$NOBODY" --clear-groups)
fi

# sums FILE: s_identify, s_recoveries, s_injected of its last line
sums() {
	local line

	line=$(tail -n 1 "$1")
	[[ $line =~ ^identify=([0-9]+)\ recoveries=([0-9]+)\ injected=([0-9]+)$ ]] ||
		{ s_identify=-1 s_recoveries=-1 s_injected=-1; return; }
	s_identify=${BASH_REMATCH[1]} s_recoveries=${BASH_REMATCH[2]} s_injected=${BASH_REMATCH[3]}
}

# nvme_admin ARGS...: rc, and the sums
nvme_admin() {
	rc=0
	"${as[@]}" nvme-admin "$@" "$nvme" > /run/nvme.out 2>&1 || rc=$?
	sums /run/nvme.out
}

said() { tail -n 8 /run/nvme.out; }

! grep -q '^eeh_bpf ' /proc/modules && ok "our module is not loaded" || not_ok "our module is not loaded"
if [[ $("${as[@]}" id -u) == "$NOBODY" ]]; then ok "not root"; else skip "not root" "no setpriv here"; fi

nvme_admin --count 10 --interval 0
is "it identifies the controller" "rc == 0 && s_identify == 10 && s_recoveries == 0" "$(said)"
check "by its name" grep -q '^model *QEMU NVMe Ctrl' /run/nvme.out
user=("${as[@]}")
as=()		# v1 accounts for the whole window
nvme_admin --v1 --count 3 --interval 0
is "in a container of type v1 as well" "rc == 0 && s_identify == 3" "$(said)"
as=("${user[@]}")

# Each class once: which this firmware has.
for class in config-read config-write mmio-load mmio-store dma-read dma-write; do
	nvme_admin --inject 1 --class $class
	is "$class: injected and recovered" "rc == 0 && s_recoveries >= 1 && s_injected == 1" "$(said)"
done
nvme_admin --inject 1 --class io-load
is "io-load: refused" "rc == 1 && s_injected == 0" "$(said)"
check "io-load: and it says why" grep -q 'io-load: no PHB' /run/nvme.out

nvme_admin --inject "$ERRORS"
is "$ERRORS errors in turn, each recovered" \
	"rc == 0 && s_injected == ERRORS && s_recoveries >= ERRORS && s_identify > ERRORS" "$(said)"
diag "$(grep -c '^recovered' /run/nvme.out) recoveries, last: $(grep '^recovered' /run/nvme.out | tail -n 1)"

# Freezes that it does not know of.
recoveries() { grep -c '^recovered' /run/nvme.out; }
more_than() { (($(recoveries) > $1)); }
rm -f /run/nvme.out
"${as[@]}" nvme-admin --interval 20 "$nvme" > /run/nvme.out 2>&1 &
pid=$!
check "it runs" until_true 20 grep -q '^model' /run/nvme.out
noticed=0
for ((i = 0; i < FREEZES; i++)); do
	before=$(recoveries) || true
	freeze "$nvme"
	until_true 60 more_than "$before" || break
	noticed=$((noticed + 1))
done
is "$FREEZES freezes from elsewhere, each noticed and recovered" "noticed == FREEZES" "$(said)"
kill -TERM $pid
rc=0
wait $pid || rc=$?
sums /run/nvme.out
is "it ends when asked to" "rc == 0 && s_recoveries >= FREEZES" "$(said)"

echo "$nvme" > /sys/bus/pci/drivers/vfio-pci/unbind
echo > "/sys/bus/pci/devices/$nvme/driver_override"
modprobe nvme || true
[[ -e /sys/bus/pci/devices/$nvme/driver ]] || echo "$nvme" > /sys/bus/pci/drivers_probe
disk() { [[ -b /dev/nvme0n1 ]]; }
check "the kernel's driver takes it back" until_true 60 disk
check "and reads from it" timeout 60 dd if=/dev/nvme0n1 of=/run/block bs=4k count=4 iflag=direct status=none
finish
