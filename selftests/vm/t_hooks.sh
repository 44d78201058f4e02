#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_hooks.sh: what the hooks of kernel/patches/ are in the code that runs: one nop each while nothing is
# attached, whether or not the module is loaded, and a branch only while the hook is used.
#
# So a load that is not all-ones pays nothing (readX() has no hook), one that is pays a nop.
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

# are WHAT...: the check hook's one place, then the two of H_RTAS (the exit, and KVM_RUN)
are() {
	local now

	now=$({ hooksites eeh_check_hook_key; hooksites eeh_rtas_hook_key kvm_hv; } | awk '{ print $2 }' | xargs)
	[ "$now" = "$*" ] || { diag "$now"; return 1; }
}

plan 5
modprobe kvm_hv
check "no module: three nops" are nop nop nop
module_load
check "module loaded: three nops" are nop nop nop
eehctl fastpath on > /dev/null
check "attached: H_RTAS branches, and without a canary the check does not" are nop branch branch
eehctl fastpath off > /dev/null
check "detached: three nops" are nop nop nop
rmmod eeh_bpf
check "unloaded: three nops" are nop nop nop
finish
