# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What the tests of the fast path share: the module, its counters, raw VMs under control, freezes.
# Source it in the host machine (L1). Commands that are needed often do not fork: under emulation a
# process costs tens of milliseconds.
# shellcheck source=selftests/ktap.sh
. ../ktap.sh

K=/sys/kernel/eeh_bpf
DEV=0001:01:00.0	# what the first --device of the machine is in L1
DEV2=0002:01:00.0

# native: has this kernel the hooks of kernel/patches/?
native() { grep -qw eeh_rtas_hook_register /proc/kallsyms; }

exec {NAP_FD}<> <(:)

# nap MS: sleep without a process
nap() {
	local s

	printf -v s '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
	read -rt "$s" -u "$NAP_FD" || true
}

# is NAME EXPRESSION [DIAGNOSIS...]: a result, from an arithmetic expression in this shell
is() {
	local name=$1 expr=$2 v seen=

	shift 2
	if ((expr)); then
		ok "$name"
		return
	fi
	for v in $(grep -oE '[A-Za-z_][A-Za-z_0-9]*' <<< "$expr" | sort -u); do
		seen+=" $v=${!v-}"
	done
	not_ok "$name" "$expr:$seen" "$@"
}

# same NAME GOT WANTED
same() {
	if [[ $2 == "$3" ]]; then
		ok "$1"
	else
		not_ok "$1" "'$2', expected '$3'"
	fi
}

# How many times longer than others this machine takes: 1, or more with sanitizers (selftests/run)
SLOWER=1
! [[ -r ../slower ]] || read -r SLOWER < ../slower

# until_true SECONDS COMMAND...: wait for it. EEH_PATIENCE: where nobody expects it to come true.
# Looks less and less often, as many a look is a process. Not by $SECONDS: docs/lab-known-issues.md,
# "The clock jumps".
until_true() {
	local now end pause=5

	read -r now _ < /proc/uptime
	end=$((${now%.*} + ${EEH_PATIENCE:-$(($1 * SLOWER))}))
	shift
	until "$@"; do
		read -r now _ < /proc/uptime
		((${now%.*} <= end)) || return 1
		nap $pause
		pause=$((pause < 80 ? 2 * pause : 80))
	done
}

# ---- the module

COUNTERS=(queries answered passed rejected unbound not_owner fault bypassed audited missed learned
	dropped)

# get FILE: REPLY = what it says (the first line)
get() {
	REPLY=
	read -r REPLY < "$K/$1" || true
}

# counters: n_answered, n_passed... = what they counted since counters_zero. These are per-CPU sums,
# so take them while nothing asks where they must add up.
counters_zero() {
	local c

	for c in "${COUNTERS[@]}"; do
		get "stats/$c"
		printf -v "z_$c" %s "$REPLY"
	done
}

counters() {
	local c z

	for c in "${COUNTERS[@]}"; do
		get "stats/$c"
		z=z_$c
		printf -v "n_$c" %s $((REPLY - ${!z:-0}))
	done
	# Outcomes; the rest counts other things.
	n_outcomes=$((n_answered + n_passed + n_rejected + n_unbound + n_not_owner + n_fault +
		n_bypassed + n_audited))
}

# answered_more THAN: has the counter grown beyond that?
answered_more() {
	get stats/answered
	((REPLY > $1))
}

# answers_again [SECONDS]: is a query answered in the kernel from now on?
answers_again() {
	get stats/answered
	until_true "${1:-20}" answered_more "$REPLY"
}

bindings() { grep -c . "$K/bindings" || true; }

no_bindings() { [[ $(bindings) == 0 ]]; }

# sweep_ms MS: how often the module looks after passed-through PEs by itself; 0: never
sweep_ms() { echo "$1" > /sys/module/eeh_bpf/parameters/sweep_ms; }

module_load() { insmod "${EEH_BPF_KO:-$EEH_MODULES/eeh_bpf.ko}"; }

# fastpath_fresh: the module just loaded, the policy just attached
fastpath_fresh() {
	! [[ -d $K ]] || rmmod eeh_bpf
	module_load
	fastpath_on
	counters_zero
}

# EEH_BPF_KO and EEH_BPF_POLICY: another module, another policy (t_mutants.sh)
fastpath_on() {
	eehctl fastpath on
	[[ -z ${EEH_BPF_POLICY-} ]] || eehctl fastpath policy "$EEH_BPF_POLICY"
}

# ---- raw VMs (eeh-rawvmm --control)

declare -A VMM_IN=() VMM_OUT=() VMM_PID=()

# vmm_start NAME ARGS...
vmm_start() {
	local n=$1 d=/run/vmm.$1 fd

	shift
	rm -rf "$d"
	mkdir -p "$d"
	mkfifo "$d/in" "$d/out"
	# nice: its vCPUs never sleep, and the shell must get a word in
	nice -n 10 eeh-rawvmm --control --json --label "$n" "$@" < "$d/in" > "$d/out" 2> "$d/err" &
	VMM_PID[$n]=$!
	exec {fd}> "$d/in"
	VMM_IN[$n]=$fd
	exec {fd}< "$d/out"
	VMM_OUT[$n]=$fd
}

# line_of FD SECONDS: LINE = the next line, or fail: that long without one, or the end of it. A time-out of
# read can be early (docs/lab-known-issues.md, "The clock jumps"): /proc/uptime has the last word.
line_of() {
	local now end rc

	read -r now _ < /proc/uptime
	end=$((${now%.*} + $2))
	while ((${now%.*} <= end)); do
		rc=0
		read -r -t 10 -u "$1" LINE || rc=$?
		((rc > 128)) || return $rc
		read -r now _ < /proc/uptime
	done
	return 1
}

