/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/* A string that grows, and interned names (equal names are equal pointers). */

#include <stddef.h>
#include <stdint.h>

struct text {
	char *s;	/* NUL-terminated once anything was added; NULL before */
	size_t len;	/* bytes without the NUL */
	size_t cap;	/* bytes allocated */
};

/* Make an empty text. */
void text_init(struct text *t);
/* Free it; usable again as after text_init(). */
void text_release(struct text *t);
/* Empty it, keep the memory. */
void text_clear(struct text *t);
/* Append bytes, a string, a character, a printf. */
void text_add(struct text *t, const char *s, size_t n);
void text_puts(struct text *t, const char *s);
void text_putc(struct text *t, char c);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The string, "" when empty. Borrowed: valid until the next change. */
const char *text_str(const struct text *t);
/* What a count wants behind its noun: "s", or nothing for one. */
const char *text_plural(size_t n);
/* Order of two strings that may be NULL, which is as good as empty: as strcmp(). */
int text_compare(const char *a, const char *b);
/* Read a whole file. Returns 0, or -errno; t then holds what was read so far. */
int text_read_file(struct text *t, const char *path);

/*
 * The one copy of this string, for the whole run. Never freed: names of functions,
 * files, structs and fields, which are few against their uses. NULL gives NULL.
 */
const char *intern(const char *s);
/* The same for the first n bytes. */
const char *intern_n(const char *s, size_t n);
/* For hash tables of interned names: of the address of one, and of something else that tells it apart, or 0. */
static inline uint64_t intern_hash(const char *name, uint64_t more)
{
	uint64_t h = ((uintptr_t)name >> 3) * 0x9e3779b97f4a7c15ULL ^ more * 0xff51afd7ed558ccdULL;

	return h ^ h >> 29;
}

/* Free all interned names; for the end of the program only (leak checkers). */
void intern_release(void);

#endif
