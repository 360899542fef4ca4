// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text form of flow: the printer. flow_parse.c reads it back.
 *
 *	unit drivers/foo/foo.c
 *	slot foo_ops.probe = &foo_probe in foo_driver_ops @120:11
 *
 *	func foo_find(dev: *device, data: *, n) -> ptr at drivers/foo/foo.c:12-30 static
 *	b0:
 *		%0:foo = load ptr p0 + 120 device.driver_data @14:20
 *		%1 = cmp eq %0, #0 @15:6
 *		branch %1, b2, b1 @15:6
 *	b1:
 *		%3 = addr ptr %0 + 16 foo.lock @17:2
 *		%4 = call &mutex_lock(%3) @17:2
 *		jump b2 @18:2
 *	b2:
 *		%6 = phi ptr b0 #0, b1 %0
 *		return %6 @30:1
 *	end
 *
 * A unit is its header line, its slots, then functions, each after an empty line. Slots: struct.field,
 * the function, `in` the object when there is one, the place.
 *
 * A function's head: name, parameters (`_`: no name; `: *device`: pointer to struct device; `: *`: some
 * pointer), `-> ptr` or `-> value` if it returns one, `at` file:line-lastline (`?`: no file), then as they
 * apply static, variadic, section NAME, notes "TEXT". Blocks are numbered from 0 in order.
 *
 * An instruction is one line:
 *
 *	[%N[:variable] =] OP [SUB] [volatile] [TYPE] OPERANDS [STRUCT.FIELD] [@PLACE]
 *
 *	%N		must be the number of the instruction; those without a result count too.
 *			A reader may leave `%N =` away where nobody needs the value.
 *	TYPE		ptr (8 bytes), ptrN, intN; none for void and aggregates; cmp without one is int1
 *	operands	%3 value, p0 parameter, #-5 number, @name @name+8 address of a variable,
 *			@:name of one that only the function's file knows, &name function, undef, _ none
 *	PLACE		line:col, or file:line:col when the file is not the function's
 *	STRUCT.FIELD	either side may be empty
 *
 *	addr|load A[ + N]	store|atomic SUB A[ + N], B[, C]	index A, B * N
 *	call F(A, B)		asm(A, B)		phi b0 A, b1 B		select A, B, C
 *	cmp SUB A, B		bin SUB A, B		alloca N		copy|fill A, B, C
 *	extract A, N		insert A, B, N
 *	jump b1			branch A, b1, b2	switch A, b9, 1: b2, 7: b3
 *	any b1, b2		return A		stop
 *
 * Stored text is the same with all lines of the function's file counted from the function's own, which is left to
 * whoever stores it: its head says 0, its places may be below 0. So the text stays when the function moves. Units that are
 * on their way to be stored have such functions, each behind a line `base 12` that says where it is.
 *
 * Names that hold other than letters, digits and `_ . $` (files: also `/ + - , ~ =`; fields: also `: - [ ]`)
 * are in double quotes, with \" \\ \n \t and \xHH. Empty lines and lines that start with `;` are skipped.
 */
#include "flow/flow_text.h"

#include <string.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/text.h"
#include "flow/flow.h"
#include "flow/flow_chars.h"

static void put_number(struct text *out, int64_t v)
{
	char buf[24], *p = buf + sizeof(buf);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	text_add(out, p, (size_t)(buf + sizeof(buf) - p));
}

static void put_quoted(struct text *out, const char *s)
{
	text_putc(out, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			text_printf(out, "\\%c", c);
		else if (c == '\n')
			text_puts(out, "\\n");
		else if (c == '\t')
			text_puts(out, "\\t");
		else if (c < 0x20 || c == 0x7f)
			text_printf(out, "\\x%02x", c);
		else
			text_putc(out, (char)c);
	}
	text_putc(out, '"');
}

/* A name whose characters are all of the given class stands as it is, any other in quotes. */
static void put_name(struct text *out, const char *s, unsigned class)
{
	const char *p = s;

	while (flow_char_is(*p, class))
		p++;
	if (*p || p == s || !strcmp(s, "_"))
		put_quoted(out, s);
	else
		text_add(out, s, (size_t)(p - s));
}

static void put_file(struct text *out, const char *file)
{
	if (file)
		put_name(out, file, CHAR_FILE);
	else
		text_putc(out, '?');
}

/* base: where the lines of that file are counted from. */
static void put_place(struct text *out, struct place at, const char *file, int base)
{
	if (!at.line)
		return;
	text_add(out, " @", 2);
	if (at.file != file && !(at.file && file && !strcmp(at.file, file))) {
		put_file(out, at.file);
		text_putc(out, ':');
		base = 0;
	}
	put_number(out, at.line - base);
	text_putc(out, ':');
	put_number(out, at.col);
}

static void put_member(struct text *out, const char *struct_name, const char *field)
{
	if (struct_name)
		put_name(out, struct_name, CHAR_WORD);
	text_putc(out, '.');
	if (field)
		put_name(out, field, CHAR_FIELD);
}

