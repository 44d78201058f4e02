#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU with integrations/qemu as the VMM: two devices on one PHB of its guest, each a PE by itself; and
# Debian's errinjct (powerpc-ibm-utils, unmodified) in the guest injects errors into both.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh
# shellcheck source=selftests/vm/guest.sh
. ./guest.sh

NET=0001:00:01.0	# in the guest; errinjct refuses slot 0: config address 0
DISK=0001:00:02.0

[[ -x /payload/vmm/qemu-system-ppc64 ]] || skip_all "there is no QEMU with our series"
# "guest" takes the first one.
export PATH=/payload/vmm:$PATH

# begin OPTION...: a guest with both devices on one PHB
begin() {
	# Time-outs: after a recovery the guest's NVMe gets no interrupts in the lab, see t_guest_nvme.sh.
	guest start "$GUEST" --smp 2 --append iomem=relaxed \
		--append nvme_core.admin_timeout=1 --append nvme_core.io_timeout=1 "$@" \
		--qemu-arg -device --qemu-arg spapr-pci-host-bridge,index=1,id=phb1 \
		--qemu-arg -device --qemu-arg "vfio-pci,host=$DEV,bus=phb1.0,addr=1,id=dev1" \
		--qemu-arg -device --qemu-arg "vfio-pci,host=$DEV2,bus=phb1.0,addr=2,id=dev2"
	in_guest "mkdir -p /var/lock"
}

# errinjct ARGS...: SAID = what it says. Its exit status says nothing of an injection that failed.
errinjct() {
	SAID=$(in_guest "LD_LIBRARY_PATH=/payload/errinjct/usr/lib/powerpc64le-linux-gnu \
		/payload/errinjct/usr/sbin/errinjct $* 2>&1; true")
}
# says NAME TEXT ARGS...: errinjct's output has TEXT
says() {
	local name=$1 text=$2

	shift 2
	errinjct "$@"
	if [[ $SAID == *"$text"* ]]; then
		ok "$name"
	else
		not_ok "$name" "errinjct $* does not say '$text' but:" "$SAID"
	fi
}

property() { in_guest "test -e /proc/device-tree/rtas/$1"; }

class_of() { [[ $1 == "$NET" ]] && echo net/eth0 || echo nvme/nvme0; }

# How often that device's driver was told of a reset
resets() { in_guest "dmesg | grep -c 'PCI $1#.*Invoking.*slot_reset'; true"; }
resets_are() { [[ $(resets "$1") == "$2" ]]; }

# A config read that VFIO does not answer itself: class and revision. By its all-ones the guest notices.
look() { in_guest "setpci -s $1 8.l > /dev/null"; }

works() {
	in_guest "test \$(setpci -s $1 8.l) != ffffffff &&
		test -e /sys/bus/pci/devices/$1/driver && test \$(( \$(setpci -s $1 4.w | sed s/^/0x/) & 6 )) = 6"
}

# The e1000e's driver loads and stores registers
poke() { in_guest "ip link set eth0 down; ip link set eth0 up" || true; }

# hit NAME DEVICE FUNCTION ARGS...: inject, make it happen; the driver recovers
hit() {
	local name=$1 dev=$2 func=$3 before

	shift 3
	before=$(recoveries)
	says "$name: errinjct -f $func injects" "Call to RTAS errinjct succeeded" \
		"$@" -v -f "$func" -s "$(class_of "$dev")"
	[[ $SAID == *succeeded* ]] || diag "$SAID"
	# Config space: 4 and 5
	[[ $func == [45] ]] || poke
	look "$dev"
	check "$name: the guest recovers" until_true 60 recovered "$before"
	check "$name: the device works" works "$dev"
}

device "$DEV"
device "$DEV2"
check "a guest of QEMU with libeeh boots" begin --qemu-arg -machine --qemu-arg eeh-inject=on
diag "$(in_guest "dmesg | grep -i 'EEH: '; ls -d /proc/device-tree/rtas/ibm,*err* /proc/device-tree/rtas/ibm,reset*; true")"
for p in ibm,errinjct ibm,errinjct-tokens ibm,open-errinjct ibm,close-errinjct ibm,reset-capabilities \
	ibm,configure-bridge; do
	check "/rtas has $p" property "$p"
done
check "both devices have their drivers" in_guest "test -e /sys/class/net/eth0 && test -e /dev/nvme0n1"
in_guest "ip link set eth0 up"

# ---- what this host can, on both. The NVMe last: its disk cannot be read after a recovery. Config cycles
# last: in the lab a PE is frozen again after that recovery (integrations/qemu/README.md).
hit "e1000e: load from memory space" "$NET" 0 eeh
hit "e1000e: load from config space" "$NET" 4 eeh
# One of two PEs of the PHB was frozen and reset.
check "its driver was told" resets_are "$NET" 2
check "the other PE's was not" resets_are "$DISK" 0
check "and its disk can be read" \
	in_guest "dd if=/dev/nvme0n1 of=/dev/null bs=64k count=4 iflag=direct 2> /dev/null"
hit "nvme: load from config space" "$DISK" 4 eeh
diag "$(grep spapr-eeh "/run/guest/$GUEST/qemu.log" | tail -n 4)"

# ---- sessions
says "a session opens" "open" open
diag "$SAID"
token=$(grep -oE '[0-9]+' <<< "$SAID" | tail -n 1)
says "a second one does not" "already open" open
says "a wrong token is refused" "not open" close -k $((token + 1))
says "the session is still open" "already open" open
says "the right one closes it" "" close -k "$token"
diag "$SAID"
says "closed: the token is worth nothing" "not open" eeh -f 4 -s net/eth0 -k "$token"

# ---- what this host cannot: refused, nothing armed
for f in 2 8 14 18 19; do
	says "function $f: refused" "Argument error (-3)" eeh -f "$f" -s net/eth0
done
says "a processor's error: refused" "(-3)" slb -a 0

guest stop "$GUEST"
finish
