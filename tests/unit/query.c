// SPDX-License-Identifier: GPL-2.0-only
/* Queries on programs made for them: names and nearest names, what is held where ways meet, callbacks nobody knows. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "flow/flow.h"
#include "flow/flow_text.h"
#include "infer/infer.h"
#include "infer/model.h"
#include "query/query.h"

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

static void ask(const char *program, const char *query, const struct query_args *args, struct text *out)
{
	struct unit *units[] = {unit_of(program)};
	struct infer_options how = {.model = model_load(&arena, NULL, NULL, 0)};
	struct infer_result run;

	infer_run(&arena, units, 1, &how, &run);
	query_answer(query_find(query), &arena, args, out);
	infer_result_release(&run);
}

static void expect(const char *program, const char *query, const char *name, const char *wanted)
{
	struct query_args args = {.names = &name, .nname = name != NULL, .format = QUERY_TEXT};
	struct text out;

	text_init(&out);
	ask(program, query, &args, &out);
	assert_string_equal(text_str(&out), wanted);
	text_release(&out);
}

#define LEAF(name) "\nfunc " name "(p: *foo) at a.c:1-9\nb0:\n\t%0 = call &unread(p0) @5:2\n\treturn _\nend\n"

static void finds_callers_of_what_was_not_read(void **state)
{
	(void)state;
	expect("unit a.c\n" LEAF("one") LEAF("two"), "callers", "unread",
	       "unread() is called by:\n"
	       "  a.c:5:2: one()\n"
	       "  a.c:5:2: two()\n");
}

/* In a child: die() ends the program. */
static void names_the_nearest(void **state)
{
	int fds[2], status;
	char said[512] = "";
	size_t n = 0;
	ssize_t more;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (!child) {
		dup2(fds[1], STDERR_FILENO);
		expect("unit a.c\n" LEAF("first_one") LEAF("another"), "callees", "first_on", "");
		_exit(0);
	}
	close(fds[1]);
	while (n < sizeof(said) - 1 && (more = read(fds[0], said + n, sizeof(said) - 1 - n)) > 0)
		n += (size_t)more;
	close(fds[0]);
	waitpid(child, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 2);
	assert_non_null(strstr(said, "no function first_on"));
	assert_non_null(strstr(said, "the nearest: first_one"));
	assert_null(strstr(said, "another"));
}

#define WALK(callback)									\
	"\nfunc walks(bus: *bus_type, fn: *) -> value at a.c:1-9\nb0:\n"		\
	"\t%0 = call int4 &bus_for_each_dev(p0, #0, #0, " callback ") @5:2\n\treturn %0\nend\n"

static void knows_what_it_does_not_know(void **state)
{
	(void)state;
	expect("unit a.c\n" WALK("p1"), "iterators", NULL,
	       "1 call; with their callbacks: 0 escapes, 0 kept, 0 nothing, 1 unknown\n"
	       "a.c:5:2: unknown: walks() gives a callback to bus_for_each_dev(): the callback is given by callers of "
	       "walks(), and none was read\n");
	expect("unit a.c\n" WALK("&unread"), "iterators", NULL,
	       "1 call; with their callbacks: 0 escapes, 0 kept, 0 nothing, 1 unknown\n"
	       "a.c:5:2: unknown: walks() gives unread() to bus_for_each_dev(): unread() was not read\n");
}

#define FINDS										\
	"\nfunc finds(child: *acpi_device, data: *) -> value at a.c:1-4\nb0:\n"		\
	"\tstore ptr p1, p0 @2:2\n\treturn #1\nend\n"
#define USES(rest)									\
	"\nfunc uses(parent: *acpi_device) -> " rest
#define FOUND										\
	" at a.c:5-9\nb0:\n"								\
	"\t%0:child = alloca ptr 8\n\tstore ptr %0, #0 @5:2\n"				\
	"\t%2 = call int4 &acpi_dev_for_each_child(p0, &finds, %0) @6:2\n"		\
	"\t%3:child = load ptr %0 @7:2\n"

