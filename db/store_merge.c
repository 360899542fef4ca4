// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another database joined into this one: what a build was read into on another machine, or a part of it.
 * store_merge() attaches the file and copies with SQL alone, nothing is unpacked. Functions and files are brought over
 * first, by content, and two temporary tables then say which row there is which one here; units follow one by one,
 * as if they were captured now.
 */
#include "db/store.h"

#include <string.h>
#include <sys/stat.h>

#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "db/store_own.h"

/* --- the other file -------------------------------------------------------------- */

static void check_file(const struct store *s, const char *path)
{
	struct stat part, own;

	if (stat(path, &part))
		die("%s: there is no such file: name the databases that \"devscope capture --db\" made", path);
	if (!S_ISREG(part.st_mode))
		die("%s is no file: name the databases that \"devscope capture --db\" made", path);
	if (!stat(s->path, &own) && own.st_dev == part.st_dev && own.st_ino == part.st_ino)
		die("%s is what the others are merged into: leave it away, or name another one with --db", path);
}

static void check_schema(struct store *s, const char *path)
{
	int64_t theirs = db_int(s->db, "PRAGMA part.user_version"), ours = db_int(s->db, "PRAGMA main.user_version");

	if (db_int(s->db, "PRAGMA part.application_id") != db_int(s->db, "PRAGMA main.application_id"))
		die("%s is no database of devscope: name what \"devscope capture --db\" made", path);
	if (theirs != ours)
		die("%s was made by %s devscope (schema %lld, this one knows %lld): capture and merge with the same "
		    "devscope", path, theirs > ours ? "a newer" : "an older", (long long)theirs, (long long)ours);
}

/* Which of its configurations is meant? 0 if it has none at all. */
static int64_t find_config(struct store *s, const char *path)
{
	struct stmt *st = db_prepare(s->db, "SELECT id FROM part.config WHERE name = "
				     "(SELECT name FROM main.config WHERE id = ?1)");
	struct text names;
	int64_t id = 0, n = 0;

	db_bind_int(st, 1, s->config);
	while (db_step(st))
		id = db_col_int(st, 0);
	if (id)
		return id;
	text_init(&names);
	st = db_prepare(s->db, "SELECT id, name FROM part.config ORDER BY name");
	while (db_step(st)) {
		id = db_col_int(st, 0);
		text_printf(&names, "%s%s", n++ ? ", " : "", db_col_text(st, 1));
	}
	if (n > 1)
		die("%s holds several builds (%s), and it is not clear which of them is meant: capture each into a "
		    "database of its own", path, text_str(&names));
	text_release(&names);
	return id;
}

/* Attach the file. The configuration in it that is meant. */
static int64_t open_part(struct store *s, const char *path)
{
	const char *error;

	check_file(s, path);
	error = db_attach(s->db, path);
	if (error)
		die("%s %s: capture that part again, or copy it anew", path, error);
	check_schema(s, path);
	return find_config(s, path);
}

void store_check_part(struct store *s, const char *path)
{
	open_part(s, path);
	db_detach(s->db);
}

/* --- copying --------------------------------------------------------------------- */

static void run_with(struct store *s, const char *sql, int64_t first, int64_t second)
{
	struct stmt *st = db_prepare(s->db, sql);

	db_bind_int(st, 1, first);
	db_bind_int(st, 2, second);
	db_run(st);
}

/*
 * Bring over functions, and files of that configuration, and note where they are. What another machine saw of a
 * file's time says nothing here: without it, the content decides. Functions that no unit needs go in store_close().
 */
