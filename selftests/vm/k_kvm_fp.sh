#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# k_kvm_fp.sh [RUNS]: a VMM's thread keeps its FP and vector registers across KVM_RUN, while the kernel
# switches tasks in it. On the stock kernel it does not: after a task switch restore_math() says that the
# registers hold the thread's values again, and KVM loads the guest's (docs/lab-known-issues.md).
set -euo pipefail
# shellcheck source=selftests/ktap.sh
. ../ktap.sh

plan 2
modprobe kvm_hv
rc=0
switches=$(awk '/^ctxt/ { print $2 }' /proc/stat)
out=$(kvmfp "${1:-100}") || rc=$?
switches=$(($(awk '/^ctxt/ { print $2 }' /proc/stat) - switches))
diag "$out, $switches task switches"
check "the registers are the thread's own" test $rc = 0
check "there were task switches enough" test $switches -gt "${1:-100}"
finish
