// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON over jansson: no other file includes jansson.h. struct json is jansson's value under another name.
 *
 * Values made here hold valid UTF-8 always: what comes from source trees need not be, and one odd byte
 * in a file name must not cost a report. Running out of memory ends the program.
 */
#include <jansson.h>

/* Taken before base/json.h gives these names another meaning. */
static json_t *make_object(void)
{
	return json_object();
}

static json_t *make_array(void)
{
	return json_array();
}
#undef json_is_array
#undef json_is_object

#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"

static json_t *value_of(struct json *j)
{
	return (json_t *)j;
}

static const json_t *value_of_const(const struct json *j)
{
	return (const json_t *)j;
}

struct json *json_read_file(const char *path, struct text *error)
{
	json_error_t why;
	struct text content;
	json_t *v = NULL;
	int status;

	text_init(&content);
	status = text_read_file(&content, path);
	if (status)
		text_puts(error, strerror(-status));
	else	/* sooner than a character at a time from the file */
		v = json_loadb(text_str(&content), content.len, JSON_ALLOW_NUL, &why);
	if (!status && !v)
		text_printf(error, "line %d, column %d: %s", why.line, why.column, why.text);
	text_release(&content);
	return (struct json *)v;
}

void json_free(struct json *j)
{
	json_decref(value_of(j));
}

bool json_is_array(const struct json *j)
{
	return j && json_typeof(value_of_const(j)) == JSON_ARRAY;
}

bool json_is_object(const struct json *j)
{
	return j && json_typeof(value_of_const(j)) == JSON_OBJECT;
}

size_t json_count(const struct json *j)
{
	return json_array_size(value_of_const(j));
}

const struct json *json_at(const struct json *j, size_t i)
{
	return (const struct json *)json_array_get(value_of_const(j), i);
}

const struct json *json_member(const struct json *j, const char *key)
{
	return (const struct json *)json_object_get(value_of_const(j), key);
}

const char *json_text(const struct json *j)
{
	const char *s = json_string_value(value_of_const(j));

	/* A string with a NUL inside is no C string: taking its head would be another value. */
	return s && strlen(s) == json_string_length(value_of_const(j)) ? s : NULL;
}

/* Length of the UTF-8 sequence at s (RFC 3629: no surrogates, no overlong forms), 0 if there is none. */
static size_t sequence_length(const unsigned char *s)
{
	static const struct { unsigned char first, last, low, high; size_t length; } forms[] = {
		{ 0x01, 0x7f, 0x80, 0xbf, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (forms[i].length > 1 && (s[1] < forms[i].low || s[1] > forms[i].high))
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static json_t *string_value(const char *s)
{
	json_t *v = json_string(s);	/* fails on bytes that are no UTF-8 */
	struct text clean;

	if (v)
		return v;
	text_init(&clean);
	while (*s) {
		size_t n = sequence_length((const unsigned char *)s);

		text_add(&clean, n ? s : "\xef\xbf\xbd", n ? n : 3);
		s += n ? n : 1;
	}
	v = json_string(text_str(&clean));
	text_release(&clean);
	return v;
}

static struct json *put(struct json *object, const char *key, json_t *v)
{
	if (!v || json_object_set_new_nocheck(value_of(object), key, v))
		die("out of memory (JSON)");
	return (struct json *)v;
}

static struct json *push(struct json *array, json_t *v)
{
	if (!v || json_array_append_new(value_of(array), v))
		die("out of memory (JSON)");
	return (struct json *)v;
}

static struct json *made(json_t *v)
{
	if (!v)
		die("out of memory (JSON)");
	return (struct json *)v;
}

struct json *json_object(void)
{
	return made(make_object());
}

struct json *json_array(void)
{
	return made(make_array());
}

struct json *json_add_object(struct json *object, const char *key)
{
	return put(object, key, make_object());
}

struct json *json_add_array(struct json *object, const char *key)
{
	return put(object, key, make_array());
}

void json_add_text(struct json *object, const char *key, const char *s)
{
	if (s)
		put(object, key, string_value(s));
}

void json_add_int(struct json *object, const char *key, int64_t v)
{
	put(object, key, json_integer(v));
}

void json_add_real(struct json *object, const char *key, double v)
{
	put(object, key, isfinite(v) ? json_real(v) : json_null());	/* JSON has no NaN */
}

void json_add_bool(struct json *object, const char *key, bool v)
{
	put(object, key, json_boolean(v));
}

struct json *json_push_object(struct json *array)
{
	return push(array, make_object());
}

void json_push_text(struct json *array, const char *s)
{
	if (s)
		push(array, string_value(s));
}

int json_write_file(const struct json *j, const char *path)
{
	FILE *f = fopen(path, "wb");
	int err = 0;

	if (!f)
		return -errno;
	errno = 0;
	if (json_dumpf(value_of_const(j), f, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) ||
	    fputc('\n', f) == EOF || fflush(f))
		err = errno ? -errno : -EIO;
	if (fclose(f) && !err)
		err = errno ? -errno : -EIO;
	return err;
}
