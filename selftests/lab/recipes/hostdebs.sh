#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The host machine's user space as Debian ppc64el packages unpack it: tree/. Nothing of them is run
# (--variant=extract), so no binfmt or emulator is needed; what their maintainer scripts would have
# done is in rootfs/host/finish.
# needs: buildroot
# time: 40
set -euo pipefail

pkgs=(bash coreutils sed grep gawk findutils tar gzip diffutils hostname mount util-linux login debianutils
	dash kmod procps iproute2 base-files base-passwd libc-bin
	bpftool libbpf1 libelf1t64 libjson-c5 libzstd1 zlib1g
	qemu-system-ppc qemu-system-data pciutils strace powerpc-ibm-utils
	busybox-static bash-static socat jq
	# what runs our services (vm/t_systemd.sh); the machine itself has an init of its own
	systemd)

"$LAB/debstrap" --variant=extract --mode=root --architectures=ppc64el \
	--include="$(IFS=,; echo "${pkgs[*]}")" trixie "$OUT/tree"
chmod 755 "$OUT/tree"
(cd "$OUT/tree" && rm -rf usr/share/{doc,man,locale,info,icons,lintian} var/cache/apt \
	usr/lib/powerpc64le-linux-gnu/dri)
# Firmware of machines that the lab does not emulate in its guests.
find "$OUT/tree/usr/share/qemu" -type f -size +1M ! -name 'slof.bin' -delete
du -sh "$OUT/tree"
