// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of findings: one order whatever came first, no doubles, fingerprints that survive moved lines;
 * the text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/view.h"
#include "report/finding.h"
#include "report/source.h"
#include "report/text_report.h"
#include "rules/rule.h"

static const struct rule leak = {.id = "lock-leak"}, twice = {.id = "double-lock"};
static const struct func fn = {.name = "probe", .file = "a.c", .line = 1};
static const struct unit unit_a = {.file = "a.c"}, unit_b = {.file = "b.c"};

static struct fact make_fact(const struct unit *unit, const char *file, int line, const char *object)
{
	return (struct fact){
		.fn = &fn, .unit = unit, .at = {file, line, 2, NULL}, .object = object, .class = "group.mutex",
	};
}

static void print(struct text *t, struct finding_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		text_printf(t, "%s %s "
			       "%s\n", l->items[i].fingerprint, l->items[i].rule->id, l->items[i].message);
}

static void test_order_does_not_matter(void **state)
{
	struct fact facts[] = {
		make_fact(&unit_b, "b.c", 2, "x"), make_fact(&unit_a, "a.c", 20, "x"),
		make_fact(&unit_a, "a.c", 3, "y"), make_fact(&unit_a, "a.c", 3, "x"),
		make_fact(&unit_b, "a.c", 3, "x"), make_fact(&unit_a, NULL, 0, "x"),
	};
	size_t n = sizeof(facts) / sizeof(facts[0]);
	struct text first, now;

	(void)state;
	text_init(&first);
	for (size_t turn = 0; turn < n; turn++) {
		struct finding_list l;
		struct arena a;

		arena_init(&a);
		text_init(&now);
		finding_list_init(&l, &a);
		for (size_t i = 0; i < n; i++)
			finding_list_add(&l, &leak, LEVEL_ERROR, &facts[(i + turn) % n], "held", NULL);
		finding_list_add(&l, &twice, LEVEL_ERROR, &facts[3], "again", NULL);
		finding_list_finish(&l, NULL);
		assert_int_equal(l.n, 6);	/* facts 3 and 4 are one finding, seen from two units */
		assert_null(l.items[0].fact->at.file);
		assert_string_equal(l.items[1].rule->id, "double-lock");
		print(&now, &l);
		if (turn)
			assert_string_equal(text_str(&now), text_str(&first));
		else
			text_puts(&first, text_str(&now));
		text_release(&now);
		finding_list_release(&l);
		arena_release(&a);
	}
	text_release(&first);
}

static void write_source(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void fingerprint(const char *dir, const struct fact *fact, char out[33])
{
	struct view view;
	struct finding_list l;
	struct arena a;

	arena_init(&a);
	finding_list_init(&l, &a);
	finding_list_add(&l, &leak, LEVEL_ERROR, fact, "held", "unlock");
	view_init(&view, dir);
	finding_list_finish(&l, &view);
	view_release(&view);
	strcpy(out, l.items[0].fingerprint);
	finding_list_release(&l);
	arena_release(&a);
}

static void test_fingerprint_survives_moves(void **state)
{
	struct fact before = make_fact(&unit_a, "a.c", 2, "x"), moved = make_fact(&unit_b, "b.c", 4, "y");
	struct fact other = make_fact(&unit_a, "a.c", 1, "x");
	char dir[] = "/tmp/devscope-finding-XXXXXX", one[33], two[33], three[33], path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	write_source(dir, "a.c", "int a;\n\treturn foo(a,  b);\n");
	write_source(dir, "b.c", "\n\n\n    return foo (a, b);\n");
	fingerprint(dir, &before, one);
	fingerprint(dir, &moved, two);
	fingerprint(dir, &other, three);
	assert_string_equal(one, two);
	assert_string_not_equal(one, three);
	assert_int_equal(strlen(one), 32);
	snprintf(path, sizeof(path), "%s/a.c", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/b.c", dir);
	unlink(path);
	rmdir(dir);
}

static void test_source_stays_below_its_root(void **state)
{
	char dir[] = "/tmp/devscope-source-XXXXXX", path[64];
	char path2[64], changed[64], gone[64];
	struct source s;
	struct view view;

	(void)state;
	assert_non_null(mkdtemp(dir));
	write_source(dir, "a.c", "one\ntwo\nthree");
	write_source(dir, "gone.c", "here\n");
	snprintf(changed, sizeof(changed), "%s/changed.c", dir);
	snprintf(gone, sizeof(gone), "%s/gone.c", dir);
	snprintf(path, sizeof(path), "%s/link.c", dir);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	view_init(&view, dir);
	snprintf(path2, sizeof(path2), "%s/a.c", dir);
	view_replace(&view, changed, path2);
	view_replace(&view, gone, VIEW_ABSENT);
	source_init(&s, &view);
	assert_string_equal(source_lines(&s, "changed.c", 1, 1), "one");
	assert_null(source_lines(&s, "gone.c", 1, 1));
	assert_string_equal(source_lines(&s, "a.c", 2, 9), "two\nthree");
	assert_null(source_lines(&s, "a.c", 4, 4));
	assert_null(source_lines(&s, "../../etc/hostname", 1, 1));
	assert_null(source_lines(&s, "/etc/hostname", 1, 1));
	assert_null(source_lines(&s, "link.c", 1, 1));
	assert_null(source_lines(&s, ".", 1, 1));
	assert_null(source_lines(&s, NULL, 1, 1));
	source_release(&s);
	view_release(&view);
	unlink(gone);
	unlink(path);
	snprintf(path, sizeof(path), "%s/a.c", dir);
	unlink(path);
	rmdir(dir);
}

static void test_text(void **state)
{
	static const struct step steps[] = {
		{.at = {"a.c", 3, 2, NULL}, .text = "takes group->mutex", .locks = "group->mutex"},
		{.at = {"a.c", 4, 2, NULL}, .text = "calls helper()", .locks = "group->mutex"},
		{.at = {"h.h", 9, 0, NULL}, .depth = 1, .text = "gets dev", .locks = "group->mutex",
		 .borrows = "dev: by the iteration of each()", .refs = "dev (device)"},
		{.at = {"a.c", 5, 2, NULL}, .text = "returns \033[2J", .locks = ""},
	};
	struct fact fact = make_fact(&unit_a, "a.c", 5, "group->mutex");
	struct finding_list l;
	struct arena a;
	struct text t;

	(void)state;
	fact.nstep = 4;
	fact.steps = steps;
	arena_init(&a);
	text_init(&t);
	finding_list_init(&l, &a);
	finding_list_add(&l, &leak, LEVEL_ERROR, &fact, "returns with group->mutex held", "unlock it "
							"before the return");
	finding_list_finish(&l, NULL);
	text_report_print(&t, &l, false);
	assert_string_equal(text_str(&t),
		"a.c:5:2: error: returns with group->mutex held [lock-leak]\n"
		"a.c:3:2: note: takes group->mutex [holds group->mutex]\n"
		"a.c:4:2: note: calls helper()\n"
		"h.h:9: note:   gets dev [holds group->mutex; keeps dev: by the iteration of each(); "
		"references dev (device)]\n"
		"a.c:5:2: note: returns \\x1b[2J\n"
		"  fix: unlock it before the return\n");
	text_release(&t);
	finding_list_release(&l);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_fingerprint_survives_moves),
		cmocka_unit_test(test_source_stays_below_its_root),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
