# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # the tests set trace, owner
#
# What the tests on the s390x machine share. Source it after ../ktap.sh.

# The functions of the machine: uid and fid as selftests/lab/s390x-machine gives them.
export NVME=0001:00:00.0 NVME_PE=0001:101 NVME2=0002:00:00.0 NVME2_PE=0002:102
export XHCI=0003:00:00.0 XHCI_PE=0003:103

sys() { echo "/sys/bus/pci/devices/$1"; }
driver_of() { basename "$(readlink "$(sys "$1")/driver" 2>/dev/null)" 2>/dev/null; }

# Give a function to vfio-pci.
to_vfio() {
	[ "$(driver_of "$1")" != vfio-pci ] || return 0
	echo vfio-pci > "$(sys "$1")/driver_override"
	[ ! -e "$(sys "$1")/driver" ] || echo "$1" > "$(sys "$1")/driver/unbind"
	echo "$1" > /sys/bus/pci/drivers_probe
	[ "$(driver_of "$1")" = vfio-pci ]
}

# wait_for SECONDS CMD...: until it succeeds
wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# ask REQUEST...: of the outside of the machine (selftests/lab/s390x/ask)
ask_port=
ask() {
	local p answer

	if [ -z "$ask_port" ]; then
		for p in /sys/class/virtio-ports/*; do
			[ "$(cat "$p/name")" != ask ] || ask_port=/dev/${p##*/}
		done
		exec {ask_fd}<>"$ask_port"
	fi
	echo "$*" >&"$ask_fd"
	read -r -t 20 answer <&"$ask_fd" || { echo "no answer"; return 1; }
	[ "$answer" = ok ] || { echo "$answer"; return 1; }
}

# The address of a kernel function.
symbol() { awk -v s="$1" '$3 == s && $2 ~ /[tT]/ { print $1; exit }' /proc/kallsyms; }

# says PATTERN FILE
says() { grep -q -e "$1" "$2" || { cat "$2"; return 1; }; }
# says_n N PATTERN FILE: exactly that often
says_n() {
	local n

	n=$(grep -c -e "$2" "$3")
	[ "$n" = "$1" ] || { echo "$n times, not $1:"; cat "$3"; return 1; }
}

# told N: "eehctl -j trace" ($trace) has had that many events of hardware
told() { [ "$(grep -c '"type":"zpci"' "$trace")" -ge "$1" ]; }
# three_errors FATE: by the owner ($owner), each traced with all that belongs to it
three_errors() {
	nvme-zpci --errors 3 --wait 2000 "$NVME" > "$owner" 2>&1
	check "three errors" says '^errors=3 recoveries=3' "$owner"
	check "three events" wait_for 5 told 3
	check "with code, function and address" says_n 3 \
		"\"type\":\"zpci\",\"pe\":\"0001:101\",\"phb\":1,\"pe_addr\":257,\"pec\":4,\"fh\":[0-9]*,\"address\":4303421440,\"fate\":\"$1\"," "$trace"
	check "each is a freeze" says_n 3 \
		'"type":"frozen","pe":"0001:101","phb":1,"pe_addr":257,"source":"interrupt","passed_through":true' "$trace"
	check "resets are told, and their ends" test "$(grep -c '"type":"reset".*"reset":"hot"' "$trace")" -ge 3 -a \
		"$(grep -c '"type":"reset".*"reset":"deactivate"' "$trace")" -ge 3
}
