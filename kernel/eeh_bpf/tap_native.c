// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taps for kernels that have hooks for the questions (asm/eeh_hook.h; kernel/patches/).
 *
 * While nothing is attached, a hook is a nop in the kernel. Other hypercalls than H_RTAS,
 * and vCPUs that enter the guest again without having been at the VMM, do not come by.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <asm/eeh_hook.h>

#include "internal.h"

static const struct eeh_rtas_hook rtas_hook = {
	.answer = rtas_hcall,
	.back = tap_vcpu_back,
};

static const struct eeh_check_hook check_hook = {
	.not_frozen = tap_check_answer,
};

static bool rtas_on;			/* under tap_probe.c's mutex */

void tap_hook_rtas(bool on)
{
	int err;

	if (on == rtas_on)
		return;
	if (!on) {
		eeh_rtas_hook_unregister(&rtas_hook);
		rtas_on = false;
		return;
	}
	err = eeh_rtas_hook_register(&rtas_hook);
	if (err)
		pr_err("guests are not answered: the hook of H_RTAS is taken (%d)\n", err);
	rtas_on = !err;
}

bool tap_hook_rtas_on(void)
{
	return rtas_on;
}

int tap_hook_check(const char **failed)
{
	*failed = "the hook of eeh_check_failure()";
	return eeh_check_hook_register(&check_hook);
}

void tap_unhook_check(void)
{
	eeh_check_hook_unregister(&check_hook);
}

int tap_hook_init(void)
{
	return 0;
}

void tap_hook_exit(void)
{
}
