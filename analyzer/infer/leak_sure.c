// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks left held of which more is known than what the other exits do. Entry points: leak_is_lost(), of a lock that
 * nobody can release any more; leak_keeps_noted(), of a lock of the callers' that a note says is released.
 */
#include "infer/simulate.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"

/* ------------------------------------------------------------------ what a release needs */

/* Does the call always take a lock, and return a number? It is for the release, which cannot be done without. */
static bool gives_number(const struct sim *sim, const struct insn *in)
{
	bool is_asked = in->op == OP_CALL && in->args[0].kind == ARG_FUNC && in->size && !in->is_pointer;
	const struct model_func *m = is_asked ? model_find(sim->an->options->model, in->args[0].name) : NULL;

	return m && m->neffect == 1 && m->effects[0].kind == EFFECT_TAKE && m->effects[0].when == WHEN_ALWAYS;
}

/* Does a way lead from the end of block from to block to? */
static bool leads_to(const struct sim *sim, int from, int to, bool *seen)
{
	const struct insn *last = &sim->fn->insns[sim->fn->blocks[from].end - 1];

	for (int i = 0; i < last->ntarget; i++) {
		int next = last->targets[i];

		if (next == to)
			return true;
		if (seen[next])
			continue;
		seen[next] = true;
		if (leads_to(sim, next, to, seen))
			return true;
	}
	return false;
}

static bool uses(const struct insn *in, int value)
{
	for (int i = 0; i < in->narg; i++)
		if (in->args[i].kind == ARG_INSN && in->args[i].n == value)
			return true;
	return false;
}

/* Is the variable looked at, or given to somebody, once the number is in it? */
static bool is_read_after(struct sim *sim, int slot, int site)
{
	int block = loop_block_of(sim, site);

	for (int i = 0; i < sim->fn->ninsn; i++) {
		const struct insn *in = &sim->fn->insns[i];
		bool is_store = in->op == OP_STORE && in->args[0].kind == ARG_INSN && in->args[0].n == slot;
		int at = loop_block_of(sim, i);

		if (!uses(in, slot) || (is_store && !(in->args[1].kind == ARG_INSN && in->args[1].n == slot)))
			continue;
		if ((at == block && i > site) || leads_to(sim, block, at, ARENA_ARRAY(&sim->arena, bool, sim->fn->nblock)))
			return true;
	}
	return false;
}

bool leak_is_lost(struct sim *sim, const struct held *h)
{
	if (h->site < 0 || !gives_number(sim, &sim->fn->insns[h->site]))
		return false;
	for (int i = 0; i < sim->fn->ninsn; i++) {
		const struct insn *in = &sim->fn->insns[i];
		const struct arg *to = &in->args[0];

		if (!uses(in, h->site))
			continue;
		if (in->op != OP_STORE || to->kind != ARG_INSN || sim->fn->insns[to->n].op != OP_ALLOCA ||
		    is_read_after(sim, to->n, h->site))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ what a note says */

/* Is the last name in the words that of the class: of the member, or of the variable? */
static bool names_class(const char *words, size_t len, const char *class_name)
{
	const char *name = strrchr(class_name, '.');
	size_t begin;

	if (memchr(class_name, '/', strlen(class_name)))
		name = NULL;	/* a variable, with its file */
	name = name ? name + 1 : class_name;
	while (len && !isalnum((unsigned char)words[len - 1]) && words[len - 1] != '_')
		len--;
	for (begin = len; begin && (isalnum((unsigned char)words[begin - 1]) || words[begin - 1] == '_'); begin--)
		;
	return len > begin && strcspn(name, ":") == len - begin && !strncmp(words + begin, name, len - begin);
}

/* Is there a note of that key about a lock of the class? */
static bool is_noted(const struct func *fn, const char *key, const char *class_name)
{
	for (const char *s = fn->notes; s && *s; s += strcspn(s, ";"), s += *s == ';')
		if (!strncmp(s, key, strlen(key)) &&
		    names_class(s + strlen(key), strcspn(s, ";") - strlen(key), class_name))
			return true;
	return false;
}

/* Does the exit say nothing of a lock of that class? */
static bool leaves_alone(const struct state *st, const struct held *like)
{
	const char *class_name = sym_class(like->lock, like->kind);

	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if (h->state != LOCK_ASSERTED && h->kind == like->kind && sym_class(h->lock, h->kind) == class_name)
			return false;
	}
	return true;
}

/* Is there no object that the lock could be in? Then there was nothing to release. */
static bool is_nowhere(const struct state *st, const struct sym *lock)
{
	for (int i = 0; i < st->nrange; i++)
		if (st->ranges[i].mask == MASK_ZERO && sym_contains(lock, st->ranges[i].s))
			return true;
	return false;
}

const struct held *leak_keeps_noted(const struct sim *sim, const struct state *st)
{
	if (!sim->fn->notes || !strstr(sim->fn->notes, "releases:"))
		return NULL;
	for (const struct state *o = sim->exits; o; o = o->next)
		for (int i = 0; o->locks && i < o->locks->n; i++) {
			const struct held *h = &o->locks->items[i];
			const char *class_name = sym_class(h->lock, h->kind);

			if (h->state == LOCK_DROPPED && !h->is_vague && !o->is_warned && leaves_alone(st, h) &&
			    !is_nowhere(st, h->lock) && is_noted(sim->fn, "releases:", class_name) &&
			    !is_noted(sim->fn, "acquires:", class_name) &&
			    (!sim->fn->returns_value || leak_ret_mask(st) & leak_ret_mask(o)))
				return h;
		}
	return NULL;
}

/* Does the block change nothing, and call nobody who may do something? What counts how often a lock was taken changes that. */
static bool only_asks(const struct sim *sim, const struct block *b)
{
	for (int i = b->first; i < b->end; i++) {
		const struct insn *in = &sim->fn->insns[i];
		bool is_own = in->narg && in->args[0].kind == ARG_INSN && sim->fn->insns[in->args[0].n].op == OP_ALLOCA;

		if ((in->op == OP_STORE && !is_own) || in->op == OP_ATOMIC)
			return false;
		if (in->op == OP_CALL && !doubt_is_question(sim, in) &&
		    (in->args[0].kind != ARG_FUNC || !model_find(sim->an->options->model, in->args[0].name)))
			return false;
	}
	return true;
}

bool leak_did_nothing(const struct sim *sim, const struct state *st)
{
	for (int i = 0; st->locks && i < st->locks->n; i++)
		if (st->locks->items[i].state != LOCK_ASSERTED)
			return false;
	for (const struct course *c = st->course; c; c = c->prev)
		if (!only_asks(sim, &sim->fn->blocks[c->block]))
			return false;
	return true;
}