# vmm NAME COMMAND: RESULT = its result; STATS = the line of counts, for the command stats
vmm() {
	local n=$1

	shift
	# shellcheck disable=SC2048,SC2086
	set -- $*	# "freeze 1" is one command and its argument
	RESULT=-1000
	if ! printf '%s\n' "$*" >&"${VMM_IN[$n]}"; then
		echo "vmm $n is gone: $(< "/run/vmm.$n/err")" >&2
		return 1
	fi
	while line_of "${VMM_OUT[$n]}" 120; do
		if [[ $LINE == *'"live":true'* && $1 == stats ]]; then
			STATS=$LINE
			RESULT=0
			return 0
		fi
		if [[ $LINE == *"\"command\":\"$1\""* && $LINE =~ \"result\":(-?[0-9]+) ]]; then
			RESULT=${BASH_REMATCH[1]}
			((RESULT >= 0)) || echo "vmm $n $*: $RESULT" >&2
			return 0
		fi
	done
	echo "vmm $n does not answer to '$*': $(< "/run/vmm.$n/err")" >&2
	return 1
}

# field KEY [LINE]: REPLY = that number of LINE (STATS)
field() {
	local line=${2-$STATS}

	[[ $line =~ \"$1\":(-?[0-9]+) ]] || { REPLY=-1; return 1; }
	REPLY=${BASH_REMATCH[1]}
}

# fields PREFIX LINE KEY...: PREFIXKEY = each of these numbers
fields() {
	local prefix=$1 line=$2 f

	shift 2
	for f; do
		field "$f" "$line" || true
		printf -v "$prefix$f" %s "$REPLY"
	done
}

# vmm_fields NAME: v_queries, v_wrong... = its counts now
FIELDS=(queries exits_rtas in_kernel normal frozen errors hcall_errors no_answer wrong
	frozen_throughout frozen_and_told changed)
fields_of() { fields v_ "$1" "${FIELDS[@]}"; }

vmm_fields() {
	vmm "$1" stats && fields_of "$STATS"
}

# vmm_end NAME: wait for its end; REPORT = its report, v_* from it, VMM_RC = its exit status
vmm_end() {
	local n=$1 fd

	REPORT=
	while line_of "${VMM_OUT[$n]}" 300; do
		[[ $LINE != *'"label"'* ]] || REPORT=$LINE
	done
	fd=${VMM_IN[$n]}
	exec {fd}>&-
	fd=${VMM_OUT[$n]}
	exec {fd}<&-
	VMM_RC=0
	wait "${VMM_PID[$n]}" || VMM_RC=$?
	unset "VMM_PID[$n]"
	[[ -z $REPORT ]] || fields_of "$REPORT"
	((VMM_RC == 0)) || sed "s/^/vmm $n: /" "/run/vmm.$n/err" >&2
}

vmm_stop() {
	vmm "$1" stop || true
	vmm_end "$1"
}

# vmm_kill NAME: kill -9
vmm_kill() {
	kill -9 "${VMM_PID[$1]}"
	vmm_end "$1" 2> /dev/null
}

# raw ARGS...: a raw VM from start to end; REPORT, v_*, VMM_RC as above
raw() {
	VMM_RC=0
	REPORT=$(eeh-rawvmm --json "$@" 2> /run/raw.err) || VMM_RC=$?
	fields_of "$REPORT"
	((VMM_RC == 0)) || sed 's/^/raw: /' /run/raw.err >&2
}

# ---- freezes

declare -A CTL_AT=() CTL_FREEZE=() CTL_THAW=() GEN_AT=()

swap() {
	local v=$1

	echo "0x${v:14:2}${v:12:2}${v:10:2}${v:8:2}${v:6:2}${v:4:2}${v:2:2}${v:0:2}"
}

# device DEV: bind it to VFIO, and look up what "inject freeze" would look up each time
device() {
	local regs pe

	lab-vfio "$1"
	regs=$(inject phb "$1")
	pe=$(printf %04x "0x$(inject pe "$1")")
	CTL_AT[$1]=$(printf 0x%x $((regs + 0xff0)))
	GEN_AT[$1]=$(printf 0x%x $((regs + 0xff8)))
	CTL_FREEZE[$1]=$(swap "e00000000000$pe")
	CTL_THAW[$1]=$(swap "c00000000000$pe")
}

# nvme_device: nvme = the first NVMe controller, pe and group = its PE and IOMMU group; bound to VFIO
nvme_device() {
	local d

	nvme=
	for d in /sys/bus/pci/devices/*; do
		if [[ $(< "$d/class") == 0x010802 ]]; then
			nvme=${d##*/}
			break
		fi
	done
	[[ -n $nvme ]] || skip_all "there is no nvme device"
	device "$nvme"
	pe=${nvme%%:*}:$(inject pe "$nvme")
	group=$(basename "$(readlink "/sys/bus/pci/devices/$nvme/iommu_group")")
}

# As "inject freeze DEV" and "inject thaw DEV", in one process
freeze() { busybox devmem "${CTL_AT[$1]}" 64 "${CTL_FREEZE[$1]}"; }
thaw() { busybox devmem "${CTL_AT[$1]}" 64 "${CTL_THAW[$1]}"; }

# read_config DEV: a load from its configuration space, which an armed error makes fail
read_config() { od -An -tx4 -N 4 "/sys/bus/pci/devices/$1/config" > /run/config.out; }
