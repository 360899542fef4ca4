// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps in code. A path is cut into excerpts: runs of steps in one function, at one depth, that go down the
 * page. An excerpt is a list of lines (<ol>, whose markers are the line numbers), and below a line stand its
 * steps, each with what is held after it. Lines around a step are shown once a finding; when a path comes
 * back to a line, the line alone is shown again.
 */
#include "report/html_path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "infer/fact.h"
#include "report/highlight.h"
#include "report/html_text.h"

#define LINES_BEFORE 4		/* shown around a step */
#define LINES_AFTER 3
#define MAX_COLUMNS 8		/* words marked in a line */

struct code_file {
	int n;
	const char **lines;	/* of line i + 1 */
	unsigned char *begins;	/* enum highlight */
};

/* What one finding's path is made with. */
struct path {
	struct text *out;
	struct code *code;
	const struct fact *fact;
	struct map shown;	/* file -> bool per line + 1 */
	struct arena arena;
	const char *file;	/* of the excerpt before */
	int open;		/* nested divisions open */
};

/* --- code ------------------------------------------------------------------------ */

void code_init(struct code *c, const struct view *view)
{
	source_init(&c->source, view);
	arena_init(&c->arena);
	map_init(&c->files);
}

void code_release(struct code *c)
{
	source_release(&c->source);
	arena_release(&c->arena);
	map_release(&c->files);
}

static const struct code_file *code_file(struct code *c, const char *name)
{
	struct code_file *f = map_get(&c->files, name);
	enum highlight in = HIGHLIGHT_CODE;

	if (f)
		return f;
	f = ARENA_NEW(&c->arena, struct code_file);
	f->n = source_count(&c->source, name);
	f->lines = ARENA_ARRAY(&c->arena, const char *, f->n);
	f->begins = ARENA_ARRAY(&c->arena, unsigned char, f->n);
	for (int i = 0; i < f->n; i++) {
		f->lines[i] = source_lines(&c->source, name, i + 1, i + 1);
		f->begins[i] = (unsigned char)in;
		in = highlight_line(NULL, f->lines[i], in, NULL, 0);
	}
	map_set(&c->files, arena_strdup(&c->arena, name), f);
	return f;
}

/* --- what is held ---------------------------------------------------------------- */

struct item {
	const char *s;
	size_t n;
};

/* The next of items separated by ", " outside of brackets; false at the end. */
static bool next_item(const char **s, struct item *item)
{
	const char *p = *s;
	int depth = 0;

	if (!p || !*p)
		return false;
	for (; *p && !(depth <= 0 && p[0] == ',' && p[1] == ' '); p++)
		depth += (*p == '(' || *p == '[') - (*p == ')' || *p == ']');
	*item = (struct item){*s, (size_t)(p - *s)};
	*s = *p ? p + 2 : p;
	return true;
}

/* How often the item is in the list, looking at the list up to stop only (NULL: all of it). */
static int count_item(const char *list, struct item item, const char *stop)
{
	struct item other;
	int n = 0;

	while (next_item(&list, &other) && !(stop && other.s >= stop))
		n += other.n == item.n && !memcmp(other.s, item.s, item.n);
	return n;
}

/* The items of list, in a tag those of which other has fewer; only_new: no others. */
static void add_items(struct text *out, const char **separator, const char *list, const char *other,
		      const char *tag, bool only_new)
{
	const char *rest = list;
	struct item item;

	while (next_item(&rest, &item)) {
		bool is_new = count_item(list, item, item.s) >= count_item(other, item, NULL);

		if (only_new && !is_new)
			continue;
		text_puts(out, *separator);
		*separator = ", ";
		if (is_new)
			text_printf(out, "<%s>%s", tag, *tag == 'i' ? "+" : "-");
		html_add_n(out, item.s, item.n);
		if (is_new)
			text_printf(out, "</%s>", tag);
	}
}

