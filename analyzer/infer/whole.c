// SPDX-License-Identifier: GPL-2.0-only
/*
 * The findings of the passes over the whole program between runs. Entry points: whole_find(), whole_keep().
 */
#include "infer/whole.h"

#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "infer/explain.h"
#include "infer/pack_summary.h"
#include "infer/simulate.h"

#include "infer/engine.inc"

#define MOST_FACTS 1000000

/* ------------------------------------------------------------------ what the passes read */

static void pack_units(struct packer *p, struct unit *const *units, size_t nunit)
{
	for (size_t u = 0; u < nunit; u++) {
		pack_name(p, units[u]->file);
		pack_int(p, units[u]->nslot);
		for (int i = 0; i < units[u]->nslot; i++) {
			const struct slot *s = &units[u]->slots[i];

			pack_name(p, s->struct_name);
			pack_name(p, s->field);
			pack_name(p, s->func);
			pack_name(p, s->object);
			pack_name(p, s->at.file);
		}
	}
}

/* Where what is found in programs of those units is kept: that of a later one takes the place of an older one's. */
static uint64_t place_of(struct unit *const *units, size_t nunit)
{
	uint64_t place = map_hash("whole", 5);

	for (size_t u = 0; u < nunit; u++) {
		const uint64_t parts[] = {place, map_hash(units[u]->file, strlen(units[u]->file))};

		place = map_hash(parts, sizeof(parts));
	}
	return place;
}

/* All that it depends on. */
static uint64_t content_of(const struct analysis *an, struct unit *const *units, size_t nunit)
{
	struct packer p;
	uint64_t key;

	packer_init(&p, &an->program);
	text_puts(&p.out, engine_hash);
	pack_hash(&p, an->options->model->hash);
	pack_int(&p, an->options->state_budget);
	pack_units(&p, units, nunit);
	for (size_t i = 0; i < an->program.nnode; i++) {
		const struct node *n = an->program.nodes[i];

		pack_hash(&p, n->fn->outline);
		pack_hash(&p, n->notes_hash);
		pack_int(&p, n->unit_index);
	}
	key = map_hash(p.out.s, p.out.len);
	packer_release(&p);
	return key;
}

/* ------------------------------------------------------------------ functions that findings tell of */

struct told {
	const struct func **items;
	int n, cap;
	struct arena *arena;
};

static void add_told(struct told *t, const struct func *fn)
{
	for (int i = 0; i < t->n; i++)
		if (t->items[i] == fn)
			return;
	if (t->n == t->cap) {
		const struct func **more = ARENA_ARRAY(t->arena, const struct func *, t->cap = t->cap ? t->cap * 2 : 16);

		if (t->n)
			memcpy(more, t->items, sizeof(*more) * (size_t)t->n);
		t->items = more;
	}
	t->items[t->n++] = fn;
}

/* In order of appearance. */
static void find_told(struct told *t, const struct fact *f)
{
	t->n = 0;
	add_told(t, f->fn);
	add_told(t, f->at.in);
	add_told(t, f->origin.in);
	for (int i = 0; i < f->nstep; i++)
		add_told(t, f->steps[i].at.in);
}

static void pack_told(struct packer *p, struct told *t, const struct fact *f)
{
	find_told(t, f);
	pack_int(p, t->n);
	for (int i = 0; i < t->n; i++)
		pack_hash(p, t->items[i] ? t->items[i]->hash[0] : 0);
}

static bool are_same(struct unpacker *u, struct told *t, const struct fact *f)
{
	find_told(t, f);
	if (unpack_count(u) != t->n)
		return false;
	for (int i = 0; i < t->n; i++)
		if (unpack_hash(u) != (t->items[i] ? t->items[i]->hash[0] : 0))
			return false;
	return true;
}

/* ------------------------------------------------------------------ functions that were looked into */

static void add_node(struct analysis *an, struct node_set *set, const struct node *n)
{
	if (!set->has)
		set->has = ARENA_ARRAY(an->arena, bool, an->program.nnode);
	if (set->has[n->index])
		return;
	set->has[n->index] = true;
	if (set->n == set->cap) {
		const struct node **more = ARENA_ARRAY(an->arena, const struct node *, set->cap = set->cap ? set->cap * 2 : 64);

		if (set->n)
			memcpy(more, set->items, sizeof(*more) * set->n);
		set->items = more;
	}
	set->items[set->n++] = n;
}

void whole_reads(struct analysis *an, const struct node *n)
{
	func_read(n->fn);
	add_node(an, &an->read, n);
}

const struct summary *whole_asks(struct analysis *an, const struct node *n)
{
	add_node(an, &an->asked, n);
	return node_summary(n);
}

static uint64_t text_hash(const struct node *n)
{
	return n->fn->hash[0];
}

static uint64_t summary_hash(const struct node *n)
{
	return n->kept_summary ? n->kept_summary->hash : 0;
}

