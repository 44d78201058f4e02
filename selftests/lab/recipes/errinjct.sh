#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Debian's errinjct (powerpc-ibm-utils), with its libraries, for guests: payload/guest/errinjct/ of a
# machine that names this part in vm/list is /payload/errinjct/ in its guests.
# needs: buildroot hostdebs
# files: rootfs/pick-files
# time: 1
set -euo pipefail

"$LAB/rootfs/pick-files" "$DEP_hostdebs/tree" "$OUT/payload/guest/errinjct" /usr/sbin/errinjct
# The loader and the C library are in the guest: a second one beside them would be a mix.
rm -rf "$OUT/payload/guest/errinjct/usr/lib64"
rm -f "$OUT"/payload/guest/errinjct/usr/lib/powerpc64le-linux-gnu/{lib{c,m}.so.6,ld64.so.2}
find "$OUT/payload" -type f
