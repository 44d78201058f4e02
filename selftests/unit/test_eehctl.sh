#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# test_eehctl.sh OUTDIR: the command's grammar, exit codes, text and JSON, with
# a directory that plays a POWER host, over a BPF made of files.
set -euo pipefail

# shellcheck source=selftests/unit/cmd.sh
. ./cmd.sh

host() {
	rm -rf "${root:?}"/*
	f proc/sys/kernel/arch ppc64le
	f proc/sys/kernel/osrelease 7.2.11
	f proc/self/mounts "bpf $root/sys/fs/bpf bpf rw 0 0"
	f proc/self/status $'Name:\tx\nCapEff:\t000001ffffffffff'
	f sys/kernel/btf/vmlinux x
	f sys/module/kvm_hv/refcnt 0
	f sys/module/eeh_bpf/refcnt 0
	mkdir -p "$root/sys/fs/bpf"
	f sys/kernel/eeh_bpf/version 1
	f sys/kernel/eeh_bpf/state idle
	f sys/kernel/eeh_bpf/policy ''
	f sys/kernel/eeh_bpf/enabled 1
	f sys/kernel/eeh_bpf/audit 0
	f sys/kernel/eeh_bpf/audit_disagreed 0
	f sys/kernel/eeh_bpf/taps ''
	: > "$root/sys/kernel/eeh_bpf/bindings"
	for s in queries answered passed rejected unbound not_owner fault bypassed audited missed \
		 learned dropped; do
		f sys/kernel/eeh_bpf/stats/$s 0
	done
}

echo "KTAP version 1"

# ---- grammar
host
t "no arguments" 2 "Usage: eehctl" --
t "help" 0 "Usage: eehctl" -- help
t "--help" 0 "Usage: eehctl" -- --help
t "--version" 0 "eehctl 0.1.0" -- -V
t "--version as JSON" 0 -- -j -V
j "version has api_level" '.api_level == 1 and .version.eehctl == "0.1.0"'
t "unknown object" 2 'eehctl: unknown object "nope"' -- nope
t "unknown option" 2 'unknown option "-x"' -- -x
t "unknown long option" 2 'unknown option "--nope"' -- --nope
t "options come first" 2 -- fastpath status -j
t "unknown command" 2 'eehctl: fastpath: unknown command "up"' -- fastpath up
t "no command" 2 "Usage: eehctl fastpath" -- fastpath
t "object help" 0 "Usage: eehctl fastpath" -- fastpath help
t "feature help" 0 "Usage: eehctl feature" -- feature help
t "prefixes" 0 "state     idle" -- fast statu
t "too many arguments" 2 'unexpected "now"' -- fastpath on now
t "audit without a number" 2 "audit: how many?" -- fastpath audit
t "audit with no number" 2 '"x" is not a number' -- fastpath audit x
t "audit with a negative number" 2 -- fastpath audit -1
t "audit with a huge number" 2 -- fastpath audit 4294967296
t "config: key without value" 2 "config: rate what?" -- fastpath config rate
t "config: unknown key" 2 'unknown key "speed"' -- fastpath config speed 1
t "config: bad number" 2 -- fastpath config rate fast
t "config: bad word" 2 "storm { answer | pass }" -- fastpath config storm maybe
t "config: bad learn" 2 "learn { on | off }" -- fastpath config learn maybe
t "usage error as JSON" 2 -- -j fastpath audit x
j "error has api_level" '.api_level == 1 and (.error | test("is not a number"))'

# ---- feature
t "feature: all is well" 0 "The fast path can run here." -- feature
t "feature as JSON" 0 -- -j feature probe
j "feature: nine requirements" '.feature.fastpath and (.feature.requirements | length) == 9'
f proc/sys/kernel/osrelease 6.1.0
t "feature: kernel too old is exit code 3" 3 "failed  kernel 6.1.0" "boot a newer kernel" -- feature
t "on: kernel too old is exit code 3" 3 "eehctl: fastpath: kernel 6.1.0: " "boot a newer kernel" \
	-- fastpath on
t "on: as JSON" 3 -- -j fastpath on
j "on: the reason" '.error | test("kernel 6.1.0: .*newer kernel")'
host
f proc/self/status $'Name:\tx\nCapEff:\t0'
t "on: no permission" 1 "run it as root" -- fastpath on
host
rm -r "$root/sys/kernel/eeh_bpf"
t "on: no module" 1 "the kernel module eeh_bpf is not loaded: modprobe eeh_bpf" -- fastpath on
t "status: no module" 1 "eehctl: fastpath: the kernel module eeh_bpf is not loaded: modprobe eeh_bpf" \
	-- fastpath status
t "feature: no module" 1 "The fast path cannot run here." -- feature

# ---- on and off
host
t "status: idle" 0 "state     idle" "enabled   yes" "audit     off" "taps      none armed" \
	-- fastpath status
t "off when off" 0 "The fast path is off already." -- fastpath off
t "off when off, as JSON" 0 -- -j fastpath off
j "nothing changed" '.fastpath.changed == false'
t "config when off" 1 "the fast path is off" -- fastpath config
t "on" 0 -- -j fastpath on
j "changed" '.api_level == 1 and .fastpath.changed == true'
t "on when on" 0 "The fast path is on already." -- fastpath on
f sys/kernel/eeh_bpf/policy freeze
f sys/kernel/eeh_bpf/taps 'rtas event'
f sys/kernel/eeh_bpf/bindings 'vm=1 pe=2 0001:fd token=0x2008 buid=0x800000020000001 addr=0x10000 answered=12'
t "status: attached" 0 'state     attached, policy "freeze"' "taps      rtas event" "bpf       link" \
	"0001:fd  0x2008  0x800000020000001  0x10000        12" -- fastpath status
t "status as JSON" 0 -- -p fastpath status
j "status: all of it" '.fastpath | .state == "attached" and .policy == "freeze" and .enabled
	and .audit == 0 and .taps == ["rtas", "event"] and .pinned and .link_id > 0
	and (.prog_ids | length) == 2 and .bindings[0].pe_addr == 253
	and .bindings[0].buid == 576460752840294401 and .bindings[0].answered == 12'
t "disable" 0 -- fastpath disable
t "disabled" 0 "enabled   no: kill switch" -- fastpath status
t "enable" 0 -- fastpath enable
t "audit" 0 -- fastpath audit 100
t "audited" 0 "audit     1 in 100, 0 disagreed" -- fastpath status
t "config" 0 "rate 10000  burst 10000  storm answer  learn on" -- fastpath config
t "config: set" 0 -- fastpath config rate 7 storm pass learn off
t "config: as JSON" 0 -- -j fastpath config
j "config: what was set" '.config == {rate: 7, burst: 7, storm: "pass", learn: false}'
t "policy: replace by the built-in one" 0 -- fastpath policy
t "policy: no such file" 1 "eehctl: fastpath: cannot open /nonesuch: no such file" -- \
	fastpath policy /nonesuch
f sys/kernel/eeh_bpf/stats/answered 40
f sys/kernel/eeh_bpf/stats/queries 42
t "stats" 0 "queries              42" "answered             40" "VM  PE  PHB:PE" -- fastpath stats
t "stats, in short" 0 "queries              42" "answered             40" -- stats
t "stats: nothing more" 2 -- stats all
t "stats as JSON" 0 -- -j fastpath stats
j "stats: all of it" '.stats | .queries == 42 and .answered == 40 and .pes == [] and .vms == []'
f sys/kernel/eeh_bpf/state bypassed
t "status: bypassed says what to do" 0 "state     bypassed" "replace or detach the policy" \
	-- fastpath status
f sys/kernel/eeh_bpf/state attached
t "off" 0 -- fastpath off
t "off is off" 0 "state     idle" -- fastpath status
t "stats when off" 0 "No statistics per PE: " -- fastpath stats
t "stats when off, as JSON" 0 -- -j fastpath stats
j "stats: why no PEs" '.stats.pes_error | test("fast path is off")'

# ---- canary
pci() {	# pci ADDRESS VENDOR DEVICE CLASS DRIVER [no-eeh]
	local d=sys/bus/pci/devices/$1 none='0x0000000000000000 0x0000000000000000 0x0000000000000000'

	f "$d/vendor" "0x$2"
	f "$d/device" "0x$3"
	f "$d/class" "0x$4"
	f "$d/power_state" D0
	f "$d/resource" "0x0000210000000000 0x0000210000003fff 0x0000000000140204
$none
0x0000220000000000 0x0000220001ffffff 0x000000000014220c
$none
$none
0x0000000000001000 0x000000000000103f 0x0000000000040101"
	[[ -z $5 ]] || ln -sf "../../../bus/pci/drivers/$5" "$root/$d/driver"
	[[ -n ${6:-} ]] || f "$d/eeh_pe_config_addr" 0x10000
}
pci 0001:00:00.0 1014 04c1 060400 pcieport
pci 0001:01:00.0 1b36 0010 010802 nvme
pci 0001:01:00.1 8086 10d3 020000 e1000e
pci 0001:02:00.0 abcd 1234 020000 foo
pci 0001:03:00.0 1b36 0010 010802 ''
: > "$root/sys/kernel/eeh_bpf/canaries"
f sys/kernel/eeh_bpf/stats/check_queries 0
f sys/kernel/eeh_bpf/stats/check_answered 0
f sys/kernel/eeh_bpf/state idle
f sys/kernel/eeh_bpf/bindings ''
canaries() {	# canaries NAME COUNT
	local have

	have=$(grep -c . "$root/sys/kernel/eeh_bpf/canaries") || true
	verdict $((have == $2)) "$1: $2 canaries" "there are $have"
}

t "canary: no command" 2 "Usage: eehctl canary" -- canary
t "canary help" 0 "Usage: eehctl canary list" -- canary help
t "canary list: too many" 2 'unexpected "x"' -- canary list x
t "canary list: empty" 0 "DEVICE  AT  STATE" -- canary list
t "canary list: empty, as JSON" 0 -- -j canary list
j "no canaries" '.canaries == []'
t "canary on: at where?" 2 "--at what?" -- canary on 0001:01:00.0 --at
t "canary on: at, garbled" 2 "--at BAR:OFFSET[:WIDTH]" -- canary on 0001:01:00.0 --at 0
t "canary on: at, four numbers" 2 -- canary on 0001:01:00.0 --at 0:0:4:4
t "canary on: at, trailing colon" 2 -- canary on 0001:01:00.0 --at 0:0:
t "canary on: at, no number" 2 -- canary on 0001:01:00.0 --at 0:x
t "canary on: at, negative" 2 -- canary on 0001:01:00.0 --at 0:-4
t "canary on: at, no such BAR" 2 -- canary on 0001:01:00.0 --at 6:0
t "canary on: at, twice" 2 -- canary on 0001:01:00.0 --at 0:0 --at 0:4
t "canary on: at without a device" 2 "for one device" -- canary on --at 0:0
t "canary on: at for two devices" 2 "for one device" -- canary on 0001:01:00.0 0001:01:00.1 --at 0:0
t "canary on: mask without want" 2 "go together" -- canary on 0001:01:00.0 --at 0:0 --mask 1
t "canary on: mask without at" 2 "go together" -- canary on 0001:01:00.0 --mask 1 --want 1
t "canary on: mask is no number" 2 "not a number" -- canary on 0001:01:00.0 --at 0:0 --mask f --want 1
t "canary on: unknown option" 2 'unknown option "--force"' -- canary on 0001:01:00.0 --force 1
canaries "nothing was added" 0
t "canary on: no address" 1 '"nvme" is no PCI address' -- canary on nvme
t "canary on: no such device" 1 "there is no PCI device 0009:01:00.0" -- canary on 0009:01:00.0
t "canary on: not in the table" 1 "the table has no canary for abcd:1234" -- canary on 0001:02:00.0
t "canary on: want outside mask" 1 "want within mask" -- \
	canary on 0001:01:00.0 --at 0:8 --mask 1 --want 2
t "canary test" 0 "0001:00:00.0  pcieport  no      a bridge" \
	"0001:01:00.0  nvme      yes     can have NVMe: VS, BAR 0 at 0x8: load 120 ns, firmware 9000 ns" \
	"0001:01:00.1  e1000e    yes" "0001:02:00.0  foo       no      the table has no" \
	"0001:03:00.0  -         no      no driver" -- canary test
canaries "test leaves nothing behind" 0
t "canary test DEV has the row" 0 "source      NVM Express" "harmless    " "never ones  " \
	"value & 0xff000000 == 0" -- canary test 0001:01:00.0
t "canary test as JSON" 0 -- -j canary test
j "test: all of it" '.devices | length == 5 and .[1].verdict == "can" and .[1].tried and .[1].canary
	and .[1].load_ns == 120 and .[1].row.offset == 8 and (.[1].row.source | length) > 20
	and .[0].verdict == "bridge" and (.[0] | has("row") | not) and .[3].verdict == "no-row"
	and .[4].driver == "" and .[4].tried == false'
f sys/fake/refuse '0001:01:00.1 62'
t "canary test: refused" 0 "refused: a load takes longer than half a question" -- canary test 0001:01:00.1
t "canary on: some are refused" 1 "0001:01:00.0  yes     added" "0001:01:00.1  no      a load takes" \
	"3 other PCI functions have none" "Note: no policy is attached" -- canary on
canaries "on" 1
f sys/fake/refuse ''
t "canary on: again" 0 "has a canary in BAR 0 at 0x8: live" "0001:01:00.1  yes     added" -- canary on
canaries "on again" 2
t "canary list" 0 "0001:01:00.0  0:0x8:4  live   -       0x10400" -- canary list
t "canary list as JSON" 0 -- -j canary list
j "list: all of it" '.canaries[0] | .device == "0001:01:00.0" and .bar == 0 and .offset == 8 and
	.width == 4 and .mask == 4278190080 and .want == 0 and .state == "live" and .reason == "-"
	and .value == 66560 and .load_ns == 120 and .query_ns == 9000 and .answered == 0
	and .allones == 0 and .mismatch == 0 and .suspended == 0'
t "canary test: what is there stays" 0 "has a canary" -- canary test 0001:01:00.0
canaries "after test" 2
t "canary off DEV" 0 "deleted" -- canary off 0001:01:00.1
t "canary off DEV: again" 0 "had none" -- canary off 0001:01:00.1
t "canary off: no address" 1 "is no PCI address" -- canary off x
t "canary off" 0 -- canary off
canaries "off" 0
t "canary off when off" 0 "There are no canaries." -- canary off
t "canary off when off, as JSON" 0 -- -j canary off
j "off: nothing changed" '.canary.changed == false'
t "fastpath on, for canaries" 0 -- fastpath on
t "canary on --at" 0 -- -j canary on 0001:02:00.0 --at 2:0x1000ffc --mask 0xff --want 0xa5
j "on: changed, nothing to note" '.canary | .changed and .devices[0].canary and
	.devices[0].why == "added" and (has("note") | not)'
verdict "$(grep -c 'bar=2 offset=0x1000ffc width=4 mask=0xff want=0xa5' "$root/sys/kernel/eeh_bpf/canaries")" \
	"on --at: what the kernel was told" "$(cat "$root/sys/kernel/eeh_bpf/canaries")"
f proc/vmallocinfo "0xc008000000000000-0xc008000000002000 1048576 foo+0x1/0x2 phys=0x0000220000000000 ioremap"
t "canary learn" 0 "abcd:1234, class 020000, driver foo" "BAR  KIND      SIZE       PREFETCH  MAPPED  PIECES  COVERED" \
	"2  memory64  0x2000000  yes       yes          2        1" "on 0001:02:00.0 --at 2:OFFSET" \
	-- canary learn 0001:02:00.0
verdict $(($(grep -c -- '--at 0:' "$root/.out") == 0)) "learn: nobody reads BAR 0" ""
t "canary learn as JSON" 0 -- -j canary learn 0001:02:00.0
j "learn: all of it" '.device | .verdict == "has" and (.bars | length) == 3 and
	.bars[1] == {bar: 2, kind: "memory64", start: 37383395344384, size: 33554432, prefetch: true,
	mapped: true, pieces: 2, covered: 1} and .bars[2].kind == "io"'
t "canary learn: which?" 2 "which device?" -- canary learn
rm "$root/sys/kernel/eeh_bpf/canaries"
t "canary list: module too old" 1 "canaries is missing" -- canary list
t "canary on: module too old" 1 "canaries is missing" -- -j canary on
t "canary test: module too old" 0 "not tried: the kernel module" -- canary test 0001:01:00.0
f proc/powerpc/eeh "EEH Subsystem is enabled
no device=12
no device node=0
no config address=0
check not wanted=0
eeh_total_mmio_ffs=100
eeh_false_positives=90
eeh_slot_resets=3"
t "stats: the kernel's counters" 0 "eeh_total_mmio_ffs    100" -- fastpath stats
verdict $(($(grep -c TRUE "$root/.out") == 0)) "stats: nothing to put right" ""
f sys/kernel/eeh_bpf/stats/check_queries 11
f sys/kernel/eeh_bpf/stats/check_answered 10
t "stats: put right" 0 "no device              12     2" "eeh_total_mmio_ffs    100   110" \
	"eeh_false_positives    90   100" "10 were answered by a canary" -- fastpath stats
t "stats: put right, as JSON" 0 -- -j fastpath stats
j "stats: checks" '.stats.checks == {check_queries: 11, check_answered: 10, no_device: 12,
	mmio_ffs: 100, false_positives: 90, slot_resets: 3, true_no_device: 2, true_mmio_ffs: 110,
	true_false_positives: 100}'
rm "$root/proc/powerpc/eeh"
t "stats: no EEH" 0 "No counters of this kernel's own checks" -- fastpath stats
t "fastpath off again" 0 -- fastpath off

# ---- trouble
f sys/kernel/eeh_bpf/bindings 'rubbish'
t "status: malformed" 1 'bindings says "rubbish"' "install matching ones" -- fastpath status
t "status: malformed, as JSON" 1 -- -j fastpath status
j "one JSON value, an error" '.error | test("rubbish")'

# The real one, on this machine, as it is: no POWER, so exit code 3 (or no root: still 3).
unset EEHCTL_ROOT
rc=0
"$out/eehctl" feature > "$root/.out" 2> "$root/.err" || rc=$?
case $(uname -m) in
ppc64le) verdict 1 "feature on this machine # SKIP it is a POWER host" "" ;;
*) verdict $((rc == 3)) "feature on this machine: exit code 3" "exit code $rc" ;;
esac
rc=0
"$out/eehctl" -V > /dev/full 2> "$root/.err" || rc=$?
verdict $((rc == 1)) "output that cannot be written is an error" "exit code $rc"

echo "1..$n"
exit $failed
