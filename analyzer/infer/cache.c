// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is kept between runs. Entry points: cache_find(), cache_keep(), and the records of
 * what a simulation asks for. What was asked is asked again in the same order: as long as the
 * answers are the same, a simulation now would ask the same next, so that nothing is
 * made that a run without a cache would not make as well.
 */
#include "infer/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "infer/pack_summary.h"
#include "infer/simulate.h"

#include "infer/engine.inc"

enum { ANSWER_UNREAD, ANSWER_NOT_YET, ANSWER_HASH };	/* no body; no summary; the hash of one */

/* ------------------------------------------------------------------ records */

void record_begin(struct analysis *an, struct record *r, struct node *n)
{
	memset(r, 0, sizeof(*r));
	r->outer = an->record;
	r->node = n;
	r->serial = ++an->serial;
	r->muted = an->muted;
	an->record = r;
}

void record_end(struct analysis *an, struct record *r)
{
	for (int k = 0; k < UNSURE_KINDS; k++)
		an->result->unsure[k] += r->unsure[k];
	free(r->items);
	an->record = r->outer;
}

static void add(struct record *r, const struct consult *c)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 16;
		r->items = realloc(r->items, sizeof(*r->items) * (size_t)r->cap);
		if (!r->items)
			die("out of memory (%d functions asked for)", r->cap);
	}
	r->items[r->n++] = *c;
}

static bool has_unread(const struct record *r, const char *name, bool is_address)
{
	for (int i = 0; i < r->n; i++)
		if (!r->items[i].node && r->items[i].name == name && r->items[i].is_address == is_address)
			return true;
	return false;
}

void record_body(struct analysis *an, struct node *n, const char *name)
{
	struct record *r = an->record;
	struct consult c = {.node = n, .name = name, .summary = n ? n->summary : NULL};
	uint32_t *by = !n ? NULL : name ? &n->named_by : &n->asked_by;

	if (!an->options->find || (by ? *by == r->serial : has_unread(r, name, false)))
		return;
	if (by)
		*by = r->serial;
	add(r, &c);
}

void record_address(struct analysis *an, struct node *n, const char *name)
{
	struct record *r = an->record;
	struct consult c = {.node = n, .name = name, .is_address = true};

	if (!an->options->find || (n ? n->meant_by == r->serial : has_unread(r, name, true)))
		return;
	if (n)
		n->meant_by = r->serial;
	add(r, &c);
}

void record_special(struct analysis *an, struct node *n, const char *name, const struct sym *const bound[8],
		    const struct summary *s)
{
	struct record *r = an->record;
	struct consult c = {.node = n, .name = name, .is_muted = an->muted > r->muted, .summary = s};

	if (!an->options->find)
		return;
	for (int i = 0; i < r->n; i++)
		if (r->items[i].node == n && r->items[i].name == name && r->items[i].bound &&
		    r->items[i].is_muted == c.is_muted &&
		    !memcmp(r->items[i].bound, bound, sizeof(bound[0]) * 8))
			return;
	c.bound = arena_copy(an->arena, bound, sizeof(bound[0]) * 8);
	add(r, &c);
}

/* ------------------------------------------------------------------ keys and answers */

static void pack_bound(struct packer *p, const struct sym *const *bound)
{
	for (int i = 0; i < 8; i++)
		pack_sym(p, bound[i]);
}

/* Everything that decides what a simulation sees, save what it asks for. */
static uint64_t key_of(struct analysis *an, struct node *n, const struct sym *const *bound)
{
	struct packer p;
	uint64_t key;

	packer_init(&p, &an->program);
	text_puts(&p.out, engine_hash);
	pack_hash(&p, an->options->model->hash);
	pack_int(&p, an->options->state_budget);
	pack_hash(&p, n->fn->hash[0]);
	pack_hash(&p, n->fn->hash[1]);
	pack_int(&p, n->twin);
	pack_int(&p, n->matters | n->is_callback << 1 | (an->muted > 0) << 2 | (bound != NULL) << 3);
	pack_int(&p, an->depth);
	if (bound)
		pack_bound(&p, bound);
	key = map_hash(p.out.s, p.out.len);
	packer_release(&p);
	return key;
}

