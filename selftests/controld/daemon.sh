#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# daemon.sh OUTDIR: eeh-controld as a service: configuration and reload, who may
# ask what, recovery by policy, state, notices.
set -euo pipefail
out=$(readlink -f "$1")
ctl=$out/eeh-controld-asan
cd "$(dirname "$0")"
# shellcheck source=selftests/controld/lib.sh
. ./lib.sh

echo "KTAP version 1"
cat > "$conf" <<CONF
[controller]
socket-group = games
metrics-file = $EEH_FAKE/metrics.prom
sweep = 1s
[rule driver]
vm = driver
policy = recover
resume = 10ms
[rule web]
vm = web-*
policy = delegate
timeout = 1s
[default]
policy = report
CONF
touch "$log"
machine new driver web-1 other -

# The command line
ok "a good configuration passes" "$ctl" -c "$conf" --test
printf '[default]\npolicy = maybe\n' > "$EEH_FAKE/bad"
ok "a bad one is refused with its line" bash -c "! $ctl -c $EEH_FAKE/bad --test 2>&1 && $ctl -c $EEH_FAKE/bad -t 2>&1 | grep -q 'bad: line 2: \"maybe\" is none of'"
ok "and nothing starts with it" bash -c "! timeout 5 $ctl -c $EEH_FAKE/bad -r $run"
ok "no configuration, no start" bash -c "! timeout 5 $ctl -c $EEH_FAKE/none -r $run"
ok "usage" bash -c "$ctl --help | grep -q Usage && ! $ctl dance && ! $ctl pe && ! $ctl --frobnicate"
ok "no controller, and what to do" bash -c "! $ctl -r $run status 2>&1 | grep -v systemctl"

start
ok "status" j '.api_level == 1 and .status.pes == 3 and .status.config_ok' status
ok "a second controller does not start" bash -c "! timeout 10 $ctl -c $conf -r $run"
ok "rules are chosen" j '[.pes[].rule] == ["driver", "web", "default"]' pes

# Policies
machine freeze 1
ok "recover: it is recovered" until_true j '.pe.state == "idle" and .pe.recovered == 1' pe 0001:1
ok "recover: by one reset" grep -q 'asserts 1 deasserts 1 configures 1 logs 1' <(machine show 1)
machine freeze 2
ok "delegate: it is told" until_true j '.pe.state == "delegated"' pe 0001:2
machine thaw 2
ok "delegate: its owner recovers it" until_true j '.pe.state == "idle" and .pe.normal == 1' pe 0001:2
machine freeze 2
ok "delegate: timed out" until_true j '.pe.state == "reported"' pe 0001:2
ok "delegate: and left alone" grep -q 'frozen 1 asserts 0' <(machine show 2)
machine freeze 3
ok "report: it is told" until_true j '.pe.state == "reported"' pe 0001:3
machine freeze 4
ok "what the kernel drives is only reported" until_true j '.pe.state == "reported" and .pe.policy == "report"' pe 0001:4
ok "recover, by hand" bash -c "$ctl -r $run recover 0001:3"
ok "recover, by hand: done" until_true j '.pe.state == "idle" and .pe.recovered == 1' pe 0001:3
machine freeze-silently 3
ok "a freeze that nobody tells is swept up" until_true j '.pe.state == "reported"' pe 0001:3
machine thaw 3

# Reload
sed -i 's/^timeout = 1s/policy = recover/; s/^policy = delegate//' "$conf"
kill -HUP "$pid"
ok "SIGHUP: a new policy holds for a PE that waits" until_true j '.pe.recovered == 1' pe 0001:2
ok "reload keeps the state" j '.status.freezes == 6 and .status.recovered == 3' status
echo 'nonsense' >> "$conf"
ok "a bad configuration is refused" bash -c "! $ctl -r $run reload 2>&1 && $ctl -r $run reload 2>&1 | grep -q 'line 1[0-9]: neither .*: the old configuration stays'"
ok "and that is shown" j '.status.config_ok == false and (.status.config_error | test("line"))' status
sed -i '/nonsense/d' "$conf"
ok "a good one again" ask reload

