#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_canary.sh FREEZES DEVICE [CASE...]: the host's own checks, answered by a canary.
#
# canary_test is the driver of the device: its two threads read all-ones all the time, check, and judge
# each check by the generation register. No check of a frozen PE may say "not frozen"; between freezes
# the canary must answer. Then everything that could take the device away from under a canary.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

freezes=$1 DEV=$2
# Eight seconds each
resets=$((freezes >= 1000 ? 10 : 5))
shift 2
CASES=(freeze reset counters policy noread rebind unplug outside elsewhere command audit off fence)
PCI=/sys/bus/pci/devices/$DEV
CT=/sys/kernel/canary_test
CTP=/sys/module/canary_test/parameters
DBG=/sys/kernel/debug/powerpc
THREADS=2

# Where the registers are: in the root PHB's page, as for device() of vm.sh, but with a driver of ours
registers() {
	local regs pe

	regs=$(inject phb "$DEV")
	pe=$(printf %04x "0x$(inject pe "$DEV")")
	CTL_AT[$DEV]=$(printf 0x%x $((regs + 0xff0)))
	GEN_AT[$DEV]=$(printf 0x%x $((regs + 0xff8)))
	CTL_FREEZE[$DEV]=$(swap "e00000000000$pe")
	CTL_THAW[$DEV]=$(swap "c00000000000$pe")
}

bind_driver() {
	echo canary_test > "$PCI/driver_override"
	! [[ -e $PCI/driver ]] || echo "$DEV" > "$PCI/driver/unbind"
	echo "$DEV" > /sys/bus/pci/drivers_probe
	[[ -e /sys/bus/pci/drivers/canary_test/$DEV ]]
}

# e1000e STATUS: bits 31:20 are reserved and read as 0 but for bit 31 on some (Intel 82574 data sheet)
canary_add() { echo "add $DEV bar=0 offset=0x8 width=4" > $K/canaries; }

# canary_line: REPLY = the canary's line, or nothing
canary_line() {
	local line

	REPLY=
	while read -r line; do
		[[ $line != "$DEV "* ]] || REPLY=$line
	done < $K/canaries
}

# canary KEY: REPLY = that value
canary() {
	canary_line
	[[ $REPLY =~ \ $1=([^ ]*) ]] || { REPLY=; return 1; }
	REPLY=${BASH_REMATCH[1]}
}

live() { canary state && [[ $REPLY == live ]]; }

# stats: s_checks... of canary_test
stats() {
	local line f

	read -r line < $CT/stats
	for f in checks normal told frozen wrong garbage recoveries gen bound; do
		field "$f" "$line"
		printf -v "s_$f" %s "$REPLY"
	done
}

check_answered_more() {
	get stats/check_answered
	((REPLY > $1))
}

rejected_more() {
	get stats/rejected
	((REPLY > $1))
}

answers() {
	get stats/check_answered
	until_true "${1:-20}" check_answered_more "$REPLY"
}

frozen_more() { stats && ((s_frozen > $1)); }
recovered_more() { stats && ((s_recoveries > $1)); }

# The kernel's own count of checks that found no device
no_device() {
	local key

	while IFS='= ' read -r key REPLY; do
		[[ $key != no ]] || break
	done < <(sed 's/^no device=/no=/' /proc/powerpc/eeh)
}

# freeze_by HOW: thaw by the EEH core's recovery, by this kernel without one (eeh_unfreeze_pe()), or behind
# its back in firmware
one_freeze() {
	local how=$1 before recoveries

	stats
	before=$s_frozen recoveries=$s_recoveries
	freeze "$DEV"
	if ! until_true 20 frozen_more "$before"; then
		diag "nobody noticed"
		return 1
	fi
	nap $((RANDOM % 20))
	case $how in
	core) until_true 150 recovered_more "$recoveries" || return 1 ;;
	unfreeze) echo 1 > "$PCI/eeh_pe_state" ;;
	firmware)
		thaw "$DEV"
		nap $((RANDOM % 10))
		echo 1 > "$PCI/eeh_pe_state"
		;;
	esac
	if ! answers; then
		canary reason || true
		diag "the canary does not answer any more: $REPLY"
		return 1
	fi
}

begin() {
	get stats/check_queries
	queries=$REPLY
	get stats/check_answered
	answered=$REPLY
	stats
	frozen=$s_frozen gen=$s_gen
	echo $THREADS > $CT/loop
}

end() {
	echo 0 > $CT/loop
	get stats/check_queries
	queries=$((REPLY - queries))
	get stats/check_answered
	answered=$((REPLY - answered))
	stats
	frozen=$((s_frozen - frozen))
}

