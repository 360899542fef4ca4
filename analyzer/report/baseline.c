// SPDX-License-Identifier: GPL-2.0-only
/*
 * Baselines, as their header describes them. Reading is strict, with a place and a mend for every mistake:
 * what is taken for a comment or left out silently would be a finding that nobody hears of.
 */
#include "report/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "report/finding.h"
#include "rules/rule.h"

#define FIRST_LINE "# devscope baseline "
#define VERSION 1
#define FINGERPRINT 32	/* hex digits */

struct entry {
	const char *fingerprint, *rule, *path, *function;	/* names as they are; "" for none */
	bool found;
};

struct baseline {
	struct entry *items;	/* by fingerprint; each once */
	size_t n;
};

/* --- reading --------------------------------------------------------------------- */

/* Where we are in a file. */
struct reader {
	struct arena *arena;
	const char *path;
	const char *begin, *end;	/* of the line, without its newline */
	const char *at;
	int line;
};

#define die_at(r, ...) die_in((r), arena_printf((r)->arena, __VA_ARGS__))

static _Noreturn void die_in(const struct reader *r, const char *what)
{
	die("%s:%d:%d: %s", r->path, r->line, (int)(r->at - r->begin) + 1, what);
}

static bool starts(const struct reader *r, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(r->end - r->begin) >= n && !memcmp(r->begin, s, n);
}

/* The first line says what this is. */
static void read_version(struct reader *r)
{
	char *end;
	long version;

	if (!starts(r, FIRST_LINE))
		die_at(r, "this is no baseline, its first line is not \"" FIRST_LINE "%d\": name another "
		       "file, or delete this one and make it with --update-baseline", VERSION);
	r->at = r->begin + strlen(FIRST_LINE);
	version = strtol(r->at, &end, 10);
	if (end == r->at || end != r->end || version < 1)
		die_at(r, "the version of the baseline is expected here, such as %d", VERSION);
	if (version > VERSION)
		die_at(r, "this baseline was made by a newer devscope (version %ld, known is %d): use that one, "
		       "or delete the file and make it with --update-baseline", version, VERSION);
}

static void refuse_conflict(struct reader *r)
{
	if (starts(r, "<<<<<<<") || starts(r, "=======") || starts(r, ">>>>>>>") || starts(r, "|||||||"))
		die_at(r, "a merge left its marks here: keep the findings of both sides and delete the marks, "
		       "then write it anew with --update-baseline");
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next word of the line, as it stands: printable, of at least one byte. */
static const char *read_word(struct reader *r, const char *what)
{
	const char *word = r->at;

	while (r->at < r->end && *r->at != ' ') {
		if (*r->at < 0x21 || *r->at > 0x7e)
			die_at(r, "byte 0x%02x in the %s: write it as \\x%02x", (unsigned char)*r->at, what,
			       (unsigned char)*r->at);
		r->at++;
	}
	if (r->at == word)
		die_at(r, "the %s is missing: a line is a fingerprint, a rule, a path and a function, with one "
		       "blank between", what);
	return arena_strndup(r->arena, word, (size_t)(r->at - word));
}

/* The next word, which is a name. */
static const char *read_name(struct reader *r, const char *what)
{
	const char *start = r->at, *word = read_word(r, what);
	char *name = arena_strdup(r->arena, word), *to = name;

	if (!strcmp(word, "-"))
		return "";
	for (const char *s = word; *s; s++) {
		*to++ = *s;
		if (*s != '\\')
			continue;
		if (s[1] != 'x' || hex(s[2]) < 0 || hex(s[3]) < 0) {
			r->at = start + (s - word);
			die_at(r, "after a backslash, x and two hex digits (0-9, a-f) are expected");
		}
		to[-1] = (char)(hex(s[2]) << 4 | hex(s[3]));
		s += 3;
	}
	*to = '\0';
	return name;
}

static void read_blank(struct reader *r)
{
	if (r->at < r->end)
		r->at++;
}

static void read_entry(struct reader *r, struct entry *e)
{
	size_t digits;

	e->fingerprint = read_word(r, "fingerprint");
	digits = strspn(e->fingerprint, "0123456789abcdef");
	if (digits != FINGERPRINT || e->fingerprint[digits]) {
		r->at = r->begin;
		die_at(r, "a fingerprint is expected here, %d hex digits (0-9, a-f); comments begin with #",
		       FINGERPRINT);
	}
	read_blank(r);
	e->rule = read_word(r, "rule");
	read_blank(r);
	e->path = read_name(r, "path");
	read_blank(r);
	e->function = read_name(r, "function");
	if (r->at < r->end)
		die_at(r, "the line should end here: a blank in a name is written as \\x20, and comments have "
		       "lines of their own");
}

static int by_fingerprint(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->fingerprint, ((const struct entry *)b)->fingerprint);
}

/* By all that is written, so that of two with one fingerprint always the same one stays. */
static int by_line(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int c = by_fingerprint(a, b);

	if (!c)
		c = strcmp(a->rule, b->rule);
	if (!c)
		c = strcmp(a->path, b->path);
	return c ? c : strcmp(a->function, b->function);
}

