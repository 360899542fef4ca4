// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wrapper over SQLite, and the only file that knows it. db_open() makes a connection with
 * the settings devscope wants (WAL, foreign keys, a busy timeout), db_prepare() hands out
 * statements that are compiled once, and whatever goes wrong afterwards ends in fail(), which
 * says what it means for the user. Nothing is lost by dying here: an open transaction is rolled
 * back by the next reader, and all before it is kept.
 */
#include "db/db.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"

#define BUSY_MS 20000	/* how long another devscope may hold the file; its transactions are short */

struct db {
	sqlite3 *handle;
	struct arena arena;	/* path, texts of statements, struct stmt */
	struct map stmts;	/* SQL text -> struct stmt */
	const char *path;
	const char *part;	/* the attached file, or NULL */
};

struct stmt {
	struct db *db;
	sqlite3_stmt *handle;
	const char *sql;
};

/* What a PRAGMA quick_check has to say, in at most one line; "ok" if all is well. */
static const char *damage(struct db *db, const char *pragma)
{
	sqlite3_stmt *st;
	const char *what = NULL;

	if (sqlite3_prepare_v2(db->handle, pragma, -1, &st, NULL) != SQLITE_OK)
		return "not readable at all";
	if (sqlite3_step(st) == SQLITE_ROW)
		what = (const char *)sqlite3_column_text(st, 0);
	what = arena_strdup(&db->arena, what ? what : "not readable at all");
	sqlite3_finalize(st);
	return what;
}

/* Every error that its caller does not handle ends here. */
static _Noreturn void fail(struct db *db, int rc, const char *sql)
{
	const char *why = sqlite3_errmsg(db->handle), *path = db->path;

	if (db->part)
		path = arena_printf(&db->arena, "%s or %s", path, db->part);
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		die("%s is in use by another devscope, and stayed so for %d s: let that one end, or give "
		    "this one a database of its own with --db FILE", path, BUSY_MS / 1000);
	case SQLITE_FULL:
		die("no room left on the disk of %s: what was saved before is kept, make room and run again",
		    path);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		die("%s cannot be made or written (%s): choose another place with --db FILE", path, why);
	case SQLITE_IOERR:
		die("reading or writing %s failed (%s, system error %d): see to the disk, then run again; "
		    "what was saved before is kept", path, why, sqlite3_system_errno(db->handle));
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		die("%s is damaged (%s): move it away and run again, all but triage is rebuilt; "
		    "\"sqlite3 %s .recover\" may save the table triage", path, damage(db, "PRAGMA quick_check(1)"), db->path);
	default:
		die("database %s: %s; in: %s", path, why, sql ? sql : "open");
	}
}

/* Set up the connection. An SQLite result code. */
static int configure(struct db *db)
{
	static const char *const pragmas[] = {
		"PRAGMA schema_version",	/* reads the header: tells whether it is a database at all */
		"PRAGMA page_size = 16384",	/* of a new file: most rows have some hundred bytes to some thousand */
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = NORMAL",
		"PRAGMA foreign_keys = ON",
		"PRAGMA trusted_schema = OFF",	/* views of files from elsewhere call nothing that acts */
	};

	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
		int rc = sqlite3_exec(db->handle, pragmas[i], NULL, NULL, NULL);

		/* Two processes may switch a new file to WAL at once: the busy handler is not asked then. */
		for (int wait = 0; rc == SQLITE_BUSY && wait < BUSY_MS / 100; wait++) {
			usleep(100000);
			rc = sqlite3_exec(db->handle, pragmas[i], NULL, NULL, NULL);
		}
		if (rc != SQLITE_OK)
			return rc;
	}
	db_keep(db, true);
	return SQLITE_OK;
}

/* The path in a form that SQLite takes for a file, whatever it is called: not for a URI, nor for memory. */
static const char *plain_name(struct db *db, const char *path)
{
	return path[0] == '/' ? path : arena_printf(&db->arena, "./%s", path);
}

/* Is the file there, and neither it nor its folder for us to write? SQLite keeps its log beside it. */
static bool is_read_only(struct db *db)
{
	return !access(db->path, R_OK) && (access(db->path, W_OK) || access(path_parent(&db->arena, db->path), W_OK));
}

/* A file: URI that says that nobody writes the file: then it can be read without a log or a lock beside it. */
static const char *immutable_uri(struct db *db)
{
	struct text uri;
	const char *s;

	text_init(&uri);
	text_puts(&uri, "file:");
	for (const char *p = plain_name(db, db->path); *p; p++)
		text_printf(&uri, isalnum((unsigned char)*p) || strchr("/._-", *p) ? "%c" : "%%%02X", (unsigned char)*p);
	text_puts(&uri, "?immutable=1");
	s = arena_strdup(&db->arena, text_str(&uri));
	text_release(&uri);
	return s;
}

