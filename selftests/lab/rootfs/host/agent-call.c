// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent-call SOCKET SECONDS ping|exec|put ARGS...: talk to the agent of a guest, from its host.
 *
 *   ping          until it answers
 *   exec CMD...   run CMD in the guest; its output and exit status become ours
 *   put PATH      write our standard input to PATH in the guest
 *
 * SECONDS limits the whole call (0: no limit). Exit status 124: time is up, and the command in the
 * guest was killed; 125: the channel is gone.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "../frame.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static long now_ms(void)
{
	struct timespec ts;

	/* not the exact one: docs/lab-known-issues.md, "The clock jumps" */
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int fail(const char *what)
{
	fprintf(stderr, "agent-call: %s: %s\n", what, strerror(errno));
	return 125;
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(a.sun_path))
		return -1;
	strcpy(a.sun_path, path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int send_exec(int fd, uint32_t id, int argc, char **argv)
{
	char buf[FRAME_MAX];
	size_t len = 0;

	for (int i = 0; i < argc; i++) {
		size_t n = strlen(argv[i]) + 1;

		if (len + n > sizeof(buf)) {
			fprintf(stderr, "agent-call: the command is longer than %d bytes: put it in a script\n",
				FRAME_MAX);
			exit(2);
		}
		memcpy(buf + len, argv[i], n);
		len += n;
	}
	return frame_send_escaped(fd, id, FRAME_EXEC, buf, len);
}

static int send_file(int fd, uint32_t id, const char *path)
{
	char buf[FRAME_MAX];
	uint32_t total = 0;
	ssize_t n;

	if (frame_send_escaped(fd, id, FRAME_PUT, path, strlen(path) + 1))
		return -1;
	while ((n = read(0, buf, sizeof(buf))) > 0) {
		if (frame_send_escaped(fd, id, FRAME_DATA, buf, n))
			return -1;
		total += n;
	}
	return frame_send_escaped(fd, id, FRAME_END, &total, sizeof(total));
}

int main(int argc, char **argv)
{
	static struct frame_reader r;
	static struct frame f;
	uint32_t id, status;
	struct sigaction sa = { .sa_handler = on_signal };
	long deadline, next_ping = 0;
	int ended = 0; /* our exit status once we gave up the command */
	int ping, fd;

	if (argc < 4) {
		fprintf(stderr, "usage: agent-call SOCKET SECONDS ping|exec|put ARGS...\n");
		return 2;
	}
	ping = !strcmp(argv[3], "ping");
	deadline = atol(argv[2]) ? now_ms() + atol(argv[2]) * 1000 : 0;
	id = (uint32_t)getpid() ^ (uint32_t)now_ms() << 16;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = connect_to(argv[1]);
	if (fd < 0)
		return fail(argv[1]);
	/* A guest that reads nothing must not hold us longer than the time limit. */
	if (atol(argv[2]))
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO,
			   &(struct timeval){ .tv_sec = atol(argv[2]) }, sizeof(struct timeval));
	if (!strcmp(argv[3], "exec")) {
		if (send_exec(fd, id, argc - 4, argv + 4))
			return fail("send");
	} else if (!strcmp(argv[3], "put") && argc == 5) {
		if (send_file(fd, id, argv[4]))
			return fail("send");
	} else if (!ping) {
		return 2;
	}

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		long now = now_ms();

		if (ping && now >= next_ping) {
			if (frame_send_escaped(fd, id, FRAME_PING, "", 0))
				return fail("send");
			next_ping = now + 1000;
		}
		if (ended && now >= deadline)
			return ended; /* the guest does not even answer the kill */
		if (!ended && (stop || (deadline && now >= deadline))) {
			ended = stop ? 128 + stop : 124;
			if (ping)
				return ended;
			frame_send_escaped(fd, id, FRAME_KILL, "", 0);
			deadline = now + 5000;
		}
		if (poll(&p, 1, 200) > 0 && frame_fill(&r, fd) <= 0)
			return fail("the guest's channel closed");
		while (frame_next(&r, &f)) {
			if (f.id != id)
				continue; /* of a command that an earlier caller gave up */
			switch (f.type) {
			case FRAME_PONG:
				return 0;
			case FRAME_OUT:
				if (frame_write_all(1, f.data, f.len))
					stop = SIGPIPE;
				break;
			case FRAME_ERR:
				frame_write_all(2, f.data, f.len);
				break;
			case FRAME_EXIT:
				memcpy(&status, f.data, sizeof(status));
				return ended ? ended : (int)status;
			}
		}
	}
}