static void add_kind(struct text *out, const char *name, const char *now, const char *before, bool entered)
{
	const char *separator = "";
	struct text items;

	text_init(&items);
	add_items(&items, &separator, now, before, "ins", false);
	if (!entered)
		add_items(&items, &separator, before, now, "del", true);
	if (items.len)
		text_printf(out, "<p><b>%s</b> %s", name, text_str(&items));
	text_release(&items);
}

/* Can a step of this kind be the one from which on more is held? */
static bool can_take(enum step_kind kind)
{
	return kind == STEP_LOCK || kind == STEP_GET || kind == STEP_FIND || kind == STEP_CALL ||
	       kind == STEP_ITERATE;
}

/*
 * The step whose state a step is to be compared with: the one before it in its function's run; for the first
 * of a callee, what its call is compared with, and *entered is set. NULL: none, the path begins here.
 */
static const struct step *step_before(const struct fact *fact, int i, bool *entered)
{
	int depth = fact->steps[i].depth;

	*entered = false;
	while (--i >= 0) {
		const struct step *s = &fact->steps[i];

		if (s->depth > depth)
			continue;
		if (s->depth == depth)
			return s;
		depth = s->depth;
		*entered = true;
	}
	return NULL;
}

static void add_held(struct text *out, const struct fact *fact, int i)
{
	static const struct step nothing;
	const struct step *now = &fact->steps[i], *before;
	bool entered;

	before = step_before(fact, i, &entered);
	if (!before)
		before = can_take(now->kind) ? &nothing : now;
	add_kind(out, "locks", now->locks, before->locks, entered);
	add_kind(out, "keeps", now->borrows, before->borrows, entered);
	add_kind(out, "refs", now->refs, before->refs, entered);
}

/* --- steps and lines ------------------------------------------------------------- */

static const char *step_class(const struct fact *fact, int i)
{
	switch (fact->steps[i].kind) {
	case STEP_BRANCH:
		return " branch";
	case STEP_USE:
	case STEP_FAULT:
	case STEP_SLEEP:
		return " fault";
	default:
		return i + 1 == fact->nstep ? " fault" : "";
	}
}

static void add_step(struct path *p, int i)
{
	text_printf(p->out, "<div class=\"step%s\"><b>%d</b><p>", step_class(p->fact, i), i + 1);
	html_add(p->out, p->fact->steps[i].text);
	text_puts(p->out, "<div>");
	add_held(p->out, p->fact, i);
	text_puts(p->out, "</div></div>");
}

static bool *shown_lines(struct path *p, const char *name, const struct code_file *f)
{
	bool *shown = map_get(&p->shown, name);

	if (!shown) {
		shown = ARENA_ARRAY(&p->arena, bool, f->n + 2);
		map_set(&p->shown, name, shown);
	}
	return shown;
}

/* One line with the steps from *i on that are at it; *i is moved behind them. */
static void add_line(struct path *p, const struct code_file *f, int line, bool jump, int *i, int to)
{
	const struct step *steps = p->fact->steps;
	int columns[MAX_COLUMNS], n = 0, from = *i;

	while (*i < to && steps[*i].at.line == line)
		if (steps[(*i)++].at.col > 0 && n < MAX_COLUMNS)
			columns[n++] = steps[*i - 1].at.col;
	text_puts(p->out, "<li");
	if (jump)
		text_printf(p->out, " value=%d", line);
	text_puts(p->out, from < *i ? " class=at>" : ">");
	if (line <= f->n)
		highlight_line(p->out, f->lines[line - 1], f->begins[line - 1], columns, n);
	for (int k = from; k < *i; k++)
		add_step(p, k);
	text_puts(p->out, "</li>\n");
}

static bool is_blank(const char *s)
{
	return !s[strspn(s, " \t\r")];
}

/* The first line to show before that of a step, within its function. */
static int first_around(const struct code_file *f, int line)
{
	int first = line > f->n ? line : line > LINES_BEFORE ? line - LINES_BEFORE : 1;

	for (int i = first; i < line; i++)
		if (*f->lines[i - 1] == '}')
			first = i + 1;
	while (first < line && is_blank(f->lines[first - 1]))
		first++;
	return first;
}