# The budget
sed -i 's/^\[rule driver\]/&\nmax-freezes = 2/' "$conf"
ask reload > "$EEH_FAKE/.out"
for i in 2 3; do
	sleep 0.3
	machine freeze 1
	until_true j ".pe.freezes == $i and (.pe.state == \"idle\" or .pe.state == \"permanent\")" pe 0001:1 || true
done
ok "more freezes than the budget: given up" j '.pe.state == "permanent" and .pe.why == "budget"' pe 0001:1
ok "recover does not help" bash -c "$ctl -r $run recover 0001:1 && $ctl -r $run pe 0001:1 | grep -q permanent"
stop KILL || true
start
ok "and a restart does not forget it" j '.pe.state == "permanent"' pe 0001:1
ok "clear" ask clear 0001:1
ok "clear: recovered" until_true j '.pe.state == "idle"' pe 0001:1

# While it is down: PE 2 froze, was recovered by its owner, froze again, and is frozen
stop KILL || true
machine freeze-unheard 2
machine thaw-unheard 2
machine freeze-unheard 2
start
ok "freezes while it was down: each is counted" until_true j '.pe.freezes == 4 and .pe.normal == 2' pe 0001:2
ok "and what is still frozen is recovered" until_true j '.pe.state == "idle" and .pe.recovered == 2' pe 0001:2
ok "and that is said" grep -q '2 freezes while no controller ran' "$log"
stop KILL || true
start
ok "they are not counted again" j '.pe.freezes == 4 and .pe.normal == 2 and .pe.state == "idle"' pe 0001:2

# Who may what
as() { setpriv --reuid=65534 --regid="$1" --clear-groups -- "${@:2}"; }
chmod 755 "$EEH_FAKE"
ok "the group may read" as 60 "$ctl" -r "$run" status
ok "a supplementary group, too" setpriv --reuid=65534 --regid=65534 --groups=60 -- "$ctl" -r "$run" status
ok "the group may change nothing" bash -c "! setpriv --reuid=65534 --regid=60 --clear-groups -- $ctl -r $run clear 0001:1 2> $EEH_FAKE/.err && grep -q 'only root' $EEH_FAKE/.err"
ok "others may not even connect" bash -c "! setpriv --reuid=65534 --regid=65534 --clear-groups -- $ctl -r $run status"
chmod 666 "$run/socket"
ok "and are asked who they are if they can" bash -c "! setpriv --reuid=65534 --regid=65534 --clear-groups -- $ctl -r $run status 2> $EEH_FAKE/.err && grep -q 'only root and the group of' $EEH_FAKE/.err"

# The socket under abuse
raw() { socat -t 2 - "UNIX-CONNECT:$run/socket"; }
ok "nonsense is answered" bash -c "printf 'x\n{\"op\": \"status\"}\n' | socat -t 2 - UNIX-CONNECT:$run/socket | jq -es '.[0].error and .[1].status'"
ok "a line without end is cut off" bash -c "head -c 4096 /dev/zero | tr '\0' x | socat -t 2 - UNIX-CONNECT:$run/socket 2> $EEH_FAKE/.err | grep -q 'without an end'"
many=()
for ((i = 0; i < 60; i++)); do
	socat -u "UNIX-CONNECT:$run/socket" "OPEN:$EEH_FAKE/.many,creat" 2> "$EEH_FAKE/.err" &
	many+=($!)
done
sleep 0.5
ok "it takes no more than its number of clients, and goes on" kill -0 "$pid"
kill "${many[@]}" 2> "$EEH_FAKE/.err" || true
wait "${many[@]}" 2> "$EEH_FAKE/.err" || true
ok "and is there for the next" until_true ask status

