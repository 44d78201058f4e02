#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_survive.sh [CASE...]: what the module must survive, and what it must leave to the VMM.
#
# Argument blocks in odd places and of odd shapes, memory that is not there, the dirty log, VMs
# without H_CONFER or killed in the middle, other tracers on the same functions, audit. In every
# case the guest gets the answer that it would have got without the fast path.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

CASES=(place cross shape residency dirty no_confer killed audit coexist ftrace)

# Queries of one raw VM: enough that most come after the binding was learned.
N=400

# ask ARGS...: a raw VM of N queries; v_* and n_* are its and the module's counts
ask() {
	counters_zero
	raw --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --count 50 --reps $((N / 50)) "$@"
	counters
}

ALL_NORMAL="VMM_RC == 0 && v_queries == N && v_normal == N && v_wrong == 0"
COUNTED="n_outcomes == n_queries && n_queries == N"

# In the kernel, all but the first
answered() {
	local name=$1

	shift
	ask "$@"
	is "$name: answered in the kernel, rightly" \
		"$ALL_NORMAL && $COUNTED && n_answered == v_in_kernel && n_answered >= N / 2"
}

# Never in the kernel, because of the counter $2, and the VMM's answer is right
passed_on() {
	local name=$1 counter=$2

	shift 2
	ask "$@"
	is "$name: left to the VMM ($counter)" \
		"$ALL_NORMAL && $COUNTED && n_$counter == N && n_answered == 0 && v_exits_rtas == N"
}

case_place() {
	answered "an ordinary block"
	answered "a block at an odd multiple of two" --block-at unaligned
	answered "a block at an odd address" --block-at odd
	# The last bytes of memory: with as many results as there can be it just fits.
	answered "a block at the very end of memory" --block-at end --nret 5
	ask --block-at past
	is "a block that runs past the end of memory: the VMM refuses" \
		"VMM_RC == 0 && v_queries == N && v_hcall_errors == N && n_fault == N && n_answered == 0"
	ask --block-at hole
	is "a block where there is no memory: the VMM refuses" \
		"VMM_RC == 0 && v_queries == N && v_hcall_errors == N && n_fault == N && n_answered == 0"
}

case_cross() {
	passed_on "a block that crosses a page" fault --block-at cross
	passed_on "a block whose results are on the next page" fault --block-at cross-rets
}

case_shape() {
	local n N=400

	answered "3 results" --nret 3
	answered "5 results" --nret 5
	N=50
	for n in 0 1 2 6 16 0xffffffff; do
		ask --nret "$n"
		is "$n results: nobody's query" \
			"v_queries == N && v_normal == 0 && n_queries == n_fault && n_answered == 0 &&
			v_exits_rtas == N"
	done
	for n in 0 1 2 4 6 16 0x80000000 0xffffffff; do
		ask --nargs "$n"
		is "$n arguments: nobody's query" \
			"v_queries == N && v_normal == 0 && n_queries == n_fault && n_answered == 0 &&
			v_exits_rtas == N"
	done
	ask --ask other
	is "another token: never answered" "v_queries == N && n_answered == 0 && v_exits_rtas == N"
	ask --ask null
	is "another hypercall: never looked at" "v_queries == N && n_queries == 0 && n_fault == 0"
}

case_residency() {
	passed_on "a block that is not in the page tables" fault --block-nonresident=dontneed
	passed_on "a block that must not be touched" fault --block-nonresident=none
	answered "and then one that is there"
}

# The guest does not write to the page of the block in this mode: whoever marks it dirty answered.
case_dirty() {
	local set lost clear

	ask --dirty-log
	field set "$REPORT" && set=$REPLY
	field lost "$REPORT" && lost=$REPLY
	field clear "$REPORT" && clear=$REPLY
	is "the dirty log has every page that the kernel answered into" \
		"$ALL_NORMAL && n_answered >= N / 2 && set >= 5 && lost == 0"
	diag "reps with the page in the log: $set, without: $clear, lost: $lost"
}

case_no_confer() {
	# The probe answers by making another hypercall of it, the hook does not.
	if native; then
		answered "a VM without H_CONFER" --no-confer
	else
		passed_on "a VM without H_CONFER" bypassed --no-confer
	fi
	field exits_confer "$REPORT"
	is "and sees no hypercall that it did not make" "REPLY == 0"
}

case_killed() {
	local i killed=0 lives

	counters_zero
	for i in 1 2 3 4; do
		VMM_RC=0
		eeh-rawvmm --device "$DEV" --vcpus 2 --loop-until-signal --quiet \
			--kill-vcpu-during $((300 + 150 * i)) 2> /dev/null || VMM_RC=$?
		((VMM_RC == 128 + 9)) && killed=$((killed + 1))
	done
	counters
	is "VMs killed in the middle of their queries" \
		"killed == 4 && n_answered >= 100 && n_outcomes == n_queries"
	VMM_RC=0
	lives=$(eeh-rawvmm --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --json --respawn 6 \
		--kill-vcpu-during 400) || VMM_RC=$?
	field lives_with_queries "$lives"
	is "one VM after the other, each killed" "VMM_RC == 0 && REPLY == 6"
	until_true 20 no_bindings || true
	same "no binding outlives its VM" "$(< $K/bindings)" ""
	counters
	is "no answer to a VM that is not the device's owner" "n_not_owner == 0"
	answered "a VM after all these"
}

