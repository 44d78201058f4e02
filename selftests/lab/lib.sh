# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Functions that the lab's scripts share. Source it; it defines, and runs nothing
# but the few assignments below.

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
TOP=$(cd "$LAB/../.." && pwd -P)
CACHE=${EEH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/eeh-fastpath}
export LAB TOP CACHE

say() { printf 'lab: %s\n' "$*" >&2; }
die() { printf 'lab: %s\n' "$*" >&2; exit 1; }

# The values of one key of the lock file: lock_get GROUP KEY
lock_get() {
	awk -v g="$1" -v k="$2" '$1 == g && $2 == k { $1 = ""; $2 = ""; sub(/^ +/, ""); print }' \
		"$LAB/lock"
}

# A value of a recipe's header ("# needs: buildroot kernel"): recipe_get NAME FIELD
recipe_get() {
	sed -n "s/^# $2: *//p" "$LAB/recipes/$1.sh"
}

recipe_names() {
	local f

	for f in "$LAB"/recipes/*.sh; do
		basename "$f" .sh
	done
}

# The content hash of a recipe: its script, the lock lines and files that it
# names, and the hashes of the recipes it needs. Same hash, same result.
recipe_hash() {
	local name=$1 n

	[ -f "$LAB/recipes/$name.sh" ] || die "no recipe is called '$name' ($(recipe_names | xargs))"
	{
		cat "$LAB/recipes/$name.sh"
		for n in $(recipe_get "$name" lock); do
			awk -v g="$n" '$1 == g' "$LAB/lock"
		done
		for n in $(recipe_get "$name" files); do
			# Names relative to the lab, modes included: a script that
			# loses its x bit is another input.
			(cd "$LAB" && find "$n" -type f 2>/dev/null | LC_ALL=C sort |
				while read -r f; do
					stat -c %a "$f"
					case $f in
					# What a patch does, not what its message says.
					*.patch) echo "$(sed -n '/^diff --git /,/^-- $/p' "$f" | sha256sum) $f" ;;
					*) sha256sum "$f" ;;
					esac
				done)
		done
		for n in $(recipe_get "$name" needs); do
			recipe_hash "$n"
		done
	} | sha256sum | cut -c1-16
}

# The hashes of all recipes, "NAME HASH" per line. To make them takes seconds and hundreds of processes,
# so they are kept for as long as none of the files has changed: as long as each is the same inode,
# last changed at the same time. A recipe whose hash cannot be made is left out.
recipe_hashes() {
	local known name hash

	known=$CACHE/hashes/$({
		echo "$LAB"
		# shellcheck disable=SC2046
		cd "$LAB" && find lib.sh lock recipes $(sed -n 's/^# files: *//p' recipes/*.sh | xargs -n 1 | sort -u) \
			-type f -printf '%p %i %C@ %s %m\n' 2>/dev/null
	} | sha256sum | cut -c1-16)
	if [ ! -f "$known" ]; then
		mkdir -p "$CACHE/hashes"
		find "$CACHE/hashes" -type f -mtime +30 -delete
		for name in $(recipe_names); do
			hash=$(set -e -o pipefail; recipe_hash "$name") || continue
			echo "$name $hash"
		done > "$known.$BASHPID"
		mv "$known.$BASHPID" "$known"
	fi
	cat "$known"
}

# Who asks for many, or starts who does: EEH_RECIPES is what recipe_hashes() says of this lab. Not while
# recipes change.
recipes_remember() {
	[[ ${EEH_RECIPES:-} != "$LAB"$'\n'* ]] || return 0
	EEH_RECIPES=$LAB$'\n'$(recipe_hashes)$'\n'
	export EEH_RECIPES
}

recipe_dir() {
	local all=${EEH_RECIPES:-}

	[ -f "$LAB/recipes/$1.sh" ] || die "no recipe is called '$1' ($(recipe_names | xargs))"
	[[ $all == "$LAB"$'\n'* ]] || all=$'\n'$(recipe_hashes)$'\n'
	[[ $all =~ $'\n'"$1 "([0-9a-f]{16})$'\n' ]] || die "the hash of '$1' cannot be made"
	echo "$CACHE/$1-${BASH_REMATCH[1]}"
}

# Build what of these is not there.
parts_ensure() {
	local name missing=()

	for name; do
		[ -d "$(recipe_dir "$name")" ] || missing+=("$name")
	done
	[ ${#missing[@]} = 0 ] || "$LAB/lab" build "${missing[@]}"
}

# Where Debian packages come from: the archive that this machine's own apt uses, unless EEH_MIRROR says
# otherwise. apt takes seconds to say, so its answer is kept until its configuration changes.
mirror() {
	local kept=$CACHE/mirror uri

	if [ -n "${EEH_MIRROR:-}" ]; then
		echo "${EEH_MIRROR%/}"
		return
	fi
	if [ -f "$kept" ] && [ -z "$(find /etc/apt -newer "$kept" -print -quit 2>/dev/null)" ]; then
		cat "$kept"
		return
	fi
	uri=$({
		apt-get indextargets --format '$(REPO_URI)' \
			'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null
		apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null
	} | sed -n 's,/*$,,; \,/debian$, { p; q }') || true	# sed may not have read all
	if [ -n "$uri" ]; then
		mkdir -p "$CACHE"
		echo "$uri" > "$kept.$BASHPID"
		mv "$kept.$BASHPID" "$kept"
	fi
	echo "${uri:-http://deb.debian.org/debian}"
}

# Download pool/... into the cache and check it: fetch POOL-PATH SHA256 -> path of the file.
# Runs inside the build root (curl).
fetch() {
	local path=$1 sum=$2 url
	local file tmp

	file=$CACHE/dl/$sum-$(basename "$path")
	mkdir -p "$CACHE/dl"
	if [ ! -f "$file" ]; then
		url=$EEH_MIRROR/$path
		tmp=$(mktemp "$file.XXXXXX")	# two parts may want the same file at once
		echo "fetch $url" >&2
		if ! curl -fsSL --retry 3 -o "$tmp" "$url"; then
			rm -f "$tmp"
			say "$(basename "$path") cannot be downloaded from $EEH_MIRROR."
			say "If the archive has dropped this version, 'make lock' picks the current one."
			return 1
		fi
		if ! echo "$sum  $tmp" | sha256sum -c --quiet - >&2; then
			rm -f "$tmp"
			say "$(basename "$path") from $EEH_MIRROR is not the file that the lock names."
			return 1
		fi
		mv "$tmp" "$file"
	fi
	echo "$file"
}
