// SPDX-License-Identifier: GPL-2.0-only
/* Arenas: zeroed, aligned, cleared and used again; copies and printf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"

static void gives_zeroed_and_aligned_memory(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *p = arena_alloc(&a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	arena_release(&a);
}

static void zeroes_again_what_was_cleared(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	memset(arena_alloc(&a, 64), 0xff, 64);
	arena_clear(&a);
	assert_int_equal(a.used, 0);
	for (int round = 0; round < 4; round++) {
		unsigned char *p = arena_alloc(&a, 64);

		for (int i = 0; i < 64; i++)
			assert_int_equal(p[i], 0);
	}
	arena_release(&a);
}

static void holds_more_than_a_block(void **state)
{
	struct arena a;
	char *big;

	(void)state;
	arena_init(&a);
	big = arena_alloc(&a, 10 << 20);
	big[(10 << 20) - 1] = 'x';
	assert_string_equal(arena_strdup(&a, "small"), "small");
	assert_int_equal(big[(10 << 20) - 1], 'x');
	arena_release(&a);
}

static void copies_and_prints(void **state)
{
	struct arena a;
	int number = 42;

	(void)state;
	arena_init(&a);
	assert_int_equal(*(int *)arena_copy(&a, &number, sizeof(number)), 42);
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(&a, NULL, 0), "");
	assert_string_equal(arena_printf(&a, "%s-%d", "n", number), "n-42");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_and_aligned_memory),
		cmocka_unit_test(zeroes_again_what_was_cleared),
		cmocka_unit_test(holds_more_than_a_block),
		cmocka_unit_test(copies_and_prints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
