#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# test_pe_cmd.sh OUTDIR: eehctl pe, vm and inject over VFIO and /dev/eeh made of files (fake_dev.h).
set -euo pipefail

# shellcheck source=selftests/unit/cmd.sh
. ./cmd.sh

pci() {	# pci ADDRESS CLASS DRIVER GROUP PE
	local d=sys/bus/pci/devices/$1 none='0x0000000000000000 0x0000000000000000 0x0000000000000000'

	f "$d/vendor" 0x1b36
	f "$d/device" 0x0010
	f "$d/class" "0x$2"
	f "$d/resource" "0x0000210000000000 0x0000210000003fff 0x0000000000140204
$none
0x00000000c0000000 0x00000000c000ffff 0x0000000000040200
$none
$none
$none"
	[[ -z $3 ]] || ln -sf "../../../bus/pci/drivers/$3" "$root/$d/driver"
	[[ -z $4 ]] || ln -sf "../../../kernel/iommu_groups/$4" "$root/$d/iommu_group"
	[[ -z $5 ]] || f "$d/eeh_pe_config_addr" "$5"
	f "$d/eeh_pe_state" "must not be read"
}

process() {	# process PID NAME TARGET...
	local fd=3 pid=$1 t

	f "proc/$pid/comm" "$2"
	shift 2
	mkdir -p "$root/proc/$pid/fd"
	for t in "$@"; do
		ln -sf "$t" "$root/proc/$pid/fd/$((fd++))"
	done
}

pes() { f fake/pes "$1"; rm -f "$root/fake/ops" "$root/fake/injected"; }

# did NAME TEXT: what was done to PEs, "PE OP;..."
did() {
	local got

	got=$(cat "$root/fake/ops" 2> /dev/null | tr '\n' ';') || true
	verdict "$(($([[ $got == "$2" ]]; echo $?) == 0))" "$1" "did '$got', wanted '$2'"
}

armed() {
	local got

	got=$(cat "$root/fake/injected" 2> /dev/null) || true
	verdict "$(($([[ $got == "$2" ]]; echo $?) == 0))" "$1" "armed '$got', wanted '$2'"
}

f sys/firmware/opal/msglog x
mkdir -p "$root/sys/class/pci_bus/0001:00/of_node"
printf 'ibm,power9-pciex\0ibm,ioda3-phb\0' > "$root/sys/class/pci_bus/0001:00/of_node/compatible"
pci 0001:00:00.0 060400 pcieport 5 0x1fe
pci 0001:01:00.0 010802 vfio-pci 7 0xfd
pci 0002:01:00.0 010802 nvme 9 0x0
pci 0002:02:00.0 010802 vfio-pci 10 0xfc
pci 0002:02:00.1 020000 e1000e 10 0xfc
pci 0002:03:00.0 060100 '' '' ''
process 300 qemu-system-ppc /dev/vfio/7 anon_inode:kvm-vm
printf 'qemu\0-name\0guest=web,debug-threads=on\0' > "$root/proc/300/cmdline"
f dev/eeh ''
f sys/kernel/eeh_bpf/bindings 'vm=1 pe=2 0001:fd token=0x2008 buid=0x800000020000001 addr=0x10000 answered=12
vm=2 pe=3 0002:f0 token=0x2008 buid=0x800000020000001 addr=0x10000 answered=100'
pes '0001:fd 7 2
0002:0 9 0 kernel
0002:fc 10 0'

echo "KTAP version 1"

# ---- grammar
for o in pe vm inject; do
	t "$o: no command" 2 "Usage: eehctl $o" -- $o
	t "$o help" 0 "Usage: eehctl $o" -- $o help
	t "$o: unknown command" 2 "eehctl: $o: unknown command \"up\"" -- $o up
done
t "pe list: too many" 2 'unexpected "x"' -- pe list x
t "pe show: which?" 2 "which PE?" -- pe show
t "pe state: which?" 2 "which PE?" -- pe state
t "pe reset: which?" 2 "which PE?" -- pe reset --force
t "pe reset: two" 2 "one PE" -- pe reset 0001:fd 0001:fe
t "pe reset: unknown option" 2 'unknown option "--hot"' -- pe reset 0001:fd --hot
t "pe reset: attempts of what?" 2 "from 1 to 100" -- pe reset 0001:fd --attempts
t "pe reset: no attempts" 2 "from 1 to 100" -- pe reset 0001:fd --attempts 0
t "pe enable: option of another" 2 'unknown option "--io"' -- pe enable 0001:fd --io
t "pe show: no PE" 1 "is neither a PE (0001:fd) nor a PCI address" -- pe show nvme
t "pe show: no such PE" 1 "there is no PE 0001:1" -- pe show 0001:1
t "pe show: device in none" 1 "in no PE" -- pe show 0002:03:00.0
t "vm show: which?" 2 "which process?" -- vm show
t "vm show: no number" 2 '"qemu" is no process id' -- vm show qemu
t "inject: which PE?" 2 "which PE?" -- inject config-read
t "inject: at for config" 2 'unknown option "--at"' -- inject config-read 0001:fd --at 4
t "inject: at nothing" 2 "--at ADDR" -- inject mmio-load 0001:fd --at
t "inject: at 0" 2 "--at ADDR" -- inject mmio-load 0001:fd --at 0
t "inject: at 2" 2 "multiple of 4" -- inject mmio-load 0001:fd --at 2
t "inject: mask without at" 2 "--mask goes with --at" -- inject mmio-load 0001:fd --mask 4

