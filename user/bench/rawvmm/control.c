// SPDX-License-Identifier: GPL-2.0-only
/* What a test can ask for while the guest runs (--control). */
#include <errno.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rawvmm.h"

uint64_t attach_first_us;

static const char control_help[] =
	"stats | stop | pause | resume | attach | state [I] | enable [I] | disable [I] | thaw-io [I] | "
	"thaw-dma [I] | unfreeze [I] | reset [I] | reset-hot [I] | reset-deactivate [I] | "
	"configure [I] | device-close I | device-open I | group-add I | group-del I | vmm-word W[=X]";

static int unfreeze(struct device *d)
{
	int r = eeh_op(d, VFIO_EEH_PE_UNFREEZE_IO), s = eeh_op(d, VFIO_EEH_PE_UNFREEZE_DMA);

	return r ? r : s;
}

static int hot_reset(struct device *d)
{
	int r = eeh_op(d, VFIO_EEH_PE_RESET_HOT);

	sleep_ms(250);		/* PCIe r5.0 6.6.1 wants 100 ms; the kernel waits 250 ms */
	if (!r)
		r = eeh_op(d, VFIO_EEH_PE_RESET_DEACTIVATE);
	sleep_ms(1800);
	if (!r)
		r = eeh_op(d, VFIO_EEH_PE_CONFIGURE);
	return r;
}

static void control(char *line)
{
	char cmd[32] = "";
	int i = 0, n, r = 0;
	struct device *d;

	n = sscanf(line, "%31s %d", cmd, &i);
	if (n < 1)
		return;
	if (strcmp(cmd, "vmm-word") && (i < 0 || i >= (opt.ndev ? opt.ndev : 1))) {
		printf("{\"command\":\"%s\",\"result\":%d}\n", cmd, -ENODEV);
		fflush(stdout);
		return;
	}
	d = i >= 0 && i < MAX_DEVICES ? &opt.dev[i] : NULL;
	if (!strcmp(cmd, "stats")) {
		print_live();
		return;
	} else if (!strcmp(cmd, "stop")) {
		stopping = 1;
	} else if (!strcmp(cmd, "pause") || !strcmp(cmd, "resume")) {
		uint64_t want = cmd[0] == 'p', wait = 0;

		for (n = 0; n < opt.nvcpu; n++)
			ctl_set(&vcpus[n], CTL_PAUSE, want);
		/* paused means: no query is under way any more */
		for (n = 0; n < opt.nvcpu; n++)
			while (ctl_get(&vcpus[n], CTL_PAUSED) != want && wait++ < 10000 &&
			       !__atomic_load_n(&vcpus[n].finished, __ATOMIC_ACQUIRE))
				usleep(1000);
		r = wait >= 10000 ? -ETIMEDOUT : 0;
	} else if (!strcmp(cmd, "attach")) {
		uint64_t t = now_us(), k = sum_in_kernel();

		r = fastpath_on();
		/* sampled, not traced: good to about a millisecond */
		while (!r && sum_in_kernel() <= k) {
			usleep(500);
			if (now_us() - t > 30000000)
				r = -ETIMEDOUT;
		}
		if (!r)
			attach_first_us = now_us() - t;
	} else if (!strcmp(cmd, "vmm-word")) {
		char *eq = strchr(line, '=');

		/* "vmm-word 3=7": from now on the VMM says so; "vmm-word 3": the truth again */
		if (sscanf(line, "%*s %d", &i) != 1 || i < 0 || i >= MAX_WORDS) {
			r = -EINVAL;
		} else {
			opt.vmm_word[i] = eq ? (uint32_t)strtoul(eq + 1, NULL, 0) : 0;
			__atomic_store_n(&opt.vmm_word_set[i], eq != NULL, __ATOMIC_RELEASE);
		}
	} else if (!opt.ndev) {
		r = -ENODEV;
	} else if (!strcmp(cmd, "state")) {
		r = eeh_op(d, VFIO_EEH_PE_GET_STATE);
	} else if (!strcmp(cmd, "enable")) {
		r = eeh_op(d, VFIO_EEH_PE_ENABLE);
	} else if (!strcmp(cmd, "disable")) {
		r = eeh_op(d, VFIO_EEH_PE_DISABLE);
	} else if (!strcmp(cmd, "thaw-io")) {
		r = eeh_op(d, VFIO_EEH_PE_UNFREEZE_IO);
	} else if (!strcmp(cmd, "thaw-dma")) {
		r = eeh_op(d, VFIO_EEH_PE_UNFREEZE_DMA);
	} else if (!strcmp(cmd, "unfreeze")) {
		r = unfreeze(d);
	} else if (!strcmp(cmd, "reset")) {
		r = hot_reset(d);
	} else if (!strcmp(cmd, "reset-hot")) {
		r = eeh_op(d, VFIO_EEH_PE_RESET_HOT);
	} else if (!strcmp(cmd, "reset-deactivate")) {
		r = eeh_op(d, VFIO_EEH_PE_RESET_DEACTIVATE);
	} else if (!strcmp(cmd, "configure")) {
		r = eeh_op(d, VFIO_EEH_PE_CONFIGURE);
	} else if (!strcmp(cmd, "device-close")) {
		r = d->dfd >= 0 && !close(d->dfd) ? 0 : -EBADF;
		d->dfd = -1;
	} else if (!strcmp(cmd, "device-open")) {
		r = d->dfd < 0 ? device_open(d) : -EBUSY;
	} else if (!strcmp(cmd, "group-add")) {
		r = group_join(d);
	} else if (!strcmp(cmd, "group-del")) {
		r = group_leave(d);
	} else {
		fprintf(stderr, "eeh-rawvmm: commands: %s\n", control_help);
		r = -EINVAL;
	}
	printf("{\"command\":\"%s\",\"result\":%d}\n", cmd, r);
	fflush(stdout);
}

/* Reads commands; returns when it is time to look at the vCPUs again. */
void wait_a_little(uint64_t ms)
{
	static char line[256];
	static size_t have;
	struct pollfd p = { .fd = 0, .events = POLLIN };
	ssize_t n;
	char *nl;

	if (!opt.control) {
		sleep_ms(ms);
		return;
	}
	if (poll(&p, 1, (int)ms) <= 0)
		return;
	n = read(0, line + have, sizeof(line) - 1 - have);
	if (n <= 0) {
		opt.control = false;	/* whoever held the other end is gone */
		if (opt.loop)
			stopping = 1;
		return;
	}
	have += (size_t)n;
	line[have] = 0;
	while ((nl = strchr(line, '\n'))) {
		*nl = 0;
		control(line);
		have -= (size_t)(nl + 1 - line);
		memmove(line, nl + 1, have + 1);
	}
	if (have == sizeof(line) - 1)
		have = 0;
}
