// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sockets: one of JSON lines, which asks the kernel who is there, and one
 * of HTTP for OpenMetrics, which anybody who can connect may read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "../event_json.h"
#include "controld.h"
#include "request.h"

/* What all clients together may leave unread; events, which are many, leave room for answers. */
#define UNREAD_MAX	(2 * 1024 * 1024)
#define UNREAD_EVENTS	(UNREAD_MAX / 2)

struct client {
	struct client *next;
	struct controld *c;
	sd_event_source *source;
	int fd;
	bool http, root, denied, watch, listens, closing;
	/* Of events: found no room for this client; by all before it came; what it was told. */
	uint64_t lost, lost_before, lost_told;
	char in[REQUEST_MAX + 1];
	size_t in_len;
	char *out;
	size_t out_len, out_at;
};

static size_t unread;

static void client_free(struct client *cl)
{
	struct controld *c = cl->c;
	struct client **at;

	for (at = &c->clients; *at != cl; at = &(*at)->next)
		;
	*at = cl->next;
	c->nr_clients--;
	c->nr_watchers -= cl->watch;
	c->nr_listeners -= cl->listens;
	unread -= cl->out_len;
	sd_event_source_disable_unref(cl->source);
	close(cl->fd);
	free(cl->out);
	free(cl);
}

