// SPDX-License-Identifier: GPL-2.0-only
/* eehctl: the grammar of the command line, output and errors. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "eehctl.h"

bool json_output;
struct eeh_ctx *ctx;

static bool json_pretty;
static bool debug;

bool is_prefix(const char *pfx, const char *str)
{
	return *pfx && !strncmp(str, pfx, strlen(pfx));
}

int64_t wall_ahead(void)
{
	struct timespec wall, boot;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (wall.tv_sec - boot.tv_sec) * 1000000000LL + wall.tv_nsec - boot.tv_nsec;
}

void json_print(const char *name, struct json_object *obj)
{
	struct json_object *top = jput_top(name, obj);
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (json_pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	printf("%s\n", json_object_to_json_string_ext(top, flags));
	json_object_put(top);
}

static void verror(const char *where, const char *fmt, va_list ap)
{
	char *msg;

	if (vasprintf(&msg, fmt, ap) < 0)
		abort();
	if (json_output)
		json_print("error", json_object_new_string(msg));
	else
		fprintf(stderr, "eehctl: %s%s%s\n", where, *where ? ": " : "", msg);
	free(msg);
}

int fail(const char *where, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verror(where, fmt, ap);
	va_end(ap);
	return err == -EOPNOTSUPP ? EXIT_UNSUPPORTED : EXIT_ERROR;
}

int usage_error(const char *where, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verror(where, fmt, ap);
	va_end(ap);
	return EXIT_USAGE;
}

static int do_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl [OPTIONS] OBJECT { COMMAND | help }\n"
	       "       eehctl help\n"
	       "\n"
	       "       OBJECT  := { pe | vm | inject | trace | fastpath | stats | canary | feature | log |\n"
	       "                    top }\n"
	       "       OPTIONS := { {-j|--json} | {-p|--pretty} | {-d|--debug} | {-V|--version} |\n"
	       "                    {-h|--help} }\n");
	return EXIT_OK;
}

static int do_version(void)
{
	struct json_object *o;

	if (json_output) {
		o = json_object_new_object();
		jput_str(o, "eehctl", eeh_version());
		jput_str(o, "libeeh", eeh_version());
		json_print("version", o);
	} else {
		printf("eehctl %s\n", eeh_version());
	}
	return EXIT_OK;
}

int cmd_select(const struct command *cmds, int argc, char **argv, const char *object,
	       int (*help)(int argc, char **argv))
{
	size_t i;

	if (argc < 1) {
		help(0, NULL);
		return EXIT_USAGE;
	}
	for (i = 0; cmds[i].name; i++)
		if (!strcmp(argv[0], cmds[i].name))
			return cmds[i].fn(argc - 1, argv + 1);
	for (i = 0; cmds[i].name; i++)
		if (is_prefix(argv[0], cmds[i].name))
			return cmds[i].fn(argc - 1, argv + 1);
	return usage_error(object, "unknown %s \"%s\": try eehctl %s%shelp",
			   *object ? "command" : "object", argv[0], object, *object ? " " : "");
}

static const struct command objects[] = {
	{ "pe",		do_pe },
	{ "vm",		do_vm },
	{ "inject",	do_inject },
	{ "trace",	do_trace },
	{ "fastpath",	do_fastpath },
	{ "stats",	do_stats },
	{ "canary",	do_canary },
	{ "feature",	do_feature },
	{ "log",	do_log },
	{ "top",	do_top },
	{ "help",	do_help },
	{ NULL,		NULL },
};

static void log_fn(void *arg, enum eeh_log_level level, const char *msg)
{
	(void)arg;
	/* Errors are printed by those who got them. */
	if (level == EEH_LOG_WARN || (debug && level != EEH_LOG_ERROR))
		fprintf(stderr, "%s\n", msg);
}

static int open_ctx(void)
{
	struct eeh_ctx_opts opts;
	char sys[PATH_MAX], proc[PATH_MAX], dev[PATH_MAX];
	const char *root = getenv("EEHCTL_ROOT");
	int err;

	EEH_INIT(&opts);
	opts.log = log_fn;
	if (root && *root) {
		snprintf(sys, sizeof(sys), "%s/sys", root);
		snprintf(proc, sizeof(proc), "%s/proc", root);
		snprintf(dev, sizeof(dev), "%s/dev", root);
		opts.sysfs_root = sys;
		opts.proc_root = proc;
		opts.dev_root = dev;
	}
	err = eeh_ctx_new(&ctx, &opts);
	return err ? fail("", err, "cannot start: %s", strerror(-err)) : 0;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json",	no_argument, NULL, 'j' },
		{ "pretty",	no_argument, NULL, 'p' },
		{ "debug",	no_argument, NULL, 'd' },
		{ "version",	no_argument, NULL, 'V' },
		{ "help",	no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool version = false;
	int opt, ret;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+jpdVh", options, NULL)) >= 0) {
		switch (opt) {
		case 'j':
			json_output = true;
			break;
		case 'p':
			json_output = true;
			json_pretty = true;
			break;
		case 'd':
			debug = true;
			break;
		case 'V':
			version = true;
			break;
		case 'h':
			return do_help(0, NULL);
		default:
			return usage_error("", "unknown option \"%s\": try eehctl help",
					   argv[optind - 1]);
		}
	}
	if (version)
		return do_version();

	ret = open_ctx();
	if (!ret)
		ret = cmd_select(objects, argc - optind, argv + optind, "", do_help);
	eeh_ctx_free(ctx);
	return ret;
}

int main(int argc, char **argv)
{
	int ret = run(argc, argv);

	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "eehctl: cannot write: %s\n", strerror(errno));
		ret = EXIT_ERROR;
	}
	return ret;
}
