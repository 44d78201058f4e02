#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What tests use of the locked kernel's source, as it is there: payload/kselftest (the kernel's own
# tests of EEH), scripts/ (checkpatch.pl, coccinelle).
# needs: buildroot
# lock: linuxsrc
# time: 40
set -euo pipefail
. "$LAB/lib.sh"

read -r path sum <<< "$(lock_get linuxsrc deb)"
mkdir -p "$OUT/payload" /tmp/src
dpkg-deb --fsys-tarfile "$(fetch "$path" "$sum")" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
	xz -dc -T0 | tar -C /tmp/src --strip-components=1 --wildcards -x \
	'*/tools/testing/selftests/powerpc/eeh' '*/scripts/coccinelle' \
	'*/scripts/checkpatch.pl' '*/scripts/const_structs.checkpatch' '*/scripts/spelling.txt'
cp -a /tmp/src/tools/testing/selftests/powerpc/eeh "$OUT/payload/kselftest"
cp -a /tmp/src/scripts "$OUT/"
ls -l "$OUT"/*
