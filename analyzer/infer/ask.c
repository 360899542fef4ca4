// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that tell whether a lock is held, as a model says. Entry point: ask_answer(), before a body is looked at.
 *
 * Of a lock that the path holds the answer is yes. Of others nobody knows, least of all the function's body: without
 * lockdep it says yes to everything. And where the kernel would complain of a no, the answer stays open, so that
 * evidence.c meets the complaint, and sees who comes to it with the lock held.
 */
#include "infer/fill.h"

/* Is what the hint speaks of held on this path for sure, by the function itself? */
static bool is_held(struct sim *sim, struct state *st, const struct insn *in, const struct model_hint *hint)
{
	const struct sym *lock;

	if (hint->arg < 0 || hint->arg + 1 >= in->narg)
		return false;
	lock = sim_eval_resolved(sim, st, &in->args[hint->arg + 1]);
	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if (h->lock == lock && h->state == LOCK_HELD && !h->is_doubted && !h->is_vague)
			return true;
	}
	return false;
}

/* Does a complaint follow in the same statement? A macro, so that all is on one line. */
static bool has_complaint(const struct sim *sim, const struct insn *asked)
{
	for (int i = sim_site(sim, asked) + 1; i < sim->fn->ninsn; i++) {
		const struct insn *in = &sim->fn->insns[i];

		if (in->at.line != asked->at.line || in->at.file != asked->at.file)
			return false;
		if (in->op == OP_CALL && in->args[0].kind == ARG_FUNC &&
		    model_find_hint(sim->an->options->model, EFFECT_COMPLAIN, in->args[0].name, NULL))
			return true;
	}
	return false;
}

bool ask_answer(struct sim *sim, struct state *st, const struct insn *in, const char *callee)
{
	const struct model *model = sim->an->options->model;
	const struct model_hint *h = model_find_hint(model, EFFECT_ASK, callee, NULL);
	const struct sym *answer;

	if (!h)
		return false;
	answer = sym_new(&sim->syms, sim_site(sim, in), ORDINAL_RESULT, st->turn, in->name);
	while (h && !is_held(sim, st, in, h))
		h = model_find_hint(model, EFFECT_ASK, callee, h);
	if (h && !has_complaint(sim, in))
		state_restrict(&sim->pool, st, answer, MASK_ANY & ~MASK_ZERO);
	st->env[sim_site(sim, in)] = answer;
	sim_continue(sim, st);
	return true;
}