case_freeze() {
	local i done=0 how each=$((freezes > 200 ? freezes / 10 : 20))

	begin
	answers || true
	for ((i = 0; i < freezes; i++)); do
		nap $((100 + RANDOM % 150))
		if ((i % each == 0)); then
			how=core
			echo 0 > $DBG/eeh_disable_recovery
		else
			how=unfreeze
			((i % 2)) || how=firmware
			echo 1 > $DBG/eeh_disable_recovery
		fi
		one_freeze $how || break
		done=$((done + 1))
	done
	echo 0 > $DBG/eeh_disable_recovery
	end
	is "$freezes freezes, each noticed, the canary back after each" "done == freezes"
	is "no check of a frozen PE said 'not frozen'" "frozen >= freezes && s_wrong == 0 && s_garbage == 0"
	is "most checks between freezes were answered by the canary" \
		"answered >= (queries - frozen) / 2 && answered >= 50 * freezes"
	diag "$done freezes: $queries checks, $answered answered by the canary, $frozen of a frozen PE, $s_wrong wrong"
}

case_reset() {
	local i done=0

	echo reset > $CTP/recover
	begin
	for ((i = 0; i < resets; i++)); do
		one_freeze core || break
		done=$((done + 1))
	done
	end
	echo thaw > $CTP/recover
	is "$resets recoveries with a reset, the canary back after each" "done == resets"
	is "recoveries: no check of a frozen PE said 'not frozen'" \
		"frozen >= resets && s_wrong == 0 && s_garbage == 0"
}

# The PHB fences itself, and firmware resets all of it (pci/err_injct_outbound of debugfs).
case_fence() {
	echo reset > $CTP/recover
	begin
	answers || true
	stats
	echo 0x8000000000000000 > "/sys/kernel/debug/powerpc/PCI${DEV%%:*}/err_injct_outbound"
	check "fence: recovered" until_true 120 recovered_more "$s_recoveries"
	check "fence: the canary back after it" answers 60
	end
	echo thaw > $CTP/recover
	is "fence: no check of a frozen PE said 'not frozen'" "s_wrong == 0 && s_garbage == 0"
}

# What /proc/powerpc/eeh says of the checks that the canary answered, and the way to firmware
# (OPAL_PCI_EEH_FREEZE_STATUS is 23; a check that goes there asks for the PHB and for the PE)
case_counters() {
	local before opal=/sys/kernel/tracing/events/powerpc/opal_entry firmware

	# The kernel counts without a lock: one thread.
	THREADS=1
	no_device
	before=$REPLY
	echo hist:keys=opcode > $opal/trigger
	begin
	answers || true
	nap 300
	end
	firmware=$(awk '/hitcount:/ && $3 == 23 { n = $NF } END { print n + 0 }' $opal/hist)
	echo '!hist:keys=opcode' > $opal/trigger
	THREADS=2
	is "no answered check asks firmware" "answered >= 100 && firmware <= 2 * (queries - answered) + 2"
	no_device
	uncounted=0
	! native || uncounted=$answered
	is "answered checks are in the kernel's 'no device', where no hook answers before it" \
		"answered >= 100 && REPLY - before == answered - uncounted && queries >= answered"
}

# found_out: REPLY = how often the kernel has said that it does not ask a policy any more
found_out() { REPLY=$(busybox dmesg | grep -c 'policy answered 16 times without evidence' || true); }

# The policy that comes with eehctl leaves checks to the canary (EEH_BPF_F_CANARY). One that does not
# is asked about each, and answers on evidence only.
case_policy() {
	begin
	answers || true
	check "a policy that loads the canary itself" eehctl fastpath policy ../lies/subprog_ok.bpf.o
	check "its answers are given" answers
	get stats/rejected
	rejected=$REPLY
	found_out
	found=$REPLY
	check "one that answers without" eehctl fastpath policy ../lies/lie_blind.bpf.o
	until_true 20 rejected_more "$((rejected + 15))" || true
	# What was under way on another CPU; and the policy before may have been overtaken (stats/rejected has
	# both), which is no lie.
	nap 100
	get stats/check_answered
	answered=$REPLY
	get stats/rejected
	before=$REPLY
	nap 200
	get stats/rejected
	after=$REPLY
	get stats/check_answered
	is "is found out, and not asked any more" \
		"before >= rejected + 16 && after == before && REPLY == answered"
	# The kernel counts to 16 exactly, and says so.
	found_out
	is "by 16 answers without evidence, once" "REPLY == found + 1"
	check "the first one again" eehctl fastpath policy
	check "and its answers" answers
	end
	is "policies: no check of a frozen PE said 'not frozen'" "s_wrong == 0"
}

