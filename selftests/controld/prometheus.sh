#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# prometheus.sh OUTDIR: the shipped scrape configuration and alerts, checked by
# promtool, and a real Prometheus that scrapes a real eeh-controld.
set -euo pipefail
out=$(readlink -f "$1")
# shellcheck disable=SC2034 # lib.sh
ctl=$out/eeh-controld
cd "$(dirname "$0")"
# shellcheck source=selftests/controld/lib.sh
. ./lib.sh
top=../../integrations/prometheus

echo "KTAP version 1"
if ! command -v prometheus > /dev/null || ! command -v promtool > /dev/null; then
	echo "1..0 # SKIP no prometheus and promtool"
	exit 4
fi

ok "promtool: scrape configuration" promtool check config "$top/scrape.yml"
ok "promtool: alert rules" promtool check rules "$top/alerts.yml"
ok "promtool: the alerts fire when they should" promtool test rules alerts_test.yml
alerts=$(grep -c 'alert:' "$top/alerts.yml")
tested=$(grep 'alertname:' alerts_test.yml | sort -u | wc -l)
ok "every alert has a test" test "$alerts" = "$tested"

cat > "$conf" <<CONF
[controller]
metrics-listen = 127.0.0.1:9813
[rule driver]
vm = driver
policy = recover
resume = 10ms
[default]
policy = report
CONF
machine new driver guest
start
machine freeze 1
machine freeze 2
ok "a recovery to be seen" until_true j '.status.recovered == 1 and .status.frozen == 1' status
metrics=$EEH_FAKE/metrics
curl -sf -H 'Accept: application/openmetrics-text' http://127.0.0.1:9813/metrics > "$metrics"
# promtool reads the older format, in which a counter is called as its samples are.
awk '$1 == "#" && $2 == "TYPE" { total = $4 == "counter" ? "_total" : "" }
	$1 == "#" && NF > 2 { $3 = $3 total }
	$2 != "EOF"' "$metrics" > "$metrics.old"
ok "promtool: the metrics are well-formed" bash -c "promtool check metrics < $metrics.old"
ok "it ends as OpenMetrics does" test "$(tail -n 1 "$metrics")" = "# EOF"
# What the alerts ask for is there.
mapfile -t names < <(grep -oh 'eeh_[a-z_]*' "$top/alerts.yml" | sort -u)
for name in "${names[@]}"; do
	ok "metric of an alert: $name" grep -q "^${name}[{ ]" "$metrics"
done

# Prometheus itself, with the shipped files and faster clocks.
mkdir "$EEH_FAKE/prom"
sed -e 's/scrape_interval: 15s/scrape_interval: 1s/' "$top/scrape.yml" > "$EEH_FAKE/prom/prometheus.yml"
sed -e 's/for: 5m/for: 2s/' "$top/alerts.yml" > "$EEH_FAKE/prom/alerts.yml"
cat >> "$EEH_FAKE/prom/prometheus.yml" <<CONF
global:
  evaluation_interval: 1s
rule_files: [alerts.yml]
CONF
prometheus --config.file="$EEH_FAKE/prom/prometheus.yml" --storage.tsdb.path="$EEH_FAKE/prom/data" \
	--web.listen-address=127.0.0.1:9890 > "$EEH_FAKE/prom/log" 2>&1 &
prom=$!
trap 'kill -9 $prom 2> /dev/null || true; cleanup' EXIT

query() {	# query PROMQL FILTER
	curl -sf -G --data-urlencode "query=$1" http://127.0.0.1:9890/api/v1/query | jq -e "$2"
}

ok "Prometheus has scraped it" until_true query 'up{job="eeh"}' '.data.result[0].value[1] == "1"'
ok "eeh_freezes_total" query 'sum(eeh_freezes_total)' '.data.result[0].value[1] == "2"'
ok "eeh_queries_total{verdict}" query 'eeh_queries_total{verdict="answered"}' \
	'.data.result[0].value[1] == "1000"'
ok "eeh_recovery_seconds is a histogram" query \
	'histogram_quantile(0.9, eeh_recovery_seconds_bucket)' '.data.result | length == 1'
ok "its types are known" bash -c "curl -sf http://127.0.0.1:9890/api/v1/metadata |
	jq -e '.data.eeh_recovery_seconds[0].type == \"histogram\" and .data.eeh_freezes[0].type == \"counter\"'"
ok "the frozen PE raises its alert" until_true query 'ALERTS{alertname="EehPeFrozen",alertstate="firing"}' \
	'.data.result[0].metric.pe == "2"'
kill "$prom"
wait "$prom" 2> /dev/null || true

ok "it ends when asked to" stop TERM
echo "1..$n"
exit $failed
