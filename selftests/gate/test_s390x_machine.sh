#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The gate of the s390x machine's runner, as test_machine.sh for the other: trouble fails a run, and
# nothing but the real status passes one.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/ktap.sh
. "$top/selftests/ktap.sh"
out=$top/build/check/gate-s390x/machines
rm -rf "$out"
mkdir -p "$out/payload"

# boot NAME OPTION... -- CMD: its exit status goes to $out/NAME.rc
boot() {
	local name=$1 rc=0

	shift
	"$top/selftests/lab/s390x-machine" run --quiet --name "gate-$name" --out "$out/$name" --smp 1 \
		--timeout 150 --payload "$out/payload" "$@" > "$out/$name.log" 2>&1 || rc=$?
	echo "$rc" > "$out/$name.rc"
}
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }

# shellcheck disable=SC2016
boot clean --kernel old -- sh -c \
	'echo ok 1 clean; echo kept > $EEH_OUT/file; printf "a\0\377\n"; exit 3' &
boot panic -- sh -c 'echo c > /proc/sysrq-trigger; sleep 1000' &
wait
# shellcheck disable=SC2016
boot fake -- sh -c '
	echo "lab: command ended with status 0" > /dev/kmsg
	for p in /sys/class/virtio-ports/*; do
		[ "$(cat $p/name)" != status ] || echo "00000000000000000000000000000000 0" > /dev/${p##*/}
	done
	poweroff -f
	sleep 60' &
boot late --timeout 30 -- sh -c 'echo ok 1 before; sleep 1000' &
wait

check "a clean run has its command's status" is "$(cat "$out/clean.rc")" 3
check "a clean run returns files" grep -qx kept "$out/clean/files/file"
check "output comes back byte for byte" cmp <(printf 'ok 1 clean\na\0\377\n') "$out/clean/ktap.log"
check "a panic fails the run" is "$(cat "$out/panic.rc")" 125
check "no status fails the run, whatever the console says" is "$(cat "$out/fake.rc")" 125
check "a machine that does not end is ended" is "$(cat "$out/late.rc")" 124
finish
