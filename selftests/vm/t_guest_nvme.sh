#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A Linux guest with an NVMe that it reads from: before, during and after freezes with the fast path
# on, every read that ends well has read the right data.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh
# shellcheck source=selftests/vm/guest.sh
. ./guest.sh

DEV=$DEV2

# A pattern, written and read past the cache
DISK=/dev/nvme0n1
write_disk() {
	in_guest "seq 100000 | head -c 262144 > /tmp/pattern &&
		dd if=/tmp/pattern of=$DISK bs=16k oflag=direct 2>/dev/null && sync"
}
read_disk() {
	in_guest "dd if=$DISK of=/tmp/read bs=16k count=16 iflag=direct 2>/dev/null &&
		cmp /tmp/pattern /tmp/read"
}

guest_begin
check "the disk can be written" write_disk
check "and read" read_disk
frozen_and_recovered "freeze" freeze "$DEV"
check "reads are right after the recovery" read_disk

# A freeze in the middle of reads: the driver finds it by its own queries.
before=$(recoveries)
in_guest "(while :; do dd if=$DISK of=/dev/null bs=16k count=16 iflag=direct; done) > /dev/null 2>&1 &
	echo \$! > /tmp/reader"
nap 500
inject dma-write "$DEV" || inject dma-read "$DEV"
until_true 120 recovered "$before" || true
is "DMA error under load: the guest recovers" "$(recoveries) > before"
in_guest 'kill $(cat /tmp/reader)' || true
check "reads are right after that" read_disk
loop_start
check "and queries are answered in the kernel" answers_again 60
loop_stop
is "none of them frozen" "g_frozen + g_errors == 0"
guest stop "$GUEST"
same "the guest's end takes its bindings along" "$(< $K/bindings)" ""
finish
