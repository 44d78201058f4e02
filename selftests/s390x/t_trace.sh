#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# eehctl trace: BPF programs without a JIT see each event of hardware, on both kernels; also those that
# the kernel keeps from the owner. Codes are rewritten by QEMU's gdbstub (../lab/s390x/ask).
. ./ktap.sh
. ./lib.sh

trace=/tmp/trace.log
owner=/tmp/owner.log
handler=$(symbol zpci_event_error)

check "the function goes to vfio-pci" to_vfio "$NVME"
check "the kernel has no JIT: fentry would be refused" \
	bash -c '[ ! -e /proc/sys/net/core/bpf_jit_enable ] || [ "$(cat /proc/sys/net/core/bpf_jit_enable)" = 0 ]'
eehctl -j trace > $trace 2>&1 &
tracer=$!
# Until its programs are attached.
armed() { grep -q zpci_event_error /sys/kernel/debug/kprobes/list; }
check "the programs are attached" wait_for 10 armed

nvme-zpci --errors 3 --wait 2000 "$NVME" > $owner 2>&1
check "three errors" says '^errors=3 recoveries=3' $owner
told() { [ "$(grep -c '"type":"zpci"' $trace)" -ge "$1" ]; }
check "three events" wait_for 5 told 3
check "with code, function and address" says_n 3 \
	'"type":"zpci","pe":"0001:101","phb":1,"pe_addr":257,"pec":4,"fh":[0-9]*,"address":4303421440}' $trace
check "each is a freeze" says_n 3 \
	'"type":"frozen","pe":"0001:101","phb":1,"pe_addr":257,"source":"interrupt","passed_through":true' $trace
check "resets are told, and their ends" test "$(grep -c '"type":"reset".*"reset":"hot"' $trace)" -ge 3 -a \
	"$(grep -c '"type":"reset".*"reset":"deactivate"' $trace)" -ge 3

# inject CODE ARGS...: one error, its code rewritten
inject() {
	local code=$1

	shift
	: > $trace
	ask pec "$handler" "$code" "${times:-1}" && nvme-zpci "$@" "$NVME" > $owner 2>&1 ||
		{ cat $owner; return 1; }
}
seen() { grep -q "\"type\":\"zpci\",.*\"pec\":$((0x$1))," $trace; }

check "0x3a: recovered as others" inject 3a --wait 2000
check "0x3a: traced" wait_for 5 seen 3a
[ "$KERNEL" = old ] || check "0x3a: the owner is told" says ' pec=0x3a .*service action started' $owner

# The kernel logs it, and tells nobody; the function of the lab is blocked all the same.
check "0x2a: the owner is not told" inject 2a --wait 1000 --silent
check "0x2a: traced" wait_for 5 seen 2a
check "0x2a: no freeze" bash -c "! grep -q '\"type\":\"frozen\"' $trace"

check "an unknown code: recovered as others" inject 7f --wait 2000
check "an unknown code: traced" wait_for 5 seen 7f
[ "$KERNEL" = old ] || check "an unknown code: the owner is told" says ' pec=0x7f .*unknown event' $owner

if [ "$KERNEL" = new ]; then
	for code in 3b 40; do
		check "0x$code: closed, revived, bound and opened again" inject $code --wait 2000
		check "0x$code: permanent" says " pec=0x$code .* permanent: " $owner
		check "0x$code: the function works again" says '^errors=1 recoveries=0 revived=1$' $owner
		check "0x$code: traced" wait_for 5 seen $code
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
	check "five at once: not more" says_n 5 '"type":"zpci"' $trace
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
