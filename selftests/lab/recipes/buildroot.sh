#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The build root: a Debian trixie (amd64) with everything that builds, tests and runs the lab, so
# that a Debian 12 and a Debian 13 machine produce the same.
# where: host
# time: 70
set -euo pipefail

pkgs=(
	# downloads and images
	ca-certificates curl debian-archive-keyring mmdebstrap xz-utils bzip2 zstd cpio kmod e2fsprogs
	# native compiler and common tools
	make gcc g++ ccache libc6-dev patch perl bc rsync git jq file bison flex pkgconf procps socat
	# ppc64le cross compiler and libraries
	gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross
	libc6-dev:ppc64el linux-libc-dev:ppc64el libbpf-dev:ppc64el libelf-dev:ppc64el
	zlib1g-dev:ppc64el libzstd-dev:ppc64el libjson-c-dev:ppc64el
	libsystemd-dev:ppc64el libncurses-dev:ppc64el
	# big-endian compiler: skiboot
	gcc-powerpc64-linux-gnu
	# QEMU
	ninja-build meson python3-pycotap python3-venv libglib2.0-dev libfdt-dev zlib1g-dev
	device-tree-compiler
	# BPF, kernel modules
	clang-19 llvm-19 bpftool pahole libbpf-dev libelf-dev libzstd-dev
	# the controller, and what watches it
	libsystemd-dev libncurses-dev prometheus
	# Debian packages
	build-essential debhelper dh-dkms
	# fuzzing under sanitizers
	libclang-rt-19-dev
	# tests, checks and plots
	libcmocka-dev libjson-c-dev sparse shellcheck spin gnuplot-nox fonts-dejavu-core
)

"$LAB/debstrap" --variant=apt --architectures=amd64,ppc64el \
	--include="$(IFS=,; echo "${pkgs[*]}")" \
	--customize-hook='chroot "$1" dpkg-query -W > "$1/packages.txt"' \
	trixie "$OUT"
# mmdebstrap's root is for root only
chmod 755 "$OUT"
