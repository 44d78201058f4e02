#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# test_log_cmd.sh OUTDIR: eehctl log, on files, pasted text and a /dev/eeh made of files (fake_dev.h).
set -euo pipefail

# shellcheck source=selftests/unit/cmd.sh
. ./cmd.sh

be() {	# be BYTES VALUE: big-endian
	local i s=

	for ((i = $1 - 1; i >= 0; i--)); do
		s+=$(printf '\\x%02x' $((($2 >> (8 * i)) & 255)))
	done
	printf '%b' "$s"
}

at() {	# at FILE OFFSET BYTES VALUE
	be "$3" "$4" | dd of="$root/$1" bs=1 seek=$(($2)) conv=notrunc status=none
}

# phb4 FILE PE A B: diagnostic data with one frozen PE
phb4() {
	mkdir -p "$root/$(dirname "$1")"
	head -c 8576 /dev/zero > "$root/$1"
	at "$1" 0 4 1
	at "$1" 4 4 3
	at "$1" 8 4 8576
	at "$1" $((0x180 + 8 * $2)) 8 "$3"
	at "$1" $((0x1180 + 8 * $2)) 8 "$4"
}

pci() {	# pci ADDRESS DRIVER GROUP PE
	local d=sys/bus/pci/devices/$1 i

	f "$d/vendor" 0x1b36
	f "$d/device" 0x0010
	f "$d/class" 0x010802
	f "$d/resource" "$(for i in 1 2 3 4 5 6; do
		echo '0x0000000000000000 0x0000000000000000 0x0000000000000000'; done)"
	ln -sf "../../../bus/pci/drivers/$2" "$root/$d/driver"
	ln -sf "../../../kernel/iommu_groups/$3" "$root/$d/iommu_group"
	f "$d/eeh_pe_config_addr" "$4"
}

f sys/firmware/opal/msglog x
pci 0001:01:00.0 vfio-pci 7 0xfd
pci 0001:02:00.0 vfio-pci 8 0xfc
f dev/eeh ''
mkdir -p "$root/proc"
phb4 dma 0xfd 0x8000200001000000 0x800000001f400000
at dma 0x108 8 0x4000000000000000
cat > "$root/dmesg" <<'LOG'
[   29.811466] PHB4 PHB#1 Diag-data (Version: 1)
[   29.811643] brdgCtl:    00000002
[   29.811779] RootSts:    0000000f 004003c0 20110000 00100107 00000000
[   29.812069] PhbTxeErr:  0000000800000000 0000000800000000 3740000001000000 0000000000000000
[   30.238279] PE[0fd] A/B: b740000001000000 8000000000000000
[   31.250701] PHB4 PHB#2 Diag-data (Version: 1)
[   31.250801] PE[0f0] A/B: 8000200001000000 8000000000001000
[   31.250901] PE[0fd] A/B: 8000000000000000 8000000000000000
[   31.250901] PE[..1fe] A/B: as above
LOG
printf '\0\0\0\0\x80\0\0\x05\0\0\0\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x04' > "$root/ccdf"

echo "KTAP version 1"
t "log: no command" 2 "Usage: eehctl log" -- log
t "log help" 0 "Usage: eehctl log" -- log help
t "log: unknown command" 2 'eehctl: log: unknown command "up"' -- log up

# ---- decode
t "decode: two files" 2 'unexpected "b"' -- log decode a b
t "decode: unknown option" 2 'unknown option "--all"' -- log decode --all
t "decode: option of another" 2 'unknown option "--seq"' -- log decode --seq 1
t "decode: which PE?" 2 "for example 0001:fd" -- log decode --pe
for pe in fd 0001: :fd 0001:fg 0001:fd:1 000000001:fd; do
	t "decode: no PE: $pe" 2 "for example 0001:fd" -- log decode --pe $pe
done
t "decode: no file" 1 "/nonesuch: No such file" -- log decode "$root/nonesuch"
t "decode: nothing in it" 1 "no error log in these 0 lines" -- log decode /dev/null
t "decode: binary" 0 "DMA write by 01:00.0 to 0x1f400000 hit no TCE entry" "class       dma-iommu" \
	"requester   01:00.0" "address     0x1f400000" "PEST        A 8000200001000000 B 800000001f400000" \
	"RxeTceErr  phbRxeTceErrorStatus  4000000000000000  1 TCE refuses the request" -- log decode "$root/dma"
verdict $(($(head -n 1 "$root/.out" | grep -c '^DMA write') == 1)) "decode: the sentence is the first line" ""
t "decode: of that PHB" 0 "DMA write by 0001:01:00.0 to 0x1f400000 hit no TCE entry" "PE          0001:fd" \
	-- log decode --pe 0001:fd "$root/dma"
t "decode: another PE" 1 "nothing in it is about PE 0001:fc" -- log decode --pe 0001:fc "$root/dma"
t "decode: raw" 0 "Raw:" "  00000001 00000003 00002180 " -- log decode --raw "$root/dma"
t "decode: cut off" 1 "cut off at offset 100" -- log decode <(head -c 100 "$root/dma")
t "decode: standard input" 0 "hit no TCE entry" -- log decode < "$root/dma"
t "decode: standard input, said so" 0 "hit no TCE entry" -- log decode - < "$root/dma"
t "decode: text" 0 \
	"config read of 0001:01:00.0 was answered with Unsupported Request: an injected config error" \
	"class       injected (config)" "from        line 1, [   29.811466]" \
	"DMA write by 0002:01:00.0 to 0x1000 hit no TCE entry" "from        line 6, [   31.250701]" \
	"258 more PEs are frozen, with no cause of their own: fd-1fe" -- log decode "$root/dmesg"
