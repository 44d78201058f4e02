#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_isolation.sh [CASE...]: whose question means which PE.
#
# Two VMs that use the same token, BUID and config_addr for different PEs never see each other's.
# A VM whose answer rests on two PEs is never bound, nor one that does not own its device. A device
# that goes from one VM to the next takes nothing along. Needs two devices.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

CASES=(same two_devices one_container not_owned handover race)
ROUNDS=10

asks() { vmm_fields "$1" && ((v_queries > 10)); }
hears_frozen() { vmm_fields "$1" && ((v_frozen > 10)); }
told() { vmm_fields "$1" && ((v_frozen_and_told > $2)); }

# A VM that asks about device $2 under the name that all use
vm() {
	local n=$1 dev=$2

	shift 2
	vmm_start "$n" --device "$dev" --buid 0x800000020000000 --addr 0x10000 \
		--verify-gen "${GEN_AT[$dev]}" --rest 5 --loop-until-signal "$@"
}

# both_answered: two bindings, and both have been answered for
both_answered() {
	(($(grep -c 'answered=[1-9][0-9]' $K/bindings || true) == 2))
}

# its_answered DOMAIN: answers so far for the binding to a PE of that domain
its_answered() {
	REPLY=$(sed -n "s/.* $1:.*answered=//p" $K/bindings)
	REPLY=${REPLY:-0}
}
its_more() {
	its_answered "$1"
	((REPLY > $2))
}

# A freeze of one device: its VM is told; the other one's goes on being answered, and hears nothing.
# freeze_one NAME DEV OTHER-NAME OTHER-DEV
freeze_one() {
	local before frozen

	vmm_fields "$1"
	before=$v_frozen_and_told
	vmm_fields "$3"
	frozen=$v_frozen
	freeze "$2"
	until_true 20 told "$1" "$before" || return 1
	its_answered "${4%%:*}"
	until_true 20 its_more "${4%%:*}" $((REPLY + 20)) || return 1
	vmm_fields "$3"
	((v_frozen == frozen)) || return 1
	thaw "$2"
	its_answered "${2%%:*}"
	until_true 20 its_more "${2%%:*}" $((REPLY + 20))
}

case_same() {
	local i right=0 vms

	counters_zero
	vm a "$DEV"
	vm b "$DEV2"
	until_true 30 both_answered || true
	diag "$(< $K/bindings)"
	vms=$(sed 's/ .*//' $K/bindings | sort -u | wc -l)
	is "two VMs ask the same question about two PEs" \
		"$(sed 's/^vm=[0-9]* pe=[0-9]* [0-9a-f:]* //; s/ answered.*//' $K/bindings | sort -u | wc -l) == 1 &&
		vms == 2 && $(awk '{ print $3 }' $K/bindings | sort -u | wc -l) == 2"
	for ((i = 0; i < ROUNDS; i++)); do
		freeze_one a "$DEV" b "$DEV2" && freeze_one b "$DEV2" a "$DEV" || break
		right=$((right + 1))
	done
	thaw "$DEV"
	thaw "$DEV2"
	vmm_stop b
	is "the second hears of its own freezes, of no other" "right == ROUNDS && VMM_RC == 0 &&
		v_wrong == 0 && v_frozen_and_told >= ROUNDS && v_frozen <= v_frozen_and_told + v_changed"
	queries=$v_queries
	vmm_stop a
	is "the first hears of its own freezes, of no other" "right == ROUNDS && VMM_RC == 0 &&
		v_wrong == 0 && v_frozen_and_told >= ROUNDS && v_frozen <= v_frozen_and_told + v_changed"
	counters
	is "the counters know the queries of both" "n_queries == queries + v_queries &&
		n_outcomes == n_queries && n_not_owner == 0"
}

# One VM, two devices, each on a PHB and in a container of its own: both are answered.
case_two_devices() {
	local right

	counters_zero
	vmm_start two --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" \
		--device "$DEV2" --verify-gen "${GEN_AT[$DEV2]}" --vcpus 2 --rest 5 --loop-until-signal
	until_true 30 both_answered || true
	freeze "$DEV"
	until_true 20 told two 0 && its_answered "${DEV2%%:*}" &&
		until_true 20 its_more "${DEV2%%:*}" $((REPLY + 20)) && right=1 || right=0
	thaw "$DEV"
	vmm_stop two
	counters
	is "one VM with two devices: each PE answers for itself" "right && VMM_RC == 0 && v_wrong == 0 &&
		v_frozen <= v_frozen_and_told + v_changed && n_answered >= 100 && n_queries == v_queries"
}


