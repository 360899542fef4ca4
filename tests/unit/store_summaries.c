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

	store_keep_summary(s, key, text, strlen(text));
	store_save_summaries(s);
	store_close(s);
}

static void expect(uint64_t key, const char *text)
{
	struct store *s = store_open(path, ".");
	size_t size;
	const char *found = store_find_summary(s, key, &size);

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

	(void)state;
	store_keep_summary(s, 1, "one", 3);
	store_close(s);
	expect(1, NULL);
}

static void damaged_ones_are_not_found(void **state)
{
	(void)state;
	keep(1, "one");
	sql("UPDATE summary SET bytes = x'0102'");
	expect(1, NULL);
	keep(1, "one");
	sql("UPDATE summary SET size = 2");
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
	st = db_prepare(db, "SELECT bytes FROM summary");
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
		st = db_prepare(db, "UPDATE summary SET bytes = ?1");
		db_bind_blob(st, 1, bytes, n);
		db_run(st);
		bytes[i / 8] ^= 1 << i % 8;
		s = store_open(path, ".");
		found = store_find_summary(s, 1, &size);
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
	sql("UPDATE summary SET key = 2");
	expect(2, NULL);
	sql("UPDATE summary SET key = 1");
	expect(1, "one");
	sql("UPDATE summary SET size = -1, bytes = x'28b52ffd0058190000616263'");	/* a frame that tells no size */
	expect(1, NULL);
	sql("UPDATE summary SET size = -2, bytes = x''");
	expect(1, NULL);
	sql("UPDATE summary SET size = 1099511627776, bytes = x'28b52ffde0000000000001000001000061'");
	expect(1, NULL);
}

#define RUN(n) "INSERT INTO run (id, config, at, command, status) VALUES (" n ", 1, '', '', 0);"

static void old_ones_are_forgotten(void **state)
{
	struct store *s;

	(void)state;
	keep(1, "used");
	keep(2, "old");
	sql(RUN("60"));
	expect(1, "used");		/* and is marked so */
	sql(RUN("150"));
	s = store_open(path, ".");
	for (uint64_t key = 10; key < 200; key++)
		store_keep_summary(s, key, "x", 1);
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
		cmocka_unit_test_setup_teardown(old_ones_are_forgotten, make_dir, drop_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
