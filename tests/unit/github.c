// SPDX-License-Identifier: GPL-2.0-only
/* Annotations: what GitHub's runner takes back, ten of a kind, and nothing that source text could command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "report/finding.h"
#include "report/github.h"
#include "report/text_report.h"
#include "rules/rule.h"

static const struct rule leak = {.id = "lock-leak"};
static const struct func fn = {.name = "probe", .file = "a.c", .line = 1};
static struct arena arena;

static void add(struct finding_list *l, enum level level, const char *file, int line, const char *message,
		const char *fix)
{
	struct fact *fact = ARENA_NEW(&arena, struct fact);

	fact->fn = &fn;
	fact->at = (struct place){file, line, 7, NULL};
	finding_list_add(l, &leak, level, fact, message, fix);
}

static const char *print(struct finding_list *l)
{
	const char *s;
	struct text t;

	text_init(&t);
	github_report_print(&t, l, false);
	s = arena_strdup(&arena, text_str(&t));
	text_release(&t);
	finding_list_release(l);
	return s;
}

static void one_finding(void **state)
{
	struct finding_list l;

	(void)state;
	finding_list_init(&l, &arena);
	add(&l, LEVEL_ERROR, "a.c", 3, "group->mutex is left held", "unlock it");
	add(&l, LEVEL_ADVICE, NULL, 0, "no place", NULL);
	assert_string_equal(print(&l),
		"::group::devscope: 2 findings, step by step\n"
		"a.c:3:7: error: group->mutex is left held [lock-leak]\n"
		"  fix: unlock it\n"
		"(unknown place): advice: no place [lock-leak]\n"
		"::endgroup::\n"
		"::error file=a.c,line=3,col=7,title=devscope%3A lock-leak::"
		"group->mutex is left held [lock-leak]%0Afix: unlock it\n"
		"::notice title=devscope%3A lock-leak::no place [lock-leak]\n");
}

static void nothing_found_is_nothing_said(void **state)
{
	struct finding_list l;

	(void)state;
	finding_list_init(&l, &arena);
	assert_string_equal(print(&l), "");
}

static void text_is_escaped(void **state)
{
	struct finding_list l;

	(void)state;
	finding_list_init(&l, &arena);
	add(&l, LEVEL_WARNING, "a:b,c%d\r\n.c", 3, "100%\r\n::error::x,y:z\033", "%0A");
	assert_non_null(strstr(print(&l),
		"\n::warning file=a%3Ab%2Cc%25d%0D%0A.c,line=3,col=7,title=devscope%3A lock-leak::"
		"100%25%0D%0A::error::x,y:z\\x1b [lock-leak]%0Afix: %250A\n"));
}

/* Every line that the runner would take for a command is one of ours. */
static void no_source_text_commands(void **state)
{
	static const char evil[] = "::add-mask::a\n::stop-commands::b\n##[add-mask]c ##[group]d";
	const char *s, *folded;
	struct finding_list l;

	(void)state;
	finding_list_init(&l, &arena);
	add(&l, LEVEL_ERROR, evil, 1, evil, evil);
	s = print(&l);
	folded = arena_strndup(&arena, s + 1, (size_t)(strstr(s, "::endgroup::") - s) - 1);
	assert_null(strstr(folded, "##["));
	assert_null(strstr(folded, "\n::"));
	assert_non_null(strstr(folded, "\n\\x3a:add-mask\\x3a:a\\x0a"));
	assert_non_null(strstr(folded, "\\x23#[add-mask]c \\x23#[group]d"));
	s = strstr(s, "::endgroup::\n") + strlen("::endgroup::\n");
	assert_memory_equal(s, "::error file=", 13);
	assert_int_equal(strcspn(s, "\n"), strlen(s) - 1);	/* one line */
}

static size_t count(const char *s, const char *what)
{
	size_t n = 0;

	for (; (s = strstr(s, what)); s++)
		n++;
	return n;
}

static const char *many(size_t errors, size_t warnings, size_t advice)
{
	const size_t counts[] = {[LEVEL_ADVICE] = advice, [LEVEL_WARNING] = warnings, [LEVEL_ERROR] = errors};
	struct finding_list l;

	finding_list_init(&l, &arena);
	for (int level = 0; level < 3; level++)
		for (size_t i = 0; i < counts[level]; i++)
			add(&l, (enum level)level, "a.c", (int)i + 1, "x", NULL);
	return print(&l);
}

static void ten_of_a_kind(void **state)
{
	const char *s = many(12, 10, 0);

	(void)state;
	assert_int_equal(count(s, "\n::error "), 10);
	assert_int_equal(count(s, "\n::warning "), 10);
	assert_int_equal(count(s, "a.c:12:7: error"), 1);
	assert_non_null(strstr(s, "\n::notice title=devscope::2 more findings than GitHub shows"));
	s = many(10, 10, 10);
	assert_int_equal(count(s, "\n::notice file="), 10);
	assert_null(strstr(s, " more "));
	s = many(11, 0, 10);	/* the last notice must be seen as well */
	assert_int_equal(count(s, "\n::notice "), 10);
	assert_non_null(strstr(s, "::2 more findings than"));
	s = many(11, 0, 0);
	assert_non_null(strstr(s, "::1 more finding than"));
}

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_finding),
		cmocka_unit_test(nothing_found_is_nothing_said),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(no_source_text_commands),
		cmocka_unit_test(ten_of_a_kind),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
