// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trouble on demand, for the tests of the runner's gate: what=warn|xive|bug|panic|nothing.
 *
 * `xive` warns from a function that is called as the one whose warning the runner can accept by
 * name, but lives here: the accepted entry names the source file too and must not cover it.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/panic.h>

static char *what = "nothing";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "warn, xive, bug, panic or nothing");

static noinline void xive_irq_shutdown(void)
{
	WARN_ON(1);
}

static int __init eeh_gate_init(void)
{
	if (!strcmp(what, "warn"))
		WARN_ON(1);
	else if (!strcmp(what, "xive"))
		xive_irq_shutdown();
	else if (!strcmp(what, "bug"))
		BUG();
	else if (!strcmp(what, "panic"))
		panic("eeh_gate: planted");
	return 0;
}

static void __exit eeh_gate_exit(void)
{
}

module_init(eeh_gate_init);
module_exit(eeh_gate_exit);
MODULE_DESCRIPTION("planted kernel trouble for the lab's own tests");
MODULE_LICENSE("GPL");
