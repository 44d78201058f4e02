#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# k_ftrace_r13.sh [SECONDS]: a kprobe at a function's entry, while the tasks that hit it are moved from
# CPU to CPU. Then the same without the probe.
#
# ftrace_regs_caller (arch/powerpc/kernel/trace/ftrace_entry.S) saves and restores r13, the pointer to
# the CPU's PACA. A task that was preempted in the callback and goes on elsewhere gets the pointer of
# the CPU it came from. A kernel with this bug is lost within seconds, so the run says "kernel
# trouble", mostly "stack-protector: Kernel stack is corrupted": the canary lies in the PACA's task.
set -euo pipefail
# shellcheck source=selftests/ktap.sh
. ../ktap.sh

seconds=${1:-30}
T=/sys/kernel/tracing

# move NAME: readers that are moved from CPU to CPU
move() {
	local pids=() p n=0 end

	while ((${#pids[@]} < 3)); do
		dd if=/dev/zero of=/dev/null bs=1 2> /dev/null &
		pids+=($!)
	done
	end=$((SECONDS + seconds))
	while ((SECONDS < end)); do
		for p in "${pids[@]}"; do
			taskset -p $((1 + n % 2)) "$p" > /dev/null
			n=$((n + 1))
		done
	done
	kill "${pids[@]}"
	if ((n > 100)); then
		ok "$1: alive after moving tasks"
	else
		not_ok "$1: alive after moving tasks" "only $n moves: this shows nothing"
	fi
	diag "$1: $n moves"
}

plan 3
move "no probe"
echo 0 > $T/tracing_on
echo 'p:r13 vfs_read' > $T/kprobe_events
echo 1 > $T/events/kprobes/r13/enable
move "kprobe"
read -r _ hits _ < $T/kprobe_profile
if ((hits > 1000)); then ok "the probe was hit"; else not_ok "the probe was hit" "$hits times"; fi
finish
