#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_disturb.sh [-n ROUNDS] [CASE...]: everything that can happen to the fast path while a guest asks.
# Each thing is done ROUNDS (6) times, the slow ones a third or half as often.
#
# A raw VM asks on two vCPUs, and its PE is frozen and thawed all the time, while the policy is
# detached, attached and replaced, its loader killed, the kill switch thrown, the module reloaded,
# the VM reset, the device closed, unplugged and plugged again. No answer is wrong, the counters add
# up to the guest's own count, and the kernel says nothing (that is the runner's to see).
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

ROUNDS=6
CASES=(onoff replace loader switch unload reset device unplug kvm_hv)

attached() { get state; [[ $REPLY == attached ]]; }
idle() { get state; [[ $REPLY == idle ]]; }

# The freezer: its PE is frozen a third of the time, for moments
FREEZER=
freezer_on() {
	inject blink "$DEV" &
	FREEZER=$!
}

freezer_off() {
	kill "$FREEZER"
	wait "$FREEZER" 2> /dev/null || true
	thaw "$DEV"
}

# begin: the VM asks, is answered in the kernel, and is frozen at times
begin() {
	begin_unfrozen
	freezer_on
}

begin_unfrozen() {
	# The rests are for those who disturb: they need the processors too.
	vmm_start vm --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --vcpus 2 --rest 10 \
		--loop-until-signal
	answers_again || true
	vmm vm pause
	counters_zero
	vmm_fields vm
	queries=$v_queries
	vmm vm resume
}

froze() { vmm_fields vm && ((v_frozen_throughout > 20)); }

# end NAME: no wrong answer, and some were asked while frozen. asked = queries since begin
end() {
	until_true 20 froze || true
	freezer_off
	answers_again || true
	vmm_stop vm
	counters
	asked=$((v_queries - queries))
	is "$1: no wrong answer" \
		"VMM_RC == 0 && v_wrong == 0 && v_frozen_throughout >= 10 && v_no_answer == 0"
	is "$1: the fast path was at work" \
		"n_answered >= 100 && n_outcomes == n_queries && n_missed == 0"
	diag "$1: $asked queries, $n_answered answered, $v_frozen_throughout asked while frozen"
}

# all_counted NAME: for cases in which a policy was attached all the time
all_counted() {
	is "$1: every query of the guest was counted, once" \
		"n_queries == asked && n_answered <= v_in_kernel"
}

case_onoff() {
	local i came_back=0

	begin
	for ((i = 0; i < ROUNDS; i++)); do
		eehctl fastpath off
		nap $((RANDOM % 150))
		eehctl fastpath on
		answers_again && came_back=$((came_back + 1))
		nap $((RANDOM % 150))
	done
	end "off and on"
	is "off and on: answers again each time" "came_back == ROUNDS"
	is "off and on: what was not counted went to the VMM" \
		"n_queries <= asked && n_answered <= v_in_kernel"
}

case_replace() {
	local i

	begin
	for ((i = 0; i < ROUNDS; i++)); do
		eehctl fastpath policy
		nap $((RANDOM % 100))
	done
	end "replace"
	all_counted "replace"
	# atomic: at no time is there no policy, so bindings stay
	is "replace: nothing has to be learned again" "n_learned == 0 && n_unbound == 0"
}

