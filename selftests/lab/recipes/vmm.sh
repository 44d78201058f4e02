#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The VMM of guests with our series: Debian's QEMU source with integrations/qemu/patches, built for
# ppc64el hosts, KVM only. payload/vmm/qemu-system-ppc64 of a machine that names this part in vm/list.
# libeeh is linked as a shared library, which the payload has: so QEMU, which takes minutes, is built
# again only when a header changes that it includes. All that the linker gets is a stub.
# needs: buildroot vmmdebs
# lock: qemu
# files: vmm ../../integrations/qemu/patches ../../include/eeh/rtas.h ../../include/eeh/eeh.h ../../include/eeh/vfio.h ../../include/eeh/pe.h ../../include/eeh/pci.h ../../include/eeh/fastpath.h
# time: 200
set -euo pipefail
. "$LAB/lib.sh"

cross=powerpc64le-linux-gnu
sys=$DEP_vmmdebs/tree
libs=$sys/usr/lib/$cross

# What a program links against: the headers' functions, without their code.
eeh=/tmp/eeh
mkdir -p $eeh/include/eeh
for h in rtas eeh vfio pe pci fastpath; do
	cp "$TOP/include/eeh/$h.h" $eeh/include/eeh/
done
cat $eeh/include/eeh/*.h | tr '\n' ' ' | grep -oE 'EEH_API [^;{]*\)[ ]*;' |
	grep -oE '\beeh_[a-z0-9_]+[(]' | tr -d '(' | sort -u |
	sed 's/.*/void &(void);\nvoid &(void) {}/' > $eeh/stub.c
grep -q eeh_rtas_ $eeh/stub.c
$cross-gcc -shared -fPIC -nostdlib -Wl,-soname,libeeh.so.0 -o $eeh/libeeh.so $eeh/stub.c
cat > $eeh/libeeh.pc <<-PC
Name: libeeh
Description: PCI error isolation
Version: 0.1.0
Libs: -L$eeh -leeh
Cflags: -I$eeh/include
PC
# Paths below the packages' tree, but for libeeh's.
cat > /tmp/pkgconf <<-SH
#!/bin/sh
for a; do
	[ "\$a" != libeeh ] || exec env PKG_CONFIG_LIBDIR=$eeh pkgconf "\$@"
done
exec env PKG_CONFIG_SYSROOT_DIR=$sys PKG_CONFIG_LIBDIR=$libs/pkgconfig pkgconf "\$@"
SH
chmod 755 /tmp/pkgconf

read -r path sum <<< "$(lock_get qemu orig)"
src=/tmp/src
mkdir $src
tar -C $src --strip-components=1 -xf "$(fetch "$path" "$sum")"
cd $src
for p in "$TOP"/integrations/qemu/patches/*.patch; do
	echo "patch ${p##*/}"
	patch -p1 --no-backup-if-mismatch -F0 -s < "$p"
done
cp "$LAB/vmm/vmm.mak" configs/devices/ppc64-softmmu/vmm.mak
mapfile -t flags < <(sed 's/#.*//' "$LAB/vmm/configure-flags" | xargs -n 1)
mkdir build
cd build
PKG_CONFIG=/tmp/pkgconf ../configure "${flags[@]}" --extra-cflags="-I$sys/usr/include" \
	--extra-ldflags="-L$libs -Wl,-rpath-link,$libs"
ninja -j "${EEH_JOBS:-$(nproc)}" qemu-system-ppc64
mkdir -p "$OUT/payload/vmm"
$cross-strip -o "$OUT/payload/vmm/qemu-system-ppc64" qemu-system-ppc64
ls -l "$OUT/payload/vmm"
