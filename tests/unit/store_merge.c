// SPDX-License-Identifier: GPL-2.0-only
/*
 * Databases joined: what was read elsewhere is there as if it had been read here, once, and what cannot be joined is
 * refused with nothing lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "db/db.h"
#include "db/store.h"
#include "flow/flow.h"
#include "flow/flow_text.h"

static char dir[64], out[128], one[128], two[128];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/devscope-merge-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	snprintf(out, sizeof(out), "%s/out.db", dir);
	snprintf(one, sizeof(one), "%s/it's \"one\"; %%s?mode=memory.db", dir);
	strcpy(two, "file:two.db?mode=memory");	/* a name, nothing else */
	return 0;
}

static int drop_dir(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char *const files[] = {out, one, two};

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		char file[160];

		snprintf(file, sizeof(file), "%s%s", files[i / 3], suffixes[i % 3]);
		unlink(file);
	}
	assert_int_equal(chdir("/"), 0);
	return rmdir(dir);
}

/* Functions are named so that their order in the unit is not that of the rows they get. */
static char *unit_text(struct arena *a, const char *name)
{
	return arena_printf(a, "unit %s\n"
			    "slot foo_ops.remove = &own in foo_driver_ops @121:12\n"
			    "slot foo_ops.probe = &own in foo_driver_ops @120:11\n"
			    "\n"
			    "func helper(p: *device) -> value at include/h.h:3-5 static\n"
			    "b0:\n"
			    "\t%%0 = load int4 p0 + 8 device.id @4:9\n"
			    "\treturn %%0 @4:2\n"
			    "end\n"
			    "\n"
			    "func own(p: *device) -> value at %s:10-12\n"
			    "b0:\n"
			    "\t%%0 = call int4 &helper(p0) @11:9\n"
			    "\treturn %%0 @11:2\n"
			    "end\n", name, name);
}

/* Save one unit, read or not. */
static void put_captured(struct store *s, const char *file, uint64_t key, const struct captured *c)
{
	store_begin_units(s);
	store_put_unit(s, file, (uint64_t[2]){key, 9}, c);
	store_end_units(s);
}

/* Capture a unit whose own file has that content. */
static void put(struct store *s, const char *file, uint64_t key, uint64_t content)
{
	struct dep deps[] = {
		{.path = file, .hash = {content, 2}, .size = 10, .mtime_ns = 100},
		{.path = "include/h.h", .hash = {3, 4}, .size = 20, .mtime_ns = 200},
	};
	struct captured c = {.ok = true, .deps = deps, .ndep = 2};
	struct arena a;

	arena_init(&a);
	c.flow = unit_text(&a, file);
	c.flow_len = strlen(c.flow);
	put_captured(s, file, key, &c);
	arena_release(&a);
}

static void make(const char *path, const char *config, const char *file, uint64_t key, uint64_t content)
{
	struct store *s = store_open(path, config);

	put(s, file, key, content);
	store_close(s);
}

static struct store_merged merge(const char *path)
{
	struct store *s = store_open(out, ".");
	struct store_merged m;

	store_check_part(s, path);
	store_merge(s, path, &m);
	store_close(s);
	return m;
}

static int64_t ask(const char *path, const char *sql)
{
	const char *error;
	struct db *db = db_open(path, &error);
	int64_t n = db_int(db, sql);

	db_close(db);
	return n;
}

static void tell(const char *path, const char *sql)
{
	const char *error;
	struct db *db = db_open(path, &error);

	db_exec(db, sql);
	db_close(db);
}

