#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lock-s390x.sh: choose again what the s390x part of the lab is made of, and rewrite lock-s390x: the
# newest kernel of trixie-backports ("old": without zPCI error recovery for vfio-pci) and of experimental
# ("new"), static libraries and shells of trixie, and the one library that is
# not static (libsystemd, for eeh-controld) with what it needs. Run inside the s390x build root, as lock.sh.
set -euo pipefail
# shellcheck source=selftests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

if [ -z "${EEH_IN_ROOT:-}" ]; then
	"$LAB/lab" build s390root
	EEH_LAB_ROOT=$(recipe_dir s390root) EEH_IN_ROOT_HEADERS=0 exec "$LAB/in-root" "$LAB/lock-s390x.sh"
fi
work=/tmp/lock
mkdir -p $work

# "package version path sha256" of a suite's s390x packages
index() {
	curl -fsSL --retry 3 "$EEH_MIRROR/dists/$1/main/binary-s390x/Packages.xz" | xz -dc | awk '
		BEGIN { RS = ""; FS = "\n" }
		{
			split("", f)
			for (i = 1; i <= NF; i++)
				if (match($i, /^[A-Za-z0-9]+: /))
					f[substr($i, 1, RLENGTH - 2)] = substr($i, RLENGTH + 1)
			print f["Package"], f["Version"], f["Filename"], f["SHA256"]
		}' > "$work/$1"
}

say "reading the s390x indexes of $EEH_MIRROR"
for suite in trixie trixie-backports experimental; do
	index $suite
done

# kernel KEY SUITE: the newest kernel of which both packages are of one version
kernel() {
	local abi version

	read -r abi version < <(sed -n 's/^linux-binary-\(.*\)-s390x \([^ ]*\) .*/\1 \2/p' "$work/$2" |
		sort -k 2,2rV | head -n 1)
	[ -n "$version" ] || die "$2 has no s390x kernel"
	for p in binary modules; do
		awk -v k="$1" -v p="linux-$p-$abi-s390x" -v v="$version" \
			'$1 == p && $2 == v { print k, $3, $4; n++ } END { exit n != 1 }' "$work/$2" ||
			die "$2: linux-$p-$abi-s390x $version is not there"
	done
}

packages() {
	local key=$1 p

	shift
	for p in "$@"; do
		awk -v k="$key" -v p="$p" '$1 == p { print k, $3, $4; n++ } END { exit n != 1 }' $work/trixie ||
			die "trixie: $p is not there once"
	done
}

{
	cat <<-HEADER
	# SPDX-License-Identifier: GPL-2.0-only
	# What the s390x part of the lab is made of. Written by lock-s390x.sh (\`make lock\`): do not edit.
	# key path sha256; paths are below the archive's root.
	HEADER
	kernel kernel-old trixie-backports
	kernel kernel-new experimental
	packages lib libbpf-dev libelf-dev libzstd-dev libjson-c-dev libncurses-dev libsystemd-dev
	packages run libsystemd0 libcap2
	packages tool bash-static busybox-static
	curl -fsSL --retry 3 "$EEH_MIRROR/dists/trixie/main/source/Sources.xz" | xz -dc | awk '
		BEGIN { RS = ""; FS = "\n" }
		$1 == "Package: zlib" {
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^Directory: /) dir = substr($i, 12)
				sums = $i ~ /^Checksums-Sha256:/ ? 1 : ($i ~ /^ / ? sums : 0)
				if (sums && $i ~ /\.orig\.tar\.gz$/) split($i, o, " ")
			}
			line = "zlib " dir "/" o[3] " " o[1]
		}
		END { print line }'
} > "$LAB/lock-s390x.new"
mv "$LAB/lock-s390x.new" "$LAB/lock-s390x"
say "lock-s390x: $(awk '$1 ~ /^kernel/ && $2 ~ /binary/ { sub(".*/", "", $2); print $2 }' "$LAB/lock-s390x" | xargs)"
