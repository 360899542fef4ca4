// SPDX-License-Identifier: GPL-2.0-only
/*
 * Units in the database. A unit is kept in its last few versions, each with the content of the files it was made
 * from: so the commit, the index and the work tree are all there, and going back to what was read before costs
 * nothing. Functions are stored by content: what several units have from a header, and what two versions have in
 * common, is compressed and kept once.
 */
#include "db/store.h"

#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "base/text.h"
#include "db/store_own.h"
#include "flow/flow.h"
#include "flow/flow_brief.h"
#include "flow/flow_text.h"

#define ZSTD_LEVEL 3
#define KEEP_VERSIONS "3"	/* the commit's, the index's, the work tree's */

/* --- what is there --------------------------------------------------------------- */

size_t store_units(struct store *s, struct arena *a, struct stored_unit **out)
{
	size_t cap = store_count(s, "SELECT count(*) FROM unit WHERE config = ?1", s->config), n = 0;
	struct stmt *st = db_prepare(s->db, "SELECT id, file, key, ok, error, note FROM unit WHERE config = ?1 "
				     "ORDER BY file, id DESC");

	*out = ARENA_ARRAY(a, struct stored_unit, cap);
	db_bind_int(st, 1, s->config);
	while (db_step(st)) {
		struct stored_unit *u = &(*out)[n];

		if (n++ == cap)	/* another devscope adds some at this moment */
			return cap;
		u->id = db_col_int(st, 0);
		if (u->id < 1 || u->id > INT32_MAX)
			die("%s is damaged (a unit's number): move it away and run again, all but triage is rebuilt", s->path);
		u->file = intern(db_col_text(st, 1));
		store_col_hash(st, 2, u->key);
		u->ok = db_col_int(st, 3);
		u->error = arena_strdup(a, db_col_text(st, 4));
		u->note = arena_strdup(a, db_col_text(st, 5));
	}
	return n;
}

size_t store_files(struct store *s, struct arena *a, struct stored_file **out)
{
	size_t cap = store_count(s, "SELECT count(*) FROM file WHERE config = ?1", s->config), n = 0;
	struct stmt *st = db_prepare(s->db, "SELECT id, path, hash, size, mtime FROM file WHERE config = ?1 "
				     "ORDER BY path, id");

	*out = ARENA_ARRAY(a, struct stored_file, cap);
	db_bind_int(st, 1, s->config);
	while (db_step(st)) {
		struct stored_file *f = &(*out)[n];

		if (n++ == cap)
			return cap;
		f->id = db_col_int(st, 0);
		f->dep.path = intern(db_col_text(st, 1));
		store_col_hash(st, 2, f->dep.hash);
		f->dep.size = db_col_int(st, 3);
		f->dep.mtime_ns = db_col_int(st, 4);
	}
	return n;
}

size_t store_file_units(struct store *s, struct arena *a, int64_t file, int64_t **out)
{
	size_t cap = store_count(s, "SELECT count(*) FROM dep WHERE file = ?1", file), n = 0;
	struct stmt *st = db_prepare(s->db, "SELECT unit FROM dep WHERE file = ?1");

	*out = ARENA_ARRAY(a, int64_t, cap);
	db_bind_int(st, 1, file);
	while (db_step(st))
		if (n < cap)
			(*out)[n++] = db_col_int(st, 0);
	return n;
}

void store_touch_file(struct store *s, int64_t file, int64_t size, int64_t mtime_ns)
{
	struct stmt *st = db_prepare(s->db, "UPDATE file SET size = ?2, mtime = ?3 WHERE id = ?1");

	db_bind_int(st, 1, file);
	db_bind_int(st, 2, size);
	db_bind_int(st, 3, mtime_ns);
	db_run(st);
}

/* --- adding ---------------------------------------------------------------------- */

/* The row of a function of that content, made if need be. */
static int64_t put_func(struct store *s, struct arena *a, struct func *fn)
{
	struct stmt *st = db_prepare(s->db, "SELECT id FROM func WHERE hash = ?1");
	int64_t id = 0;
	size_t len, room, packed;
	struct text brief;
	void *buf;

	store_bind_hash(st, 1, fn->hash);
	while (db_step(st))
		id = db_col_int(st, 0);
	if (id)
		return id;
	len = strlen(fn->text);
	room = ZSTD_compressBound(len);
	buf = arena_alloc(a, room);
	packed = ZSTD_compressCCtx(s->compress, buf, room, fn->text, len, ZSTD_LEVEL);
	if (ZSTD_isError(packed))
		bug("zstd: %s", ZSTD_getErrorName(packed));
	st = db_prepare(s->db, "INSERT INTO func (hash, name, file, static, ninsn, size, brief, text) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	store_bind_hash(st, 1, fn->hash);
	db_bind_text(st, 2, fn->name);
	db_bind_text(st, 3, fn->file);
	db_bind_int(st, 4, fn->is_static);
	db_bind_int(st, 5, fn->ninsn);
	db_bind_int(st, 6, (int64_t)len);
	text_init(&brief);
	flow_print_brief(&brief, fn);
	db_bind_blob(st, 7, brief.s, brief.len);
	db_bind_blob(st, 8, buf, packed);
	db_run(st);
	text_release(&brief);
	return db_last_id(s->db);
}

static void put_slot(struct store *s, int64_t unit, const struct slot *slot)
{
	struct stmt *st = db_prepare(s->db, "INSERT INTO slot (unit, struct, field, func, object, file, "
				     "line, col) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");

	db_bind_int(st, 1, unit);
	db_bind_text(st, 2, slot->struct_name ? slot->struct_name : "");
	db_bind_text(st, 3, slot->field ? slot->field : "");
	db_bind_text(st, 4, slot->func);
	db_bind_text(st, 5, slot->object);
	db_bind_text(st, 6, slot->at.file);
	db_bind_int(st, 7, slot->at.line);
	db_bind_int(st, 8, slot->at.col);
	db_run(st);
}

static void put_flow(struct store *s, struct arena *a, int64_t unit, const struct unit *u)
{
	for (int i = 0; i < u->nfunc; i++) {
		int64_t func = put_func(s, a, u->funcs[i]);
		struct stmt *st = db_prepare(s->db, "INSERT OR IGNORE INTO unit_func (unit, func, line) "
					     "VALUES (?1, ?2, ?3)");

		db_bind_int(st, 1, unit);
		db_bind_int(st, 2, func);
		db_bind_int(st, 3, u->funcs[i]->line);
		db_run(st);
	}
	for (int i = 0; i < u->nslot; i++)
		put_slot(s, unit, &u->slots[i]);
}

/* The row of that content of a file, made or brought up to date. */
static int64_t put_file(struct store *s, const struct dep *d)
{
	struct stmt *st = db_prepare(s->db, "INSERT INTO file (config, path, hash, size, mtime) "
				     "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (config, path, hash) DO UPDATE "
				     "SET size = excluded.size, mtime = CASE excluded.mtime WHEN 0 THEN mtime "
				     "ELSE excluded.mtime END RETURNING id");
	int64_t file = 0;

	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, d->path);
	store_bind_hash(st, 3, d->hash);
	db_bind_int(st, 4, d->size);
	db_bind_int(st, 5, d->mtime_ns);
	while (db_step(st))
		file = db_col_int(st, 0);
	return file;
}

