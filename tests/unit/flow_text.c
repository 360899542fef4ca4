// SPDX-License-Identifier: GPL-2.0-only
/* The text form of flow: printing what was parsed gives the same bytes, and bad text is told by line. */
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

static const char every_op[] =
	"func every(dev: *device, data: *, n, _, x: device) -> ptr at drivers/a.c:3-40 static variadic"
	" section .init.text notes \"must_hold:\\\"x\\\";\\n\\\\\\x01\"\n"
	"b0:\n"
	"\t%0:flags = alloca ptr 8 @4:1\n"
	"\t%1 = addr ptr p0 + 16 iommu_group.mutex @5:2\n"
	"\t%2 = addr ptr4 p0 - 24\n"
	"\t%3 = index ptr p1, p2 * 24\n"
	"\t%4:v = load int4 p1 a.b.c\n"
	"\t%5 = load volatile ptr @glob+8 .field @include/x.h:7:0\n"
	"\tstore int2 p1 + 2, #-7 s. @?:8:1\n"
	"\tstore volatile ptr @g-8 - 9223372036854775808, #-9223372036854775808\n"
	"\t%8 = call int4 &foo(p1, #9223372036854775807, @\"odd name\"+3, &bar, undef)\n"
	"\t%9 = call %5()\n"
	"\t%10 = asm volatile(%9, p0) .asm:0123abcd\n"
	"\t%11 = asm int8()\n"
	"\t%12 = select ptr %4, p0, #0\n"
	"\t%13 = cmp eq %12, #0\n"
	"\t%14 = cmp slt int8 p2, #-1\n"
	"\t%15 = bin add int4 %4, #1\n"
	"\t%16 = bin other int4 %4, %15\n"
	"\tcopy p0, p1, #16\n"
	"\tfill p0, #0, %15\n"
	"\t%19 = atomic set ptr p0 + 8, #0 s.f\n"
	"\t%20 = atomic if int4 p0, #0, #1\n"
	"\t%21 = atomic other volatile int4 p0, #1\n"
	"\t%22 = extract int1 %20, 1\n"
	"\t%23 = insert %20, #3, 0\n"
	"\tbranch %13, b1, b2 @9:3\n"
	"b1:\n"
	"\tjump b2\n"
	"b2:\n"
	"\t%26:\"a b\" = phi ptr b0 #0, b1 %1\n"
	"\tswitch %4, b3, -1: b4, 5: b5\n"
	"b3:\n"
	"\tany b4, b5\n"
	"b4:\n"
	"\treturn _ @40:1\n"
	"b5:\n"
	"\tstop\n"
	"end\n";

static struct arena arena;

static struct func *parse(const char *s, struct text *error)
{
	return flow_parse_func(&arena, &s, 0, error);
}

static void expect_same(const char *s)
{
	struct text error = {0}, out = {0};
	struct func *fn = parse(s, &error);

	assert_string_equal(text_str(&error), "");
	assert_non_null(fn);
	flow_print_func(&out, fn);
	assert_string_equal(text_str(&out), s);
	s = fn->text;
	fn = flow_parse_func(&arena, &s, fn->line, &error);
	assert_string_equal(text_str(&error), "");
	s = text_str(&out);
	text_clear(&error);
	flow_print_func(&error, fn);
	assert_string_equal(text_str(&error), s);
	text_release(&out);
	text_release(&error);
}

static void expect_error(const char *s, const char *want)
{
	struct text error = {0};

	assert_null(parse(s, &error));
	assert_string_equal(text_str(&error), want);
	text_release(&error);
}

/* The body as a function's; line 1 is the head. */
static void expect_body_error(const char *body, const char *want)
{
	struct text t = {0};

	text_printf(&t, "func f(a) at x.c:1-2\n%s", body);
	expect_error(text_str(&t), want);
	text_release(&t);
}

static void test_flow_text__every_op_comes_back(void **state)
{
	(void)state;
	expect_same(every_op);
	expect_same("func \"odd(\"() at ?:0-0\nb0:\n\tstop\nend\n");
	expect_same("func \"_\"(\"_\") at \"a b\":0-0\nb0:\n\treturn @\"a/b\" @\"odd:file\":2:3\nend\n");
}

