// SPDX-License-Identifier: GPL-2.0-only
/*
 * References that nobody counts. Entry point: uncounted_settle(). Objects of some kinds come with a table of functions,
 * and it is one of these that counts. A table without it belongs to objects that live by other means, and functions in
 * it, which are called for such objects alone, leave nothing when they leave a reference.
 */
#include "infer/uncounted.h"

#include "infer/simulate.h"

/* Is the function in that table, which counts nothing? */
static bool is_in(const struct unit *u, const struct slot *s, const struct model_uncounted *m, const char *func)
{
	if (m->asked || s->func != func || s->struct_name != m->struct_name || !s->object)
		return false;
	for (int i = 0; i < u->nslot; i++)
		if (u->slots[i].object == s->object && u->slots[i].struct_name == m->struct_name &&
		    u->slots[i].field == m->field)
			return false;
	return true;
}

static bool is_uncounted(const struct model *model, const struct fact *f)
{
	if (f->kind != FACT_REF_LEFT && f->kind != FACT_REF_LEFT_BY_TURN)
		return false;
	for (int i = 0; i < model->nuncounted; i++)
		for (int k = 0; k < f->unit->nslot && model->uncounted[i].kind == f->kind_name; k++)
			if (is_in(f->unit, &f->unit->slots[k], &model->uncounted[i], f->fn->name))
				return true;
	return false;
}

void uncounted_settle(struct analysis *an)
{
	struct infer_result *r = an->result;
	size_t kept = 0;

	for (size_t i = 0; i < r->nfact; i++) {
		if (is_uncounted(an->options->model, r->facts[i]))
			r->unsure[UNSURE_REF_HANDED_ON]++;
		else
			r->facts[kept++] = r->facts[i];
	}
	r->nfact = kept;
}
