// SPDX-License-Identifier: GPL-2.0-only
/* Sets over the full call graph: through ops tables and callbacks, around cycles, and where models end it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "flow/flow.h"
#include "flow/flow_text.h"
#include "infer/infer.h"
#include "infer/model.h"

static struct arena arena;
static struct infer_result result;

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

/* Analyse the two units, and expect that of the first. */
static void expect(const char *first, const char *second, const char *wanted)
{
	struct unit *units[] = {unit_of(first), second ? unit_of(second) : NULL};
	struct infer_options how = {.model = model_load(&arena, NULL, NULL, 0)};
	struct infer_result run;
	struct text out;

	text_init(&out);
	infer_run(&arena, units, second ? 2 : 1, &how, &run);
	result = run;
	infer_print_reach(&out, units[0]);
	assert_string_equal(text_str(&out), wanted);
	text_release(&out);
	infer_result_release(&run);
}

#define CALLS(name, callee)							\
	"\nfunc " name "(p: *foo) at a.c:1-9\nb0:\n\t%0 = call " callee "(p0)\n\treturn _\nend\n"
#define TAKES(name, offset, field)						\
	"\nfunc " name "(p: *foo) at a.c:1-9\nb0:\n\t%0 = addr ptr p0 + " offset " foo." field "\n"	\
	"\t%1 = call &mutex_lock(%0)\n\t%2 = call &mutex_unlock(%0)\n\treturn _\nend\n"
#define THROUGH(name, field)							\
	"\nfunc " name "(p: *foo) at a.c:1-9\nb0:\n\t%0 = load ptr p0 + 8 ops." field "\n"		\
	"\t%1 = call %0(p0)\n\treturn _\nend\n"

static void follows_tables_into_other_units(void **state)
{
	(void)state;
	expect("unit a.c\nslot ops.run = &runs @3:1\n" THROUGH("nowhere", "other") CALLS("runs", "&unread")
	       THROUGH("start", "run"),
	       "unit b.c\nslot ops.run = &locks in table @4:1\n" TAKES("locks", "16", "lock"),
	       "start:\n"
	       "  may sleep through ops.run -> locks\n"
	       "  takes foo.lock (mutex) through ops.run -> locks\n");
	assert_int_equal(result.nslot, 2);
	assert_int_equal(result.nslot_edge, 2);
	assert_int_equal(result.unresolved_pointers, 1);
}

static void shows_a_shortest_way(void **state)
{
	(void)state;
	expect("unit a.c\n" CALLS("far", "&middle") TAKES("locks", "16", "lock") CALLS("middle", "&locks")
	       "\nfunc start(p: *foo) at a.c:1-9\nb0:\n\t%0 = call &far(p0)\n\t%1 = call &middle(p0)\n"
	       "\treturn _\nend\n",
	       NULL,
	       "far:\n"
	       "  may sleep through middle -> locks\n"
	       "  takes foo.lock (mutex) through middle -> locks\n"
	       "locks:\n"
	       "  may sleep\n"
	       "  takes foo.lock (mutex)\n"
	       "middle:\n"
	       "  may sleep through locks\n"
	       "  takes foo.lock (mutex) through locks\n"
	       "start:\n"
	       "  may sleep through middle -> locks\n"
	       "  takes foo.lock (mutex) through middle -> locks\n");
}

/* All in a cycle reach the same; the way round is told from each. */
static void closes_over_cycles(void **state)
{
	(void)state;
	expect("unit a.c\nslot ops.run = &one in table @1:1\n"
	       "\nfunc one(p: *foo) at a.c:1-9\nb0:\n\t%0 = call &_raw_spin_lock(@big)\n"
	       "\t%1 = call &_raw_spin_unlock(@big)\n\t%2 = call &two(p0)\n\treturn _\nend\n"
	       THROUGH("three", "run")
	       "\nfunc two(p: *foo) at a.c:1-9\nb0:\n\t%0 = call &three(p0)\n\t%1 = call &msleep(#1)\n"
	       "\treturn _\nend\n",
	       NULL,
	       "one:\n"
	       "  may sleep through two\n"
	       "  takes big (spin)\n"
	       "three:\n"
	       "  may sleep through ops.run -> one -> two\n"
	       "  takes big (spin) through ops.run -> one\n"
	       "two:\n"
	       "  may sleep\n"
	       "  takes big (spin) through three -> ops.run -> one\n");
}

