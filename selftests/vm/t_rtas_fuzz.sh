#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_rtas_fuzz.sh [CASES [SEED...]]: a VM that defined no RTAS tokens, and argument blocks that are no
# questions: of odd shapes, in odd places, with a bit of a name changed. Each must come out to the VMM
# just as the guest made it, whether the fast path is attached or not; the stock kernel without a
# module, which this test runs on as well, is what "just as" means.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

cases=${1:-4000}
seeds=("${@:2}")
[[ ${#seeds[@]} -gt 0 ]] || seeds=(1 2 3)

# fuzz NAME SEED: digest = what came out
fuzz() {
	local name=$1

	raw --device "$DEV" --fuzz "$2" --count 100 --reps $((cases / 100))
	fields f_ "$REPORT" fuzz_cases fuzz_missed fuzz_r4 fuzz_changed fuzz_result
	[[ $REPORT =~ \"fuzz_digest\":\"([0-9a-f]*)\" ]] && digest=${BASH_REMATCH[1]} || digest=none
	is "$name: every block comes out to the VMM, as it was" "VMM_RC == 0 && v_queries == cases &&
		f_fuzz_cases > cases / 2 && f_fuzz_cases < cases &&
		f_fuzz_missed + f_fuzz_r4 + f_fuzz_changed + f_fuzz_result == 0"
}

device "$DEV"
! [[ -d $K ]] || rmmod eeh_bpf
for s in "${seeds[@]}"; do
	fuzz "no module, seed $s" "$s"
	without=$digest cases_without=$f_fuzz_cases
	is "no module, seed $s: nothing is answered in the kernel" "v_exits_rtas == cases"
	fastpath_fresh
	fuzz "attached, seed $s" "$s"
	counters
	same "attached, seed $s: the same came out" "$digest $f_fuzz_cases" "$without $cases_without"
	is "attached, seed $s: ordinary questions are answered in the kernel" \
		"n_answered >= 50 && n_answered == v_in_kernel"
	diag "seed $s: $f_fuzz_cases blocks, digest $digest"
	eehctl fastpath off
	rmmod eeh_bpf
done
finish
