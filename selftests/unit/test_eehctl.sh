#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# test_eehctl.sh OUTDIR: the command's grammar, exit codes, text and JSON, with
# a directory that plays a POWER host, over a BPF made of files.
set -euo pipefail

out=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export EEHCTL_ROOT=$root
n=0 failed=0

f() {	# f FILE TEXT
	mkdir -p "$root/$(dirname "$1")"
	printf '%s\n' "$2" > "$root/$1"
}

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

# t NAME EXIT-CODE [TEXT...] -- ARG...: the exit code is this; stdout and stderr contain all TEXTs.
t() {
	local name=$1 code=$2 rc=0 texts=() ok=1 x
	shift 2
	while [[ $1 != -- ]]; do
		texts+=("$1")
		shift
	done
	shift
	"$out/eehctl-fake" "$@" > "$root/.out" 2> "$root/.err" || rc=$?
	[[ $rc -eq $code ]] || ok=0
	for x in ${texts[@]+"${texts[@]}"}; do
		grep -qF -- "$x" "$root/.out" "$root/.err" || ok=0
	done
	verdict $ok "$name" "eehctl $*: exit code $rc, wanted $code${texts[*]+, with \"${texts[*]}\"}"
}

# j NAME FILTER: the JSON of the last command satisfies a jq filter.
j() {
	local ok=1
	jq -e "$2" < "$root/.out" > "$root/.jq" 2>&1 || ok=0
	verdict $ok "$1" "jq $2"
}

verdict() {
	n=$((n + 1))
	if [[ $1 -eq 1 ]]; then
		echo "ok $n $2"
	else
		failed=1
		echo "not ok $n $2"
		echo "# $3"
		sed 's/^/# out: /' "$root/.out"
		sed 's/^/# err: /' "$root/.err"
	fi
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
t "unknown object" 2 'eehctl: unknown object "pe"' -- pe
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
