#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_canary_guest.sh FREEZES RESETS [DEVICE[+DEVICE...]]: the checks of a guest's kernel, answered by a
# canary there. With a DEVICE, all of a PE, only the freezes and resets.
#
# Nothing of ours is in the host. In the guest canary_test is the driver of a passed device: it reads
# all-ones all the time, checks, and judges each check by the generation register of the host's PHB,
# a page that the guest sees as the memory of an ivshmem device. The host freezes the device at random
# points. The guest's part is guest_canary.sh.
# shellcheck disable=SC2034,SC2154 # is() takes variables by name, play() makes them
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh
# shellcheck source=selftests/vm/guest.sh
. ./guest.sh

freezes=$1 resets=$2 devices=${3:-$DEV}
DEV=${devices%%+*}
T=/sys/kernel/tracing/events/kvm_hv/kvm_hcall_enter
NUMBERS=(good missed queries answered frozen checks normal wrong garbage told suspended no_device ns)

# play COMMAND ARGS...: the guest's part of it, and the freezes that it asks for; g_* = its numbers
play() {
	local fd pid word how n

	for n in "${NUMBERS[@]}"; do
		printf -v "g_$n" %d -1
	done
	exec {fd}< <(guest exec "$GUEST" -- bash /payload/guest_canary.sh "$@" 2>&1)
	pid=$!
	while read -r -u "$fd" word how; do
		if [[ $word == ready ]]; then
			busybox usleep $((RANDOM % 50000))	# nap(): see guest_canary.sh
			freeze "$DEV"
			if [[ $how == firmware ]]; then
				busybox usleep $((RANDOM % 50000))
				thaw "$DEV"
			fi
		elif [[ $word =~ ^([a-z_]+)=(-?[0-9]+)$ ]]; then
			printf -v "g_${BASH_REMATCH[1]}" %d "${BASH_REMATCH[2]}"
		else
			diag "guest: $word $how"
		fi
	done
	exec {fd}<&-
	wait "$pid" || diag "guest_canary.sh $*: status $?"
}

# The guest's payload: eehctl with its libraries, and the script. EEH_BPF_KO: another module, as in vm.sh
provide() {
	mkdir -p /payload/guest/lib
	ldd /payload/bin/eehctl | awk '/=> \// { print $3 }' | xargs cp -Lt /payload/guest/lib
	cp /payload/bin/eehctl guest_canary.sh /payload/guest/
	[[ -z ${EEH_BPF_KO-} ]] || cp "$EEH_BPF_KO" /payload/guest/eeh_bpf.ko
}

# exits: x_all = the guest's exits; of these x_timer and x_interrupts = for interrupts of the host,
# x_rtas = for H_RTAS, x_hcalls = for other hypercalls, x_other = the rest
exits() {
	read -r x_all < /sys/kernel/debug/kvm/sum_exits
	read -r x_timer < /sys/kernel/debug/kvm/dec_exits
	read -r x_interrupts < /sys/kernel/debug/kvm/ext_intr_exits
	read -r x_hcalls x_rtas < <(awk '/hitcount:/ { if ($3 == 61440) r = $NF; else n += $NF }
		END { print n + 0, r + 0 }' $T/hist)
	x_other=$((x_all - x_timer - x_interrupts - x_hcalls - x_rtas))
}

# exits_of N: x_* while the guest reads N times
exits_of() {
	local x

	exits
	for x in all timer interrupts hcalls rtas other; do
		local -n now=x_$x
		local "was_$x=$now"
	done
	play readl "$1"
	exits
	for x in all timer interrupts hcalls rtas other; do
		local -n now=x_$x was=was_$x
		now=$((now - was))
	done
	diag "$1 readl() in $((g_ns / 1000000)) ms, $g_answered answered by the canary: $x_rtas H_RTAS," \
		"$x_hcalls other hypercalls, $x_timer timer, $x_interrupts interrupts, $x_other other exits"
}

provide
device "$DEV"
page=$((${GEN_AT[$DEV]} & ~4095))
LD_PRELOAD=/payload/lib/genpage.so check "a guest boots" guest start "$GUEST" --device "$devices" --smp 2 \
	--no-drivers --qemu-arg -object --qemu-arg \
	"memory-backend-file,id=gen,mem-path=/dev/mem,offset=$page,size=4K,share=on" \
	--qemu-arg -device --qemu-arg ivshmem-plain,memdev=gen,bus=pci.0,addr=5
((ktap_failed == 0)) || finish

play start
is "eehctl canary on in the guest: its checks are answered" \
	"g_answered >= 100 && g_answered >= g_queries / 2 && g_wrong == 0"
is "the guest sees the generation register" \
	"$(inject gen "$DEV") == $(in_guest 'sed "s/.*gen.:\([0-9]*\).*/\1/" /sys/kernel/canary_test/stats')"

play counters
is "answered checks are in the kernel's 'no device'" \
	"g_answered >= 100 && g_no_device == g_answered && g_queries >= g_answered"

start=$SECONDS
play freezes "$freezes" 1
is "$freezes freezes, the canary back after each" "g_good == freezes"
is "the first check of each freeze was told, none said 'not frozen'" \
	"g_frozen >= freezes / 2 && g_wrong == 0 && g_garbage == 0"
is "most checks were answered by the canary" "g_answered >= g_normal / 2 && g_answered >= 50 * freezes"
diag "$g_good freezes in $((SECONDS - start)) s: $g_checks checks, $g_normal not told, $g_answered answered by the" \
	"canary, $g_frozen of a frozen PE, $g_wrong wrong; $g_missed freezes met no check"

start=$SECONDS
play resets "$resets"
is "$resets recoveries with a reset, the canary back after each" "g_good == resets"
is "recoveries: no check of a frozen PE said 'not frozen'" \
	"g_frozen >= resets && g_wrong == 0 && g_garbage == 0"
diag "$g_good resets in $((SECONDS - start)) s: $g_checks checks, $g_answered answered, $g_frozen frozen"

if (($# > 2)); then
	guest stop "$GUEST"
	finish
fi

play unseen 10
is "a freeze that the guest has not met changes nothing" \
	"g_good == 10 && g_told == 0 && g_suspended == 0 && g_wrong == 0"

# Nothing leaves the guest for a check that the canary answers. (Its kernel makes an RTAS call of its
# own now and then; the timer of the host takes the CPU from it at any rate.)
echo hist:keys=req > $T/trigger
exits_of 100000
few=$x_other
is "100,000 checks answered, no firmware call" "g_answered == 100000 && x_rtas < 10"
exits_of 1000000
is "1,000,000 checks answered, no firmware call" "g_answered == 1000000 && x_rtas < 10"
is "exits do not grow with the checks" "x_other - few < 900"
play off
exits_of 1000
is "without a canary each check is a firmware call" "x_rtas >= 1000"
play on
exits_of 1000
is "with it again none is" "g_answered == 1000 && x_rtas < 10"
cat $T/hist > "$EEH_OUT/hcalls.txt"
echo '!hist:keys=req' > $T/trigger

guest stop "$GUEST"
finish
