/* SPDX-License-Identifier: GPL-2.0-only */
/* Members of JSON objects; what eehctl prints and the controller answers is made of these. */
#ifndef __JSON_PUT_H
#define __JSON_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include <eeh/eeh.h>
#include <json-c/json.h>

static inline void jput_u64(struct json_object *obj, const char *key, uint64_t val)
{
	json_object_object_add(obj, key, json_object_new_uint64(val));
}

static inline void jput_str(struct json_object *obj, const char *key, const char *val)
{
	json_object_object_add(obj, key, json_object_new_string(val));
}

static inline void jput_bool(struct json_object *obj, const char *key, bool val)
{
	json_object_object_add(obj, key, json_object_new_boolean(val));
}

/* {"api_level": 1, name: obj}, the outermost of all; takes over obj. */
static inline struct json_object *jput_top(const char *name, struct json_object *obj)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "api_level", json_object_new_int(EEH_API_LEVEL));
	json_object_object_add(top, name, obj);
	return top;
}

#endif /* __JSON_PUT_H */
