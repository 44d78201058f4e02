#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The counting of KTAP results: what must not be counted as a pass.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/ktap.sh
. "$top/selftests/ktap.sh"

# The text, one argument per line
read_ktap() { printf '%s\n' "$@" | awk -f "$top/selftests/ktap.awk"; }
same() { [ "$2" = "$1" ] || { echo "want '$1', got '$2'"; return 1; }; }

# counts "P F S" TEXT...: the text counts as that; says WANT TEXT...: that is all that is printed of it
counts() { same "$1" "$(read_ktap "${@:2}" | tail -n 1)"; }
says() { same "$1" "$(read_ktap "${@:2}")"; }

check "two passes" counts "2 0 0" "KTAP version 1" "1..2" "ok 1 a" "ok 2 b"
check "a failure" counts "1 1 0" "1..2" "ok 1 a" "not ok 2 b"
check "a skip is no pass" counts "1 0 1" "1..2" "ok 1 a" "ok 2 b # SKIP no device"
check "everything skipped" counts "0 0 1" "1..0 # SKIP no POWER"
check "nothing at all is a failure" counts "0 1 0" "hello"
check "a plan that was not kept is a failure" counts "1 1 0" "1..3" "ok 1 a"
check "a plan at the end" counts "2 0 0" "ok 1 a" "ok 2 b" "1..2"
check "leaves count, their parent does not" counts "3 0 0" "1..2" "# Subtest: x" \
	"    ok 1 a" "    ok 2 b" "    1..2" "ok 1 x" "ok 2 y"
check "a parent without a failed leaf that failed" counts "1 1 0" "1..1" "    ok 1 a" "    1..1" \
	"not ok 1 x"
check "a failed leaf counts once" counts "0 1 0" "1..1" "    not ok 1 a" "not ok 1 x"
check "a subtest that died" counts "1 1 0" "1..1" "    1..3" "    ok 1 a" "not ok 1 x"
check "a machine that died" counts "1 1 0" "1..3" "    ok 1 a" "    1..1" "ok 1 x"
check "bail out" counts "1 1 0" "ok 1 a" "1..1" "Bail out! no memory"
check "a dash before the name" counts "1 1 0" "ok 1 - a" "not ok 2 - b" "1..2"
check "carriage returns of a console" counts "1 0 0" $'ok 1 a\r' $'1..1\r'
check "text that only resembles a result" counts "1 0 0" "okay 2" "not okay" "ok 1 a" "1..1"

check "a failure is printed with its diagnosis, and nothing else's" says \
	$'FAIL x: b\nWHY 1 of 2\nWHY they: 3\n2 1 0' "# Subtest: x" "    ok 1 a" "    # of a" \
	"    not ok 2 b" "    # 1 of 2" "    # they: 3" "    ok 3 c" "    # of c" "not ok 1 x"
long=$(printf '%0300d' 0)
check "but no line of JSON at full length" says $'FAIL a\nWHY '"$long"$'...\n0 1 0' "not ok 1 a" "# $long{}"
finish
