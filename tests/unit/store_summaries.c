// SPDX-License-Identifier: GPL-2.0-only
/* What was learnt of functions, kept in the database: found again, replaced, forgotten in time; damage is no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/db.h"
#include "db/store.h"
#include "infer/infer.h"

static char dir[64], path[128];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/devscope-summaries-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/out.db", dir);
	return 0;
}

static int drop_dir(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char file[160];

		snprintf(file, sizeof(file), "%s%s", path, suffixes[i]);
		unlink(file);
	}
	return rmdir(dir);
}

static void keep(uint64_t key, const char *text)
{
	struct store *s = store_open(path, ".");
	struct infer_cache c;

	store_cache(s, &c);
	c.keep(c.cookie, key, "head", 4, text, strlen(text));
	store_save_summaries(s);
	store_close(s);
}

/* The rest of the entry, whose head must be right if it is found at all; NULL if there is none. */
static const char *find(struct store *s, uint64_t key, size_t *size)
{
	struct infer_cache c;
	const char *head;

	store_cache(s, &c);
	head = c.find(c.cookie, key, size);
	if (!head)
		return NULL;
	assert_int_equal(*size, 4);
	assert_memory_equal(head, "head", 4);
	return c.find_rest(c.cookie, key, size);
}

static void expect(uint64_t key, const char *text)
{
	struct store *s = store_open(path, ".");
	size_t size;
	const char *found = find(s, key, &size);

	if (text) {
		assert_non_null(found);
		assert_int_equal(size, strlen(text));
		assert_memory_equal(found, text, size);
	} else {
		assert_null(found);
	}
	store_save_summaries(s);
	store_close(s);
}

static void sql(const char *text)
{
	const char *error;
	struct db *db = db_open(path, &error);

	assert_non_null(db);
	db_exec(db, text);
	db_close(db);
}

static void are_found_again(void **state)
{
	(void)state;
	expect(1, NULL);
	keep(1, "one");
	keep(UINT64_MAX, "last");
	keep(2, "");
	expect(1, "one");
	expect(UINT64_MAX, "last");
	expect(2, "");
	keep(1, "another");
	expect(1, "another");
}

static void unsaved_ones_are_dropped(void **state)
{
	struct store *s = store_open(path, ".");
	struct infer_cache c;

	(void)state;
	store_cache(s, &c);
	c.keep(c.cookie, 1, "head", 4, "one", 3);
	store_close(s);
	expect(1, NULL);
}

static void damaged_ones_are_not_found(void **state)
{
	(void)state;
	keep(1, "one");
	sql("UPDATE summary_rest SET bytes = x'0102'");
	expect(1, NULL);
	keep(1, "one");
	sql("UPDATE summary_rest SET size = 2");
	expect(1, NULL);
}

/* Each bit of what lies in the file, turned over. */
static void no_bit_can_be_wrong(void **state)
{
	const char *error;
	struct db *db;
	struct stmt *st;
	unsigned char bytes[128];
	size_t n = 0;

	(void)state;
	keep(1, "one and another one and another");
	db = db_open(path, &error);
	assert_non_null(db);
	st = db_prepare(db, "SELECT bytes FROM summary_rest");
	while (db_step(st)) {
		const void *blob = db_col_blob(st, 0, &n);

		assert_in_range(n, 20, sizeof(bytes));
		memcpy(bytes, blob, n);
	}
	for (size_t i = 0; i < n * 8; i++) {
		size_t size;
		struct store *s;
		const char *found;

		bytes[i / 8] ^= 1 << i % 8;
		st = db_prepare(db, "UPDATE summary_rest SET bytes = ?1");
		db_bind_blob(st, 1, bytes, n);
		db_run(st);
		bytes[i / 8] ^= 1 << i % 8;
		s = store_open(path, ".");
		found = find(s, 1, &size);
		/* some bits of the frame say nothing: then the entry is right */
		assert_true(!found || (size == 31 && !memcmp(found, "one and another one and another", 31)));
		store_close(s);
	}
	db_close(db);
}

/* Bytes that are whole, but of another function; sizes that nothing has. */
static void others_and_odd_sizes_are_not_found(void **state)
{
	(void)state;
	keep(1, "one");
	sql("PRAGMA foreign_keys = OFF; UPDATE summary SET key = 2; UPDATE summary_rest SET key = 2");
	expect(2, NULL);
	sql("PRAGMA foreign_keys = OFF; UPDATE summary SET key = 1; UPDATE summary_rest SET key = 1");
	expect(1, "one");
	sql("UPDATE summary SET head = x''");
	expect(1, NULL);
	sql("UPDATE summary SET head = x'0102030405060708'");
	expect(1, NULL);
	keep(1, "one");
	keep(2, "two");
	sql("UPDATE summary SET head = (SELECT head FROM summary WHERE key = 2) WHERE key = 1;"
	    "UPDATE summary_rest SET bytes = (SELECT bytes FROM summary_rest WHERE key = 1) WHERE key = 2");
	expect(1, NULL);
	expect(2, NULL);
	keep(1, "one");
	sql("UPDATE summary_rest SET size = -1, bytes = x'28b52ffd0058190000616263'");	/* a frame that tells no size */
	expect(1, NULL);
	sql("UPDATE summary_rest SET size = -2, bytes = x''");
	expect(1, NULL);
	sql("UPDATE summary_rest SET size = 1099511627776, bytes = x'28b52ffde0000000000001000001000061'");
	expect(1, NULL);
}

#define RUN(n) "INSERT INTO run (id, config, at, command, status) VALUES (" n ", 1, '', '', 0);"

/* An entry that turned out to be no good is not found again, and can be made anew. */
static void forgotten_ones_are_not_found(void **state)
{
	struct store *s = store_open(path, ".");
	struct infer_cache c;
	size_t size;

	(void)state;
	store_cache(s, &c);
	c.keep(c.cookie, 1, "head", 4, "one", 3);
	store_save_summaries(s);
	assert_non_null(c.find(c.cookie, 1, &size));
	c.forget(c.cookie, 1);
	assert_null(c.find(c.cookie, 1, &size));
	c.keep(c.cookie, 1, "head", 4, "new", 3);
	store_save_summaries(s);
	store_close(s);
	expect(1, "new");
}

static void old_ones_are_forgotten(void **state)
{
	struct store *s;
	struct infer_cache c;

	(void)state;
	keep(1, "used");
	keep(2, "old");
	sql(RUN("60"));
	expect(1, "used");		/* and is marked so */
	sql(RUN("150"));
	s = store_open(path, ".");
	store_cache(s, &c);
	for (uint64_t key = 10; key < 200; key++)
		c.keep(c.cookie, key, "head", 4, "x", 1);
	store_save_summaries(s);
	store_close(s);
	expect(1, "used");
	expect(2, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(are_found_again, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(unsaved_ones_are_dropped, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(damaged_ones_are_not_found, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(no_bit_can_be_wrong, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(others_and_odd_sizes_are_not_found, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(forgotten_ones_are_not_found, make_dir, drop_dir),
		cmocka_unit_test_setup_teardown(old_ones_are_forgotten, make_dir, drop_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