static void test_flow_text__fields_are_read(void **state)
{
	struct text error = {0};
	struct func *fn = parse(every_op, &error);
	const struct insn *in;

	(void)state;
	assert_non_null(fn);
	assert_int_equal(fn->nparam, 5);
	assert_true(fn->params[0].is_pointer);
	assert_string_equal(fn->params[0].type, "device");
	assert_null(fn->params[3].name);
	assert_false(fn->params[4].is_pointer);
	assert_true(fn->returns_pointer && fn->returns_value && fn->is_static && fn->is_variadic);
	assert_string_equal(fn->section, ".init.text");
	assert_string_equal(fn->notes, "must_hold:\"x\";\n\\\x01");
	assert_int_equal(fn->nblock, 6);
	in = &fn->insns[5];
	assert_int_equal(in->op, OP_LOAD);
	assert_true(in->is_volatile && in->is_pointer);
	assert_int_equal(in->size, 8);
	assert_int_equal(in->args[0].kind, ARG_GLOBAL);
	assert_int_equal(in->args[0].value, 8);
	assert_null(in->struct_name);
	assert_string_equal(in->field, "field");
	assert_string_equal(in->at.file, "include/x.h");
	in = &fn->insns[7];
	assert_true(in->imm == INT64_MIN && in->args[1].value == INT64_MIN && in->args[0].value == -8);
	in = &fn->insns[27];
	assert_int_equal(in->op, OP_SWITCH);
	assert_int_equal(in->ntarget, 3);
	assert_int_equal(in->cases[0], -1);
	assert_int_equal(in->targets[2], 5);
	assert_int_equal(fn->insns[29].args[0].kind, ARG_NONE);
}

static void test_flow_text__hand_written_text_is_made_canonical(void **state)
{
	struct text error = {0}, out = {0};
	struct func *fn = parse("; a comment\n\nfunc f(a: *) at x.c:1-2\n b0:\n\n  call  &lock(p0)  @1:2\n"
				"\t; another\n\tload ptr p0  \n\treturn\nend", &error);

	(void)state;
	assert_string_equal(text_str(&error), "");
	flow_print_func(&out, fn);
	assert_string_equal(text_str(&out), "func f(a: *) at x.c:1-2\nb0:\n\t%0 = call &lock(p0) @1:2\n"
			    "\t%1 = load ptr p0\n\treturn _\nend\n");
	assert_string_equal(fn->text, "func f(a: *) at x.c:0-1\nb0:\n\t%0 = call &lock(p0) @0:2\n"
			    "\t%1 = load ptr p0\n\treturn _\nend\n");
	text_release(&out);
}

static void test_flow_text__variables_of_a_file_have_its_name(void **state)
{
	static const char body[] = "func f() at a/b.c:1-2\nb0:\n\t%0 = call &g(@:lock+8, @\"lock:c.h\", @lock)\n\tstop\nend\n";
	struct text error = {0};
	struct func *fn;

	(void)state;
	expect_same(body);
	fn = parse(body, &error);
	assert_string_equal(fn->insns[0].args[1].name, "lock:a/b.c");
	assert_string_equal(fn->insns[0].args[2].name, "lock:c.h");
	assert_ptr_equal(flow_plain_name(fn->insns[0].args[1].name), fn->insns[0].args[3].name);
	text_release(&error);
}

static void test_flow_text__equal_text_has_equal_hash(void **state)
{
	struct text error = {0};
	struct func *a = parse(every_op, &error), *b = parse(every_op, &error);
	uint64_t hash[2] = {a->hash[0], a->hash[1]};

	(void)state;
	assert_memory_equal(hash, b->hash, sizeof(hash));
	flow_seal_func(&arena, a);
	assert_memory_equal(hash, a->hash, sizeof(hash));
}

#define MOVED(line, before, after, other) "func f(a: *) at x.c:" line "-" after "\nb0:\n\t%0 = call &lock(p0) @" before ":2\n" \
	"\t%1 = load ptr p0 @x.h:" other ":1\n\treturn _ @" after ":1\nend\n"

/* Only lines of the function's own file move with it; a macro may have some that are before its own. */
static void test_flow_text__a_function_that_moved_is_the_same(void **state)
{
	struct text error = {0}, out = {0};
	const struct func *a = parse(MOVED("7", "5", "9", "20"), &error), *b = parse(MOVED("107", "105", "109", "20"), &error);
	const struct func *c = parse(MOVED("7", "5", "9", "120"), &error), *back;
	const char *s = a->text;

	(void)state;
	assert_string_equal(s, MOVED("0", "-2", "2", "20"));
	assert_string_equal(s, b->text);
	assert_memory_equal(a->hash, b->hash, sizeof(a->hash));
	assert_memory_not_equal(a->hash, c->hash, sizeof(a->hash));
	back = flow_parse_func(&arena, &s, 107, &error);
	assert_memory_equal(a->hash, back->hash, sizeof(a->hash));
	flow_print_func(&out, back);
	assert_string_equal(text_str(&out), MOVED("107", "105", "109", "20"));
	assert_ptr_equal(back->insns[0].at.in, back);
	assert_null(back->insns[1].at.in);
	expect_error(MOVED("0", "-2", "2", "20"), "line 3: expected ':'");	/* nobody says where it is */
	text_release(&out);
	text_release(&error);
}

