// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guards that comments in structs name. Entries: guards_read_said(), guards_infer_said(). A comment is believed if most
 * of what is done with the member is done under the lock. Where nobody takes it for that at all the comment may be
 * older than the code; then it must name the member by a name that is no word of English, and the lock must be taken
 * somewhere.
 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "infer/callgraph.h"
#include "infer/guards_own.h"

#define LEAST_SHARE 60		/* percent of all accesses */

/* What a comment says. */
struct saying {
	const char *lock;	/* NULL: not all agree */
	bool is_vague, is_taken;
};

/* "chip.queue=lock", "chip.state~lock" */
static void read_saying(struct guards *g, const char *s, size_t len)
{
	size_t field = strcspn(s, "=~"), owner = strcspn(s, ".");
	const char *name, *lock;
	struct saying *x;

	if (field >= len || owner >= field)
		return;
	name = intern_n(s, field);
	lock = intern(arena_printf(g->arena, "%.*s.%.*s", (int)owner, s, (int)(len - field - 1), s + field + 1));
	x = map_get(&g->said, name);
	if (!x) {
		x = ARENA_NEW(g->arena, struct saying);
		*x = (struct saying){lock, s[field] == '~', false};
		map_set(&g->said, name, x);
	} else if (x->lock != lock) {
		x->lock = NULL;
	} else {
		x->is_vague &= s[field] == '~';
	}
}

static void read_notes(struct guards *g, const char *notes)
{
	const char *s = strstr(notes, "said_guard:");

	for (s = s ? strchr(s, ':') : NULL; s && (*s == ':' || *s == ','); s += strcspn(s, ",;")) {
		s++;
		read_saying(g, s, strcspn(s, ",;"));
	}
}

/* Which of the locks does anybody take? */
static void see_taken(struct guards *g, struct map *taken)
{
	const struct program *p = g->entries->program;

	for (size_t v = 0; v < p->nnode; v++)
		for (int i = 0; p->nodes[v]->evidence && i < p->nodes[v]->evidence->n; i++) {
			const struct names *held = p->nodes[v]->evidence->items[i].sure;

			for (int k = 0; held && k < held->n; k++)
				if (!map_get(taken, held->items[k]))
					map_set(taken, held->items[k], (void *)held);
		}
}

void guards_read_said(struct guards *g)
{
	const struct program *p = g->entries->program;
	struct map taken;

	map_init(&g->said);
	map_init(&taken);
	for (size_t v = 0; v < p->nnode; v++)
		if (p->nodes[v]->fn->notes)
			read_notes(g, p->nodes[v]->fn->notes);
	if (g->said.n)
		see_taken(g, &taken);
	for (size_t i = 0; i < g->said.n; i++) {
		struct saying *x = g->said.entries[i].value;

		x->is_taken = x->lock && map_get(&taken, x->lock);
	}
	map_release(&taken);
}

bool guards_is_exempt(const struct node *n)
{
	return n->fn->notes && strstr(n->fn->notes, "said_free");
}

struct guard *guards_infer_said(struct guards *g, const struct tally *t)
{
	const char *dot = guards_member(t->field);
	size_t len = dot ? (size_t)(dot - t->field) + 1 + strcspn(dot + 1, ".") : 0;
	const struct saying *x = dot ? map_get(&g->said, intern_n(t->field, len)) : NULL;
	struct guard *guard;
	struct guard_count c;

	if (!x || !x->is_taken || !guards_may(g, x->lock, t->field))
		return NULL;
	c = guards_count(g, t, x->lock);
	if (c.under ? c.under * 100 < c.all * LEAST_SHARE : x->is_vague)
		return NULL;
	guard = ARENA_NEW(g->arena, struct guard);
	*guard = (struct guard){
		.field = t->field, .lock = x->lock, .is_inferred = true, .is_said = true, .under = c.under,
		.functions = c.functions, .all = c.all, .folders = c.folders, .is_list = c.is_list,
	};
	return guard;
}
