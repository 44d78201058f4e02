#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# test_trace_cmd.sh OUTDIR: eehctl trace, as far as it goes without a kernel; t_event.sh has the rest.
set -euo pipefail

# shellcheck source=selftests/unit/cmd.sh
. ./cmd.sh
echo "KTAP version 1"

mkdir -p "$root/dev" "$root/sys/bus/pci/devices" "$root/proc"
t "no module" 1 "modprobe eeh_bpf" -- trace
t "no module, with options" 1 "modprobe eeh_bpf" -- trace --type frozen,log --count 3
t "no module, by its name" 1 "modprobe eeh_bpf" -- trace follow
t "no module, as JSON" 1 "modprobe eeh_bpf" -- -j trace
j "one JSON value, an error" '.api_level == 1 and (.error | type == "string")'
t "unknown type" 2 'unknown type "thaw"' -- trace --type frozen,thaw
t "unknown option" 2 'unexpected "--all"' -- trace --all 1
t "an option without its value" 2 'unexpected "--pe"' -- trace --pe
t "unknown command" 2 'unknown command "now"' -- trace now
for c in 0 -1 x 1x '' 99999999999999999999999; do
	t "no count: '$c'" 2 "is no count" -- trace --count "$c"
done
t "a PE where there is no EEH" 3 "no EEH" -- trace --pe 0001:fd
t "help" 0 "Usage: eehctl trace follow" -- trace help
echo "1..$n"
exit $failed
