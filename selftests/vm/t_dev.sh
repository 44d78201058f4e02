#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_dev.sh [refused] [operations] [logs] [lifetime]: /dev/eeh on a PE that another process owns, a raw VM.
#
# Bad arguments are refused. All operations; asking does not disturb a reset. The diagnostic data of
# a freeze are saved though the PE is passed through, and have the PEST entry of the PE in them; a
# second fetch says that it fetched nothing. The module stays while the file is open, and a device
# that goes takes its PE out of reach, also while the file is open.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

PHB=1
PE=$(inject pe "$DEV")
ST_NORMAL=0 ST_RESET=1 ST_FROZEN=2

# op OP [FLAGS]: REPLY = its value
op() { REPLY=$(eehdev op $PHB "$PE" "$@"); }

# fetch: f_state, f_seq, f_flags
fetch() {
	local out

	out=$(eehdev fetch $PHB "$PE")
	[[ $out =~ state=(-?[0-9]+)\ seq=([0-9]+)\ flags=([0-9]+) ]]
	f_state=${BASH_REMATCH[1]} f_seq=${BASH_REMATCH[2]} f_flags=${BASH_REMATCH[3]}
}

# log_after SEQ FILE: l_error, or l_seq, l_len, l_source, l_flags
log_after() {
	local out

	l_error=0 l_seq=0 l_len=0 l_source=0 l_flags=0
	out=$(eehdev log $PHB "$PE" "$1" 2>&1 > "$2") || true
	if [[ $out =~ error=(-?[0-9]+) ]]; then
		l_error=${BASH_REMATCH[1]}
	elif [[ $out =~ seq=([0-9]+)\ len=([0-9]+)\ source=([0-9]+)\ flags=([0-9]+) ]]; then
		l_seq=${BASH_REMATCH[1]} l_len=${BASH_REMATCH[2]}
		l_source=${BASH_REMATCH[3]} l_flags=${BASH_REMATCH[4]}
	fi
}

state_is() { op 4 && [[ $REPLY == "$1" ]]; }

be() { od -An -tx1 -j "$2" -N "$3" "$1" | tr -d ' \n'; }

# The data are a struct OpalIoPhb4ErrorData (skiboot include/opal-api.h): version 1, type 3 and the
# length; the PEST, 512 A words and then 512 B words, is at its end.
PEST=512
check_blob() {
	local len pesta at

	len=$(printf %d "0x$(be "$1" 8 4)")
	same "data: version and type of a PHB4's" "$(be "$1" 0 8)" 0000000100000003
	at=$((len - 16 * PEST + 8 * 0x$PE))
	pesta=$(be "$1" $at 8)
	is "data: the PEST entry of the PE is in them" "len > 16 * PEST && len <= l_len && 0x$pesta >> 63 != 0" \
		"PESTA[$PE] at $at: $pesta"
}

refused() {
	same "everything bad is refused" "$(eehdev bad $PHB "$PE")" ""
	same "a PE of this kernel's own driver is left alone" \
		"$(eehdev op 0 "$(inject pe 0000:01:00.0)" 6)" -16
}

operations() {
	op 4
	same "state: normal" "$REPLY" $ST_NORMAL
	op 0; same "disable" "$REPLY" 0
	op 1; same "enable" "$REPLY" 0
	freeze "$DEV"
	until_true 10 state_is $ST_FROZEN && ok "state: frozen" || not_ok "state: frozen"
	op 2; same "unfreeze I/O" "$REPLY" 0
	op 3; same "unfreeze DMA" "$REPLY" 0
	op 4; same "state: normal again" "$REPLY" $ST_NORMAL
	op 6; same "hot reset" "$REPLY" 0
	op 4; same "while it is reset nobody is asked" "$REPLY" -11
	op 5; same "the reset ends" "$REPLY" 0
	op 4; same "nor before it is configured" "$REPLY" -11
	op 8; same "configure" "$REPLY" 0
	op 4; same "state: normal after a reset" "$REPLY" $ST_NORMAL
	op 7; same "fundamental reset" "$REPLY" 0
	op 5
	op 8; same "configure after it" "$REPLY" 0
	op 4; same "state: normal after that reset" "$REPLY" $ST_NORMAL
	# EEH_ERR_FUNC_LD_CFG_ADDR (4), no address: the next load from configuration space
	same "inject" "$(eehdev inject $PHB "$PE" 1 0 4 0)" "failed=0 last=0"
	read_config "$DEV"
	check "the next load freezes the PE" until_true 10 state_is $ST_FROZEN
	op 2; op 3
}

