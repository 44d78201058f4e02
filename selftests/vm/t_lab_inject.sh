#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every error injection that firmware offers through debugfs err_injct freezes the PE of the device
# it names, with the right cause in the PEST, and the kernel then recovers the device. Plus the
# registers that only the lab's PHB has: freeze, thaw and the freeze generation.
#
# Runs in the host machine (L1), which needs an edu, an ivshmem and an nvme:
#   selftests/lab/machine run --device edu --device ivshmem --device nvme \
#	--payload selftests/vm -- ./t_lab_inject.sh
set -euo pipefail

export PATH=$PATH:/usr/sbin
DBG=/sys/kernel/debug/powerpc
n=0 failed=0

ok() {
	n=$((n + 1))
	echo "ok $n $1"
}

not_ok() {
	n=$((n + 1))
	failed=$((failed + 1))
	echo "not ok $n $1"
	shift
	printf '# %s\n' "$@"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 4
}

# find_dev VENDOR DEVICE
find_dev() {
	local d

	for d in /sys/bus/pci/devices/*; do
		if [[ $(<"$d/vendor") == "$1" && $(<"$d/device") == "$2" ]]; then
			basename "$d"
			return
		fi
	done
}

# bar DEV N
bar() {
	local l

	l=$(sed -n "$(($2 + 1))p" "/sys/bus/pci/devices/$1/resource")
	echo "${l%% *}"
}

at() {
	printf '0x%x' $(($1 + $2))
}

# wait_for SECONDS COMMAND...
wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.5
	done
}

recoveries() {
	grep -c 'EEH: Recovery successful' "$log" || true
}

recovered() {
	(($(recoveries) > $1))
}

# The PEST entry of a PE in the diagnostic data of the last freeze: "A B"
pest() {
	grep -i "PE\[$1\] A/B:" "$log" | tail -n 1 | sed 's/.*A\/B: //'
}

# Decoding needs the device on: a device without a driver comes back disabled
enable() {
	[[ -e /sys/bus/pci/devices/$1 ]] || return 1
	[[ -e /sys/bus/pci/devices/$1/driver ]] || setpci -s "$1" COMMAND=0x6
}

# expect NAME DEV "PEST A" "PEST B mask value" COMMAND...: inject, see the freeze, see the recovery.
# Of PEST A all bits are compared, of PEST B those that a test names (mask value).
expect() {
	local name=$1 dev=$2 a=$3 bmask=$4 bval=$5 pe gen gen2 seen before
	local got ga gb

	shift 5
	pe=$(printf '%03x' "0x$(inject pe "$dev")")
	if ! wait_for 30 enable "$dev"; then
		not_ok "$name" "$dev is not there"
		return
	fi
	before=$(recoveries)
	gen=$(inject gen "$dev")
	if ! "$@"; then
		not_ok "$name" "cannot inject: $*" "$(tail -n 1 "$log")"
		return
	fi
	# the freeze raises an interrupt, so the kernel finds it without being asked
	if ! wait_for 60 recovered "$before"; then
		not_ok "$name" "no recovery; generation $gen -> $(inject gen "$dev")" \
			"$(grep EEH "$log" | tail -n 3)"
		# do not let it disturb the next test
		inject thaw "$dev"
		return
	fi
	gen2=$(inject gen "$dev")
	got=$(pest "$pe")
	ga=$((16#${got%% *})) gb=$((16#${got##* }))
	seen=$(printf 'PEST %016x %016x' "$ga" "$gb")
	if ((gen2 <= gen || gen2 % 2)); then
		not_ok "$name" "generation $gen -> $gen2: not frozen and thawed"
	elif ((ga != a)); then
		not_ok "$name" "$seen, expected A $(printf %016x "$a")"
	elif (((gb & bmask) != bval)); then
		not_ok "$name" "$seen, expected B & $bmask = $bval"
	else
		ok "$name"
		echo "# PE#$pe $seen generation $gen -> $gen2"
	fi
}

store() {
	busybox devmem "$1" "$2" "$3"
}

# edu's registers are little endian inside and the CPU is as well, yet the device model is built
# for the target's (big) endianness: 64-bit registers look swapped.
edu_set() {
	local v

	v=$(printf %016x "$3")
	store "$(at "$1" "$2")" 64 "0x${v:14:2}${v:12:2}${v:10:2}${v:8:2}${v:6:2}${v:4:2}${v:2:2}${v:0:2}"
}

# edu_dma DEV COMMAND (1: from memory, 3: to memory)
edu_dma() {
	local b

	b=$(bar "$1" 0)
	if (($2 == 1)); then
		edu_set "$b" 0x80 0x100000
		edu_set "$b" 0x88 0x40000
	else
		edu_set "$b" 0x80 0x40000
		edu_set "$b" 0x88 0x100000
	fi
	edu_set "$b" 0x90 64
	edu_set "$b" 0x98 "$2"
}

inject_edu_dma() {
	inject "$1" "$2" && edu_dma "$2" "$3"
}

nvme_io() {
	local t=(if=/dev/nvme0n1 of=/dev/null iflag=direct)

	[[ $1 == dma-read ]] || t=(if=/dev/zero of=/dev/nvme0n1 oflag=direct)
	timeout 60 dd bs=64k count=4 status=none "${t[@]}"
}

# A disk read is DMA writes by the device, and the other way round; queue entries are both.
inject_nvme() {
	inject "$1" "$2" || return 1
	nvme_io "$1" || true
}

# No injection: the device itself reads where no TCE is
edu_tce_miss() {
	edu_dma "$1" 1
}

# A register of the BAR while the device does not decode memory: Unsupported Request
load_undecoded() {
	setpci -s "$1" COMMAND=0x4
	busybox devmem "$(bar "$1" 0)" 32 > /dev/null
}

edu=$(find_dev 0x1234 0x11e8)
shm=$(find_dev 0x1af4 0x1110)
nvme=$(find_dev 0x1b36 0x0010)
echo "KTAP version 1"
[[ -n $edu && -n $shm && -n $nvme ]] || skip_all "needs an edu, an ivshmem and an nvme device"
[[ -e $DBG/PCI${edu%%:*}/err_injct ]] || skip_all "no err_injct in debugfs"
echo 1000 > /sys/kernel/debug/powerpc/eeh_max_freezes
# The kernel's log in a file: reading all of it at every look is slow in an emulated machine
log=$(mktemp)
dmesg -W > "$log" &
follow=$!
trap 'kill $follow; rm -f "$log"' EXIT
modprobe nvme
wait_for 30 test -b /dev/nvme0n1 || skip_all "no disk on the nvme"
echo "1..22"

rid() {
	# bus << 8 | devfn of DEV, at bits 32:47 of PEST A
	local b=${1#*:}

	echo $(((16#${b%%:*} << 8 | 16#${b:3:2} << 3 | ${b:6:1}) << 16))
}

# PEST A: bit 0 frozen, 2 MMIO cause, 3/4 config read/write, 5:7 type, 9 UR (phb4-regs.h)
CFG_LD=$((0xb740 << 48 | $(rid "$edu"))) CFG_ST=$((0xaf40 << 48 | $(rid "$edu")))
LD=$((0xa440 << 48)) ST=$((0xa540 << 48))
DMA_RD=$((0x8200 << 48 | $(rid "$edu"))) DMA_WR=$((0x8000 << 48 | $(rid "$edu")))
NVME_RD=$((0x8200 << 48 | $(rid "$nvme"))) NVME_WR=$((0x8000 << 48 | $(rid "$nvme")))
TCE_MISS=$((0x8200 << 48 | 1 << 45 | $(rid "$edu")))
ADDR=$((0x1fffffffffffffff)) # PEST B 3:63
b=$(bar "$edu" 0) s=$(bar "$shm" 2)

expect "config read" "$edu" $CFG_LD 0 0 inject -t cfg "$edu"
expect "config write" "$edu" $CFG_ST 0 0 inject -t cfg-write "$edu"
expect "32-bit MMIO load at an address" "$edu" $LD $ADDR $((b + 4)) \
	inject -t mmio-load "$edu" "$(at "$b" 4)"
expect "32-bit MMIO store at an address" "$edu" $ST $ADDR $((b + 4)) \
	inject -t mmio-store "$edu" "$(at "$b" 4)"
expect "32-bit MMIO load anywhere in the PE" "$edu" $LD $ADDR $((b)) inject -t mmio-load "$edu"
expect "64-bit MMIO load at an address" "$shm" $LD $ADDR $((s + 0x100)) \
	inject -t mmio-load "$shm" "$(at "$s" 0x100)"
expect "64-bit MMIO store at an address" "$shm" $ST $ADDR $((s + 0x100)) \
	inject -t mmio-store "$shm" "$(at "$s" 0x100)"
expect "DMA read" "$edu" $DMA_RD 0 0 inject_edu_dma dma-read "$edu" 1
expect "DMA write" "$edu" $DMA_WR 0 0 inject_edu_dma dma-write "$edu" 3
expect "DMA read of an nvme at work" "$nvme" $NVME_RD 0 0 inject_nvme dma-read "$nvme"
expect "DMA write of an nvme at work" "$nvme" $NVME_WR 0 0 inject_nvme dma-write "$nvme"
if nvme_io dma-read; then
	ok "the nvme works after its recoveries"
else
	not_ok "the nvme works after its recoveries"
fi
expect "MMIO load which nothing answers" "$edu" $LD $ADDR $((b)) load_undecoded "$edu"
expect "DMA without a TCE" "$edu" $TCE_MISS $ADDR $((0x100000)) edu_tce_miss "$edu"

# A fence makes firmware reset the PHB and write its tables again
fence() {
	local before

	before=$(recoveries)
	echo 0x8000000000000000 > "$DBG/PCI${edu%%:*}/err_injct_outbound"
	echo "$edu" > "$DBG/eeh_dev_check"
	wait_for 90 recovered "$before"
}
if fence; then ok "recovery from a fence"; else
	not_ok "recovery from a fence" "$(grep EEH "$log" | tail -n 3)"; fi
expect "32-bit MMIO load after the fence" "$edu" $LD $ADDR $((b + 4)) \
	inject -t mmio-load "$edu" "$(at "$b" 4)"

# The lab's own registers. nvme: it has a driver, and stays enabled.
CSTS=$(at "$(bar "$nvme" 0)" 0x1c)
load() {
	busybox devmem "$1" 32
}
echo "$nvme" > /sys/bus/pci/drivers/nvme/unbind
setpci -s "$nvme" COMMAND=0x6
g0=$(inject gen "$nvme")
live=$(load "$CSTS")
inject freeze "$nvme"
g1=$(inject gen "$nvme")
dead=$(load "$CSTS")
inject freeze "$nvme"
g2=$(inject gen "$nvme")
inject thaw "$nvme"
g3=$(inject gen "$nvme")
again=$(load "$CSTS")
if ((g0 % 2 == 0)); then ok "generation is even while nothing is frozen"; else
	not_ok "generation is even while nothing is frozen" "$g0"; fi
if ((g1 == g0 + 1)); then ok "freeze counts"; else not_ok "freeze counts" "$g0 $g1"; fi
if ((g2 == g1)); then ok "a second freeze of a frozen PE does not"; else
	not_ok "a second freeze of a frozen PE does not" "$g1 $g2"; fi
if ((g3 == g1 + 1)); then ok "thaw counts"; else not_ok "thaw counts" "$g1 $g3"; fi
if [[ $dead == 0xFFFFFFFF && $live != 0xFFFFFFFF && $again == "$live" ]]; then
	ok "loads return all-ones between freeze and thaw only"
else
	not_ok "loads return all-ones between freeze and thaw only" "$live $dead $again"
fi
# Another PHB's generation is its own
if (($(inject gen "$shm") % 2 == 0)); then ok "PHBs count apart"; else not_ok "PHBs count apart"; fi

((failed == 0))
