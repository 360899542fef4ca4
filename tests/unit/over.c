// SPDX-License-Identifier: GPL-2.0-only
/* Functions over budget: paths that were gone to their end are told of, and nothing that rests on all paths is. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "flow/flow.h"
#include "flow/flow_text.h"
#include "infer/infer.h"
#include "infer/model.h"

static struct arena arena;

/* One way out of it is short, and leaves what was begun; the other goes round. */
#define FUNC(begin, end)						\
	"unit a.c\n"							\
	"\nfunc leaves(p: *, n) -> value at a.c:1-9\n"			\
	"b0:\n\t%0:it = " begin " @2:2\n\t%1 = cmp ne p1, #0 @3:2\n\tbranch %1, b1, b3 @3:2\n"	\
	"b1:\n\t%3 = call int4 &more() @4:2\n\t%4 = cmp ne %3, #0 @4:2\n\tbranch %4, b1, b2 @4:2\n"	\
	"b2:\n\t%6 = " end " @5:2\n\tjump b4 @6:2\n"			\
	"b3:\n\t%8 = call &work() @7:2\n\tjump b4 @7:2\n"		\
	"b4:\n\treturn #0 @9:1\nend\n"

/* The facts of one kind; all of them are counted in n. */
static size_t run(const char *s, int budget, enum fact_kind kind, size_t *n)
{
	struct infer_options how = {.model = model_load(&arena, NULL, NULL, 0), .state_budget = budget};
	struct infer_result result;
	struct text error;
	struct unit *u;
	size_t found = 0;

	text_init(&error);
	u = flow_parse_unit(&arena, s, &error);
	if (!u)
		fail_msg("%s", text_str(&error));
	text_release(&error);
	infer_run(&arena, &u, 1, &how, &result);
	assert_int_equal(result.over_budget, budget != 0);
	*n = result.nfact;
	for (size_t i = 0; i < result.nfact; i++)
		found += result.facts[i]->kind == kind;
	infer_result_release(&result);
	return found;
}

static void tells_what_one_path_leaves(void **state)
{
	const char *s = FUNC("call ptr &of_find_node_by_phandle(#1)", "call &of_node_put(%0)");
	size_t n;

	(void)state;
	assert_int_equal(run(s, 0, FACT_REF_LEFT, &n), 1);
	assert_int_equal(run(s, 2, FACT_REF_LEFT, &n), 1);
	assert_int_equal(n, 1);
}

static void says_nothing_that_rests_on_others(void **state)
{
	const char *s = FUNC("call &mutex_lock(p0)", "call &mutex_unlock(p0)");
	size_t n;

	(void)state;
	assert_int_equal(run(s, 0, FACT_LOCK_LEFT, &n), 1);
	assert_int_equal(run(s, 2, FACT_LOCK_LEFT, &n), 0);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_one_path_leaves),
		cmocka_unit_test(says_nothing_that_rests_on_others),
	};
	int failed;

	arena_init(&arena);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	intern_release();
	return failed;
}
