// SPDX-License-Identifier: GPL-2.0-only
/* Functions in brief: what a function names, and that the bytes give back all but the instructions, or nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "flow/flow.h"
#include "flow/flow_brief.h"
#include "flow/flow_text.h"

static struct arena arena;

static const char example[] =
	"func example(o: *ops, data: *, n) -> ptr at include/a.h:3-40 static section .init.text notes \"x\"\n"
	"b0:\n"
	"\t%0 = load ptr p0 ops.f\n"
	"\t%1 = load ptr p0 ops.g\n"
	"\t%2 = load ptr p1\n"
	"\t%3 = call &known(p0, &passed, &passed)\n"
	"\tbranch p2, b1, b2\n"
	"b1:\n"
	"\tjump b2\n"
	"b2:\n"
	"\t%6 = phi ptr b0 %0, b1 &other\n"
	"\t%7 = select ptr p2, %6, %1\n"
	"\t%8 = call %7(&given)\n"
	"\t%9 = call p1()\n"
	"\t%10 = call %2()\n"
	"\tstore ptr p0, &kept ops.f\n"
	"\treturn &known\n"
	"end\n";

static const struct flow_link links[] = {
	{LINK_CALL, "known"}, {LINK_PASSED, "passed"}, {LINK_PASSED, "passed"}, {LINK_NAMED, "other"},
	{LINK_INDIRECT, NULL}, {LINK_FIELD, "ops.f"}, {LINK_TARGET, "other"}, {LINK_FIELD, "ops.g"}, {LINK_PASSED, "given"},
	{LINK_INDIRECT, NULL}, {LINK_INDIRECT, NULL}, {LINK_LOST, NULL}, {LINK_NAMED, "kept"}, {LINK_NAMED, "known"},
};

static struct func *parse(const char *s)
{
	struct text error = {0};
	struct func *fn = flow_parse_func(&arena, &s, 0, &error);

	assert_string_equal(text_str(&error), "");
	return fn;
}

static void expect_links(const struct func *fn)
{
	int n = sizeof(links) / sizeof(links[0]);

	assert_int_equal(fn->nlink, n);
	for (int i = 0; i < n; i++) {
		assert_int_equal(fn->links[i].kind, links[i].kind);
		assert_ptr_equal(fn->links[i].name, intern(links[i].name));
	}
}

static void links_are_what_is_named(void **state)
{
	(void)state;
	expect_links(parse(example));
}

static void brief_gives_all_back(void **state)
{
	const struct func *fn = parse(example);
	struct text t = {0};
	struct func *b;

	(void)state;
	flow_print_brief(&t, fn);
	b = flow_parse_brief(&arena, t.s, t.len, fn->hash);
	assert_non_null(b);
	assert_int_equal(b->line, 0);
	flow_place_func(b, 3);
	expect_links(b);
	assert_memory_equal(b->hash, fn->hash, sizeof(fn->hash));
	assert_true(b->name == fn->name && b->file == fn->file && b->section == fn->section && b->notes == fn->notes);
	assert_true(b->line == 3 && b->end_line == 40 && b->ninsn == fn->ninsn && b->nblock == fn->nblock);
	assert_true(b->is_static && !b->is_variadic && b->returns_pointer && b->returns_value);
	assert_int_equal(b->nparam, 3);
	for (int i = 0; i < 3; i++)
		assert_true(b->params[i].name == fn->params[i].name && b->params[i].type == fn->params[i].type &&
			    b->params[i].is_pointer == fn->params[i].is_pointer);
	assert_true(!b->insns && !b->blocks && !b->text);
	text_release(&t);
}

static void no_bit_can_be_wrong(void **state)
{
	const struct func *fn = parse(example);
	const uint64_t other[2] = {fn->hash[0] + 1, fn->hash[1]};
	struct text t = {0};

	(void)state;
	flow_print_brief(&t, fn);
	assert_null(flow_parse_brief(&arena, t.s, t.len, other));
	for (size_t n = 0; n < t.len; n++)
		assert_null(flow_parse_brief(&arena, t.s, n, fn->hash));
	for (size_t i = 0; i < t.len * 8; i++) {
		t.s[i / 8] = (char)(t.s[i / 8] ^ 1 << i % 8);
		assert_null(flow_parse_brief(&arena, t.s, t.len, fn->hash));
		t.s[i / 8] = (char)(t.s[i / 8] ^ 1 << i % 8);
	}
	text_release(&t);
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
		cmocka_unit_test(links_are_what_is_named),
		cmocka_unit_test(brief_gives_all_back),
		cmocka_unit_test(no_bit_can_be_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