static void pack_set(struct packer *p, const struct node_set *set, uint64_t (*hash)(const struct node *n))
{
	pack_int(p, (int64_t)set->n);
	for (size_t i = 0; i < set->n; i++) {
		pack_name(p, set->items[i]->unit->file);
		pack_name(p, set->items[i]->fn->name);
		pack_hash(p, hash(set->items[i]));
	}
}

static bool is_set_the_same(struct analysis *an, struct unpacker *u, uint64_t (*hash)(const struct node *n))
{
	int64_t n = unpack_int(u);

	for (int64_t i = 0; i < n && !u->failed; i++) {
		const char *file = unpack_name(u), *name = unpack_name(u);
		size_t unit = file ? program_unit(&an->program, file) : an->program.nunit;
		const struct node *node = name && unit < an->program.nunit ? program_resolve_in(&an->program, unit, name) : NULL;

		if (!node || unpack_hash(u) != hash(node))
			return false;
	}
	return !u->failed;
}

/* ------------------------------------------------------------------ finding */

static struct fact *unpack_one(struct analysis *an, struct unpacker *u, struct told *t)
{
	const char *file = unpack_name(u), *name = unpack_name(u);
	size_t unit = file ? program_unit(&an->program, file) : an->program.nunit;
	struct node *n = name && unit < an->program.nunit ? program_resolve_in(&an->program, unit, name) : NULL;
	struct fact *f = n ? unpack_fact(u, an->arena) : NULL;

	if (!f || u->failed)
		return NULL;
	f->fn = n->fn;
	f->unit = n->unit;
	return are_same(u, t, f) ? f : NULL;
}

static bool read_all(struct analysis *an, struct unpacker *u, uint64_t content)
{
	unsigned long counts[UNSURE_KINDS];
	size_t graph[3];
	struct told t = {.arena = an->arena};
	struct fact **facts;
	int64_t n;

	if (unpack_hash(u) != content)
		return false;
	n = unpack_int(u);
	if (u->failed || n < 0 || n > MOST_FACTS || !is_set_the_same(an, u, text_hash) || !is_set_the_same(an, u, summary_hash))
		return false;
	for (int k = 0; k < UNSURE_KINDS; k++)
		counts[k] = (unsigned long)unpack_int(u);
	for (int k = 0; k < 3; k++)
		graph[k] = (size_t)unpack_int(u);
	facts = ARENA_ARRAY(an->arena, struct fact *, (size_t)n);
	for (int64_t i = 0; i < n; i++) {
		facts[i] = unpack_one(an, u, &t);
		if (!facts[i])
			return false;
	}
	if (u->failed)
		return false;
	for (int64_t i = 0; i < n; i++)
		explain_add(an, facts[i]);
	for (int k = 0; k < UNSURE_KINDS; k++)
		an->result->unsure[k] += counts[k];
	an->result->nslot = graph[0];
	an->result->nslot_edge = graph[1];
	an->result->unresolved_pointers = graph[2];
	return true;
}

bool whole_find(struct analysis *an, struct unit *const *units, size_t nunit, struct whole *w)
{
	const struct infer_cache *cache = an->options->cache;
	const void *bytes;
	struct unpacker u;
	bool is_found;
	size_t size;

	w->key = 0;
	w->first_fact = an->result->nfact;
	memcpy(w->unsure, an->result->unsure, sizeof(w->unsure));
	if (!cache || an->options->roots || an->is_damaged)
		return false;
	w->key = place_of(units, nunit);
	w->content = content_of(an, units, nunit);
	bytes = cache->find_rest(cache->cookie, w->key, &size);
	if (!bytes)
		return false;
	unpacker_init(&u, &an->program, &an->syms, bytes, size);
	is_found = read_all(an, &u, w->content);
	unpacker_release(&u);
	return is_found;
}

void whole_keep(struct analysis *an, const struct whole *w)
{
	const struct infer_result *r = an->result;
	struct told t = {.arena = an->arena};
	struct packer p;

	if (!w->key || an->is_damaged)
		return;
	packer_init(&p, &an->program);
	pack_hash(&p, w->content);
	pack_int(&p, (int64_t)(r->nfact - w->first_fact));
	pack_set(&p, &an->read, text_hash);
	pack_set(&p, &an->asked, summary_hash);
	for (int k = 0; k < UNSURE_KINDS; k++)
		pack_int(&p, (int64_t)(r->unsure[k] - w->unsure[k]));
	pack_int(&p, (int64_t)r->nslot);
	pack_int(&p, (int64_t)r->nslot_edge);
	pack_int(&p, (int64_t)r->unresolved_pointers);
	for (size_t i = w->first_fact; i < r->nfact; i++) {
		pack_name(&p, r->facts[i]->unit->file);
		pack_name(&p, r->facts[i]->fn->name);
		pack_fact(&p, r->facts[i]);
		pack_told(&p, &t, r->facts[i]);
	}
	an->options->cache->keep(an->options->cache->cookie, w->key, "", 1, p.out.s, p.out.len);
	packer_release(&p);
}
