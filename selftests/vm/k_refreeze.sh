#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# k_refreeze.sh [COUNT]: recoveries (freeze, reset, deactivate, configure) of a PE while its VM goes on
# asking for the state, through VFIO, at every moment of them; then the same with the VM paused while
# the reset ends.
#
# pnv_eeh_get_pe_state() (arch/powerpc/platforms/powernv/eeh-powernv.c) reads the state from firmware
# and, when it was frozen and the PE is not marked isolated, calls phb->freeze_pe(). Nothing keeps
# eeh_pe_reset() from thawing the PE in between: it stays frozen after a recovery that succeeded.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

count=${1:-15}
T=/sys/kernel/tracing

frozen_now() { vmm_fields vm && ((v_frozen > $1)); }

# recoveries NAME PAUSE: refrozen = how many left the PE frozen, by_query = freeze_pe() calls of the VM
recoveries() {
	local i asked

	refrozen=0 done=0 by_query=0
	for ((i = 0; i < count; i++)); do
		vmm_fields vm
		freeze "$DEV"
		until_true 20 frozen_now "$v_frozen" || break
		vmm vm reset-hot
		((RESULT == 0)) || break
		nap 300
		(($2 == 0)) || vmm vm pause
		echo > $T/trace
		vmm vm reset-deactivate
		((RESULT == 0)) || break
		nap 500
		vmm vm configure
		((RESULT == 0)) || break
		(($2 == 0)) || vmm vm resume
		nap 200
		by_query=$((by_query + $(grep -c pnv_ioda_freeze_pe "$T/trace" || true)))
		# No error was injected since the reset began
		vmm vm state
		if ((RESULT != 0)); then
			refrozen=$((refrozen + 1))
			vmm vm unfreeze
		fi
		done=$((done + 1))
	done
	diag "$1: $done recoveries, $refrozen left the PE frozen; pnv_ioda_freeze_pe() was called $by_query times while they ended"
}

! [[ -d $K ]] || rmmod eeh_bpf
device "$DEV"
echo 'p:refreeze pnv_ioda_freeze_pe' > $T/kprobe_events
[[ -z ${WITH_MODULE-} ]] || fastpath_fresh
vmm_start vm --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --loop-until-signal
vmm_fields vm
# Threads are not moved while there are kprobes (k_ftrace_r13.sh); the vCPU asks on CPU 0, while the
# VMM's main thread recovers on CPU 1.
for t in /proc/"${VMM_PID[vm]}"/task/*; do
	cpu=0
	[[ ${t##*/} != "${VMM_PID[vm]}" ]] || cpu=1
	taskset -pc $cpu "${t##*/}" > /dev/null
done
echo 1 > $T/events/kprobes/refreeze/enable
recoveries "paused while the reset ends" 1
is "paused while the reset ends: all recovered" "done == count && refrozen == 0 && by_query == 0"
recoveries "asking all the time" 0
is "asking all the time: all recovered" "done == count && refrozen == 0 && by_query == 0"
vmm_stop vm
echo 0 > $T/events/kprobes/refreeze/enable
finish
