#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_guest_fuzz.sh [CALLS [SEED [VMM]]]: a Linux guest calls its firmware CALLS times with hostile
# argument blocks (rtas_fuzz/). VMM is engine, QEMU with our series, which answers by libeeh (the
# default), or stock, Debian's QEMU. What is well-formed is answered rightly; the kernel's answers are
# the VMM's; another VM with the same name for another PE hears of nothing; nothing leaks.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh
# shellcheck source=selftests/vm/guest.sh
. ./guest.sh

total=${1:-30000} seed=${2:-1} vmm=${3:-engine}

F=/sys/kernel/rtas_fuzz
PE=0001:00:01.0
BUID=0x800000020000001 ADDR=0x801	# how the guest calls its PE
BUID2=0x800000020000002 ADDR2=0x1001	# and the other VM its own, at times
# The guest's kernel has 1008 of 1024 MiB.
MEM_BASE=$((1008 << 20)) MEM_SIZE=$((16 << 20))

# kernel-irqchip=off: KVM's own RTAS calls (XICS) end a guest whose block it cannot read, or has 16
# arguments and more (kvmppc_rtas_hcall()); without them all blocks get to the VMM.
begin() {
	local machine=kernel-irqchip=off

	[[ $vmm != engine ]] || machine+=,eeh-inject=on,eeh-fastpath=off
	guest start "$GUEST" --smp 2 --mem 1G --no-drivers --append mem=1008M \
		--qemu-arg -machine --qemu-arg "$machine" \
		--qemu-arg -device --qemu-arg spapr-pci-host-bridge,index=1,id=phb1 \
		--qemu-arg -device --qemu-arg "vfio-pci,host=$DEV,bus=phb1.0,addr=1,id=dev1"
	# Memory decode: a block may be in a BAR, too.
	in_guest "setpci -s $PE 4.w=2; insmod /payload/rtas_fuzz.ko base=$MEM_BASE size=$MEM_SIZE dev=$PE \
		others=$BUID2:$ADDR2,$BUID:$ADDR2,$BUID2:$ADDR stock=$([[ $vmm == stock ]] && echo 1 || echo 0)"
}

FUZZ_FIELDS=(ms calls hcall_ok hcall_parameter hcall_other ok hw_error param_error not_open not_now delay
	other answerable normal frozen elsewhere foreign vmm_ok injected slow wrong overrun after)