# ---- what there is
t "pe list" 0 "PE        GROUP  OWNER                DRIVER           DEVICES" \
	"0001:fd       7  300 qemu-system-ppc  vfio-pci         0001:01:00.0" \
	"0001:1fe      5  kernel               pcieport         0001:00:00.0" \
	"0002:fc      10  mixed                vfio-pci,e1000e  0002:02:00.0, +1" -- pe list
t "pe list as JSON" 0 -- -j pe list
j "list: all of it" '.api_level == 1 and (.pes | length) == 4 and .pes[0] == {pe: "0001:fd", phb: 1,
	number: 253, owner: "process", pid: 300, command: "qemu-system-ppc", processes: 1,
	iommu_group: 7, iommu_groups: 1, shared: false, devices: [{address: "0001:01:00.0",
	vendor_id: 6966, device_id: 16, class_code: 67586, driver: "vfio-pci", iommu_group: 7,
	bars: [{bar: 0, kind: "memory64", start: 36283883716608, size: 16384, prefetch: false},
	{bar: 2, kind: "memory", start: 3221225472, size: 65536, prefetch: false}]}]}'
j "list: the others" '.pes[2].number == 0 and .pes[3].shared and .pes[3].owner == "mixed"'
did "list asks nobody" ""
t "pe show" 0 "PE          0002:fc" "shared      yes" "0002:02:00.1  1b36:0010  020000  e1000e" \
	"2  memory    0xc0000000" -- pe show 0002:02:00.1
t "pe show as JSON" 0 -- -j pe show 0001:fd
j "show: one" '.pe.pe == "0001:fd"'
t "vm list" 0 "PID  COMMAND          GUEST  KVM  PES      BINDINGS  ANSWERED" \
	"300  qemu-system-ppc  web    yes  0001:fd         1        12" -- vm list
t "vm list as JSON" 0 -- -j vm list
j "vms: all of it" '.vms.partial == false and (.vms.list | length) == 1 and (.vms.list[0] |
	.pid == 300 and .command == "qemu-system-ppc" and .guest == "web" and .kvm and
	.pes[0].pe == "0001:fd" and .bindings == [{vm: 1, phb: 1, number: 253, token: 8200,
	buid: 576460752840294401, config_addr: 65536, answered: 12}])'
t "vm show" 0 "guest       web" "0001:fd  0001:01:00.0  vfio-pci" "Answered in the kernel:" \
	"1  0001:fd  0x2008" -- vm show 300
t "vm show as JSON" 0 -- -j vm show 300
j "vm: one" '.vm.pid == 300'
t "vm show: owns nothing" 1 "process 1 owns no PE" -- vm show 1
did "nobody was asked" ""

# ---- states
t "pe state" 0 "PE       STATE   BY   WHY" "0001:fd  frozen  dev  MMIO and DMA are stopped" \
	"0002:0   normal" -- pe state 0001:fd 0002:01:00.0
t "pe state as JSON" 0 -- -j pe state 0001:fd
j "state: all of it" '.states[0] | .pe == "0001:fd" and .state == "frozen" and .raw == 2 and .ambiguous
	and .ask_again_ms == 0 and .backend == "dev" and (.why | length) > 10'
pes '0001:fd 7 0 later=1'
t "pe state: unavailable" 0 "unavailable" -- pe state 0001:fd
pes '0001:fd 7 0 fail=4:5'
t "pe state: firmware fails" 1 "eehctl: pe: 0001:fd: get-state: firmware failed" -- pe state 0001:fd

# ---- resets and thaws
pes '0001:fd 7 2
0002:0 9 0 kernel
0002:fc 10 0'
t "pe reset" 0 "asserting the reset, usually 0.25 s ... 0.25 s" "usually 1.80 s ... 1.80 s" \
	"0001:fd is normal after 2.05 s" -- pe reset 0001:fd
did "reset: hot, deactivate, configure, state" "0001:fd 6;0001:fd 5;0001:fd 8;0001:fd 4;"
pes '0001:fd 7 2'
t "pe reset --fundamental as JSON" 0 -- -j pe reset 0001:01:00.0 --fundamental
j "reset: all of it" '.reset == {pe: "0001:fd", state: "normal", attempts: 1, elapsed_ms: 2050, steps:
	[{step: "assert", elapsed_ms: 250}, {step: "deactivate", elapsed_ms: 1800},
	{step: "configure", elapsed_ms: 0}, {step: "state", elapsed_ms: 0}]}'
