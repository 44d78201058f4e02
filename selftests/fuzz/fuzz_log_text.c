// SPDX-License-Identifier: GPL-2.0-only
/* Kernel and OPAL logs, and whatever else somebody pastes. */
#include <errno.h>

#include "fuzz.h"
#include "log_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct eeh_ctx *ctx;
	size_t n = 0, again = 0;
	int err;

	if (!ctx && eeh_ctx_new(&ctx, NULL))
		abort();
	err = eeh_log_parse_text(ctx, (const char *)data, size, check_dump, &n);
	must(!err == !!n);
	if (err) {
		must(err == -EBADMSG || err == -ENODATA);
		must(*eeh_last_error(ctx));
	}
	/* Binary or not is decided there. */
	err = eeh_log_load(ctx, data, size, NULL, check_dump, &again);
	must(err || again == n || memchr(data, '\0', size));
	return 0;
}