# A program dies while it attaches: what is left is either on or off, and can be switched.
case_loader() {
	local i on=0 off=0 clean=0 pid took

	begin
	took=${EPOCHREALTIME/./}
	eehctl fastpath off
	eehctl fastpath on
	took=$(((${EPOCHREALTIME/./} - took) / 1000))
	for ((i = 0; i < ROUNDS; i++)); do
		eehctl fastpath off
		eehctl fastpath on &
		pid=$!
		nap $((RANDOM % (took + took / 4)))
		kill -9 $pid 2> /dev/null || true
		wait $pid 2> /dev/null || true
		# a link that nobody pinned goes a little later
		nap 300
		if attached; then on=$((on + 1)); else off=$((off + 1)); fi
		eehctl fastpath on > /dev/null && attached && clean=$((clean + 1))
		answers_again || clean=-100
	done
	# A loader that does not pin, as a VMM may be one
	eehctl fastpath off
	for ((i = 0; i < ROUNDS / 2; i++)); do
		../lies/bpf_lies --attach "$EEH_BPF/eeh_freeze.bpf.o" > /run/loader.log &
		pid=$!
		until_true 30 attached || true
		answers_again || clean=-100
		nap $((RANDOM % 200))
		kill -9 $pid
		wait $pid 2> /dev/null || true
		until_true 20 idle || clean=-100
	done
	eehctl fastpath on
	end "killed loaders"
	is "killed loaders: on again each time" "clean == ROUNDS"
	diag "killed while attaching: $on times it was on, $off times off; off and on takes $took ms"
}

case_switch() {
	local i answered stopped=0 back=0

	begin
	for ((i = 0; i < ROUNDS; i++)); do
		echo 0 > $K/enabled
		# from here on nothing is answered
		get stats/answered
		answered=$REPLY
		nap $((50 + RANDOM % 50))
		get stats/answered
		((REPLY != answered)) || stopped=$((stopped + 1))
		echo 1 > $K/enabled
		answers_again && back=$((back + 1))
	done
	end "kill switch"
	all_counted "kill switch"
	is "kill switch: at once, each time" "stopped == ROUNDS && back == ROUNDS && n_bypassed >= 2 * ROUNDS"
}

case_unload() {
	local i refused=0 reloaded=0

	begin
	for ((i = 0; i < ROUNDS / 2; i++)); do
		rmmod eeh_bpf 2> /dev/null || refused=$((refused + 1))
		answers_again || refused=-100
	done
	is "the module cannot be unloaded while attached" "refused == ROUNDS / 2"
	for ((i = 0; i < ROUNDS / 2; i++)); do
		eehctl fastpath off
		nap $((RANDOM % 100))
		rmmod eeh_bpf
		nap $((RANDOM % 100))
		module_load
		eehctl fastpath on
		answers_again && reloaded=$((reloaded + 1))
	done
	# the counters are new
	vmm vm pause
	counters_zero
	vmm vm resume
	answers_again || true
	end "module reload"
	is "module reload: answers again each time" "reloaded == ROUNDS / 2"
}

# What a VMM does when its machine is reset, and full resets of the device
case_reset() {
	local i back=0 dropped=0

	begin
	for ((i = 0; i < ROUNDS; i++)); do
		get stats/dropped
		dropped=$REPLY
		vmm vm enable
		get stats/dropped
		((REPLY > dropped)) && answers_again && back=$((back + 1))
		nap $((RANDOM % 100))
	done
	is "machine reset: bindings dropped and learned again" "back == ROUNDS"
	end "machine reset"
	all_counted "machine reset"
}

# The device is closed (as on hot-unplug from the guest) and opened again by the same VM.
case_device() {
	local i answered clean=0 back=0

	# closing and opening a frozen device resets it
	begin_unfrozen
	for ((i = 0; i < ROUNDS / 2; i++)); do
		vmm vm device-close 0
		# a query that was under way on the other vCPU
		nap 100
		get stats/answered
		answered=$REPLY
		nap 200
		get stats/answered
		if ((REPLY == answered)) && until_true 2 no_bindings; then
			clean=$((clean + 1))
		else
			diag "after close $i: answered $answered, then $REPLY; $(< $K/bindings)"
		fi
		vmm vm device-open 0
		answers_again && back=$((back + 1))
	done
	# And while nobody asks: the close itself drops the binding.
	vmm vm pause
	vmm vm device-close 0
	if no_bindings; then
		clean=$((clean + 1))
	else
		diag "after the close with nobody asking: $(< $K/bindings)"
	fi
	vmm vm device-open 0
	vmm vm resume
	answers_again && back=$((back + 1))
	is "a closed device: nothing bound, nothing answered" "clean == ROUNDS / 2 + 1"
	is "an open one: answers again" "back == ROUNDS / 2 + 1"
	freezer_on
	end "device closed and opened"
	all_counted "device closed and opened"
	# A question may be learned just before the close takes the device from the VM.
	is "device closed and opened: nobody's binding was left over" "n_not_owner <= 20"
}

