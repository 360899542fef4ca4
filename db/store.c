// SPDX-License-Identifier: GPL-2.0-only
/*
 * What devscope keeps between runs. store_open() gives a file of the schema this program was built with,
 * whatever it found; store_close() drops the functions and files that no unit has any more. What is in it:
 * store_units.c (units, by version), store_load.c (the program), store_program.c (which one it is),
 * store_summaries.c (what was learnt of functions),
 * store_runs.c (findings).
 */
#include "db/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "base/text.h"
#include "db/store_own.h"

#include "db/schema.inc"

#define SCHEMA_VERSION 8
#define APPLICATION_ID 0x44655653	/* "DeVS" */

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

void store_bind_hash(struct stmt *st, int i, const uint64_t hash[2])
{
	unsigned char b[16];

	for (int k = 0; k < 8; k++) {
		b[k] = (unsigned char)(hash[1] >> (56 - 8 * k));
		b[8 + k] = (unsigned char)(hash[0] >> (56 - 8 * k));
	}
	db_bind_blob(st, i, b, sizeof(b));
}

void store_col_hash(struct stmt *st, int i, uint64_t hash[2])
{
	size_t n;
	const unsigned char *b = db_col_blob(st, i, &n);

	hash[0] = hash[1] = 0;
	for (size_t k = 0; k < 8 && n == 16; k++) {
		hash[1] = hash[1] << 8 | b[k];
		hash[0] = hash[0] << 8 | b[8 + k];
	}
}

size_t store_count(struct store *s, const char *sql, int64_t arg)
{
	struct stmt *st = db_prepare(s->db, sql);
	size_t n = 0;

	db_bind_int(st, 1, arg);
	while (db_step(st))
		n = (size_t)db_col_int(st, 0);
	return n;
}

void store_begin(struct store *s)
{
	store_end_reading(s);
	db_begin(s->db);
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
	store_begin(s);
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

const char *store_other_config(struct store *s, struct arena *a)
{
	struct stmt *st = db_prepare(s->db, "SELECT name FROM config WHERE id <> ?1");
	const char *other = NULL;
	int n = 0;

	if (store_count(s, "SELECT count(*) FROM unit WHERE config = ?1", s->config))
		return NULL;
	db_bind_int(st, 1, s->config);
	for (; db_step(st); n++)
		other = arena_strdup(a, db_col_text(st, 0));
	return n == 1 ? other : NULL;
}

void store_adopt_config(struct store *s, const char *other, const char *config)
{
	struct stmt *st;

	store_begin(s);
	st = db_prepare(s->db, "DELETE FROM config WHERE id = ?1");
	db_bind_int(st, 1, s->config);
	db_run(st);
	st = db_prepare(s->db, "SELECT id FROM config WHERE name = ?1");
	db_bind_text(st, 1, other);
	while (db_step(st))
		s->config = db_col_int(st, 0);
	st = db_prepare(s->db, "UPDATE config SET name = ?2 WHERE id = ?1");
	db_bind_int(st, 1, s->config);
	db_bind_text(st, 2, config);
	db_run(st);
	db_commit(s->db);
}

/* All functions and files are gone through for that. */
static void drop_unused(struct store *s)
{
	db_exec(s->db, "DELETE FROM func WHERE NOT EXISTS (SELECT 1 FROM unit_func WHERE func = func.id)");
	db_exec(s->db, "DELETE FROM file WHERE NOT EXISTS (SELECT 1 FROM dep WHERE file = file.id)");
}

void store_close(struct store *s)
{
	store_end_reading(s);
	if (s->changed || s->dropped) {
		store_begin(s);
		if (store_drop_versions(s) || s->dropped)
			drop_unused(s);
		db_commit(s->db);
	}
	store_drop_summaries(s);
	arena_release(&s->files);
	db_close(s->db);
	ZSTD_freeCCtx(s->compress);
	ZSTD_freeDCtx(s->decompress);
	free(s->path);
	free(s);
}
