#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_event.sh [thaws] [resets] [others] [burst] | masked: freezes of a PE that is passed through are
# told, with nobody asking for them.
#
# The PE belongs to a raw VM whose guest stands still. With an interrupt for every freeze, each is
# told within a second, after resets and after mere thaws, by "eehctl trace", an eventfd and the
# kernel's tracepoint. Then 10,000 events in a burst: each is read or counted as lost.
#
# masked, for a machine whose firmware masks repeated errors, as the real one does: a freeze that
# raised no interrupt is found by whoever asks next, and by the sweep.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

PHB=1
OUT=/run/trace.out

# op OP [FLAGS [COUNT]]: REPLY = its value
op() { REPLY=$(eehdev op $PHB "$PE" "$@"); }
reset() { op 6; op 5; op 8; }
unfreeze() { op 2; op 3; }

# trace_start ARGS...: "eehctl trace" into $OUT
trace_start() {
	: > $OUT
	eehctl -j trace "$@" > $OUT 2> /run/trace.err &
	TRACE=$!
	# it listens when its programs are there: something has to be heard
	EEH_PATIENCE='' until_true 60 listening || { not_ok "eehctl trace starts" "$(< /run/trace.err)"; finish; }
}

listening() {
	op 0
	[[ -s $OUT ]]
}

trace_stop() {
	kill -INT $TRACE
	TRACE_RC=0
	wait $TRACE || TRACE_RC=$?
}

# events TYPE: how many
events() { grep -c "\"type\":\"$1\"" $OUT || true; }

more_frozen() { (($(events frozen) > $1)); }

