#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Source, usage, manual pages, completion, headers and the version script name the same things.
set -euo pipefail
cd "$(dirname "$0")/../.."

n=0 failed=0

same() {	# same NAME LIST LIST: one word per line each
	local diff

	n=$((n + 1))
	if diff=$(diff <(sort -u <<< "$2") <(sort -u <<< "$3")) && [[ -n $2 ]]; then
		echo "ok $n $1"
	else
		echo "not ok $n $1"
		printf '%s\n' "$diff" | sed 's/^/# /'
		failed=1
	fi
}

commands() {	# of a table of struct command
	sed -n '/^static const struct command /,/^};/s/^\t{ "\([a-z-]*\)",.*/\1/p' "$1"
}

words_in() {	# what of LIST (stdin) does not occur in FILE as a word
	local w

	while read -r w; do
		grep -qwF -- "$w" "$1" && echo "$w"
	done || true
}

completion() {	# the word list of the completion that has this word in it
	grep -o '"[a-z ]*"' user/eehctl/bash-completion | tr -d '"' | grep -wF "$1" | tr ' ' '\n'
}

echo "KTAP version 1"

objects=$(commands user/eehctl/main.c)
same "objects: completion" "$objects" "$(completion fastpath)"
same "objects: eehctl.8" "$objects" "$(words_in docs/man/eehctl.8 <<< "$objects")"

# object NAME: source, usage, completion and manual page of "eehctl NAME" say the same
object() {
	local src=user/eehctl/$1.c page=docs/man/eehctl-$1.8 cmds block opts json

	cmds=$(commands "$src")
	same "$1: usage" "$cmds" "$(sed -n '/^static int help/,/^}/s/.*eehctl '"$1"' \([a-z-]*\).*/\1/p' "$src")"
	block=$(sed -n "/^\t$1)\$/,/^\t\t;;/p" user/eehctl/bash-completion | tr -d '\\\n')
	same "$1: completion" "$cmds" "$(grep -o '"[^"$]* help"' <<< "$block" | tr -d '"' | tr -s ' \t' '\n')"
	same "$1: eehctl-$1.8, synopsis" "$cmds" \
		"$(sed -n '/^\.Sh SYNOPSIS/,/^\.El/s/^\.Cm \([a-z-]*\).*/\1/p' "$page" | grep -vx "$1")"
	same "$1: eehctl-$1.8, items" "$(grep -vx help <<< "$cmds")" \
		"$(sed -n '/^\.Sh DESCRIPTION/,/^\.Sh [^D]/s/^\.It Cm //p' "$page" | sed 's/ Op .*//; s/ Ar .*//' |
		tr -s ' ,' '\n')"
	opts=$(grep -o 'strcmp(argv\[i\], "--[a-z]*")' "$src" | cut -d'"' -f2 | cut -c3-) || true
	if [[ -n $opts ]]; then
		same "$1: options: completion" "$opts" "$(grep -o -- '--[a-z][a-z]*' <<< "$block" | cut -c3-)"
		same "$1: options: eehctl-$1.8" "$opts" "$(grep -o 'Fl -[a-z]*' "$page" | cut -d- -f2)"
	fi
	json=$(grep -o 'jput_[a-z0-9]*([a-z]*, "[a-z_]*"\|object_add(o, "[a-z_]*"\|json_print("[a-z_]*"' "$src" |
		cut -d'"' -f2 | sort -u)
	same "$1: JSON: eehctl-$1.8" "$json" "$(words_in "$page" <<< "$json")"
}
object pe
object vm
object inject
object trace
object log
object top

classes=$(sed -n '/^const char \*eeh_log_class_name/,/^}/p' user/lib/log_dump.c | grep -o '"[a-z-]*"' | tr -d '"')
for where in include/eeh/log.h docs/man/eehctl-log.8 docs/logs.md; do
	same "log: classes: ${where##*/}" "$classes" "$(words_in $where <<< "$classes")"
done

fastpath=$(commands user/eehctl/fastpath.c)
usage=$(sed -n '/^static int help/,/^}/p' user/eehctl/fastpath.c | grep 'eehctl fastpath' |
	sed 's/.*eehctl fastpath//; s/\\n.*//' | tr -c 'a-z\n' ' ' | awk '{ for (i = 1; i <= NF; i++) print $i }' |
	grep -vx 'n\|rate\|burst\|storm\|answer\|pass\|learn')