gone() { ! [[ -d /sys/bus/pci/devices/$1 ]]; }
there() { [[ -d /sys/bus/pci/devices/$1 ]]; }

# The second device goes and comes, while the VM on the first one asks; once its own VM has let it
# go, and once it has not yet.
case_unplug() {
	local i back=0 pid free=0

	if ! there "$DEV2"; then
		skip "hot-unplug" "there is no $DEV2"
		return
	fi
	device "$DEV2"
	begin
	for ((i = 0; i < 2 * (ROUNDS / 3); i++)); do
		vmm_start plug --device "$DEV2" --verify-gen "${GEN_AT[$DEV2]}" --rest 10 \
			--loop-until-signal
		until_true 20 bound_to "${DEV2%%:*}" || true
		if ((i % 2)); then
			# Waits until the VM lets go of the device, and tells the VM nothing.
			echo 1 > "/sys/bus/pci/devices/$DEV2/remove" &
			pid=$!
			nap $((200 + RANDOM % 300))
			# Meanwhile all others can go on: learn, detach, attach.
			vmm vm enable
			answers_again && timeout 30 eehctl fastpath off &&
				eehctl fastpath on && answers_again && free=$((free + 1))
			vmm_stop plug
			wait $pid
		else
			vmm_stop plug
			echo 1 > "/sys/bus/pci/devices/$DEV2/remove"
		fi
		((v_wrong == 0 && v_in_kernel > 10)) || back=-100
		until_true 20 gone "$DEV2" || back=-100
		echo 1 > /sys/bus/pci/rescan
		until_true 20 there "$DEV2" || back=-100
		device "$DEV2"
		back=$((back + 1))
	done
	vmm_start plug --device "$DEV2" --verify-gen "${GEN_AT[$DEV2]}" --rest 10 \
		--loop-until-signal
	until_true 20 bound_to "${DEV2%%:*}" || true
	freeze "$DEV2"
	until_true 20 told plug || true
	thaw "$DEV2"
	vmm_stop plug
	is "hot-unplug and plug: the device works each time" \
		"back == 2 * (ROUNDS / 3) && v_in_kernel > 20 && v_wrong == 0 && v_frozen_and_told > 0"
	end "hot-unplug and plug"
	is "a removal that waits for its VMM holds up nobody else" "free == ROUNDS / 3"
}

told() { vmm_fields "$1" && ((v_frozen_and_told > 0)); }
# bound_to DOMAIN: is a PE of it bound, and answered for?
bound_to() { grep -q " $1:.*answered=[1-9][0-9]" "$K/bindings"; }

case_kvm_hv() {
	local i taps='' gone=event

	! native || gone='rtas event'	# the hook is the kernel's, not kvm_hv's
	until_true 20 no_bindings || true
	for ((i = 0; i < 3; i++)); do
		rmmod kvm_hv
		get taps
		taps+="$REPLY,"
		modprobe kvm_hv
		get taps
		taps+="$REPLY;"
	done
	same "kvm_hv goes and comes: a tap of it with it" "$taps" "$gone,rtas event;$gone,rtas event;$gone,rtas event;"
	begin
	end "after kvm_hv was reloaded"
	all_counted "after kvm_hv was reloaded"
}

if [[ ${1-} == -n ]]; then
	ROUNDS=$2
	shift 2
fi
device "$DEV"
fastpath_fresh
for c in "${@:-${CASES[@]}}"; do
	"case_$c"
	attached || eehctl fastpath on
done
finish