static void test_two_parts(void **state)
{
	struct store_merged m;
	struct stored_unit *known;
	struct stored_file *files;
	struct unit **units;
	struct arena a;
	struct store *s;
	struct text t;
	int64_t ids[2];

	(void)state;
	arena_init(&a);
	text_init(&t);
	make(one, "../build", "b.c", 1, 1);
	make(two, ".", "a.c", 1, 1);
	m = merge(one);
	assert_true(m.added == 1 && m.known == 0);
	m = merge(two);
	assert_true(m.added == 1 && m.known == 0);
	s = store_open(out, ".");
	assert_int_equal(store_units(s, &a, &known), 2);
	assert_string_equal(known[0].file, "a.c");
	assert_int_equal(known[0].key[0], 1);
	for (int i = 0; i < 2; i++)
		ids[i] = known[i].id;
	units = ARENA_ARRAY(&a, struct unit *, 2);
	store_load_units(s, &a, ids, 2, units);
	flow_print_unit(&t, units[1]);
	assert_string_equal(text_str(&t), unit_text(&a, "b.c"));
	assert_int_equal(store_files(s, &a, &files), 3);
	assert_string_equal(files[2].dep.path, "include/h.h");
	assert_true(files[2].dep.hash[0] == 3 && files[2].dep.hash[1] == 4 && files[2].dep.size == 20);
	assert_int_equal(files[2].dep.mtime_ns, 0);
	store_close(s);
	assert_int_equal(ask(out, "SELECT count(*) FROM func"), 3);
	assert_int_equal(ask(out, "SELECT count(*) FROM dep"), 4);
	assert_int_equal(ask(one, "SELECT count(*) FROM unit"), 1);
	text_release(&t);
	arena_release(&a);
}

static void test_known_ones_are_not_doubled(void **state)
{
	struct store_merged m;

	(void)state;
	make(out, ".", "a.c", 1, 1);
	make(one, ".", "a.c", 1, 1);
	make(one, ".", "a.c", 1, 1);	/* read again with --no-cache */
	make(one, ".", "b.c", 1, 1);
	make(one, ".", "b.c", 1, 1);
	m = merge(one);
	assert_true(m.added == 1 && m.known == 3);
	m = merge(one);
	assert_true(m.added == 0 && m.known == 4);
	assert_int_equal(ask(out, "SELECT count(*) FROM unit"), 2);
	assert_int_equal(ask(out, "SELECT mtime FROM file WHERE path = 'a.c'"), 100);
}

static void test_other_versions_are_added(void **state)
{
	struct store_merged m;

	(void)state;
	make(out, ".", "a.c", 1, 1);
	make(one, ".", "a.c", 1, 2);	/* other content */
	make(two, ".", "a.c", 2, 1);	/* other arguments */
	m = merge(one);
	assert_true(m.added == 1 && m.known == 0);
	m = merge(two);
	assert_true(m.added == 1 && m.known == 0);
	assert_int_equal(ask(out, "SELECT count(*) FROM unit"), 3);
	assert_int_equal(ask(out, "SELECT max(id) = (SELECT id FROM unit WHERE key = "
			     "x'00000000000000090000000000000002') FROM unit"), 1);
	for (uint64_t content = 3; content <= 5; content++)
		make(one, ".", "a.c", 1, content);
	m = merge(one);
	assert_true(m.added == 3 && m.known == 0);
	assert_int_equal(ask(out, "SELECT count(*) FROM unit"), 3);
	assert_int_equal(ask(out, "SELECT count(*) FROM file WHERE path = 'a.c'"), 3);
}

/* What could not be read comes along; what could be is kept. */
static void test_failures(void **state)
{
	struct captured bad = {.error = "killed after 300 s"};
	struct store *s = store_open(one, ".");
	struct store_merged m;

	(void)state;
	put_captured(s, "a.c", 1, &bad);
	store_close(s);
	make(out, ".", "a.c", 1, 1);
	m = merge(one);
	assert_true(m.added == 1);
	m = merge(one);
	assert_true(m.added == 0 && m.known == 1);
	assert_int_equal(ask(out, "SELECT count(*) FROM unit WHERE ok"), 1);
	assert_int_equal(ask(out, "SELECT count(*) FROM unit WHERE error = 'killed after 300 s'"), 1);
}