t "decode: text, one PE" 0 "PE fd of PHB 0002 is frozen" -- log decode --pe 2:fd "$root/dmesg"
verdict $(($(grep -c 'hit no TCE' "$root/.out") == 0)) "decode: text, one PE and no other" ""
t "decode: text, malformed" 1 "line 7: PE f0: B is not" -- log decode <(sed 's/000001000$/00000100/' "$root/dmesg")
t "decode: malformed, as JSON" 1 -- -j log decode <(sed 's/000001000$/00000100/' "$root/dmesg")
j "decode: one JSON value, an error" '.error | test("line 7")'
t "decode: text as JSON" 0 -- -j log decode "$root/dmesg"
j "decode: all of it" '.api_level == 1 and (.logs | length) == 2 and (.logs[0] | .source == "phb4" and .line == 1
	and .when == "[   29.811466]" and (has("raw") | not) and (.registers | length) == 53) and
	(.logs[0].records[0] | .class == "injected" and .cause == "config" and .severity == "pe" and
	.direction == "read" and .requester == "0001:01:00.0" and .phb == 1 and .pe == 253 and .mmio_frozen and
	.dma_stopped and .pest_a == "0xb740000001000000" and .pest_b == "0x8000000000000000" and .fresh and
	(has("address") | not) and .aer.uncorrectable == "0x00000000" and (.aer.tlp | length) == 4 and
	.injection and (.fenced or .link_down or .phb_wide | not)) and (.logs[1].records | length) == 259'
j "decode: a register" '.logs[0].registers[] | select(.name == "phbTxeErrorStatus") |
	. == {group: "PhbTxeErr", name: "phbTxeErrorStatus", value: "0x0000000800000000", bits: "28 injected error triggered"}'
t "decode: zPCI" 0 "DMA by function 0x10 to 0x100000000 in address space 0 was refused: translation protection" \
	"function    fid 0x10, handle 0x80000005, event code 0x4" -- log decode "$root/ccdf"
t "decode: zPCI as JSON" 0 -- -j log decode "$root/ccdf" --raw
j "decode: zPCI, the same schema" '.logs[0] | .source == "zpci" and (.records[0] | .class == "dma-iommu" and
	.address == "0x100000000" and .fid == 16 and .pec == 4 and .fh == 2147483653) and (.raw | length) == 64'

# ---- what the module keeps
f fake/pes '0001:fd 7 2 log=3
0001:fc 8 0'
cp "$root/dma" "$root/fake/log-0001:fd-1"
cp "$root/dma" "$root/fake/log-0001:fd-2"
t "list: too many" 2 'unexpected "b"' -- log list a b
t "list: no such PE" 1 "there is no PE 0001:1" -- log list 0001:1
t "list" 0 "PE       SEQ  TIME                  NOTICED  FRESH  CLASS      WHAT" \
	"0001:fd    1  " "sweep    yes    dma-iommu  DMA write by 0001:01:00.0 to 0x1f400000 hit no TCE entry" \
	"sweep    no     dma-iommu  DMA write by 0001:01:00.0 to 0x1f400000 hit no TCE entry (not fresh" \
	"?          not understood: " -- log list
t "list of a device" 0 "0001:fd    2  " -- log list 0001:01:00.0
t "list: nothing kept" 0 "PE  SEQ  TIME" -- log list 0001:fc
t "list as JSON" 0 -- -j log list
j "list: all of it" '(.logs | length) == 3 and (.logs[1] | .name == "0001:fd" and .seq == 2 and .stale and .passed
	and .noticed == "sweep" and .time_ns == 2000 and (.time | test("Z$")) and (.records[0].fresh | not)) and
	(.logs[2].error | test("not understood")) and .logs[0].records[0].fresh'
t "show: the last one" 0 "0001:fd: not understood: " "number 3" -- log show 0001:fd
t "show: by number" 0 "hit no TCE entry (not fresh: " "number 2, " "not fresh: the PE was isolated before" \
	"phbRxeTceErrorStatus" -- log show --seq 2
t "show: no such number" 1 "there is no such number" -- log show --seq 9 0001:fd
t "show: what number?" 2 "a number of eehctl log list" -- log show --seq x
t "show: number 0" 2 "a number of eehctl log list" -- log show --seq 0
t "show: option of another" 2 'unknown option "--pe"' -- log show --pe 0001:fd
t "show: nothing kept" 1 "nothing is kept: " -- log show 0001:fc
t "show as JSON" 0 -- -j log show 0001:fd --seq 1 --raw
j "show: all of it" '(.logs | length) == 1 and (.logs[0] | .seq == 1 and .records[0].class == "dma-iommu" and
	(.raw | length) == 17152)'
rm "$root/dev/eeh"
t "list: no /dev/eeh" 1 "modprobe eeh_bpf" -- log list

echo "1..$n"
exit $failed
