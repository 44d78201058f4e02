#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_fault_inject.sh [CASE...]: each allocation that the module makes while it is loaded, attached,
# detached, bound, given a canary and opened fails once, one after the other.
#
# The kernel's fault injection fails the Nth allocation below the module's code; N grows until there
# is no Nth. Whatever failed, the command says so or does without, nothing stays behind, and the same
# command works right after. Needs a kernel with CONFIG_FAULT_INJECTION (make hard).
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

# attach last: with the kernel's own call failing it may be the last that succeeds until the next boot
# (docs/lab-known-issues.md, register_ftrace_graph).
CASES=(load detach bind canary open attach)
D=/sys/kernel/debug
MOST=500	# positions; opening has more than 200

[[ -e $D/failslab/require-start && -e /proc/self/fail-nth ]] ||
	skip_all "this kernel has no fault injection"

# below FROM TO: only allocations with such an address on the stack count. Of all kinds that there are:
# a mempool's, for a page of the command that is read from disk, would be the Nth otherwise.
below() {
	local f

	for f in "$D"/fail*/require-start; do
		echo "$1" > "$f"
		echo "$2" > "${f%start}end"
	done
}

below_function() {
	local addr

	addr=$(awk -v f="$1" '$3 == f && !$4 { print "0x" $1; exit }' /proc/kallsyms)
	# Far less than what a function is followed by is as good: the call in it is what matters.
	below "$addr" "$(printf 0x%x $((addr + $2)))"
}

below_module() {
	local first last

	read -r first last < <(awk '$4 == "[eeh_bpf]" && $2 ~ /[tT]/ { print $1 }' /proc/kallsyms |
		sort | sed -n '1p;$p' | xargs)
	below "0x$first" "$(printf 0x%x $((0x$last + 4096)))"
}

for f in failslab fail_page_alloc; do
	echo 1 > $D/$f/verbose
	echo N > $D/$f/ignore-gfp-wait
	echo 0 > $D/$f/probability
done
echo 0 > $D/fail_page_alloc/min-order

# times_set N: so many allocations of each kind may fail from now on. Each that does takes one off, also
# those that fail without a word (__GFP_NOWARN).
times_set() {
	echo "$1" > $D/failslab/times
	echo "$1" > $D/fail_page_alloc/times
	TIMES=$((2 * $1))
}

# HIT = has one failed since times_set?
hit() {
	local slab page

	read -r slab < $D/failslab/times
	read -r page < $D/fail_page_alloc/times
	HIT=$((slab + page < TIMES))
}

# nth N COMMAND...: the Nth allocation of the command fails; RC, and HIT = was there one?
nth() {
	times_set 1000
	RC=0
	# shellcheck disable=SC2016
	bash -c 'echo "$0" > /proc/self/fail-nth; exec "$@"' "$@" > /run/nth.log 2>&1 || RC=$?
	hit
}

