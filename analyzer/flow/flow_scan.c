// SPDX-License-Identifier: GPL-2.0-only
/* The scanner under the parser of flow's text, by hand: tens of megabytes go through it at every run. */
#include "flow/flow_scan.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

const unsigned char flow_chars[256] = {
	['a' ... 'z'] = 15, ['A' ... 'Z'] = 15, ['0' ... '9'] = 15, ['_'] = 15, ['$'] = 15,
	['.'] = CHAR_NAME | CHAR_FIELD | CHAR_FILE, ['-'] = CHAR_FIELD | CHAR_FILE,
	[':'] = CHAR_FIELD, ['['] = CHAR_FIELD, [']'] = CHAR_FIELD,
	['/'] = CHAR_FILE, ['+'] = CHAR_FILE, [','] = CHAR_FILE, ['~'] = CHAR_FILE, ['='] = CHAR_FILE,
};

void scan_fail(struct scan *s, const char *format, ...)
{
	char buf[200];
	va_list ap;
	int line = 1;

	if (s->failed)
		return;
	s->failed = true;
	for (const char *p = s->start; p < s->p; p++)
		line += *p == '\n';
	va_start(ap, format);
	vsnprintf(buf, sizeof(buf), format, ap);
	va_end(ap);
	text_printf(s->error, "line %d: %s", line, buf);
	s->p = "";
}

void scan_blank(struct scan *s)
{
	if (*s->p == ' ')
		s->p++;
	else if (*s->p != '\t') {
		scan_fail(s, "expected a blank");
		return;
	}
	while (*s->p == ' ' || *s->p == '\t') {
		s->p++;
		s->odd = true;
	}
}

void scan_comma(struct scan *s)
{
	scan_need(s, ',');
	scan_blank(s);
}

void scan_end_line(struct scan *s)
{
	while (*s->p == ' ' || *s->p == '\t' || *s->p == '\r') {
		s->p++;
		s->odd = true;
	}
	if (*s->p == '\n')
		s->p++;
	else if (*s->p || s->failed)
		scan_fail(s, "expected the end of the line");
	else
		s->odd = true;
}

void scan_skip_lines(struct scan *s)
{
	for (;;) {
		const char *p = s->p;

		while (*p == ' ' || *p == '\t' || *p == '\r')
			p++;
		if (*p == ';')
			p += strcspn(p, "\n");
		if (*p != '\n')
			return;
		s->p = p + 1;
		s->odd = true;
	}
}

uint64_t scan_digits(struct scan *s, uint64_t max)
{
	uint64_t v = 0;

	if (!DIGIT(*s->p))
		scan_fail(s, "expected a number");
	for (; DIGIT(*s->p); s->p++) {
		unsigned d = (unsigned)(*s->p - '0');

		if (v > (max - d) / 10) {
			scan_fail(s, "number too large");
			return 0;
		}
		v = v * 10 + d;
	}
	return v;
}

int64_t scan_magnitude(struct scan *s, bool negative)
{
	uint64_t v = scan_digits(s, (uint64_t)INT64_MAX + negative);

	return negative ? (int64_t)(0 - v) : (int64_t)v;
}

int64_t scan_number(struct scan *s)
{
	return scan_magnitude(s, scan_eat(s, '-'));
}

int scan_small(struct scan *s, int max)
{
	return (int)scan_digits(s, (uint64_t)max);
}

int scan_line(struct scan *s)
{
	bool is_before = s->base && scan_eat(s, '-');
	int n = scan_small(s, is_before ? s->base : INT_MAX - s->base);

	return s->base + (is_before ? -n : n);
}

static int hex_digit(char c)
{
	if (DIGIT(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* One character behind a backslash; 0 if it is none. */
static char escape(struct scan *s)
{
	char c = *s->p;
	int high, low;

	if (c)
		s->p++;
	if (c == 'n')
		return '\n';
	if (c == 't')
		return '\t';
	if (c == '"' || c == '\\')
		return c;
	if (c != 'x')
		return 0;
	high = hex_digit(s->p[0]);
	low = high < 0 ? -1 : hex_digit(s->p[1]);
	if (low < 0)
		return 0;
	s->p += 2;
	return (char)(high * 16 + low);
}

const char *scan_quoted(struct scan *s)
{
	struct text t;
	const char *name;

	text_init(&t);
	scan_need(s, '"');
	while (*s->p != '"' && !s->failed) {
		char c = *s->p;

		if (!c || c == '\n') {
			scan_fail(s, "missing '\"'");
			break;
		}
		s->p++;
		if (c == '\\')
			c = escape(s);
		if (c)
			text_putc(&t, c);
		else
			scan_fail(s, "bad escape in a string");
	}
	scan_eat(s, '"');
	name = intern(text_str(&t));
	text_release(&t);
	return name;
}

const char *scan_name(struct scan *s, unsigned class)
{
	const char *p = s->p;

	if (*p == '"')
		return scan_quoted(s);
	while (flow_char_is(*p, class))
		p++;
	if (p == s->p) {
		scan_fail(s, "expected a name");
		return "";
	}
	const char *found = intern_n(s->p, (size_t)(p - s->p));

	s->p = p;
	return found;
}

const char *scan_name_or_none(struct scan *s)
{
	if (s->p[0] == '_' && !flow_char_is(s->p[1], CHAR_NAME)) {
		s->p++;
		return NULL;
	}
	return scan_name(s, CHAR_NAME);
}

const char *scan_file_name(struct scan *s)
{
	return scan_eat(s, '?') ? NULL : scan_name(s, CHAR_FILE);
}

bool scan_word(struct scan *s, const char *w)
{
	size_t n = strlen(w);

	if (strncmp(s->p, w, n) || flow_char_is(s->p[n], CHAR_NAME))
		return false;
	s->p += n;
	return true;
}

bool scan_next_word(struct scan *s, const char *w)
{
	const char *p = s->p;

	if (*p != ' ')
		return false;
	s->p++;
	if (scan_word(s, w))
		return true;
	s->p = p;
	return false;
}

void scan_place(struct scan *s, struct place *at)
{
	const char *p = s->p + (s->base && *s->p == '-');

	at->file = s->file;
	at->in = s->file ? s->fn : NULL;
	if (DIGIT(*p)) {
		while (DIGIT(*p))
			p++;
		if (*p++ == ':' && DIGIT(*p))
			while (DIGIT(*p))
				p++;
	}
	if (*p != '\n' && *p != ' ' && *p) {
		at->file = scan_file_name(s);
		at->in = NULL;
		scan_need(s, ':');
		at->line = scan_small(s, INT_MAX);
	} else {
		at->line = scan_line(s);
	}
	scan_need(s, ':');
	at->col = scan_small(s, INT_MAX);
}

void scan_member(struct scan *s, const char **struct_name, const char **field)
{
	if (*s->p != '.')
		*struct_name = scan_name(s, CHAR_WORD);
	scan_need(s, '.');
	if (*s->p == '"' || flow_char_is(*s->p, CHAR_FIELD))
		*field = scan_name(s, CHAR_FIELD);
}