did "reset: fundamental" "0001:fd 7;0001:fd 5;0001:fd 8;0001:fd 4;"
pes '0001:fd 7 2 stuck'
t "pe reset: is still stopped" 1 "it was reset and is frozen" -- pe reset 0001:fd
t "pe reset: attempts" 1 "(attempt 3 of 3)" "3 resets left it stopped" -- pe reset 0001:fd --attempts 3
t "pe reset: fails, as JSON" 1 -- -j pe reset 0001:fd
j "reset: why" '.error | test("is frozen")'
pes '0001:fd 7 2'
t "pe unfreeze --io" 0 "0001:fd is dma-stopped" -- pe unfreeze 0001:fd --io
t "pe unfreeze --dma" 0 "0001:fd is normal" -- pe unfreeze 0001:fd --dma
did "unfreeze: one, then the other" "0001:fd 2;0001:fd 4;0001:fd 3;0001:fd 4;"
pes '0001:fd 7 2'
t "pe unfreeze as JSON" 0 -- -j pe unfreeze 0001:fd
j "unfreeze: what it is now" '.unfreeze.state == "normal" and .unfreeze.pe == "0001:fd"'
did "unfreeze: both" "0001:fd 2;0001:fd 3;0001:fd 4;"
pes '0001:fd 7 2'
t "pe configure" 0 "0001:fd is frozen" -- pe configure 0001:fd
t "pe enable" 0 "0001:fd is normal" -- pe enable 0001:fd
did "configure and enable" "0001:fd 8;0001:fd 4;0001:fd 1;0001:fd 4;"
pes '0002:0 9 2 kernel
0002:fc 10 2'
t "pe reset: the kernel's" 1 "0002:0: a driver of this kernel uses it" "--force" -- pe reset 0002:0
t "pe enable: the kernel's" 1 "a driver of this kernel uses it" -- pe enable 0002:01:00.0
t "pe unfreeze: shared" 1 "a driver of this kernel uses it" -- pe unfreeze 0002:fc
did "nothing was done" ""
t "pe reset: forced" 0 "0002:0 is normal" -- pe reset 0002:0 --force
t "pe enable: forced" 0 "0002:fc is normal" -- pe enable 0002:fc --force

# ---- injection
pes '0001:fd 7 0
0002:0 9 0 kernel
0002:fc 10 0 mem dma'
t "inject list" 0 "0001  config-read   yes" "0001  mmio-load     maybe" "0001  io-load       no" \
	"0002  config-read   maybe" -- inject list
t "inject list PE as JSON" 0 -- -j inject list 0001:fd
j "inject list: all of it" '(.classes | length) == 8 and .classes[0].class == "config-read" and
	.classes[0].can == "yes" and .classes[0].phb == 1 and (.classes[4].why | test("I/O ports"))'
t "inject: another process's" 1 "its owner (300 qemu-system-ppc) would suffer from it: add --force" -- \
	inject config-read 0001:fd
t "inject: shared" 1 "each of its owners" -- inject mmio-load 0002:fc
t "inject: what no host can" 3 "0001:fd: io-load: this host cannot: no PHB" -- \
	inject io-load 0001:fd
armed "nothing was armed" ""
t "inject: forced" 0 "0001:fd: config-read: firmware arms the PHB" -- inject config-read 0001:fd --force
armed "a config read" "0001:fd 0 4 0 0"
t "inject: this firmware cannot" 3 "firmware refused: released firmware" -- \
	inject dma-write 0001:fd --force
t "inject: the kernel's own needs no force" 0 -- inject config-write 0002:0
armed "a config write" "0002:0 0 10 0 0"
t "inject as JSON" 0 -- -j inject mmio-load 0002:fc --at 0x210000000010 --mask 0xfff0 --force
j "inject: all of it" '.inject | .pe == "0002:fc" and .class == "mmio-load" and .at == 36283883716624
	and .mask == 65520 and (.why | test("next matching access"))'
armed "a load at an address" "0002:fc 1 0 0x210000000010 0xfff0"
rm "$root/sys/firmware/opal/msglog"
rmdir "$root/sys/firmware/opal"
f proc/powerpc/eeh 'EEH Subsystem is enabled'
t "inject: under a hypervisor" 3 "under a hypervisor" -- inject config-read 0001:fd

# ---- without the module, and without EEH
rm "$root/dev/eeh" "$root/sys/kernel/eeh_bpf/bindings"
rmdir "$root/sys/kernel/eeh_bpf"
t "pe state: no module" 1 "process 300 (qemu-system-ppc) owns it, and VFIO obeys no other" \
	"modprobe eeh_bpf" -- pe state 0001:fd
t "vm list: no module" 0 "300  qemu-system-ppc  web    yes  0001:fd         0         0" -- vm list
rm -r "$root/proc/300"
f dev/vfio/vfio ''
f dev/vfio/7 ''
pes '0001:fd 7 4'
t "pe state: by VFIO" 0 "0001:fd  dma-stopped  vfio" -- pe state 0001:fd
rm -r "$root"/sys/bus/pci/devices/*/
t "pe list: no EEH is exit code 3" 3 "eeh=off" -- pe list

echo "1..$n"
exit $failed
