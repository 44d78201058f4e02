#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# driver.sh old|new: in the s390x machine, run the scripts of the file tests one after the other, as one
# KTAP document. Each runs with $KERNEL set and finds the functions bound as the one before left them.
set -u

export KERNEL=$1
mapfile -t tests < tests
echo "KTAP version 1"
echo "1..${#tests[@]}"
n=0 failed=0
for t in "${tests[@]}"; do
	n=$((n + 1))
	echo "# Subtest: $t"
	echo "lab: test $n of ${#tests[@]}: $t" > /dev/kmsg
	echo "== $t" >&2
	start=$SECONDS
	timeout 300 "./$t" < /dev/null | while IFS= read -r line; do
		printf '    %s\n' "$line"
	done
	rc=${PIPESTATUS[0]}
	case $rc in
	0) echo "ok $n $t" ;;
	4) echo "ok $n $t # SKIP all of it" ;;
	*) echo "not ok $n $t"; echo "# exit status $rc"; failed=1 ;;
	esac
	echo "# $t took $((SECONDS - start)) s"
done
exit "$failed"
