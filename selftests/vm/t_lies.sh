#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_lies.sh [LIE...]: policies that lie, and guests that hear the truth all the same.
#
# First every program that must be refused (bpf_lies). Then each that can only be caught when it
# answers, under real queries: while the PE is normal and while it is frozen, the counter that
# bpf_lies --list names takes every query, and the guest's own check finds no wrong answer. Last,
# what becomes of a policy that goes on: bypassed, until it is replaced.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

LIES=../lies
LIMIT=/sys/module/eeh_bpf/parameters/reject_limit

seen_more() {
	get stats/queries
	((REPLY > $1))
}

# window NAME COUNT: n_* and v_* of at least COUNT queries that began and ended in here
window() {
	local queries

	vmm "$1" pause
	counters_zero
	vmm_fields "$1"
	queries=$v_queries told=$v_frozen_and_told
	vmm "$1" resume
	get stats/queries
	until_true 60 seen_more $((REPLY + $2)) || true
	vmm "$1" pause
	counters
	vmm_fields "$1"
	w_queries=$((v_queries - queries)) w_told=$((v_frozen_and_told - told))
}

LIAR_PID=
liar() {
	local fd line=

	exec {fd}< <(exec "$LIES/bpf_lies" --attach "$1" 2>&1)
	LIAR_PID=$!
	read -r -t 60 -u "$fd" line || true
	[[ $line == attached* ]] || diag "$line"
	exec {fd}<&-
}

idle() {
	get state
	[[ $REPLY == idle ]]
}

liar_end() {
	kill -9 "$LIAR_PID"
	until_true 20 idle || not_ok "$1: detached with its loader" "still $REPLY"
}

# bound NAME: the VM's question has been learned, whatever the policy makes of it
bound() { [[ $(bindings) != 0 ]]; }

# one_lie NAME POLICY HEALTHY FROZEN
one_lie() {
	local name=$1 healthy=$3 frozen=$4 count=200 h f state

	# dawdles in every query
	[[ $name != lie_stale ]] || count=30
	echo 1000000000 > $LIMIT
	liar "$name"
	get policy
	state=$REPLY
	vmm_start liar --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --loop-until-signal
	until_true 30 bound || true
	# the first query or two of a liar that remembers
	window liar 3
	window liar "$count"
	h=n_$healthy
	is "$name: of a normal PE, every query is $healthy" \
		"w_queries >= count && n_outcomes == w_queries && h == w_queries"
	freeze "$DEV"
	window liar "$count"
	f=n_$frozen
	is "$name: of a frozen PE, every query is $frozen, and the guest is told" \
		"w_queries >= count && n_outcomes == w_queries && f == w_queries && n_answered == 0 &&
		w_told == w_queries"
	thaw "$DEV"
	vmm liar resume
	vmm_stop liar
	same "$name: was the policy" "$state" "$2"
	is "$name: no wrong answer at all" "VMM_RC == 0 && v_wrong == 0 && v_errors + v_no_answer == 0"
	liar_end "$name"
	echo 16 > $LIMIT
}

# Evidence that a reset or a thaw has overtaken: a slow policy, and a VMM that thaws all the time.
overtaken() {
	local i

	liar lie_stale
	vmm_start stale --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --loop-until-signal
	until_true 30 bound || true
	vmm stale pause
	counters_zero
	vmm stale resume
	# The slower the machine, the fewer queries are under way at a thaw.
	for ((i = 0; i < 40 * SLOWER; i++)); do
		vmm stale thaw-io
		nap $((RANDOM % 60))
	done
	vmm stale pause
	counters
	get state
	is "evidence from before a thaw is rejected" "n_rejected >= 5 && n_outcomes == n_queries"
	same "and not held against the policy" "$REPLY" attached
	diag "$n_rejected of $n_queries queries were overtaken"
	vmm stale resume
	vmm_stop stale
	is "evidence from before a thaw: no wrong answer" "v_wrong == 0"
	liar_end lie_stale
}

# A policy that is pinned, as eehctl leaves them: it lies, is bypassed, and is replaced.
bypass() {
	eehctl fastpath on
	counters_zero
	vmm_start bypass --device "$DEV" --verify-gen "${GEN_AT[$DEV]}" --loop-until-signal
	answers_again || true
	window bypass 50
	is "before: answered" "n_answered == w_queries"
	check "a lie takes the policy's place" eehctl fastpath policy "$LIES/lie_blind.bpf.o"
	window bypass 200
	get state
	is "16 lies are rejected, then the policy is not asked any more" \
		"n_rejected == 16 && n_bypassed == w_queries - 16 && n_answered == 0"
	same "the state says so" "$REPLY" bypassed
	is "its link is still there" "$(bpftool -j link show | jq '[.[] | select(.type == "struct_ops")] | length') == 1"
	freeze "$DEV"
	window bypass 100
	is "bypassed: a frozen PE is told" "w_told == w_queries && n_bypassed == w_queries"
	thaw "$DEV"
	check "an honest policy takes its place" eehctl fastpath policy
	window bypass 200
	get state
	is "and is asked" "n_answered == w_queries && n_bypassed == 0"
	same "the state says attached" "$REPLY" attached
	# Bypassed once more, and detached while it is.
	check "a lie again" eehctl fastpath policy "$LIES/lie_verdict_wide.bpf.o"
	window bypass 100
	get state
	same "is bypassed again" "$REPLY" bypassed
	check "switched off" eehctl fastpath off
	check "and on" eehctl fastpath on
	vmm bypass resume
	check "answers" answers_again
	vmm_stop bypass
	is "bypass: no wrong answer" "VMM_RC == 0 && v_wrong == 0"
}

device "$DEV"
! [[ -d $K ]] || rmmod eeh_bpf
module_load
if [[ $# == 0 ]]; then
	refused=0 out=$("$LIES/bpf_lies" --dir "$LIES") || refused=$?
	diag "$out"
	is "all programs that must be refused are, and honest ones are not" \
		"refused == 0 && $(grep -c '^ok' <<< "$out") >= 37"
fi
while read -r name rest; do
	# shellcheck disable=SC2086
	if [[ $# == 0 || " $* " == *" $name "* ]]; then
		one_lie "$name" $rest
	fi
done < <("$LIES/bpf_lies" --list)
for name in overtaken bypass; do
	if [[ $# == 0 || " $* " == *" $name "* ]]; then
		"$name"
	fi
done
finish
