// SPDX-License-Identifier: GPL-2.0-only
/* Directives followed without a compiler: conditions, expansions, where #include leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "capture/pp.h"

static struct arena arena;
static struct pp pp;
static char folder[] = "/tmp/devscope-test-XXXXXX";

/* The text after a walk: is X defined? -1 if it could not be walked. */
static int gives_x(const char *text)
{
	struct pp_search search = { 0 };
	struct pp_walk w;
	int result;

	pp_walk_init(&w, &pp);
	w.search = &search;
	if (!pp_walk_file(&w, pp_scan(&pp, "/t.c", text, strlen(text))))
		result = -1;
	else
		result = pp_macro(&w, pp_intern(&pp, "X", 1)) != NULL;
	pp_walk_release(&w);
	return result;
}

static int condition(const char *before, const char *condition)
{
	return gives_x(arena_printf(&arena, "%s\n#if %s\n#define X\n#endif\n", before, condition));
}

static void conditions_are_counted(void **state)
{
	static const struct { const char *text; int value; } cases[] = {
		{ "1", 1 }, { "0", 0 }, { "-1", 1 }, { "!1", 0 }, { "unknown", 0 }, { "1 + 2 * 3 == 7", 1 },
		{ "(1 + 2) * 3 == 9", 1 }, { "1 ? 0 : 1", 0 }, { "0 ? 0 : 2 > 1", 1 }, { "0x10 == 16UL", 1 },
		{ "010 == 8", 1 }, { "1 || 1 / 0", 1 }, { "-1 > 0u", 1 }, { "-1 > 0", 0 }, { "~0 == -1", 1 },
		{ "1 << 4 == 16", 1 }, { "7 % 4 == 3 && 7 / 4 == 1", 1 }, { "'a' == 97", 1 },
		{ "(6 & 3) == 2 && (6 | 3) == 7 && (6 ^ 3) == 5", 1 }, { "1 /* a */ && // b", -1 },
		{ "2 - 1 - 1", 0 }, { "\"s\"", -1 }, { "(1", -1 }, { "1 2", -1 }, { "", -1 }, { "1 ? 2", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (condition("", cases[i].text) != cases[i].value)
			fail_msg("#if %s", cases[i].text);
}

static void macros_expand(void **state)
{
	static const char enabled[] = "#define SECOND(a, b, ...) b\n"
				      "#define IS__(x, y) SECOND(x 1, y)\n#define IS_(x) IS__(PLACE_##x, 0)\n"
				      "#define IS(x) IS_(x)\n#define PLACE_1 0,\n#define CONFIG_ON 1\n";

	(void)state;
	assert_int_equal(condition("#define A B\n#define B 3", "A == 3"), 1);
	assert_int_equal(condition("#define A A + 1", "A"), 1);
	assert_int_equal(condition("#define A B\n#define B A", "A"), 0);
	assert_int_equal(condition("#define F(x, y) ((x) - (y))", "F(3, F(2, 1)) == 2"), 1);
	assert_int_equal(condition("#define F(x) x", "F"), 0);
	assert_int_equal(condition("#define F() 4\n#define G F", "G() == 4"), 1);
	assert_int_equal(condition("#define F(...) (0 + __VA_ARGS__)", "F(1)"), 1);
	assert_int_equal(condition("#define J(a, b) a##b", "J(1, 2) == 12"), 1);
	assert_int_equal(condition(enabled, "IS(CONFIG_ON)"), 1);
	assert_int_equal(condition(enabled, "IS(CONFIG_OFF)"), 0);
	assert_int_equal(condition("#define A", "defined A && defined(A) && !defined(B)"), 1);
	assert_int_equal(condition("#define F(a, b) a", "F(1, 2, 3)"), -1);
}

static void branches_are_taken(void **state)
{
	(void)state;
	assert_int_equal(gives_x("#ifdef A\n#define X\n#endif\n"), 0);
	assert_int_equal(gives_x("#ifndef A\n#define X\n#endif\n"), 1);
	assert_int_equal(gives_x("#if 0\n#elif 1\n#define X\n#elif 1\n#undef X\n#else\n#undef X\n#endif"), 1);
	assert_int_equal(gives_x("#if 0\n#if 1\n#define X\n#endif\n#else\n#endif"), 0);
	assert_int_equal(gives_x("#if 1\n#else\n#error \"no\n#endif\n#define X\n"), 1);
	assert_int_equal(gives_x("#define X\n#undef X\n"), 0);
	assert_int_equal(gives_x("#error\n"), -1);
	assert_int_equal(gives_x("#if 1\n"), -1);
	assert_int_equal(gives_x("#endif\n"), -1);
	assert_int_equal(gives_x("/* #define X */ \"\n#define Y\n// \\\n#define X\n"), 0);
	assert_int_equal(gives_x(" # /* a */ define /* b\n */ X\n"), 1);
	assert_int_equal(gives_x("#def\\\nine X\n"), 1);
	assert_int_equal(gives_x("int a; #define X\n"), 0);
}

static void what_only_the_compiler_knows_is_asked(void **state)
{
	size_t before = pp.questions.n;

	(void)state;
	assert_int_equal(condition("", "__has_attribute(nice)"), -1);
	assert_int_equal(pp.questions.n, before + 1);
	assert_string_equal(pp.questions.entries[before].key, "__has_attribute(nice)");
	assert_int_equal(gives_x("#ifdef __has_attribute\n#define X\n#endif\n"), 1);
}

static void expansions_end(void **state)
{
	struct text t = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++)
		text_printf(&t, "#define A%d A%d + A%d\n", i, i + 1, i + 1);
	assert_int_equal(condition(text_str(&t), "A0"), -1);
	text_clear(&t);
	for (int i = 0; i < 5000; i++)
		text_puts(&t, "(");
	assert_int_equal(condition("", text_str(&t)), -1);
	text_release(&t);
}

/* --- files --- */

static const char *in_folder(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *content)
{
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

static struct text order;

static bool note(struct pp_walk *w, struct pp_file *f, int item)
{
	(void)w, (void)item;
	text_printf(&order, "%s ", f->path + strlen(folder) + 1);
	return true;
}

/* The files read for this text, in order. */
static const char *files_of(const char *text)
{
	static const struct pp_hooks hooks = { .enter = note };
	const char *angle[] = { in_folder("one"), in_folder("two") };
	struct pp_search search = { .angle = angle, .nangle = 2 };
	struct pp_walk w;

	text_clear(&order);
	pp_walk_init(&w, &pp);
	w.search = &search;
	w.hooks = &hooks;
	if (!pp_walk_file(&w, pp_scan(&pp, in_folder("u.c"), text, strlen(text))))
		text_puts(&order, w.failure);
	pp_walk_release(&w);
	return text_str(&order);
}

static void includes_lead_where_the_compiler_goes(void **state)
{
	(void)state;
	write_file("l.h", "#pragma once\n#include <a.h>\n");
	write_file("one/a.h", "#ifndef A_H\n#define A_H\n#include \"b.h\"\n#include_next <a.h>\n#endif\n");
	write_file("one/b.h", "int b;\n");
	write_file("two/a.h", "int a;\n");
	write_file("two/c.h", "#define C <b.h>\n");
	write_file("one/self.h", "#include <self.h>\n");
	assert_string_equal(files_of("#include \"l.h\"\n#include \"l.h\"\n"),
			    "u.c l.h one/a.h one/b.h two/a.h ");
	assert_string_equal(files_of("#include <a.h>\n#include <a.h>\n"), "u.c one/a.h one/b.h two/a.h ");
	assert_string_equal(files_of("#include <c.h>\n#include C\n"), "u.c two/c.h one/b.h ");
	assert_string_equal(files_of("#include <l.h>\n"), "u.c an #include that leads nowhere");
	assert_string_equal(files_of("#if __has_include(<c.h>) && !__has_include(<d.h>)\n#include <b.h>\n"
				     "#endif\n"), "u.c one/b.h ");
	assert_non_null(strstr(files_of("#include <self.h>\n"), "nested too deeply"));
}

static int setup(void **state)
{
	(void)state;
	pp_init(&pp);
	if (!mkdtemp(folder) || mkdir(in_folder("one"), 0700) || mkdir(in_folder("two"), 0700))
		return -1;
	return 0;
}

static int teardown(void **state)
{
	const char *remove = arena_printf(&arena, "rm -rf '%s'", folder);
	int status = system(remove);

	(void)state;
	pp_release(&pp);
	text_release(&order);
	arena_release(&arena);
	return status;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_are_counted),
		cmocka_unit_test(macros_expand),
		cmocka_unit_test(branches_are_taken),
		cmocka_unit_test(what_only_the_compiler_knows_is_asked),
		cmocka_unit_test(expansions_end),
		cmocka_unit_test(includes_lead_where_the_compiler_goes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
