// SPDX-License-Identifier: GPL-2.0-only
/*
 * What devscope keeps between runs. store_open() gives a file of the schema this program was
 * built with, whatever it found; store_put_unit() saves a captured unit in one transaction;
 * store_load_units() gives the whole program back.
 *
 * Functions are stored by content: a unit is a list of hashes, and what several units have
 * from a header is compressed, kept and parsed once. store_close() drops the functions and
 * files that no unit has any more.
 */
#include "db/store.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "base/text.h"
#include "db/db.h"
#include "flow/flow.h"
#include "flow/flow_text.h"
#include "report/finding.h"
#include "rules/rule.h"

#include "db/schema.inc"

#define SCHEMA_VERSION 1
#define APPLICATION_ID 0x44655653	/* "DeVS" */
#define KEEP_RUNS "20"
#define ZSTD_LEVEL 3

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

struct store {
	struct db *db;
	char *path;
	int64_t config;		/* row of the configuration at work */
	bool changed;		/* a unit was replaced or dropped: there may be rows nobody uses */
	ZSTD_CCtx *compress;
	ZSTD_DCtx *decompress;
};

/* A hash as it is stored: 16 bytes, the most significant first. */
static void bind_hash(struct stmt *st, int i, const uint64_t hash[2])
{
	unsigned char b[16];

	for (int k = 0; k < 8; k++) {
		b[k] = (unsigned char)(hash[1] >> (56 - 8 * k));
		b[8 + k] = (unsigned char)(hash[0] >> (56 - 8 * k));
	}
	db_bind_blob(st, i, b, sizeof(b));
}

static void col_hash(struct stmt *st, int i, uint64_t hash[2])
{
	size_t n;
	const unsigned char *b = db_col_blob(st, i, &n);

	hash[0] = hash[1] = 0;
	for (size_t k = 0; k < 8 && n == 16; k++) {
		hash[1] = hash[1] << 8 | b[k];
		hash[0] = hash[0] << 8 | b[8 + k];
	}
}

/* Drop all tables but what people wrote. */
static void drop_tables(struct db *db)
{
	struct text sql;
	struct stmt *st = db_prepare(db, "SELECT name FROM sqlite_schema WHERE type = 'table' "
				     "AND name NOT LIKE 'sqlite_%' AND name <> 'triage'");

	text_init(&sql);
	while (db_step(st))
		text_printf(&sql, "DROP TABLE \"%s\";", db_col_text(st, 0));
	db_exec(db, text_str(&sql));
	text_release(&sql);
}

/* Make the tables, or see that they are of this version. */
static void bring_up_schema(struct db *db, const char *path)
{
	int64_t version, id, tables;

	/* Tables are dropped in any order. Foreign keys can only be switched off outside a transaction. */
	db_exec(db, "PRAGMA foreign_keys = OFF");
	db_begin(db);
	version = db_int(db, "PRAGMA user_version");
	id = db_int(db, "PRAGMA application_id");
	tables = db_int(db, "SELECT count(*) FROM sqlite_schema");
	if (tables && id != APPLICATION_ID)
		die("%s is an SQLite database of some other program: choose another place with --db FILE",
		    path);
	if (version > SCHEMA_VERSION)
		die("%s was made by a newer devscope (schema %lld, this one knows %d): use that devscope, or "
		    "another place with --db FILE", path, (long long)version, SCHEMA_VERSION);
	if (version != SCHEMA_VERSION) {
		if (tables)
			problem("%s is of an older devscope: all units are captured again, triage is kept",
				path);
		drop_tables(db);
		db_exec(db, db_schema_sql);
		db_exec(db, "PRAGMA application_id = " TEXT(APPLICATION_ID));
		db_exec(db, "PRAGMA user_version = " TEXT(SCHEMA_VERSION));
	}
	db_commit(db);
	db_exec(db, "PRAGMA foreign_keys = ON");
}

struct store *store_open(const char *path, const char *config)
{
	struct store *s = calloc(1, sizeof(*s));
	const char *error = NULL;
	struct stmt *st;

