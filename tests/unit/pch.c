// SPDX-License-Identifier: GPL-2.0-only
/*
 * Precompiled headers: used by units that mean the same with them, and by no other. Each test adds one odd
 * unit to a set of plain ones, captures the set with and without, and compares flow and files to the byte.
 */
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
#include "base/path.h"
#include "capture/capture.h"

#ifndef DEVSCOPE_CLANG
#define DEVSCOPE_CLANG "clang-19"
#endif

enum { PLAIN = 24, UNITS = PLAIN + 1 };

static struct arena arena;
static char folder[] = "/tmp/devscope-test-XXXXXX";

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

static void write_headers(void)
{
	write_file("include/base.h", "#ifndef BASE_H\n#define BASE_H\n"
		   "#ifdef FAST\nstatic inline int speed(int x) { return x + 9; }\n"
		   "#else\nstatic inline int speed(int x) { return x - 1; }\n#endif\n"
		   "#define STEP 4\n#define note(f, ...) print(prefix(f), ##__VA_ARGS__)\n"
		   "void print(const char *f, ...);\n#ifndef prefix\n#define prefix(f) f\n#endif\n#endif\n");
	write_file("include/list.h", "#ifndef LIST_H\n#define LIST_H\n#include <base.h>\n"
		   "struct node { struct node *next; int weight; };\n"
		   "#define ENTRY(x) int entry_##x(struct node *);\n"
		   "#include <table.h>\n#undef ENTRY\n"
		   "static inline int heavy(struct node *n)\n"
		   "{ note(\"%d\\n\", n->weight); return n->weight > STEP; }\n"
		   "#ifndef LIMIT\n#define LIMIT 10\n#endif\nint limit_of(int x);\n#endif\n");
	write_file("include/table.h", "ENTRY(first)\nENTRY(last)\n");
	write_file("include/own.h", "#ifndef OWN_H\n#define OWN_H\n#ifdef STEP\n#define STRIDE STEP\n#else\n"
		   "#define STRIDE 1\n#endif\nstruct pair { char c; int i; };\n"
		   "static inline int stride(struct pair *p) { return p->i + STRIDE; }\n#endif\n");
	write_file("include/other.h", "#ifndef OTHER_H\n#define OTHER_H\n#define LIMIT 20\n#endif\n");
	write_file("include/early.h", "#ifndef EARLY_H\n#define EARLY_H\n#ifdef LATE\n"
		   "static inline int early(void) { return 1; }\n#else\n"
		   "static inline int early(void) { return 2; }\n#endif\n#endif\n");
	write_file("include/late.h", "#ifndef LATE_H\n#define LATE_H\n#define LATE\n#endif\n");
	write_file("include/pack.h", "#pragma pack(1)\n#include <list.h>\n");
	write_file("include/packed.h", "#pragma pack(push, 1)\n#pragma pack()\nstruct a { char c; int i; };\n#pragma pack(pop)\n"
		   "#pragma pack(1)\nstruct b { char c; int i; };\n#pragma pack()\n");
}

/* What the plain units read. */
#define COMMON "#include <list.h>\n#include <early.h>\n#include <late.h>\n"

/* What the last third of them reads instead. */
static const char *third = COMMON;

/* The odd one's name comes last: the order of the first unit is that of the header. */
static void write_units(const char *odd)
{
	FILE *f = fopen(in_folder("compile_commands.json"), "w");

	assert_non_null(f);
	for (int i = 0; i < UNITS; i++) {
		const char *name = i < PLAIN ? arena_printf(&arena, "u%02d.c", i) : "z-odd.c";

		write_file(name, i < PLAIN ? arena_printf(&arena, "%sint u%d(struct node *n)\n"
				"{ return heavy(n) + speed(LIMIT) + limit_of(%d); }\n",
				i < PLAIN * 2 / 3 ? COMMON : third, i, i) : odd);
		fprintf(f, "%s{ \"directory\": \"%s\", \"file\": \"%s\", \"arguments\": [\"clang\", "
			"\"-D__KERNEL__\", \"-nostdinc\", \"-Iinclude\", \"-DKBUILD_MODNAME=\\\"%d\\\"\", "
			"\"-c\", \"%s\"] }", i ? ",\n" : "[", folder, name, i, name);
	}
	fputs("]\n", f);
	fclose(f);
}

