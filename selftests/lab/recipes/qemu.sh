#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The emulator of the host machine: Debian's QEMU source with the PHB4 patches, only what powernv
# and the lab's devices need.
# needs: buildroot
# lock: qemu
# files: qemu
# time: 240
set -euo pipefail
. "$LAB/lib.sh"

read -r path sum <<< "$(lock_get qemu orig)"
src=/tmp/src
mkdir $src
tar -C $src --strip-components=1 -xf "$(fetch "$path" "$sum")"
cd $src
for p in "$LAB"/qemu/patches/*.patch; do
	echo "patch ${p##*/}"
	patch -p1 --no-backup-if-mismatch -F0 -s < "$p"
done
cp "$LAB/qemu/eeh.mak" configs/devices/ppc64-softmmu/eeh.mak
mapfile -t flags < <(sed 's/#.*//' "$LAB/qemu/configure-flags" | xargs -n 1)
mkdir build
cd build
../configure "${flags[@]}"
ninja -j "${EEH_JOBS:-$(nproc)}" qemu-system-ppc64
mkdir "$OUT/bin"
strip -o "$OUT/bin/qemu-system-ppc64" qemu-system-ppc64
"$OUT/bin/qemu-system-ppc64" --version