	if (!s)
		die("out of memory");
	s->path = strdup(path);
	s->db = db_open(path, &error);
	if (!s->db)
		die("%s %s: move it away and run again (all but triage is rebuilt), or choose another place "
		    "with --db FILE", path, error);
	bring_up_schema(s->db, path);
	db_begin(s->db);
	st = db_prepare(s->db, "INSERT OR IGNORE INTO config (name) VALUES (?1)");
	db_bind_text(st, 1, config);
	db_run(st);
	st = db_prepare(s->db, "SELECT id FROM config WHERE name = ?1");
	db_bind_text(st, 1, config);
	while (db_step(st))
		s->config = db_col_int(st, 0);
	db_commit(s->db);
	s->compress = ZSTD_createCCtx();
	s->decompress = ZSTD_createDCtx();
	if (!s->path || !s->compress || !s->decompress)
		die("out of memory");
	return s;
}

void store_close(struct store *s)
{
	if (s->changed) {
		db_begin(s->db);
		db_exec(s->db, "DELETE FROM func WHERE NOT EXISTS "
			"(SELECT 1 FROM unit_func WHERE func = func.id)");
		db_exec(s->db, "DELETE FROM file WHERE NOT EXISTS "
			"(SELECT 1 FROM dep WHERE file = file.id)");
		db_commit(s->db);
	}
	db_close(s->db);
	ZSTD_freeCCtx(s->compress);
	ZSTD_freeDCtx(s->decompress);
	free(s->path);
	free(s);
}

/* --- units ----------------------------------------------------------------------- */

static void load_deps(struct store *s, struct arena *a, int64_t unit, struct stored_unit *out)
{
	struct stmt *st = db_prepare(s->db, "SELECT count(*) FROM dep WHERE unit = ?1");
	size_t n = 0;

	db_bind_int(st, 1, unit);
	while (db_step(st))
		n = (size_t)db_col_int(st, 0);
	out->deps = ARENA_ARRAY(a, struct dep, n);
	st = db_prepare(s->db, "SELECT path, hash, size, mtime FROM dep JOIN file ON file.id = dep.file "
			"WHERE dep.unit = ?1 ORDER BY dep.file");
	db_bind_int(st, 1, unit);
	while (db_step(st)) {
		struct dep *d = &out->deps[out->ndep];

		if (out->ndep == n)	/* another devscope adds some at this moment */
			continue;
		out->ndep++;
		d->path = intern(db_col_text(st, 0));
		col_hash(st, 1, d->hash);
		d->size = db_col_int(st, 2);
		d->mtime_ns = db_col_int(st, 3);
	}
}

void store_find_unit(struct store *s, struct arena *a, const char *file, struct stored_unit *out)
{
	struct stmt *st = db_prepare(s->db, "SELECT id, key, ok, error, note FROM unit "
				     "WHERE config = ?1 AND file = ?2");
	int64_t unit = 0;

	memset(out, 0, sizeof(*out));
	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, file);
	while (db_step(st)) {
		const char *error = db_col_text(st, 3), *note = db_col_text(st, 4);

		unit = db_col_int(st, 0);
		out->known = true;
		col_hash(st, 1, out->key);
		out->ok = db_col_int(st, 2);
		out->error = error ? arena_strdup(a, error) : NULL;
		out->note = note ? arena_strdup(a, note) : NULL;
	}
	if (out->known)
		load_deps(s, a, unit, out);
}

/* The row of a function of that content, made if need be. */
static int64_t put_func(struct store *s, struct arena *a, struct func *fn)
{
	struct stmt *st = db_prepare(s->db, "SELECT id FROM func WHERE hash = ?1");
	int64_t id = 0;
	size_t len, room, packed;
	void *buf;

	bind_hash(st, 1, fn->hash);
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
	st = db_prepare(s->db, "INSERT INTO func (hash, name, file, line, static, ninsn, size, text) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	bind_hash(st, 1, fn->hash);
	db_bind_text(st, 2, fn->name);
	db_bind_text(st, 3, fn->file);
	db_bind_int(st, 4, fn->line);
	db_bind_int(st, 5, fn->is_static);
	db_bind_int(st, 6, fn->ninsn);
	db_bind_int(st, 7, (int64_t)len);
	db_bind_blob(st, 8, buf, packed);
	db_run(st);
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
		struct stmt *st = db_prepare(s->db, "INSERT OR IGNORE INTO unit_func (unit, func) "
					     "VALUES (?1, ?2)");

		db_bind_int(st, 1, unit);
		db_bind_int(st, 2, func);
		db_run(st);
	}
	for (int i = 0; i < u->nslot; i++)
		put_slot(s, unit, &u->slots[i]);
}

