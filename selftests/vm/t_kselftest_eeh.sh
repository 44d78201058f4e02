#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_kselftest_eeh.sh: the kernel's own test of EEH (tools/testing/selftests/powerpc/eeh), unmodified,
# without the module, and with a policy attached and canaries. It breaks every device that it sees,
# and expects its driver to recover it.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

TESTS=../kselftest
[[ -x $TESTS/eeh-basic.sh ]] || skip_all "the kernel's tests are not here (lab part kernelsrc)"
for d in e1000e nvme; do
	modprobe "$d" 2> /dev/null || true	# built in, or a module
done

# What they write their progress to
[[ -e /dev/stderr ]] || ln -s /proc/self/fd/2 /dev/stderr

# They would break the lab's own disks, too, whose driver cannot recover: virtio devices are hidden.
devices=()
hide=/run/kselftest
mkdir -p "$hide"
for d in /sys/bus/pci/devices/*; do
	[[ $(< "$d/vendor") != 0x1af4 ]] || continue
	# Back from VFIO, if a test before this one needed it there
	if [[ $(readlink "$d/driver") == */vfio-pci ]]; then
		echo > "$d/driver_override"
		echo "${d##*/}" > "$d/driver/unbind"
		echo "${d##*/}" > /sys/bus/pci/drivers_probe
	fi
	ln -sfn "$(readlink -f "$d")" "$hide/${d##*/}"
	[[ -e $d/pci_bus || ! -e $d/driver ]] || devices+=("${d##*/}")
done
((${#devices[@]} >= 2)) || skip_all "there are no devices with a driver"

basic() {
	local d rc=0 out=/run/kselftest.log n_added n_recovered

	# Only the test sees what is mounted over the devices. A pipe, as it truncates /dev/stderr.
	unshare --mount bash -c "mount --bind $hide /sys/bus/pci/devices && cd $TESTS && exec ./eeh-basic.sh" \
		2>&1 | cat > $out || rc=$?
	sed 's/^/# /' $out
	n_added=$(grep -c ', Added$' $out || true)
	n_recovered=$(grep -c ', Recovered after' $out || true)
	is "$1: eeh-basic.sh passes" "rc == 0"
	is "$1: it broke every device, and each recovered" \
		"n_added == ${#devices[@]} && n_recovered == n_added"
	for d in "${devices[@]}"; do
		[[ -e /sys/bus/pci/devices/$d/driver ]] || not_ok "$1: $d has lost its driver"
	done
}

! [[ -d $K ]] || rmmod eeh_bpf
basic "without the module"
fastpath_fresh
n=0
for d in "${devices[@]}"; do
	eehctl canary on "$d" && n=$((n + 1))
done >&2
is "a canary for each device" "n == ${#devices[@]}"
basic "with a policy and canaries"
n=$(grep -c . $K/canaries || true)
is "the canaries are still there" "n == ${#devices[@]}"
eehctl fastpath off
check "the module can be unloaded" rmmod eeh_bpf
# The kernel's Makefile runs what its TEST_PROGS names.
for t in "$TESTS"/eeh-*.sh; do
	t=${t##*/}
	[[ $t != eeh-functions.sh ]] && ! grep -q "^TEST_PROGS.*$t" $TESTS/Makefile || continue
	skip "$t" "not in the kernel's TEST_PROGS; no device here has virtual functions"
done
finish
