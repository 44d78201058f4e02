#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_errinjct_all.sh [FUNCTION...]: QEMU with integrations/qemu as the VMM; every function of
# ioa-bus-error and ioa-bus-error-64 that a PHB5 can (docs/rtas.md), or these, by errinjct in the
# guest, into an e1000e and into an NVMe. Their drivers recover.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh
# shellcheck source=selftests/vm/guest.sh
. ./guest.sh
# shellcheck source=selftests/vm/errinjct.sh
. ./errinjct.sh

device "$DEV"
device "$DEV2"
check "a guest boots" begin --qemu-arg -device --qemu-arg "$(vfio "$DEV2" 2)" \
	--qemu-arg -machine --qemu-arg eeh-inject=on
[[ $# -gt 0 ]] || set -- 0 1 4 5 6 7 10 11 12 13 15 16 17
for f; do
	# DMA is in the second window, with which a Linux guest maps all of its memory.
	((f < 12)) && kind=eeh || kind=eeh-64
	hit "e1000e, function $f" "$NET" $f $kind
	hit "nvme, function $f" "$DISK" $f $kind
	check "nvme, function $f: its disk can be read" until_true 60 read_disk
done
says "the session was closed each time" "open" open
guest stop "$GUEST"
finish
