// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which program some units make, by what they hold and not by the numbers of rows, which another content may have
 * tomorrow. Entry points: store_unit_content(), which is kept with each unit, and store_program_id().
 */
#include "db/store.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/message.h"
#include "db/store_own.h"
#include "flow/flow.h"
#include "infer/result.h"

static uint64_t hash_text(const char *s, uint64_t seed)
{
	return s ? XXH3_64bits_withSeed(s, strlen(s), seed) : XXH3_64bits_withSeed("", 1, seed);
}

/* Slots in order, each with what came before it; functions in none. */
int64_t store_unit_content(const struct unit *u)
{
	uint64_t slots = 0, funcs = 0;

	for (int i = 0; i < u->nfunc; i++)
		funcs += XXH3_64bits_withSeed(u->funcs[i]->hash, sizeof(u->funcs[i]->hash), (uint64_t)u->funcs[i]->line);
	for (int i = 0; i < u->nslot; i++) {
		const struct slot *s = &u->slots[i];
		const char *const names[] = {s->struct_name, s->field, s->func, s->object, s->at.file};
		const int spot[] = {s->at.line, s->at.col};

		slots = XXH3_64bits_withSeed(spot, sizeof(spot), slots);
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			slots = hash_text(names[k], slots);
	}
	return (int64_t)XXH3_64bits_withSeed(&funcs, sizeof(funcs), slots);
}

void store_program_id(struct store *s, const int64_t *ids, size_t n, struct program_id *out)
{
	size_t nunit;
	struct stmt *st;
	bool *wanted;

	*out = (struct program_id){.names = (uint64_t)s->config};
	store_begin_reading(s);
	nunit = (size_t)db_int(s->db, "SELECT coalesce(max(id), 0) FROM unit") + 1;
	wanted = nunit < INT32_MAX ? calloc(nunit, sizeof(*wanted)) : NULL;
	if (!wanted)
		die("out of memory, or %s is damaged (%zu units)", s->path, nunit);
	for (size_t i = 0; i < n; i++)
		if (ids[i] > 0 && (size_t)ids[i] < nunit)
			wanted[ids[i]] = true;
	st = db_prepare(s->db, "SELECT id, file, content FROM unit");
	while (db_step(st)) {
		int64_t id = db_col_int(st, 0), content = db_col_int(st, 2);
		uint64_t file;

		if (id < 1 || (size_t)id >= nunit || !wanted[id])
			continue;
		file = hash_text(db_col_text(st, 1), 0);
		out->names += file;
		out->content += XXH3_64bits_withSeed(&content, sizeof(content), file);
	}
	free(wanted);
}
