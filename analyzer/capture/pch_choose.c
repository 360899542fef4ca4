// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which headers a set gets: a sample of its units is walked, and split by what they read.
 *
 * A header holds the files that all units of a group read. The sample begins as one group; the split by a
 * file, units that read it and units that do not, is made where it saves most: the parsing of what a group
 * has in common, for each of its units, against the making of the header. Units of a group that may not use its header,
 * for reading the files in another order or with macros of their own, are a group again.
 *
 * Entry point: pch_choose().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "capture/capture.h"
#include "capture/pch_plan.h"

enum {
	SAMPLE = 400,	/* units */
	COST = 3,	/* uses that pay for the making of a header */
	FILE_COST = 500,	/* of a file, in bytes of source */
	PRUNINGS = 12,
};

/* --- the sample --- */

struct sampled {
	size_t index;		/* into the command list */
	struct pp_file **files;	/* in order of reading */
	int n;
	uint64_t *reads;	/* a bit for each file of the run */
};

struct closure {
	struct arena *a;
	struct pp_file **files;
	int n, room;
};

static bool closure_enter(struct pp_walk *w, struct pp_file *f, int item)
{
	struct closure *c = w->cookie;

	(void)item;
	if (!pch_can_hold(f))
		return true;
	if (c->n == c->room) {
		struct pp_file **more;

		c->room = c->room ? 2 * c->room : 512;
		more = ARENA_ARRAY(c->a, struct pp_file *, c->room);
		if (c->n)
			memcpy(more, c->files, sizeof(*more) * (size_t)c->n);
		c->files = more;
	}
	c->files[c->n++] = f;
	return true;
}

struct pp_file **pch_closure(struct pch_plan *plan, struct arena *a, struct pch_unit *unit, int *n)
{
	static const struct pp_hooks hooks = { .enter = closure_enter };
	struct closure c = { .a = a };
	bool ok;

	plan->walk.hooks = &hooks;
	plan->walk.cookie = &c;
	ok = pp_walk_file(&plan->walk, unit->file);
	plan->walk.hooks = NULL;
	*n = c.n;
	return ok ? c.files : NULL;
}

struct choosing {
	struct pch_plan *plan;
	struct pch_set *set;
	struct arena a;
	struct sampled *units;
	int n;
	int nfile;		/* bits */
	size_t words;
	double scale;		/* units of the set for one of the sample */
	struct pch_unit any;	/* one of them: for the names of its own macros */
};

