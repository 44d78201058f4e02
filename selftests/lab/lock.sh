#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lock.sh: choose again what the lab is made of, and rewrite the lock file.
#
# The kernel is the newest version of trixie-backports of which every package that the lab needs
# exists, on both architectures: an archive's architectures can be out of step. The indexes are
# read directly, not through apt, so that an index that does not match its Release file (seen on
# mirrors in the middle of an update) can be refused by itself. Run inside the build root.
set -euo pipefail
# shellcheck source=selftests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

if [ -z "${EEH_IN_ROOT:-}" ]; then
	"$LAB/lab" build buildroot
	exec "$LAB/in-root" "$LAB/lock.sh"
fi
work=/tmp/lock
mkdir -p $work

# index SUITE PATH NAME: download an index to $work/NAME, checked against the suite's signed Release
# file when it matches, else only against what the pool itself will deliver (each file's sha256).
index() {
	local suite=$1 path=$2 name=$3 want got

	if [ ! -f "$work/$suite.release" ]; then
		curl -fsSL --retry 3 -o "$work/$suite.inrelease" "$EEH_MIRROR/dists/$suite/InRelease"
		sqv --keyring /usr/share/keyrings/debian-archive-keyring.gpg \
			--output "$work/$suite.release" --cleartext "$work/$suite.inrelease" >/dev/null 2>&1 ||
			die "the Release file of $suite on $EEH_MIRROR is not signed by Debian."
	fi
	curl -fsSL --retry 3 -o "$work/$name.xz" "$EEH_MIRROR/dists/$suite/$path.xz"
	want=$(awk -v p="$path.xz" '/^SHA256:/ { on = 1; next } /^[^ ]/ { on = 0 }
		on && $3 == p { print $1 }' "$work/$suite.release")
	got=$(sha256sum < "$work/$name.xz" | cut -d' ' -f1)
	[ "$want" = "$got" ] ||
		say "note: $suite $path on $EEH_MIRROR is out of step with its Release file"
	xz -dc "$work/$name.xz" > "$work/$name"
}

say "reading the indexes of $EEH_MIRROR"
index trixie-backports main/binary-amd64/Packages amd64
index trixie-backports main/binary-ppc64el/Packages ppc64el
index trixie main/source/Sources sources

# "package version path sha256" of every package whose name matches.
list() {
	awk -v re="$2" 'BEGIN { RS = ""; FS = "\n" }
		{
			split("", f)
			for (i = 1; i <= NF; i++)
				if (match($i, /^[A-Za-z0-9]+: /))
					f[substr($i, 1, RLENGTH - 2)] = substr($i, RLENGTH + 1)
			if (f["Package"] ~ re)
				print f["Package"], f["Version"], f["Filename"], f["SHA256"]
		}' "$work/$1"
}
list ppc64el '^linux-(binary|modules|headers)-[0-9].*-powerpc64le(-64k)?$' > $work/p
list amd64 '^linux-(headers-[0-9].*-common|kbuild-[0-9].*|source-[0-9.]+)$' > $work/a

# find LIST PACKAGE VERSION: its path and sha256
find_pkg() { awk -v p="$2" -v v="$3" '$1 == p && $2 == v { print $3, $4; exit }' "$work/$1"; }

lock_for() {
	local abi=$1 version=$2 group list pkg file series

	series=$(cut -d. -f1,2 <<< "$abi")

	echo "kernel version $version"
	echo "kernel abi $abi"
	while read -r group list pkg; do
		[ "$group" != abi ] || { echo "headers abi $abi"; continue; }
		file=$(find_pkg "$list" "$pkg" "$version")
		[ -n "$file" ] || return 1
		echo "$group deb $file"
	done <<-LIST
	kernel p linux-binary-$abi-powerpc64le
	kernel p linux-modules-$abi-powerpc64le
	kernel p linux-binary-$abi-powerpc64le-64k
	kernel p linux-modules-$abi-powerpc64le-64k
	abi
	headers a linux-headers-$abi-common
	headers a linux-kbuild-$abi
	headers p linux-headers-$abi-powerpc64le
	headers p linux-headers-$abi-powerpc64le-64k
	linuxsrc a linux-source-$series
	LIST
}

chosen=
while read -r version abi; do
	if lock_for "$abi" "$version" > $work/kernel; then
		chosen=$version
		break
	fi
	say "kernel $version is incomplete on this mirror, trying the next older one"
done < <(sed -n 's/^linux-binary-\(.*\)-powerpc64le \([^ ]*\) .*/\2 \1/p' $work/p | sort -rV)
[ -n "$chosen" ] || die "no kernel of trixie-backports is complete on $EEH_MIRROR."
# The newest source, kernel or no kernel: the series must apply there as well (selftests/series).
sed -n 's/^linux-source-[0-9.]* //p' $work/a | sort -V | tail -n 1 |
	sed 's/^[^ ]* /linuxsrc-next deb /' >> $work/kernel

awk 'BEGIN { RS = ""; FS = "\n" }
	$1 == "Package: qemu" {
		for (i = 1; i <= NF; i++) {
			if ($i ~ /^Version: /) version = substr($i, 10)
			if ($i ~ /^Directory: /) dir = substr($i, 12)
			sums = $i ~ /^Checksums-Sha256:/ ? 1 : ($i ~ /^ / ? sums : 0)
			if (sums && $i ~ /\.orig\.tar\.xz$/) split($i, o, " ")
		}
		print "qemu version", version
		print "qemu orig", dir "/" o[3], o[1]
	}' $work/sources > $work/qemu
[ "$(wc -l < $work/qemu)" = 2 ] || die "trixie on $EEH_MIRROR does not have one QEMU source."

{
	cat <<-HEADER
	# SPDX-License-Identifier: GPL-2.0-only
	# What the lab is made of. Written by \`make lock\` (selftests/lab/lock.sh): do not edit.
	# group key value...; files are paths below the archive's root, with their sha256.
	HEADER
	cat $work/kernel $work/qemu
} > "$LAB/lock.new"
if cmp -s "$LAB/lock.new" "$LAB/lock"; then
	rm "$LAB/lock.new"
	say "the lock is up to date: kernel $chosen"
else
	mv "$LAB/lock.new" "$LAB/lock"
	say "the lock has changed: kernel $chosen, $(sed -n 's/^qemu version/QEMU/p' $work/qemu)"
fi