static void copy_contents(struct store *s, int64_t config)
{
	db_exec(s->db, "CREATE TEMP TABLE IF NOT EXISTS func_at (part INTEGER PRIMARY KEY, own INTEGER NOT NULL)");
	db_exec(s->db, "CREATE TEMP TABLE IF NOT EXISTS file_at (part INTEGER PRIMARY KEY, own INTEGER NOT NULL)");
	db_exec(s->db, "DELETE FROM func_at");
	db_exec(s->db, "DELETE FROM file_at");
	db_exec(s->db, "INSERT OR IGNORE INTO main.func (hash, name, file, static, ninsn, size, brief, text) "
		"SELECT hash, name, file, static, ninsn, size, brief, text FROM part.func ORDER BY id");
	db_exec(s->db, "INSERT INTO func_at SELECT p.id, m.id FROM part.func p JOIN main.func m USING (hash)");
	run_with(s, "INSERT OR IGNORE INTO main.file (config, path, hash, size, mtime) "
		 "SELECT ?2, path, hash, size, 0 FROM part.file WHERE config = ?1 ORDER BY id", config, s->config);
	run_with(s, "INSERT INTO file_at SELECT p.id, m.id FROM part.file p JOIN main.file m USING (path, hash) "
		 "WHERE p.config = ?1 AND m.config = ?2", config, s->config);
}

/* Is that unit of the part here: read under the same key from the same contents, or failed likewise? */
static bool is_known(struct store *s, int64_t unit)
{
	struct stmt *st = db_prepare(s->db, "SELECT 1 FROM part.unit p JOIN main.unit m USING (file, key, ok) "
		"WHERE p.id = ?1 AND m.config = ?2 AND NOT EXISTS (SELECT own FROM part.dep JOIN file_at ON part = file "
		"WHERE unit = p.id EXCEPT SELECT file FROM main.dep WHERE unit = m.id) AND NOT EXISTS (SELECT file FROM "
		"main.dep WHERE unit = m.id EXCEPT SELECT own FROM part.dep JOIN file_at ON part = file "
		"WHERE unit = p.id)");
	bool known = false;

	db_bind_int(st, 1, unit);
	db_bind_int(st, 2, s->config);
	while (db_step(st))
		known = true;
	return known;
}

static void copy_unit(struct store *s, int64_t unit)
{
	int64_t own;

	run_with(s, "INSERT INTO main.unit (config, file, key, ok, error, note, cpu_ms, content) "
		 "SELECT ?2, file, key, ok, error, note, cpu_ms, content FROM part.unit WHERE id = ?1", unit, s->config);
	own = db_last_id(s->db);
	run_with(s, "INSERT INTO main.unit_func (unit, func, line) SELECT ?2, own, line FROM part.unit_func "
		 "JOIN func_at ON part = func WHERE unit = ?1", unit, own);
	run_with(s, "INSERT INTO main.dep (unit, file) SELECT ?2, own FROM part.dep JOIN file_at ON part = file "
		 "WHERE unit = ?1", unit, own);
	run_with(s, "INSERT INTO main.slot (unit, struct, field, func, object, file, line, col) "
		 "SELECT ?2, struct, field, func, object, file, line, col FROM part.slot WHERE unit = ?1 ORDER BY rowid",
		 unit, own);
}

static void copy_units(struct store *s, int64_t config, struct store_merged *out)
{
	struct stmt *st = db_prepare(s->db, "SELECT id FROM part.unit WHERE config = ?1 ORDER BY id");

	db_bind_int(st, 1, config);
	while (db_step(st)) {
		int64_t unit = db_col_int(st, 0);

		if (is_known(s, unit)) {
			out->known++;
			continue;
		}
		copy_unit(s, unit);
		out->added++;
	}
}

static size_t copy_triage(struct store *s)
{
	int64_t before = db_int(s->db, "SELECT count(*) FROM main.triage");

	db_exec(s->db, "INSERT OR IGNORE INTO main.triage (fingerprint, verdict, reason, who, at) "
		"SELECT fingerprint, verdict, reason, who, at FROM part.triage ORDER BY fingerprint");
	return (size_t)(db_int(s->db, "SELECT count(*) FROM main.triage") - before);
}

void store_merge(struct store *s, const char *path, struct store_merged *out)
{
	int64_t config = open_part(s, path);

	memset(out, 0, sizeof(*out));
	store_begin(s);
	if (config) {
		copy_contents(s, config);
		copy_units(s, config, out);
	}
	out->triage = copy_triage(s);
	db_commit(s->db);
	db_detach(s->db);
	s->changed = s->dropped = true;
}