struct result {
	const char *flow, *deps;
	bool ok, pch;
};

struct results {
	const struct command_list *list;
	struct result odd, plain[PLAIN];
	int with;
};

static void keep_one(struct results *r, const struct captured *unit)
{
	const char *file = path_base(r->list->items[unit->index].file);
	struct result *to = !strcmp(file, "z-odd.c") ? &r->odd : &r->plain[atoi(file + 1)];

	*to = (struct result){ arena_strdup(&arena, unit->ok ? unit->flow : unit->error), "", unit->ok,
			       unit->pch };
	for (size_t i = 0; i < unit->ndep; i++)
		to->deps = arena_printf(&arena, "%s%s ", to->deps, unit->deps[i].path);
	r->with += unit->pch;
}

static void keep(void *cookie, const struct captured *units, size_t n)
{
	for (size_t i = 0; i < n; i++)
		keep_one(cookie, &units[i]);
}

static struct results capture(bool no_pch)
{
	struct capture_options o = { .clang = DEVSCOPE_CLANG, .jobs = 2, .timeout = 60,
				     .marker_dir = in_folder("markers"), .no_pch = no_pch };
	struct command_list list;
	struct results r = { .list = &list };
	size_t want[UNITS];

	commands_find(&arena, folder, &list);
	commands_read(&arena, &list);
	assert_int_equal(list.n, UNITS);
	for (size_t i = 0; i < UNITS; i++)
		want[i] = i;
	assert_false(capture_run(&list, want, UNITS, &o, keep, &r));
	return r;
}

static void assert_same(const struct result *a, const struct result *b)
{
	assert_int_equal(a->ok, b->ok);
	assert_string_equal(a->flow, b->flow);
	assert_string_equal(a->deps, b->deps);
}

/* Capture with this odd unit. Nothing may differ; true if the unit used a header. */
static bool uses(const char *odd)
{
	struct results with, without;

	write_units(odd);
	with = capture(false);
	without = capture(true);
	assert_int_equal(without.with, 0);
	assert_true(with.with >= PLAIN);
	assert_same(&with.odd, &without.odd);
	for (int i = 0; i < PLAIN; i++)
		assert_same(&with.plain[i], &without.plain[i]);
	return with.odd.pch;
}

static void a_plain_unit_uses_it(void **state)
{
	(void)state;
	assert_true(uses(COMMON "int odd(struct node *n) { return heavy(n); }\n"));
	assert_true(uses("#include <early.h>\n#include <late.h>\n#include <list.h>\n"
			 "int odd(struct node *n) { return heavy(n); }\n"));
	assert_true(uses("#include <base.h>\n#include <own.h>\n" COMMON "#define FAST\n"
			 "int odd(struct pair *p) { return stride(p) + speed(1); }\n"));
}

static void a_macro_before_that_a_header_tests(void **state)
{
	(void)state;
	assert_false(uses("#define FAST\n" COMMON "int odd(int x) { return speed(x); }\n"));
	assert_false(uses("#define LIMIT 30\n" COMMON "int odd(int x) { return speed(LIMIT); }\n"));
	assert_false(uses("#define weight mass\n" COMMON
			  "int odd(struct node *n) { return n->mass; }\n"));
	assert_false(uses("#include <base.h>\n#undef STEP\n#define STEP 7\n" COMMON
			  "int odd(struct node *n) { return heavy(n); }\n"));
	assert_false(uses("#include <base.h>\n#undef STEP\nenum { STEP = 3 };\n" COMMON
			  "int odd(struct node *n) { return heavy(n); }\n"));
}

