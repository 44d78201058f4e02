# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What the tests with a Linux guest share: stock QEMU, stock kernel, a device passed through, and
# eehbench_guest in the guest to ask. Source it after vm.sh.

G=/sys/kernel/eehbench_guest
GDEV=0001:00:00.0	# what the first passed device is in the guest
GUEST=g

# Not by a time-out of read: docs/lab-known-issues.md, "The clock jumps".
nap() { busybox usleep $(($1 * 1000)); }

in_guest() { guest exec "$GUEST" --timeout 90 -- sh -c "$1"; }

# guest_module: load what asks, into a guest that has just booted
guest_module() { in_guest "insmod /payload/eehbench_guest.ko dev=$GDEV"; }

# ask KIND COUNT REPS: g_normal, g_frozen, g_errors of that many calls
ask() {
	local line

	line=$(in_guest "echo $1 $2 $3 > $G/run && cat $G/result") || line=
	fields g_ "$line" normal frozen errors
}

loop_start() { in_guest "echo start rtas 300 > $G/loop"; }

# loop_stop: g_* of the loop, g_queries, and g_state, its last answer
loop_stop() {
	local line

	line=$(in_guest "echo stop > $G/loop; cat $G/loop_stats")
	fields g_ "$line" queries normal frozen errors
	g_state=$(sed 's/.*"state":\([-0-9]*\).*/\1/' <<< "$line")
}

# On a machine with too much to do a command may time out: ask again.
recoveries() {
	local n i

	for i in 1 2 3; do
		n=$(in_guest "dmesg | grep -c 'EEH: Recovery successful'; true") || n=
		[[ ! $n =~ ^[0-9]+$ ]] || break
	done
	echo "${n:-0}"
}
recovered() { (($(recoveries) > $1)); }

agent_up() { guest exec "$GUEST" --timeout 5 -- true 2> /dev/null; }

# The PE is frozen while the guest asks nothing; its first question must be told.
# frozen_and_recovered NAME COMMAND...: freeze by COMMAND, first query, recovery, fast path back
frozen_and_recovered() {
	local name=$1 before

	shift
	before=$(recoveries)
	counters_zero
	"$@" || true
	ask rtas 1 1
	counters
	is "$name: the guest's first query is told" "g_frozen == 1 && n_answered == 0"
	# the driver may have seen it first, by a query of its own
	ask check 1 1
	until_true 180 recovered "$before" || true
	is "$name: the guest recovers" "$(recoveries) > before"
	loop_start
	answers_again 60 || true
	nap 500
	loop_stop
	counters
	is "$name: then its queries are answered in the kernel again" \
		"n_answered >= 50 && g_frozen == 0 && g_errors == 0 && g_state == 0"
}

# guest_begin ARGS...: a guest with DEV, and the fast path that comes while it runs
guest_begin() {
	device "$DEV"
	! [[ -d $K ]] || rmmod eeh_bpf
	module_load
	check "a guest boots" guest start "$GUEST" --device "$DEV" --smp 2 "$@"
	guest_module
	ask check 50 2
	is "without the fast path its queries are answered" "g_normal == 100"
	eehctl fastpath on
	counters_zero
	loop_start
	answers_again 60 || true
	loop_stop
	ask check 100 5
	counters
	is "with it in the kernel, while the guest runs" \
		"g_normal == 500 && n_answered >= 500 && n_outcomes == n_queries && n_rejected == 0"
	diag "$(< $K/bindings)"
}

dropped_more() {
	counters
	((n_dropped > $1))
}

qemu_without_device() { ! guest monitor "$GUEST" "info pci" | grep -q 8086; }
