// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings of several configurations, joined: one mistake in a function that all of them compile is one finding,
 * which says where it shows.
 */
#include <string.h>

#include "base/arena.h"
#include "report/finding.h"

static struct func *copy_func(struct arena *a, const struct func *fn)
{
	struct func *copy = ARENA_NEW(a, struct func);

	copy->name = fn->name;	/* interned, as all names are */
	copy->file = fn->file;
	copy->line = fn->line;
	copy->end_line = fn->end_line;
	return copy;
}

static struct step *copy_steps(struct arena *a, const struct step *steps, int n)
{
	struct step *copy = arena_copy(a, steps, sizeof(*steps) * (size_t)n);

	for (int i = 0; i < n; i++) {
		copy[i].text = arena_strdup(a, steps[i].text);
		copy[i].locks = arena_strdup(a, steps[i].locks);
		copy[i].borrows = arena_strdup(a, steps[i].borrows);
		copy[i].refs = arena_strdup(a, steps[i].refs);
	}
	return copy;
}

/* The fact without anything of the program it was found in. */
static struct fact *copy_fact(struct arena *a, const struct fact *fact)
{
	struct fact *copy = arena_copy(a, fact, sizeof(*fact));

	if (fact->fn)
		copy->fn = copy_func(a, fact->fn);
	if (fact->unit) {
		struct unit *unit = ARENA_NEW(a, struct unit);

		unit->file = fact->unit->file;
		copy->unit = unit;
	}
	copy->object = arena_strdup(a, fact->object);
	copy->class = arena_strdup(a, fact->class);
	copy->kind_name = arena_strdup(a, fact->kind_name);
	copy->function = arena_strdup(a, fact->function);
	copy->field = arena_strdup(a, fact->field);
	copy->say = arena_strdup(a, fact->say);
	copy->steps = copy_steps(a, fact->steps, fact->nstep);
	return copy;
}

static struct finding *find(struct finding_list *all, size_t n, const struct finding *f)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all->items[i].fingerprint, f->fingerprint) &&
		    all->items[i].fact->at.file == f->fact->at.file)
			return &all->items[i];
	return NULL;
}

void finding_list_join(struct finding_list *all, const struct finding_list *one, const char *config)
{
	size_t before = all->n;

	for (size_t i = 0; i < one->n; i++) {
		const struct finding *f = &one->items[i];
		struct finding *known = find(all, before, f);

		if (known) {
			known->configs = arena_printf(all->arena, "%s, %s", known->configs, config);
			known->nconfig++;
			continue;
		}
		finding_list_add(all, f->rule, f->level, copy_fact(all->arena, f->fact), f->message, f->fix);
		known = &all->items[all->n - 1];
		memcpy(known->fingerprint, f->fingerprint, sizeof(known->fingerprint));
		known->configs = config;
		known->nconfig = 1;
	}
}

void finding_list_joined(struct finding_list *all, int nconfig)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i].nconfig == nconfig)
			all->items[i].configs = NULL;
	finding_list_sort(all);
}
