# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What the tests of integrations/qemu share: that QEMU with a guest whose devices are on one PHB, and
# Debian's errinjct (powerpc-ibm-utils, unmodified) in the guest. Source it after guest.sh.

NET=0001:00:01.0	# in the guest; errinjct refuses slot 0: config address 0
DISK=0001:00:02.0

[[ -x /payload/vmm/qemu-system-ppc64 ]] || skip_all "there is no QEMU with our series"
# "guest" takes the first one.
export PATH=/payload/vmm:$PATH

# vfio ADDR SLOT: a device of the guest's PHB, as QEMU's options name it
vfio() { echo "vfio-pci,host=$1,bus=phb1.0,addr=$2,id=dev$2"; }

# begin OPTION...: a guest with the e1000e at slot 1
begin() {
	# Time-outs: what a frozen NVMe has not done is missed, and looked for, after that long only.
	guest start "$GUEST" --smp 2 --append iomem=relaxed \
		--append nvme_core.admin_timeout=3 --append nvme_core.io_timeout=3 \
		--qemu-arg -device --qemu-arg spapr-pci-host-bridge,index=1,id=phb1 \
		--qemu-arg -device --qemu-arg "$(vfio "$DEV" 1)" "$@"
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

class_of() { [[ $1 == "$NET" ]] && echo net/eth0 || echo nvme/nvme0; }

# A config read that VFIO does not answer itself: class and revision. By its all-ones the guest notices.
look() { in_guest "setpci -s $1 8.l > /dev/null"; }

# The e1000e's driver loads and stores registers. It may be gone for the moment.
poke() { in_guest "ip link set eth0 down; ip link set eth0 up; true"; }

# Descriptors are read, and written back.
send() { in_guest "ip link set eth0 up; ip addr add 192.0.2.1/24 dev eth0; ping -c 1 -W 1 192.0.2.2; true" > /run/send.out 2>&1; }

# The NVMe's driver loads none for long. CSTS, by hand: all-ones, which the driver sees when it times out.
load_csts() {
	in_guest "devmem \$((\$(head -n 1 /sys/bus/pci/devices/$DISK/resource | cut -d ' ' -f 1) + 0x1c))" > /run/csts
}

read_disk() { in_guest "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=${1:-1} iflag=direct 2> /dev/null"; }

# make_it_happen DEVICE FUNCTION: an access that the error waits for, and one that meets the freeze.
make_it_happen() {
	case $1,$2 in
	*,[45]) look "$1" ;;
	# The latency timer: VFIO passes it on.
	"$NET",10 | "$NET",11) in_guest "setpci -s $1 d.b=40" && poke ;;
	*,10 | *,11) in_guest "setpci -s $1 d.b=40" && read_disk ;;
	"$NET",1[2-7]) send && poke ;;
	"$NET",*) poke ;;
	*,[01]) load_csts && read_disk ;;
	*) read_disk ;;
	esac || true
}

works() {
	in_guest "test \$(setpci -s $1 8.l) != ffffffff &&
		test -e /sys/bus/pci/devices/$1/driver && test \$(( \$(setpci -s $1 4.w | sed s/^/0x/) & 6 )) = 6"
}

# arm NAME DEVICE FUNCTION KIND: armed; KIND: eeh, eeh-64
arm() {
	says "$1: errinjct $4 -f $3 injects" "Call to RTAS errinjct succeeded" \
		"$4" -v -f "$3" -s "$(class_of "$2")"
	[[ $SAID == *succeeded* ]] || diag "$(grep spapr-eeh "/run/guest/$GUEST/qemu.log" | tail -n 2)"
}

# hit NAME DEVICE FUNCTION [KIND]: inject, make it happen; the driver recovers
hit() {
	local name=$1 before

	before=$(recoveries)
	arm "$name" "$2" "$3" "${4:-eeh}"
	make_it_happen "$2" "$3"
	check "$name: the guest recovers" until_true 60 recovered "$before"
	check "$name: the device works" works "$2"
}