same "fastpath: usage" "$fastpath" "$usage"
same "fastpath: completion" "$fastpath" "$(completion disable)"
page=docs/man/eehctl-fastpath.8
same "fastpath: eehctl-fastpath.8, synopsis" "$fastpath" "$(sed -n '/^\.Sh SYNOPSIS/,/^\.El/p' $page |
	sed -n 's/^\.Cm //p' | sed 's/ Ar .*//; s/ Op .*//' | tr -s ' |' '\n' | grep -vx 'fastpath\|Op\|')"
same "fastpath: eehctl-fastpath.8, items" "$(grep -vx 'help' <<< "$fastpath")" \
	"$(sed -n '/^\.Sh DESCRIPTION/,/^\.Sh FILES/s/^\.It Cm \([a-z]*\).*/\1/p' $page |
	grep -vx 'rate\|burst\|storm\|learn')"

canary=$(commands user/eehctl/canary.c)
same "canary: usage" "$canary" "$(sed -n '/^static int help/,/^}/s/.*eehctl canary \([a-z]*\).*/\1/p' \
	user/eehctl/canary.c)"
same "canary: completion" "$canary" "$(completion learn | grep -vx 'rate\|burst\|storm')"
page=docs/man/eehctl-canary.8
same "canary: eehctl-canary.8, synopsis" "$canary" "$(sed -n '/^\.Sh SYNOPSIS/,/^\.El/s/^\.Cm \([a-z]*\).*/\1/p' \
	$page | grep -vx canary)"
same "canary: eehctl-canary.8, items" "$(grep -vx 'help' <<< "$canary")" \
	"$(sed -n '/^\.Sh DESCRIPTION/,/^\.Sh THE TABLE/s/^\.It Cm \([a-z]*\).*/\1/p' $page)"
opts=$(grep -o 'strcmp(argv\[i\], "--[a-z]*")' user/eehctl/canary.c | cut -d'"' -f2 | tr -d -)
same "canary: options: completion" "$opts" "$(sed -n 's/.*"\(--at .*\)" --.*/\1/p' user/eehctl/bash-completion |
	tr ' ' '\n' | tr -d -)"
same "canary: options: eehctl-canary.8" "$opts" "$(grep -o 'Fl -[a-z]*' $page | cut -d- -f2)"
json=$(grep -o 'jput_[a-z0-9]*([a-z]*, "[a-z_]*"\|object_add(o, "[a-z_]*"' user/eehctl/canary.c | cut -d'"' -f2)
same "canary: JSON: eehctl-canary.8" "$(sort -u <<< "$json")" "$(sort -u <<< "$json" | words_in $page)"
names=$(sed -n 's/^\t\t\.name = "\([A-Za-z0-9]*\):.*/\1/p' user/lib/canary_table.c | sort -u)
same "canary: table: eehctl-canary.8" "$names" "$(words_in $page <<< "$names")"
reasons=$(sed -n '/^static const char \*suspended/,/^}/s/^\t\t{ "\([a-z0-9-]*\)",.*/\1/p' user/lib/canary_device.c)
same "canary: reasons: header" "$reasons" "$(words_in include/eeh/canary.h <<< "$reasons")"
same "canary: reasons: eehctl-canary.8" "$reasons" "$(words_in $page <<< "$reasons")"
[[ ! -f kernel/eeh_bpf/canary.c ]] || says=$(grep -oh 'return "[a-z0-9-]*"\|reason = "[a-z0-9]*"\|reason ?: "[a-z]*"\|canary_suspend_[a-z]*([^"]*"[a-z0-9-]*")' \
	kernel/eeh_bpf/canary.c kernel/eeh_bpf/tap_*.c | cut -d'"' -f2 | sort -u)
[[ ! -f kernel/eeh_bpf/canary.c ]] || same "canary: reasons: the module" "$says" "$(grep -xF -- "$reasons" <<< "$says")"

keys=$(grep -o 'strcmp(argv\[i\], "[a-z]*")' user/eehctl/fastpath.c | cut -d'"' -f2)
same "config: completion" "$keys" "$(completion burst)"
same "config: eehctl-fastpath.8" "$(sort -u <<< "$keys")" \
	"$(sort -u <<< "$keys" | words_in docs/man/eehctl-fastpath.8)"
same "feature: completion" "$(commands user/eehctl/feature.c)" "$(completion probe)"

