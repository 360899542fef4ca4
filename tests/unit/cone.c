// SPDX-License-Identifier: GPL-2.0-only
/* What must be simulated for some units: what they name, and who hands them callbacks; their results stay the same. */
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

static struct unit *unit_of(const char *s)
{
	struct text error;
	struct unit *u;

	text_init(&error);
	u = flow_parse_unit(&arena, s, &error);
	if (!u)
		fail_msg("%s", text_str(&error));
	text_release(&error);
	return u;
}

#define FUNC(name, params, body) "\nfunc " name "(" params ") at a.c:1-9\nb0:\n" body "\treturn _\nend\n"

/* core.c is asked for. lib.c is below it, user.c hands it callbacks, other.c is above it and hands it nothing. */
static const char *const texts[] = {
	"unit core.c\n"
	FUNC("core", "p: *foo", "\t%0 = call &helper(p0)\n\tstore ptr p0, &later foo.fn\n")
	FUNC("each", "fn: *", "\t%0 = call p0(#1)\n"),
	"unit lib.c\n"
	FUNC("helper", "p: *foo", "\t%0 = call &mutex_lock(p0)\n")
	FUNC("later", "p: *foo", "\t%0 = call &mutex_unlock(p0)\n")
	FUNC("unused", "p: *foo", "\t%0 = call &mutex_unlock(p0)\n"),
	"unit other.c\n"
	FUNC("above", "p: *foo", "\t%0 = call &core(p0)\n"),
	"unit user.c\n"
	FUNC("passes", "fn: *", "\t%0 = call &each(p0)\n")
	FUNC("turn", "n", "\t%0 = call &mutex_lock(@big)\n\t%1 = call &mutex_lock(@big)\n")
	FUNC("user", "p: *foo", "\t%0 = call &passes(&turn)\n"),
};

/* What is handed on is not written where it is handed on; and core.c's function is called by its address. */
static const char *const hidden[] = {
	"unit core.c\n"
	FUNC("each", "fn: *", "\t%0 = alloca ptr 8\n\tstore ptr %0, p0\n\t%2 = load ptr %0\n\t%3 = call %2(#1)\n")
	FUNC("plain", "data: *", "\t%0 = load int4 p0\n"),
	"unit lib.c\n"
	FUNC("apply", "walk: *, fn: *", "\t%0 = call p0(p1)\n")
	FUNC("fill", "o: *ops", "\tstore ptr p0, &turn ops.f\n")
	FUNC("fill_each", "o: *ops", "\tstore ptr p0, &each ops.walk\n"),
	"unit other.c\n"
	FUNC("hands_data", "o: *ops", "\t%0 = load ptr p0 ops.f\n\t%1 = call &plain(%0)\n"),
	"unit user.c\n"
	FUNC("turn", "n", "\t%0 = call &mutex_lock(@big)\n\t%1 = call &mutex_lock(@big)\n")
	FUNC("by_memory", "", "\t%0 = alloca ptr 8\n\t%1 = call &fill(%0)\n\t%2 = load ptr %0 ops.f\n\t%3 = call &each(%2)\n")
	FUNC("by_address", "", "\t%0 = call &apply(&each, &turn)\n")
	FUNC("by_both", "", "\t%0 = alloca ptr 8\n\t%1 = call &fill_each(%0)\n\t%2 = load ptr %0 ops.walk\n"
	     "\t%3 = call %2(&turn)\n"),
};

static size_t run(struct unit **units, size_t nroot, struct text *out)
{
	struct infer_options how = {.model = model_load(&arena, NULL, NULL, 0), .roots = nroot ? units : NULL, .nroot = nroot};
	struct infer_result result;
	size_t n;

	infer_run(&arena, units, 4, &how, &result);
	infer_print_summaries(out, units[0]);
	n = result.nfunc;
	infer_result_release(&result);
	return n;
}

static void takes_what_is_needed(void **state)
{
	struct unit *units[4];
	struct text all, part;

	(void)state;
	for (int i = 0; i < 4; i++)
		units[i] = unit_of(texts[i]);
	text_init(&all);
	text_init(&part);
	assert_int_equal(run(units, 0, &all), 9);
	assert_int_equal(run(units, 1, &part), 7);	/* all but unused() and above() */
	assert_string_equal(text_str(&all), text_str(&part));
	text_release(&all);
	text_release(&part);
}

static void finds_what_is_not_written(void **state)
{
	struct unit *units[4];
	struct text all, part;

	(void)state;
	for (int i = 0; i < 4; i++)
		units[i] = unit_of(hidden[i]);
	text_init(&all);
	text_init(&part);
	assert_int_equal(run(units, 0, &all), 10);
	assert_int_equal(run(units, 1, &part), 9);	/* all but hands_data() */
	assert_string_equal(text_str(&all), text_str(&part));
	text_release(&all);
	text_release(&part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_needed),
		cmocka_unit_test(finds_what_is_not_written),
	};
	int failed;

	arena_init(&arena);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	intern_release();
	return failed;
}
