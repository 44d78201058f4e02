#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_controld.sh: eeh-controld on a host with a QEMU guest. Delegated, the guest recovers its device by
# itself and the controller only reports; with policy recover and the guest's driver gone, the
# controller resets it, also if it is killed in the middle, and the device works again.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh
# shellcheck source=selftests/vm/guest.sh
. ./guest.sh

CONF=/run/controld.conf
LOG=/run/controld.log
touch $LOG

configure() {	# configure POLICY
	cat > $CONF <<-CONF
	[controller]
	sweep = 5s
	socket-group = games
	[rule guest]
	driver = vfio-pci
	vm = *
	policy = $1
	timeout = 4min
	[default]
	policy = report
	CONF
}

start() {
	rm -f /run/eeh-controld/socket
	eeh-controld -c $CONF 2>> $LOG &
	CONTROLD=$!
	until_true 60 test -S /run/eeh-controld/socket
}

# pe: p_state, p_policy, p_freezes, p_recovered, p_normal, p_resets, p_vm of the guest's PE
pe() {
	local line v

	line=$(eeh-controld pe "$PE") || line=
	for v in freezes recovered normal resets; do
		[[ $line =~ \"$v\":\ *([0-9]+) ]] && printf -v "p_$v" %s "${BASH_REMATCH[1]}" || printf -v "p_$v" %s -1
	done
	for v in state policy vm; do
		[[ $line =~ \"$v\":\ *\"([^\"]*)\" ]] && printf -v "p_$v" %s "${BASH_REMATCH[1]}" || printf -v "p_$v" %s '?'
	done
}

is_idle() { pe; [[ $p_state == idle ]]; }
is_not_idle() { pe; [[ $p_state != idle && $p_state != '?' ]]; }
froze() { pe; ((p_freezes >= $1)); }
in_state() { pe; [[ $p_state == "$1" ]]; }

rss() { awk '/VmRSS/ { print $2 }' "/proc/$CONTROLD/status"; }

said() { tail -n 12 $LOG; }

guest_begin
PE=$(eehctl pe list | awk -v d="$DEV" 'index($0, d) { print $1; exit }')
diag "the guest's PE is $PE"
configure delegate
start
check "the controller answers" eeh-controld status
pe
same "it knows whose the PE is, and the rule" "$p_policy $p_state" "delegate idle"
diag "its VM is called '$p_vm'"

# Who is not root, and in the group or not
nobody() { setpriv --reuid=65534 --regid="$1" --clear-groups -- "${@:2}"; }
listening() { eeh-controld status | grep -q '"listeners": *1'; }
setpriv --reuid=65534 --regid=60 --clear-groups -- eehctl -j trace > /run/nobody.json 2> /run/nobody.err &
NOBODY=$!
check "the group may trace" until_true 10 listening
check "the group may list PEs" nobody 60 eehctl pe list
refuse() { ! nobody "$@" > /run/refused 2>&1; }
check "but reset none" refuse 60 eehctl pe reset "$PE"
check "nor inject errors" refuse 60 eehctl inject config-read "$PE"
check "nor switch the fast path" refuse 60 eehctl fastpath off
check "others may not trace" refuse 65534 eehctl trace --count 1
check "and are told how they could" grep -q socket-group /run/refused

# Delegated
before=$(recoveries)
freeze "$DEV"
check "delegate: the freeze is reported" until_true 10 froze 1
ask check 1 1 || true
check "delegate: the guest recovers" until_true 180 recovered "$before"
check "delegate: the controller sees it" until_true 60 is_idle
pe
is "delegate: and has done nothing" "p_freezes == 1 && p_normal == 1 && p_recovered == 0 && p_resets == 0" "$(said)"

check "who is not root has seen it" grep -q '"type":"frozen"' <(tr -d ' ' < /run/nobody.json)
kill $NOBODY
wait $NOBODY || true

# The driver gone
in_guest "echo $GDEV > /sys/bus/pci/drivers/e1000e/unbind"
configure recover
check "a new policy" eeh-controld reload
before=$(recoveries)
freeze "$DEV"
check "recover: the freeze is reported" until_true 10 froze 2
check "recover: recovered" until_true 120 is_idle
pe
is "recover: by one reset, by the controller" "p_recovered == 1 && p_resets == 1 && p_normal == 1" "$(said)"
is "recover: the guest has not seen anything" "$(recoveries) == before"
works() { in_guest "ls /sys/bus/pci/devices/$GDEV/net/*/address"; }
in_guest "echo $GDEV > /sys/bus/pci/drivers/e1000e/bind" || true
check "recover: the device works again" until_true 60 works

# Killed in the middle
in_guest "echo $GDEV > /sys/bus/pci/drivers/e1000e/unbind"
freeze "$DEV"
until_true 20 is_not_idle || true
nap 1000
kill -9 $CONTROLD
wait $CONTROLD 2> /run/wait.err || true
start
check "killed: recovered" until_true 120 is_idle
pe
is "killed: by one reset" "p_recovered == 2 && p_resets == 2 && p_freezes == 3" "$(said)"
in_guest "echo $GDEV > /sys/bus/pci/drivers/e1000e/bind" || true
check "killed: the device works again" until_true 60 works

# While it is down: frozen, recovered by somebody else, and frozen again. The shell holds /dev/eeh, as
# systemd does for the unit.
in_guest "echo $GDEV > /sys/bus/pci/drivers/e1000e/unbind"
exec {EEH}<> /dev/eeh
records() { eehctl -j log list "$PE" | { grep -o '"seq":' || true; } | wc -l; }
more_records() { (($(records) > had)); }
kill -9 $CONTROLD
wait $CONTROLD 2> /run/wait.err || true
had=$(records)
freeze "$DEV"
check "frozen while it was down: there is a record" until_true 20 more_records
check "frozen while it was down: somebody else resets it" eehctl pe reset --force "$PE"
had=$(records)
freeze "$DEV"
until_true 20 more_records || true
start
check "frozen while it was down: both are found" until_true 20 froze 5
check "frozen while it was down: recovered" until_true 120 is_idle
pe
is "frozen while it was down: one by somebody else, one by the controller" \
	"p_freezes == 5 && p_normal == 2 && p_recovered == 3" "$(said)"
exec {EEH}>&-
in_guest "echo $GDEV > /sys/bus/pci/drivers/e1000e/bind" || true
check "frozen while it was down: the device works again" until_true 60 works

memory=$(rss)
is "less than 16 MiB of memory" "memory > 0 && memory < 16384"
diag "$memory KiB"
loop_start
check "after all that the fast path answers" answers_again 60
loop_stop
kill -TERM $CONTROLD
rc=0
wait $CONTROLD || rc=$?
is "it ends when asked to" "rc == 0"
guest stop "$GUEST"
finish