long=$(sed -n 's/^\t\t{ "\([a-z]*\)",.*no_argument.*/\1/p' user/eehctl/main.c)
same "options: completion" "$long" \
	"$(sed -n 's/.*local options="\(.*\)"/\1/p' user/eehctl/bash-completion | tr ' ' '\n' | sed -n 's/^--//p')"
same "options: eehctl.8" "$long" "$(sed -n 's/^\.It Fl . , Fl -\(.*\)/\1/p' docs/man/eehctl.8)"

# JSON members that the page promises and those that the code prints.
json=$(grep -o 'jput_[a-z0-9]*([a-z]*, "[a-z_]*"\|object_add(o, "[a-z_]*"' user/eehctl/fastpath.c | cut -d'"' -f2)
same "JSON: eehctl-fastpath.8 or the counters" "$(sort -u <<< "$json" |
	grep -vx 'queries\|answered\|passed\|storms\|not_normal\|errors\|first_seen_ns\|last_seen_ns')" \
	"$(sort -u <<< "$json" |
	grep -vx 'queries\|answered\|passed\|storms\|not_normal\|errors\|first_seen_ns\|last_seen_ns' |
	words_in docs/man/eehctl-fastpath.8)"

symbols=$(grep -o 'eeh_[a-z_]*' user/lib/libeeh.map)
declared=$(sed -n '/EEH_API/,/;/p' include/eeh/*.h | grep -o '\beeh_[a-z_]*(' | tr -d '(' |
	grep -vx eeh_ctx_opts)
same "symbols: headers" "$symbols" "$declared"
same "symbols: libeeh*.3" "$symbols" "$(sed -n 's/^\.Fn \(eeh_[a-z_]*\) .*/\1/p' docs/man/libeeh*.3)"

version=$(sed -n 's/^VERSION[[:space:]]*:= //p' user/Makefile)
same "version: header" "$version" "$(awk '/define EEH_VERSION_/ { printf "%s%s", sep, $3; sep = "." }' \
	include/eeh/eeh.h)"
same "version: version script" "$version" "$(sed -n 's/^LIBEEH_\(.*\) {/\1/p' user/lib/libeeh.map |
	tail -n 1)"

attrs=$(sed -n '/Below/,/^Tracepoints/s/^\.It Pa \([a-z_]*\)\/*$/\1/p' docs/man/eeh-bpf.7 | grep -vx stats)
same "sysfs: eeh-bpf.7 and the library" "$attrs" "$(grep -o \
	'\(sys_str\|sys_u64\|sys_write\|sys_failed\|sys_for_each_line\)(ctx, "[a-z_]*"' -h user/lib/sysfs.c user/lib/canary.c |
	cut -d'"' -f2)"

# docs/rtas.md: every row of the first table names tests in its last cell, and those are run: functions
# of the unit tests, scripts with a guest.
rows=$(sed -n '/^## Call by call/,/^## /p' docs/rtas.md | grep '^| [^|]' | grep -v '^| | PAPR')
same "rtas.md: every row has its test" "$rows" "$(grep -E '`(test_rtas_[a-z_]*|t_[a-z_]*\.sh)` \|$' <<< "$rows")"
named=$(grep -o '`test_rtas_[a-z_]*`' docs/rtas.md | tr -d '`')
same "rtas.md: tests" "$named" "$(grep -oh 'T(test_rtas_[a-z_]*)' selftests/unit/test_rtas*.c | sed 's/T(//; s/)//')"
named=$(grep -oE '`t_[a-z_]*\.sh`' docs/rtas.md | tr -d '`' | sort -u)
same "rtas.md: scripts" "$named" "$(awk '$1 == "test" { print $3 }' selftests/vm/list selftests/vm/soak | sort -u |
	grep -xFe "$named")"

# A C++ program can include them, each on its own.
cxx() {
	printf '#include <eeh/%s.h>\n#include <eeh/eeh.h>\nint main() { eeh_ctx_opts o; EEH_INIT(&o); return !o.sz; }\n' "$1" |
		g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c++ -
}
n=$((n + 1))
if ! command -v g++ > /dev/null; then
	echo "ok $n headers: C++ # SKIP no g++"
elif (for h in include/eeh/*.h; do cxx "$(basename "$h" .h)" || exit 1; done); then
	echo "ok $n headers: C++"
else
	echo "not ok $n headers: C++"
	failed=1
fi

echo "1..$n"
exit $failed
