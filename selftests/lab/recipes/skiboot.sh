#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The host machine's firmware (OPAL), from the copy in QEMU's source, with the lab's patches.
# needs: buildroot
# lock: qemu
# files: skiboot
# time: 35
set -euo pipefail
. "$LAB/lib.sh"

read -r path sum <<< "$(lock_get qemu orig)"
src=/tmp/src
mkdir $src
tar -C $src --wildcards --strip-components=3 -xf "$(fetch "$path" "$sum")" '*/roms/skiboot'
cd $src
for p in "$LAB"/skiboot/patches/*.patch; do
	echo "patch ${p##*/}"
	patch -p1 --no-backup-if-mismatch -F0 -s < "$p"
done
# The source has no git tree to ask for a version.
make -j "${EEH_JOBS:-$(nproc)}" CROSS=powerpc64-linux-gnu- SKIBOOT_VERSION=eeh-fastpath skiboot.lid
cp skiboot.lid "$OUT/"
