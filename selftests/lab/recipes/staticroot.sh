#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The root of the static checks of kernel code: sparse and coccinelle, the cross compiler, and what
# kbuild needs. Debian 13 has no package of smatch.
# where: host
# time: 60
set -euo pipefail

pkgs=(make gcc ccache libc6-dev gcc-powerpc64le-linux-gnu libelf1t64 bc perl patch sparse coccinelle libpython3.13)

"$LAB/debstrap" --variant=apt --architectures=amd64 --include="$(IFS=,; echo "${pkgs[*]}")" \
	--customize-hook='chroot "$1" dpkg-query -W > "$1/packages.txt"' \
	trixie "$OUT"
chmod 755 "$OUT"
