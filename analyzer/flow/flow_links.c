// SPDX-License-Identifier: GPL-2.0-only
/*
 * The links of a function, from its instructions. Entry: flow_link_func(). They are what the call graph is made of,
 * so that a program whose functions are all known needs none of their instructions.
 */
#include "flow/flow_brief.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "flow/flow.h"

enum { MOST_STEPS = 4 };	/* phis and selects between a call and where its pointer comes from */

/* The links made so far. */
struct linker {
	const struct func *fn;
	struct flow_link *items;
	int n, cap;
	struct text name;
};

static void add(struct linker *l, enum flow_link_kind kind, const char *name)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		l->items = realloc(l->items, sizeof(*l->items) * (size_t)l->cap);
		if (!l->items)
			die("out of memory (%d links)", l->cap);
	}
	l->items[l->n++] = (struct flow_link){kind, name};
}

static void add_field(struct linker *l, const struct insn *in)
{
	if (!in->struct_name || !*in->struct_name || !in->field || !*in->field) {
		add(l, LINK_LOST, NULL);
		return;
	}
	text_clear(&l->name);
	text_puts(&l->name, in->struct_name);
	text_putc(&l->name, '.');
	text_puts(&l->name, in->field);
	add(l, LINK_FIELD, intern_n(l->name.s, l->name.len));
}

/* What a pointer that is called may be. */
static void add_pointer(struct linker *l, const struct arg *a, int depth)
{
	const struct insn *in;

	if (a->kind == ARG_PARAM || (a->kind == ARG_INT && !a->value))
		return;
	if (a->kind == ARG_FUNC) {
		add(l, LINK_TARGET, a->name);
		return;
	}
	in = a->kind == ARG_INSN && depth ? &l->fn->insns[a->n] : NULL;
	if (in && (in->op == OP_PHI || in->op == OP_SELECT))
		for (int i = in->op == OP_SELECT; i < in->narg; i++)
			add_pointer(l, &in->args[i], depth - 1);
	else if (in && in->op == OP_LOAD)
		add_field(l, in);
	else
		add(l, LINK_LOST, NULL);
}

static void add_insn(struct linker *l, const struct insn *in)
{
	bool is_call = in->op == OP_CALL;

	if (is_call && in->args[0].kind == ARG_FUNC) {
		add(l, LINK_CALL, in->args[0].name);
	} else if (is_call) {
		add(l, LINK_INDIRECT, NULL);
		add_pointer(l, &in->args[0], MOST_STEPS);
	}
	for (int k = is_call; k < in->narg; k++)
		if (in->args[k].kind == ARG_FUNC)
			add(l, is_call ? LINK_PASSED : LINK_NAMED, in->args[k].name);
}

void flow_link_func(struct arena *a, struct func *fn)
{
	struct linker l = {.fn = fn};

	text_init(&l.name);
	for (int i = 0; i < fn->ninsn; i++)
		add_insn(&l, &fn->insns[i]);
	fn->nlink = l.n;
	fn->links = l.n ? arena_copy(a, l.items, sizeof(*l.items) * (size_t)l.n) : NULL;
	free(l.items);
	text_release(&l.name);
}
