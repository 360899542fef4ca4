// SPDX-License-Identifier: GPL-2.0-only
/* The parser of flow's text: one instruction. The grammar is at the head of flow_text.c. */
#include "flow/flow_scan.h"

#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static void room(struct scan *s, int n)
{
	int room = s->room;

	if (n < s->room)
		return;
	s->room = room ? room * 2 : 32;
	s->args = memcpy(ARENA_ARRAY(s->a, struct arg, s->room), s->args ? s->args : (void *)"",
			 sizeof(*s->args) * (size_t)room);
	s->targets = memcpy(ARENA_ARRAY(s->a, int, s->room), s->targets ? s->targets : (void *)"",
			    sizeof(int) * (size_t)room);
	s->cases = memcpy(ARENA_ARRAY(s->a, int64_t, s->room), s->cases ? s->cases : (void *)"",
			  sizeof(int64_t) * (size_t)room);
}

/* "name", or ":name" of a variable that only the function's file knows. */
static const char *read_global(struct scan *s)
{
	bool is_own = scan_eat(s, ':');
	const char *name = scan_name(s, CHAR_NAME), *file = s->fn->file ? s->fn->file : "", *full;
	struct text t;

	if (!is_own) {
		s->odd |= strchr(name, ':') && !strcmp(strchr(name, ':') + 1, file);
		return name;
	}
	text_init(&t);
	text_printf(&t, "%s:%s", name, file);
	full = intern(text_str(&t));
	text_release(&t);
	return full;
}

static struct arg read_arg(struct scan *s)
{
	struct arg arg = {0};

	switch (*s->p) {
	case '%':
		s->p++;
		arg.kind = ARG_INSN;
		arg.n = scan_small(s, INT_MAX);
		if (arg.n >= s->fn->ninsn)
			scan_fail(s, "there is no %%%d", arg.n);
		return arg;
	case 'p':
		s->p++;
		arg.kind = ARG_PARAM;
		arg.n = scan_small(s, INT_MAX);
		if (arg.n >= s->fn->nparam)
			scan_fail(s, "there is no parameter p%d", arg.n);
		return arg;
	case '#':
		s->p++;
		arg.kind = ARG_INT;
		arg.value = scan_number(s);
		return arg;
	case '&':
		s->p++;
		arg.kind = ARG_FUNC;
		arg.name = scan_name(s, CHAR_NAME);
		return arg;
	case '@':
		s->p++;
		arg.kind = ARG_GLOBAL;
		arg.name = read_global(s);
		if (*s->p == '+' || *s->p == '-')
			arg.value = scan_magnitude(s, *s->p++ == '-');
		return arg;
	case '_':
		s->p++;
		return arg;
	}
	if (scan_word(s, "undef"))
		arg.kind = ARG_UNDEF;
	else
		scan_fail(s, "expected an operand");
	return arg;
}

static int read_block(struct scan *s)
{
	int n;

	scan_need(s, 'b');
	n = scan_small(s, INT_MAX);
	if (n >= s->fn->nblock)
		scan_fail(s, "there is no block b%d", n);
	return n;
}

/* One more operand, or one more block, into the scratch arrays. */
static void add_arg(struct scan *s, struct insn *in)
{
	if (in->narg == UINT16_MAX)
		scan_fail(s, "too many operands");
	room(s, in->narg);
	s->args[in->narg++] = read_arg(s);
}

static void add_block(struct scan *s, struct insn *in)
{
	if (in->ntarget == UINT16_MAX)
		scan_fail(s, "too many blocks");
	room(s, in->ntarget);
	s->targets[in->ntarget++] = read_block(s);
}

static void read_args(struct scan *s, struct insn *in, int n)
{
	for (int i = 0; i < n; i++) {
		if (i)
			scan_comma(s);
		add_arg(s, in);
	}
}

/* "(a, b)" */
static void read_list(struct scan *s, struct insn *in)
{
	scan_need(s, '(');
	if (scan_eat(s, ')'))
		return;
	for (;;) {
		add_arg(s, in);
		if (*s->p != ',' || s->failed)
			break;
		scan_comma(s);
	}
	scan_need(s, ')');
}

static void read_blocks(struct scan *s, struct insn *in)
{
	add_block(s, in);
	while (*s->p == ',') {
		scan_comma(s);
		add_block(s, in);
	}
}

/* "p0 + 16", and `more` operands behind it. */
static void read_access(struct scan *s, struct insn *in, int more)
{
	add_arg(s, in);
	if (s->p[0] == ' ' && (s->p[1] == '+' || s->p[1] == '-') && s->p[2] == ' ') {
		s->p += 3;
		in->imm = scan_magnitude(s, s->p[-2] == '-');
	}
	for (int i = 0; i < more; i++) {
		scan_comma(s);
		add_arg(s, in);
	}
}

static void read_phi(struct scan *s, struct insn *in)
{
	for (;;) {
		add_block(s, in);
		scan_blank(s);
		add_arg(s, in);
		if (*s->p != ',' || s->failed)
			break;
		scan_comma(s);
	}
}

static void read_switch(struct scan *s, struct insn *in)
{
	add_arg(s, in);
	scan_comma(s);
	add_block(s, in);
	while (*s->p == ',') {
		scan_comma(s);
		room(s, in->ntarget);
		s->cases[in->ntarget - 1] = scan_number(s);
		scan_need(s, ':');
		scan_blank(s);
		add_block(s, in);
	}
}

