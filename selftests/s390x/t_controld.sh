#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# eeh-controld on s390x: it reports, and its records stay; only owners recover. Killed at any moment of
# errors it misses none, and the owner does not notice; if there were more than records are kept,
# the next one says so. Then the records, by eehctl log.
. ./ktap.sh
. ./lib.sh

conf=/run/controld.conf
log=/run/controld.log
owner=/tmp/owner.log
out=/tmp/out

configure() {	# configure POLICY
	printf '[controller]\nsweep = 5s\n[default]\npolicy = %s\ntimeout = 1min\n' "$1" > $conf
}

# Not in a subshell: sets $controller.
start() {
	rm -f /run/eeh-controld/socket
	eeh-controld -c $conf >> $log 2>&1 < /dev/null &
	controller=$!
	wait_for 20 test -S /run/eeh-controld/socket
}

die() {
	kill -9 "$controller"
	wait "$controller" 2>/dev/null
}

# of NAME: a number of the function's
of() { eeh-controld pe "$NVME_PE" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
is() { [ "$(of "$1")" = "$2" ]; }
# It has heard of all, and sees that each is over.
all() { is freezes "$1" && is normal "$1"; }
said() { tail -n 20 $log; eeh-controld pe "$NVME_PE"; }
lines() { [ "$(grep -c -e "$1" "$2")" = "$3" ] || { tail -n 20 "$2"; return 1; }; }

check "the function goes to vfio-pci" to_vfio "$NVME"
configure recover
start
check "the controller starts" eeh-controld status
eeh-controld pe "$NVME_PE" > $out
check "policy recover: left to the owner, as nobody else can" says '"policy":"delegate"' $out
eeh-controld recover "$NVME_PE" > $out 2>&1
check "recover: refused, for the same reason" says 'only its owner' $out
eeh-controld events > /tmp/events 2>&1 < /dev/null &
events=$!
eehctl -j trace > /tmp/trace 2>&1 < /dev/null &
tracer=$!
check "its events have a listener" wait_for 10 sh -c "eeh-controld status | grep -q '\"listeners\":1'"
armed() { [ "$(grep -c zpci_hot_reset_device /sys/kernel/debug/kprobes/list)" -ge 4 ]; }
check "and eehctl listens beside it" wait_for 20 armed

nvme-zpci --errors 3 --wait 2000 "$NVME" > $owner 2>&1
check "an owner recovers three errors" says '^errors=3 recoveries=3' $owner
check "the controller knows of all, and that they are over" wait_for 10 all 3
is resets 0 && ok "and has reset nothing" || not_ok "and has reset nothing" "$(said)"
eehctl pe list > $out
check "pe list works beside it" says "^$NVME_PE " $out
for type in zpci frozen reset; do
	t=$(grep -c "\"type\":\"$type\"" /tmp/trace)
	check "$type: as many events by the controller as by eehctl trace" says_n "$t" \
		"\"type\":\"$type\"" /tmp/events
	check "$type: there are some" test "$t" -ge 3
done
kill $events $tracer
wait $events $tracer

# Killed at any moment, in ms after the owner's start
n=3 failed=
for when in 0 60 120 180 240 300 400; do
	nvme-zpci --errors 5 --wait 2000 "$NVME" > $owner 2>&1 &
	pid=$!
	usleep $((when * 1000))
	die
	wait $pid && grep -q '^errors=5 recoveries=5 ' $owner || failed+=" owner at $when: $(cat $owner)"
	n=$((n + 5))
	start || { failed+=" not started again at $when"; tail -n 5 $log >&2; break; }
	wait_for 10 all $n || failed+=" events at $when: $(of freezes) of $n, $(of normal) normal"
done
check "killed at 7 moments: nothing lost, no owner harmed" test -z "$failed" || diag "$failed" "$(said)"
check "some of these were found afterwards" grep -q 'freezes while no controller ran' $log
check "no word of lost ones" lines 'more often while no controller ran' $log 0

# More than the eight records that are kept of a function
die
nvme-zpci --errors 12 --wait 2000 "$NVME" > $owner 2>&1
start
check "twelve while it was dead: eight are found" wait_for 10 all $((n + 8))
check "and it says that there were more" lines "$NVME_PE: it froze more often while no controller ran" $log 1

# Records: the schema that POWER's have (eehctl-log(8))
eehctl -j log list > $out
for key in source records sentence class cause severity direction address fresh fid fh pec registers \
	name seq time_ns time noticed passed stale; do
	check "log list: JSON has $key" says_n 1 "\"$key\":" $out
done
check "log list: eight of the function" test "$(grep -o '"name":"0001:101"' $out | wc -l)" = 8
seqs=$(grep -o '"seq":[0-9]*' $out | cut -d : -f 2)
check "log list: the last eight, oldest first" test "$(echo $seqs)" = "$(echo $(seq $((n + 5)) $((n + 12))))"
eehctl log list "$NVME_PE" > $out
check "log list: as text" says_n 8 "^$NVME_PE .* interrupt  yes    dma-iommu  DMA by function 0x101 to " $out
eehctl log show "$NVME_PE" > $out
check "log show: the last one" says "^$NVME_PE, number $((n + 12)), .*noticed by: interrupt$" $out
eehctl -j log show "$NVME_PE" --seq $((n + 6)) > $out 2>&1
check "log show: one of them" says "\"fid\":257,.*\"seq\":$((n + 6)),.*\"noticed\":\"interrupt\",\"passed\":true" $out
eehctl -j log list "$NVME2_PE" > $out
check "log list: none of the other function" says '"logs":\[\]' $out

# The other function's first errors: none was before them.
check "the other function goes to vfio-pci" to_vfio "$NVME2"
die
nvme-zpci --errors 2 --wait 2000 "$NVME2" > $owner 2>&1
start
check "two of the other function while it was dead: both are found" wait_for 10 \
	sh -c "eeh-controld pe $NVME2_PE | grep -q '\"freezes\":2\>'"
check "and no word of lost ones" lines "$NVME2_PE: it froze more often" $log 0

kill "$controller"
wait "$controller"
check "it ends when asked to" test $? = 0
rm -r /sys/fs/bpf/eeh/zpci
none() { ! grep -q zpci /sys/kernel/debug/kprobes/list; }
check "with its pins the probes are gone" wait_for 10 none
eehctl log show > $out 2>&1
check "and with them the records" says 'nothing is kept: ' $out
cp $log "$EEH_OUT/"
finish
