// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of findings. Rules add to it in whatever order they see facts; finding_list_finish()
 * makes of it what every report prints: sorted by place, without doubles, each with a fingerprint.
 * The order is total over all that is printed, so that no trace of the way a finding came is left.
 */
#include "report/finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "base/text.h"
#include "report/source.h"
#include "rules/rule.h"

const char *level_name(enum level level)
{
	static const char *const names[] = {
		[LEVEL_ADVICE] = "advice", [LEVEL_WARNING] = "warning", [LEVEL_ERROR] = "error",
	};

	return names[level];
}

void finding_list_init(struct finding_list *l, struct arena *a)
{
	memset(l, 0, sizeof(*l));
	l->arena = a;
}

void finding_list_release(struct finding_list *l)
{
	free(l->items);
	l->items = NULL;
	l->n = l->cap = 0;
}

void finding_list_add(struct finding_list *l, const struct rule *rule, enum level level,
		      const struct fact *fact, const char *message, const char *fix)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->items = realloc(l->items, l->cap * sizeof(*l->items));
		if (!l->items)
			die("out of memory (%zu findings)", l->cap);
	}
	l->items[l->n++] = (struct finding){
		.rule = rule, .level = level, .fact = fact,
		.message = arena_strdup(l->arena, message),
		.fix = fix ? arena_strdup(l->arena, fix) : NULL,
	};
}

static int compare_number(int a, int b)
{
	return a < b ? -1 : a > b;
}

static int compare_place(const struct place *a, const struct place *b)
{
	int c = text_compare(a->file, b->file);

	if (!c)
		c = compare_number(a->line, b->line);
	return c ? c : compare_number(a->col, b->col);
}

static int compare_step(const struct step *a, const struct step *b)
{
	int c = compare_place(&a->at, &b->at);

	if (!c)
		c = compare_number(a->depth, b->depth);
	if (!c)
		c = text_compare(a->text, b->text);
	if (!c)
		c = text_compare(a->locks, b->locks);
	if (!c)
		c = text_compare(a->borrows, b->borrows);
	return c ? c : text_compare(a->refs, b->refs);
}

/* What tells findings apart that are at one place, of one rule and with one message. */
static int compare_fact(const struct fact *a, const struct fact *b)
{
	int c = text_compare(a->class, b->class);

	if (!c)
		c = text_compare(a->object, b->object);
	if (!c)
		c = text_compare(a->fn ? a->fn->name : NULL, b->fn ? b->fn->name : NULL);
	if (!c)
		c = compare_number(a->nstep, b->nstep);
	for (int i = 0; !c && i < a->nstep; i++)
		c = compare_step(&a->steps[i], &b->steps[i]);
	if (!c)
		c = compare_place(&a->origin, &b->origin);
	return c ? c : text_compare(a->unit ? a->unit->file : NULL, b->unit ? b->unit->file : NULL);
}

static int compare_finding(const void *x, const void *y)
{
	const struct finding *a = x, *b = y;
	int c = compare_place(&a->fact->at, &b->fact->at);

	if (!c)
		c = strcmp(a->rule->id, b->rule->id);
	if (!c)
		c = strcmp(a->message, b->message);
	if (!c)
		c = compare_fact(a->fact, b->fact);
	if (!c)
		c = compare_number((int)b->level, (int)a->level);
	return c ? c : text_compare(a->fix, b->fix);
}

/* One mistake found twice: a header's function in many units, or two paths to one place. */
static bool is_double(const struct finding *a, const struct finding *b)
{
	return a->rule == b->rule && !compare_place(&a->fact->at, &b->fact->at) &&
	       !text_compare(a->fact->class, b->fact->class) &&
	       !text_compare(a->fact->object, b->fact->object);
}

/* Of doubles the first in order stays. Doubles need not be neighbours: their messages may differ. */
static void drop_doubles(struct finding_list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		bool seen = false;

		for (size_t k = n; k > 0 && !seen; k--) {
			if (compare_place(&l->items[k - 1].fact->at, &l->items[i].fact->at))
				break;
			seen = is_double(&l->items[k - 1], &l->items[i]);
		}
		if (!seen)
			l->items[n++] = l->items[i];
	}
	l->n = n;
}

/* A field and its end, so that "ab" + "c" is not "a" + "bc". */
static void add_field(struct text *t, const char *s)
{
	text_puts(t, s ? s : "");
	text_putc(t, '\0');
}

static void add_squeezed(struct text *t, const char *s)
{
	for (; s && *s; s++)
		if (!strchr(" \t\r\n\f\v", *s))
			text_putc(t, *s);
	text_putc(t, '\0');
}

static void hash_text(const struct text *t, char out[33])
{
	XXH128_hash_t h = XXH3_128bits(t->s, t->len);

	snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, (uint64_t)h.high64, (uint64_t)h.low64);
}

static void set_fingerprint(struct finding *f, struct source *source, struct map *seen, struct arena *a)
{
	struct text t;
	uintptr_t n;

	text_init(&t);
	add_field(&t, f->rule->id);
	add_field(&t, f->fact->fn ? f->fact->fn->name : "");
	add_squeezed(&t, source_lines(source, f->fact->at.file, f->fact->at.line, f->fact->at.line));
	add_field(&t, f->fact->class);
	hash_text(&t, f->fingerprint);
	n = (uintptr_t)map_get(seen, f->fingerprint);
	map_set(seen, arena_strdup(a, f->fingerprint), (void *)(n + 1));
	text_printf(&t, "%ju", (uintmax_t)n);
	hash_text(&t, f->fingerprint);
	text_release(&t);
}

void finding_list_sort(struct finding_list *l)
{
	if (l->n)
		qsort(l->items, l->n, sizeof(*l->items), compare_finding);
}

void finding_list_finish(struct finding_list *l, const struct view *view)
{
	struct source source;
	struct map seen;

	finding_list_sort(l);
	drop_doubles(l);
	source_init(&source, view);
	map_init(&seen);
	for (size_t i = 0; i < l->n; i++)
		set_fingerprint(&l->items[i], &source, &seen, l->arena);
	map_release(&seen);
	source_release(&source);
}
