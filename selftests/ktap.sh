# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# KTAP output for shell tests. Source it, then:
#
#	plan 3				# optional: how many results there will be
#	check "name" CMD ARGS...	# ok if CMD succeeds; its output becomes a diagnosis if not
#	ok "name"; not_ok "name" ["diagnosis"...]
#	skip "name" "why"; skip_all "why"
#	diag "text"...
#	finish				# last line: prints the plan if there was none, exits 0 or 1
ktap_n=0 ktap_failed=0 ktap_plan=
echo "KTAP version 1"

plan() { ktap_plan=$1; echo "1..$1"; }
diag() { printf '%s\n' "$@" | sed 's/^/# /'; }
ok() { ktap_n=$((ktap_n + 1)); echo "ok $ktap_n $1"; }
skip() { ktap_n=$((ktap_n + 1)); echo "ok $ktap_n $1 # SKIP $2"; }
skip_all() { echo "1..0 # SKIP $1"; exit 4; }

not_ok() {
	ktap_n=$((ktap_n + 1))
	ktap_failed=$((ktap_failed + 1))
	echo "not ok $ktap_n $1"
	shift
	[ $# = 0 ] || diag "$@"
}

check() {
	local name=$1 out rc=0

	shift
	out=$("$@" 2>&1) || rc=$?
	if [ "$rc" = 0 ]; then
		ok "$name"
	else
		not_ok "$name" "'$*' ended with status $rc" "$out"
	fi
}

finish() {
	[ -n "$ktap_plan" ] || echo "1..$ktap_n"
	[ "$ktap_failed" = 0 ] && [ "${ktap_plan:-$ktap_n}" = "$ktap_n" ]
	exit
}