# threat NAME COMMAND...: while the checks go on, and nothing but the canary touches the device
threat() {
	local name=$1 i before ok=0

	shift
	stats
	gen=$s_gen
	canary suspended
	before=$REPLY
	for ((i = 0; i < 5; i++)); do
		answers 30 || break
		"$@" || break
		ok=$((ok + 1))
	done
	answers 30 || ok=0
	stats
	canary suspended
	is "$name: the canary steps aside, freezes nothing, and comes back" \
		"ok == 5 && s_gen == gen && REPLY >= before + 5"
}

decode_off() {
	setpci -s "$DEV" COMMAND=0:2
	nap 100
	setpci -s "$DEV" COMMAND=2:2
}

# PMCSR, PCI Power Management 1.2, 3.2.4: to D3hot, and back
d3() {
	setpci -s "$DEV" CAP_PM+4.w=3:3
	nap 50
	setpci -s "$DEV" CAP_PM+4.w=0:3
}

bar_away() {
	local bar

	bar=$(setpci -s "$DEV" BASE_ADDRESS_0)
	setpci -s "$DEV" BASE_ADDRESS_0=0
	nap 100
	setpci -s "$DEV" BASE_ADDRESS_0="$bar"
}

flr() {
	echo "$1" > "$PCI/reset_method"
	echo 1 > "$PCI/reset"
}

case_noread() {
	local m

	echo 1 > $CTP/noread
	begin
	threat "decode off" decode_off
	threat "D3" d3
	threat "BAR moved away" bar_away
	for m in $(cat "$PCI/reset_method"); do
		threat "reset ($m)" flr "$m"
	done
	end
	echo 0 > $CTP/noread
	setpci -s "$DEV" COMMAND=2:2
	is "no such check said 'not frozen' of a frozen PE" "s_wrong == 0"
}

case_rebind() {
	local i clean=0 back=0

	begin
	for ((i = 0; i < 5; i++)); do
		answers || break
		echo "$DEV" > /sys/bus/pci/drivers/canary_test/unbind
		canary_line
		[[ -n $REPLY ]] || clean=$((clean + 1))
		bind_driver
		canary_add && answers && back=$((back + 1))
	done
	end
	is "a driver that goes takes the canary along" "clean == 5"
	is "the next one can have it again" "back == 5 && s_wrong == 0"
}

there() { [[ -d $PCI ]]; }

case_unplug() {
	local i clean=0 back=0

	begin
	for ((i = 0; i < 3; i++)); do
		answers || break
		echo 1 > "$PCI/remove"
		canary_line
		[[ -n $REPLY ]] || clean=$((clean + 1))
		echo 1 > /sys/bus/pci/rescan
		until_true 20 there || break
		bind_driver
		registers
		canary_add && answers && back=$((back + 1))
	done
	end
	is "a device that goes takes the canary along" "clean == 3"
	is "the device that comes can have it again" "back == 3 && s_wrong == 0"
}

# add_fails NAME ERROR ARGS: what may not become a canary, and why
add_fails() {
	local out

	if out=$( (echo "$3" > $K/canaries) 2>&1); then
		not_ok "$1" "it was taken"
		echo "del $DEV" > $K/canaries
	elif [[ $out == *"$2"* ]]; then
		ok "$1"
	else
		not_ok "$1" "$out"
	fi
}

case_outside() {
	echo "del all" > $K/canaries
	add_fails "no such device" "No such device" "add 0009:09:09.1 bar=0 offset=8"
	add_fails "no such BAR" "No such device or address" "add $DEV bar=5 offset=8"
	add_fails "an I/O BAR" "No such device or address" "add $DEV bar=2 offset=8"
	add_fails "beyond the BAR" "No such device or address" "add $DEV bar=0 offset=0x20000"
	add_fails "an odd address" "Invalid argument" "add $DEV bar=0 offset=9"
	add_fails "a strange width" "Invalid argument" "add $DEV bar=0 offset=8 width=3"
	add_fails "not a word" "Invalid argument" "add $DEV bar"
	add_fails "a register that is all-ones" "Input/output error" "add $DEV bar=0 offset=0x5200"
	add_fails "a value that is not as promised" "Protocol error" \
		"add $DEV bar=0 offset=8 mask=0xfff00000 want=0x12300000"
	check "one that is taken" canary_add
	add_fails "a second one" "File exists" "add $DEV bar=0 offset=0"
	echo "del all" > $K/canaries
	# The attempt is how the kernel hears of the freeze: it recovers.
	stats
	freeze "$DEV"
	add_fails "a frozen PE" "Device or resource busy" "add $DEV bar=0 offset=8"
	until_true 60 recovered_more "$s_recoveries" || true
	echo "$DEV" > /sys/bus/pci/drivers/canary_test/unbind
	add_fails "no driver" "Device or resource busy" "add $DEV bar=0 offset=8"
	bind_driver
	check "and then as it should be" canary_add
}