static void read_operands(struct scan *s, struct insn *in)
{
	if (in->op != OP_ASM && in->op != OP_STOP && in->op != OP_RETURN)
		scan_blank(s);
	switch ((enum flow_op)in->op) {
	case OP_ADDR: case OP_LOAD:
		read_access(s, in, 0);
		break;
	case OP_STORE:
		read_access(s, in, 1);
		break;
	case OP_ATOMIC:
		read_access(s, in, in->sub == ATOMIC_IF ? 2 : 1);
		break;
	case OP_INDEX:
		read_args(s, in, 2);
		scan_blank(s);
		scan_need(s, '*');
		scan_blank(s);
		in->imm = scan_number(s);
		break;
	case OP_CALL:
		add_arg(s, in);
		read_list(s, in);
		break;
	case OP_ASM:
		read_list(s, in);
		break;
	case OP_PHI:
		read_phi(s, in);
		break;
	case OP_SELECT: case OP_COPY: case OP_FILL:
		read_args(s, in, 3);
		break;
	case OP_CMP: case OP_BIN:
		read_args(s, in, 2);
		break;
	case OP_ALLOCA:
		in->imm = scan_number(s);
		break;
	case OP_EXTRACT: case OP_INSERT:
		read_args(s, in, in->op == OP_INSERT ? 2 : 1);
		scan_comma(s);
		in->imm = scan_number(s);
		break;
	case OP_JUMP:
		add_block(s, in);
		break;
	case OP_ANY:
		read_blocks(s, in);
		break;
	case OP_BRANCH:
		add_arg(s, in);
		scan_comma(s);
		add_block(s, in);
		scan_comma(s);
		add_block(s, in);
		break;
	case OP_SWITCH:
		read_switch(s, in);
		break;
	case OP_RETURN:
		if (s->p[0] == '\n' || (s->p[0] == ' ' && s->p[1] == '@' && DIGIT(s->p[2]))) {
			room(s, 0);
			s->args[in->narg++] = (struct arg){0};
			s->odd = true;
			break;
		}
		scan_blank(s);
		add_arg(s, in);
		break;
	case OP_STOP:
		break;
	}
}

static bool read_op(struct scan *s, struct insn *in)
{
	const char *p = s->p;
	size_t n = 0;

	while (p[n] >= 'a' && p[n] <= 'z')
		n++;
	for (int op = 0; op <= OP_STOP; op++) {
		const char *w = flow_op_name(op);

		if (*w == *p && !strncmp(w, p, n) && !w[n]) {
			in->op = (uint8_t)op;
			s->p += n;
			return true;
		}
	}
	scan_fail(s, "unknown operation '%.*s'", n > 40 ? 40 : (int)n, p);
	return false;
}

static void read_sub(struct scan *s, struct insn *in)
{
	int first, last;

	if (in->op == OP_CMP)
		first = CMP_EQ, last = CMP_SGE;
	else if (in->op == OP_BIN)
		first = BIN_ADD, last = BIN_OTHER;
	else if (in->op == OP_ATOMIC)
		first = ATOMIC_SET, last = ATOMIC_OTHER;
	else
		return;
	for (int sub = first; sub <= last; sub++)
		if (scan_next_word(s, flow_sub_name(sub))) {
			in->sub = (uint8_t)sub;
			return;
		}
	scan_fail(s, "%s: unknown kind", flow_op_name(in->op));
}

/* " volatile", " ptr", " int4". */
static void read_type(struct scan *s, struct insn *in)
{
	in->is_volatile = scan_next_word(s, "volatile");
	if (in->op == OP_CMP)
		in->size = 1;
	if (s->p[0] != ' ' || (s->p[1] != 'p' && s->p[1] != 'i'))
		return;
	if (!strncmp(s->p, " ptr", 4)) {
		s->p += 4;
		in->is_pointer = true;
		in->size = 8;
		if (DIGIT(*s->p))
			in->size = (uint16_t)scan_small(s, UINT16_MAX);
	} else if (!strncmp(s->p, " int", 4)) {
		s->p += 4;
		in->size = (uint16_t)scan_small(s, UINT16_MAX);
	}
}

/* What may follow the operands, and the end of the line. */
static void read_tail(struct scan *s, struct insn *in)
{
	if (*s->p == ' ') {
		scan_blank(s);
		if (*s->p == '.' || *s->p == '"' || flow_char_is(*s->p, CHAR_WORD)) {
			scan_member(s, &in->struct_name, &in->field);
			if (*s->p == ' ')
				scan_blank(s);
		}
		if (scan_eat(s, '@'))
			scan_place(s, &in->at);
	}
	scan_end_line(s);
}

/* Move the operands out of the scratch arrays. */
static void keep_operands(struct scan *s, struct insn *in)
{
	in->args = arena_copy(s->a, s->args, sizeof(*s->args) * in->narg);
	if (!in->ntarget)
		return;
	in->targets = arena_copy(s->a, s->targets, sizeof(int) * in->ntarget);
	if (in->op == OP_SWITCH)
		in->cases = arena_copy(s->a, s->cases, sizeof(int64_t) * (in->ntarget - 1u));
}

void scan_insn(struct scan *s, int n)
{
	struct insn *in = &s->fn->insns[n];
	bool named = scan_eat(s, '%');

	if (named) {
		if (scan_small(s, INT_MAX) != n)
			scan_fail(s, "this is instruction %%%d", n);
		if (scan_eat(s, ':'))
			in->name = scan_name(s, CHAR_NAME);
		scan_blank(s);
		scan_need(s, '=');
		scan_blank(s);
	}
	if (!read_op(s, in))
		return;
	if (named != flow_has_result(in->op)) {
		if (named)
			scan_fail(s, "%s has no result", flow_op_name(in->op));
		s->odd = true;
	}
	read_sub(s, in);
	read_type(s, in);
	read_operands(s, in);
	keep_operands(s, in);
	read_tail(s, in);
}
