// SPDX-License-Identifier: GPL-2.0-only
/*
 * The database: units come back as they were put, functions are shared, and foreign or newer files are
 * refused.
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
#include "report/finding.h"
#include "rules/rule.h"

static char dir[64], path[128];

static const char head[] = "unit a.c\n"
	"slot foo_ops.probe = &own in foo_driver_ops @120:11\n"
	"slot foo_ops.remove = &own in foo_driver_ops @121:12\n";
static const char shared[] = "\n"
	"func helper(p: *device) -> value at include/h.h:3-5 static\n"
	"b0:\n"
	"\t%0 = load int4 p0 + 8 device.id @4:9\n"
	"\treturn %0 @4:2\n"
	"end\n";
static const char own[] = "\n"
	"func own(p: *device) -> value at a.c:10-12\n"
	"b0:\n"
	"\t%0 = call int4 &helper(p0) @11:9\n"
	"\treturn %0 @11:2\n"
	"end\n";

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/devscope-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/test.db", dir);
	return 0;
}

static int drop_dir(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	char file[160];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "%s%s", path, suffixes[i]);
		unlink(file);
	}
	return rmdir(dir);
}

/* Save one unit, read or not. */
static void put_captured(struct store *s, const char *file, uint64_t key, const struct captured *c)
{
	store_begin_units(s);
	store_put_unit(s, file, (uint64_t[2]){key, 9}, c);
	store_end_units(s);
}

static void put(struct store *s, const char *file, const char *flow, uint64_t key)
{
	struct dep deps[] = {
		{.path = file, .hash = {1, 2}, .size = 10, .mtime_ns = 100},
		{.path = "include/h.h", .hash = {0xfedcba9876543210u, 4}, .size = 20, .mtime_ns = 200},
	};
	struct captured c = {
		.ok = true, .flow = flow, .flow_len = strlen(flow), .deps = deps, .ndep = 2, .cpu = 0.5,
	};

	put_captured(s, file, key, &c);
}

/* The nth version of a file, the newest being 0; known.id is 0 if there is none. */
static struct stored_unit version(struct store *s, struct arena *a, const char *file, int nth)
{
	struct stored_unit none = {0}, *known;
	size_t n = store_units(s, a, &known);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(known[i].file, file) && !nth--)
			return known[i];
	return none;
}

/* All that was read, the newest versions. */
static size_t load(struct store *s, struct arena *a, struct unit ***units)
{
	struct stored_unit *known;
	size_t n = store_units(s, a, &known), kept = 0;
	int64_t *ids = ARENA_ARRAY(a, int64_t, n);

	for (size_t i = 0; i < n; i++)
		if (known[i].ok && (!i || known[i].file != known[i - 1].file))
			ids[kept++] = known[i].id;
	*units = ARENA_ARRAY(a, struct unit *, kept);
	store_load_units(s, a, ids, kept, *units);
	return kept;
}

static char *unit_text(struct arena *a, const char *name, const char *functions)
{
	return arena_printf(a, "unit %s\n%s", name, functions);
}

static void test_round_trip(void **state)
{
	struct store *s = store_open(path, ".");
	struct stored_file *files;
	int64_t *ids;
	struct stored_unit u;
	struct unit **units;
	struct arena a;
	struct text t;

	(void)state;
	arena_init(&a);
	text_init(&t);
	put(s, "a.c", arena_printf(&a, "%s%s%s", head, shared, own), 7);
	store_close(s);
	s = store_open(path, ".");
	u = version(s, &a, "a.c", 0);
	assert_true(u.id && u.ok);
	assert_int_equal(u.key[0], 7);
	assert_int_equal(u.key[1], 9);
	assert_int_equal(store_files(s, &a, &files), 2);
	assert_string_equal(files[1].dep.path, "include/h.h");
	assert_true(files[1].dep.hash[0] == 0xfedcba9876543210u && files[1].dep.hash[1] == 4);
	assert_int_equal(files[1].dep.mtime_ns, 200);
	assert_int_equal(store_file_units(s, &a, files[1].id, &ids), 1);
	assert_int_equal(ids[0], u.id);
	assert_int_equal(load(s, &a, &units), 1);
	flow_print_unit(&t, units[0]);
	assert_string_equal(text_str(&t), arena_printf(&a, "%s%s%s", head, shared, own));
	store_close(s);
	text_release(&t);
	arena_release(&a);
}

