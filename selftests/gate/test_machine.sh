#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The runner's gate on real machines: planted trouble fails a run, and nothing but the real status
# passes one. The machines run in pairs, which also shows that two can run at once.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/ktap.sh
. "$top/selftests/ktap.sh"
out=$top/build/check/gate/machines
rm -rf "$out"
mkdir -p "$out/payload"
cp "$top/build/modules-4k/eeh_gate.ko" "$out/payload/"

# boot NAME OPTION... -- CMD: its exit status goes to $out/NAME.rc
boot() {
	local name=$1 rc=0 start=$SECONDS

	shift
	"$top/selftests/lab/machine" run --quiet --name "gate-$name" --out "$out/$name" --smp 1 --mem 2G \
		--payload "$out/payload" "$@" > "$out/$name.log" 2>&1 || rc=$?
	echo "$rc $((SECONDS - start))" > "$out/$name.rc"
}
rc_of() { cut -d' ' -f1 "$out/$1.rc"; }
took() { cut -d' ' -f2 "$out/$1.rc"; }

boot warn --accept xive-msix-release --timeout 300 -- sh -c \
	'insmod eeh_gate.ko what=warn; rmmod eeh_gate; insmod eeh_gate.ko what=xive; echo ok 1 warned' &
boot clean --timeout 300 -- sh -c \
	'echo ok 1 clean; insmod eeh_gate.ko; echo kept > $EEH_OUT/file; printf "a\0\377\n"; exit 3' &
wait
boot panic --timeout 300 -- insmod eeh_gate.ko what=panic &
boot bug --timeout 300 -- sh -c 'insmod eeh_gate.ko what=bug; sleep 1000' &
wait
# A machine that ends by itself. What it says on the console and on the status channel looks as
# good as it can without the nonce.
# shellcheck disable=SC2016
boot fake --timeout 300 -- sh -c '
	echo "lab: command ended with status 0" > /dev/kmsg
	echo "00000000000000000000000000000000 0" > /dev/hvc0
	for p in /sys/class/virtio-ports/*; do
		[ "$(cat $p/name)" != status ] || echo "00000000000000000000000000000000 0" > /dev/${p##*/}
	done
	echo o > /proc/sysrq-trigger
	sleep 60' &
boot late --timeout 120 -- sh -c 'echo ok 1 before; sleep 1000' &
wait

is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
check "a clean run has its command's status" is "$(rc_of clean)" 3
check "a clean run returns files" grep -qx kept "$out/clean/files/file"
check "output comes back byte for byte" cmp <(printf 'ok 1 clean\na\0\377\n') "$out/clean/ktap.log"
check "a planted WARNING fails the run" is "$(rc_of warn)" 125
check "two WARNINGs are listed, and an accepted name covers neither" is "$(wc -l < "$out/warn/splat.log")" 2
check "a run that warned still returns its output" grep -qx "ok 1 warned" "$out/warn/ktap.log"
check "a panic fails the run" is "$(rc_of panic)" 125
check "a panic ends the run at once" test "$(took panic)" -lt 200
check "a BUG fails the run" is "$(rc_of bug)" 125
check "a BUG ends the run long before its time limit" test "$(took bug)" -lt 200
check "no status fails the run, whatever the console says" is "$(rc_of fake)" 125
check "it says why" grep -q "without a status" "$out/fake.log"
check "a time limit ends the run" is "$(rc_of late)" 124
check "what came before the limit is kept" grep -qx "ok 1 before" "$out/late/ktap.log"
finish
