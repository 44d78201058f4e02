#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# t_systemd.sh: our units under a real systemd, started as a host boots: what "make install" installs is
# laid over the machine's root, the units are enabled, and systemd is PID 1 of namespaces of its own
# (the machine's own init goes on outside). The module is loaded, the fast path attached, the controller
# running and confined; it sees a freeze, recovers a PE, logs to the journal, reloads, is restarted when
# it is killed or hangs, and all of it can be stopped. Of a kernel it wants IPC and PID namespaces,
# seccomp, tmpfs with extended attributes (the overlay), and /proc/PID/task/TID/children.
# shellcheck disable=SC2034 # is() takes variables by name
set -euo pipefail
# shellcheck source=selftests/vm/vm.sh
. ./vm.sh

[[ -x /usr/lib/systemd/systemd ]] || skip_all "this machine has no systemd"
nvme_device

# Debian's own tools: busybox cannot mount control groups a second time.
PATH=${PATH/\/lab\/busybox:/}
S=/run/systemd-test
NEW=$S/root
REL=$(uname -r)
mkdir -p $S
mount -t tmpfs tmpfs $S
mkdir $S/up $S/work $NEW
mount -t overlay -o lowerdir=/,upperdir=$S/up,workdir=$S/work overlay $NEW

# Installed, and enabled.
cp -a /payload/installed/. $NEW/
mkdir -p "$NEW/usr/lib/modules/$REL/updates"
cp "${EEH_BPF_KO:-$EEH_MODULES/eeh_bpf.ko}" "$NEW/usr/lib/modules/$REL/updates/"
depmod -b $NEW "$REL" 2> $S/depmod.log
# They read fstab, the kernel's command line and the like; there is nothing in it for us.
rm -r $NEW/usr/lib/systemd/system-generators
echo 0123456789abcdef0123456789abcdef > $NEW/etc/machine-id
systemctl --root=$NEW enable eeh-fastpath.service eeh-controld.service eeh-controld-metrics.socket \
	2> $S/enable.log || not_ok "the units can be enabled" "$(< $S/enable.log)"
# They want D-Bus or a terminal, or belong to the machine's own init.
for u in systemd-logind.service getty.target systemd-firstboot.service ldconfig.service \
	systemd-binfmt.service systemd-update-done.service systemd-journal-catalog-update.service \
	tmp.mount dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
	sys-kernel-config.mount sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount \
	systemd-sysctl.service systemd-random-seed.service; do
	echo "$u"
done | (cd $NEW/etc/systemd/system && xargs -I '{}' ln -s /dev/null '{}')
ln -s /usr/lib/systemd/system/multi-user.target $NEW/etc/systemd/system/default.target

PID1=
# shellcheck disable=SC2317 # the trap
tidy() {
	[[ -z $PID1 ]] || kill -9 "$PID1" 2> /dev/null || true
}
trap tidy EXIT
# In its own control group, as a container's systemd.
cg=/sys/fs/cgroup
mountpoint -q $cg || mount -t cgroup2 cgroup2 $cg
mkdir -p $cg/systemd-test
for c in $(< $cg/cgroup.controllers); do
	echo "+$c" > $cg/cgroup.subtree_control
done
# shellcheck disable=SC2016 # the inner shell's variables
(
	echo $BASHPID > $cg/systemd-test/cgroup.procs
	exec unshare --mount --pid --cgroup --ipc --uts --fork --propagation private sh -c '
		cd "$0"
		mount --rbind /sys sys
		mount --rbind /dev dev
		mount -t cgroup2 cgroup2 sys/fs/cgroup
		mount -t proc proc proc
		mount -t tmpfs tmpfs run
		mount -t tmpfs -o mode=1777 tmpfs tmp
		mount --rbind /payload payload
		pivot_root . mnt
		exec chroot . /bin/sh -c "umount -l /mnt; exec env -i container=lab PATH=/usr/sbin:/usr/bin \
			/usr/lib/systemd/systemd --log-target=journal --show-status=no"' $NEW
) > $S/systemd.log 2>&1 < /dev/null &
outer=$!
read -r up _ < /proc/uptime
booted=${up%.*}

