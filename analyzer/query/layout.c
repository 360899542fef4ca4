// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members of structs, learnt from code. Entries: layout_learn(), layout_typed(), layout_members(). A value's struct is
 * known where it is passed to a parameter of that type, else where a member of it is read or written;
 * a function that was not read has the type that is passed to it elsewhere. Such a value that is the address of a
 * member, or was loaded from one, says what the member is.
 */
#include "query/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct member_list {
	const struct member **items;
	size_t n, cap;
};

void layout_init(struct layout *l, struct question *q)
{
	memset(l, 0, sizeof(*l));
	l->q = q;
	map_init(&l->members);
	map_init(&l->params);
	map_init(&l->units);
	map_init(&l->by_struct);
}

void layout_release(struct layout *l)
{
	map_release(&l->members);
	map_release(&l->params);
	map_release(&l->units);
	map_release(&l->by_struct);
}

/* --- types of values --------------------------------------------------------------- */

static const char *param_key(struct layout *l, const char *function, int param)
{
	return arena_printf(l->q->arena, "%s %d", function, param);
}

/* The struct that what is passed as argument k of the call points to; NULL when that is not known. */
static const char *param_type(struct layout *l, const struct node *n, const struct insn *in, int k)
{
	const struct node *body;

	if (in->args[0].kind != ARG_FUNC)
		return NULL;
	body = program_resolve(&l->q->an->program, n, in->args[0].name);
	if (body)
		return k - 1 < body->fn->nparam ? body->fn->params[k - 1].type : NULL;
	return map_get(&l->params, param_key(l, in->args[0].name, k - 1));
}

static bool is_access(const struct insn *in)
{
	return (in->op == OP_LOAD || in->op == OP_STORE || in->op == OP_ADDR || in->op == OP_ATOMIC) && in->struct_name &&
	       *in->struct_name && in->field;
}

struct typed_list {
	struct layout *l;
	const struct node *n;
	struct typed *first, **end;
};

static void add_typed(struct typed_list *t, const struct arg *a, const char *type, bool is_sure)
{
	const char *name = a->kind == ARG_INSN ? t->n->fn->insns[a->n].name : NULL;
	const struct sym *s;
	struct typed *one;

	if (!type || !*type || a->kind == ARG_INT || a->kind == ARG_UNDEF)
		return;
	s = reader_value(&t->l->q->reader, t->n, a);
	for (one = t->first; one; one = one->next)
		if (one->value == s && (one->type == type || one->is_sure > is_sure)) {
			one->is_sure |= one->type == type && is_sure;
			one->name = one->name ? one->name : name;
			return;
		}
	one = ARENA_NEW(t->l->q->arena, struct typed);
	*one = (struct typed){.value = s, .type = type, .name = name, .is_sure = is_sure};
	*t->end = one;
	t->end = &one->next;
}

struct typed *layout_typed(struct layout *l, const struct node *n)
{
	struct typed_list t = {.l = l, .n = n, .end = &t.first};

	func_read(n->fn);
	for (int i = 0; i < n->fn->nparam; i++)
		add_typed(&t, &(struct arg){.kind = ARG_PARAM, .n = i}, n->fn->params[i].type, true);
	for (int i = 0; i < n->fn->ninsn; i++)
		for (int k = 1; n->fn->insns[i].op == OP_CALL && k < n->fn->insns[i].narg; k++)
			add_typed(&t, &n->fn->insns[i].args[k], param_type(l, n, &n->fn->insns[i], k), true);
	for (int i = 0; i < n->fn->ninsn; i++)
		if (is_access(&n->fn->insns[i]))
			add_typed(&t, &n->fn->insns[i].args[0], n->fn->insns[i].struct_name, false);
	return t.first;
}

/* --- members ---------------------------------------------------------------------- */

static void add_member(struct layout *l, const char *struct_name, const char *field, int64_t offset, const char *type,
		       bool is_pointer)
{
	const char *key = arena_printf(l->q->arena, "%s.%s %s", struct_name, field, type);
	struct member *m = map_get(&l->members, key);

	if (!m) {
		struct member_list *list = map_get(&l->by_struct, struct_name);

		m = ARENA_NEW(l->q->arena, struct member);
		*m = (struct member){struct_name, field, offset, type, is_pointer, 0};
		map_set(&l->members, key, m);
		if (!list) {
			list = ARENA_NEW(l->q->arena, struct member_list);
			map_set(&l->by_struct, struct_name, list);
		}
		if (list->n == list->cap) {
			const struct member **more = ARENA_ARRAY(l->q->arena, const struct member *, list->cap * 2 + 8);

			if (list->n)
				memcpy(more, list->items, sizeof(*more) * list->n);
			list->items = more;
			list->cap = list->cap * 2 + 8;
		}
		list->items[list->n++] = m;
	}
	m->uses++;
}

/* What a value with a known struct says of the member that it is, or comes from. */
static void learn_value(struct layout *l, const struct typed *t)
{
	const struct sym *s = t->value;
	bool loaded = s->kind == SYM_LOAD;
	const struct sym *at = loaded ? s->a : s;

	if (at->kind == SYM_ADDR && at->struct_name && *at->struct_name && at->field)
		add_member(l, at->struct_name, at->field, at->value, t->type, loaded);
	else if (loaded && at->first && at->first_struct && *at->first_struct)
		add_member(l, at->first_struct, at->first, 0, t->type, true);
}

/* What is passed to functions that were not read. */
static void learn_params(struct layout *l, const struct node *n)
{
	struct typed *all = layout_typed(l, n);

	for (int i = 0; i < n->fn->ninsn; i++) {
		const struct insn *in = &n->fn->insns[i];

		if (in->op != OP_CALL || in->args[0].kind != ARG_FUNC ||
		    program_resolve(&l->q->an->program, n, in->args[0].name))
			continue;
		for (int k = 1; k < in->narg; k++) {
			const struct sym *s;

			if (in->args[k].kind != ARG_INSN && in->args[k].kind != ARG_PARAM)
				continue;
			s = reader_value(&l->q->reader, n, &in->args[k]);
			for (const struct typed *t = all; t; t = t->next)
				if (t->value == s && s->kind == SYM_PARAM && !map_get(&l->params, param_key(l, in->args[0].name, k - 1)))
					map_set(&l->params, param_key(l, in->args[0].name, k - 1), (void *)t->type);
		}
	}
}

void layout_learn(struct layout *l, const struct unit *u)
{
	size_t index = program_unit(&l->q->an->program, u->file);

	if (map_get(&l->units, u->file))
		return;
	map_set(&l->units, u->file, l);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < u->nfunc; i++) {
			const struct node *n = program_resolve_in(&l->q->an->program, index, u->funcs[i]->name);

			if (!n)
				continue;
			func_read(n->fn);
			if (!pass) {
				learn_params(l, n);
				continue;
			}
			for (const struct typed *t = layout_typed(l, n); t; t = t->next)
				learn_value(l, t);
		}
}

static int by_offset(const void *a, const void *b)
{
	const struct member *x = *(const struct member *const *)a, *y = *(const struct member *const *)b;
	int c = (x->offset > y->offset) - (x->offset < y->offset);

	c = c ? c : strcmp(x->field, y->field);
	return c ? c : strcmp(x->type, y->type);
}

size_t layout_members(struct layout *l, const char *struct_name, const struct member *const **out)
{
	struct member_list *list = map_get(&l->by_struct, struct_name);

	if (!list)
		return 0;
	qsort(list->items, list->n, sizeof(*list->items), by_offset);
	*out = list->items;
	return list->n;
}