/* A compile database is found by what it held, in its own configuration; not when it is damaged. */
static void test_commands(void **state)
{
	const uint64_t one[2] = {1, 2}, two[2] = {1, 3};
	struct store *s = store_open(path, "."), *other;
	const char *error;
	struct arena a;
	struct db *db;
	size_t n = 0;

	(void)state;
	arena_init(&a);
	assert_null(store_find_commands(s, &a, one, &n));
	store_keep_commands(s, one, "anything", 8);
	store_keep_commands(s, two, "anything else", 13);
	assert_null(store_find_commands(s, &a, one, &n));
	assert_memory_equal(store_find_commands(s, &a, two, &n), "anything else", 13);
	assert_int_equal(n, 13);
	other = store_open(path, "elsewhere");
	assert_null(store_find_commands(other, &a, two, &n));
	store_close(other);
	store_close(s);
	db = db_open(path, &error);
	db_exec(db, "UPDATE commands SET bytes = CAST(substr(bytes, 1, 12) || 'X' || substr(bytes, 14) AS BLOB)");
	db_close(db);
	s = store_open(path, ".");
	assert_null(store_find_commands(s, &a, two, &n));
	store_close(s);
	arena_release(&a);
}

/* Of units that are saved together, each keeps the contents it was made from. */
static void test_contents_of_one_file(void **state)
{
	struct store *s = store_open(path, ".");
	struct dep dep = {.path = "include/h.h", .hash = {1}, .size = 10, .mtime_ns = 100};
	struct captured c = {.error = "no", .deps = &dep, .ndep = 1};
	struct stored_file *files;
	struct arena a;
	int64_t *ids;

	(void)state;
	arena_init(&a);
	store_begin_units(s);
	for (int i = 0; i < 4; i++) {
		dep.hash[0] = i % 2 + 1;
		store_put_unit(s, arena_printf(&a, "%d.c", i), (uint64_t[2]){1, 1}, &c);
	}
	dep.mtime_ns = 300;	/* as a file that came back: the same content of another time */
	store_put_unit(s, "4.c", (uint64_t[2]){1, 1}, &c);
	store_end_units(s);
	assert_int_equal(store_files(s, &a, &files), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(files[i].dep.hash[0], i + 1);
		assert_int_equal(files[i].dep.mtime_ns, i ? 300 : 100);
		assert_int_equal(store_file_units(s, &a, files[i].id, &ids), i + 2);
	}
	store_close(s);
	arena_release(&a);
}

static void test_functions_are_shared(void **state)
{
	struct store *s = store_open(path, ".");
	struct unit **units;
	const char *error;
	struct arena a;
	struct db *db;

	(void)state;
	arena_init(&a);
	put(s, "b.c", unit_text(&a, "b.c", shared), 1);
	put(s, "a.c", unit_text(&a, "a.c", arena_printf(&a, "%s%s", shared, own)), 1);
	assert_int_equal(load(s, &a, &units), 2);
	assert_string_equal(units[0]->file, "a.c");
	assert_int_equal(units[0]->nfunc, 2);
	assert_ptr_equal(units[0]->funcs[0], units[1]->funcs[0]);
	put(s, "a.c", unit_text(&a, "a.c", shared), 1);
	store_close(s);
	db = db_open(path, &error);
	assert_int_equal(db_int(db, "SELECT count(*) FROM func"), 2);
	assert_int_equal(db_int(db, "SELECT count(*) FROM unit_func"), 4);
	db_close(db);
	arena_release(&a);
}

/* One header, read as it was and with a line more: the function is stored once, and stands where each unit has it. */
static void test_moved_functions_are_shared(void **state)
{
	static const char moved[] = "\n"
		"func helper(p: *device) -> value at include/h.h:4-6 static\n"
		"b0:\n"
		"\t%0 = load int4 p0 + 8 device.id @5:9\n"
		"\treturn %0 @5:2\n"
		"end\n";
	struct store *s = store_open(path, ".");
	struct unit **units;
	struct arena a;
	struct text t;

	(void)state;
	arena_init(&a);
	text_init(&t);
	put(s, "a.c", unit_text(&a, "a.c", shared), 1);
	put(s, "b.c", unit_text(&a, "b.c", moved), 1);
	put(s, "c.c", unit_text(&a, "c.c", moved), 1);
	put(s, "d.c", unit_text(&a, "d.c", shared), 1);
	assert_int_equal(load(s, &a, &units), 4);
	assert_ptr_equal(units[0]->funcs[0], units[3]->funcs[0]);
	assert_ptr_equal(units[1]->funcs[0], units[2]->funcs[0]);
	assert_int_equal(units[0]->funcs[0]->row, units[1]->funcs[0]->row);
	assert_int_equal(units[1]->funcs[0]->end_line, 6);
	flow_print_unit(&t, units[1]);
	flow_print_unit(&t, units[3]);
	assert_string_equal(text_str(&t), arena_printf(&a, "unit b.c\n%sunit d.c\n%s", moved, shared));
	store_close(s);
	text_release(&t);
	arena_release(&a);
}

