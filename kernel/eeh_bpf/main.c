// SPDX-License-Identifier: GPL-2.0-only
/*
 * eeh_bpf: freeze checks of PCI devices answered by BPF, on evidence.
 *
 * A "not frozen" is only ever given on evidence gathered in the very query
 * (query.c); everything else goes the way it would go without this module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "internal.h"

static int __init eeh_bpf_init(void)
{
	int err;

	err = watch_init();
	if (err)
		return err;
	/* before pe_init(): see use_nb */
	err = pe_use_init();
	if (err)
		goto err_watch;
	err = pe_init();
	if (err)
		goto err_use;
	err = canary_init();
	if (err)
		goto err_pe;
	err = tap_init();
	if (err)
		goto err_canary;
	err = sysfs_init();
	if (err)
		goto err_tap;
	err = dev_init();
	if (err)
		goto err_sysfs;
	/*
	 * Last, as it can not be undone: from here on programs can attach, and
	 * each attached one holds a reference to this module.
	 */
	err = ops_init();
	if (err)
		goto err_dev;
	return 0;

err_dev:
	dev_exit();
err_sysfs:
	sysfs_exit();
err_tap:
	tap_exit();
err_canary:
	canary_exit();
err_pe:
	pe_exit();
err_use:
	pe_use_exit();
	pe_log_exit();
err_watch:
	watch_exit();
	return err;
}

/* No policy is attached here and no file open, so no tap is armed and nothing is bound. */
static void __exit eeh_bpf_exit(void)
{
	dev_exit();
	sysfs_exit();
	tap_exit();
	canary_exit();
	pe_exit();
	pe_use_exit();
	pe_log_exit();
	watch_exit();
}

module_init(eeh_bpf_init);
module_exit(eeh_bpf_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Freeze checks of PCI devices (EEH) answered by BPF, on evidence");