# now_ms: REPLY = CLOCK_BOOTTIME in ms, to 10 ms
now_ms() {
	local s

	read -r s _ < /proc/uptime
	REPLY=$((${s%.*} * 1000 + 10#${s#*.} * 10))
}

# What the PE control register freezes raises no interrupt; an access that fails does.
fail_access() {
	inject -t mmio-load "$DEV" > /dev/null 2> /run/inject.err || diag "$(< /run/inject.err)"
}

# one_freeze SECONDS: freeze it, wait for the event; SOURCE, LATENCY (ms)
one_freeze() {
	local before line start

	SOURCE='' LATENCY=-1
	before=$(events frozen)
	now_ms
	start=$REPLY
	fail_access
	until_true "$1" more_frozen "$before" || return 0
	line=$(grep '"type":"frozen"' $OUT | tail -n 1)
	[[ $line =~ \"source\":\"([a-z]+)\" ]] && SOURCE=${BASH_REMATCH[1]}
	[[ $line =~ \"time_ns\":([0-9]+) ]] && LATENCY=$((BASH_REMATCH[1] / 1000000 - start))
	[[ $line == *'"pe":"0001:'"$PE"'"'* && $line == *'"passed_through":true'* ]] ||
		SOURCE="wrong: $line"
}

told_by() {	# told_by NAME SOURCE MS: of the last freeze
	local ms=$(($3 * SLOWER))

	if [[ $SOURCE == "$2" ]] && ((LATENCY >= -10 && LATENCY <= ms)); then
		ok "$1: told by $2 within $ms ms"
	else
		not_ok "$1: told by $2 within $ms ms" "by '$SOURCE' after $LATENCY ms"
	fi
	diag "$1: $SOURCE after $LATENCY ms"
}

# from_firmware COUNT COMMAND: freezes, each undone by COMMAND, with nobody but the interrupt to tell
from_firmware() {
	local i worst=0 n=0 frozen logs

	sweep_ms 0
	trace_start --type frozen,log,option
	for ((i = 0; i < $1; i++)); do
		one_freeze 5
		[[ $SOURCE == interrupt ]] && n=$((n + 1))
		((LATENCY <= worst)) || worst=$LATENCY
		$2
	done
	wanted=$1
	is "$1 freezes, $2 after each: each told by the interrupt" "n == wanted"
	is "$2: none later than a second ($SLOWER on this kernel)" "worst <= 1000 * SLOWER"
	diag "the last one was told after $worst ms"
	until_true 5 logs_are "$1" || true
	frozen=$(events frozen) logs=$(events log)
	is "$2: each was told once, with a record each" "frozen == wanted && logs == wanted"
	trace_stop
	is "eehctl trace ends well" "TRACE_RC == 0"
	sweep_ms 250
}

logs_are() { (($(events log) >= $1)); }

thaws() { from_firmware 10 unfreeze; }

resets() {
	reset
	from_firmware 2 reset
}

# told_twice PID: an event, until it has ended
told_twice() {
	op 0
	! kill -0 "$1" 2> /dev/null
}

# other ways to hear of it
others() {
	local t=/sys/kernel/tracing pid

	reset
	eehdev eventfd $PHB "$PE" 10 > /run/eventfd.out &
	pid=$!
	until_true 20 grep -q waiting /run/eventfd.out || true
	fail_access
	wait $pid || true
	same "the eventfd of the PE is signalled, once" "$(tail -n 1 /run/eventfd.out)" "signalled 1"
	unfreeze

	# as text, of one PE, until so many came
	eehctl trace --pe "$DEV" --type option,reset --count 2 > /run/text.out 2>&1 &
	pid=$!
	until_true 60 told_twice $pid || kill $pid
	wait $pid && ok "eehctl trace ends after so many" || not_ok "eehctl trace ends after so many"
	same "as text" "$(grep -cE "^[0-9:.]+ +0001:$PE +option +disable\$" /run/text.out)" 2

	# the kernel's own view of it: perf, trace-cmd, bpftrace
	exec {KEEP}<> /dev/eeh
	echo > $t/trace
	echo 1 > $t/events/eeh/eeh_pe_frozen/enable
	fail_access
	until_true 10 grep -q 'eeh_pe_frozen:.*passed_through=1 source=interrupt' $t/trace &&
		ok "the tracepoint tells it" || not_ok "the tracepoint tells it" "$(< $t/trace)"
	echo 0 > $t/events/eeh/eeh_pe_frozen/enable
	exec {KEEP}>&-
	unfreeze
}

# all_there COUNT: are they all read or lost?
counted() {
	n_read=$(events option)
	n_lost=$(sed -n 's/.*"lost":\([0-9]*\).*/\1/p' $OUT | tail -n 1)
	n_lost=${n_lost:-0}
}

all_there() {
	counted
	((n_read + n_lost >= $1))
}

burst() {
	local before

	trace_start --type option
	counted
	before=$((n_read + n_lost))
	op 0 0 10000
	until_true 60 all_there $((before + 10000)) || true
	counted
	is "10,000 events in a burst: all are read" "n_read == before + 10000 && n_lost == 0"
	# who does not read loses events, and is told how many
	kill -STOP $TRACE
	op 0 0 20000
	kill -CONT $TRACE
	until_true 60 all_there $((before + 30000)) || true
	counted
	is "20,000 that nobody reads: each is read later or counted as lost" \
		"n_read + n_lost == before + 30000 && n_lost > 0 && n_read > 20000"
	diag "$n_read read, $n_lost lost"
	trace_stop
	same "in order, each once" \
		"$(sed -n 's/.*"seq":\([0-9]*\).*/\1/p' $OUT | sort -n | uniq -d | wc -l)" 0
}

masked() {
	local told

	sweep_ms 0
	trace_start --type frozen,option
	one_freeze 10
	told_by "the first one" interrupt 1000
	reset
	one_freeze 3
	same "the next one raises no interrupt" "$SOURCE" ""
	vmm vm state
	until_true 10 more_frozen 1 || true
	told=$(grep '"type":"frozen"' $OUT | tail -n 1)
	[[ $told == *'"source":"query"'* ]] && ok "it is told when somebody asks" ||
		not_ok "it is told when somebody asks" "$told"
	reset
	sweep_ms 250
	one_freeze 10
	told_by "with the sweep" sweep 1500
	unfreeze
	one_freeze 10
	told_by "with the sweep, after a thaw" sweep 1500
	# The sweep sees it with its MMIO thawed and its DMA not, but not normal.
	op 2
	nap 800
	sweep_ms 0
	op 3
	(nap 500; sweep_ms 250) &
	one_freeze 10
	told_by "with the sweep, after a thaw that it saw half done" sweep 1500
	wait $!
	reset
	trace_stop
	# Behind the kernel's back: the sweep sees the PE normal in between
	trace_start --type frozen,option
	for i in 1 2; do
		one_freeze 10
		told_by "with the sweep, $i" sweep 1500
		inject thaw "$DEV"
		nap 1500
	done
	trace_stop
}

device "$DEV"
PE=$(inject pe "$DEV")
module_load
vmm_start vm --device "$DEV" --loop-until-signal
vmm vm pause
is "the guest stands still" "RESULT == 0"
[[ $# -gt 0 ]] || set -- thaws resets others burst
for part; do
	$part
done
vmm vm resume
vmm_stop vm
finish
