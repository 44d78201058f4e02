#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_lockdown.sh: a kernel that is locked down, "integrity", then "confidentiality", after the module was
# loaded: policy and events' programs load and attach, a PE of another process is asked, injected into and
# reset through /dev/eeh, the controller starts and recovers. Only loading the module, which is unsigned,
# is refused, and "eehctl feature" says so. There is no way back: this must be a machine's last test.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

LOCK=/sys/kernel/security/lockdown
mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
[[ -e $LOCK ]] || skip_all "this kernel cannot be locked down"
nvme_device
config() { busybox dd if="/sys/bus/pci/devices/$nvme/config" of=/run/config bs=4 count=1 2> /dev/null || true; }

cat > /run/lockdown.conf <<-'CONF'
	[default]
	policy = recover
CONF
controld_start() {
	rm -f /run/eeh-controld/socket
	eeh-controld -c /run/lockdown.conf 2>> /run/lockdown.log &
	CONTROLD=$!
	until_true 60 test -S /run/eeh-controld/socket
}
recovered() { [[ $(eeh-controld pe "$pe" | jq .pe.recovered) == "$1" ]]; }
fastpath() { eehctl -j fastpath status | jq -r .fastpath.state; }
state() { eehctl pe state "$pe" | awk 'NR == 2 { print $2, $3 }'; }

module_load
nvme-admin --interval 1000000 "$nvme" > /run/nvme.out 2>&1 &
check "a process owns the PE" until_true 30 grep -q '^model' /run/nvme.out

n=0
for level in integrity confidentiality; do
	n=$((n + 1))
	echo $level > $LOCK
	check "$level: the kernel is locked down" grep -q "\[$level\]" $LOCK
	# What it forbids, seen from here: that it is in force at all.
	busybox devmem "${CTL_AT[$nvme]}" 64 > /run/devmem 2>&1 && not_ok "$level: memory cannot be read" ||
		ok "$level: memory cannot be read"
	check "$level: the policy is loaded and attached" eehctl fastpath on
	same "$level: it is attached" "$(fastpath)" attached
	check "$level: it is replaced" eehctl fastpath policy
	same "$level: the state of another's PE" "$(state)" "normal dev"
	controld_start && ok "$level: the controller starts" ||
		not_ok "$level: the controller starts" "$(< /run/lockdown.log)"
	check "$level: it listens to events" sh -c "eeh-controld metrics | grep -qx 'eeh_controld_events_open 1'"
	check "$level: an error is injected" eehctl inject config-read "$pe" --force
	config
	check "$level: the controller sees it and recovers" until_true 60 recovered 1
	same "$level: the PE is normal" "$(state)" "normal dev"
	check "$level: a reset by hand" eehctl pe reset "$pe"
	check "$level: a log is kept" eehctl log show "$pe"
	kill $CONTROLD
	wait $CONTROLD || true
	rm -rf /run/eeh-controld
	check "$level: off" eehctl fastpath off
done

jobs -p | xargs -r kill
wait || true
check "the module is unloaded" until_true 10 rmmod eeh_bpf
module_load 2> /run/insmod.err && not_ok "it cannot be loaded again, as it is not signed" || ok "it cannot be loaded again, as it is not signed"
diag "$(< /run/insmod.err)"
check "the kernel's log says why" sh -c "dmesg | grep -i 'lockdown.*unsigned module loading'"
eehctl feature > /run/feature || true
check "eehctl feature says what to do" grep -q 'sign eeh_bpf.ko' /run/feature
diag "$(< /run/feature)"
finish
