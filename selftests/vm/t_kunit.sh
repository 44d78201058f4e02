#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_kunit.sh: the evidence rule in KUnit (selftests/kunit). What it prints is KUnit's own KTAP, or, on a
# kernel without, that of kunit/without_kunit.h. EEH_KUNIT_KO: another module (t_mutants.sh)
set -euo pipefail

RESULTS=/sys/kernel/debug/kunit/eeh_evidence/results

insmod "${EEH_KUNIT_KO:-$EEH_MODULES/eeh_bpf_kunit.ko}"
results=$(< "$RESULTS")
rmmod eeh_bpf_kunit
printf '%s\n' "$results"
# One summary line: all of it.
grep -q '^ok 1 eeh_evidence$' <<< "$results"
