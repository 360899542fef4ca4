// SPDX-License-Identifier: GPL-2.0-only
/* The books of a path (infer/owed.c): what is added up, what is the same, and that older sets stay as they were. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/owed.h"

static struct arena arena;
static struct sym_table syms;
static struct state_pool pool;

static void owe(struct state *st, const struct sym *object, const char *kind, int count)
{
	struct owed o = {.object = object, .kind = intern(kind), .count = count};

	owed_add(&pool, st, &o);
}

static void adds_up(void **state)
{
	const struct sym *a = sym_param(&syms, 0, "a"), *b = sym_param(&syms, 1, "b");
	struct state *st = state_new(&pool);
	const struct owed_set *before;

	(void)state;
	owe(st, a, "device", 1);
	owe(st, b, "device", 1);
	owe(st, a, "visit", -1);
	before = st->owed;
	owe(st, a, "device", 1);
	assert_int_equal(owed_find(st, a, intern("device"))->count, 2);
	assert_int_equal(owed_find(st, a, intern("visit"))->count, -1);
	assert_int_equal(before->n, 3);
	assert_int_equal(before->items[0].count, 1);
	owe(st, a, "device", -2);
	assert_null(owed_find(st, a, intern("device")));
	owed_drop(&pool, st, a, intern("visit"));
	owe(st, b, "device", -1);
	assert_null(st->owed);
}

/* The order in which things came does not matter; number, kind and object do. */
static void is_the_same(void **state)
{
	const struct sym *a = sym_param(&syms, 0, "a"), *b = sym_param(&syms, 1, "b");
	struct state *x = state_new(&pool), *y = state_new(&pool);

	(void)state;
	assert_true(owed_same(x->owed, y->owed));
	owe(x, a, "device", 1);
	assert_false(owed_same(x->owed, y->owed));
	owe(x, b, "memory", -1);
	owe(y, b, "memory", -1);
	owe(y, a, "device", 1);
	assert_true(owed_same(x->owed, y->owed));
	assert_true(owed_key(x->owed) == owed_key(y->owed));
	owe(y, a, "device", 1);
	assert_false(owed_same(x->owed, y->owed));
	assert_true(owed_key(x->owed) != owed_key(y->owed));
	owe(y, a, "device", -2);
	owe(y, a, "group", 1);
	assert_false(owed_same(x->owed, y->owed));
}

static void notes(void **state)
{
	struct owed o = {.kind = intern("linked")};

	(void)state;
	assert_true(owed_is_note(&o));
	o.kind = intern("unlinked");
	assert_true(owed_is_note(&o));
	o.kind = intern("memory");
	assert_false(owed_is_note(&o));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up), cmocka_unit_test(is_the_same), cmocka_unit_test(notes),
	};
	int failed;

	arena_init(&arena);
	sym_table_init(&syms, &arena);
	pool.arena = &arena;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	sym_table_release(&syms);
	arena_release(&arena);
	intern_release();
	return failed;
}
