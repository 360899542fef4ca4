// SPDX-License-Identifier: GPL-2.0-only
/* Contexts of ops table slots. Entries: contexts_build(), contexts_find(). */
#include "infer/context.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static struct context *slot_of(struct contexts *c, const char *slot)
{
	struct context *x = map_get(&c->slots, slot);

	if (x)
		return x;
	x = ARENA_NEW(c->arena, struct context);
	x->slot = slot;
	map_set(&c->slots, slot, x);
	return x;
}

static void add_lock(struct contexts *c, struct context *x, const struct context_lock *l)
{
	struct context_lock *grown;

	if (x->n == x->cap) {
		x->cap = x->cap ? x->cap * 2 : 2;
		grown = ARENA_ARRAY(c->arena, struct context_lock, x->cap);
		if (x->n)
			memcpy(grown, x->locks, sizeof(*grown) * (size_t)x->n);
		x->locks = grown;
	}
	x->locks[x->n++] = *l;
}

static const char *joined(const char *struct_name, const char *field)
{
	struct text t;
	const char *s;

	text_init(&t);
	text_printf(&t, "%s.%s", struct_name, field);
	s = intern(text_str(&t));
	text_release(&t);
	return s;
}

void contexts_build(struct contexts *c, struct arena *a, const struct model *m)
{
	c->arena = a;
	map_init(&c->slots);
	for (int i = 0; i < m->ncontext; i++) {
		const struct model_context *from = &m->contexts[i];
		struct context_lock l = {
			.param = from->param, .in_struct = from->in_struct, .in_field = from->in_field,
			.class_name = from->lock_global ? from->lock_global : joined(from->lock_struct, from->lock_field),
			.kind = from->kind, .is_shared = from->is_shared, .on = from->on,
		};

		add_lock(c, slot_of(c, joined(from->struct_name, from->field)), &l);
	}
	map_sort(&c->slots);
}

void contexts_release(struct contexts *c)
{
	map_release(&c->slots);
}

const struct context *contexts_find(const struct contexts *c, const char *slot)
{
	return map_get(&c->slots, slot);
}