# sweep NAME STEP: STEP N until nothing was left to fail. It sets HIT, and adds to BAD what was wrong.
sweep() {
	local name=$1 step=$2 n

	N_FAILED=0 N_DONE_WITHOUT=0
	BAD=()
	for ((n = 1; n <= MOST; n++)); do
		"$step" "$n"
		((HIT)) || break
	done
	diag "$name: $((n - 1)) allocations failed, one at a time: $N_FAILED times an error, $N_DONE_WITHOUT times done without"
	if ((${#BAD[@]})); then
		not_ok "$name: nothing goes wrong when an allocation fails" "${BAD[@]}"
	else
		ok "$name: nothing goes wrong when an allocation fails"
	fi
	is "$name: all of them failed once" "n > 1 && n <= MOST"
}

# outcome N: count it, and an error must have said what is the matter
outcome() {
	if ((RC == 0)); then
		N_DONE_WITHOUT=$((N_DONE_WITHOUT + HIT))
		return
	fi
	N_FAILED=$((N_FAILED + 1))
	((HIT)) || BAD+=("$1: status $RC without a failure: $(< /run/nth.log)")
	grep -qiE 'memory|ENOMEM' /run/nth.log || BAD+=("$1: unclear: $(< /run/nth.log)")
}

step_load() {
	nth "$1" insmod "$EEH_MODULES/eeh_bpf.ko"
	outcome "$1"
	if ((RC)); then
		[[ ! -d $K && ! -d /sys/module/eeh_bpf && ! -e /dev/eeh ]] || BAD+=("$1: something stayed")
		# The next one finds out as well: loading takes ten seconds on this kernel.
		(($1 % 10 == 0)) || return 0
		module_load || BAD+=("$1: cannot be loaded any more")
	fi
	rmmod eeh_bpf || BAD+=("$1: cannot be unloaded")
}

case_load() {
	! [[ -d $K ]] || rmmod eeh_bpf
	below_function do_one_initcall 4096
	sweep load step_load
	module_load
}

idle() {
	get state
	[[ $REPLY == idle ]]
}

step_attach() {
	nth "$1" eehctl fastpath on
	outcome "$1"
	if ((RC)); then
		idle || BAD+=("$1: state $REPLY after an error")
		get taps
		[[ -z $REPLY ]] || BAD+=("$1: taps '$REPLY' after an error")
		eehctl fastpath on || BAD+=("$1: cannot be attached any more")
	fi
	eehctl fastpath off
	until_true 20 idle || BAD+=("$1: not detached")
	get taps
	[[ -z $REPLY ]] || BAD+=("$1: taps '$REPLY' when detached")
}

# The module's part allocates nothing on a kernel with the hooks: the link's own allocations, then.
case_attach() {
	below_function bpf_struct_ops_link_create 4096
	sweep attach step_attach
}

# What runs in the kernel's own threads: every Nth allocation of anybody's below the module, once
every() {
	local f

	times_set 1
	for f in failslab fail_page_alloc; do
		echo "$1" > $D/$f/interval
		echo 100 > $D/$f/probability
	done
}

every_off() {
	local f

	for f in failslab fail_page_alloc; do
		echo 0 > $D/$f/probability
		echo 1 > $D/$f/interval
	done
	hit
}

case_detach() {
	local n hits=0

	below_module
	BAD=()
	for n in 1 2 3 4 5; do
		eehctl fastpath on
		every "$n"
		eehctl fastpath off || BAD+=("$n: it could not be detached")
		until_true 20 idle || BAD+=("$n: state $REPLY")
		every_off
		hits=$((hits + HIT))
		get taps
		[[ -z $REPLY ]] || BAD+=("$n: taps '$REPLY'")
	done
	diag "detach: $hits of 5 met an allocation"
	is "detaching always succeeds" "${#BAD[@]} == 0"
}

case_bind() {
	local n hits=0

	device "$DEV"
	below_module
	fastpath_on
	counters_zero
	BAD=()
	for ((n = 1; n <= 12; n++)); do
		every "$n"
		raw --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --count 50 --reps 4
		every_off
		hits=$((hits + HIT))
		((VMM_RC == 0 && v_queries == 200 && v_normal == 200 && v_wrong == 0)) ||
			BAD+=("$n: status $VMM_RC, $v_normal of $v_queries normal, $v_wrong wrong")
		until_true 20 no_bindings || BAD+=("$n: a binding outlives its VM")
	done
	counters
	diag "bind: $hits of 12 VMs met a failure; $n_answered of $n_queries queries answered in the kernel"
	is "guests get the right answers whatever fails" "${#BAD[@]} == 0 && hits >= 4" "${BAD[@]}"
	is "the counters add up" "n_outcomes == n_queries && n_queries == 2400"
	counters_zero
	raw --device "$DEV" --count 50 --reps 8
	counters
	is "then they are answered in the kernel" "n_answered >= 200"
	eehctl fastpath off
}

# The second device is its driver's.
step_canary() {
	nth "$1" eehctl canary on "$DEV2"
	outcome "$1"
	if ((RC)); then
		! grep -q . $K/canaries || BAD+=("$1: a canary after an error")
		eehctl canary on "$DEV2" || BAD+=("$1: there cannot be a canary any more")
	fi
	eehctl canary off "$DEV2" > /dev/null || BAD+=("$1: no canary to switch off")
}

case_canary() {
	eehctl fastpath on
	below_module
	sweep canary step_canary
	eehctl fastpath off
}

step_open() {
	nth "$1" bash -c 'exec 3< /dev/eeh'
	outcome "$1"
}

case_open() {
	below_module
	sweep open step_open
}

for c in "${@:-${CASES[@]}}"; do
	[[ $c == load || -d $K ]] || module_load
	"case_$c"
done
check "the module can be unloaded" rmmod eeh_bpf
# Twice: an object counts when it was unreferenced in two scans.
if [[ -e $D/kmemleak ]]; then
	echo scan > $D/kmemleak
	sleep 6
	echo scan > $D/kmemleak
	leaks=$(grep -c '\[eeh_bpf\]' $D/kmemleak || true)
	is "no memory has been lost" "leaks == 0" "$(head -c 3000 $D/kmemleak)"
fi
finish