static bool has(const uint64_t *bits, int i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static void sample(struct choosing *c)
{
	size_t step = (c->set->n + SAMPLE - 1) / SAMPLE;

	c->units = ARENA_ARRAY(&c->a, struct sampled, c->set->n / step + 1);
	for (size_t i = 0; i < c->set->n; i += step) {
		const struct command *cmd = &c->plan->list->items[c->set->units[i]];
		struct sampled *s = &c->units[c->n];
		struct pch_unit unit;
		struct flags f;

		flags_make(&c->a, c->plan->list, cmd, c->plan->opt, &f);
		if (!pch_start_unit(c->plan, c->set, &c->a, cmd, &f, &unit))
			continue;
		s->index = c->set->units[i];
		s->files = pch_closure(c->plan, &c->a, &unit, &s->n);
		if (!s->files || !s->n)
			continue;
		c->any = unit;
		c->n++;
	}
	c->nfile = c->plan->pp.nfile;
	c->words = ((size_t)c->nfile + 63) / 64;
	c->scale = c->n ? (double)c->set->n / c->n : 0;
	for (int i = 0; i < c->n; i++) {
		struct sampled *s = &c->units[i];

		s->reads = ARENA_ARRAY(&c->a, uint64_t, c->words);
		for (int k = 0; k < s->n; k++)
			s->reads[s->files[k]->index / 64] |= 1ull << (s->files[k]->index % 64);
	}
}

/* --- groups --- */

struct group {
	int *units;
	int n;
	uint64_t *common;	/* files that all of them read */
	double value;
};

/* What a header of these files saves n units of the sample, in bytes of source. */
static double value_of(const struct choosing *c, const uint64_t *common, int n)
{
	double weight = (double)c->set->before_weight, uses = n * c->scale;

	for (int i = 0; i < c->nfile; i++)
		if (has(common, i))
			weight += (double)c->plan->pp.list[i]->size + FILE_COST;
	return uses > COST ? weight * (uses - COST) : 0;
}

/* The units of g that read file f, or with f < 0 all. common is filled in. */
static struct group part_of(const struct choosing *c, const struct group *g, int f, bool reading, int *units,
			    uint64_t *common)
{
	struct group part = { units, 0, common, 0 };

	memset(common, 0xff, sizeof(*common) * c->words);
	for (int i = 0; i < g->n; i++) {
		const uint64_t *reads = c->units[g->units[i]].reads;

		if (f >= 0 && has(reads, f) != reading)
			continue;
		units[part.n++] = g->units[i];
		for (size_t k = 0; k < c->words; k++)
			common[k] &= reads[k];
	}
	if (!part.n)
		memset(common, 0, sizeof(*common) * c->words);
	part.value = value_of(c, common, part.n);
	return part;
}

/* Files that the same units read split alike: one of them is tried. What was, by a hash of the units. */
struct readers {
	uint64_t *hashes;
	int n;
};

static bool was_tried(struct readers *r, uint64_t hash)
{
	for (int i = 0; i < r->n; i++)
		if (r->hashes[i] == hash)
			return true;
	r->hashes[r->n++] = hash;
	return false;
}

/* The file whose reading splits the group best; -1 if none gains. */
static int best_split(struct choosing *c, const struct group *g, double *gain)
{
	int *units = ARENA_ARRAY(&c->a, int, g->n), *count = ARENA_ARRAY(&c->a, int, c->nfile), best = -1;
	uint64_t *common = ARENA_ARRAY(&c->a, uint64_t, c->words);
	struct readers seen = { ARENA_ARRAY(&c->a, uint64_t, c->nfile), 0 };
	uint64_t *readers = ARENA_ARRAY(&c->a, uint64_t, c->nfile);

	*gain = 0;
	for (int i = 0; i < g->n; i++) {
		uint64_t hash = map_hash(&i, sizeof(i));

		for (int f = 0; f < c->nfile; f++)
			if (has(c->units[g->units[i]].reads, f)) {
				count[f]++;
				readers[f] += hash;
			}
	}
	for (int f = 0; f < c->nfile; f++) {
		double with, without;

		if (count[f] * c->scale <= COST || count[f] == g->n || was_tried(&seen, readers[f]))
			continue;
		with = part_of(c, g, f, true, units, common).value;
		without = part_of(c, g, f, false, units, common).value;
		if (with + without - g->value > *gain) {
			*gain = with + without - g->value;
			best = f;
		}
	}
	return best;
}

static struct group new_part(struct choosing *c, const struct group *g, int f, bool reading)
{
	int *units = ARENA_ARRAY(&c->a, int, g->n);

	return part_of(c, g, f, reading, units, ARENA_ARRAY(&c->a, uint64_t, c->words));
}

static int make_groups(struct choosing *c, struct group *groups)
{
	int n = 1, split[PCH_HEADERS];
	struct group all = { ARENA_ARRAY(&c->a, int, c->n), c->n, NULL, 0 };
	double gain[PCH_HEADERS];

	for (int i = 0; i < c->n; i++)
		all.units[i] = i;
	groups[0] = new_part(c, &all, -1, true);
	split[0] = best_split(c, &groups[0], &gain[0]);
	while (n < PCH_HEADERS) {
		int best = 0;

		for (int i = 1; i < n; i++)
			if (gain[i] > gain[best])
				best = i;
		if (gain[best] <= 0)
			break;
		all = groups[best];
		groups[n] = new_part(c, &all, split[best], false);
		groups[best] = new_part(c, &all, split[best], true);
		split[n] = best_split(c, &groups[n], &gain[n]);
		split[best] = best_split(c, &groups[best], &gain[best]);
		n++;
	}
	return n;
}

/* --- one header --- */

/* Roots are what the header's text includes. */
struct pruning {
	struct choosing *c;
	const struct group *g;
	struct pp_file **roots;
	int n;
	uint8_t *bad;
	int root;		/* the one that is read */
	int *root_of;		/* by file, 1 for the first */
};

static bool prune_enter(struct pp_walk *w, struct pp_file *f, int item)
{
	struct pruning *p = w->cookie;

	(void)item;
	if (w->depth == 1)
		while (p->root < p->n && p->roots[p->root] != f)
			p->root++;
	if (w->depth == 0 || p->root >= p->n || !pch_can_hold(f))
		return true;
	if (f->index >= p->c->nfile || !has(p->g->common, f->index))
		p->bad[p->root] = 1;
	else
		p->root_of[f->index] = p->root + 1;
	return true;
}

static bool write_text(struct pruning *p, const struct pch_header *h, struct text *t)
{
	FILE *f;
	bool ok;

	text_clear(t);
	text_printf(t, "#include \"%s/markers.h\"\n", p->c->plan->opt->marker_dir);
	for (int i = 0; i < p->n; i++)
		text_printf(t, "#include \"%s\"\n", p->roots[i]->path);
	f = fopen(h->text, "wb");
	ok = f && fwrite(text_str(t), 1, t->len, f) == t->len;
	return f && !fclose(f) && ok;
}

/* Files in which a macro of the unit's own is used cannot be read without it. */
static void find_own(struct pruning *p, struct pch_record *r)
{
	for (int i = 0; i < r->nfile && i < p->c->nfile; i++)
		for (int k = 0; r->nodes[i] && k < p->c->any.nown; k++)
			if (pch_mentions(r->nodes[i], p->c->any.own[k]) && p->root_of[i])
				p->bad[p->root_of[i] - 1] = 1;
}

static bool drop_bad(struct pruning *p)
{
	int kept = 0, before = p->n;

	for (int i = 0; i < p->n; i++)
		if (!p->bad[i])
			p->roots[kept++] = p->roots[i];
	p->n = kept;
	if (kept == before)
		return false;
	memset(p->bad, 0, (size_t)before);
	memset(p->root_of, 0, sizeof(*p->root_of) * (size_t)p->c->nfile);
	return true;
}

/*
 * Walk the header's text; drop what leads out of the group's files, or cannot be walked, or uses what only units
 * define. True when nothing did; h->record is then what the header stands for.
 */
static bool try_header(struct pruning *p, struct pch_header *h, struct text *t)
{
	static const struct pp_hooks hooks = { .enter = prune_enter };
	struct pch_plan *plan = p->c->plan;
	struct pp_file *text;

	if (!write_text(p, h, t) || !pch_start(plan, p->c->set, &p->c->set->search)) {
		p->n = 0;
		return true;
	}
	text = pp_scan(&plan->pp, h->text, text_str(t), t->len);
	plan->walk.hooks = &hooks;
	plan->walk.cookie = p;
	p->root = 0;
	if (!pp_walk_file(&plan->walk, text) && p->root < p->n)
		p->bad[p->root] = 1;
	plan->walk.hooks = NULL;
	if (drop_bad(p))
		return false;
	p->root = 0;
	if (!pch_start(plan, p->c->set, &p->c->set->search))
		return false;
	plan->walk.hooks = &hooks;	/* again, for root_of */
	pp_walk_file(&plan->walk, text);
	if (!pch_start(plan, p->c->set, &p->c->set->search) || !pch_record(&h->record, &plan->walk, text)) {
		p->n = 0;
		return true;
	}
	find_own(p, &h->record);
	return !drop_bad(p);
}

static bool is_plain_path(const char *path)
{
	return !strpbrk(path, "\"\\\n<>");
}

/* May a unit of the sample use it? If not, *blame is as pch_check() has it. */
static bool may_use(struct choosing *c, const struct sampled *s, const struct pch_header *h,
		    const struct pp_file **blame)
{
	const struct command *cmd = &c->plan->list->items[s->index];
	struct pch_unit unit;
	struct arena scratch = { 0 };
	struct flags f;
	bool may;

	*blame = NULL;
	flags_make(&scratch, c->plan->list, cmd, c->plan->opt, &f);
	may = pch_start_unit(c->plan, c->set, &scratch, cmd, &f, &unit) &&
	      pch_check(&h->record, &c->plan->walk, unit.file, unit.own, unit.nown, blame);
	arena_release(&scratch);
	return may;
}

/* Which units of the group may not use its header? If it is none of them, what is to blame is dropped. False: try again. */
static bool try_units(struct pruning *p, const struct pch_header *h, struct group *rest)
{
	const struct pp_file *blame;
	bool blamed = false;

	rest->n = 0;
	for (int i = 0; i < p->g->n; i++) {
		int unit = p->g->units[i];

		if (may_use(p->c, &p->c->units[unit], h, &blame))
			continue;
		rest->units[rest->n++] = unit;
		if (blame && blame->index < p->c->nfile && p->root_of[blame->index]) {
			p->bad[p->root_of[blame->index] - 1] = 1;
			blamed = true;
		}
	}
	if (rest->n < p->g->n)
		return true;
	if (!blamed)
		p->n = 0;
	drop_bad(p);
	return !p->n;
}

/* The header of a group. rest gets those of its units that may not use it. */
static bool make_header(struct choosing *c, const struct group *g, struct pch_header *h, struct group *rest)
{
	const struct sampled *first = &c->units[g->units[0]];
	struct pruning p = { .c = c, .g = g, .roots = ARENA_ARRAY(&c->a, struct pp_file *, first->n + 1),
			     .bad = ARENA_ARRAY(&c->a, uint8_t, first->n + 1),
			     .root_of = ARENA_ARRAY(&c->a, int, c->nfile) };
	struct text t = { 0 };
	int tries = 0;

	for (int i = 0; i < first->n; i++)
		if (has(g->common, first->files[i]->index) && is_plain_path(first->files[i]->path))
			p.roots[p.n++] = first->files[i];
	while (p.n && tries++ < PRUNINGS && !(try_header(&p, h, &t) && (!p.n || try_units(&p, h, rest))))
		pch_record_release(&h->record);
	text_release(&t);
	if (!p.n || tries > PRUNINGS || !h->record.nmember)
		return false;
	for (int i = 0; i < h->record.nfile; i++)
		if (h->record.nodes[i])
			h->weight += c->plan->pp.list[i]->size + FILE_COST;
	return true;
}

static int by_weight(const void *x, const void *y)
{
	const struct pch_header *a = x, *b = y;

	return (a->weight < b->weight) - (a->weight > b->weight);
}

bool pch_choose(struct pch_plan *plan, struct pch_set *set)
{
	struct choosing c = { .plan = plan, .set = set };
	struct group groups[PCH_HEADERS];
	int n;

	sample(&c);
	if (plan->pp.questions.n > set->asked && set->asks < 4) {
		arena_release(&c.a);
		return false;
	}
	n = c.n ? make_groups(&c, groups) : 0;
	for (int i = 0; i < n; i++) {
		struct pch_header *h = &set->headers[set->nheader];
		struct group rest = { .units = ARENA_ARRAY(&c.a, int, c.n) };

		memset(h, 0, sizeof(*h));
		h->text = arena_printf(&plan->arena, "%s/set%d-%d.h", plan->folder, set->number, i);
		h->file = arena_printf(&plan->arena, "%s/set%d-%d.pch", plan->folder, set->number, i);
		if (groups[i].value <= 0 || !make_header(&c, &groups[i], h, &rest)) {
			pch_record_release(&h->record);
			continue;
		}
		set->nheader++;
		if (rest.n && n < PCH_HEADERS)
			groups[n++] = new_part(&c, &rest, -1, true);
	}
	qsort(set->headers, (size_t)set->nheader, sizeof(set->headers[0]), by_weight);
	arena_release(&c.a);
	return true;
}