logs() {
	local blob=/run/blob first

	op 6; op 5; op 8	# the kernel forgets what it knew of the PE
	log_after 0 $blob
	first=$l_seq
	while log_after "$first" $blob && ((l_error == 0)); do
		first=$l_seq
	done
	freeze "$DEV"
	got=0
	for _ in {1..50}; do
		log_after "$first" $blob
		((l_error == 0)) && got=1 && break
		nap 100
	done
	is "a freeze leaves a record" "got && l_seq > first && l_len > 0"
	is "its data are fresh, the PE was passed through" "l_flags == 2"
	check_blob $blob
	fetch
	is "a second fetch says that the PE was isolated before" \
		"f_state == ST_FROZEN && f_flags & 1 && f_seq == l_seq"
	op 6; op 5; op 8
	fetch
	is "nothing to fetch from a normal PE" "f_state == ST_NORMAL && f_seq == 0"

	# Nobody else looks: no interrupt is waited for, the fetch itself finds it.
	sweep_ms 0
	last=$l_seq
	freeze "$DEV"
	fetch
	is "a fetch that finds the freeze has fresh data" "f_state == ST_FROZEN && f_flags == 2"
	for _ in {1..9}; do
		op 2; op 3
		freeze "$DEV"
		fetch
	done
	is "after a mere thaw the kernel fetches none: the record says so" "f_seq > last + 9 && f_flags & 1"
	op 6; op 5; op 8
	n=0 oldest=0 seq=0
	while log_after "$seq" $blob && ((l_error == 0)); do
		((oldest)) || oldest=$l_seq
		seq=$l_seq n=$((n + 1))
	done
	is "the last 8 are kept" "n == 8 && seq >= last + 10 && oldest > last"
	sweep_ms 250
}

# hold: keep the file open; release: no more
hold() {
	rm -f /run/hold.in /run/hold.out
	mkfifo /run/hold.in /run/hold.out
	eehdev hold < /run/hold.in > /run/hold.out &
	hold_pid=$!
	exec {HOLD}> /run/hold.in {HELD}< /run/hold.out
	read -r -t 60 -u "$HELD" _
}

release() {
	exec {HOLD}>&-
	wait "$hold_pid"
	exec {HELD}<&-
}

lifetime() {
	if rmmod eeh_bpf 2> /dev/null; then
		not_ok "the module stays while the file is open"
		module_load
	else
		ok "the module stays while the file is open"
	fi
	vmm vm resume
	vmm_stop vm
	op 4
	same "state of a PE that nobody owns" "$REPLY" $ST_NORMAL
	echo 1 > "/sys/bus/pci/devices/$DEV/remove"
	op 4
	same "a PE that is gone" "$REPLY" -19
	same "its log outlives it" "$(eehdev log $PHB "$PE" 0 2>&1 > /dev/null | grep -c seq=)" 1
	echo 1 > /sys/bus/pci/rescan
	until_true 10 test -e "/sys/bus/pci/devices/$DEV"
	PE=$(inject pe "$DEV")
	op 4
	same "found again" "$REPLY" $ST_NORMAL
	release
	rmmod eeh_bpf && ok "unloaded after the last close" || not_ok "unloaded after the last close"
	# and if a PE goes while it is being reset. With a driver that loads nothing: a freeze by a PE that
	# is gone cannot be mended (docs/lab-known-issues.md).
	module_load
	lab-vfio "$DEV"
	hold
	eehdev op $PHB "$PE" 6 1 > /run/reset.out &
	pid=$!
	nap 50
	echo 1 > "/sys/bus/pci/devices/$DEV/remove"
	wait $pid || true
	diag "reset of a device that is being removed: $(< /run/reset.out)"
	op 4
	same "gone after the reset" "$REPLY" -19
	release
	echo 1 > /sys/bus/pci/rescan
}


device "$DEV"
module_load
hold
vmm_start vm --device "$DEV" --loop-until-signal
vmm vm state
is "VFIO's state" "RESULT == 0"
# Who asks VFIO while a reset ends can freeze the PE again (docs/lab-known-issues.md).
vmm vm pause
[[ $# -gt 0 ]] || set -- refused operations logs lifetime
for part; do
	$part
done
[[ -z ${VMM_PID[vm]-} ]] || vmm_kill vm
finish
