#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The lab's guests. They boot with an e1000e and an NVMe, both devices work there
# with MSI-X, and commands, statuses, files and time limits cross the serial channel as they should.
set -uo pipefail
# shellcheck source=selftests/ktap.sh
. ../ktap.sh

prints() { # prints TEXT CMD...
	local want=$1 got

	shift
	got=$("$@") || return
	[ "$got" = "$want" ] || { echo "'$got', not '$want'"; return 1; }
}
status_is() { # status_is N CMD...
	local want=$1 rc=0

	shift
	"$@" || rc=$?
	[ "$rc" = "$want" ] || { echo "status $rc, not $want"; return 1; }
}

check "a guest with two passed devices boots" \
	guest start a --slof --device 0001:01:00.0 --device 0002:01:00.0
check "it runs the same flavour as its host" prints "$(getconf PAGESIZE)" guest exec a -- \
	awk '/KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps
check "each device has a bridge of its own" prints "0001:00:00.0 0002:00:00.0" \
	guest exec a -- sh -c 'echo $(ls /sys/bus/pci/devices)'
check "the guest has EEH" sh -c 'guest log a | grep -q "EEH: Capable adapter found"'
check "NVMe: 1 MiB read with direct I/O" guest exec a --timeout 120 -- \
	dd if=/dev/nvme0n1 of=/dev/null bs=64k count=16 iflag=direct
check "NVMe: MSI-X arrives" guest exec a -- sh -c "awk '/nvme0q1/ { exit !(\$2 > 0) }' /proc/interrupts"
check "e1000e: comes up, MSI-X arrives" guest exec a --timeout 60 -- sh -c "
	ip link set eth0 up && for i in 1 2 3 4 5 6 7 8 9 10; do
		awk '/eth0/ { n += \$2 } END { exit !(n > 0) }' /proc/interrupts && exit 0
		sleep 1
	done; cat /proc/interrupts; exit 1"
check "an exit status comes back" status_is 7 guest exec a -- sh -c 'exit 7'
check "a signal comes back as 128 + its number" status_is 143 guest exec a -- sh -c 'kill $$'
check "an unknown command is 127" status_is 127 guest exec a -- no-such-command
check "a time limit ends the command" status_is 124 guest exec a --timeout 2 -- sleep 77
check "and it is gone in the guest" guest exec a -- sh -c '! ps | grep -q "[s]leep 77"'
head -c 50000 /dev/urandom > /tmp/random
check "a file arrives byte for byte" sh -c 'guest put a /tmp/random /tmp/r && guest get a /tmp/r | cmp - /tmp/random'
check "standard error is kept apart" prints "out" sh -c 'guest exec a -- sh -c "echo out; echo err >&2" 2>/dev/null'
four_at_once() {
	local i

	for i in 1 2 3 4 5; do
		guest exec a -- sh -c "sleep 1; echo $i" > "/tmp/at.$i" &
	done
	wait
	prints "1 2 3 4 5" sh -c 'echo $(cat /tmp/at.?)'
}
check "five commands at a time" four_at_once
check "a guest's module directory is there" guest exec a -- ls /payload/eeh_bpf.ko
check "the monitor answers" sh -c "guest monitor a 'info status' | grep -q running"
check "two guests at a time" sh -c 'guest start b && guest exec b -- true && guest exec a -- true'
guest stop b
check "a stopped guest takes no command" status_is 1 guest exec b -- true
guest stop a
check "its devices can be given to the next guest" guest start a --device 0001:01:00.0 --no-drivers
check "--no-drivers leaves the device alone" guest exec a -- sh -c '! ls /sys/bus/pci/devices/*/driver'
finish