/* Who passes a function reaches what it does; who calls a parameter does not reach everybody's. */
static void keeps_callbacks_apart(void **state)
{
	(void)state;
	expect("unit a.c\n"
	       "\nfunc apply(p: *foo, fn: *) at a.c:1-9\nb0:\n\t%0 = call p1(p0)\n\treturn _\nend\n"
	       TAKES("locks", "16", "lock") CALLS("quiet", "&unread")
	       "\nfunc with(p: *foo) at a.c:1-9\nb0:\n\t%0 = call &apply(p0, &locks)\n\treturn _\nend\n"
	       "\nfunc without(p: *foo) at a.c:1-9\nb0:\n\t%0 = call &apply(p0, &quiet)\n\treturn _\nend\n",
	       NULL,
	       "locks:\n"
	       "  may sleep\n"
	       "  takes foo.lock (mutex)\n"
	       "with:\n"
	       "  may sleep through locks\n"
	       "  takes foo.lock (mutex) through locks\n");
	assert_int_equal(result.unresolved_pointers, 0);
}

/* A wrapper of a lock has callers name it, unless callers are not known. */
static void names_locks_of_wrappers(void **state)
{
	(void)state;
	expect("unit a.c\nslot ops.lock = &stored in table @1:1\n"
	       "\nfunc caller(p: *foo) at a.c:1-9\nb0:\n\t%0 = addr ptr p0 + 24 foo.other\n"
	       "\t%1 = call &wraps(%0)\n\treturn _\nend\n"
	       CALLS("stored", "&_raw_spin_lock") THROUGH("through", "lock") CALLS("wraps", "&_raw_spin_lock"),
	       NULL,
	       "caller:\n"
	       "  takes foo.other (spin)\n"
	       "stored:\n"
	       "  takes spin (spin)\n"
	       "through:\n"
	       "  takes spin (spin) through ops.lock -> stored\n");
}

/* A lock's own body, attempts, and what nobody waits for are not in the sets. */
static void ends_where_models_say_it(void **state)
{
	(void)state;
	expect("unit a.c\n" TAKES("_raw_spin_lock", "0", "inner") CALLS("attempts", "&mutex_trylock")
	       "\nfunc locks() at a.c:1-9\nb0:\n\t%0 = call &_raw_spin_lock(@big)\n"
	       "\t%1 = call &_raw_spin_unlock(@big)\n\treturn _\nend\n"
	       "\nfunc reads() at a.c:1-9\nb0:\n\t%0 = call &__rcu_read_lock()\n"
	       "\t%1 = call &__rcu_read_unlock()\n\treturn _\nend\n",
	       NULL,
	       "_raw_spin_lock:\n"
	       "  may sleep\n"
	       "  takes foo.inner (mutex)\n"
	       "locks:\n"
	       "  takes big (spin)\n");
}

static int clean_up(void **state)
{
	(void)state;
	arena_release(&arena);
	intern_release();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_tables_into_other_units),
		cmocka_unit_test(shows_a_shortest_way),
		cmocka_unit_test(closes_over_cycles),
		cmocka_unit_test(keeps_callbacks_apart),
		cmocka_unit_test(names_locks_of_wrappers),
		cmocka_unit_test(ends_where_models_say_it),
	};

	arena_init(&arena);
	return cmocka_run_group_tests(tests, NULL, clean_up);
}
