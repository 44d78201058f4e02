#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# test_top.sh OUTDIR: eehctl top, over a host made of files and a controller that is one line.
set -euo pipefail

# shellcheck source=selftests/unit/cmd.sh
. ./cmd.sh

pe() {	# pe ADDRESS DRIVER PE
	local d=sys/bus/pci/devices/$1 none='0x0000000000000000 0x0000000000000000 0x0000000000000000'

	f "$d/vendor" 0x1b36
	f "$d/device" 0x0010
	f "$d/class" 0x010802
	f "$d/resource" "$none
$none
$none
$none
$none
$none"
	ln -sf "../../../bus/pci/drivers/$2" "$root/$d/driver"
	f "$d/eeh_pe_config_addr" "$3"
}

f sys/kernel/eeh_bpf/version 1
for s in queries answered passed rejected unbound not_owner fault bypassed audited missed learned \
	dropped; do
	f sys/kernel/eeh_bpf/stats/$s 0
done
pe 0001:01:00.0 nvme 0xfd
pe 0001:01:00.1 nvme 0xfd
pe 0002:01:00.0 e1000e 0x1

echo "KTAP version 1"
t "top help" 0 "Usage: eehctl top live" -- top help
t "unknown command" 2 'unknown command "up"' -- top up
t "unknown option" 2 'unexpected "--fast"' -- top once --fast 1
t "no delay" 2 'unexpected "--delay"' -- top --delay
t "a delay too short" 2 "a delay of 0.1 to 3600 seconds" -- top --delay 0
t "a delay that is none" 2 "a delay of" -- top --delay nan
t "no count" 2 "is no count" -- top live --count -1
t "once takes no count" 2 "takes no --count" -- top once --count 2

t "once, without a controller" 0 "2 PEs" "eeh-controld does not answer" "0001:fd" "0001:01:00.0+" \
	-- top once --delay 0.1
t "without a terminal, once" 0 "2 PEs" "0002:1" -- top --delay 0.1
t "as JSON" 0 -- -j top --delay 0.1
j "all of it" '.api_level == 1 and (.top.pes | length) == 2 and .top.controller == false and
	(.top.pes[0] | .pe == "0001:fd" and .devices == 2 and .owner == "kernel" and .present)'
t "twice" 0 -- top live --count 2 --delay 0.1
[[ $(grep -c '^2 PEs' "$root/.out") -eq 2 ]] && twice=1 || twice=0
verdict $twice "twice is twice" "--count 2"

# Rates: a second's worth of queries in between.
(sleep 0.6; f sys/kernel/eeh_bpf/stats/answered 900; f sys/kernel/eeh_bpf/stats/passed 100
	f sys/kernel/eeh_bpf/stats/queries 1000) &
t "rates" 0 -- -j top --delay 1.2
wait
j "queries a second" '.top | .queries_per_s > 500 and .queries_per_s <= 1000 and
	.answered_per_s > 450 and .passed_per_s > 50 and .passed_per_s <= 100'

# A controller
mkdir -p "$root/run/eeh-controld"
answer='{"api_level": 1, "pes": [{"pe": "0001:fd", "state": "permanent", "freezes": 6},
	{"pe": "0002:1", "state": "delegated", "freezes": 2}]}'
controller() {	# controller ANSWER
	printf '%s\n' "$1" | tr -d '\n\t' > "$root/.answer"
	echo >> "$root/.answer"
	socat "UNIX-LISTEN:$root/run/eeh-controld/socket,fork" \
		"SYSTEM:read x; cat $root/.answer" 2> "$root/.socat" &
	server=$!
	for _ in {1..50}; do
		[[ -S $root/run/eeh-controld/socket ]] && break
		sleep 0.1
	done
}
controller "$answer"
t "with a controller" 0 "freezes 8, frozen now 1, given up 1" permanent delegated -- top once --delay 0.1
t "with a controller, as JSON" 0 -- -j top once --delay 0.1
j "freezes" '.top | .controller and .freezes == 8 and .frozen == 1 and .given_up == 1 and
	(.pes[] | select(.pe == "0001:fd") | .state == "permanent" and .freezes == 6)'
kill $server
wait $server 2> "$root/.socat" || true
rm -f "$root/run/eeh-controld/socket"
controller 'nonsense'
t "a controller that makes no sense" 0 "does not answer" -- top once --delay 0.1
kill $server
wait $server 2> "$root/.socat" || true

rm -rf "$root/sys/kernel/eeh_bpf"
t "without the module" 0 "no queries: " "0001:fd" -- top once --delay 0.1

echo "1..$n"
exit $failed