static void test_failed_units_and_dropped_ones(void **state)
{
	struct store *s = store_open(path, ".");
	struct captured bad = {.error = "x.h: no such file"};
	struct captured unreadable = {.ok = true, .flow = "nonsense\n", .flow_len = 9};
	struct dep absent[] = {
		{.path = "x.h", .hash = {1, 0}, .size = DEP_ABSENT}, {.path = "y/x.h", .hash = {1, 0}, .size = DEP_ABSENT},
	};
	struct stored_file *files;
	const char *const keep[] = {"bad.c"};
	struct stored_unit u;
	struct unit **units;
	struct arena a;

	(void)state;
	arena_init(&a);
	bad.deps = absent;
	bad.ndep = 2;
	put_captured(s, "bad.c", 1, &bad);
	put_captured(s, "odd.c", 1, &unreadable);
	put(s, "a.c", unit_text(&a, "a.c", own), 1);
	u = version(s, &a, "bad.c", 0);
	assert_true(u.id && !u.ok);
	assert_string_equal(u.error, "x.h: no such file");
	u = version(s, &a, "odd.c", 0);
	assert_true(u.id && !u.ok);
	assert_int_equal(store_files(s, &a, &files), 5);	/* a.c, include/h.h, odd.c, x.h, y/x.h */
	assert_string_equal(files[2].dep.path, "odd.c");
	assert_int_equal(files[2].dep.size, DEP_NEVER);	/* our own mistake: no change of a file mends it */
	assert_int_equal(files[3].dep.size, DEP_ABSENT);
	assert_int_equal(load(s, &a, &units), 1);
	assert_int_equal(store_keep_units(s, keep, 1), 2);
	assert_false(version(s, &a, "a.c", 0).id);
	store_close(s);
	arena_release(&a);
}

static void test_configurations_are_apart(void **state)
{
	struct store *s = store_open(path, "x86"), *t = store_open(path, "arm");
	struct arena a;

	(void)state;
	arena_init(&a);
	put(s, "a.c", unit_text(&a, "a.c", own), 1);
	assert_false(version(t, &a, "a.c", 0).id);
	put(t, "a.c", unit_text(&a, "a.c", own), 2);
	assert_int_equal(version(s, &a, "a.c", 0).key[0], 1);
	store_close(t);
	store_close(s);
	arena_release(&a);
}

static void test_touch(void **state)
{
	struct store *s = store_open(path, ".");
	struct stored_file *files;
	struct arena a;

	(void)state;
	arena_init(&a);
	put(s, "a.c", unit_text(&a, "a.c", own), 1);
	put(s, "b.c", unit_text(&a, "b.c", own), 1);
	assert_int_equal(store_files(s, &a, &files), 3);
	store_touch_file(s, files[2].id, 20, 999);
	assert_int_equal(store_files(s, &a, &files), 3);
	assert_int_equal(files[2].dep.mtime_ns, 999);
	assert_int_equal(files[0].dep.mtime_ns, 100);
	store_close(s);
	arena_release(&a);
}

static void test_last_versions_are_kept(void **state)
{
	struct captured bad = {.error = "broken for now"};
	struct store *s = store_open(path, ".");
	struct arena a;

	(void)state;
	arena_init(&a);
	for (uint64_t key = 1; key <= 5; key++)
		put(s, "a.c", unit_text(&a, "a.c", own), key);
	assert_int_equal(version(s, &a, "a.c", 4).key[0], 1);	/* a run may still want it */
	store_close(s);
	s = store_open(path, ".");
	for (int i = 0; i < 3; i++)
		assert_int_equal(version(s, &a, "a.c", i).key[0], 5 - i);
	assert_false(version(s, &a, "a.c", 3).id);
	put_captured(s, "a.c", 6, &bad);
	put_captured(s, "a.c", 7, &bad);
	assert_false(version(s, &a, "a.c", 0).ok);
	for (uint64_t key = 8; key < 12; key++)
		put_captured(s, "a.c", key, &bad);
	store_close(s);
	s = store_open(path, ".");
	for (int i = 0; i < 3; i++)
		assert_true(!version(s, &a, "a.c", i).ok && version(s, &a, "a.c", i).key[0] == 11u - (unsigned int)i);
	for (int i = 3; i < 6; i++)
		assert_true(version(s, &a, "a.c", i).ok && version(s, &a, "a.c", i).key[0] == 8u - (unsigned int)i);
	assert_false(version(s, &a, "a.c", 6).id);
	store_close(s);
	arena_release(&a);
}

