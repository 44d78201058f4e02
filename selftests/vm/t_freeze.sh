#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_freeze.sh [FREEZES [RECOVERIES]]: a frozen PE is never reported normal.
#
# A raw VM asks in a loop, first on one vCPU, then on two, and reads the PHB's freeze generation
# before and after each query: frozen all along and told "normal" is wrong. Meanwhile its PE is
# frozen at random moments (200) and thawed, in turn, behind the kernel's back as firmware does it
# and through VFIO; one freeze in ten comes from a real access that fails. After each freeze the
# guest must have been told, after each thaw the fast path must answer again. Then full recoveries
# (10): reset, deactivate, configure, during which the guest goes on asking.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

freezes=${1:-200} recoveries=${2:-10}
VM=(--device "$DEV" --verify-gen)

# told NAME COUNT: have more than that many queries been frozen all along and said so?
told() {
	vmm_fields "$1" && ((v_frozen_and_told > $2))
}

# A query that finds the PE frozen passes. More have passed than can have been under way.
passed_more() {
	get stats/passed
	((REPLY > $1 + 2 * vcpus))
}

# one_freeze NAME I
one_freeze() {
	local n=$1 i=$2 before

	nap $((RANDOM % 30))
	get stats/passed
	before=$REPLY
	case $((i % 10)) in
	4) inject -t cfg "$DEV" 2> /dev/null && injected=$((injected + 1)) ;;
	9) inject -t mmio-load "$DEV" 2> /dev/null && injected=$((injected + 1)) ;;
	*) freeze "$DEV" ;;
	esac
	nap $((RANDOM % 20))
	if ! until_true 20 passed_more "$before"; then
		diag "freeze $i: nobody noticed"
		return 1
	fi
	case $((i % 4)) in
	0) vmm "$n" unfreeze ;;
	2) vmm "$n" thaw-dma; nap $((RANDOM % 20)); vmm "$n" thaw-io ;;
	# a failed access leaves more behind than a frozen PE
	*) if ((i % 10 == 9)); then inject thaw "$DEV"; else thaw "$DEV"; fi ;;
	esac
	if ! answers_again; then
		diag "freeze $i: the fast path does not answer any more"
		return 1
	fi
}

# freeze_loop NAME COUNT VCPUS
freeze_loop() {
	local n=$1 count=$2 vcpus=$3 done=0 i

	injected=0
	counters_zero
	vmm_start "$n" "${VM[@]}" "${GEN_AT[$DEV]}" --vcpus "$vcpus" --loop-until-signal
	if answers_again; then
		for ((i = 0; i < count; i++)); do
			one_freeze "$n" "$i" || break
			done=$((done + 1))
		done
	fi
	vmm_stop "$n"
	counters
	is "$vcpus vCPU: $count freezes, each seen, the fast path back after each" "done == count"
	is "$vcpus vCPU: no frozen PE was reported normal" \
		"v_wrong == 0 && v_frozen_throughout >= count && VMM_RC == 0"
	is "$vcpus vCPU: every query of a frozen PE was told" \
		"v_frozen_and_told == v_frozen_throughout"
	is "$vcpus vCPU: every query got an answer" "v_errors + v_hcall_errors + v_no_answer == 0"
	is "$vcpus vCPU: most queries were answered in the kernel" \
		"n_answered > v_normal / 2 && n_answered >= 20 * count"
	is "$vcpus vCPU: counters add up to the guest's queries" \
		"n_outcomes == n_queries && n_queries == v_queries && n_missed == 0 && n_answered == v_in_kernel"
	# Who else finds the freeze (another vCPU, the kernel itself) voids the evidence of a query.
	is "$vcpus vCPU: evidence is rejected only where a freeze overtook it" \
		"n_rejected <= done"
	diag "$vcpus vCPU: $done freezes ($injected by injected errors), $v_queries queries: $v_normal normal, $v_frozen frozen, $v_changed while the state changed; $n_answered answered in the kernel; $v_frozen_throughout asked while frozen, $v_wrong of them wrong"
}

# asked_meanwhile NAME: count what is asked and answered for a moment
asked_meanwhile() {
	local answered asked

	get stats/answered
	answered=$REPLY
	vmm_fields "$1"
	asked=$v_queries
	nap 300
	get stats/answered
	in_reset=$((in_reset + REPLY - answered))
	vmm_fields "$1"
	asked_in_reset=$((asked_in_reset + v_queries - asked))
}

# As a guest recovers, but for one thing: it goes on asking, while the reset is asserted, and until the
# PE is configured. Not while the reset ends: whoever asks VFIO just then could freeze the PE again
# (docs/lab-known-issues.md, "A PE frozen again").
recovery() {
	local n=$1

	freeze "$DEV"
	vmm_fields "$n"
	until_true 20 told "$n" "$v_frozen_and_told" || return 1
	vmm "$n" reset-hot && ((RESULT == 0)) || return 1
	# queries that were under way when the reset began
	nap 100
	asked_meanwhile "$n"
	vmm "$n" pause && ((RESULT == 0)) || return 1
	vmm "$n" reset-deactivate && ((RESULT == 0)) || return 1
	nap 200
	vmm "$n" resume && ((RESULT == 0)) || return 1
	asked_meanwhile "$n"
	vmm "$n" configure && ((RESULT == 0)) || return 1
	answers_again
}

recover_loop() {
	local n=recover done=0 i

	in_reset=0 asked_in_reset=0
	counters_zero
	# A reset takes seconds; what is asked all along need not be asked without a pause.
	vmm_start "$n" "${VM[@]}" "${GEN_AT[$DEV]}" --rest 5 --loop-until-signal
	if answers_again; then
		for ((i = 0; i < recoveries; i++)); do
			recovery "$n" || break
			done=$((done + 1))
		done
	fi
	vmm_stop "$n"
	counters
	is "$recoveries recoveries, the fast path back after each" "done == recoveries"
	is "nothing was answered in the kernel during a reset" \
		"in_reset == 0 && asked_in_reset >= 20 * recoveries"
	is "recoveries: counters add up" "n_outcomes == v_queries && n_missed == 0"
	is "recoveries: no frozen PE was reported normal" "VMM_RC == 0 && v_wrong == 0 &&
		v_frozen_throughout >= recoveries && v_frozen_and_told == v_frozen_throughout"
	diag "$done recoveries: $v_queries queries, $n_answered answered, $asked_in_reset asked during resets, $v_wrong wrong"
}

device "$DEV"
fastpath_fresh
if ((freezes > 0)); then
	freeze_loop one $((freezes / 4)) 1
	freeze_loop two $((freezes - freezes / 4)) 2
fi
((recoveries == 0)) || recover_loop
finish
