// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shell words (POSIX.1, "Shell Command Language", 2.2 Quoting): single quotes hold everything, double
 * quotes all but $, ` and \, a backslash the next character. Nothing is expanded: what a shell would
 * expand is marked, and the caller leaves such a command alone.
 *
 * Words and text of one command are gathered in two growing buffers and copied to the arena at its end.
 */
#include "capture/words.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

struct scan {
	const char *p;
	struct text bytes;	/* the words, each ended by a NUL */
	struct words *out;
	bool in_word;
};

static void put_char(struct scan *s, char c)
{
	s->in_word = true;
	text_putc(&s->bytes, c);
}

static void end_word(struct scan *s)
{
	if (!s->in_word)
		return;
	text_putc(&s->bytes, '\0');
	s->out->argc++;
	s->in_word = false;
}

/* At a '$' or '`': would a shell expand here? */
static bool is_expansion(const char *p)
{
	return *p == '`' || isalnum((unsigned char)p[1]) || (p[1] && strchr("_({@*#?$!-", p[1]));
}

static void scan_single(struct scan *s)
{
	s->in_word = true;
	for (s->p++; *s->p && *s->p != '\''; s->p++)
		put_char(s, *s->p);
	if (*s->p)
		s->p++;
	else
		s->out->open = true;
}

static void scan_double(struct scan *s)
{
	s->in_word = true;
	for (s->p++; *s->p && *s->p != '"'; s->p++) {
		if (*s->p == '\\' && s->p[1] && strchr("$`\"\\\n", s->p[1])) {
			if (*++s->p != '\n')
				put_char(s, *s->p);
			continue;
		}
		if ((*s->p == '$' || *s->p == '`') && is_expansion(s->p))
			s->out->expands = true;
		put_char(s, *s->p);
	}
	if (*s->p)
		s->p++;
	else
		s->out->open = true;
}

static void scan_backslash(struct scan *s)
{
	if (s->p[1] && s->p[1] != '\n')
		put_char(s, s->p[1]);
	s->p += s->p[1] ? 2 : 1;
}

static void scan_plain(struct scan *s)
{
	if ((*s->p == '$' || *s->p == '`') && is_expansion(s->p))
		s->out->expands = true;
	put_char(s, *s->p++);
}

/* Scan up to the operator that ends the command. */
static void scan_command(struct scan *s)
{
	while (*s->p && !strchr(";|&<>()\n", *s->p)) {
		if (*s->p == ' ' || *s->p == '\t' || *s->p == '\r') {
			end_word(s);
			s->p++;
		} else if (*s->p == '\'') {
			scan_single(s);
		} else if (*s->p == '"') {
			scan_double(s);
		} else if (*s->p == '\\') {
			scan_backslash(s);
		} else {
			scan_plain(s);
		}
	}
	end_word(s);
}

static void keep_words(struct arena *a, struct scan *s)
{
	char *copy = arena_copy(a, text_str(&s->bytes), s->bytes.len + 1);

	s->out->argv = ARENA_ARRAY(a, char *, s->out->argc + 1);
	for (int i = 0; i < s->out->argc; i++) {
		s->out->argv[i] = copy;
		copy += strlen(copy) + 1;
	}
}

bool words_next(struct arena *a, const char **cursor, struct words *out)
{
	struct scan s = { .p = *cursor, .out = out };

	memset(out, 0, sizeof(*out));
	if (!*s.p)
		return false;
	text_init(&s.bytes);
	scan_command(&s);
	keep_words(a, &s);
	text_release(&s.bytes);
	out->end = *s.p;
	*cursor = *s.p ? s.p + 1 : s.p;
	return true;
}

bool words_split(struct arena *a, const char *text, struct words *out)
{
	if (!words_next(a, &text, out))
		return false;
	if (out->end == '\n' && !text[strspn(text, " \t\r\n")])
		out->end = 0;
	return !out->end && !out->expands && !out->open && out->argc;
}