/* A variable of the function's file is told by a colon in front of its name, one of another file's by all of it. */
static void put_global(struct text *out, const char *name, const char *file)
{
	const char *colon = strchr(name, ':');

	text_putc(out, '@');
	if (!colon || strcmp(colon + 1, file ? file : "")) {
		put_name(out, name, CHAR_NAME);
		return;
	}
	text_putc(out, ':');
	put_name(out, flow_plain_name(name), CHAR_NAME);
}

static void put_arg(struct text *out, const struct arg *arg, const char *file)
{
	switch (arg->kind) {
	case ARG_NONE:
		text_putc(out, '_');
		break;
	case ARG_INSN:
	case ARG_PARAM:
		text_putc(out, arg->kind == ARG_INSN ? '%' : 'p');
		put_number(out, arg->n);
		break;
	case ARG_INT:
		text_putc(out, '#');
		put_number(out, arg->value);
		break;
	case ARG_GLOBAL:
		put_global(out, arg->name, file);
		if (arg->value > 0)
			text_putc(out, '+');
		if (arg->value)
			put_number(out, arg->value);
		break;
	case ARG_FUNC:
		text_putc(out, '&');
		put_name(out, arg->name, CHAR_NAME);
		break;
	case ARG_UNDEF:
		text_puts(out, "undef");
		break;
	}
}

static void put_args(struct text *out, const struct arg *args, int n, const char *file)
{
	for (int i = 0; i < n; i++) {
		if (i)
			text_add(out, ", ", 2);
		put_arg(out, &args[i], file);
	}
}

/* " + 16" or " - 16" behind a base. */
static void put_offset(struct text *out, int64_t imm)
{
	if (!imm)
		return;
	text_add(out, imm < 0 ? " - " : " + ", 3);
	if (imm == INT64_MIN)
		text_puts(out, "9223372036854775808");
	else
		put_number(out, imm < 0 ? -imm : imm);
}

static void put_block(struct text *out, int n)
{
	text_putc(out, 'b');
	put_number(out, n);
}

static void put_blocks(struct text *out, const int *targets, int n)
{
	for (int i = 0; i < n; i++) {
		if (i)
			text_add(out, ", ", 2);
		put_block(out, targets[i]);
	}
}

static void put_phi(struct text *out, const struct insn *in, const char *file)
{
	for (int i = 0; i < in->narg; i++) {
		text_add(out, i ? ", " : " ", i ? 2 : 1);
		put_block(out, in->targets[i]);
		text_putc(out, ' ');
		put_arg(out, &in->args[i], file);
	}
}

static void put_switch(struct text *out, const struct insn *in, const char *file)
{
	put_args(out, in->args, 1, file);
	text_add(out, ", ", 2);
	put_block(out, in->targets[0]);
	for (int i = 1; i < in->ntarget; i++) {
		text_add(out, ", ", 2);
		put_number(out, in->cases[i - 1]);
		text_add(out, ": ", 2);
		put_block(out, in->targets[i]);
	}
}

/* The operands, with the blank before them. */
static void put_operands(struct text *out, const struct insn *in, const char *file)
{
	if (in->op != OP_PHI && in->op != OP_STOP && in->op != OP_ASM)
		text_putc(out, ' ');
	switch ((enum flow_op)in->op) {
	case OP_ADDR: case OP_LOAD: case OP_STORE: case OP_ATOMIC:
		put_arg(out, &in->args[0], file);
		put_offset(out, in->imm);
		if (in->narg > 1)
			text_add(out, ", ", 2);
		put_args(out, in->args + 1, in->narg - 1, file);
		break;
	case OP_INDEX:
		put_args(out, in->args, 2, file);
		text_add(out, " * ", 3);
		put_number(out, in->imm);
		break;
	case OP_CALL:
		put_arg(out, &in->args[0], file);
		text_putc(out, '(');
		put_args(out, in->args + 1, in->narg - 1, file);
		text_putc(out, ')');
		break;
	case OP_ASM:
		text_putc(out, '(');
		put_args(out, in->args, in->narg, file);
		text_putc(out, ')');
		break;
	case OP_PHI:
		put_phi(out, in, file);
		break;
	case OP_ALLOCA:
		put_number(out, in->imm);
		break;
	case OP_EXTRACT: case OP_INSERT:
		put_args(out, in->args, in->narg, file);
		text_add(out, ", ", 2);
		put_number(out, in->imm);
		break;
	case OP_SELECT: case OP_CMP: case OP_BIN: case OP_COPY: case OP_FILL:
		put_args(out, in->args, in->narg, file);
		break;
	case OP_JUMP: case OP_ANY:
		put_blocks(out, in->targets, in->ntarget);
		break;
	case OP_BRANCH:
		put_arg(out, &in->args[0], file);
		text_add(out, ", ", 2);
		put_blocks(out, in->targets, 2);
		break;
	case OP_SWITCH:
		put_switch(out, in, file);
		break;
	case OP_RETURN:
		put_arg(out, &in->args[0], file);
		break;
	case OP_STOP:
		break;
	}
}