# A canary in another BAR says nothing of this one. BAR 3: the MSI-X table.
case_elsewhere() {
	local i

	echo "del all" > $K/canaries
	check "a canary in another BAR" eval "echo 'add $DEV bar=3 offset=0' > $K/canaries"
	until_true 20 live || true
	canary state || true
	begin
	nap 500
	end
	is "does not answer for this one" "queries == 0 && s_wrong == 0"
	echo "del $DEV" > $K/canaries
	check "and one in its own BAR again" canary_add
	until_true 20 live || true
	get stats/check_answered
	answered=$REPLY
	# The kernel of kernel/patches/ remembers what virtual addresses mean (patch 5).
	for i in 1 2 3 4 5; do
		echo 3 > $CT/remap
	done
	get stats/check_answered
	is "answers for its own BAR, and not for one that is mapped where that was" "REPLY - answered == 5"
}

# eehctl canary, from the row of the table to the answered check
case_command() {
	local out rc

	echo "del all" > $K/canaries
	out=$(eehctl canary test "$DEV" 2>&1) || true
	is "eehctl canary test: $DEV could have one, and where that is specified" \
		"$([[ $out == *"$DEV"*" yes "*"can have e1000e: STATUS, BAR 0 at 0x8"*source*harmless* ]] && echo 1 || echo 0)" "$out"
	canary_line
	same "and leaves none" "$REPLY" ""
	check "eehctl canary on" eehctl canary on "$DEV"
	out=$(eehctl -j canary list 2>&1) || true
	is "eehctl canary list: bar 0, offset 8, 4 bytes" \
		"$([[ $out == *"\"$DEV\""*'"bar":0,"offset":8,"width":4'* ]] && echo 1 || echo 0)" "$out"
	begin
	check "its checks are answered" answers
	end
	out=$(eehctl canary learn "$DEV" 2>&1) || true
	is "eehctl canary learn: the BARs" \
		"$([[ $out == *"BAR 0"* ]] && echo 1 || echo 0)" "$out"
	check "eehctl canary off" eehctl canary off
	canary_line
	same "and there is none" "$REPLY" ""
	rc=0
	out=$(eehctl canary on "$DEV" --at 0:8:4 --mask 0xfff00000 --want 0x12300000 2>&1) || rc=$?
	is "a register with another value is refused, and why" \
		"rc == 1 && $([[ $out == *"does not hold what is expected"* ]] && echo 1 || echo 0)" "$out"
	check "one by hand" eehctl canary on "$DEV" --at 0:8:4
	echo "del all" > $K/canaries
	canary_add
}

case_audit() {
	local before

	get audit_disagreed
	before=$REPLY
	get stats/audited
	audited=$REPLY
	eehctl fastpath audit 4
	begin
	answers || true
	nap 300
	end
	eehctl fastpath audit 0
	get stats/audited
	audited=$((REPLY - audited))
	get audit_disagreed
	is "audit: firmware agrees" "audited >= 20 && answered >= 60 && REPLY == before && s_wrong == 0"
}

# Kill switch, policy off and on, module gone and back
case_off() {
	begin
	answers || true
	echo 0 > $K/enabled
	get stats/check_answered
	answered=$REPLY
	nap 200
	get stats/check_answered
	is "kill switch: at once" "REPLY == answered"
	echo 1 > $K/enabled
	check "and on again" answers
	eehctl fastpath off
	canary state || true
	same "no policy: suspended" "$REPLY" suspended
	get taps
	same "and nothing armed" "$REPLY" ""
	eehctl fastpath on
	check "with a policy again" answers 30
	eehctl fastpath off
	rmmod eeh_bpf
	stats
	is "the driver did not notice" "s_wrong == 0 && s_bound == 1"
	module_load
	eehctl fastpath on
	canary_add
	check "module loaded again" answers
	end
}

! [[ -d $K ]] || rmmod eeh_bpf
! [[ -d $CT ]] || rmmod canary_test
for o in /sys/bus/pci/devices/*/driver_override; do
	echo > "$o"
done
registers
# Whoever had the device before may have left its PE frozen, or the kernel thinking so.
thaw "$DEV"
echo 1 > "$PCI/eeh_pe_state"
module_load
fastpath_on
echo 1000000 > $DBG/eeh_max_freezes
# The rests are for the rest of the machine, which has things to do while the checks go on.
insmod "$EEH_MODULES/canary_test.ko" gen="${GEN_AT[$DEV]}" rest_us=10000
check "$DEV: the driver takes the device" bind_driver
check "the canary is taken" canary_add
until_true 20 live || true
canary state || true
same "and live" "$REPLY" live
for c in "${@:-${CASES[@]}}"; do
	"case_$c"
done
canary_line
diag "$REPLY"
echo "del all" > $K/canaries
rmmod canary_test
finish