static void put_dep(struct store *s, int64_t unit, const struct dep *d)
{
	struct stmt *st = db_prepare(s->db, "INSERT INTO file (config, path, hash, size, mtime) "
				     "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (config, path, hash) DO UPDATE "
				     "SET size = excluded.size, mtime = excluded.mtime RETURNING id");
	int64_t file = 0;

	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, d->path);
	bind_hash(st, 3, d->hash);
	db_bind_int(st, 4, d->size);
	db_bind_int(st, 5, d->mtime_ns);
	while (db_step(st))
		file = db_col_int(st, 0);
	st = db_prepare(s->db, "INSERT OR IGNORE INTO dep (unit, file) VALUES (?1, ?2)");
	db_bind_int(st, 1, unit);
	db_bind_int(st, 2, file);
	db_run(st);
}

static void drop_unit(struct store *s, const char *file)
{
	struct stmt *st = db_prepare(s->db, "DELETE FROM unit WHERE config = ?1 AND file = ?2");

	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, file);
	db_run(st);
	s->changed = true;
}

void store_put_unit(struct store *s, const char *file, const uint64_t key[2], const struct captured *c)
{
	struct unit *u = NULL;
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
	db_begin(s->db);
	drop_unit(s, file);
	st = db_prepare(s->db, "INSERT INTO unit (config, file, key, ok, error, note, cpu_ms) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, file);
	bind_hash(st, 3, key);
	db_bind_int(st, 4, u != NULL);
	db_bind_text(st, 5, u ? NULL : what);
	db_bind_text(st, 6, c->note);
	db_bind_int(st, 7, (int64_t)(c->cpu * 1000));
	db_run(st);
	unit = db_last_id(s->db);
	if (u)
		put_flow(s, &a, unit, u);
	for (size_t i = 0; i < c->ndep; i++)
		put_dep(s, unit, &c->deps[i]);
	db_commit(s->db);
	text_release(&error);
	arena_release(&a);
}

void store_touch_deps(struct store *s, const char *file, const struct dep *deps, size_t n)
{
	(void)file;	/* the rows of a content are shared by all units */
	db_begin(s->db);
	for (size_t i = 0; i < n; i++) {
		struct stmt *st = db_prepare(s->db, "UPDATE file SET size = ?4, mtime = ?5 "
					     "WHERE config = ?1 AND path = ?2 AND hash = ?3");

		db_bind_int(st, 1, s->config);
		db_bind_text(st, 2, deps[i].path);
		bind_hash(st, 3, deps[i].hash);
		db_bind_int(st, 4, deps[i].size);
		db_bind_int(st, 5, deps[i].mtime_ns);
		db_run(st);
	}
	db_commit(s->db);
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
		db_begin(s->db);
	for (size_t i = 0; i < dropped; i++)
		drop_unit(s, drop.entries[i].key);
	if (dropped)
		db_commit(s->db);
	map_release(&keep);
	map_release(&drop);
	return dropped;
}

/* --- the whole program ----------------------------------------------------------- */

/* Functions by row number, parsed once each. */
struct loaded {
	struct func **funcs;
	size_t n;
	char *buf;		/* text of the function at work */
	size_t cap;
};

/* Decompress one function's text into l->buf. False if it is damaged. */
static bool unpack(struct store *s, struct loaded *l, const void *p, size_t packed, size_t size)
{
	if (ZSTD_getFrameContentSize(p, packed) != size)
		return false;
	if (l->cap <= size) {
		free(l->buf);
		l->cap = size * 2 + 1;
		l->buf = malloc(l->cap);
		if (!l->buf)
			die("out of memory (%zu bytes asked for)", l->cap);
	}
	l->buf[size] = '\0';
	return ZSTD_decompressDCtx(s->decompress, l->buf, size, p, packed) == size;
}

static struct func *parse_func(struct store *s, struct arena *a, struct loaded *l, struct stmt *st)
{
	size_t size = (size_t)db_col_int(st, 2), packed;
	const void *p = db_col_blob(st, 3, &packed);
	const char *cursor, *name = db_col_text(st, 1);
	struct text error;
	struct func *fn;

	if (!unpack(s, l, p, packed, size))
		die("%s is damaged (function %s): move it away and run again, all but triage is rebuilt",
		    s->path, name);
	cursor = l->buf;
	text_init(&error);
	fn = flow_parse_func(a, &cursor, &error);
	if (!fn)
		die("%s holds flow this devscope cannot read (function %s, %s): move it away and run "
		    "again, all but triage is rebuilt", s->path, name, text_str(&error));
	text_release(&error);
	return fn;
}

static void load_funcs(struct store *s, struct arena *a, struct loaded *l)
{
	struct stmt *st;

	l->n = (size_t)db_int(s->db, "SELECT max(id) FROM func") + 1;
	l->funcs = calloc(l->n, sizeof(*l->funcs));
	if (!l->funcs)
		die("out of memory (%zu functions)", l->n);
	st = db_prepare(s->db, "SELECT id, name, size, text FROM func WHERE id IN "
			"(SELECT unit_func.func FROM unit_func JOIN unit ON unit.id = unit_func.unit "
			"WHERE unit.config = ?1 AND unit.ok)");
	db_bind_int(st, 1, s->config);
	while (db_step(st))
		l->funcs[db_col_int(st, 0)] = parse_func(s, a, l, st);
}

static int by_name_then_text(const void *a, const void *b)
{
	const struct func *const *x = a, *const *y = b;
	int c = strcmp((*x)->name, (*y)->name);

	return c ? c : strcmp((*x)->text, (*y)->text);
}

static size_t count_rows(struct store *s, const char *sql, int64_t arg)
{
	struct stmt *st = db_prepare(s->db, sql);
	size_t n = 0;

	db_bind_int(st, 1, arg);
	while (db_step(st))
		n = (size_t)db_col_int(st, 0);
	return n;
}

static void load_unit(struct store *s, struct arena *a, const struct loaded *l, int64_t id, struct unit *u)
{
	size_t nfunc = count_rows(s, "SELECT count(*) FROM unit_func WHERE unit = ?1", id);
	size_t nslot = count_rows(s, "SELECT count(*) FROM slot WHERE unit = ?1", id);
	struct stmt *st;

	u->funcs = ARENA_ARRAY(a, struct func *, nfunc);
	st = db_prepare(s->db, "SELECT func FROM unit_func WHERE unit = ?1");
	db_bind_int(st, 1, id);
	while (db_step(st))
		u->funcs[u->nfunc++] = l->funcs[db_col_int(st, 0)];
	if (u->nfunc)
		qsort(u->funcs, (size_t)u->nfunc, sizeof(*u->funcs), by_name_then_text);
	u->slots = ARENA_ARRAY(a, struct slot, nslot);
	st = db_prepare(s->db, "SELECT struct, field, func, object, file, line, col FROM slot "
			"WHERE unit = ?1 ORDER BY rowid");
	db_bind_int(st, 1, id);
	while (db_step(st)) {
		struct slot *slot = &u->slots[u->nslot++];

		slot->struct_name = intern(db_col_text(st, 0));
		slot->field = intern(db_col_text(st, 1));
		slot->func = intern(db_col_text(st, 2));
		slot->object = intern(db_col_text(st, 3));
		slot->at.file = intern(db_col_text(st, 4));
		slot->at.line = (int)db_col_int(st, 5);
		slot->at.col = (int)db_col_int(st, 6);
	}
}

size_t store_load_units(struct store *s, struct arena *a, struct unit ***out)
{
	struct loaded l = {0};
	int64_t *ids;
	struct stmt *st;
	size_t n = 0, cap;

	db_exec(s->db, "BEGIN");	/* one view of the file, whatever another devscope writes meanwhile */
	load_funcs(s, a, &l);
	cap = count_rows(s, "SELECT count(*) FROM unit WHERE config = ?1 AND ok", s->config);
	*out = ARENA_ARRAY(a, struct unit *, cap);
	ids = ARENA_ARRAY(a, int64_t, cap);
	st = db_prepare(s->db, "SELECT id, file FROM unit WHERE config = ?1 AND ok ORDER BY file");
	db_bind_int(st, 1, s->config);
	while (db_step(st)) {
		ids[n] = db_col_int(st, 0);
		(*out)[n] = ARENA_NEW(a, struct unit);
		(*out)[n++]->file = intern(db_col_text(st, 1));
	}
	for (size_t i = 0; i < n; i++)
		load_unit(s, a, &l, ids[i], (*out)[i]);
	db_commit(s->db);
	free(l.funcs);
	free(l.buf);
	return n;
}

/* --- runs ------------------------------------------------------------------------ */

static void put_step(struct store *s, int64_t finding, int n, const struct step *step)
{
	struct stmt *st = db_prepare(s->db, "INSERT INTO step (finding, n, depth, file, line, col, func, "
				     "text, locks, borrows, refs) "
				     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");

	db_bind_int(st, 1, finding);
	db_bind_int(st, 2, n);
	db_bind_int(st, 3, step->depth);
	db_bind_text(st, 4, step->at.file);
	db_bind_int(st, 5, step->at.line);
	db_bind_int(st, 6, step->at.col);
	db_bind_text(st, 7, step->func);
	db_bind_text(st, 8, step->text ? step->text : "");
	db_bind_text(st, 9, step->locks ? step->locks : "");
	db_bind_text(st, 10, step->borrows ? step->borrows : "");
	db_bind_text(st, 11, step->refs ? step->refs : "");
	db_run(st);
}

static void put_finding(struct store *s, int64_t run, const struct finding *f)
{
	struct stmt *st = db_prepare(s->db, "INSERT INTO finding (run, rule, level, file, line, col, func, "
				     "object, class, message, fix, fingerprint) "
				     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
	int64_t id;

	db_bind_int(st, 1, run);
	db_bind_text(st, 2, f->rule->id);
	db_bind_text(st, 3, level_name(f->level));
	db_bind_text(st, 4, f->fact->at.file);
	db_bind_int(st, 5, f->fact->at.line);
	db_bind_int(st, 6, f->fact->at.col);
	db_bind_text(st, 7, f->fact->fn ? f->fact->fn->name : "");
	db_bind_text(st, 8, f->fact->object);
	db_bind_text(st, 9, f->fact->class ? f->fact->class : "");
	db_bind_text(st, 10, f->message);
	db_bind_text(st, 11, f->fix);
	db_bind_text(st, 12, f->fingerprint);
	db_run(st);
	id = db_last_id(s->db);
	for (int i = 0; i < f->fact->nstep; i++)
		put_step(s, id, i, &f->fact->steps[i]);
}

void store_put_run(struct store *s, const struct finding_list *findings, const char *command_line,
		   int status)
{
	struct stmt *st;
	int64_t run;

	db_begin(s->db);
	st = db_prepare(s->db, "INSERT INTO run (config, at, command, status) "
			"VALUES (?1, datetime('now'), ?2, ?3)");
	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, command_line);
	db_bind_int(st, 3, status);
	db_run(st);
	run = db_last_id(s->db);
	for (size_t i = 0; i < findings->n; i++)
		put_finding(s, run, &findings->items[i]);
	st = db_prepare(s->db, "DELETE FROM run WHERE config = ?1 AND id NOT IN "
			"(SELECT id FROM run WHERE config = ?1 ORDER BY id DESC LIMIT " KEEP_RUNS ")");
	db_bind_int(st, 1, s->config);
	db_run(st);
	db_commit(s->db);
}