# watch
ask watch > "$EEH_FAKE/watched" &
watcher=$!
until_true grep -q watch "$EEH_FAKE/watched"
machine freeze 3
ok "watch" until_true grep -q '"event": *"frozen","pe": *"0001:3"\|"frozen", "pe": "0001:3"' "$EEH_FAKE/watched"
ok "watch: the error log's class" until_true grep -q '"class": *"dma-iommu"' "$EEH_FAKE/watched"
kill "$watcher"
wait "$watcher" 2> "$EEH_FAKE/.err" || true

# events: the kernel's own, for those who may not listen; what comes faster than it is read is counted
as 60 "$ctl" -r "$run" events > "$EEH_FAKE/events" &
listener=$!
until_true grep -q '"events"' "$EEH_FAKE/events"
machine thaw 3
machine freeze 3
ok "events: the group gets them" until_true jq -es 'any(.[]; .event.type == "frozen" and .event.pe == "0001:3" and .event.source == "interrupt")' "$EEH_FAKE/events"
pkill -P "$listener"
wait "$listener" 2> "$EEH_FAKE/.err" || true
until_true j '.status.listeners == 0' status
mkfifo "$EEH_FAKE/slow"
(exec 3<> "$EEH_FAKE/slow"; { echo '{"op": "events"}'; sleep 120; } | socat -b 512 - "UNIX-CONNECT:$run/socket" >&3) &
listener=$!
until_true j '.status.listeners == 1' status
seq_before=$(ask status | jq .status.events_seq)
for ((i = 0; i < 20; i++)); do
	machine burst 3 500
done
until_true j ".status.events_seq >= $seq_before + 10000" status
cat "$EEH_FAKE/slow" > "$EEH_FAKE/slow.out" &
reader=$!
ok "events: who reads slowly is told how many it lost" until_true jq -es '
	([.[] | select(.loss)] | last | .loss.lost) as $lost | ([.[] | select(.event)] | length) as $got |
	$lost > 0 and $got > 0 and $lost + $got == 10000' "$EEH_FAKE/slow.out"
kill "$reader"
wait "$reader" 2> "$EEH_FAKE/.err" || true
pkill -P "$listener" || true
wait "$listener" 2> "$EEH_FAKE/.err" || true

# Files
ok "metrics-file" until_true grep -q '^eeh_freezes_total{phb="0001",pe="1"} 3' "$EEH_FAKE/metrics.prom"
ok "metrics-file: others may read it" test "$(stat -c %a "$EEH_FAKE/metrics.prom")" = 644
ok "nothing half-written is left" bash -c "! ls $run/state.new $EEH_FAKE/metrics.prom.new"
ok "it ends when asked to" stop TERM
echo garbage > "$run/state"
start
ok "a damaged state is kept and said" bash -c "ls $run/state.bad.* && grep -q 'state cannot be used (line 1: not a state' $log"
ok "and what is frozen is found again" until_true j '.pe.state == "reported"' pe 0001:3
ok "it ends when asked to" stop TERM

# The journal's fields, with a journal of our own: only in a root that is thrown away.
if [[ ${EEH_IN_ROOT:-} = 1 && ! -e /run/systemd/journal ]]; then
	mkdir -p /run/systemd/journal
	socat -u UNIX-RECV:/run/systemd/journal/socket "OPEN:$EEH_FAKE/journal,creat,append" &
	journal=$!
	until_true test -S /run/systemd/journal/socket
	start JOURNAL_STREAM=1:1
	machine thaw 3
	until_true j '.pe.state == "idle"' pe 0001:3 || true
	machine freeze 3
	until_true grep -qa 'EEH_CLASS=dma-iommu' "$EEH_FAKE/journal" || true
	for f in MESSAGE_ID=5f0bd1a2c9a64d1c8d5b0c5d2a7e4101 EEH_EVENT=frozen EEH_PHB=0001 EEH_PE=3 \
		EEH_CLASS=dma-iommu EEH_VM=other EEH_POLICY=report EEH_RULE=default EEH_STATE=; do
		ok "journal: $f" grep -qa "^$f" "$EEH_FAKE/journal"
	done
	stop TERM
	kill "$journal"
