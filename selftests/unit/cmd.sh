# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of the command share: a directory that plays a host, eehctl in it, and results.
# Source it from a script that was called with OUTDIR.
out=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export EEHCTL_ROOT=$root
n=0 failed=0

f() {	# f FILE TEXT
	mkdir -p "$root/$(dirname "$1")"
	printf '%s\n' "$2" > "$root/$1"
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
