#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU with integrations/qemu as the VMM: two devices on one PHB of its guest, each a PE by itself; errors
# from inside the guest into both, sessions and refusals; the guest's I/O events; the fast path. What takes
# longer is in t_errinjct_fail.sh.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh
# shellcheck source=selftests/vm/guest.sh
. ./guest.sh
# shellcheck source=selftests/vm/errinjct.sh
. ./errinjct.sh

property() { in_guest "test -e /proc/device-tree/rtas/$1"; }

# How often that device's driver was told of a reset
resets() { in_guest "dmesg | grep -c 'PCI $1#.*Invoking.*slot_reset'; true"; }
resets_are() { [[ $(resets "$1") == "$2" ]]; }

disk_interrupts() { in_guest "awk '/nvme0q[1-9]/ { n += \$2 + \$3 } END { print n + 0 }' /proc/interrupts"; }

# machine OPTION: a QEMU that does not get to boot anything; /run/dtb is what it would show its guest
machine() {
	rm -f /run/dtb
	printf '%s\n' "dumpdtb /run/dtb" quit | qemu-system-ppc64 -S -monitor stdio -cpu host -m 512M -nodefaults \
		-machine "pseries,accel=kvm,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off" \
		-machine "cap-hpt-max-page-size=4k,ic-mode=xics" -machine "$1" -display none > /run/machine.log 2>&1
}
shows() { grep -aq "$1" /run/dtb; }
shows_not() { ! shows "$1"; }

fastpath_is_on() { eehctl fastpath status | grep -q '^state *attached'; }

# An event of the guest's PE, from the module in the host by QEMU to a subscriber in the guest
E=/sys/kernel/eehguest
events_are() { [[ $(in_guest "grep -c . $E/events; true") == "$1" ]]; }

# ---- the machine's options, without a guest
check "eeh-inject=off: the machine starts" machine eeh-inject=off
check "and shows no error injection" shows_not errinjct
check "but EEH" shows ibm,read-slot-reset-state2
check "eeh-inject=on: it does" machine eeh-inject=on
check "and shows error injection" shows ibm,errinjct-tokens
if machine eeh-fastpath=on; then rc=0; else rc=1; fi
is "eeh-fastpath=on without the module: no machine" "rc != 0"
check "and it says why" grep -q "eeh-fastpath=on: .*eeh_bpf" /run/machine.log
diag "$(tail -n 1 /run/machine.log)"
check "eeh-fastpath=auto without the module: a machine" machine eeh-fastpath=auto

# ---- the guest
device "$DEV"
device "$DEV2"
module_load
check "a guest of QEMU with libeeh boots" begin --qemu-arg -device --qemu-arg "$(vfio "$DEV2" 2)" \
	--qemu-arg -machine --qemu-arg eeh-inject=on
diag "$(in_guest "dmesg | grep -i 'EEH: '; ls -d /proc/device-tree/rtas/ibm,*err* /proc/device-tree/rtas/ibm,reset*; true")"
for p in ibm,errinjct ibm,errinjct-tokens ibm,open-errinjct ibm,close-errinjct ibm,reset-capabilities \
	ibm,configure-bridge; do
	check "/rtas has $p" property "$p"
done
check "both devices have their drivers" in_guest "test -e /sys/class/net/eth0 && test -e /dev/nvme0n1"

# ---- its QEMU has switched the fast path on
check "the fast path is on" fastpath_is_on
GDEV=$NET guest_module
counters_zero
ask rtas 100 2
counters
is "the guest's queries are answered in the kernel" \
	"g_normal == 200 && n_answered >= 100 && n_rejected == 0" "$(< $K/bindings)"
in_guest "rmmod eehbench_guest; ip link set eth0 up"

# ---- what this host can, on both
hit "e1000e: load from memory space" "$NET" 0
hit "e1000e: load from config space" "$NET" 4
# One of two PEs of the PHB was frozen and reset.
check "its driver was told" resets_are "$NET" 2
check "the other PE's was not" resets_are "$DISK" 0
hit "nvme: store to memory space" "$DISK" 6
hit "nvme: DMA write" "$DISK" 16 eeh-64
n_before=$(disk_interrupts)
check "nvme: after that its disk can be read" read_disk 16
n_after=$(disk_interrupts)
is "nvme: with interrupts" "n_after >= n_before + 16"

# ---- a freeze that the guest has not met: an I/O event, if it wants them
check "the PHB says that it has I/O events" in_guest "ls -d /proc/device-tree/pci@*/ibm,io-events-capable"
check "there is a source for them" in_guest "test -e /proc/device-tree/event-sources/ibm,io-events/interrupts"
check "a subscriber in the guest" in_guest "insmod /payload/eehguest.ko dev=$NET && ip link set eth0 down"
check "the guest enables them" in_guest "echo 4 > $E/option"
before=$(recoveries)
arm "e1000e: store to config space" "$NET" 10 eeh
in_guest "setpci -s $NET d.b=40"
check "an event arrives" until_true 30 events_are 1
same "which says so" "$(in_guest "sed 's/ drc=0x[0-9a-f]*//' $E/events")" "type=1 scope=0x38"
is "before the guest has met it" "$(recoveries) == before"
poke
check "the guest recovers" until_true 60 recovered "$before"
check "no second event" events_are 1
check "the guest disables them" in_guest "echo 5 > $E/option"

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
# A guest can be refused as often as it likes, and does not fill the host's log with that.
in_guest "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	LD_LIBRARY_PATH=/payload/errinjct/usr/lib/powerpc64le-linux-gnu \
		/payload/errinjct/usr/sbin/errinjct eeh -f 2 -s net/eth0; done > /dev/null 2>&1; true"
n_told=$(grep -c 'spapr-eeh: injection refused' "/run/guest/$GUEST/qemu.log" || true)
n_injected=$(grep -c 'spapr-eeh: injection injected' "/run/guest/$GUEST/qemu.log" || true)
is "of many refusals QEMU reports some" "n_told >= 10 && n_told <= 20" \
	"$(grep -c . "/run/guest/$GUEST/qemu.log") lines"
is "of the injections each" "n_injected == 5"

guest stop "$GUEST"
finish
