#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a QEMU for ppc64el hosts is compiled and linked against: headers, libraries and pkg-config
# files of Debian ppc64el packages, as they unpack (tree/). Nothing of them is run.
# needs: buildroot
# time: 25
set -euo pipefail

"$LAB/debstrap" --variant=extract --mode=root --architectures=ppc64el \
	--include=libgio-2.0-dev,libfdt-dev,zlib1g-dev trixie "$OUT/all"
mkdir -p "$OUT/tree/usr/lib"
mv "$OUT/all/usr/include" "$OUT/tree/usr/"
mv "$OUT/all/usr/lib/powerpc64le-linux-gnu" "$OUT/tree/usr/lib/"
rm -rf "$OUT/all"
# Not needed to build, and large.
rm -rf "$OUT"/tree/usr/lib/powerpc64le-linux-gnu/{perl*,perl-base,gconv,coreutils,security,girepository-1.0}
chmod 755 "$OUT/tree"
du -sh "$OUT/tree"