case_one_container() {
	counters_zero
	raw --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --device "$DEV2" \
		--verify-gen "${GEN_AT[$DEV2]}" --one-container --vcpus 2 --count 50 --reps 6
	counters
	is "two groups in one container: never answered, never bound" "VMM_RC == 0 && v_queries == 600 &&
		v_normal == 600 && n_queries == 600 && n_unbound == 600 && n_answered == 0 && n_learned == 0"
	# The VMM's answer is for both: freeze the second, ask for the first.
	vmm_start one --device "$DEV" --device "$DEV2" --one-container --loop-until-signal
	until_true 20 asks one || true	# opening a device thaws it
	freeze "$DEV2"
	until_true 20 hears_frozen one || true
	thaw "$DEV2"
	vmm_stop one
	is "and hears what its VMM says of both" "v_frozen > 0 && v_in_kernel == 0"
}

case_not_owned() {
	local how

	for how in late-kvm no-kvm-device no-device; do
		counters_zero
		raw --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --$how --count 50 --reps 6
		counters
		is "--$how: never answered, never bound" "VMM_RC == 0 && v_queries == 300 &&
			v_normal == 300 && n_queries == 300 && n_unbound == 300 && n_answered == 0 &&
			n_learned == 0"
	done
	# a VMM that says what cannot be a normal PE
	counters_zero
	raw --device "$DEV" --vmm-word 1=2 --count 50 --reps 6
	counters
	is "a VMM that says frozen: never bound" "v_queries == 300 && v_frozen == 300 && n_answered == 0 &&
		n_learned == 0"
	counters_zero
	raw --device "$DEV" --vmm-word 2=0 --count 50 --reps 6
	counters
	is "a VMM that says there is no EEH: never bound" "v_queries == 300 && n_answered == 0 &&
		n_learned == 0"
}

bound_once() { grep -q 'answered=[1-9][0-9]' $K/bindings && [[ $(bindings) == 1 ]]; }

# From one VM to the next, some killed; the next one asks at once. Cookies are never used again.
case_handover() {
	local i cookie last=0 fresh=0

	counters_zero
	for ((i = 0; i < 6; i++)); do
		vm "h$i" "$DEV"
		until_true 30 bound_once || true
		cookie=$(sed 's/^vm=\([0-9]*\) .*/\1/' $K/bindings)
		((cookie > last)) && fresh=$((fresh + 1))
		last=$cookie
		if ((i % 2)); then
			vmm_kill "h$i"
		else
			vmm_stop "h$i"
			((VMM_RC == 0 && v_wrong == 0)) || fresh=-100
		fi
	done
	counters
	is "a device goes from VM to VM, and each is another VM" "fresh == 6 && n_answered >= 60 &&
		n_not_owner == 0"
	# Two VMs swap their devices.
	for ((i = 0; i < 2; i++)); do
		vm a "$DEV"
		vm b "$DEV2"
		until_true 30 both_answered || true
		vmm_kill a
		vmm_kill b
		vm a "$DEV2"
		vm b "$DEV"
		until_true 30 both_answered || true
		freeze_one a "$DEV2" b "$DEV" || not_ok "VM a has the second device now"
		vmm_stop a
		is "swapped devices, $i: the first VM is right" "VMM_RC == 0 && v_wrong == 0 && v_frozen > 0"
		vmm_stop b
		is "swapped devices, $i: the second VM is right" "VMM_RC == 0 && v_wrong == 0 && v_frozen == 0"
	done
}

# The VMM takes long to return to the guest, and meanwhile something happens after which its answer
# may mean another PE: nothing may be learned from it.
case_race() {
	local i

	counters_zero
	vm slow "$DEV" --vmm-delay $((250 * SLOWER))
	for ((i = 0; i < 30; i++)); do
		vmm slow enable
		nap 100
	done
	counters
	vmm_fields slow
	is "nothing is learned from an answer that was overtaken" \
		"v_queries >= 5 && n_learned == 0 && n_answered == 0"
	answers_again || true
	vmm_stop slow
	counters
	is "but from the next one" "n_learned >= 1 && n_answered >= 1"
}

device "$DEV"
device "$DEV2"
fastpath_fresh
for c in "${@:-${CASES[@]}}"; do
	"case_$c"
done
finish
