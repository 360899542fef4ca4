// SPDX-License-Identifier: GPL-2.0-only
/*
 * Structs of one name. Entry: order_are_namesakes(). Classes are called by struct and field, and two drivers may each have
 * a struct adapter. Where two ways of a cycle meet in such a class, it must be the same one.
 */
#include "infer/order.h"

#include <string.h>

#include "infer/simulate.h"
#include "infer/whole.h"

static const char *folder_of(const struct node *n, size_t *len)
{
	const char *file = n->fn->file ? n->fn->file : "", *slash = strrchr(file, '/');

	*len = slash ? (size_t)(slash - file) : 0;
	return file;
}

static bool same_folder(const struct node *a, const struct node *b)
{
	size_t la, lb;
	const char *x = folder_of(a, &la), *y = folder_of(b, &lb);

	return la == lb && !strncmp(x, y, la);
}

/*
 * Two drivers may have structs of one name. Whoever waits for what a function of its own folder runs for does not wait for
 * one of another folder.
 */
static bool runs_elsewhere(const struct order *o, const struct node *waiter, const struct node *runs, size_t class)
{
	const struct order_setup *s = order_waited_for(o, class);

	for (int k = 0; s && k < s->n; k++)
		if (same_folder(waiter, s->funcs[k]) && !same_folder(waiter, runs))
			return true;
	return false;
}

static bool is_named(const struct insn *in, const char *class_name)
{
	size_t n = in->op == OP_ADDR && in->struct_name && in->field ? strlen(in->struct_name) : 0;

	return n && !strncmp(class_name, in->struct_name, n) && class_name[n] == '.' && !strcmp(class_name + n + 1, in->field);
}

/* Where in its struct the function finds the lock; -1: it does not say. */
static int64_t offset_in(const struct order *o, const struct node *n, const char *class_name)
{
	whole_reads(o->an, n);
	for (int i = 0; i < n->fn->ninsn; i++)
		if (is_named(&n->fn->insns[i], class_name))
			return n->fn->insns[i].imm;
	return -1;
}

/* The same field at two places: two structs. */
static bool lies_elsewhere(const struct order *o, const struct node *a, const struct node *b, const char *class_name)
{
	int64_t x, y;

	if (same_folder(a, b))
		return false;
	x = offset_in(o, a, class_name);
	y = x >= 0 ? offset_in(o, b, class_name) : -1;
	return y >= 0 && x != y;
}

bool order_are_namesakes(const struct order *o, const struct order_cycle *c, int i)
{
	const struct order_way *before = &c->ways[(i + c->n - 1) % c->n];
	const struct node *taker = before->steps[before->n - 1].node, *first = c->ways[i].first;

	return c->ways[i].held ? lies_elsewhere(o, taker, first, o->classes[c->classes[i]])
			       : runs_elsewhere(o, taker, first, c->classes[i]);
}