# in_it COMMAND...: in systemd's namespaces
pid1() { PID1=$(< /proc/$outer/task/$outer/children) && PID1=${PID1%% *} && [[ -n $PID1 ]]; }
in_it() { nsenter -t "$PID1" --mount --pid --ipc --uts --cgroup -- "$@"; }
takes_commands() { [[ -S /proc/$PID1/root/run/systemd/private ]]; }
active() { [[ $(in_it systemctl is-active "$1") == active ]]; }
main_pid() { in_it systemctl show -P MainPID eeh-controld.service; }
host_pid() {	# host_pid PID: what it is outside
	local f

	for f in /proc/[0-9]*/status; do
		if grep -qE "^NSpid:.*\s$1$" "$f" 2> /dev/null && [[ $(< "${f%/*}/comm") == eeh-controld ]]; then
			f=${f%/*}
			REPLY=${f##*/}
			return
		fi
	done
	REPLY=
	return 1
}
journal() { in_it journalctl --no-pager -q "$@"; }
said() { journal -n 15 -u eeh-controld -u eeh-fastpath -u systemd-modules-load; }
fastpath() { eehctl -j fastpath status | jq -r .fastpath.state; }
metric() { REPLY=$(in_it eeh-controld metrics | awk -v m="$1" 'index($1, m) == 1 { s += $2 } END { print s + 0 }'); }

# Boot
state=
# One question that waits, not many: on a busy machine they would take the time that the boot needs.
until_true 60 pid1 && until_true 120 takes_commands &&
	state=$(timeout 300 nsenter -t "$PID1" --mount --pid --ipc --uts --cgroup -- systemctl is-system-running --wait) || true
case $state in
running | degraded) ok "systemd has booted" ;;
*)
	not_ok "systemd has booted" "'$state'" "$(< $S/systemd.log)" "$(in_it systemctl list-jobs --no-pager 2>&1)"
	finish
	;;
esac
read -r up _ < /proc/uptime
diag "after $((${up%.*} - booted)) s: $state" \
	"$(in_it systemctl --failed --plain --no-legend || true)"
check "the module was loaded by modules-load.d" test -d $K
same "nothing of ours failed" "$(in_it systemctl list-units --failed --plain --no-legend 'eeh-*' 'systemd-[ms]*' 2>&1)" ""
check "the group was made by sysusers.d" in_it getent group eeh
for u in eeh-fastpath.service eeh-controld.service eeh-controld-metrics.socket; do
	if active $u; then ok "$u is active"; else not_ok "$u is active" "$(in_it systemctl status -n 20 --no-pager $u 2>&1)"; fi
done
same "a policy is attached" "$(fastpath)" attached

# The controller's sandbox
host_pid "$(main_pid)" && CONTROLD=$REPLY || CONTROLD=self
status_of() { awk -v k="$1:" '$1 == k { print $2 }' "/proc/$CONTROLD/status"; }
same "the controller: no new privileges" "$(status_of NoNewPrivs)" 1
same "the controller: a system call filter" "$(status_of Seccomp)" 2
diag "its capabilities: $(status_of CapEff)"
# CAP_CHOWN, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF
same "the controller: its capabilities" "$(status_of CapEff)" 000000c000280005
is "the controller: no network" "$(readlink "/proc/$CONTROLD/ns/net" | tr -dc 0-9) != $(readlink /proc/1/ns/net | tr -dc 0-9)"
check "it answers root" in_it eeh-controld status
# Whom the kernel says that they are counts.
in_it setpriv --reuid 65534 --regid 65534 --groups "$(in_it getent group eeh | cut -d: -f3)" eeh-controld status \
	> $S/asked 2>&1 && ok "it answers the group" || not_ok "it answers the group" "$(< $S/asked)"
in_it setpriv --reuid 65534 --regid 65534 --clear-groups eeh-controld status > $S/asked 2>&1 &&
	not_ok "but no others" "$(< $S/asked)" || ok "but no others"
