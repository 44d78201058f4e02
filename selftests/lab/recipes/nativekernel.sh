#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The locked kernel's Debian source with kernel/patches, built small: vmlinux (4K pages, for machine
# run --kernel native), modroot/ (its modules, for the machine's disk), initrd.cpio (an empty list of
# modules to load before the disk: they are built in), src/ (to build other modules against).
# Not built unless asked for by name: it takes longer than everything else.
# needs: buildroot
# lock: linuxsrc
# files: native ../../kernel/patches
# time: 600
# default: no
set -euo pipefail
. "$LAB/lib.sh"

read -r path sum <<< "$(lock_get linuxsrc deb)"
src=$OUT/src
mkdir /tmp/deb "$src"
dpkg-deb -x "$(fetch "$path" "$sum")" /tmp/deb
tar -C "$src" --strip-components=1 -xf /tmp/deb/usr/src/linux-source-*.tar.xz
rm -rf /tmp/deb
cd "$src"
for p in "$LAB"/../../kernel/patches/*.patch; do
	case ${p##*/} in
	0000-*) continue ;;
	esac
	echo "patch ${p##*/}"
	patch -p1 --no-backup-if-mismatch -F0 -s < "$p"
done

mk() {
	make -s ARCH=powerpc CROSS_COMPILE=powerpc64le-linux-gnu- KBUILD_BUILD_USER=lab \
		KBUILD_BUILD_HOST=lab "$@"
}
KCONFIG_ALLCONFIG="$LAB/native/config" mk allnoconfig
missing=$(grep -E '^CONFIG_.*=' "$LAB/native/config" | grep -vxFf .config || true)
[ -z "$missing" ] || { echo "not taken into the configuration: $missing"; exit 1; }
mk -j "${EEH_JOBS:-$(nproc)}" vmlinux modules
mk INSTALL_MOD_PATH="$OUT/modroot/usr" INSTALL_MOD_STRIP=1 modules_install
rm -f "$OUT"/modroot/usr/lib/modules/*/build
# QEMU refuses one with debug information.
powerpc64le-linux-gnu-strip --strip-debug -o "$OUT/vmlinux" vmlinux
mk -s kernelrelease > "$OUT/release"

mkdir -p /tmp/ird/modules
: > /tmp/ird/modules/order
(cd /tmp/ird && find . | cpio -o -H newc --quiet) > "$OUT/initrd.cpio"

# What external modules need of the tree: headers, scripts, kbuild's tools, symbols, BTF.
cp "$OUT/vmlinux" vmlinux
find . -mindepth 1 -maxdepth 1 ! -name include ! -name scripts ! -name arch ! -name tools ! -name 'Makefile*' \
	! -name Kbuild ! -name 'Kconfig*' ! -name .config ! -name 'Module.symvers' ! -name vmlinux \
	-exec rm -rf {} +
find arch -mindepth 1 -maxdepth 1 ! -name powerpc ! -name Kconfig -exec rm -rf {} +
find tools -mindepth 1 -maxdepth 1 ! -name bpf ! -name objtool ! -name include ! -name scripts ! -name build \
	-exec rm -rf {} +
find arch tools -name '*.[cS]' -delete
find arch tools -name '*.o' ! -name crtsavres.o -delete
du -sh "$src" "$OUT/modroot"
ls -l "$OUT"