# fuzz MODE SEED CALLS: f_* and digest
fuzz() {
	local line

	line=$(guest exec "$GUEST" --timeout $((60 + $3 / 50)) -- sh -c "echo $1 $2 $3 > $F/run; cat $F/result $F/refuted") || line=
	fields f_ "$line" "${FUZZ_FIELDS[@]}"
	[[ $line =~ \"digest\":\"([0-9a-f]*)\" ]] && digest=${BASH_REMATCH[1]} || digest=none
	diag "$line"
	total_calls=$((total_calls + f_calls))
}

# witness NAME-OF-PE...: the other VM, which asks all the time
witness() {
	vmm_start other --device "$DEV2" "$@" --verify-gen "${GEN_AT[$DEV2]}" --loop-until-signal
}
other_asks() { vmm_fields other && ((v_queries > 10)); }
other_hears() { vmm_fields other && ((v_frozen > 10)); }

# What the other VM's binding has answered: with its in_kernel, while that VM is paused
its_answers() { sed -n "s/.* ${DEV2%%:*}:.*answered=//p" $K/bindings; }

# begin_count, end_count: what was answered to whom in between. k_guest: to the fuzzing guest by the kernel;
# k_other: to the other VM; k_binding: by its binding.
begin_count() {
	vmm other pause
	vmm_fields other
	other_in_kernel=$v_in_kernel other_frozen=$v_frozen other_normal=$v_normal other_changed=$v_changed
	other_binding=$(its_answers)
	counters_zero
	vmm other resume
}
end_count() {
	vmm other pause
	vmm_fields other
	counters
	k_other=$((v_in_kernel - other_in_kernel))
	k_binding=$(($(its_answers) - ${other_binding:-0}))
	k_guest=$((n_answered - k_other))
	o_frozen=$((v_frozen - other_frozen)) o_normal=$((v_normal - other_normal))
	o_changed=$((v_changed - other_changed))
	diag "kernel: $k_guest to the guest, $k_other to the other VM; queries=$n_queries unbound=$n_unbound" \
		"fault=$n_fault learned=$n_learned dropped=$n_dropped; other VM: normal=$o_normal frozen=$o_frozen"
	vmm other resume
}

# What QEMU has for itself, in KiB: without the guest's memory
qemu_kib() {
	awk '/^[0-9a-f]+-/ { big = 0 } /^Size:/ { big = $2 >= 1000000 } /^Rss:/ && !big { n += $2 } END { print n }' \
		"/proc/$QEMU/smaps"
}
qemu_fds() { find "/proc/$QEMU/fd" -mindepth 1 | wc -l; }
slab_kib() { awk '/^SUnreclaim:/ { print $2 }' /proc/meminfo; }
use() {
	qemu_now=$(qemu_kib) fds_now=$(qemu_fds) slab_now=$(slab_kib)
	log_now=$(wc -c < "/run/guest/$GUEST/qemu.log")
	diag "QEMU $qemu_now KiB, $fds_now files, its log $log_now bytes; host's slab $slab_now KiB"
}

if [[ $vmm == engine ]]; then
	[[ -x /payload/vmm/qemu-system-ppc64 ]] || skip_all "there is no QEMU with our series"
	export PATH=/payload/vmm:$PATH
fi
total_calls=0
device "$DEV"
device "$DEV2"
! [[ -d $K ]] || rmmod eeh_bpf
check "a guest boots" begin
QEMU=$(guest pid "$GUEST")
few=$((total / 10))

# ---- without the module: what the VMM answers
fuzz still "$seed" "$few"
without=$digest
is "VMM alone: what is well-formed is answered rightly" \
	"f_calls == few && f_wrong + f_overrun == 0 && f_answerable > few / 20 && f_normal == f_answerable"
is "its own calls come through as well" "f_vmm_ok > 20 && f_foreign > few / 20"

# ---- the module answers too; another VM calls its PE the same, and that is frozen all the time
fastpath_fresh
witness --buid $BUID --addr $ADDR
until_true 30 other_asks
freeze "$DEV2"
until_true 30 other_hears
begin_count
fuzz still "$seed" "$few"
end_count
is "attached: what is well-formed is answered rightly" \
	"f_calls == few && f_wrong + f_overrun == 0 && f_normal == f_answerable"
same "the same answers as without" "$f_calls $digest" "$few $without"
is "by the kernel and by the VMM" "k_guest > f_answerable / 4 && k_guest < f_calls"
is "the other VM's PE stays frozen, and it is told so" \
	"o_frozen > 10 && o_normal + o_changed + v_wrong + k_other == 0 && $(inject gen "$DEV2") % 2 == 1"
is "each query has one outcome" "n_outcomes == n_queries && n_rejected + n_not_owner == 0"

# ---- now ours is frozen, theirs is not
thaw "$DEV2"
freeze "$DEV"
in_guest "echo 2 > $F/state"
begin_count
fuzz still $((seed + 1)) "$few"
end_count
thaw "$DEV"
in_guest "echo 0 > $F/state"
is "frozen: every well-formed question is told so, none by the kernel" \
	"f_calls == few && f_wrong + f_overrun + k_guest == 0 && f_frozen == f_answerable"
is "the other VM's PE is normal, and its answers are its own" \
	"o_normal > 10 && o_frozen + v_wrong == 0 && k_other > 10 && k_other == k_binding"
vmm_stop other

# ---- everything, on two CPUs
witness --buid $BUID2 --addr $ADDR2
until_true 30 other_asks
fuzz wild $((seed + 2)) "$few"
use
qemu_before=$qemu_now fds_before=$fds_now slab_before=$slab_now log_before=$log_now
begin_count
rest=$((total - 4 * few))
fuzz wild "$seed" $rest
end_count
use
is "wild: no wrong answer" "f_calls >= rest && f_wrong + f_overrun == 0"
is "the engine and the VMM were asked" \
	"f_ok > rest / 20 && f_vmm_ok > 100 && f_hcall_parameter > 100 && f_slow > 0"
# What the kernel may answer comes by chance, as the PE is hardly ever normal: go on until it has.
wrong=0
for ((i = 3; i < 20 && k_guest <= 10; i++)); do
	fuzz wild $((seed + i)) "$few"
	end_count
	wrong=$((wrong + f_wrong + f_overrun))
done
is "and the kernel" "k_guest > 10 && wrong == 0"
is "the PE can be recovered after it" "f_after == 0"
is "the other VM's PE stays normal, and its answers are its own" \
	"o_normal > 10 && o_frozen + o_changed + v_wrong == 0 && k_other == k_binding"
# Rejected: evidence that a thaw by the other CPU has overtaken.
is "each query has one outcome" "n_outcomes == n_queries && n_bypassed + n_not_owner == 0"
is "QEMU has not grown" "qemu_before > 0 && qemu_now - qemu_before < 96 && fds_now == fds_before"
is "nor the host's slab" "slab_now - slab_before < 4096"
# Ten refusals a minute, of each kind
is "nor its log, by what a guest can do at will" "log_now - log_before < 30000"
vmm_stop other
is "the other VM was never told wrong" "VMM_RC == 0 && v_wrong == 0"
diag "$total_calls calls"

check "the guest still works" in_guest true
guest stop "$GUEST"
is "nothing is bound any more" "$(bindings) == 0"
eehctl fastpath off
check "the module can be unloaded" rmmod eeh_bpf
finish