else
	n=$((n + 1))
	echo "ok $n journal # SKIP only inside the build root"
fi

# sd_notify
socat -u "UNIX-RECV:$EEH_FAKE/notify" "OPEN:$EEH_FAKE/notified,creat,append" &
notify=$!
until_true test -S "$EEH_FAKE/notify"
start NOTIFY_SOCKET="$EEH_FAKE/notify" WATCHDOG_USEC=600000
kill -HUP "$pid"
sleep 1
for f in READY=1 RELOADING=1 MONOTONIC_USEC= WATCHDOG=1; do
	ok "sd_notify: $f" grep -qa "$f" "$EEH_FAKE/notified"
done
stop TERM
ok "sd_notify: STOPPING=1" grep -qa STOPPING=1 "$EEH_FAKE/notified"
ok "systemd is asked to keep the kernel listening" grep -qa 'FDNAME=eeh-dev' "$EEH_FAKE/notified"
: > "$EEH_FAKE/notified"
rm -f "$run/socket"
NOTIFY_SOCKET="$EEH_FAKE/notify" LISTEN_FDS=1 LISTEN_FDNAMES=eeh-dev bash -c \
	'exec 3<> "$EEH_FAKE/bell"; LISTEN_PID=$$ exec "$@"' sh "$ctl" -c "$conf" -r "$run" 2>> "$log" &
pid=$!
until_true test -S "$run/socket"
until_true grep -qa READY=1 "$EEH_FAKE/notified"
ok "and not a second time" bash -c "! grep -qa FDNAME= $EEH_FAKE/notified"
stop TERM
kill "$notify"

# Killed before it has seen any event of this boot
run=$EEH_FAKE/first
start
stop KILL || true
machine freeze-unheard 3
machine thaw-unheard 3
machine freeze-unheard 3
start
ok "killed before its first event: the next one counts what it missed" until_true j '.pe.freezes == 2' pe 0001:3
stop TERM

# The pages, the completion and the program say the same.
top=../..
src=$top/user/eeh-controld
keys=$(sed -n '/^static const char \* const keys/,/^};/s/.*= "\([a-z-]*\)".*/\1/p' $src/config.c | sort)
ok "keys: eeh-controld.conf.5" diff <(echo "$keys") \
	<(sed -n 's/^\.It Va //p' $top/docs/man/eeh-controld.conf.5 | tr -d ' ' | tr , '\n' | sort)
ops=$(sed -n 's/.*\[REQUEST_[A-Z]*\] = { "\([a-z]*\)".*/\1/p' $src/request_parse.c | sort)
ok "commands: eeh-controld.8" diff <(echo "$ops") \
	<(sed -n '/^\.Sh DESCRIPTION/,/^\.Sh OPTIONS/s/^\.It Cm \([a-z]*\).*/\1/p' $top/docs/man/eeh-controld.8 | sort)
ok "commands: usage" diff <(echo "$ops") <("$ctl" --help | grep -- '-r DIR \] {' | sed 's/.*{//' |
	tr -c 'a-z\n' ' ' | tr ' ' '\n' | sed '/^$/d' | sort)
ok "commands: completion" diff <(echo "$ops") \
	<(sed -n 's/.*"\$options \(.*\)" --.*/\1/p' $src/bash-completion | tr ' ' '\n' | sort)
ok "metrics: eeh-controld.8" diff <(grep -o '^eeh_[a-z_]*' "$EEH_FAKE/metrics.prom" |
	sed 's/_bucket$\|_sum$\|_count$//' | sort -u) <(sed -n '/^\.Sh METRICS/,/^\.Sh FILES/s/^\.It Va //p' \
	$top/docs/man/eeh-controld.8 | tr -d ' ' | tr , '\n' | sort -u)

ok "no sanitizer complained" bash -c "! grep -E 'ERROR: |runtime error' $log"
echo "1..$n"
exit $failed
