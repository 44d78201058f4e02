# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The second half of every runner of emulated machines (machine, s390x-machine): start QEMU, watch it,
# and exit with the status of the command that ran in it. Sourced; takes from the runner
#	args	QEMU and its arguments		binds	directories that it needs (in-root)
#	out	where the results go		nonce	what its status must start with
#	name, timeout, quiet, accept		as the options of the runners
# shellcheck disable=SC2154

# The machine dies with this script (pdeathsig), however the script ends.
export TMPDIR=$out/run
EEH_IN_ROOT_HEADERS=0 EEH_IN_ROOT_ENV=TMPDIR setpriv --pdeathsig KILL \
	"$LAB/in-root" --dir "$out" "${binds[@]}" "${args[@]}" > "$out/qemu.log" 2>&1 < /dev/null &
pid=$!
tails=()
cleanup() {
	kill -9 "$pid" 2>/dev/null || true
	[ ${#tails[@]} = 0 ] || wait "${tails[@]}" 2>/dev/null || true
	rm -rf "$out/run"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "$quiet" ]; then
	tail -n +1 -s 0.3 -f --pid="$pid" "$out/ktap.log" &
	tails+=($!)
	tail -n +1 -s 0.3 -f --pid="$pid" "$out/stderr.log" >&2 &
	tails+=($!)
fi

# end REASON: stop the machine, patiently first; a wedged QEMU ignores SIGTERM.
end() {
	local i

	say "machine $name: $1"
	kill "$pid" 2>/dev/null || true
	for ((i = 0; i < 50; i++)); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.2
	done
	kill -9 "$pid" 2>/dev/null || true
}

start=$SECONDS lost= late= seen=
while kill -0 "$pid" 2>/dev/null; do
	sleep 1
	if [ $((SECONDS - start)) -ge "$timeout" ]; then
		late=1
		end "no end after $timeout s, last console line: $(tail -n 1 "$out/console.log" | tr -d '\r')"
		break
	fi
	# The whole log each time: not often.
	[ $(((SECONDS - start) % 10)) = 0 ] || continue
	if [ -z "$seen" ] && ! trouble=$("$LAB/splat" "${accept[@]}" "$out/console.log"); then
		seen=1
		say "machine $name: kernel trouble: $(head -n 1 <<< "$trouble")"
	fi
	if [ -n "$seen" ]; then
		# Give a dying kernel ten seconds for the rest of its message.
		if [ -z "$lost" ] && ! "$LAB/splat" --class fatal "${accept[@]}" "$out/console.log" >/dev/null; then
			lost=$SECONDS
		elif [ -n "$lost" ] && [ $((SECONDS - lost)) -ge 10 ]; then
			end "the kernel is lost, ending it"
			break
		fi
	fi
done
qrc=0
wait "$pid" 2>/dev/null || qrc=$?
[ ${#tails[@]} = 0 ] || wait "${tails[@]}" 2>/dev/null || true

if [ -s "$out/files.tar" ]; then
	tar -C "$out/files" -xf "$out/files.tar" || say "machine $name: the files it sent are incomplete"
	rm -f "$out/files.tar"
fi
logs=("$out/console.log")
for f in "$out"/files/lab/guest-*.console.log; do
	[ ! -f "$f" ] || logs+=("$f")
done
"$LAB/splat" "${accept[@]}" "${logs[@]}" > "$out/splat.log" || true

if [ -s "$out/splat.log" ]; then
	say "machine $name: FAILED, the kernel complained ($out/console.log):"
	head -n 5 "$out/splat.log" >&2
	exit 125
fi
[ -z "$late" ] || exit 124
read -r got rc < "$out/status" || true
if [ "${got:-}" != "$nonce" ]; then
	say "machine $name: FAILED, it ended without a status (QEMU's exit status $qrc). Last console lines:"
	tail -n 5 "$out/qemu.log" "$out/console.log" >&2
	exit 125
fi
exit "$rc"