static int last_around(const struct code_file *f, int line)
{
	int last = line;

	while (last < line + LINES_AFTER && last < f->n && *f->lines[last - 1] != '}')
		last++;
	while (last > line && is_blank(f->lines[last - 1]))
		last--;
	return last;
}

/* Lines first to last, save those shown before. *before is the line above in the excerpt. */
static void add_context(struct path *p, const struct code_file *f, bool *shown, int first, int last,
			int *before)
{
	int none = 0;

	for (int line = first; line <= last; line++) {
		bool jump = line != *before + 1;

		if (shown[line] || line <= *before || (jump && is_blank(f->lines[line - 1])))
			continue;
		add_line(p, f, line, jump, &none, 0);
		shown[line] = true;
		*before = line;
	}
}

/* Steps [i, to) are in one function and go down the page. */
static void add_lines(struct path *p, int i, int to)
{
	const struct step *steps = p->fact->steps;
	const struct code_file *f = code_file(p->code, steps[i].at.file);
	bool *shown = shown_lines(p, steps[i].at.file, f);
	int before = -1;

	text_puts(p->out, "<ol class=code>\n");
	while (i < to) {
		int at = steps[i].at.line, last = last_around(f, at);

		add_context(p, f, shown, first_around(f, at), at - 1, &before);
		add_line(p, f, at, at != before + 1, &i, to);
		before = at;
		if (at <= f->n)
			shown[at] = true;
		if (i < to && steps[i].at.line <= last)
			last = steps[i].at.line - 1;
		add_context(p, f, shown, at + 1, last, &before);
	}
	text_puts(p->out, "</ol>\n");
}

/* --- excerpts -------------------------------------------------------------------- */

static bool has_line(const struct step *s)
{
	return s->at.file && *s->at.file && s->at.line > 0;
}

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The end of the excerpt that begins with step i. */
static int excerpt_end(const struct fact *fact, int i)
{
	const struct step *s = &fact->steps[i];

	while (++i < fact->nstep) {
		const struct step *next = &fact->steps[i];

		if (next->depth != s->depth || !same_name(next->func, s->func) ||
		    has_line(next) != has_line(s) || !same_name(next->at.file, s->at.file) ||
		    next->at.line < next[-1].at.line)
			break;
	}
	return i;
}

static void nest(struct path *p, int depth)
{
	for (; p->open < depth; p->open++)
		text_puts(p->out, "<div class=in>\n");
	for (; p->open > depth; p->open--)
		text_puts(p->out, "</div>\n");
}

static void add_head(struct path *p, const struct step *s)
{
	text_puts(p->out, "<h3>");
	html_add(p->out, s->func ? s->func : p->fact->fn ? p->fact->fn->name : "");
	text_puts(p->out, "()");
	if (s->at.file && !same_name(s->at.file, p->file)) {
		text_puts(p->out, " <span>");
		html_add(p->out, s->at.file);
		text_puts(p->out, "</span>");
	}
	text_puts(p->out, "</h3>\n");
	p->file = s->at.file;
}

void html_add_path(struct text *out, struct code *c, const struct fact *fact)
{
	struct path p = {.out = out, .code = c, .fact = fact};

	map_init(&p.shown);
	arena_init(&p.arena);
	for (int i = 0, end; i < fact->nstep; i = end) {
		const struct step *s = &fact->steps[i];

		end = excerpt_end(fact, i);
		nest(&p, s->depth);
		if (!i || s->depth != s[-1].depth || !same_name(s->func, s[-1].func))
			add_head(&p, s);
		if (has_line(s))
			add_lines(&p, i, end);
		else
			while (i < end)
				add_step(&p, i++);
	}
	nest(&p, 0);
	map_release(&p.shown);
	arena_release(&p.arena);
}
