// SPDX-License-Identifier: GPL-2.0-only
/* The way to eeh-controld. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "controller.h"

int controller_ask(const char *question, unsigned int timeout_s)
{
	const struct timeval tv = { .tv_sec = timeout_s };
	const char *root = getenv("EEHCTL_ROOT");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len = strlen(question);
	int fd, err;

	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/run/eeh-controld/socket", root ? root : "") >=
	    (int)sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (!connect(fd, (struct sockaddr *)&sa, sizeof(sa)) &&
	    send(fd, question, len, MSG_NOSIGNAL) == (ssize_t)len)
		return fd;
	err = errno ? -errno : -EIO;
	close(fd);
	return err;
}
