#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_pe.sh: eehctl pe, vm and inject on a real kernel: what they list is what the kernel says; a PE
# that another process owns is asked, reset, thawed and injected into through /dev/eeh; what cannot
# be is refused. Listing asks firmware nothing: a freeze that nobody noticed stays unnoticed.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

nvme_device

# e NAME EXIT-CODE TEXT -- ARGS...
e() {
	local name=$1 code=$2 text=$3 rc=0 out

	shift 4
	out=$(eehctl "$@" 2>&1) || rc=$?
	if ((rc == code)) && [[ $out == *"$text"* ]]; then
		ok "$name"
	else
		not_ok "$name" "eehctl $*: exit status $rc, wanted $code with '$text'" "$out"
	fi
}

state() { REPLY=$(eehctl pe state "$pe" | awk 'NR == 2 { print $2 }'); }
state_is() { state && [[ $REPLY == "$1" ]]; }

e "list: nobody has it" 0 "$pe  " -- pe list
same "list: the group" "$(eehctl pe list | awk -v p="$pe" '$1 == p { print $2, $3, $4 }')" \
	"$group idle vfio-pci"
same "list: as many PEs as the kernel has" "$(eehctl -j pe list | grep -o '"pe":"' | wc -l)" \
	"$(for f in /sys/bus/pci/devices/*/eeh_pe_config_addr; do
		d=${f%/*}; d=${d##*/}; echo "${d%%:*} $(< "$f")"
	done | sort -u | wc -l)"
e "show: by device" 0 "PE          $pe" -- pe show "$nvme"
e "state: by VFIO, as there is no module" 0 "normal  vfio" -- pe state "$pe"
e "inject list: PHB4 and later" 0 "config-read   yes" -- inject list "$pe"
e "inject list: I/O ports" 0 "io-load       no" -- inject list "$pe"

# Another process owns it, and does nothing.
nvme-admin --interval 1000000 "$nvme" > /run/nvme.out 2>&1 &
pid=$!
check "a process owns it" until_true 20 grep -q '^model' /run/nvme.out
same "list: the owner" "$(eehctl pe list | awk -v p="$pe" '$1 == p { print $2, $3, $4 }')" \
	"$group $pid nvme-admin"
same "vm list: the owner" "$(eehctl vm list | awk -v p="$pid" '$1 == p { print $2, $4, $5 }')" \
	"nvme-admin no $pe"
e "vm show" 0 "driver in user space" -- vm show "$pid"
e "state: refused without the module" 1 "process $pid (nvme-admin) owns it, and VFIO obeys no other" -- \
	pe state "$pe"
module_load
check "/dev/eeh is there" until_true 10 test -c /dev/eeh
e "state: by /dev/eeh" 0 "normal  dev" -- pe state "$nvme"
freeze "$nvme"
eehctl pe list > /dev/null
eehctl pe show "$pe" > /dev/null
e "state: frozen" 0 "frozen  dev" -- pe state "$pe"
e "unfreeze --io" 0 "$pe is dma-stopped" -- pe unfreeze "$pe" --io
e "unfreeze --dma" 0 "$pe is normal" -- pe unfreeze "$pe" --dma
freeze "$nvme"
e "enable" 0 "$pe is normal" -- pe enable "$pe"
freeze "$nvme"
check "frozen again" until_true 10 state_is frozen
e "reset" 0 "$pe is normal after" -- pe reset "$pe"
same "reset: its steps, and what they took" "$(eehctl -j pe reset "$pe" --fundamental |
	grep -o '"step":"[a-z]*"' | cut -d'"' -f4 | tr '\n' ' ')" "assert deactivate configure state "
# Interrupted while the reset is asserted or ended: it is not left so.
eehctl pe reset "$pe" > /run/reset.out 2>&1 &
reset=$!
until_true 20 grep -q asserting /run/reset.out || true
kill -TERM $reset
rc=0
wait $reset || rc=$?
is "reset: interrupted" "rc == 1" "$(< /run/reset.out)"
check "reset: and nothing is left asserted" until_true 10 state_is normal

e "inject: another's PE needs --force" 1 "its owner ($pid nvme-admin) would suffer" -- \
	inject mmio-load "$pe"
e "inject: what this host cannot" 3 "I/O ports" -- inject io-load "$pe" --force
e "inject" 0 "the next matching access fails" -- inject config-read "$nvme" --force
busybox dd if="/sys/bus/pci/devices/$nvme/config" of=/run/config bs=4 count=1 2> /dev/null || true
check "inject: the next config access freezes it" until_true 10 state_is frozen
e "reset after it" 0 "$pe is normal after" -- pe reset "$pe"
kill $pid
wait $pid || true

# A driver of this kernel.
root_pe=$(eehctl pe list | awk '$3 == "kernel" { print $1; exit }')
e "reset: not under a driver of this kernel" 1 "a driver of this kernel uses it" -- pe reset "$root_pe"
finish
