#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The host machine's (L1) disk and boot files: root.img (ext4), initramfs-<4k|64k>.cpio and
# vmlinuz-<4k|64k>. Both kernels, their modules and both guests are on the one disk.
# needs: buildroot kernel hostdebs guestroot
# files: rootfs
# time: 30
set -euo pipefail

tree=$OUT/tree
cp -a "$DEP_hostdebs/tree" "$tree"
mkdir -p "$tree"/{lab/bin,lab/busybox,boot,payload,out,proc,sys,dev,run,tmp,root,mnt}
for flavour in 4k 64k; do
	"$LAB/rootfs/pick-modules" "$DEP_kernel" "$flavour" "$tree" "$LAB/rootfs/host/modules"
	cp "$DEP_kernel/boot/vmlinuz-$flavour" "$DEP_guestroot/guest-$flavour.cpio" "$tree/boot/"
	cp "$DEP_kernel/boot/vmlinuz-$flavour" "$OUT/"
done

# What the packages' maintainer scripts would have done.
cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
echo "127.0.0.1 localhost lab" > "$tree/etc/hosts"
[ -e "$tree/usr/bin/awk" ] || ln -s gawk "$tree/usr/bin/awk"
[ -e "$tree/usr/bin/sh" ] || ln -s dash "$tree/usr/bin/sh"
ln -sf /proc/mounts "$tree/etc/mtab"

# Under emulation a process that has to load and link its libraries takes 0.2 s, a static one 0.05 s.
ln -sf bash-static "$tree/usr/bin/bash"
mkdir /tmp/applets
"$LAB/rootfs/busybox-links" "$tree/usr/bin/busybox" /tmp/applets
for applet in awk basename cat chmod cmp cut dirname env grep head ln ls mkdir mount mv readlink \
	rm rmdir sed seq sleep sort tail tar touch tr umount uniq wc xargs; do
	[ -L "/tmp/applets/$applet" ] || { echo "busybox has no $applet"; exit 1; }
	ln -s /usr/bin/busybox "$tree/lab/busybox/$applet"
done

for f in "$LAB"/rootfs/host/*; do
	case $f in
	*.c)
		p=$tree/lab/bin/$(basename "$f" .c)
		powerpc64le-linux-gnu-gcc -D_GNU_SOURCE -O2 -static -Wall -Wextra -Werror -o "$p" "$f"
		powerpc64le-linux-gnu-strip "$p"
		;;
	*/modules) ;;
	*) install -m 755 "$f" "$tree/lab/bin/" ;;
	esac
done

for flavour in 4k 64k; do
	ird=$OUT/ird
	rm -rf "$ird"
	mkdir -p "$ird/bin" "$ird/modules" "$ird/new"
	cp "$tree/usr/bin/busybox" "$ird/bin/"
	"$LAB/rootfs/busybox-links" "$ird/bin/busybox" "$ird/bin"
	install -m 755 "$LAB/rootfs/initramfs/init" "$ird/init"
	src=$tree/usr/lib/modules/$(cat "$DEP_kernel/boot/release-$flavour")
	for m in virtio_blk ext4; do
		# modules.dep lists what is needed last first.
		grep "/$m\.ko:" "$src/modules.dep" | tr -d : | xargs -n 1 | tac
	done | awk '!seen[$0]++' | while read -r file; do
		cp "$src/$file" "$ird/modules/"
		echo "${file##*/}" >> "$ird/modules/order"
	done
	# The kernel opens /dev/console before init mounts devtmpfs.
	mkdir -p "$ird/dev" "$ird/proc" "$ird/sys"
	mknod -m 600 "$ird/dev/console" c 5 1
	(cd "$ird" && find . | cpio -o -H newc --quiet) > "$OUT/initramfs-$flavour.cpio"
done
rm -rf "$ird"

size=$(du -sm "$tree" | cut -f1)
mke2fs -q -t ext4 -L root -E lazy_itable_init=0 -d "$tree" "$OUT/root.img" $((size + 400))M
rm -rf "$tree"
ls -ls "$OUT"
