#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# guest_canary.sh COMMAND ARGS...: the part of t_canary_guest.sh that is done in the guest.
#
# It prints "ready core", "ready unfreeze" or "ready firmware" when the host shall freeze the device
# (and, for the last, thaw it soon), in the end numbers as NAME=NUMBER, and else what it has to say.
set -euo pipefail

DEV=0001:00:00.0	# the first passed device, and the generation register's page
GENDEV=0000:00:05.0
K=/sys/kernel/eeh_bpf
PCI=/sys/bus/pci/devices/$DEV
CT=/sys/kernel/canary_test
DBG=/sys/kernel/debug/powerpc
export LD_LIBRARY_PATH=/payload/lib

# Time is counted in naps: where KVM runs on the emulated CPUs, the gettimeofday() of the vDSO is
# 2^40 ns off now and then (the timebases of two CPUs differ by some ticks).
nap() { usleep $(($1 * 1000)); }

# until_true SECONDS COMMAND...
until_true() {
	local n=$(($1 * 40))	# a process, too, takes its time

	shift
	until "$@"; do
		((n-- > 0)) || return 1
		nap 5
	done
}

get() { read -r REPLY < "$K/stats/$1"; }

# stats: s_checks... of canary_test
stats() {
	local line f

	read -r line < $CT/stats
	for f in checks normal told frozen wrong garbage recoveries gen bound; do
		[[ $line =~ \"$f\":(-?[0-9]+) ]]
		printf -v "s_$f" %s "${BASH_REMATCH[1]}"
	done
}

# canary KEY: REPLY = that value of the canary's line
canary() {
	local line

	REPLY=
	read -r line < $K/canaries || return 1
	[[ $line =~ \ $1=([^ ]*) ]] || return 1
	REPLY=${BASH_REMATCH[1]}
}

answered_more() {
	get check_answered
	((REPLY > $1))
}

# answers: is a check answered by the canary from now on?
answers() {
	get check_answered
	if ! until_true 60 answered_more "$REPLY"; then
		echo "the canary does not answer: $(< $K/canaries)"
		return 1
	fi
}

told_more() { stats && ((s_told > $1)); }
frozen_more() { stats && ((s_frozen > $1)); }
recovered_more() { stats && ((s_recoveries > $1)); }
thawed() { stats && ((s_gen == $1)); }

begin() {
	get check_queries
	queries=$REPLY
	get check_answered
	answered=$REPLY
	stats
	frozen=$s_frozen checks=$s_checks normal=$s_normal
	echo "${1:-1}" > $CT/loop
}

end() {
	echo 0 > $CT/loop
	get check_queries
	echo "queries=$((REPLY - queries))"
	get check_answered
	echo "answered=$((REPLY - answered))"
	stats
	echo "frozen=$((s_frozen - frozen))"
	echo "checks=$((s_checks - checks))"
	echo "normal=$((s_normal - normal))"
	echo "wrong=$s_wrong"
	echo "garbage=$s_garbage"
}

# one_freeze HOW: who thaws it: the EEH core, this kernel without a recovery, or the host
one_freeze() {
	local how=$1 gen before

	stats
	gen=$s_gen before=$s_recoveries
	local told=$s_told frozen=$s_frozen
	echo "ready $how"
	case $how in
	core)
		# behind a switch a reset takes 85 s
		until_true 200 recovered_more "$before" || return 1
		;;
	unfreeze)
		until_true 20 frozen_more "$frozen" || return 1
		nap $((RANDOM % 20))
		echo 1 > $PCI/eeh_pe_state
		;;
	firmware)
		until_true 20 thawed $((gen + 2)) || return 1
		nap $((RANDOM % 10))
		stats
		if ((s_told > told)); then
			echo 1 > $PCI/eeh_pe_state
		else
			missed=$((missed + 1))
		fi
		;;
	esac
	answers
}

do_start() {
	mount -t bpf bpf /sys/fs/bpf
	insmod /payload/eeh_bpf.ko
	/payload/eehctl fastpath on
	insmod /payload/canary_test.ko gendev=$GENDEV
	echo canary_test > $PCI/driver_override
	! [[ -e $PCI/driver ]] || echo $DEV > $PCI/driver/unbind
	echo $DEV > /sys/bus/pci/drivers_probe
	/payload/eehctl canary on
	cat $K/canaries
	begin
	answers
	nap 300
	end
}

# Ten by a recovery, or one of 20: that takes seconds.
do_freezes() {
	local i how each=$(($1 > 200 ? $1 / 10 : 20))

	good=0 missed=0
	begin "$2"
	answers || true
	for ((i = 0; i < $1; i++)); do
		if ((i % each == 0)); then
			how=core
			echo 0 > $DBG/eeh_disable_recovery
		else
			how=unfreeze
			((i % 2)) || how=firmware
			echo 1 > $DBG/eeh_disable_recovery
		fi
		if ! one_freeze $how; then
			echo "freeze $i ($how): $(< $CT/stats)"
			break
		fi
		good=$((good + 1))
	done
	echo 0 > $DBG/eeh_disable_recovery
	end
	echo "good=$good"
	echo "missed=$missed"
}

do_resets() {
	local i

	good=0 missed=0
	# Behind a switch the VMM has a vCPU for more than a minute each: that is no stall.
	echo 300 > /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
	echo reset > /sys/module/canary_test/parameters/recover
	begin
	for ((i = 0; i < $1; i++)); do
		answers && one_freeze core || break
		good=$((good + 1))
	done
	end
	echo thaw > /sys/module/canary_test/parameters/recover
	echo "good=$good"
}

# A freeze that is over before this kernel reads anything
do_unseen() {
	local i told suspended

	good=0
	begin
	answers || true
	stats
	told=$s_told
	canary suspended
	suspended=$REPLY
	for ((i = 0; i < $1; i++)); do
		echo 0 > $CT/access
		stats
		echo "ready firmware"
		until_true 20 thawed $((s_gen + 2)) || break
		echo 1 > $CT/access
		answers || break
		good=$((good + 1))
	done
	echo 1 > $CT/access
	end
	stats
	canary suspended
	echo "good=$good"
	echo "told=$((s_told - told))"
	echo "suspended=$((REPLY - suspended))"
}

no_device() {
	local line

	while read -r line; do
		[[ $line != "no device="* ]] || REPLY=${line#*=}
	done < /proc/powerpc/eeh
}

# What /proc/powerpc/eeh says of the checks that the canary answered
do_counters() {
	local before

	no_device
	before=$REPLY
	begin
	answers || true
	nap 300
	end
	no_device
	echo "no_device=$((REPLY - before))"
}

# readl(): N times, by canary if there is one
do_readl() {
	local before

	get check_answered
	before=$REPLY
	echo "$1" > $CT/readl
	get check_answered
	echo "answered=$((REPLY - before))"
	echo "ns=$(< $CT/ns)"
}

do_off() { /payload/eehctl canary off; }
do_on() {
	/payload/eehctl canary on
	echo 1 > $CT/loop
	answers
	echo 0 > $CT/loop
}

"do_$1" "${@:2}"
