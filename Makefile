# SPDX-License-Identifier: GPL-2.0-only
#
# `make help` says what there is. Everything is built inside the lab's build root, so the machine
# needs only bash, make and mmdebstrap (which `make setup` installs, as root).

CROSS	:= powerpc64le-linux-gnu-
B	:= $(CURDIR)/build
LAB	:= selftests/lab/lab
ABI	= $(shell awk '$$1 == "headers" && $$2 == "abi" { print $$3 }' selftests/lab/lock)
# What the emulated hosts run in make check and make bench: stock, native or both
KERNEL	?= both
NATIVE_LEG = $(if $(filter native both,$(KERNEL)),native)
MAKE_IN	= selftests/lab/in-root $(MAKE) --no-print-directory -j$(shell nproc) -f Makefile

all: ppc64le s390x

help:
	@echo 'make          build everything, into build/'
	@echo 'make ppc64le  what is for POWER only'
	@echo 'make s390x    the library, the command and the controller for s390x only'
	@echo 'make demo     show the main job on an emulated POWER10 (first run about 10 minutes)'
	@echo 'make check    every test (.ci/run calls this), on the stock kernel and on that with kernel/patches;'
	@echo '              KERNEL=stock or KERNEL=native: on one of them. One group: selftests/run NAME'
	@echo 'make native   the kernel with kernel/patches, and modules for it (about 10 minutes)'
	@echo 'make hard     that kernel with KASAN, lock checking and fault injection, and modules for it (about'
	@echo '              25 minutes); then: selftests/run --kernel hard'
	@echo 'make bench    the figures: build/bench/results.json, a table and an SVG (KERNEL as above)'
	@echo 'make soak     longer campaigns'
	@echo 'make mutants  break the code in planted ways and see the tests fail'
	@echo 'make lock     choose the newest complete kernel and QEMU source for the lab again'
	@echo 'make install  on a POWER machine: module, library, command, manual pages (DESTDIR, PREFIX)'
	@echo 'make deb      Debian packages for ppc64el, into build/deb/'
	@echo 'make clean    remove build/            make clean-cache  remove the lab as well'

setup:
	@$(LAB) setup

ppc64le: setup
	$(LAB) build buildroot headers
	$(MAKE_IN) cross

# The s390x part has a build root of its own; its programs are static, as nothing is installed there,
# but for libsystemd, which Debian has as a shared library only.
s390x: setup
	$(LAB) build s390x
	EEH_LAB_ROOT=$$($(LAB) path s390root) EEH_IN_ROOT_HEADERS=0 $(MAKE_IN) cross-s390x \
		SYSROOT=$$($(LAB) path s390x)/sysroot

demo: parts-demo ppc64le
	selftests/demo/demo

check: parts all $(NATIVE_LEG)
	selftests/run --kernel $(KERNEL)

# All at once, as they are built two at a time
parts: setup
	$(LAB) build default $(NATIVE_LEG:=kernel)

parts-demo: setup
	$(LAB) build headers qemu skiboot hostroot

native hard: setup
	$(LAB) build $@kernel
	$(MAKE_IN) modules-$@ TREE=$$($(LAB) path $@kernel)/src

bench: parts-demo ppc64le $(NATIVE_LEG)
	user/bench/run $(if $(NATIVE_LEG),--native)

soak: all
	$(LAB) build default s390jit
	selftests/run --soak

mutants: all
	$(MAKE_IN) faults
	$(LAB) build
	selftests/run --mutants

lock: setup
	selftests/lab/lock.sh
	selftests/lab/lock-s390x.sh

clean:
	rm -rf build

clean-cache:
	$(LAB) clean-cache

install:
	mkdir -p $(B)/install/eeh_bpf
	$(MAKE) -C kernel/eeh_bpf MO=$(B)/install/eeh_bpf modules
	$(MAKE) -C kernel/eeh_bpf MO=$(B)/install/eeh_bpf modules_install INSTALL_MOD_PATH=$(DESTDIR)
	$(MAKE) -C user O=$(B)/install install

deb: setup
	$(LAB) build buildroot
	$(MAKE_IN) deb-packages

# From here on: inside the build root.
cross: bpf user bench-tools examples modules bpf-tests vm-tools

bpf:
	$(MAKE) -C bpf CLANG=clang-19 O=$(B)/bpf

user: bpf
	$(MAKE) -C user CROSS_COMPILE=$(CROSS) CLANG=clang-19 O=$(B)/ppc64le \
		BPF_OBJ=$(B)/bpf/eeh_freeze.bpf.o

bench-tools: user
	$(MAKE) -C user/bench CROSS_COMPILE=$(CROSS) O=$(B)/ppc64le/bin \
		LIBEEH=$(B)/ppc64le/lib/libeeh.a