/* Units saved together have most of their files in common: each is looked up once. */
static int64_t file_row(struct store *s, const struct dep *d)
{
	struct stored_file *f = map_get(&s->known_files, d->path);

	if (f && !memcmp(f->dep.hash, d->hash, sizeof(d->hash)) && f->dep.size == d->size &&
	    f->dep.mtime_ns == d->mtime_ns)
		return f->id;
	f = ARENA_NEW(&s->files, struct stored_file);
	f->dep = *d;
	f->id = put_file(s, d);
	map_set(&s->known_files, arena_strdup(&s->files, d->path), f);
	return f->id;
}

static void put_dep(struct store *s, int64_t unit, const struct dep *d)
{
	struct stmt *st = db_prepare(s->db, "INSERT OR IGNORE INTO dep (unit, file) VALUES (?1, ?2)");

	db_bind_int(st, 1, unit);
	db_bind_int(st, 2, file_row(s, d));
	db_run(st);
}

bool store_drop_versions(struct store *s)
{
	db_exec(s->db, "DELETE FROM unit WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER "
		"(PARTITION BY config, file, ok ORDER BY id DESC) AS nth FROM unit) WHERE nth > " KEEP_VERSIONS ")");
	return db_int(s->db, "SELECT changes()");
}

void store_begin_units(struct store *s)
{
	store_begin(s);
	map_init(&s->known_files);
}

void store_end_units(struct store *s)
{
	db_commit(s->db);
	map_release(&s->known_files);
	arena_clear(&s->files);
}

int64_t store_put_unit(struct store *s, const char *file, const uint64_t key[2], const struct captured *c)
{
	struct unit *u = NULL;
	const struct dep never = {.path = file, .size = DEP_NEVER};
	const char *what = c->error;
	struct arena a;
	struct text error;
	struct stmt *st;
	int64_t unit;

	arena_init(&a);
	text_init(&error);
	if (c->ok) {
		u = flow_parse_unit(&a, c->flow, &error);
		if (!u)
			what = arena_printf(&a, "its flow cannot be read back: %s", text_str(&error));
	}
	st = db_prepare(s->db, "INSERT INTO unit (config, file, key, ok, error, note, cpu_ms, content) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, file);
	store_bind_hash(st, 3, key);
	db_bind_int(st, 4, u != NULL);
	db_bind_text(st, 5, u ? NULL : what);
	db_bind_text(st, 6, c->note);
	db_bind_int(st, 7, (int64_t)(c->cpu * 1000));
	db_bind_int(st, 8, u ? store_unit_content(u) : 0);
	db_run(st);
	unit = db_last_id(s->db);
	if (u)
		put_flow(s, &a, unit, u);
	for (size_t i = 0; i < c->ndep; i++)
		put_dep(s, unit, &c->deps[i]);
	if (c->ok && !u)	/* our own mistake: no change of the files mends it */
		put_dep(s, unit, &never);
	s->changed = true;
	text_release(&error);
	arena_release(&a);
	return u ? unit : 0;
}

/* --- forgetting ------------------------------------------------------------------ */

static void drop_unit(struct store *s, const char *file)
{
	struct stmt *st = db_prepare(s->db, "DELETE FROM unit WHERE config = ?1 AND file = ?2");

	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, file);
	db_run(st);
	s->dropped = true;
}

size_t store_keep_units(struct store *s, const char *const *files, size_t n)
{
	struct map keep, drop;
	struct stmt *st;
	size_t dropped;

	map_init(&keep);
	map_init(&drop);
	for (size_t i = 0; i < n; i++)
		map_set(&keep, files[i], (void *)files[i]);
	st = db_prepare(s->db, "SELECT file FROM unit WHERE config = ?1");
	db_bind_int(st, 1, s->config);
	while (db_step(st))
		if (!map_get(&keep, db_col_text(st, 0)))
			map_set(&drop, intern(db_col_text(st, 0)), s);
	dropped = drop.n;
	if (dropped)
		store_begin(s);
	for (size_t i = 0; i < dropped; i++)
		drop_unit(s, drop.entries[i].key);
	if (dropped)
		db_commit(s->db);
	map_release(&keep);
	map_release(&drop);
	return dropped;
}
