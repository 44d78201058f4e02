#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_mutants.sh [MUTANT|SCRIPT...]: the tests, or these scripts, find the faults that were
# planted (selftests/mutants).
#
# A test runs once per fault, with the module that has it, and the result that the list names must
# turn red: a fault that nobody notices fails. Each test that is used here also runs once without a
# fault, and must pass.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

M=../mutants
[[ -f $M/list ]] || skip_all "no mutants were built (make mutants)"

# run_test LOG SECONDS COMMAND...: with all that it may leave behind
run_test() {
	local log=$1 secs=$2 rc=0 dev

	shift 2
	setsid timeout -k 5 "$secs" "$@" > "$log" 2>&1 &
	TEST=$!
	wait $TEST || rc=$?
	# its session: VMs, a freezer, a loader
	pkill -KILL -s $TEST || true
	for dev in "$DEV" "$DEV2"; do
		thaw "$dev"
	done
	eehctl fastpath off > /dev/null 2>&1 || true
	# What was killed takes its time to go; the next fault is not to suffer for it.
	! [[ -d $K ]] || EEH_PATIENCE='' until_true 60 rmmod eeh_bpf 2> /dev/null || true
	return $rc
}

device "$DEV"
device "$DEV2"
declare -A passes=()
mkdir -p "$EEH_OUT/mutants"
while IFS='|' read -r name red test; do
	name=${name//[[:space:]]/}
	[[ -n $name && $name != \#* ]] || continue
	read -r red <<< "$red"
	read -r test <<< "$test"
	[[ $# == 0 || " $* " == *" $name "* || " $* " == *" ${test%% *} "* ]] || continue
	log=$EEH_OUT/mutants/$name.log
	if [[ -z ${passes[$test]-} ]]; then
		passes[$test]=1
		# shellcheck disable=SC2086
		check "without a fault: $test" run_test "$EEH_OUT/mutants/good-${test// /-}.log" 200 ./$test
	fi
	export EEH_PATIENCE=4
	# A test takes what it loads.
	[[ ! -f $M/$name.ko ]] || export EEH_BPF_KO=$M/$name.ko
	[[ ! -f $M/$name.kunit.ko ]] || export EEH_KUNIT_KO=$M/$name.kunit.ko
	[[ ! -f $M/$name.bpf.o ]] || export EEH_BPF_POLICY=$M/$name.bpf.o
	start=$SECONDS
	# shellcheck disable=SC2086
	run_test "$log" 120 ./$test || true
	if grep -qE "^ *not ok .*$red" "$log"; then
		ok "$name is noticed"
	else
		not_ok "$name is noticed" "$test:" "$(tail -n 30 "$log")"
	fi
	diag "$name: $(grep -E '^ *not ok' "$log" | head -n 1), in $((SECONDS - start)) s"
	unset EEH_PATIENCE EEH_KUNIT_KO EEH_BPF_KO EEH_BPF_POLICY
done < "$M/list"
finish
