#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The build root of the s390x part: a Debian trixie (amd64 only) with the cross compiler, clang for
# big-endian BPF, and QEMU. A root of its own, so that who works on POWER need not build it again.
# where: host
# time: 60
set -euo pipefail

pkgs=(
	ca-certificates curl xz-utils cpio kmod make patch procps jq python3-minimal
	gcc-s390x-linux-gnu libc6-dev-s390x-cross
	clang-19 llvm-19 libc6-dev
	qemu-system-s390x
	gcc bison flex bc pahole python3 libelf-dev libssl-dev
)

mmdebstrap --variant=apt --dpkgopt=force-unsafe-io --architectures=amd64 \
	--include="$(IFS=,; echo "${pkgs[*]}")" \
	--customize-hook='chroot "$1" dpkg-query -W > "$1/packages.txt"' \
	trixie "$OUT" "deb $EEH_MIRROR trixie main"
chmod 755 "$OUT"
