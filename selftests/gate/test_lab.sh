#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lab build, with recipes that only sleep: the order, two at a time, what fails, what is interrupted.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/ktap.sh
. "$top/selftests/ktap.sh"

t=$(mktemp -d)
trap 'pkill -f "sleep 7357"; rm -rf "$t"' EXIT
export EEH_CACHE=$t/cache
here=$t/selftests/lab
mkdir -p "$here/recipes"
cp "$top"/selftests/lab/{lab,lib.sh,lock} "$here"

# recipe NAME NEEDS COMMAND [HEADER]: its time is 10 s, by its header
recipe() {
	printf '%s\n' '#!/bin/bash' "# needs: $2" "# where: host" "# time: 10" "${4:-}" "set -e" \
		"echo start $1 >> $t/log; touch $t/start-$1" "$3" \
		"echo end $1 >> $t/log; touch $t/end-$1" > "$here/recipes/$1.sh"
}

# Who is told to end on a busy machine may take longer than a few seconds.
lab() { timeout -k 60 60 "$here/lab" "$@" > "$t/out" 2>&1; }
steps() { [ "$(xargs < "$t/log")" = "$*" ] || { cat "$t/log" "$t/out"; return 1; }; }

# A command that waits for a step of another part, but not for ever
after() { echo "for _ in {1..200}; do [ ! -e $t/$1-$2 ] || break; sleep 0.1; done"; }
# before "STEP PART" "STEP PART"
before() {
	awk -v a="$1" -v b="$2" '$0 == a { first = NR } $0 == b { second = NR }
		END { exit !(first && first < second) }' "$t/log" || { cat "$t/log" "$t/out"; return 1; }
}
together() { before "start $1" "end $2" && before "start $2" "end $1"; }

# root and upper are the longer chain, so root and one of the others come first
recipe early "" "$(after start root)"
recipe lone "" "$(after end upper)"
recipe root "" true
recipe upper root "$(after start lone)"
recipe asked root true "# default: no"
check "everything is built" lab build
check "first what others wait for longest" before "start root" "end early"
check "a part after what it needs" before "end root" "start upper"
check "two at a time" together lone upper
rm "$t/log"
check "a second time" lab build
check "costs nothing" test ! -e "$t/log"
check "a part that has to be asked for" lab build default asked
check "is built then, and nothing else" steps start asked end asked
rm "$t/log"
echo "# changed" >> "$here/recipes/root.sh"
check "a recipe changes" lab build upper
check "it is built again, and what needs it" steps start root end root start upper end upper
rm "$t/log"

gone() { ! pgrep -f "sleep 7357" && [ -z "$(ls -A "$t/cache/tmp")" ]; }
recipe lone "" "sleep 7357"
recipe upper root "sleep 1; echo out of paper; false"
fails() { ! lab build; }
check "a part that fails" fails
check "says so, by its last words" grep -q "out of paper" "$t/out"
check "and which one, and where the rest is" grep -q "upper failed. All of its output: $t/cache/logs/upper.log" "$t/out"
check "the other one ends with it" gone
rm "$t/log"
recipe upper root true
lab build &
pid=$!
for _ in {1..100}; do
	! grep -q "end upper" "$t/log" 2> /dev/null || break
	sleep 0.1
done
pkill -TERM -P $pid	# timeout, which passes it on
wait $pid
# What is told to end takes a moment on a busy machine.
soon_gone() {
	local _

	for _ in {1..100}; do
		! gone || return 0
		sleep 0.1
	done
	gone || { pgrep -af "sleep 7357"; ls -lA "$t/cache/tmp"; return 1; }
}
check "interrupted: nothing stays behind" soon_gone
check "but what was ready is there" test -d "$("$here/lab" path upper)"
finish
