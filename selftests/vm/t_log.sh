#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_log.sh: why a passed-through PE froze, end to end: errors are injected under a driver in user
# space; what the module fetched, and what OPAL printed, decode to the sentence for what was
# injected, while the kernel prints nothing of it.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

nvme_device
module_load
until_true 10 test -c /dev/eeh || skip_all "there is no /dev/eeh"

printed() { dmesg | { grep -c 'Diag-data' || true; }; }
before=$(printed)
rc=0
out=$(eehctl log show "$pe" 2>&1) || rc=$?
is "nothing is kept yet, and it says why" "rc == 1 && ${#out} > 0" "$out"

exec {EEH}<> /dev/eeh
nvme-admin --interval 200 "$nvme" > /run/nvme.out 2>&1 &
pid=$!
check "a process owns it" until_true 20 grep -q '^model' /run/nvme.out

last() { eehctl -j log list "$pe" | { grep -o '"seq":[0-9]*' || true; } | tail -n 1 | cut -d: -f2; }
newer() { newest=$(last) && ((${newest:-0} > seen)); }
normal() { [[ $(eehctl pe state "$pe" | awk 'NR == 2 { print $2 }') == normal ]]; }

# reason NAME WHAT CLASS PATTERN: inject WHAT; the log has that class, and a sentence like PATTERN
reason() {
	local name=$1 what=$2 class=$3 pattern=$4 sentence shown opal

	seen=$(last)
	seen=${seen:-0}
	# shellcheck disable=SC2086 # -t and the kind
	inject $what "$nvme" > /dev/null 2>&1 || true
	if ! until_true 30 newer; then
		not_ok "$name: data of the freeze" "$(eehctl log list "$pe" 2>&1)"
		return
	fi
	shown=$(eehctl log show "$pe" --seq "$newest" 2>&1) || true
	sentence=${shown%%$'\n'*}
	if [[ $sentence =~ ^($pattern)$ ]]; then
		ok "$name: $sentence"
	else
		not_ok "$name" "'$sentence' is not like '$pattern'" "$shown"
	fi
	shown=$(eehctl -j log show "$pe" --seq "$newest" 2>&1) || true
	is "$name: class" "$([[ $shown =~ \"class\":\"($class)\" ]] && echo 1 || echo 0)" "$shown"
	opal=$(eehctl log decode /sys/firmware/opal/msglog --pe "$pe" 2>&1 | grep -cxF -- "$sentence") || true
	is "$name: OPAL's log says the same" "opal > 0" "$(tail -n 5 /sys/firmware/opal/msglog)"
	check "$name: recovered" until_true 60 normal
}

# The driver may have been at work: then the PEST has the first of its DMA that was stopped.
reason "frozen by a register" freeze "none|other" \
	"PE ${pe#*:} of PHB ${pe%:*} is frozen, with no cause of its own|DMA (read|write) by $nvme to 0x[0-9a-f]+ was stopped"
reason "config read" "-t cfg" injected \
	"config read of $nvme( at 0x[0-9a-f]+)? was answered with Unsupported Request: an injected config error"
reason "load" "-t mmio-load" injected \
	"MMIO load at 0x[0-9a-f]+ of PE ${pe#*:} of PHB ${pe%:*} was answered with Unsupported Request: an injected MMIO error"
reason "DMA write" dma-write injected \
	"DMA write by $nvme to 0x[0-9a-f]+ was stopped: an injected DMA error"

same "the kernel has printed nothing of these" "$(printed)" "$before"
rows=$(eehctl log list | grep -c "^$pe ")
is "list: all of them" "rows >= 4" "$(eehctl log list)"
is "list: fresh" "$(eehctl log list "$pe" | awk 'NR > 1 && $5 == "yes"' | wc -l) >= 4" "$(eehctl log list)"

kill $pid
wait $pid || true
exec {EEH}>&-
finish