/* Open a copy of a file that cannot be written, which goes with the connection. An SQLite result code. */
static int open_copy(struct db *db)
{
	sqlite3 *from = NULL;
	sqlite3_backup *copy;
	int rc = sqlite3_open_v2(immutable_uri(db), &from, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2("", &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK) {
		copy = sqlite3_backup_init(db->handle, "main", from, "main");
		if (copy)
			sqlite3_backup_step(copy, -1);
		rc = copy ? sqlite3_backup_finish(copy) : sqlite3_errcode(db->handle);
	}
	sqlite3_close(from);
	problem("%s cannot be written: it is used as it is, what this run learns is not kept", db->path);
	return rc;
}

static int open_file(struct db *db)
{
	if (is_read_only(db))
		return open_copy(db);
	return sqlite3_open_v2(plain_name(db, db->path), &db->handle,	/* there are no threads */
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
}

struct db *db_open(const char *path, const char **error)
{
	struct db *db = calloc(1, sizeof(*db));
	int rc;

	if (!db)
		die("out of memory");
	arena_init(&db->arena);
	map_init(&db->stmts);
	db->path = arena_strdup(&db->arena, path);
	rc = open_file(db);
	if ((rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT) {
		*error = "cannot be read: it is damaged, or no SQLite database";
		db_close(db);
		return NULL;
	}
	if (rc != SQLITE_OK)
		fail(db, rc, NULL);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	if (sqlite3_db_readonly(db->handle, "main") == 1)
		die("%s cannot be written: choose another place with --db FILE", path);
	rc = configure(db);
	if ((rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT) {
		*error = (rc & 0xff) == SQLITE_NOTADB ? "is not an SQLite database" : "is damaged";
		db_close(db);
		return NULL;
	}
	if (rc != SQLITE_OK)
		fail(db, rc, "PRAGMA");
	return db;
}

void db_close(struct db *db)
{
	for (size_t i = 0; i < db->stmts.n; i++)
		sqlite3_finalize(((struct stmt *)db->stmts.entries[i].value)->handle);
	sqlite3_close(db->handle);
	map_release(&db->stmts);
	arena_release(&db->arena);
	free(db);
}

/* Attach it. An SQLite result code. */
static int attach(struct db *db, const char *path)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db->handle, "ATTACH ?1 AS part", -1, &st, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_text(st, 1, plain_name(db, path), -1, SQLITE_TRANSIENT);
	rc = sqlite3_step(st);
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return rc;
	rc = sqlite3_exec(db->handle, "SELECT count(*) FROM part.sqlite_schema", NULL, NULL, NULL);
	db->part = arena_strdup(&db->arena, path);
	if (rc != SQLITE_OK)
		db_detach(db);
	return rc;
}

const char *db_attach(struct db *db, const char *path)
{
	const char *what;

	switch (attach(db, path) & 0xff) {
	case SQLITE_OK:
		break;
	case SQLITE_NOTADB:
		return "is not an SQLite database";
	case SQLITE_CORRUPT:
		return "is damaged";
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		return "cannot be opened (its folder must be writable for that)";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "is in use by another devscope";
	default:
		return "cannot be read";
	}
	what = damage(db, "PRAGMA part.quick_check(1)");
	if (!strcmp(what, "ok"))
		return NULL;
	db_detach(db);
	return arena_printf(&db->arena, "is damaged (%s)", what);
}

void db_detach(struct db *db)
{
	db_exec(db, "DETACH part");
	db->part = NULL;
}

void db_exec(struct db *db, const char *sql)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		fail(db, rc, sql);
}

int64_t db_int(struct db *db, const char *sql)
{
	struct stmt *st = db_prepare(db, sql);
	int64_t v = db_step(st) ? db_col_int(st, 0) : 0;

	sqlite3_reset(st->handle);
	return v;
}

void db_keep(struct db *db, bool much)
{
	db_exec(db, much ? "PRAGMA cache_size = -65536" : "PRAGMA cache_size = -16384");	/* KiB */
}

void db_begin(struct db *db)
{
	db_exec(db, "BEGIN IMMEDIATE");
}

void db_commit(struct db *db)
{
	db_exec(db, "COMMIT");
}

struct stmt *db_prepare(struct db *db, const char *sql)
{
	struct stmt *st = map_get(&db->stmts, sql);
	int rc;

	if (st) {
		sqlite3_reset(st->handle);
		sqlite3_clear_bindings(st->handle);
		return st;
	}
	st = ARENA_NEW(&db->arena, struct stmt);
	st->db = db;
	st->sql = arena_strdup(&db->arena, sql);
	rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->handle, NULL);
	if (rc != SQLITE_OK)
		fail(db, rc, sql);
	map_set(&db->stmts, st->sql, st);
	return st;
}

static void check_bind(struct stmt *st, int rc)
{
	if (rc != SQLITE_OK)
		fail(st->db, rc, st->sql);
}

void db_bind_int(struct stmt *st, int i, int64_t v)
{
	check_bind(st, sqlite3_bind_int64(st->handle, i, v));
}

void db_bind_text(struct stmt *st, int i, const char *s)
{
	check_bind(st, sqlite3_bind_text(st->handle, i, s, -1, SQLITE_TRANSIENT));
}

void db_bind_blob(struct stmt *st, int i, const void *p, size_t n)
{
	check_bind(st, sqlite3_bind_blob64(st->handle, i, p, n, SQLITE_TRANSIENT));
}

bool db_step(struct stmt *st)
{
	int rc = sqlite3_step(st->handle);

	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		fail(st->db, rc, st->sql);
	sqlite3_reset(st->handle);
	return false;
}

void db_run(struct stmt *st)
{
	while (db_step(st))
		;
}

int64_t db_col_int(struct stmt *st, int i)
{
	return sqlite3_column_int64(st->handle, i);
}

const char *db_col_text(struct stmt *st, int i)
{
	return (const char *)sqlite3_column_text(st->handle, i);
}

const void *db_col_blob(struct stmt *st, int i, size_t *n)
{
	const void *p = sqlite3_column_blob(st->handle, i);

	*n = (size_t)sqlite3_column_bytes(st->handle, i);
	return p;
}

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}
