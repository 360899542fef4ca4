// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which program some units make, by what they hold and not by the numbers of rows, which another content may have
 * tomorrow. Entry: store_program_id(). Four walks over tables or their indices, no function is read.
 */
#include "db/store.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/message.h"
#include "db/store_own.h"
#include "infer/result.h"

/* The hash of each function and what is known of each unit, by row number. */
struct rows {
	struct store *store;
	uint64_t *funcs;
	size_t nfunc;
	struct unit_row {
		uint64_t funcs, slots;
		bool is_wanted;
	} *units;
	size_t nunit;
};

static void *room_for(const struct store *s, int64_t n, size_t size)
{
	void *room = n < INT32_MAX ? calloc((size_t)n + 1, size) : NULL;

	if (!room)
		die("out of memory, or %s is damaged (%lld rows)", s->path, (long long)n);
	return room;
}

static void read_funcs(struct rows *r)
{
	struct stmt *st = db_prepare(r->store->db, "SELECT id, hash FROM func");

	while (db_step(st)) {
		int64_t id = db_col_int(st, 0);
		uint64_t hash[2];

		store_col_hash(st, 1, hash);
		if (id > 0 && (size_t)id < r->nfunc)
			r->funcs[id] = hash[0];
	}
}

static struct unit_row *wanted(struct rows *r, int64_t unit)
{
	return unit > 0 && (size_t)unit < r->nunit && r->units[unit].is_wanted ? &r->units[unit] : NULL;
}

/* In no order: that of row numbers says nothing. */
static void add_unit_funcs(struct rows *r)
{
	struct stmt *st = db_prepare(r->store->db, "SELECT unit, func, line FROM unit_func");

	while (db_step(st)) {
		struct unit_row *u = wanted(r, db_col_int(st, 0));
		int64_t func = db_col_int(st, 1), line = db_col_int(st, 2);

		if (u && func > 0 && (size_t)func < r->nfunc)
			u->funcs += XXH3_64bits_withSeed(&r->funcs[func], sizeof(r->funcs[func]), (uint64_t)line);
	}
}

static uint64_t hash_text(struct stmt *st, int col, uint64_t seed)
{
	const char *s = db_col_text(st, col);

	return s ? XXH3_64bits_withSeed(s, strlen(s), seed) : XXH3_64bits_withSeed("", 1, seed);
}

/* In order: each with what came before it in its unit. */
static void add_slots(struct rows *r)
{
	struct stmt *st = db_prepare(r->store->db,
				     "SELECT unit, line, col, struct, field, func, object, file FROM slot ORDER BY rowid");

	while (db_step(st)) {
		struct unit_row *u = wanted(r, db_col_int(st, 0));
		int64_t spot[] = {db_col_int(st, 1), db_col_int(st, 2)};

		if (!u)
			continue;
		u->slots = XXH3_64bits_withSeed(spot, sizeof(spot), u->slots);
		for (int col = 3; col < 8; col++)
			u->slots = hash_text(st, col, u->slots);
	}
}

static void add_units(struct rows *r, struct program_id *out)
{
	struct stmt *st = db_prepare(r->store->db, "SELECT id, file FROM unit");

	while (db_step(st)) {
		struct unit_row *u = wanted(r, db_col_int(st, 0));
		uint64_t file;

		if (!u)
			continue;
		file = hash_text(st, 1, 0);
		out->names += file;
		out->content += XXH3_64bits_withSeed(&u->funcs, sizeof(u->funcs), file ^ u->slots);
	}
}

void store_program_id(struct store *s, const int64_t *ids, size_t n, struct program_id *out)
{
	struct rows r = {.store = s};

	*out = (struct program_id){.names = (uint64_t)s->config};
	store_begin_reading(s);
	r.nfunc = (size_t)db_int(s->db, "SELECT coalesce(max(id), 0) FROM func") + 1;
	r.nunit = (size_t)db_int(s->db, "SELECT coalesce(max(id), 0) FROM unit") + 1;
	r.funcs = room_for(s, (int64_t)r.nfunc, sizeof(*r.funcs));
	r.units = room_for(s, (int64_t)r.nunit, sizeof(*r.units));
	for (size_t i = 0; i < n; i++)
		if (ids[i] > 0 && (size_t)ids[i] < r.nunit)
			r.units[ids[i]].is_wanted = true;
	read_funcs(&r);
	add_unit_funcs(&r);
	add_slots(&r);
	add_units(&r, out);
	free(r.funcs);
	free(r.units);
}
