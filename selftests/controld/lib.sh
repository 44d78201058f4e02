# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the shell tests of eeh-controld: a machine in a file, a controller over it.
# $out: where the programs are; $EEH_FAKE: the machine; $run: the controller's directory.

EEH_FAKE=$(mktemp -d)
export EEH_FAKE
run=$EEH_FAKE/run conf=$EEH_FAKE/conf log=$EEH_FAKE/log
pid='' n=0 failed=0

cleanup() {
	[[ -z $pid ]] || kill -9 "$pid" 2> /dev/null || true
	rm -rf "$EEH_FAKE"
}
trap cleanup EXIT

machine() { "$out/machine" "$EEH_FAKE" "$@"; }
ask() { "$ctl" -r "$run" "$@"; }

start() {	# start [ENV=VAL...]
	rm -f "$run/socket"
	env "$@" "$ctl" -c "$conf" -r "$run" 2>> "$log" &
	pid=$!
	until_true test -S "$run/socket"
}

stop() {	# stop SIGNAL: its exit status
	local rc=0

	kill "-$1" "$pid"
	wait "$pid" || rc=$?
	pid=''
	return $rc
}

# until_true CMD...: for at most 10 s
until_true() {
	local i

	for ((i = 0; i < 200; i++)); do
		if "$@" > /dev/null 2>&1; then return 0; fi
		sleep 0.05
	done
	return 1
}

ok() {	# ok NAME CMD...
	local name=$1
	shift
	n=$((n + 1))
	if "$@" > "$EEH_FAKE/.out" 2>&1; then
		echo "ok $n $name"
	else
		failed=1
		echo "not ok $n $name"
		echo "# $*"
		tail -n 5 "$EEH_FAKE/.out" | sed 's/^/# /'
		tail -n 5 "$log" | sed 's/^/# log: /'
	fi
}

# j FILTER REQUEST...: jq says that the answer is so
j() {
	local filter=$1
	shift
	ask "$@" | jq -e "$filter"
}
