// SPDX-License-Identifier: GPL-2.0-only
/*
 * The result of a run as bytes. Entry points: result_find(), result_keep(). What one packs, the other unpacks, in that
 * order.
 */
#include "infer/result.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "infer/model.h"
#include "infer/pack.h"
#include "infer/pack_summary.h"

#include "infer/engine.inc"

/* ------------------------------------------------------------------ keys */

/* Where the result of programs of those names is kept: what a later one found takes the place of an older one's. */
static uint64_t key_of(const struct program_id *id)
{
	const uint64_t parts[] = {id->names, map_hash("result", 6)};

	return map_hash(parts, sizeof(parts));
}

/* All that the result depends on. */
static uint64_t content_of(const struct program_id *id, const struct infer_options *opt)
{
	struct packer p;
	uint64_t hash;

	packer_init(&p, NULL);
	text_puts(&p.out, engine_hash);
	pack_hash(&p, id->content);
	pack_hash(&p, opt->model->hash);
	pack_int(&p, opt->state_budget);
	hash = map_hash(p.out.s, p.out.len);
	packer_release(&p);
	return hash;
}

static bool is_kept(const struct infer_options *opt)
{
	return opt->cache && !opt->roots && !opt->prove;
}

/* ------------------------------------------------------------------ facts, without the program they are of */

static void pack_one(struct packer *p, const struct fact *f)
{
	pack_name(p, f->unit->file);
	pack_name(p, f->fn->name);
	pack_name(p, f->fn->file);
	pack_int(p, f->fn->line);
	pack_int(p, f->fn->end_line);
	pack_fact(p, f);
}

static const struct fact *unpack_one(struct unpacker *u, struct arena *a)
{
	struct unit *unit = ARENA_NEW(a, struct unit);
	struct func *fn = ARENA_NEW(a, struct func);
	struct fact *f;

	unit->file = unpack_name(u);
	fn->name = unpack_name(u);
	fn->file = unpack_name(u);
	fn->line = (int)unpack_int(u);
	fn->end_line = (int)unpack_int(u);
	f = unpack_fact(u, a);
	f->fn = fn;
	f->unit = unit;
	u->failed |= !unit->file || !fn->name;
	return f;
}

/* ------------------------------------------------------------------ counts */

enum { COUNTS = 7 };

static void list_counts(struct infer_result *r, size_t *counts[COUNTS])
{
	size_t *const all[COUNTS] = {&r->nfunc, &r->nedge, &r->unresolved, &r->nslot, &r->nslot_edge,
				     &r->unresolved_pointers, &r->over_budget};

	memcpy(counts, all, sizeof(all));
}

static void pack_counts(struct packer *p, const struct infer_result *r)
{
	struct infer_result copy = *r;
	size_t *counts[COUNTS];

	list_counts(&copy, counts);
	for (int i = 0; i < COUNTS; i++)
		pack_int(p, (int64_t)*counts[i]);
	for (int k = 0; k < UNSURE_KINDS; k++)
		pack_int(p, (int64_t)r->unsure[k]);
	for (size_t i = 0; i < r->over_budget; i++)
		pack_name(p, r->over_budget_names[i]);
}

static void *room_for(int n, size_t size)
{
	void *room = calloc((size_t)n + 1, size);

	if (!room)
		die("out of memory (%d findings)", n);
	return room;
}

static void unpack_counts(struct unpacker *u, struct infer_result *r)
{
	size_t *counts[COUNTS];

	list_counts(r, counts);
	for (int i = 0; i < COUNTS; i++)
		*counts[i] = (size_t)unpack_int(u);
	for (int k = 0; k < UNSURE_KINDS; k++)
		r->unsure[k] = (unsigned long)unpack_int(u);
	if (r->over_budget > (size_t)(u->end - u->at)) {
		u->failed = true;
		r->over_budget = 0;
	}
	r->over_budget_names = room_for((int)r->over_budget, sizeof(*r->over_budget_names));
	for (size_t i = 0; i < r->over_budget; i++) {
		r->over_budget_names[i] = unpack_name(u);
		u->failed |= !r->over_budget_names[i];
	}
}

/* ------------------------------------------------------------------ finding and keeping */

static void unpack_all(struct unpacker *u, struct arena *a, struct infer_result *r)
{
	int n;

	unpack_counts(u, r);
	n = u->failed ? 0 : unpack_count(u);
	r->facts = room_for(n, sizeof(*r->facts));
	for (int i = 0; i < n && !u->failed; i++)
		r->facts[r->nfact++] = unpack_one(u, a);
}

bool result_find(struct arena *a, const struct program_id *id, const struct infer_options *opt, struct infer_result *out)
{
	const void *bytes;
	struct unpacker u;
	bool is_found;
	size_t size;

	memset(out, 0, sizeof(*out));
	bytes = is_kept(opt) ? opt->cache->find_rest(opt->cache->cookie, key_of(id), &size) : NULL;
	if (!bytes)
		return false;
	unpacker_init(&u, NULL, NULL, bytes, size);
	if (unpack_hash(&u) == content_of(id, opt)) {
		unpack_all(&u, a, out);
		is_found = !u.failed;
	} else {
		is_found = false;
	}
	unpacker_release(&u);
	if (!is_found)
		infer_result_release(out);
	return is_found;
}

void result_keep(const struct program_id *id, const struct infer_options *opt, const struct infer_result *r)
{
	struct packer p;

	if (!is_kept(opt))
		return;
	packer_init(&p, NULL);
	pack_hash(&p, content_of(id, opt));
	pack_counts(&p, r);
	pack_int(&p, (int64_t)r->nfact);
	for (size_t i = 0; i < r->nfact; i++)
		pack_one(&p, r->facts[i]);
	opt->cache->keep(opt->cache->cookie, key_of(id), "", 1, p.out.s, p.out.len);
	packer_release(&p);
}
