#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The matcher of kernel trouble: what it must see, what it must leave alone, and that accepting one
# message by name accepts that one only.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/ktap.sh
. "$top/selftests/ktap.sh"
splat=$top/selftests/lab/splat
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# splat_rc RC LINE [OPTION...]: a console log with this line in its middle makes splat exit with RC
splat_rc() {
	local want=$1 rc=0

	printf '%s\n' "[    0.100000] Booting" "$2" "[    9.000000] reboot: Power down" > "$tmp/log"
	shift 2
	"$splat" "$@" "$tmp/log" || rc=$?
	[ "$rc" = "$want" ]
}

bad=(
	"[   12.345678] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2"
	"[   12.345678] WARNING: arch/powerpc/kvm/../../../virt/kvm/vfio.c:103 at kvm_vfio_file_free.isra.0+0x118/0x130 [kvm], CPU#0: qemu-system-ppc/194"
	"[   12.345678] [   T194] WARNING: mm/x.c:1 at f+0x1/0x2"
	"[   12.345678] [  C1] WARNING: mm/x.c:1 at f+0x1/0x2"
	"[   12.345678] kernel BUG at fs/x.c:12!"
	"[   12.345678] Oops: Exception in kernel mode, sig: 5 [#1]"
	"[   12.345678] BUG: Kernel NULL pointer dereference on read at 0x00000000"
	"[   12.345678] BUG: Unable to handle kernel data access on read at 0xc0ffee"
	"[   12.345678] BUG: sleeping function called from invalid context at kernel/x.c:1"
	"[   12.345678] BUG: scheduling while atomic: swapper/0/1/0x00000002"
	"[   12.345678] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [sh:12]"
	"[   12.345678] watchdog: CPU 0 detected hard LOCKUP on other CPUs 1"
	"[   12.345678] watchdog: CPU 1 Hard LOCKUP"
	"[   12.345678] INFO: task kworker/0:1:12 blocked for more than 120 seconds."
	"[   12.345678] rcu: INFO: rcu_preempt self-detected stall on CPU"
	"[   12.345678] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:"
	"[   12.345678] WARNING: possible circular locking dependency detected"
	"[   12.345678] WARNING: suspicious RCU usage"
	"[   12.345678] Kernel panic - not syncing: Fatal exception"
	"[    1.2junk[   12.345678] Kernel panic - not syncing: torn line"
	"[   12.345678] list_del corruption. prev->next should be c0, but was c1"
	"[   12.345678] refcount_t: underflow; use-after-free."
	"[   12.345678] BUG: KASAN: use-after-free in f+0x1/0x2"
	"[   12.345678] UBSAN: array-index-out-of-bounds in x.c:1:2"
)
for line in "${bad[@]}"; do
	check "seen: ${line:0:70}" splat_rc 1 "$line"
done
good=(
	"ok 1 a WARNING: in a test's name is no kernel message"
	"# BUG: neither is this"
	"[   12.345678] EEH: Frozen PHB#1-PE#fd detected"
	"[   12.345678] lab: running: t_warning.sh"
	"[   12.345678] e1000e 0001:01:00.0: Warning-free"
	"[    0.386584,5] OPAL: firmware's time stamps are other ones"
)
for line in "${good[@]}"; do
	check "left alone: ${line:0:70}" splat_rc 0 "$line"
done

xive="[   12.345678] WARNING: arch/powerpc/sysdev/xive/common.c:665 at xive_irq_shutdown+0x1/0x2, CPU#0: qemu/1"
check "a known message fails unless named" splat_rc 1 "$xive"
check "a known message passes when named" splat_rc 0 "$xive" --accept xive-msix-release
check "so does its cause" splat_rc 0 "${xive/irq_shutdown/find_target_in_mask}" --accept xive-msix-release
check "its function in another file does not" splat_rc 1 "${xive/common.c/native.c}" --accept xive-msix-release
check "its file with another function does not" splat_rc 1 "${xive/irq_shutdown/irq_startup}" \
	--accept xive-msix-release
check "another warning beside it does not" splat_rc 1 "$xive"$'\n'"${bad[0]}" --accept xive-msix-release
check "one name does not accept the other's message" splat_rc 1 "$xive" --accept kvm-vfio-no-tce
check "an unknown name is refused" splat_rc 2 "x" --accept no-such-name
check "a hint says the name" grep -q 'known as xive-msix-release' <("$splat" <(echo "$xive"))
check "class fatal leaves warnings to the end of the run" splat_rc 0 "${bad[0]}" --class fatal
check "class fatal sees an Oops" splat_rc 1 "${bad[5]}" --class fatal
every_entry_has_a_reason() {
	awk '/^#/ { next } /^[^ \t]/ { if (want) exit 1; want = 1; next } /^\t./ { want = 0 }
		END { exit want }' "$top/selftests/lab/splat.accept"
}
check "every accepted message has a reason" every_entry_has_a_reason
finish
