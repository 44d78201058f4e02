#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A Debian that our packages are installed into and removed from (selftests/packaging): amd64, so that
# maintainer scripts run natively, with ppc64el as foreign architecture, systemd and DKMS. What our
# packages depend on is in it: the test then needs no network, and a new dependency is noticed.
# where: host
# time: 60
set -euo pipefail

pkgs=(
	ca-certificates systemd kmod dkms openssl xz-utils make man-db
	# to build the module across
	gcc-powerpc64le-linux-gnu libelf1t64 libssl3t64 zlib1g
	# what debian/control asks for
	pahole libbpf1:ppc64el libjson-c5:ppc64el libsystemd0:ppc64el libncursesw6:ppc64el libtinfo6:ppc64el
	libc6-dev:ppc64el libbpf-dev:ppc64el libelf-dev:ppc64el zlib1g-dev:ppc64el linux-libc-dev:ppc64el
	pkgconf:ppc64el
)

"$LAB/debstrap" --variant=apt --architectures=amd64,ppc64el \
	--include="$(IFS=,; echo "${pkgs[*]}")" \
	--customize-hook='chroot "$1" dpkg-query -W > "$1/packages.txt"' \
	trixie "$OUT"
chmod 755 "$OUT"
