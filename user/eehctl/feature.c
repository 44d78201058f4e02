// SPDX-License-Identifier: GPL-2.0-only
/* eehctl feature: can the fast path run here, and what is missing? */
#include <errno.h>
#include <string.h>

#include "eehctl.h"

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl feature [probe]\n"
	       "       eehctl feature help\n");
	return EXIT_OK;
}

static const char *state_name(enum eeh_req_state state)
{
	switch (state) {
	case EEH_REQ_OK:
		return "ok";
	case EEH_REQ_NOTE:
		return "note";
	default:
		return "failed";
	}
}

static int do_probe(int argc, char **argv)
{
	struct json_object *top, *list, *o;
	struct eeh_probe *probe;
	const char *advice;
	int err, result;
	size_t i;

	if (argc)
		return usage_error("feature", "unexpected \"%s\"", argv[0]);
	err = eeh_fastpath_probe(ctx, &probe);
	if (err)
		return fail("feature", err, "%s", strerror(-err));
	result = eeh_probe_result(probe);

	if (json_output) {
		top = json_object_new_object();
		list = json_object_new_array();
		for (i = 0; i < eeh_probe_count(probe); i++) {
			o = json_object_new_object();
			jput_str(o, "name", eeh_probe_name(probe, i));
			jput_str(o, "state", state_name(eeh_probe_state(probe, i)));
			jput_str(o, "what", eeh_probe_what(probe, i));
			advice = eeh_probe_advice(probe, i);
			if (*advice)
				jput_str(o, "advice", advice);
			json_object_array_add(list, o);
		}
		jput_bool(top, "fastpath", !result);
		json_object_object_add(top, "requirements", list);
		json_print("feature", top);
	} else {
		for (i = 0; i < eeh_probe_count(probe); i++) {
			advice = eeh_probe_advice(probe, i);
			printf("%-6s  %s%s%s\n", state_name(eeh_probe_state(probe, i)),
			       eeh_probe_what(probe, i), *advice ? ": " : "", advice);
		}
		printf("The fast path can%s run here.\n", result ? "not" : "");
	}
	eeh_probe_free(probe);
	return !result ? EXIT_OK : result == -EOPNOTSUPP ? EXIT_UNSUPPORTED : EXIT_ERROR;
}

static const struct command cmds[] = {
	{ "probe",	do_probe },
	{ "help",	help },
	{ NULL,		NULL },
};

int do_feature(int argc, char **argv)
{
	if (!argc)
		return do_probe(0, NULL);
	return cmd_select(cmds, argc, argv, "feature", help);
}