static void test_triage_is_kept(void **state)
{
	struct store_merged m;

	(void)state;
	make(out, ".", "a.c", 1, 1);
	make(one, ".", "a.c", 1, 1);
	tell(out, "INSERT INTO triage (fingerprint, verdict, reason) VALUES ('f', 'bug', 'ours')");
	tell(one, "INSERT INTO triage (fingerprint, verdict, reason) VALUES ('f', 'false', 'theirs'), "
	     "('g', 'later', 'theirs')");
	m = merge(one);
	assert_int_equal(m.triage, 1);
	assert_int_equal(ask(out, "SELECT count(*) FROM triage WHERE (fingerprint, reason) IN "
			     "(VALUES ('f', 'ours'), ('g', 'theirs'))"), 2);
}

static char said[1024];

/* Merge it in a child: its exit status, and what it says. */
static int merge_status(const char *path)
{
	int status, to[2];
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(to), 0);
	pid = fork();
	if (!pid) {
		dup2(to[1], STDERR_FILENO);
		merge(path);
		_exit(0);
	}
	close(to[1]);
	while ((n = read(to[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	close(to[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void refused(const char *path, const char *why)
{
	assert_int_equal(merge_status(path), 2);
	if (!strstr(said, path) || !strstr(said, why))
		fail_msg("it says: %s", said);
	assert_int_equal(ask(out, "SELECT count(*) FROM unit"), 1);
}

static void test_refused(void **state)
{
	FILE *f;

	(void)state;
	make(out, ".", "a.c", 1, 1);
	refused(one, "no such file");
	refused(dir, "no file");
	refused(out, "merged into");
	make(one, ".", "b.c", 1, 1);
	tell(one, "PRAGMA user_version = 1000");
	refused(one, "newer devscope");
	tell(one, "PRAGMA user_version = 1");
	refused(one, "older devscope");
	tell(one, "PRAGMA application_id = 1");
	refused(one, "no database of devscope");
	f = fopen(two, "w");
	refused(two, "no database of devscope");
	fputs("this is a letter, not a database; it must stay as it is\n", f);
	fclose(f);
	refused(two, "not an SQLite database");
}

static void test_damaged(void **state)
{
	char at_once[200];
	FILE *f;

	(void)state;
	make(out, ".", "a.c", 1, 1);
	make(one, ".", "b.c", 1, 1);
	f = fopen(one, "r+");
	for (long page = 4; page < 12; page++) {	/* of tables and indexes */
		fseek(f, page * 4096, SEEK_SET);
		fwrite(dir, 1, 40, f);
	}
	fclose(f);
	snprintf(at_once, sizeof(at_once), "error: %s is damaged", one);	/* and not, in the midst of it, "one of them" */
	refused(one, at_once);
	assert_int_equal(truncate(one, 8192), 0);
	refused(one, at_once);
}

static void test_several_builds(void **state)
{
	struct store_merged m;

	(void)state;
	make(out, ".", "a.c", 1, 1);
	make(one, "x86", "x.c", 1, 1);
	make(one, "arm", "y.c", 1, 1);
	refused(one, "(arm, x86)");
	make(one, ".", "b.c", 1, 1);
	m = merge(one);
	assert_true(m.added == 1);
	assert_int_equal(ask(out, "SELECT count(*) FROM unit WHERE file = 'b.c'"), 1);
	assert_int_equal(ask(out, "SELECT count(*) FROM func"), 3);
}

/* A merge that cannot end leaves nothing behind. */
static void test_all_or_nothing(void **state)
{
	(void)state;
	make(out, ".", "a.c", 1, 1);
	make(one, ".", "b.c", 1, 1);
	make(one, ".", "c.c", 1, 1);
	tell(out, "CREATE TRIGGER no BEFORE INSERT ON unit WHEN new.file = 'c.c' BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_equal(merge_status(one), 2);
	assert_int_equal(ask(out, "SELECT count(*) FROM unit"), 1);
	assert_int_equal(ask(out, "SELECT count(*) FROM func"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two_parts, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_known_ones_are_not_doubled, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_other_versions_are_added, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_failures, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_triage_is_kept, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_refused, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_damaged, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_several_builds, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_all_or_nothing, make_dir, drop_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
