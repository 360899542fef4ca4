// SPDX-License-Identifier: GPL-2.0-only
/* Growing strings, and the table of interned names (open addressing, doubled at half full). */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"

void text_init(struct text *t)
{
	memset(t, 0, sizeof(*t));
}

void text_release(struct text *t)
{
	free(t->s);
	text_init(t);
}

void text_clear(struct text *t)
{
	t->len = 0;
	if (t->s)
		t->s[0] = '\0';
}

static void reserve(struct text *t, size_t more)
{
	size_t need = t->len + more + 1;

	if (need <= t->cap)
		return;
	t->cap = need < 64 ? 64 : need * 2;
	t->s = realloc(t->s, t->cap);
	if (!t->s)
		die("out of memory (%zu bytes asked for)", t->cap);
}

void text_add(struct text *t, const char *s, size_t n)
{
	reserve(t, n);
	if (n)
		memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void text_puts(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_putc(struct text *t, char c)
{
	text_add(t, &c, 1);
}

void text_printf(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	reserve(t, (size_t)n);
	va_start(ap, format);
	vsnprintf(t->s + t->len, (size_t)n + 1, format, ap);
	va_end(ap);
	t->len += (size_t)n;
}

const char *text_str(const struct text *t)
{
	return t->s ? t->s : "";
}

const char *text_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

int text_compare(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a ? a : "", b ? b : "");
}

int text_read_file(struct text *t, const char *path)
{
	FILE *f = fopen(path, "rb");
	char buf[65536];
	size_t n;
	int err;

	if (!f)
		return -errno;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		text_add(t, buf, n);
	err = ferror(f) ? (errno ? -errno : -EIO) : 0;
	fclose(f);
	return err;
}

struct name {
	const char *s;	/* NULL: free */
	uint32_t hash, len;
};

static struct {
	struct name *slots;
	size_t size, used;
	struct arena arena;
} names;

static void names_grow(void)
{
	size_t size = names.size ? names.size * 2 : 4096;
	struct name *slots = calloc(size, sizeof(*slots));

	if (!slots)
		die("out of memory (%zu names)", size);
	for (size_t i = 0; i < names.size; i++) {
		size_t h = names.slots[i].hash & (size - 1);

		if (!names.slots[i].s)
			continue;
		while (slots[h].s)
			h = (h + 1) & (size - 1);
		slots[h] = names.slots[i];
	}
	free(names.slots);
	names.slots = slots;
	names.size = size;
}

const char *intern_n(const char *s, size_t n)
{
	uint32_t hash;
	size_t h;

	if (!s)
		return NULL;
	if (names.used * 2 >= names.size)
		names_grow();
	hash = (uint32_t)map_hash(s, n);
	for (h = hash & (names.size - 1); names.slots[h].s; h = (h + 1) & (names.size - 1))
		if (names.slots[h].hash == hash && names.slots[h].len == n && !memcmp(names.slots[h].s, s, n))
			return names.slots[h].s;
	names.used++;
	names.slots[h] = (struct name){arena_strndup(&names.arena, s, n), hash, (uint32_t)n};
	return names.slots[h].s;
}

const char *intern(const char *s)
{
	return s ? intern_n(s, strlen(s)) : NULL;
}

void intern_release(void)
{
	free(names.slots);
	arena_release(&names.arena);
	memset(&names, 0, sizeof(names));
}