scrape() { printf 'GET /metrics HTTP/1.0\r\n\r\n' | timeout 20 socat - TCP:127.0.0.1:9813 | grep -q '^eeh_controld_config_ok 1'; }
# What keeps the module listening when the controller dies
same "systemd holds /dev/eeh for it" "$(in_it systemctl show -P NFileDescriptorStore eeh-controld)" 1
check "its metrics, by the socket that systemd opened" scrape

# A driver in user space has a device, and does not recover it; then one that does.
frozen_in_journal() { [[ $(journal -t eeh-controld EEH_EVENT=frozen -o json | wc -l) -ge $1 ]]; }
recovered_in_journal() { journal -t eeh-controld EEH_EVENT=recovered -o cat | grep -q .; }
cat > $NEW/etc/eeh/controld.conf <<-'CONF'
	[controller]
	socket-group = eeh
	[default]
	policy = recover
CONF
check "systemctl reload" in_it systemctl reload eeh-controld
check "the driver is started" in_it systemd-run -q --unit=driver -p LimitMEMLOCK=infinity \
	/payload/bin/nvme-admin --interval 1000000 "$nvme"
owned() { in_it eeh-controld pe "$pe" | grep -q nvme-admin; }
driver_up() { journal -u driver | grep -q model; }
check "it has the device" until_true 60 driver_up
freeze "$nvme"
check "a freeze is in the journal, with its fields" until_true 60 frozen_in_journal 1
diag "$(journal -t eeh-controld -o cat)"
same "which PE" "$(journal -t eeh-controld EEH_EVENT=frozen -o json | jq -r '.EEH_PHB + ":" + .EEH_PE' | head -n 1)" "$pe"
check "the controller recovers it, confined as it is" until_true 60 recovered_in_journal
same "the PE is normal" "$(eehctl pe state "$pe" | awk 'NR == 2 { print $2 }')" normal

# Killed, hanging
restarted() { local now; now=$(main_pid); [[ $now != 0 && $now != "$old" ]] && active eeh-controld.service; }
old=$(main_pid)
kill -9 "$CONTROLD"
check "killed, it is restarted" until_true 60 restarted
same "still one descriptor is held" "$(in_it systemctl show -P NFileDescriptorStore eeh-controld)" 1
knows() { metric eeh_freezes_total; [[ $REPLY == 1 ]]; }
check "and knows what it knew" until_true 60 knows
freeze "$nvme"
check "it sees the next freeze" until_true 60 frozen_in_journal 2
mkdir -p $NEW/etc/systemd/system/eeh-controld.service.d
printf '[Service]\nWatchdogSec=4\n' > $NEW/etc/systemd/system/eeh-controld.service.d/test.conf
in_it systemctl daemon-reload
in_it systemctl restart eeh-controld
old=$(main_pid)
host_pid "$old" && kill -STOP "$REPLY"
check "hanging, it is restarted" until_true 60 restarted

# Stopped
check "systemctl stop eeh-fastpath" in_it systemctl stop eeh-fastpath
same "nothing is attached" "$(fastpath)" idle
check "systemctl start eeh-fastpath" in_it systemctl start eeh-fastpath
in_it systemctl stop driver eeh-controld-metrics.socket eeh-controld eeh-fastpath || true
check "all stopped, the module can be unloaded" until_true 10 rmmod eeh_bpf
in_it systemctl start eeh-fastpath 2> /dev/null && not_ok "without the module the fast path fails" ||
	ok "without the module the fast path fails"
check "and says what to do" sh -c "nsenter -t $PID1 --mount journalctl -q -u eeh-fastpath -n 20 | grep -q 'modprobe eeh_bpf'"
in_it systemctl start eeh-controld
same "the controller is skipped" "$(in_it systemctl show -P ConditionResult eeh-controld)" no

journal > "$EEH_OUT/systemd-journal.txt"
# With PID 1 its namespace ends. An orderly end takes systemd a minute and more, and shows nothing of ours.
kill -9 "$PID1"
wait $outer 2> /run/wait.err || true
PID1=
echo "$nvme" > /sys/bus/pci/drivers/vfio-pci/unbind
echo > "/sys/bus/pci/devices/$nvme/driver_override"
umount -l $NEW
umount -l $S
finish
