// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent TTY: run the commands that arrive on a serial channel, in the guest.
 *
 * One agent per channel and one command at a time; the host has several channels. A command's
 * background children do not hold its end up: its EXIT is sent when the command itself ends.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>

#include "../frame.h"

static int tty;

static void send_exit(uint32_t id, uint32_t status)
{
	frame_send(tty, id, FRAME_EXIT, &status, sizeof(status));
}

/* Pass on what the pipe holds: 0 at its end or when it is empty. */
static int forward(int fd, uint32_t id, enum frame_type type)
{
	unsigned char buf[FRAME_MAX];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n <= 0)
		return 0;
	frame_send(tty, id, type, buf, n);
	return 1;
}

static pid_t spawn(const struct frame *f, int out, int err)
{
	char *argv[FRAME_MAX / 2 + 1];
	char *p = (char *)f->data, *end = p + f->len;
	int argc = 0, null;
	pid_t pid;

	while (p < end && argc < FRAME_MAX / 2) {
		argv[argc++] = p;
		p += strlen(p) + 1;
	}
	argv[argc] = NULL;
	if (!argc)
		return -1;
	pid = fork();
	if (pid)
		return pid;
	setsid();
	null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	signal(SIGCHLD, SIG_DFL);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void do_exec(struct frame_reader *r, const struct frame *f)
{
	int out[2], err[2], status = 0;
	struct frame in;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		send_exit(f->id, 126);
		return;
	}
	pid = spawn(f, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	if (pid < 0) {
		send_exit(f->id, 126);
		goto done;
	}
	for (;;) {
		struct pollfd p[3] = {
			{ .fd = out[0], .events = POLLIN },
			{ .fd = err[0], .events = POLLIN },
			{ .fd = tty, .events = POLLIN },
		};

		/* The time-out is for a command that closed its output before it ended. */
		poll(p, 3, 100);
		forward(out[0], f->id, FRAME_OUT);
		forward(err[0], f->id, FRAME_ERR);
		if (p[2].revents & POLLIN)
			frame_fill(r, tty);
		while (frame_next(r, &in)) {
			if (in.type == FRAME_KILL && in.id == f->id)
				kill(-pid, SIGKILL);
			else if (in.type == FRAME_PING)
				frame_send(tty, in.id, FRAME_PONG, "", 0);
		}
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		/* A closed pipe makes poll return at once: do not spin. */
		if ((p[0].revents & POLLHUP) && (p[1].revents & POLLHUP))
			usleep(10000);
	}
	while (forward(out[0], f->id, FRAME_OUT))
		;
	while (forward(err[0], f->id, FRAME_ERR))
		;
	send_exit(f->id, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
done:
	close(out[0]);
	close(err[0]);
}

static void do_put(struct frame_reader *r, const struct frame *f)
{
	int fd = open((const char *)f->data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	uint32_t status = fd < 0, got = 0, sent;
	struct frame in;

	for (;;) {
		while (frame_next(r, &in)) {
			if (in.id != f->id)
				continue;
			if (in.type == FRAME_DATA && !status) {
				status = frame_write_all(fd, in.data, in.len) != 0;
				got += in.len;
			} else if (in.type == FRAME_END) {
				memcpy(&sent, in.data, sizeof(sent));
				status |= got != sent;
				goto end;
			} else if (in.type == FRAME_KILL) {
				status = 1;
				goto end;
			}
		}
		if (frame_fill(r, tty) < 0 && errno != EINTR)
			goto end;
	}
end:
	if (fd >= 0 && close(fd))
		status = 1;
	send_exit(f->id, status);
}

int main(int argc, char **argv)
{
	static struct frame_reader r = { .escaped = 1 };
	static struct frame f;
	struct termios t;

	if (argc != 2)
		return 2;
	tty = open(argv[1], O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0) {
		perror(argv[1]);
		return 1;
	}
	tcgetattr(tty, &t);
	cfmakeraw(&t);
	tcsetattr(tty, TCSAFLUSH, &t);
	for (;;) {
		while (frame_next(&r, &f)) {
			if (f.type == FRAME_PING)
				frame_send(tty, f.id, FRAME_PONG, "", 0);
			else if (f.type == FRAME_EXEC)
				do_exec(&r, &f);
			else if (f.type == FRAME_PUT)
				do_put(&r, &f);
		}
		if (frame_fill(&r, tty) <= 0 && errno != EINTR)
			usleep(100000);
	}
}
