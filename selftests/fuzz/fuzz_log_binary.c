// SPDX-License-Identifier: GPL-2.0-only
/* Binary diagnostic data and CCDFs: 12 bytes of options, then what a PHB or a function recorded. */
#include <errno.h>

#include "fuzz.h"
#include "log_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct eeh_ctx *ctx;
	struct eeh_log_record rec;
	struct eeh_log_opts opts;
	struct eeh_log_dump *dump;
	int err;

	if (!ctx && eeh_ctx_new(&ctx, NULL))
		abort();
	if (size < 12)
		return 0;
	EEH_INIT(&opts);
	memcpy(&opts.flags, data, 4);
	memcpy(&opts.phb, data + 4, 4);
	memcpy(&opts.pe, data + 8, 4);
	data += 12;
	size -= 12;

	err = eeh_log_dump_new(ctx, data, size, &opts, &dump);
	must(!err == !!dump);
	if (err) {
		must(err == -EBADMSG || err == -EOPNOTSUPP || err == -EINVAL);
		must(*eeh_last_error(ctx));
	} else {
		check_dump(NULL, dump);
		eeh_log_dump_free(dump);
	}
	EEH_INIT(&rec);
	must(eeh_log_decode(ctx, data, size, &opts, &rec) == err);
	if (!err)
		check_record(&rec);
	return 0;
}
