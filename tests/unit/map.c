// SPDX-License-Identifier: GPL-2.0-only
/* Maps: found, replaced, in the order of insertion or sorted, with many keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/map.h"
#include "base/text.h"

static void finds_what_was_set(void **state)
{
	struct map m;
	int one, two;

	(void)state;
	map_init(&m);
	assert_null(map_get(&m, "one"));
	map_set(&m, "one", &one);
	map_set(&m, "two", &two);
	assert_ptr_equal(map_get(&m, "one"), &one);
	assert_ptr_equal(map_get(&m, "two"), &two);
	map_set(&m, "one", &two);
	assert_ptr_equal(map_get(&m, "one"), &two);
	assert_int_equal(m.n, 2);
	map_release(&m);
}

static void keeps_the_order_of_insertion(void **state)
{
	static const char *const names[] = {"pear", "apple", "fig"};
	struct map m;

	(void)state;
	map_init(&m);
	for (int i = 0; i < 3; i++)
		map_set(&m, names[i], (void *)names[i]);
	for (int i = 0; i < 3; i++)
		assert_string_equal(m.entries[i].key, names[i]);
	map_sort(&m);
	assert_string_equal(m.entries[0].key, "apple");
	assert_string_equal(m.entries[2].key, "pear");
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(map_get(&m, names[i]), names[i]);
	map_release(&m);
}

static void holds_many(void **state)
{
	struct map m;
	char name[16];

	(void)state;
	map_init(&m);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "key%d", i);
		map_set(&m, intern(name), (void *)(uintptr_t)(i + 1));
	}
	assert_int_equal(m.n, 10000);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "key%d", i);
		assert_int_equal((uintptr_t)map_get(&m, name), i + 1);
	}
	assert_null(map_get(&m, "key10000"));
	map_release(&m);
	intern_release();
}

/* The hash is part of what is stored: it must not change between machines. */
static void hashes_as_everywhere(void **state)
{
	(void)state;
	assert_true(map_hash("", 0) == 0x2d06800538d394c2ULL);
	assert_true(map_hash("a", 1) != map_hash("b", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_set),
		cmocka_unit_test(keeps_the_order_of_insertion),
		cmocka_unit_test(holds_many),
		cmocka_unit_test(hashes_as_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