/* Sends what there is; false: the client is gone. */
static bool client_flush(struct client *cl)
{
	ssize_t n;

	while (cl->out_at < cl->out_len) {
		n = send(cl->fd, cl->out + cl->out_at, cl->out_len - cl->out_at,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return sd_event_source_set_io_events(cl->source, EPOLLOUT) >= 0;
		if (n < 0)
			return false;
		cl->out_at += n;
	}
	unread -= cl->out_len;
	free(cl->out);
	cl->out = NULL;
	cl->out_len = cl->out_at = 0;
	return !cl->closing && sd_event_source_set_io_events(cl->source, EPOLLIN) >= 0;
}

/* Takes over text. */
static bool client_send(struct client *cl, char *text, size_t len)
{
	char *both;

	if (!text)
		return false;
	if (unread + len > UNREAD_MAX) {
		free(text);
		return false;
	}
	if (cl->out) {
		both = realloc(cl->out, cl->out_len + len);
		if (!both) {
			free(text);
			return false;
		}
		memcpy(both + cl->out_len, text, len);
		free(text);
		cl->out = both;
	} else {
		cl->out = text;
	}
	cl->out_len += len;
	unread += len;
	return client_flush(cl);
}

/* Unasked: a line, whose newline is added. */
static void client_tell(struct client *cl, const char *line, size_t len)
{
	char *copy = malloc(len + 2);

	if (copy) {
		memcpy(copy, line, len);
		memcpy(copy + len, "\n", 2);
	}
	/* Who does not read is dropped when it next says something, or hangs up. */
	if (!client_send(cl, copy, len + 1)) {
		cl->closing = true;
		shutdown(cl->fd, SHUT_RDWR);
	}
}

void server_watchers(struct controld *c, const char *line)
{
	struct client *cl;

	for (cl = c->clients; cl; cl = cl->next)
		if (cl->watch && !cl->closing)
			client_tell(cl, line, strlen(line));
}

/* How many events this client did not get, if it does not know yet. */
static void client_lost(struct client *cl)
{
	uint64_t lost = cl->lost + cl->c->state.lost - cl->lost_before;
	struct json_object *o, *top;
	const char *line;
	size_t len;

	if (!cl->listens || cl->closing || lost == cl->lost_told)
		return;
	o = json_object_new_object();
	jput_u64(o, "lost", lost);
	top = jput_top("loss", o);
	line = json_object_to_json_string_length(top, JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	cl->lost_told = lost;
	client_tell(cl, line, len);
	json_object_put(top);
}

void server_lost(struct controld *c)
{
	struct client *cl;

	for (cl = c->clients; cl; cl = cl->next)
		client_lost(cl);
}

void server_event(struct controld *c, const struct eeh_event *ev)
{
	struct json_object *top;
	struct client *cl;
	const char *line;
	size_t len;

	if (!c->nr_listeners)
		return;
	top = jput_top("event", event_json(ev));
	line = json_object_to_json_string_length(top, JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	for (cl = c->clients; cl; cl = cl->next) {
		if (!cl->listens || cl->closing)
			continue;
		/* A burst that is not read as fast is counted, and told when there is room. */
		if (unread + len > UNREAD_EVENTS) {
			cl->lost++;
			continue;
		}
		client_lost(cl);
		if (!cl->closing)
			client_tell(cl, line, len);
	}
	json_object_put(top);
}

/* ---- JSON lines ---- */

static bool on_line(struct client *cl, const char *line, size_t len)
{
	struct controld *c = cl->c;
	struct request req;
	char error[128], *answer;
	size_t n;

	if (cl->denied) {
		cl->closing = true;
		answer = request_error("only root and the group of socket-group may ask", &n);
	} else if (request_parse(line, len, &req, error, sizeof(error))) {
		answer = request_error(error, &n);
	} else if (req.change && !cl->root) {
		answer = request_error("only root may change something", &n);
	} else {
		if (req.op == REQUEST_WATCH && !cl->watch) {
			cl->watch = true;
			c->nr_watchers++;
		}
		if (req.op == REQUEST_EVENTS && !cl->listens && backend.events_fd(c->be) >= 0) {
			cl->listens = true;
			cl->lost_before = c->state.lost;
			c->nr_listeners++;
		}
		answer = request_answer(c, &req, &n);
	}
	return client_send(cl, answer, n);
}

static bool on_lines(struct client *cl)
{
	char *nl;
	size_t n;

	while (!cl->out && (nl = memchr(cl->in, '\n', cl->in_len))) {
		n = nl - cl->in;
		if (!on_line(cl, cl->in, n))
			return false;
		cl->in_len -= n + 1;
		memmove(cl->in, nl + 1, cl->in_len);
	}
	if (cl->in_len >= REQUEST_MAX && !cl->out) {
		char *answer = request_error("a request without an end", &n);

		cl->closing = true;
		return client_send(cl, answer, n);
	}
	return true;
}

/* ---- HTTP: GET /metrics and nothing else ---- */

static bool on_http(struct client *cl)
{
	char *body = NULL, *text;
	size_t len = 0;
	int n;

	cl->in[cl->in_len] = '\0';
	if (!strstr(cl->in, "\r\n\r\n") && !strstr(cl->in, "\n\n"))
		return cl->in_len < REQUEST_MAX;
	cl->closing = true;
	if (!strncmp(cl->in, "GET /metrics ", 13) || !strncmp(cl->in, "GET /metrics?", 13))
		body = metrics_text(cl->c, &len);
	if (!body) {
		text = strdup("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
		return client_send(cl, text, text ? strlen(text) : 0);
	}
	n = asprintf(&text, "HTTP/1.1 200 OK\r\n"
		     "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
		     "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", len, body);
	free(body);
	return n > 0 && client_send(cl, text, n);
}

/* ---- Clients ---- */

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct client *cl = arg;
	struct controld *c = cl->c;
	bool ok = true;
	ssize_t n;

	(void)source;
	if (revents & EPOLLOUT)
		ok = client_flush(cl);
	if (ok && !cl->out)
		client_lost(cl);
	if (ok && !cl->closing && revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = recv(fd, cl->in + cl->in_len, REQUEST_MAX - cl->in_len, MSG_DONTWAIT);
		if (n > 0)
			cl->in_len += n;
		else if (!n || (errno != EAGAIN && errno != EINTR))
			ok = false;
	}
	if (ok && !cl->closing)
		ok = cl->http ? on_http(cl) : on_lines(cl);
	if (!ok)
		client_free(cl);
	/* A request may have told engines something. */
	controld_commit(c);
	return 0;
}

/* Who is it: -EACCES, or whether it is root. */
static int who(struct controld *c, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct group *gr;
	gid_t gids[256];
	size_t i;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -EACCES;
	if (!cred.uid)
		return 1;
	if (!*c->config->socket_group)
		return -EACCES;
	gr = getgrnam(c->config->socket_group);
	if (!gr)
		return -EACCES;
	if (cred.gid == gr->gr_gid)
		return 0;
	len = sizeof(gids);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids, &len))
		return -EACCES;
	for (i = 0; i < len / sizeof(gids[0]); i++)
		if (gids[i] == gr->gr_gid)
			return 0;
	return -EACCES;
}

/* Somebody who was there for long and is not root makes room. */
static bool make_room(struct controld *c)
{
	struct client *cl, *oldest = NULL;

	for (cl = c->clients; cl; cl = cl->next)
		if (!cl->root)
			oldest = cl;
	if (!oldest)
		return false;
	client_free(oldest);
	return true;
}

static void client_new(struct controld *c, int fd, bool http)
{
	struct client *cl;
	int root = http ? 0 : who(c, fd);

	if (c->nr_clients >= CLIENTS_MAX && !make_room(c)) {
		close(fd);
		return;
	}
	cl = calloc(1, sizeof(*cl));
	if (!cl || sd_event_add_io(c->loop, &cl->source, fd, EPOLLIN, on_client, cl) < 0) {
		free(cl);
		close(fd);
		return;
	}
	cl->c = c;
	cl->fd = fd;
	cl->http = http;
	cl->root = root > 0;
	/* Says why when it asks. */
	cl->denied = root < 0;
	cl->next = c->clients;
	c->clients = cl;
	c->nr_clients++;
}

static int on_listen(struct controld *c, int fd, bool http)
{
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (conn >= 0)
		client_new(c, conn, http);
	return 0;
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	(void)source;
	(void)revents;
	return on_listen(arg, fd, false);
}

static int on_metrics(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	(void)source;
	(void)revents;
	return on_listen(arg, fd, true);
}

/* ---- Listening ---- */

static int listen_unix(struct controld *c)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct group *gr = NULL;
	int fd, err = 0;

	if (snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/socket", c->run) >= (int)sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	if (*c->config->socket_group) {
		gr = getgrnam(c->config->socket_group);
		if (!gr)
			say(c, LOG_WARNING, "There is no group \"%s\" (socket-group): only root may ask",
			    c->config->socket_group);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(sa.sun_path);
	/* Whoever may connect is asked again who it is, see who(). */
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 16))
		err = -errno;
	if (!err && gr && (chown(sa.sun_path, -1, gr->gr_gid) || chmod(sa.sun_path, 0660)))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int listen_tcp(const char *where)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	const char *colon = strrchr(where, ':');
	char host[32];
	int fd, one = 1, err;

	if (!colon || (size_t)snprintf(host, sizeof(host), "%.*s", (int)(colon - where), where) >=
	    sizeof(host) || inet_pton(AF_INET, host, &sa.sin_addr) != 1)
		return -EINVAL;
	sa.sin_port = htons(atoi(colon + 1));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 16)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int server_open(struct controld *c)
{
	char **names = NULL;
	bool given = false;
	int n, i, fd, err;

	fd = listen_unix(c);
	if (fd < 0) {
		say(c, LOG_ERR, "Cannot listen on %s/socket: %s", c->run, strerror(-fd));
		return fd;
	}
	err = sd_event_add_io(c->loop, NULL, fd, EPOLLIN, on_socket, c);
	if (err < 0)
		return err;

	/* From systemd, so that the service itself needs no network. */
	n = sd_listen_fds_with_names(1, &names);
	for (i = 0; i < n; i++) {
		if (strcmp(names[i], KEEP_NAME)) {
			err = sd_event_add_io(c->loop, NULL, SD_LISTEN_FDS_START + i, EPOLLIN,
					      on_metrics, c);
			given = true;
		}
		free(names[i]);
	}
	free(names);
	if (!given && *c->config->metrics_listen) {
		fd = listen_tcp(c->config->metrics_listen);
		if (fd < 0)
			say(c, LOG_ERR, "Cannot listen on %s (metrics-listen): %s; there are no metrics there",
			    c->config->metrics_listen, strerror(-fd));
		else
			err = sd_event_add_io(c->loop, NULL, fd, EPOLLIN, on_metrics, c);
	}
	return err < 0 ? err : 0;
}