case_audit() {
	local disagreed

	eehctl fastpath audit 4
	get audit_disagreed
	disagreed=$REPLY
	counters_zero
	vmm_start audited --device "$DEV" --loop-until-signal
	get stats/answered
	until_true 20 answered_more $((REPLY + 200)) || true
	get audit_disagreed
	disagreed=$((REPLY - disagreed))
	vmm audited pause
	counters
	is "audit: the VMM agrees" "n_audited >= 40 && n_answered >= 100 && disagreed == 0"
	# Now a VMM that says frozen where firmware does not: this alarm is what the audit is for.
	vmm audited "vmm-word 1=2"
	vmm audited resume
	get audit_disagreed
	disagreed=$REPLY
	until_true 20 disagreed_more "$disagreed" || true
	get audit_disagreed
	is "audit: a VMM that says something else is noticed" "REPLY > disagreed"
	vmm_stop audited
	eehctl fastpath audit 0
	answered "no audit any more"
	is "audit is off" "n_audited == 0"
}

disagreed_more() {
	get audit_disagreed
	((REPLY > $1))
}

T=/sys/kernel/tracing
FNS=(kvmppc_pseries_do_hcall eeh_pe_get_state)

# Everybody at once on the same two functions, and on the tap's own tracepoint: they must get their
# hits, and we ours, with the tap coming and going. On one CPU: on a stock kernel a task that is moved
# to another CPU inside a kprobe brings down the host, with the module or without (k_ftrace_r13.sh).
# Hooks answer right after the guest's exit: kvmppc_pseries_do_hcall() and its tracepoint see what is
# passed on only, so there the half of everything that sits on eeh_pe_get_state() is called, and each
# exit has a tracepoint.
case_coexist() {
	local f hits cpus both=4 event=kvm_hcall_enter line='hcall=H_RTAS'

	! native || both=2 event=kvm_guest_exit line='trap=SYSCALL'

	cpus=$(taskset -pc $$)
	taskset -pc 0 $$ > /dev/null
	mkdir -p /sys/fs/bpf/coexist
	check "BPF fentry and fexit beside the tap" bpftool prog loadall \
		../lies/coexist.bpf.o /sys/fs/bpf/coexist autoattach pinmaps /sys/fs/bpf/coexist
	answered "beside BPF fentry and fexit"
	hits=$(bpftool -j map dump pinned /sys/fs/bpf/coexist/hits |
		jq '[.[].formatted.value] | map(select(. >= '"$((N / 2))"')) | length')
	same "all BPF programs on the way were called" "$hits" $both

	for f in "${FNS[@]}"; do
		echo "p:eeh_coexist/$f $f" >> $T/kprobe_events
		echo "r:eeh_coexist/${f}_ret $f" >> $T/kprobe_events
	done
	echo 1 > $T/events/eeh_coexist/enable
	answered "beside kprobes and kretprobes as well"
	hits=$(awk -v n=$((N / 2)) '$2 >= n' $T/kprobe_profile | grep -c -E 'kvmppc_pseries_do_hcall|eeh_pe_get_state' || true)
	is "the probes were hit" "hits == both"
	echo 0 > $T/events/eeh_coexist/enable	# their lines would fill the trace
	echo 1 > $T/events/eeh_coexist/kvmppc_pseries_do_hcall_ret/enable

	printf '%s\n' "${FNS[@]}" > $T/set_ftrace_filter
	echo function > $T/current_tracer
	echo 1 > $T/events/kvm_hv/$event/enable
	echo 1 > $T/tracing_on
	answered "beside the function tracer and a tracepoint as well"
	hits=$(grep -c -E ': (kvmppc_pseries_do_hcall|eeh_pe_get_state) <-' $T/trace || true)
	is "the function tracer saw both" "hits >= N / 2"
	hits=$(grep -c "$event: .*$line" $T/trace || true)
	is "the tracepoint says what the guest called" "hits >= N / 2"

	# The tap comes and goes while the others stay, and the others go while it stays.
	eehctl fastpath off
	counters_zero
	raw --device "$DEV" --count 50 --reps 2
	is "detached: the VMM answers" "VMM_RC == 0 && v_normal == 100 && v_exits_rtas == 100"
	eehctl fastpath on
	answered "attached again under all of them"
	echo 0 > $T/events/kvm_hv/$event/enable
	echo nop > $T/current_tracer
	echo > $T/set_ftrace_filter
	echo 0 > $T/events/eeh_coexist/enable
	echo > $T/kprobe_events
	answered "after tracer and probes have gone"
	rm -rf /sys/fs/bpf/coexist
	answered "after everybody has gone"
	taskset -pc "${cpus##* }" $$ > /dev/null
}

case_ftrace() {
	if echo 0 > /proc/sys/kernel/ftrace_enabled; then
		not_ok "ftrace cannot be switched off while attached" "it could"
		echo 1 > /proc/sys/kernel/ftrace_enabled
	else
		ok "ftrace cannot be switched off while attached"
	fi 2> /dev/null
	answered "and the fast path goes on"
	eehctl fastpath off
	check "ftrace can be switched off while detached" \
		bash -c 'echo 0 > /proc/sys/kernel/ftrace_enabled'
	if eehctl fastpath on 2> /run/on.err; then
		not_ok "attaching without ftrace fails" "it did not"
		eehctl fastpath off
	else
		ok "attaching without ftrace fails"
		diag "$(< /run/on.err)"
	fi
	echo 1 > /proc/sys/kernel/ftrace_enabled
	eehctl fastpath on
	answered "and works again with ftrace"
}

device "$DEV"
fastpath_fresh
for c in "${@:-${CASES[@]}}"; do
	"case_$c"
done
finish