/* A summary's hash covers what callers use of the function itself. */
static uint64_t hash_of(const struct node *n, const char *bytes, size_t len)
{
	struct packer p;
	uint64_t hash;

	packer_init(&p, NULL);
	pack_bytes(&p, n->fn->name, strlen(n->fn->name));
	pack_int(&p, n->fn->nparam);
	for (int i = 0; i < n->fn->nparam; i++)
		pack_name(&p, n->fn->params[i].name);
	pack_bytes(&p, bytes, len);
	hash = map_hash(p.out.s, p.out.len);
	packer_release(&p);
	return hash;
}

static void pack_answer(struct packer *p, const struct consult *c)
{
	pack_int(p, !c->node ? ANSWER_UNREAD : !c->summary ? ANSWER_NOT_YET : ANSWER_HASH);
	if (c->summary)
		pack_hash(p, c->summary->hash);
}

static bool is_answer(struct unpacker *u, const struct node *n, const struct summary *s)
{
	switch (unpack_int(u)) {
	case ANSWER_UNREAD: return !n;
	case ANSWER_NOT_YET: return n && !s;
	case ANSWER_HASH: return unpack_hash(u) == (s ? s->hash : 0) && s;
	default: return false;
	}
}

/* ------------------------------------------------------------------ keeping */

/* The summaries whose steps may be shown. */
static struct step_source source_of(struct arena *a, const struct consult *items, int n)
{
	const struct summary **all = ARENA_ARRAY(a, const struct summary *, n);
	struct step_source from = {.items = all};

	for (int i = 0; i < n; i++)
		if (items[i].summary)
			all[from.n++] = items[i].summary;
	return from;
}

static void pack_consult(struct packer *p, const struct consult *c)
{
	pack_name(p, c->name);
	if (!c->name) {
		pack_hash(p, c->node->key);
		pack_name(p, c->node->fn->name);
	}
	pack_int(p, (c->bound != NULL) | c->is_muted << 1 | c->is_address << 2);
	if (c->bound)
		pack_bound(p, c->bound);
	if (c->is_address)
		pack_hash(p, c->node ? c->node->key : 0);
	else
		pack_answer(p, c);
}

static void put_entry(struct analysis *an, uint64_t key, const struct summary *s, const struct record *r,
		      const struct packer *body)
{
	struct packer p;

	packer_init(&p, &an->program);
	pack_hash(&p, r->node->fn->hash[0]);
	pack_int(&p, r->n);
	for (int i = 0; i < r->n; i++)
		pack_consult(&p, &r->items[i]);
	pack_hash(&p, s->hash);
	pack_bytes(&p, body->out.s, body->out.len);
	for (int k = 0; k < UNSURE_KINDS; k++)
		pack_int(&p, (int64_t)r->unsure[k]);
	pack_int(&p, r->is_over);
	pack_int(&p, (int64_t)r->nfact);
	for (size_t i = 0; i < r->nfact; i++)
		pack_fact(&p, an->result->facts[r->first_fact + i]);
	an->options->keep(an->options->cache, key, p.out.s, p.out.len);
	packer_release(&p);
}

void cache_keep(struct analysis *an, struct node *n, const struct sym *const *bound, struct summary *s,
		const struct record *r)
{
	struct step_source from;
	struct packer body;
	struct arena scratch;
	bool is_whole;

	if (!an->options->find)
		return;
	arena_init(&scratch);
	packer_init(&body, &an->program);
	from = source_of(&scratch, r->items, r->n);
	is_whole = pack_summary(&body, s, an->options->model, &from);
	s->hash = hash_of(n, body.out.s, body.out.len);
	if (is_whole)
		put_entry(an, key_of(an, n, bound), s, r, &body);
	packer_release(&body);
	arena_release(&scratch);
}

/* ------------------------------------------------------------------ finding */

static struct node *consulted_node(struct analysis *an, struct node *n, struct unpacker *u, const char *name)
{
	uint64_t key;

	if (name)
		return program_resolve(&an->program, n, name);
	key = unpack_hash(u);
	name = unpack_name(u);
	return name ? program_find(&an->program, key, name) : NULL;
}

static bool unpack_bound(struct unpacker *u, const struct sym *bound[8])
{
	for (int i = 0; i < 8; i++)
		bound[i] = unpack_sym(u);
	return !u->failed;
}

