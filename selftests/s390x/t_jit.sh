#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel with a BPF JIT: the same events by fentry and fexit, no kprobes; and records that outlive
# the controller.
. ./ktap.sh
. ./lib.sh

trace=/tmp/trace.log
owner=/tmp/owner.log
handler=$(symbol zpci_event_error)

check "the function goes to vfio-pci" to_vfio "$NVME"
check "the kernel has a JIT" grep -q 1 /proc/sys/net/core/bpf_jit_enable
eehctl -j trace > $trace 2>&1 < /dev/null &
tracer=$!
# D: a trampoline is called directly, as fentry has it.
attached() { grep -q "^$1 .* D " /sys/kernel/tracing/enabled_functions; }
for f in zpci_hot_reset_device zpci_event_error zpci_event_availability get_zdev_by_fid clp_refresh_fh; do
	check "fentry or fexit on $f" wait_for 10 attached $f
done
check "no kprobes" test ! -s /sys/kernel/debug/kprobes/list

three_errors kernel

# traced FATE REQUEST...: an error that nobody is told of, after this request of the outside
traced() {
	local fate=$1

	shift
	: > $trace
	ask "$@" && nvme-zpci --wait 1000 --silent "$NVME" > $owner 2>&1 &&
		wait_for 5 grep -q "\"type\":\"zpci\",.*\"fate\":\"$fate\"" $trace && ! grep -q '"type":"frozen"' $trace ||
		{ cat $owner $trace; return 1; }
}
check "a measurement block" traced measurement pec "$handler" 2a
check "a handle that is not valid any more" traced stale word "$handler" 4 7777
kill $tracer
wait $tracer
check "the trace ends well" test $? = 0
check "its programs are gone" bash -c '! grep -q zpci /sys/kernel/tracing/enabled_functions'

printf '[default]\npolicy = report\n' > /run/controld.conf
eeh-controld -c /run/controld.conf > /tmp/controld.log 2>&1 < /dev/null &
controller=$!
check "the controller runs" wait_for 20 test -S /run/eeh-controld/socket
kill -9 $controller
wait $controller 2>/dev/null
check "an error while it is dead" nvme-zpci --wait 2000 "$NVME"
eehctl -j log list > $trace
check "is recorded" says '"class":"dma-iommu".*"name":"0001:101","seq":1,' $trace
rm -r /sys/fs/bpf/eeh/zpci
finish
