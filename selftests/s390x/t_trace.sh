#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# eehctl trace: BPF programs without a JIT see each event of hardware, on both kernels; also those that
# the kernel keeps from the owner. Codes are rewritten by QEMU's gdbstub (../lab/s390x/ask).
. ./ktap.sh
. ./lib.sh

trace=/tmp/trace.log
owner=/tmp/owner.log
# What becomes of an error: owners are given events since 7.3.
kept=owner
[ "$KERNEL" = new ] || kept=kernel
handler=$(symbol zpci_event_error)

check "the function goes to vfio-pci" to_vfio "$NVME"
check "the kernel has no JIT: fentry would be refused" \
	bash -c '[ ! -e /proc/sys/net/core/bpf_jit_enable ] || [ "$(cat /proc/sys/net/core/bpf_jit_enable)" = 0 ]'
eehctl -j trace > $trace 2>&1 &
tracer=$!
# Until its programs are attached.
armed() { grep -q zpci_hot_reset_device /sys/kernel/debug/kprobes/list; }
check "the programs are attached" wait_for 10 armed

three_errors $kept

# inject CODE ARGS...: one error, its code rewritten
inject() {
	local code=$1

	shift
	: > $trace
	ask pec "$handler" "$code" "${times:-1}" && nvme-zpci "$@" "$NVME" > $owner 2>&1 ||
		{ cat $owner; return 1; }
}
# seen CODE FATE: an event, and what became of it
seen() { grep -q "\"type\":\"zpci\",.*\"pec\":$((0x$1)),.*\"fate\":\"$2\",\"explanation\":\"[a-z]" $trace; }

# dropped OFFSET: one error, that word of it rewritten
dropped() { ask word "$handler" "$1" 7777 && nvme-zpci --wait 1000 --silent "$NVME"; }

check "0x3a: recovered as others" inject 3a --wait 2000
check "0x3a: traced" wait_for 5 seen 3a $kept
[ "$KERNEL" = old ] || check "0x3a: the owner is told" says ' pec=0x3a .*service action started' $owner

# The kernel logs it, and tells nobody; the function of the lab is blocked all the same.
check "0x2a: the owner is not told" inject 2a --wait 1000 --silent
check "0x2a: traced" wait_for 5 seen 2a measurement
check "0x2a: no freeze" bash -c "! grep -q '\"type\":\"frozen\"' $trace"

check "an unknown code: recovered as others" inject 7f --wait 2000
check "an unknown code: traced" wait_for 5 seen 7f $kept
[ "$KERNEL" = old ] || check "an unknown code: the owner is told" says ' pec=0x7f .*unknown event' $owner

# Its handle (u32 at 4), then its function id (at 8), are of nobody: the kernel drops the event, the
# function stays blocked.
for field in "4 stale" "8 gone"; do
	read -r offset fate <<< "$field"
	: > $trace
	check "$fate: the owner is not told" dropped "$offset"
	check "$fate: traced, and why" wait_for 5 seen 4 "$fate"
	check "$fate: no freeze is told" bash -c "! grep -q '\"type\":\"frozen\"' $trace"
done

if [ "$KERNEL" = new ]; then
	for code in 3b 40; do
		check "0x$code: closed, revived, bound and opened again" inject $code --wait 2000
		check "0x$code: permanent" says " pec=0x$code .* permanent: " $owner
		check "0x$code: the function works again" says '^errors=1 recoveries=0 revived=1$' $owner
		check "0x$code: traced" wait_for 5 seen $code owner
	done
	diag "reset methods: of one never unplugged $(cat "$(sys "$NVME2")/reset_method")"
	diag "of one that was revived $(cat "$(sys "$NVME")/reset_method")"
	times=5
	# Each stop at a breakpoint takes its time on a busy machine: all five before the first is read.
	check "five at once" inject 5 --wait 5000 --delay 4000
	check "five at once: the owner gets the four that the kernel keeps" says_n 4 '^error seq=[1-4] pec=0x5 ' \
		$owner
	check "five at once: and is told of the one that is lost" says_n 1 '^lost seq=5 lost=1$' $owner
	check "five at once: five in the trace" wait_for 5 told 5
	check "five at once: the last one overflowed" says_n 1 '"fate":"overflow","explanation":"lost to its owner' $trace
	check "five at once: the others were kept" says_n 4 '"type":"zpci".*"fate":"owner"' $trace
	check "five at once: not more" says_n 5 '"type":"zpci"' $trace
else
	# Its owner is not told that it is permanent, and a reset helps; but nobody can open it again,
	# until it was revived.
	revived=0
	for code in 3b 40; do
		check "0x$code: its owner recovers" inject $code --wait 2000
		check "0x$code: the function works again" says "^errors=1 recoveries=1 revived=$revived$" $owner
		check "0x$code: traced" wait_for 5 seen $code kernel
		revived=1
	done
	times=5
	check "five at once" inject 5 --wait 5000 --delay 4000
	check "five at once: the owner is told of five, without a code" says_n 5 \
		'^error seq=[1-5] fid=0x101 without a code$' $owner
	check "five at once: five in the trace, with codes" wait_for 5 told 5
	check "five at once: not more" says_n 5 '"type":"zpci".*"pec":5,.*"fate":"kernel"' $trace
fi

kill $tracer
wait $tracer
check "the trace ends well" test $? = 0
cp $trace "$EEH_OUT/"
disarmed() { ! armed; }
check "no probe is left" wait_for 10 disarmed
eehctl trace > $trace 2>&1 &
tracer=$!
check "attached again" wait_for 10 armed
check "and a last error" nvme-zpci --wait 2000 "$NVME"
last() { grep -q 'zpci  ' $trace; }
wait_for 10 last
kill $tracer
wait $tracer
check "as text" says '0001:101 *zpci *dma-iommu: DMA by function 0x101 to 0x1008.*translation protection' $trace
finish
