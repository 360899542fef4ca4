// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text form of flow: the parser; flow_text.c has the grammar. One pass with a scanner made by hand
 * (flow_scan.c); a glance ahead counts the lines of a function, so that the numbers of instructions and
 * blocks are checked as they are read. flow_insn.c reads the lines of instructions.
 */
#include "flow/flow_text.h"

#include <limits.h>
#include <string.h>
#include <xxhash.h>

#include "base/arena.h"
#include "flow/flow_brief.h"
#include "flow/flow_scan.h"

static bool is_block_line(const char *p)
{
	return p[0] == 'b' && DIGIT(p[1]);
}

static bool is_end_line(const char *p)
{
	return !strncmp(p, "end", 3) && !flow_char_is(p[3], CHAR_NAME);
}

/* Count the lines up to "end": blocks and instructions. */
static void look_ahead(struct scan *s)
{
	const char *p = s->p;

	while (p) {
		while (*p == ' ' || *p == '\t')
			p++;
		if (!*p || is_end_line(p) || !strncmp(p, "func ", 5))
			break;
		if (is_block_line(p))
			s->fn->nblock++;
		else if (*p != ';' && *p != '\n' && *p != '\r')
			s->fn->ninsn++;
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
}

/* Blanks at the start of a line, where the printer has none. */
static void indent(struct scan *s)
{
	while (*s->p == ' ' || *s->p == '\t') {
		s->p++;
		s->odd = true;
	}
}

static void read_body_block(struct scan *s, int b, int *n)
{
	struct block *bb = &s->fn->blocks[b];

	scan_need(s, 'b');
	if (scan_small(s, INT_MAX) != b)
		scan_fail(s, "this is block b%d", b);
	scan_need(s, ':');
	scan_end_line(s);
	bb->first = *n;
	for (;;) {
		scan_skip_lines(s);
		if (*s->p == '\t')
			s->p++;
		else
			s->odd = true;
		indent(s);
		if (s->failed || *n == s->fn->ninsn || is_block_line(s->p)) {
			scan_fail(s, "block b%d does not end in a jump, a return or the like", b);
			return;
		}
		scan_insn(s, *n);
		if (flow_is_terminator(s->fn->insns[(*n)++].op))
			break;
	}
	bb->end = *n;
}

/* Operands must be instructions that have a result: known only now. */
static void check_values(struct scan *s)
{
	for (int i = 0; i < s->fn->ninsn; i++)
		for (int k = 0; k < s->fn->insns[i].narg; k++) {
			const struct arg *arg = &s->fn->insns[i].args[k];

			if (arg->kind == ARG_INSN && !flow_has_result(s->fn->insns[arg->n].op)) {
				scan_fail(s, "%s: %%%d, used by instruction %d, has no value",
				     s->fn->name, arg->n, i);
				return;
			}
		}
}

static void read_body(struct scan *s)
{
	int n = 0;

	look_ahead(s);
	s->fn->insns = ARENA_ARRAY(s->a, struct insn, s->fn->ninsn);
	s->fn->blocks = ARENA_ARRAY(s->a, struct block, s->fn->nblock);
	if (!s->fn->nblock)
		scan_fail(s, "expected a block");
	for (int b = 0; b < s->fn->nblock && !s->failed; b++) {
		scan_skip_lines(s);
		indent(s);
		read_body_block(s, b, &n);
	}
	scan_skip_lines(s);
	indent(s);
	if (!scan_word(s, "end"))
		scan_fail(s, "expected a block or 'end'");
	check_values(s);
	scan_end_line(s);
}

static void read_params(struct scan *s)
{
	struct func *fn = s->fn;
	struct param *list = NULL;
	int cap = 0;

	scan_need(s, '(');
	while (*s->p != ')' && !s->failed) {
		struct param *p;

		if (fn->nparam)
			scan_comma(s);
		if (fn->nparam == cap) {
			int n = cap ? cap * 2 : 4;
			struct param *more = ARENA_ARRAY(s->a, struct param, n);

			if (cap)
				memcpy(more, list, sizeof(*list) * (size_t)cap);
			list = more;
			cap = n;
		}
		p = &list[fn->nparam++];
		p->name = scan_name_or_none(s);
		if (!scan_eat(s, ':'))
			continue;
		scan_blank(s);
		p->is_pointer = scan_eat(s, '*');
		if (*s->p != ',' && *s->p != ')')
			p->type = scan_name(s, CHAR_NAME);
	}
	scan_need(s, ')');
	fn->params = list;
}

static void read_head(struct scan *s)
{
	struct func *fn = s->fn;

	if (!scan_word(s, "func")) {
		scan_fail(s, "expected 'func'");
		return;
	}
	scan_blank(s);
	fn->name = scan_name(s, CHAR_NAME);
	read_params(s);
	if (!strncmp(s->p, " -> ", 4)) {
		s->p += 4;
		fn->returns_value = true;
		fn->returns_pointer = scan_word(s, "ptr");
		if (!fn->returns_pointer && !scan_word(s, "value"))
			scan_fail(s, "expected 'ptr' or 'value'");
	}
	if (!scan_next_word(s, "at"))
		scan_fail(s, "expected 'at' and the place of the function");
	scan_blank(s);
	fn->file = s->file = scan_file_name(s);
	scan_need(s, ':');
	fn->line = scan_line(s);
	scan_need(s, '-');
	fn->end_line = scan_line(s);
	fn->is_static = scan_next_word(s, "static");
	fn->is_variadic = scan_next_word(s, "variadic");
	if (scan_next_word(s, "section")) {
		scan_blank(s);
		fn->section = scan_name(s, CHAR_FILE);
	}
	if (scan_next_word(s, "notes")) {
		scan_blank(s);
		fn->notes = scan_quoted(s);
	}
	scan_end_line(s);
}

static void keep_text(struct scan *s, const char *from)
{
	size_t n = (size_t)(s->p - from);
	XXH128_hash_t h;

	if (s->odd || s->fn->line != s->base) {	/* not as it is stored */
		flow_seal_func(s->a, s->fn);
		return;
	}
	h = XXH3_128bits(from, n);
	s->fn->text = arena_strndup(s->a, from, n);
	s->fn->hash[0] = h.low64;
	s->fn->hash[1] = h.high64;
}

static struct func *read_func(struct scan *s)
{
	const char *from;

	scan_skip_lines(s);
	if (scan_word(s, "base")) {
		scan_blank(s);
		s->base = scan_small(s, INT_MAX);
		scan_end_line(s);
		scan_skip_lines(s);
	}
	s->odd = false;
	from = s->p;
	s->fn = ARENA_NEW(s->a, struct func);
	read_head(s);
	if (!s->failed)
		read_body(s);
	if (!s->failed)
		keep_text(s, from);
	if (!s->failed)
		flow_link_func(s->a, s->fn);
	return s->failed ? NULL : s->fn;
}

struct func *flow_parse_func(struct arena *a, const char **cursor, int line, struct text *error)
{
	struct scan s = {.p = *cursor, .start = *cursor, .a = a, .error = error, .base = line};
	struct func *fn = read_func(&s);

	if (fn)
		*cursor = s.p;
	return fn;
}

static void read_slot(struct scan *s, struct slot *slot, const char *file)
{
	scan_blank(s);
	scan_member(s, &slot->struct_name, &slot->field);
	scan_blank(s);
	scan_need(s, '=');
	scan_blank(s);
	scan_need(s, '&');
	slot->func = scan_name(s, CHAR_NAME);
	if (scan_next_word(s, "in")) {
		scan_blank(s);
		slot->object = scan_name(s, CHAR_NAME);
	}
	s->file = file;
	if (*s->p == ' ') {
		scan_blank(s);
		scan_need(s, '@');
		scan_place(s, &slot->at);
	}
	scan_end_line(s);
}

/* How many lines from here on start with w. An upper bound for what is to come: strings hold no line ends. */
static int count_lines(const char *p, const char *w)
{
	size_t n = strlen(w);
	int count = 0;

	while (p) {
		while (*p == ' ' || *p == '\t')
			p++;
		count += !strncmp(p, w, n);
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	return count;
}

static void read_unit(struct scan *s, struct unit *u)
{
	scan_skip_lines(s);
	if (!scan_word(s, "unit")) {
		scan_fail(s, "expected 'unit' and a file name");
		return;
	}
	scan_blank(s);
	u->file = scan_file_name(s);
	scan_end_line(s);
	u->slots = ARENA_ARRAY(s->a, struct slot, count_lines(s->p, "slot "));
	for (scan_skip_lines(s); scan_word(s, "slot"); scan_skip_lines(s))
		read_slot(s, &u->slots[u->nslot++], u->file);
	u->funcs = ARENA_ARRAY(s->a, struct func *, count_lines(s->p, "func "));
	for (; *s->p && !s->failed; scan_skip_lines(s)) {
		struct func *fn = read_func(s);

		if (fn)
			u->funcs[u->nfunc++] = fn;
	}
}

struct unit *flow_parse_unit(struct arena *a, const char *text, struct text *error)
{
	struct scan s = {.p = text, .start = text, .a = a, .error = error};
	struct unit *u = ARENA_NEW(a, struct unit);

	read_unit(&s, u);
	return s.failed ? NULL : u;
}