examples: user
	$(MAKE) -C examples/nvme-admin CROSS_COMPILE=$(CROSS) O=$(B)/ppc64le/bin \
		LIBEEH=$(B)/ppc64le/lib/libeeh.a

# What lies below build/payload is copied into every payload of selftests/run.
bpf-tests:
	$(MAKE) -C selftests/bpf CROSS_COMPILE=$(CROSS) CLANG=clang-19 O=$(B)/payload/lies

# What shows a register of the emulated host to its guests; the ioctls of /dev/eeh; what
# "make install" installs.
vm-tools: user
	$(MAKE) -C selftests/vm/genpage CROSS_COMPILE=$(CROSS) O=$(B)/payload/lib
	$(MAKE) -C selftests/vm/eehdev CROSS_COMPILE=$(CROSS) O=$(B)/payload/bin
	$(MAKE) -C selftests/vm/kvmfp CROSS_COMPILE=$(CROSS) O=$(B)/payload/bin
	$(MAKE) -C selftests/vm/hooksites CROSS_COMPILE=$(CROSS) O=$(B)/payload/bin
	$(MAKE) -C selftests/vm/vfiofrozen CROSS_COMPILE=$(CROSS) O=$(B)/payload/bin
	$(MAKE) -C user CROSS_COMPILE=$(CROSS) CLANG=clang-19 O=$(B)/ppc64le \
		BPF_OBJ=$(B)/bpf/eeh_freeze.bpf.o install PREFIX=/usr DESTDIR=$(B)/payload/installed > /dev/null

# The module and the policy with one planted fault each, which the tests must find.
faults:
	$(MAKE) -C selftests/mutants O=$(B)/payload/mutants W=$(B)/obj/mutants \
		KDIR=/usr/src/linux-headers-$(ABI)-powerpc64le CROSS_COMPILE=$(CROSS) CLANG=clang-19

cross-s390x:
	$(MAKE) -C bpf CLANG=clang-19 O=$(B)/s390x/bpf BPF_CFLAGS="-O2 -g -I$(SYSROOT)/usr/include"
	$(MAKE) -C user eehctl $(CROSS_S390X) CLANG=clang-19 O=$(B)/s390x \
		BPF_OBJ=$(B)/s390x/bpf/eeh_freeze.bpf.o
	$(MAKE) -C user controld $(CROSS_S390X) CLANG=clang-19 O=$(B)/s390x \
		BPF_OBJ=$(B)/s390x/bpf/eeh_freeze.bpf.o \
		LDFLAGS="-L$(SYSROOT)/usr/lib/s390x-linux-gnu -Wl,--allow-shlib-undefined"
	for e in examples/nvme-admin examples/nvme-zpci selftests/s390x/xhci; do \
		$(MAKE) -C $$e $(CROSS_S390X) O=$(B)/s390x/bin LIBEEH=$(B)/s390x/lib/libeeh.a || exit; \
	done
CROSS_S390X = CROSS_COMPILE=s390x-linux-gnu- CFLAGS="-O2 -g -isystem $(SYSROOT)/usr/include" \
	LDFLAGS="-static -L$(SYSROOT)/usr/lib/s390x-linux-gnu" LIBS="-lbpf -lelf -lz -lzstd -lpthread"

deb-packages:
	packaging/build-deb $(B)/deb

# modules TREE NAME: all kernel modules (Kbuild), for the kernel that TREE is the tree or has the headers
# of. Without debug information, which no test uses and an emulated machine would have to read.
define modules
	@mkdir -p $(B)/obj/kbuild-$(2) $(B)/modules-$(2)
	$(MAKE) -s -C $(1) M=$(CURDIR) MO=$(B)/obj/kbuild-$(2) ARCH=powerpc CROSS_COMPILE=$(CROSS) modules
	@find $(B)/obj/kbuild-$(2) -name '*.ko' -exec sh -c \
		'$(CROSS)strip --strip-debug -o $(B)/modules-$(2)/$$(basename $$1) $$1' - {} \;
endef

modules: modules-4k modules-64k

modules-4k:
	$(call modules,/usr/src/linux-headers-$(ABI)-powerpc64le,4k)

modules-64k:
	$(call modules,/usr/src/linux-headers-$(ABI)-powerpc64le-64k,64k)

# For the emulated host with that kernel; its guests have Debian's.
modules-native modules-hard: modules-%:
	$(call modules,$(TREE),$*)

.PHONY: all help setup ppc64le demo check bench soak mutants lock clean clean-cache install deb \
	s390x cross-s390x cross bpf user bench-tools examples modules modules-4k modules-64k modules-native \
	modules-hard bpf-tests vm-tools faults deb-packages native hard parts parts-demo
