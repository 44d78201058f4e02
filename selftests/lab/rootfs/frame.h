/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The framing between agent-call (host) and agent (guest) on a guest's serial channel.
 *
 * Both ends are little endian and built from this file together. A channel carries one command at
 * a time. The header's check word lets a reader find the next frame in whatever a terminal echoed
 * before the agent made its line raw.
 *
 * What goes into the guest is escaped, because Linux drops a NUL that follows a carriage return on
 * a virtual terminal (hvterm_raw_get_chars() in drivers/tty/hvc/hvc_vio.c): no carriage return is
 * ever sent.
 */
#ifndef LAB_FRAME_H
#define LAB_FRAME_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define FRAME_MAGIC	0x41484545u	/* "EEHA" */
#define FRAME_MAX	2048		/* payload bytes of one frame */

enum frame_type {
	/* host to guest */
	FRAME_PING = 'P',	/* -> PONG */
	FRAME_EXEC = 'E',	/* argv, each word with its NUL; -> OUT, ERR..., EXIT */
	FRAME_PUT = 'U',	/* path with its NUL; then DATA..., END; -> EXIT */
	FRAME_DATA = 'D',
	FRAME_END = 'Z',	/* uint32_t bytes of data that were sent */
	FRAME_KILL = 'K',	/* end the running command; -> EXIT as usual */
	/* guest to host */
	FRAME_PONG = 'p',
	FRAME_OUT = 'o',
	FRAME_ERR = 'e',
	FRAME_EXIT = 'x',	/* uint32_t exit status, 128 + signal if it was killed */
};

struct frame {
	uint32_t magic;
	uint32_t id;		/* chosen by the host per command, repeated in every answer */
	uint32_t type;
	uint32_t len;		/* payload bytes that follow */
	uint32_t check;		/* of the four words above */
	unsigned char data[FRAME_MAX];
};

#define FRAME_HEADER	20

static inline uint32_t frame_check(const struct frame *f)
{
	return ~(f->magic + f->id * 3 + f->type * 5 + f->len * 7);
}

static inline int frame_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

#define FRAME_ESCAPE	0x10
#define FRAME_ESCAPED	0x40	/* flipped in the byte after FRAME_ESCAPE */

/* Guest to host. */
static inline int frame_send(int fd, uint32_t id, uint32_t type, const void *data, uint32_t len)
{
	struct frame f = { .magic = FRAME_MAGIC, .id = id, .type = type, .len = len };

	f.check = frame_check(&f);
	memcpy(f.data, data, len);
	return frame_write_all(fd, &f, FRAME_HEADER + len);
}

/* Host to guest. */
static inline int frame_send_escaped(int fd, uint32_t id, uint32_t type, const void *data,
				     uint32_t len)
{
	struct frame f = { .magic = FRAME_MAGIC, .id = id, .type = type, .len = len };
	unsigned char out[2 * sizeof(f)], *in = (unsigned char *)&f;
	size_t n = 0;

	f.check = frame_check(&f);
	memcpy(f.data, data, len);
	for (size_t i = 0; i < FRAME_HEADER + len; i++) {
		if (in[i] == '\r' || in[i] == FRAME_ESCAPE) {
			out[n++] = FRAME_ESCAPE;
			out[n++] = in[i] ^ FRAME_ESCAPED;
		} else {
			out[n++] = in[i];
		}
	}
	return frame_write_all(fd, out, n);
}

/* What has arrived and is not yet a whole frame. */
struct frame_reader {
	unsigned char buf[2 * sizeof(struct frame)];
	size_t have;
	int escaped;		/* what arrives is escaped */
	int pending;		/* the last byte that arrived was FRAME_ESCAPE */
};

/* Read what is there. 0 = end of file, < 0 = error (EAGAIN included), else bytes. */
static inline ssize_t frame_fill(struct frame_reader *r, int fd)
{
	unsigned char *in = r->buf + r->have;
	ssize_t n = read(fd, in, sizeof(r->buf) - r->have);

	for (ssize_t i = 0; i < n; i++) {
		if (r->escaped && !r->pending && in[i] == FRAME_ESCAPE) {
			r->pending = 1;
			continue;
		}
		r->buf[r->have++] = r->pending ? in[i] ^ FRAME_ESCAPED : in[i];
		r->pending = 0;
	}
	return n;
}

/* Take the next whole frame out of the reader: 1 if there is one. */
static inline int frame_next(struct frame_reader *r, struct frame *f)
{
	size_t skip = 0;

	while (r->have - skip >= FRAME_HEADER) {
		memcpy(f, r->buf + skip, FRAME_HEADER);
		if (f->magic != FRAME_MAGIC || f->check != frame_check(f) || f->len > FRAME_MAX) {
			skip++;
			continue;
		}
		if (r->have - skip < FRAME_HEADER + f->len)
			break;
		memcpy(f->data, r->buf + skip + FRAME_HEADER, f->len);
		skip += FRAME_HEADER + f->len;
		r->have -= skip;
		memmove(r->buf, r->buf + skip, r->have);
		return 1;
	}
	r->have -= skip;
	memmove(r->buf, r->buf + skip, r->have);
	return 0;
}

#endif
