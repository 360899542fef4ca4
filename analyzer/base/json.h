/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_JSON_H
#define BASE_JSON_H

/*
 * JSON, read and written. The only file that includes jansson.h is json.c. Values
 * are owned by whoever made them until they are put into an object or array, which
 * then owns them; json_free() drops a tree.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;
struct text;

/* jansson exports functions of these two names: ours are other symbols. */
#define json_object json_new_object
#define json_array json_new_array

/* Parse a file. NULL on trouble: error holds "line L, column C: what", or why it cannot be opened. */
struct json *json_read_file(const char *path, struct text *error);
void json_free(struct json *j);

/* Reading. Each gives NULL, 0 or -1 for a value of another kind or none at all. */
bool json_is_array(const struct json *j);
bool json_is_object(const struct json *j);
size_t json_count(const struct json *j);			/* of an array */
const struct json *json_at(const struct json *j, size_t i);	/* of an array */
const struct json *json_member(const struct json *j, const char *key);
const char *json_text(const struct json *j);			/* of a string */

/* Writing. json_add_* return the value added, for building on, borrowed. */
struct json *json_object(void);
struct json *json_array(void);
struct json *json_add_object(struct json *object, const char *key);
struct json *json_add_array(struct json *object, const char *key);
/* A string; bytes that are no UTF-8 are replaced by U+FFFD. NULL adds nothing. */
void json_add_text(struct json *object, const char *key, const char *s);
void json_add_int(struct json *object, const char *key, int64_t v);
void json_add_real(struct json *object, const char *key, double v);
void json_add_bool(struct json *object, const char *key, bool v);
struct json *json_push_object(struct json *array);
void json_push_text(struct json *array, const char *s);
/* Write with two-space indent, keys in the order they were added, and a newline. 0 or -errno. */
int json_write_file(const struct json *j, const char *path);

#endif