static void says_who_keeps_it(void **state)
{
	(void)state;
	expect("unit a.c\n" FINDS USES("value") FOUND "\t%4 = load int4 %3 + 16 acpi_device.flags @7:2\n\treturn %4\nend\n",
	       "iterators", NULL,
	       "1 call; with their callbacks: 0 escapes, 1 kept, 0 nothing, 0 unknown\n"
	       "a.c:6:2: kept: uses() gives finds() to acpi_dev_for_each_child(): child is used at a.c:7:2, in uses(); its namespace "
	       "node keeps it until a table is unloaded\n");
	expect("unit a.c\n" FINDS USES("ptr") FOUND "\treturn %3\nend\n", "iterators", NULL,
	       "1 call; with their callbacks: 0 escapes, 0 kept, 0 nothing, 1 unknown\n"
	       "a.c:6:2: unknown: uses() gives finds() to acpi_dev_for_each_child(): child is stored in uses's child, and returned: none "
	       "of the callers that were read uses it in a way that was seen\n");
}

static void knows_iterators_over_others(void **state)
{
	(void)state;
	expect("unit a.c\n\nfunc i2c_for_each_dev(data: *, fn: *) -> value at a.c:1-9\nb0:\n"
	       "\t%0 = call int4 &bus_for_each_dev(&i2c_bus_type, #0, p0, p1) @5:2\n\treturn %0\nend\n", "iterators", NULL,
	       "1 call; with their callbacks: 0 escapes, 0 kept, 1 nothing, 0 unknown\n"
	       "a.c:5:2: nothing: i2c_for_each_dev() gives a callback to bus_for_each_dev(): it hands on what it is given: it is an "
	       "iterator itself, and its calls are listed\n");
}

#define LOCKS_IN_BETWEEN								\
	"\nfunc begins(p: *foo, n) at a.c:1-9\nb0:\n"					\
	"\t%0 = addr ptr p0 + 16 foo.lock @2:2\n"					\
	"\t%1 = addr ptr p0 + 48 foo.other @2:2\n"					\
	"\t%2 = call &mutex_lock(%0) @2:2\n"						\
	"\t%3 = call &goes_on(p0) @3:2\n"						\
	"\tbranch p1, b1, b2\n"								\
	"b1:\n\t%5 = call &mutex_lock(%1) @4:2\n\tjump b2\n"				\
	"b2:\n\t%7 = call &then(p0) @5:2\n\treturn _\nend\n"				\
	"\nfunc goes_on(p: *foo) at a.c:11-19\nb0:\n\treturn _\nend\n"			\
	"\nfunc then(p: *foo) at a.c:21-29\nb0:\n\t%0 = addr ptr p0 + 16 foo.lock @22:2\n"	\
	"\t%1 = call &mutex_unlock(%0) @22:2\n\t%2 = call &last(p0) @23:2\n\treturn _\nend\n"	\
	"\nfunc last(p: *foo) at a.c:31-39\nb0:\n\treturn _\nend\n"

static void tells_what_is_held(void **state)
{
	static const char *const from[] = {"begins"};
	static const char *const to[] = {"goes_on", "then", "last"};
	static const char *const wanted[] = {
		"a.c:1: begins()\n    a.c:3:2: begins() calls goes_on(), holding p->lock\n1 of 1 functions come there\n",
		"a.c:1: begins()\n    a.c:5:2: begins() calls then(), holding p->lock, [p->other]\n1 of 1 functions come there\n",
		("a.c:1: begins()\n    a.c:5:2: begins() calls then(), holding p->lock, [p->other]\n"
		 "    a.c:23:2: then() calls last(), holding [p->other]\n1 of 1 functions come there\n"),
	};
	struct text out;

	(void)state;
	text_init(&out);
	for (int i = 0; i < 3; i++) {
		struct query_args args = {.froms = from, .nfrom = 1, .tos = &to[i], .nto = 1, .format = QUERY_TEXT};

		text_clear(&out);
		ask("unit a.c\n" LOCKS_IN_BETWEEN, "paths", &args, &out);
		assert_string_equal(text_str(&out), wanted[i]);
	}
	text_release(&out);
}

static int release(void **state)
{
	(void)state;
	arena_release(&arena);
	intern_release();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_callers_of_what_was_not_read),
		cmocka_unit_test(names_the_nearest),
		cmocka_unit_test(knows_what_it_does_not_know),
		cmocka_unit_test(says_who_keeps_it),
		cmocka_unit_test(knows_iterators_over_others),
		cmocka_unit_test(tells_what_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