static void put_type(struct text *out, const struct insn *in)
{
	if (in->is_pointer)
		text_add(out, " ptr", 4);
	else if (in->size && !(in->op == OP_CMP && in->size == 1))
		text_add(out, " int", 4);
	else
		return;
	if (!in->is_pointer || in->size != 8)
		put_number(out, in->size);
}

static void put_insn(struct text *out, const struct func *fn, int n, int base)
{
	const struct insn *in = &fn->insns[n];

	text_putc(out, '\t');
	if (flow_has_result(in->op)) {
		text_putc(out, '%');
		put_number(out, n);
		if (in->name) {
			text_putc(out, ':');
			put_name(out, in->name, CHAR_NAME);
		}
		text_add(out, " = ", 3);
	}
	text_puts(out, flow_op_name(in->op));
	if (in->sub) {
		text_putc(out, ' ');
		text_puts(out, flow_sub_name(in->sub));
	}
	if (in->is_volatile)
		text_puts(out, " volatile");
	put_type(out, in);
	put_operands(out, in, fn->file);
	if (in->struct_name || in->field) {
		text_putc(out, ' ');
		put_member(out, in->struct_name, in->field);
	}
	put_place(out, in->at, fn->file, base);
	text_putc(out, '\n');
}

static void put_param(struct text *out, const struct param *p)
{
	if (p->name)
		put_name(out, p->name, CHAR_NAME);
	else
		text_putc(out, '_');
	if (p->is_pointer || p->type)
		text_puts(out, p->is_pointer ? ": *" : ": ");
	if (p->type)
		put_name(out, p->type, CHAR_NAME);
}

static void put_head(struct text *out, const struct func *fn, int base)
{
	text_puts(out, "func ");
	put_name(out, fn->name, CHAR_NAME);
	text_putc(out, '(');
	for (int i = 0; i < fn->nparam; i++) {
		if (i)
			text_add(out, ", ", 2);
		put_param(out, &fn->params[i]);
	}
	text_putc(out, ')');
	if (fn->returns_pointer || fn->returns_value)
		text_puts(out, fn->returns_pointer ? " -> ptr" : " -> value");
	text_puts(out, " at ");
	put_file(out, fn->file);
	text_putc(out, ':');
	put_number(out, fn->line - base);
	text_putc(out, '-');
	put_number(out, fn->end_line - base);
	if (fn->is_static)
		text_puts(out, " static");
	if (fn->is_variadic)
		text_puts(out, " variadic");
	if (fn->section) {
		text_puts(out, " section ");
		put_name(out, fn->section, CHAR_FILE);
	}
	if (fn->notes) {
		text_puts(out, " notes ");
		put_quoted(out, fn->notes);
	}
	text_putc(out, '\n');
}

static void put_func(struct text *out, const struct func *fn, int base)
{
	func_read(fn);
	put_head(out, fn, base);
	for (int b = 0; b < fn->nblock; b++) {
		put_block(out, b);
		text_add(out, ":\n", 2);
		for (int i = fn->blocks[b].first; i < fn->blocks[b].end; i++)
			put_insn(out, fn, i, base);
	}
	text_add(out, "end\n", 4);
}

void flow_print_func(struct text *out, const struct func *fn)
{
	put_func(out, fn, 0);
}

static void put_slot(struct text *out, const struct slot *slot, const char *file)
{
	text_puts(out, "slot ");
	put_member(out, slot->struct_name, slot->field);
	text_puts(out, " = &");
	put_name(out, slot->func, CHAR_NAME);
	if (slot->object) {
		text_puts(out, " in ");
		put_name(out, slot->object, CHAR_NAME);
	}
	put_place(out, slot->at, file, 0);
	text_putc(out, '\n');
}

static void put_unit_head(struct text *out, const struct unit *u)
{
	text_puts(out, "unit ");
	put_file(out, u->file);
	text_putc(out, '\n');
	for (int i = 0; i < u->nslot; i++)
		put_slot(out, &u->slots[i], u->file);
}

void flow_print_unit(struct text *out, const struct unit *u)
{
	put_unit_head(out, u);
	for (int i = 0; i < u->nfunc; i++) {
		text_putc(out, '\n');
		flow_print_func(out, u->funcs[i]);
	}
}

void flow_print_sealed(struct text *out, const struct unit *u)
{
	put_unit_head(out, u);
	for (int i = 0; i < u->nfunc; i++) {
		text_puts(out, "\nbase ");
		put_number(out, u->funcs[i]->line);
		text_putc(out, '\n');
		text_puts(out, u->funcs[i]->text);
	}
}

void flow_seal_func(struct arena *a, struct func *fn)
{
	struct text out;
	XXH128_hash_t h;

	text_init(&out);
	put_func(&out, fn, fn->line);
	h = XXH3_128bits(out.s, out.len);
	fn->text = arena_strndup(a, out.s, out.len);
	fn->hash[0] = h.low64;
	fn->hash[1] = h.high64;
	text_release(&out);
}