static void a_macro_that_only_shapes_messages(void **state)
{
	(void)state;
	assert_true(uses("#define prefix(f) KBUILD_MODNAME \": \" f\n" COMMON
			 "int odd(struct node *n) { note(\"odd\"); return heavy(n); }\n"));
	assert_false(uses("#define prefix(f) \"%s: \" f, __func__\n" COMMON
			  "int odd(struct node *n) { note(\"odd\"); return heavy(n); }\n"));
}

static void a_header_that_the_unit_does_not_read(void **state)
{
	(void)state;
	/* its macros must not be seen */
	assert_false(uses("#ifdef STEP\nint odd(void) { return 1; }\n#else\n"
			  "int odd(void) { return 2; }\n#endif\n"));
	/* nor its functions */
	assert_false(uses("#include <base.h>\nstatic int limit_of(int x) { return x; }\n"
			  "int odd(int x) { return limit_of(x); }\n"));
	assert_false(uses("#include <base.h>\nstruct node { long a; };\n"
			  "long odd(struct node *n) { return n->a; }\n"));
}

static void an_order_that_matters(void **state)
{
	(void)state;
	assert_false(uses("#include <own.h>\n" COMMON
			  "int odd(struct pair *p) { return stride(p); }\n"));
	assert_false(uses("#include <other.h>\n" COMMON
			  "int odd(int x) { return speed(LIMIT); }\n"));
	assert_false(uses("#ifdef STEP\n#define N 1\n#else\n#define N 2\n#endif\n" COMMON
			  "int odd(void) { return N; }\n"));
	assert_false(uses("#include <late.h>\n#include <early.h>\n#include <list.h>\n"
			  "int odd(void) { return early(); }\n"));
	assert_false(uses("int odd(void)\n{\n" COMMON "return 1;\n}\n"));
	assert_false(uses("#include <pack.h>\n" COMMON "long odd(void) { return sizeof(struct node); }\n"));
	assert_false(uses("#pragma pack(push, 1)\n" COMMON "long odd(void) { return sizeof(struct node); }\n"));
	assert_false(uses("#pragma pack(1)\n" COMMON "long odd(void) { return sizeof(struct node); }\n"));
	assert_false(uses("int LIMIT(int);\n" COMMON "int odd(void) { return 1; }\n"));
}

static void a_layout_that_ends_before(void **state)
{
	(void)state;
	assert_true(uses("#include <packed.h>\n" COMMON "long odd(void) { return sizeof(struct a) + sizeof(struct node); }\n"));
}

/* Who may not use the header of the others gets one that fits, with the rest of what they share or in their order. */
static void a_header_for_the_rest(void **state)
{
	(void)state;
	third = "#include <late.h>\n#include <early.h>\n#include <list.h>\n";
	assert_true(uses("#include <late.h>\n#include <early.h>\n#include <list.h>\nint odd(void) { return early(); }\n"));
	third = "#define FAST\n" COMMON;
	assert_true(uses("#define FAST\n" COMMON "int odd(int x) { return speed(x) + early(); }\n"));
	third = COMMON;
}

static void a_unit_that_does_not_compile(void **state)
{
	(void)state;
	uses(COMMON "int odd(void) { return nothing_like_that; }\n");
	uses(COMMON "#include <nowhere.h>\n");
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || mkdir(in_folder("include"), 0700) || mkdir(in_folder("markers"), 0700))
		return -1;
	write_file("markers/markers.h", "#ifndef M\n#define M\n#endif\n");
	write_headers();
	return 0;
}

static int teardown(void **state)
{
	int status = system(arena_printf(&arena, "rm -rf '%s'", folder));

	(void)state;
	arena_release(&arena);
	return status;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_unit_uses_it),
		cmocka_unit_test(a_macro_before_that_a_header_tests),
		cmocka_unit_test(a_macro_that_only_shapes_messages),
		cmocka_unit_test(a_header_that_the_unit_does_not_read),
		cmocka_unit_test(an_order_that_matters),
		cmocka_unit_test(a_layout_that_ends_before),
		cmocka_unit_test(a_header_for_the_rest),
		cmocka_unit_test(a_unit_that_does_not_compile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