/* Ask again what was asked then. */
static bool is_same(struct analysis *an, struct node *n, struct unpacker *u, struct record *r)
{
	const char *name = unpack_name(u);
	struct node *asked = consulted_node(an, n, u, name);
	const struct sym *bound[8] = {0};
	struct consult c = {.node = asked, .name = name};
	int how = (int)unpack_int(u);

	if (u->failed || (!asked && !name))
		return false;
	if (how & 4)
		return unpack_hash(u) == (asked ? asked->key : 0) && !u->failed;
	c.summary = asked ? asked->summary : NULL;
	if (how & 1) {
		if (!asked || !asked->summary || !unpack_bound(u, bound))
			return false;
		an->muted += how >> 1 & 1;
		c.summary = simulate_special(an, asked, name, bound);
		an->muted -= how >> 1 & 1;
	}
	add(r, &c);
	return is_answer(u, asked, c.summary) && !u->failed;
}

static struct summary *read_summary(struct analysis *an, struct unpacker *u, const struct record *r)
{
	struct unpacker body;
	struct arena scratch;
	struct step_source from;
	struct summary *s;
	uint64_t hash = unpack_hash(u);
	size_t len;
	const void *bytes = unpack_bytes(u, &len);

	arena_init(&scratch);
	from = source_of(&scratch, r->items, r->n);
	unpacker_init(&body, &an->program, &an->syms, bytes, len);
	s = unpack_summary(&body, an->arena, an->options->model, &from);
	if (s)
		s->hash = hash;
	unpacker_release(&body);
	arena_release(&scratch);
	return s;
}

/* Counts and facts; false, with nothing added, when they make no sense. */
static bool read_facts(struct analysis *an, struct node *n, struct unpacker *u, struct record *r)
{
	unsigned long unsure[UNSURE_KINDS];
	struct fact **facts;
	bool is_over;
	int nfact;

	for (int k = 0; k < UNSURE_KINDS; k++)
		unsure[k] = (unsigned long)unpack_int(u);
	is_over = unpack_int(u);
	nfact = unpack_count(u);
	facts = ARENA_ARRAY(an->arena, struct fact *, nfact);
	for (int i = 0; i < nfact; i++)
		facts[i] = unpack_fact(u, an->arena);
	if (u->failed)
		return false;
	memcpy(r->unsure, unsure, sizeof(unsure));
	if (is_over)
		simulate_over_budget(an, n->fn);
	for (int i = 0; i < nfact; i++) {
		facts[i]->fn = n->fn;
		facts[i]->unit = n->unit;
		explain_add(an, facts[i]);
	}
	return true;
}

static struct summary *read_entry(struct analysis *an, struct node *n, struct unpacker *u, struct record *r)
{
	struct summary *s;
	int nconsult;

	if (unpack_hash(u) != n->fn->hash[0])
		return NULL;
	nconsult = unpack_count(u);
	for (int i = 0; i < nconsult; i++)
		if (!is_same(an, n, u, r))
			return NULL;
	s = read_summary(an, u, r);
	return s && read_facts(an, n, u, r) ? s : NULL;
}

/* The entry's bytes, the caller's to free: they must outlive the questions, which look for other entries. */
static void *copy_entry(struct analysis *an, uint64_t key, size_t *len)
{
	const void *bytes = an->options->find(an->options->cache, key, len);
	void *copy;

	if (!bytes)
		return NULL;
	copy = malloc(*len + 1);
	if (!copy)
		die("out of memory (%zu bytes asked for)", *len);
	memcpy(copy, bytes, *len);
	return copy;
}

struct summary *cache_find(struct analysis *an, struct node *n, const struct sym *const *bound, struct record *r)
{
	struct summary *s;
	struct unpacker u;
	void *bytes;
	size_t len;

	if (!an->options->find)
		return NULL;
	bytes = copy_entry(an, key_of(an, n, bound), &len);
	if (!bytes)
		return NULL;
	unpacker_init(&u, &an->program, &an->syms, bytes, len);
	s = read_entry(an, n, &u, r);
	unpacker_release(&u);
	free(bytes);
	r->n = 0;
	return s;
}
