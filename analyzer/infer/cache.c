// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is kept between runs. Entry points: cache_find(), cache_keep(), and the records of
 * what a simulation asks for. What was asked is asked again in the same order: as long as the
 * answers are the same, a simulation now would ask the same next, so that nothing is
 * made that a run without a cache would not make as well. For all that a summary's hash is enough: the summary itself
 * is read when a simulation wants it (summary_read_kept()), which for most functions of a run is never.
 */
#include "infer/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "infer/notes.h"
#include "infer/pack_summary.h"
#include "infer/simulate.h"

#include "infer/engine.inc"

#define MOST_FACTS 100000	/* of one function */

/* What it takes to read a summary. */
struct summary_source {
	struct analysis *an;
	uint64_t key;
	struct step_source from;
};

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
	struct consult c = {.node = n, .name = name, .summary = n ? n->kept_summary : NULL};
	uint32_t *by = !n ? NULL : name ? &n->named_by : &n->asked_by;

	if (!an->options->cache || (by ? *by == r->serial : has_unread(r, name, false)))
		return;
	if (by)
		*by = r->serial;
	add(r, &c);
}

void record_address(struct analysis *an, struct node *n, const char *name)
{
	struct record *r = an->record;
	struct consult c = {.node = n, .name = name, .is_address = true};

	if (!an->options->cache || (n ? n->meant_by == r->serial : has_unread(r, name, true)))
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

	if (!an->options->cache)
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
	pack_int(&p, n->matters | n->is_callback << 1 | (an->muted > 0) << 2 | (bound != NULL) << 3 | n->is_called << 4);
	pack_int(&p, an->depth);
	pack_name(&p, an->insists);
	pack_int(&p, an->insists_on_all);
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
	pack_int(&p, n->has_held);	/* held.c asks */
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

/* 1 + the number of the function's link of that name; 0 if it has none, as when one asked for it that it calls. */
static int link_of(const struct func *fn, const char *name)
{
	for (int i = 0; name && i < fn->nlink; i++)
		if (fn->links[i].name == name && fn->links[i].kind != LINK_FIELD)
			return i + 1;
	return 0;
}

static void pack_consult(struct packer *p, const struct record *r, const struct consult *c)
{
	int link = link_of(r->node->fn, c->name);

	pack_int(p, link);
	if (!link)
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

/* All that decides whether the entry may be used, and what it adds to the findings, the counts and the notes. */
static void pack_head(struct analysis *an, struct packer *p, const struct summary *s, const struct record *r, bool is_plain)
{
	pack_hash(p, r->node->fn->hash[0]);
	pack_int(p, r->n);
	for (int i = 0; i < r->n; i++)
		pack_consult(p, r, &r->items[i]);
	pack_hash(p, s->hash);
	for (int k = 0; k < UNSURE_KINDS; k++)
		if (r->unsure[k]) {
			pack_int(p, k + 1);
			pack_int(p, (int64_t)r->unsure[k]);
		}
	pack_int(p, 0);
	pack_int(p, r->is_over);
	pack_int(p, (int64_t)r->nfact);
	pack_int(p, is_plain && r->node->nheld);
	if (is_plain)
		notes_pack(p, r->node);
	for (size_t i = 0; i < r->nfact; i++)
		pack_fact(p, an->result->facts[r->first_fact + i]);
}

static void put_entry(struct analysis *an, uint64_t key, const struct summary *s, const struct record *r,
		      const struct packer *body, bool is_plain)
{
	const struct infer_cache *cache = an->options->cache;
	struct packer head, rest;

	packer_init(&head, &an->program);
	packer_init(&rest, &an->program);
	pack_head(an, &head, s, r, is_plain);
	pack_hash(&rest, s->hash);
	pack_bytes(&rest, body->out.s, body->out.len);
	cache->keep(cache->cookie, key, head.out.s, head.out.len, rest.out.s, rest.out.len);
	packer_release(&head);
	packer_release(&rest);
}

/* Of all that is simulated of a function, this is what its notes are made of. */
static bool is_plain(const struct analysis *an, const struct sym *const *bound)
{
	return !bound && !an->muted && !an->insists;
}

void cache_keep(struct analysis *an, struct node *n, const struct sym *const *bound, struct summary *s,
		const struct record *r)
{
	struct step_source from;
	struct packer body;
	struct arena scratch;
	bool is_whole;

	if (!an->options->cache)
		return;
	arena_init(&scratch);
	packer_init(&body, &an->program);
	from = source_of(&scratch, r->items, r->n);
	is_whole = pack_summary(&body, s, an->options->model, &from);
	s->hash = hash_of(n, body.out.s, body.out.len);
	if (is_whole && !an->is_damaged)
		put_entry(an, key_of(an, n, bound), s, r, &body, is_plain(an, bound));
	packer_release(&body);
	arena_release(&scratch);
}

/* ------------------------------------------------------------------ finding */

/* What was asked for, in *name as well: NULL there if it was asked for by its key. */
static struct node *consulted_node(struct analysis *an, struct node *n, struct unpacker *u, const char **name)
{
	int64_t link = unpack_int(u);
	const char *its_name;
	uint64_t key;

	if (link > 0 && link <= n->fn->nlink) {
		*name = n->fn->links[link - 1].name;
		return n->named[link - 1];
	}
	u->failed |= link != 0;
	*name = unpack_name(u);
	if (*name)
		return program_resolve(&an->program, n, *name);
	key = unpack_hash(u);
	its_name = unpack_name(u);
	return its_name ? program_find(&an->program, key, its_name) : NULL;
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
	const char *name;
	struct node *asked = consulted_node(an, n, u, &name);
	const struct sym *bound[8] = {0};
	struct consult c = {.node = asked, .name = name};
	int how = (int)unpack_int(u);

	if (u->failed || (!asked && !name))
		return false;
	if (how & 4)
		return unpack_hash(u) == (asked ? asked->key : 0) && !u->failed;
	c.summary = asked ? asked->kept_summary : NULL;
	if (how & 1) {
		if (!asked || !asked->kept_summary || !unpack_bound(u, bound))
			return false;
		an->muted += how >> 1 & 1;
		c.summary = simulate_special(an, asked, name, bound);
		an->muted -= how >> 1 & 1;
	}
	add(r, &c);
	return is_answer(u, asked, c.summary) && !u->failed;
}

/* A summary that can be read later. */
static struct summary *unread_summary(struct analysis *an, uint64_t key, uint64_t hash, const struct record *r)
{
	struct summary *s = ARENA_NEW(an->arena, struct summary);

	s->hash = hash;
	s->source = ARENA_NEW(an->arena, struct summary_source);
	s->source->an = an;
	s->source->key = key;
	s->source->from = source_of(an->arena, r->items, r->n);
	return s;
}

static void forget(struct analysis *an, uint64_t key)
{
	an->options->cache->forget(an->options->cache->cookie, key);
	an->is_damaged = true;
}

void cache_forget(struct analysis *an, struct node *n)
{
	forget(an, key_of(an, n, NULL));
}

/* A copy of the rest of an entry, to be freed: reading it may lead to others. Empty if there is none. */
static void *copy_rest(struct analysis *an, uint64_t key, size_t *size)
{
	const void *bytes = an->options->cache->find_rest(an->options->cache->cookie, key, size);
	void *copy;

	*size = bytes ? *size : 0;
	copy = malloc(*size + 1);
	if (!copy)
		die("out of memory (%zu bytes asked for)", *size);
	if (bytes)
		memcpy(copy, bytes, *size);
	return copy;
}

void summary_read_kept(struct summary *s)
{
	struct summary_source *source = s->source;
	struct analysis *an = source->an;
	struct unpacker rest, u;
	struct summary *whole = NULL;
	size_t size;
	void *copy = copy_rest(an, source->key, &size);
	uint64_t hash = s->hash;
	const void *bytes;

	s->source = NULL;
	unpacker_init(&rest, &an->program, &an->syms, copy, size);
	if (unpack_hash(&rest) == hash) {
		bytes = unpack_bytes(&rest, &size);
		unpacker_init(&u, &an->program, &an->syms, bytes, size);
		whole = unpack_summary(&u, an->arena, an->options->model, &source->from);
		unpacker_release(&u);
	}
	if (whole)
		*s = *whole;
	else
		s->is_unknown = true;
	if (!whole)
		forget(an, source->key);
	s->hash = hash;
	unpacker_release(&rest);
	free(copy);
}

/* The facts of an entry; false, with nothing added, when they make no sense. */
static bool read_facts(struct analysis *an, struct node *n, struct unpacker *u, int nfact)
{
	struct fact **facts = ARENA_ARRAY(an->arena, struct fact *, nfact);

	for (int i = 0; i < nfact && !u->failed; i++)
		facts[i] = unpack_fact(u, an->arena);
	for (int i = 0; i < nfact && !u->failed; i++) {
		facts[i]->fn = n->fn;
		facts[i]->unit = n->unit;
		explain_add(an, facts[i]);
	}
	return !u->failed;
}

static void read_counts(struct unpacker *u, unsigned long unsure[UNSURE_KINDS])
{
	for (int64_t kind; (kind = unpack_int(u)); ) {
		if (kind < 0 || kind > UNSURE_KINDS)
			u->failed = true;
		if (u->failed)
			break;
		unsure[kind - 1] = (unsigned long)unpack_int(u);
	}
}

static struct summary *read_entry(struct analysis *an, struct node *n, const struct sym *const *bound, uint64_t key,
				  struct unpacker *u, struct record *r)
{
	unsigned long unsure[UNSURE_KINDS] = {0};
	const void *notes;
	uint64_t hash;
	bool is_over, has_held;
	int64_t nfact;
	size_t nnotes;
	int nconsult;

	if (unpack_hash(u) != n->fn->hash[0])
		return NULL;
	nconsult = unpack_count(u);
	for (int i = 0; i < nconsult; i++)
		if (!is_same(an, n, u, r))
			return NULL;
	hash = unpack_hash(u);
	read_counts(u, unsure);
	is_over = unpack_int(u);
	nfact = unpack_int(u);
	has_held = unpack_int(u);
	notes = is_plain(an, bound) ? unpack_bytes(u, &nnotes) : NULL;
	if (u->failed || nfact < 0 || nfact > MOST_FACTS || !read_facts(an, n, u, (int)nfact))
		return NULL;
	memcpy(r->unsure, unsure, sizeof(unsure));
	if (notes) {
		n->has_held |= has_held;
		notes_keep(n, notes, nnotes);
	}
	if (is_over)
		simulate_over_budget(an, n->fn);
	return unread_summary(an, key, hash, r);
}

struct summary *cache_find(struct analysis *an, struct node *n, const struct sym *const *bound, struct record *r)
{
	const struct infer_cache *cache = an->options->cache;
	struct summary *s;
	struct unpacker u;
	const void *head;
	uint64_t key;
	size_t size;

	if (!cache)
		return NULL;
	key = key_of(an, n, bound);
	head = cache->find(cache->cookie, key, &size);
	if (!head)
		return NULL;
	unpacker_init(&u, &an->program, &an->syms, head, size);
	s = read_entry(an, n, bound, key, &u, r);
	unpacker_release(&u);
	r->n = 0;
	return s;
}
