// SPDX-License-Identifier: GPL-2.0-only
/* The client of a running controller: one request, and its answer as it comes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <json-c/json.h>

#include "controld.h"
#include "request.h"

static int ask(const char *run, const char *line)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/socket", run) >=
	    (int)sizeof(sa.sun_path) || connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		fprintf(stderr, "eeh-controld: %s/socket: %s%s\n", run, strerror(errno),
			errno == ENOENT || errno == ECONNREFUSED ? ": is it running? systemctl start eeh-controld" :
			errno == EACCES ? ": be root, or in the group socket-group" : "");
		return -1;
	}
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line)) {
		fprintf(stderr, "eeh-controld: cannot ask: %s\n", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* Prints a line of the answer; the exit code. */
static int print(const char *line, bool metrics)
{
	struct json_object *o = json_tokener_parse(line), *v;
	int ret = EXIT_SUCCESS;

	if (json_object_object_get_ex(o, "error", &v)) {
		fprintf(stderr, "eeh-controld: %s\n", json_object_get_string(v));
		ret = EXIT_FAILURE;
	} else if (metrics && json_object_object_get_ex(o, "metrics", &v)) {
		fputs(json_object_get_string(v), stdout);
	} else {
		fputs(line, stdout);
	}
	json_object_put(o);
	fflush(stdout);
	return ret;
}

int client_main(const char *run, int argc, char **argv)
{
	char line[256], error[128];
	struct request req;
	char *answer = NULL;
	size_t room = 0;
	int fd, ret = EXIT_FAILURE;
	FILE *f;

	if (argc > 2 || strpbrk(argv[0], "\"\\") || (argc == 2 && strpbrk(argv[1], "\"\\")))
		return 2;
	if (argc == 2)
		snprintf(line, sizeof(line), "{\"op\": \"%s\", \"pe\": \"%s\"}\n", argv[0], argv[1]);
	else
		snprintf(line, sizeof(line), "{\"op\": \"%s\"}\n", argv[0]);
	if (request_parse(line, strlen(line) - 1, &req, error, sizeof(error))) {
		fprintf(stderr, "eeh-controld: %s\n", error);
		return 2;
	}
	fd = ask(run, line);
	if (fd < 0)
		return EXIT_FAILURE;
	f = fdopen(fd, "r");
	while (f && getline(&answer, &room, f) > 0) {
		ret = print(answer, req.op == REQUEST_METRICS);
		if (req.op != REQUEST_WATCH && req.op != REQUEST_EVENTS)
			break;
	}
	free(answer);
	if (f)
		fclose(f);
	return ret;
}
