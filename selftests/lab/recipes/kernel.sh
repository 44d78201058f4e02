#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The stock Debian kernel in both flavours: boot/vmlinuz-<4k|64k>, modules uncompressed (busybox
# cannot read .ko.xz, and kmod reads plain ones fastest), BTF as the package ships it.
# needs: buildroot
# lock: kernel
# time: 45
set -euo pipefail
. "$LAB/lib.sh"

abi=$(lock_get kernel abi)
mkdir -p "$OUT/boot" "$OUT/usr/lib"
ln -s usr/lib "$OUT/lib"
lock_get kernel deb > "$OUT/debs"
n=0
while read -r path sum; do
	n=$((n + 1))
	echo "$n of $(wc -l < "$OUT/debs"): ${path##*/}"
	dpkg-deb -x "$(fetch "$path" "$sum")" "$OUT"
done < "$OUT/debs"
find "$OUT/usr/lib/modules" -name '*.ko.xz' -print0 | xargs -0 -n 200 -P "$(nproc)" xz -d
for flavour in 4k 64k; do
	rel=$abi-powerpc64le$([ $flavour = 4k ] || echo -64k)
	mv "$OUT/usr/lib/modules/$rel/vmlinuz" "$OUT/boot/vmlinuz-$flavour"
	echo "$rel" > "$OUT/boot/release-$flavour"
	# modules.builtin comes with the base package, which only depmod misses.
	depmod -b "$OUT" "$rel"
done
rm -rf "${OUT:?}/usr/share"
