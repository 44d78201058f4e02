#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's headers for both flavours and the kbuild tools: usr/src and usr/lib as the packages
# have them. in-root mounts them at these places, which the headers' makefiles name.
# needs: buildroot
# lock: headers
# time: 15
set -euo pipefail
. "$LAB/lib.sh"

lock_get headers deb > "$OUT/debs"
while read -r path sum; do
	dpkg-deb -x "$(fetch "$path" "$sum")" "$OUT"
done < "$OUT/debs"
rm -rf "${OUT:?}/usr/share"