static void test_flow_text__errors_name_the_line(void **state)
{
	(void)state;
	expect_error("", "line 1: expected 'func'");
	expect_error("func", "line 1: expected a blank");
	expect_error("func f(a", "line 1: expected ','");
	expect_error("func f() at x.c:1-2\nend\n", "line 2: expected a block");
	expect_body_error("b0:\n\tfrob p0\nend\n", "line 3: unknown operation 'frob'");
	expect_body_error("b0:\n\tjump b1\nend\n", "line 3: there is no block b1");
	expect_body_error("b0:\n\treturn p1\nend\n", "line 3: there is no parameter p1");
	expect_body_error("b0:\n\treturn %1\nend\n", "line 3: there is no %1");
	expect_body_error("b0:\n\t%1 = load p0\n\tstop\nend\n", "line 3: this is instruction %0");
	expect_body_error("b0:\n\t%0 = jump b0\nend\n", "line 3: jump has no result");
	expect_body_error("b0:\n\t%0 = cmp foo p0, p0\n\tstop\nend\n", "line 3: cmp: unknown kind");
	expect_body_error("b0:\n\tstore p0, #1\n\treturn %0\nend\n",
			  "line 5: f: %0, used by instruction 1, has no value");
	expect_body_error("b0:\n\t%0 = load p0\nend\n",
			  "line 4: block b0 does not end in a jump, a return or the like");
	expect_body_error("b0:\n\tstop\n\tstop\nend\n", "line 4: expected a block or 'end'");
	expect_body_error("b1:\n\tstop\nend\n", "line 2: this is block b0");
	expect_body_error("b0:\n\treturn #99999999999999999999\nend\n", "line 3: number too large");
	expect_body_error("b0:\n\treturn @\"x\n\nend\n", "line 3: missing '\"'");
	expect_body_error("b0:\n\treturn @\"\\q\"\nend\n", "line 3: bad escape in a string");
	expect_body_error("b0:\n\treturn p0 p0 p0\nend\n", "line 3: expected '.'");
	expect_body_error("b0:\n\tstop\n", "line 4: expected a block or 'end'");
}

/* Any text cut short, or with one byte changed, is an error or a function, and never more than that. */
static void test_flow_text__damage_does_no_harm(void **state)
{
	static const char bytes[] = "\n %\"@b9:\\(";
	char buf[sizeof(every_op)];
	struct text error = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(every_op); i++) {
		for (size_t k = 0; k < sizeof(bytes); k++) {
			struct arena a;
			const char *p = buf;

			arena_init(&a);
			memcpy(buf, every_op, sizeof(buf));
			buf[i] = bytes[k];
			buf[sizeof(buf) - 1] = 0;
			text_clear(&error);
			assert_true((flow_parse_func(&a, &p, 0, &error) == NULL) == (error.len > 0));
			arena_release(&a);
		}
	}
	text_release(&error);
}

static void test_flow_text__units_come_back(void **state)
{
	struct text s = {0}, out = {0}, error = {0};
	struct unit *u;

	(void)state;
	text_puts(&s, "unit drivers/a.c\nslot foo_ops.probe = &foo_probe in foo_driver @3:4\n"
		  "slot foo_ops.ops.remove = &foo_remove @drivers/b.h:1:2\nslot .x = &y\n\n");
	text_puts(&s, every_op);
	text_puts(&s, "\n");
	text_puts(&s, every_op);
	u = flow_parse_unit(&arena, text_str(&s), &error);
	assert_string_equal(text_str(&error), "");
	assert_non_null(u);
	assert_int_equal(u->nslot, 3);
	assert_int_equal(u->nfunc, 2);
	assert_string_equal(u->slots[1].field, "ops.remove");
	assert_string_equal(u->slots[0].at.file, "drivers/a.c");
	flow_print_unit(&out, u);
	assert_string_equal(text_str(&out), text_str(&s));
	text_clear(&out);
	flow_print_sealed(&out, u);
	u = flow_parse_unit(&arena, text_str(&out), &error);
	assert_string_equal(text_str(&error), "");
	text_clear(&out);
	flow_print_unit(&out, u);
	assert_string_equal(text_str(&out), text_str(&s));
	assert_null(flow_parse_unit(&arena, "unit x.c\nslot a.b = c\n", &error));
	assert_string_equal(text_str(&error), "line 2: expected '&'");
	text_clear(&error);
	assert_null(flow_parse_unit(&arena, "unit x.c\n\nfunc f() at x.c:1-2\nb0:\n\tfoo\nend\n", &error));
	assert_string_equal(text_str(&error), "line 5: unknown operation 'foo'");
	text_release(&s);
	text_release(&out);
	text_release(&error);
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
		cmocka_unit_test(test_flow_text__every_op_comes_back),
		cmocka_unit_test(test_flow_text__fields_are_read),
		cmocka_unit_test(test_flow_text__hand_written_text_is_made_canonical),
		cmocka_unit_test(test_flow_text__variables_of_a_file_have_its_name),
		cmocka_unit_test(test_flow_text__equal_text_has_equal_hash),
		cmocka_unit_test(test_flow_text__a_function_that_moved_is_the_same),
		cmocka_unit_test(test_flow_text__errors_name_the_line),
		cmocka_unit_test(test_flow_text__damage_does_no_harm),
		cmocka_unit_test(test_flow_text__units_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
