#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The guest's (L2) initial RAM disks, guest-4k.cpio and guest-64k.cpio: busybox, bash, kmod,
# pciutils, the agent and a few kernel modules. Uncompressed, because unpacking costs more time
# in an emulated machine than reading.
# needs: buildroot kernel hostdebs
# files: rootfs/guest rootfs/frame.h rootfs/pick-modules rootfs/pick-files rootfs/busybox-links
# time: 10
set -euo pipefail

tree=$OUT/tree
mkdir -p "$tree"/{usr/bin,usr/sbin,usr/lib,usr/lib64,lab,proc,sys,dev,run,tmp,etc,payload}
for d in bin sbin lib lib64; do
	ln -s "usr/$d" "$tree/$d"
done
"$LAB/rootfs/pick-files" "$DEP_hostdebs/tree" "$tree" \
	/usr/bin/busybox /usr/bin/bash /usr/bin/kmod /usr/bin/lspci /usr/bin/setpci
for c in modprobe insmod rmmod lsmod depmod modinfo; do
	ln -s ../bin/kmod "$tree/usr/sbin/$c"
done
"$LAB/rootfs/busybox-links" "$tree/usr/bin/busybox" "$tree/usr/bin" "$tree/usr/sbin"
powerpc64le-linux-gnu-gcc -D_GNU_SOURCE -Os -static -Wall -Wextra -Werror -o "$tree/lab/agent" \
	"$LAB/rootfs/guest/agent.c"
powerpc64le-linux-gnu-strip "$tree/lab/agent"
install -m 755 "$LAB/rootfs/guest/init" "$tree/init"
echo root:x:0:0:root:/:/bin/bash > "$tree/etc/passwd"
for flavour in 4k 64k; do
	rm -rf "$tree/usr/lib/modules"
	"$LAB/rootfs/pick-modules" "$DEP_kernel" "$flavour" "$tree" "$LAB/rootfs/guest/modules"
	(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) > "$OUT/guest-$flavour.cpio"
done
rm -rf "$tree"
ls -l "$OUT"
