#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_vfio_frozen.sh: who owns a PE is told by an eventfd that it is frozen (kernel/patches/, "vfio/pci: an
# eventfd"), without asking, without BPF and without our module. Needs a kernel with these patches.
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

device "$DEV"
coproc OWNER { exec vfiofrozen "$DEV" 2>&1; }

# tell COMMAND...: REPLY = what it says
tell() {
	printf '%s\n' "$*" >&"${OWNER[1]}"
	read -r -t 60 -u "${OWNER[0]}" REPLY || REPLY=nothing
}
says() {
	local want=$1

	tell "${@:3}"
	same "$2" "$REPLY" "$want"
}

read -r -t 60 -u "${OWNER[0]}" REPLY || REPLY=nothing
same "the feature is there" "$REPLY" ready
says "22 22" "flags must be 0, and the file an eventfd" bad
says 0 "an eventfd is set" set
says silence "nothing happens, nobody is told" wait 1000
for i in 1 2 3; do
	# What the PE control register freezes raises no interrupt; an access that fails does.
	inject -t mmio-load "$DEV" > /dev/null 2>&1 || true
	says signalled "freeze $i: the owner is told, and has not asked" wait 10000
	says 2 "freeze $i: the PE is frozen" state
	inject thaw "$DEV"
	says 0 "freeze $i: and thawed" state
	tell wait 100
done
says silence "VFIO_PCI_ERR_IRQ_INDEX, for which a VMM stops the VM, is not signalled" err
says 0 "the eventfd is taken back" unset
inject -t mmio-load "$DEV" > /dev/null 2>&1 || true
says silence "nobody is told any more" wait 3000
inject thaw "$DEV"
fd=${OWNER[1]} pid=$OWNER_PID
exec {fd}>&-
wait "$pid" || not_ok "the owner ends in peace"
finish