static void sort_once(struct entry *items, size_t *n)
{
	size_t kept = 0;

	if (*n)
		qsort(items, *n, sizeof(*items), by_line);
	for (size_t i = 0; i < *n; i++)
		if (!kept || by_fingerprint(&items[kept - 1], &items[i]))
			items[kept++] = items[i];
	*n = kept;
}

static size_t count_lines(const struct text *t)
{
	size_t n = 1;

	for (size_t i = 0; i < t->len; i++)
		n += t->s[i] == '\n';
	return n;
}

static void read_lines(struct reader *r, const struct text *t, struct baseline *b)
{
	const char *s = text_str(t), *end = s + t->len;

	for (r->line = 1; s < end; r->line++, s = r->end + 1) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));

		r->begin = r->at = s;
		r->end = newline ? newline : end;
		refuse_conflict(r);
		if (r->line == 1)
			read_version(r);
		else if (r->begin < r->end && *r->begin != '#')
			read_entry(r, &b->items[b->n++]);
	}
}

struct baseline *baseline_read(struct arena *a, const char *path, bool must_exist)
{
	struct baseline *b = ARENA_NEW(a, struct baseline);
	struct reader r = {.arena = a, .path = path};
	struct text t;
	int err;

	text_init(&t);
	err = text_read_file(&t, path);
	if (err == -ENOENT && must_exist)
		die("--baseline %s: there is no such file; make it with --update-baseline", path);
	if (err && err != -ENOENT)
		die("--baseline %s: cannot be read: %s", path, strerror(-err));
	if (!err) {
		b->items = ARENA_ARRAY(a, struct entry, count_lines(&t));
		read_lines(&r, &t, b);
		sort_once(b->items, &b->n);
	}
	text_release(&t);
	return b;
}

/* --- comparing ------------------------------------------------------------------- */

static struct entry *find(const struct baseline *b, const char *fingerprint)
{
	struct entry key = {.fingerprint = fingerprint};

	return b->n ? bsearch(&key, b->items, b->n, sizeof(key), by_fingerprint) : NULL;
}

size_t baseline_filter(struct baseline *b, struct finding_list *l)
{
	size_t n = 0, known;

	for (size_t i = 0; i < l->n; i++) {
		struct entry *e = find(b, l->items[i].fingerprint);

		if (e)
			e->found = true;
		else
			l->items[n++] = l->items[i];
	}
	known = l->n - n;
	l->n = n;
	return known;
}

size_t baseline_gone(const struct baseline *b, const struct baseline_scope *scope)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += !b->items[i].found && scope->covers(scope->cookie, b->items[i].path);
	return n;
}

/* --- writing --------------------------------------------------------------------- */

static void add_name(struct text *out, const char *s)
{
	text_putc(out, ' ');
	if (!*s)
		text_putc(out, '-');
	else if (!strcmp(s, "-"))
		text_puts(out, "\\x2d");
	else
		for (; *s; s++)
			if (*s < 0x21 || *s > 0x7e || *s == '\\')
				text_printf(out, "\\x%02x", (unsigned char)*s);
			else
				text_putc(out, *s);
}

/* What is in the list, then what the old one has elsewhere. */
static struct entry *collect(const struct baseline *old, const struct finding_list *l,
			     const struct baseline_scope *scope, size_t *n)
{
	struct entry *items = ARENA_ARRAY(l->arena, struct entry, l->n + old->n);

	for (*n = 0; *n < l->n; ++*n) {
		const struct finding *f = &l->items[*n];

		items[*n] = (struct entry){
			.fingerprint = f->fingerprint, .rule = f->rule->id,
			.path = f->fact->at.file ? f->fact->at.file : "",
			.function = f->fact->fn ? f->fact->fn->name : "", .found = true,
		};
	}
	sort_once(items, n);
	for (size_t i = 0, nfound = *n; i < old->n; i++) {
		const struct entry *e = &old->items[i];

		if (!scope->covers(scope->cookie, e->path) &&
		    !bsearch(e, items, nfound, sizeof(*e), by_fingerprint))
			items[(*n)++] = *e;
	}
	sort_once(items, n);
	return items;
}

void baseline_print(struct text *out, const struct baseline *old, const struct finding_list *l,
		    const struct baseline_scope *scope)
{
	size_t n;
	const struct entry *items = collect(old, l, scope, &n);

	text_printf(out, FIRST_LINE "%d\n"
		    "#\n"
		    "# Findings that are known: devscope check --baseline FILE reports others only.\n"
		    "# A line has fingerprint, rule, path and function. To write the file anew, without what\n"
		    "# is not found any more (and without comments):\n"
		    "#\n"
		    "#     devscope check --baseline FILE --update-baseline\n"
		    "#\n", VERSION);
	for (size_t i = 0; i < n; i++) {
		text_printf(out, "%s %s", items[i].fingerprint, items[i].rule);
		add_name(out, items[i].path);
		add_name(out, items[i].function);
		text_putc(out, '\n');
	}
}
