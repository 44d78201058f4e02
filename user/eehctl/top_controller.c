// SPDX-License-Identifier: GPL-2.0-only
/* What eeh-controld knows: one question, as eeh-controld(8) says. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller.h"
#include "eehctl.h"
#include "top.h"

#define ANSWER_MAX	(8 * 1024 * 1024)

/* One line, malloc'ed; NULL: nobody answers. */
static char *ask(const char *question)
{
	size_t room = 0, have = 0;
	char *buf = NULL, *p;
	int fd = controller_ask(question, 2);
	ssize_t n;

	if (fd < 0)
		return NULL;
	do {
		if (have + 1 >= room) {
			room = room ? room * 2 : 16384;
			p = room > ANSWER_MAX ? NULL : realloc(buf, room);
			if (!p)
				goto fail;
			buf = p;
		}
		n = recv(fd, buf + have, room - 1 - have, 0);
		if (n <= 0)
			goto fail;
		have += n;
	} while (buf[have - 1] != '\n');
	buf[have] = '\0';
	close(fd);
	return buf;
fail:
	close(fd);
	free(buf);
	return NULL;
}

static uint64_t u64(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_uint64(v) : 0;
}

static const char *str(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : "";
}

void top_ask_controller(struct top *t)
{
	char *line = ask("{\"op\": \"pes\"}\n");
	struct json_object *top = line ? json_tokener_parse(line) : NULL, *list, *o;
	size_t i, k;

	free(line);
	t->freezes = t->frozen = t->given_up = 0;
	t->controller = json_object_object_get_ex(top, "pes", &list) &&
			json_object_is_type(list, json_type_array);
	for (i = 0; t->controller && i < json_object_array_length(list); i++) {
		const char *state;

		o = json_object_array_get_idx(list, i);
		state = str(o, "state");
		t->freezes += u64(o, "freezes");
		if (!strcmp(state, "permanent"))
			t->given_up++;
		else if (strcmp(state, "idle"))
			t->frozen++;
		for (k = 0; k < t->nr; k++) {
			if (strcmp(t->pes[k].name, str(o, "pe")))
				continue;
			t->pes[k].freezes = u64(o, "freezes");
			snprintf(t->pes[k].state, sizeof(t->pes[k].state), "%s", state);
		}
	}
	json_object_put(top);
}