static int64_t functions_in_file(void)
{
	const char *error;
	struct db *db = db_open(path, &error);
	int64_t n;

	assert_non_null(db);
	n = db_int(db, "SELECT count(*) FROM func");
	db_close(db);
	return n;
}

/* A function goes with the last version that has it, and not before. */
static void test_functions_go_with_their_versions(void **state)
{
	const char *const texts[] = {shared, own, own, own};
	const int64_t left[] = {1, 2, 2, 1};
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < 4; i++) {
		struct store *s = store_open(path, ".");

		put(s, "a.c", unit_text(&a, "a.c", texts[i]), i);
		store_close(s);
		assert_int_equal(functions_in_file(), left[i]);
	}
	arena_release(&a);
}

/* Run f in a child: its exit status. stderr is thrown away. */
static int status_of(void (*f)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		f();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void open_and_close(void)
{
	store_close(store_open(path, "."));
}

static void test_foreign_files(void **state)
{
	const char *error;
	struct db *db;
	FILE *f = fopen(path, "w");

	(void)state;
	fputs("this is a letter, not a database; it must stay as it is\n", f);
	fclose(f);
	assert_int_equal(status_of(open_and_close), 2);
	unlink(path);
	db = db_open(path, &error);
	db_exec(db, "CREATE TABLE addresses (name TEXT)");
	db_close(db);
	assert_int_equal(status_of(open_and_close), 2);
	db = db_open(path, &error);
	assert_int_equal(db_int(db, "SELECT count(*) FROM addresses"), 0);
	db_close(db);
}

static void test_schema_versions(void **state)
{
	const char *error;
	struct arena a;
	struct store *s;
	struct db *db;

	(void)state;
	arena_init(&a);
	s = store_open(path, ".");
	put(s, "a.c", unit_text(&a, "a.c", own), 1);
	store_close(s);
	db = db_open(path, &error);
	db_exec(db, "INSERT INTO triage (fingerprint, verdict, reason) VALUES ('f', 'false', 'looked at "
		    "it')");
	db_exec(db, "PRAGMA user_version = 0");
	db_close(db);
	assert_int_equal(status_of(open_and_close), 0);	/* older: rebuilt */
	db = db_open(path, &error);
	assert_int_equal(db_int(db, "SELECT count(*) FROM unit"), 0);
	assert_int_equal(db_int(db, "SELECT count(*) FROM triage"), 1);
	db_exec(db, "PRAGMA user_version = 1000");
	db_close(db);
	assert_int_equal(status_of(open_and_close), 2);	/* newer: refused */
	arena_release(&a);
}

static void test_runs(void **state)
{
	static const struct func fn = {.name = "own", .file = "a.c"};
	static const struct step steps[] = {
		{.text = "takes a->lock", .func = "own", .at = {"a.c", 3, 1, NULL}, .locks = "a->lock"},
		{.text = "returns", .func = "own", .at = {"a.c", 4, 1, NULL}, .locks = "a->lock"},
	};
	static const struct rule rule = {.id = "lock-leak", .summary = "s", .help = "h"};
	const struct fact fact = {
		.fn = &fn, .at = {"a.c", 4, 1, NULL}, .class = "a.lock", .nstep = 2, .steps = steps,
	};
	struct finding_list l;
	struct store *s = store_open(path, ".");
	const char *error;
	struct arena a;
	struct db *db;

	(void)state;
	arena_init(&a);
	finding_list_init(&l, &a);
	finding_list_add(&l, &rule, LEVEL_ERROR, &fact, "it's \"held\"; DROP TABLE run", NULL);
	finding_list_finish(&l, NULL);
	for (int i = 0; i < 25; i++)
		store_put_run(s, &l, "devscope check", 1);
	store_close(s);
	db = db_open(path, &error);
	assert_int_equal(db_int(db, "SELECT count(*) FROM run"), 20);
	assert_int_equal(db_int(db, "SELECT count(*) FROM finding"), 20);
	assert_int_equal(db_int(db, "SELECT count(*) FROM step"), 40);
	db_close(db);
	finding_list_release(&l);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_commands, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_contents_of_one_file, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_functions_are_shared, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_moved_functions_are_shared, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_failed_units_and_dropped_ones, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_configurations_are_apart, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_touch, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_last_versions_are_kept, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_functions_go_with_their_versions, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_foreign_files, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_schema_versions, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(test_runs, make_dir, drop_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
