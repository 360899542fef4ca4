// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the model of the entries that model.c reads.
 *
 * model_add_entry() for each entry in turn, model_finish() at the end. What the schema
 * cannot say is checked here: one verb to an entry, keys that go together, no entry
 * twice. Entries for one function add up, over all files, in the order they are read.
 */

#include "infer/model_entry.h"

#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"

static _Noreturn void die_at(struct mark at, const char *what)
{
	die("%s:%d:%d: %s (rules/models/FORMAT.md describes the format)", at.path, at.line, at.col, what);
}

/* Arguments and parameters count from 0; return and none have names. */
static void check_numbers(struct mark at, const struct entry *e)
{
	const int *const all[] = {
		e->arg, e->nested_arg, e->owner_arg, e->drops, e->returns, e->callback, e->data,
		e->element_param, e->data_param, e->param, e->set, e->other,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] && (*all[i] > 31 || *all[i] < MODEL_NONE))
			die_at(at, "a number of an argument or parameter is out of range; expected 0 to 31");
}

static int number_or(const int *p, int missing)
{
	return p ? *p : missing;
}

/* The model of e's function, new or known, with the place of this entry. */
static struct model_func *func_of(struct builder *b, struct mark at, const struct entry *e)
{
	const char *name = intern(e->function);
	struct model_func *f = map_get(&b->functions, name);

	if (!f) {
		f = ARENA_NEW(b->arena, struct model_func);
		f->name = name;
		f->returns = MODEL_NONE;
		map_set(&b->functions, name, f);
	}
	if (e->returns && f->returns != MODEL_NONE && f->returns != *e->returns)
		die_at(at, "this function is said to return another argument elsewhere");
	if (e->returns)
		f->returns = *e->returns;
	f->opaque |= e->opaque != 0;
	f->file = intern(at.path);
	f->line = at.line;
	return f;
}

static bool effect_equal(const struct effect *x, const struct effect *y)
{
	return x->kind == y->kind && x->when == y->when && x->arg == y->arg && x->what == y->what &&
	       x->nested_arg == y->nested_arg && x->owner_arg == y->owner_arg && x->mode == y->mode && x->try == y->try &&
	       x->nested == y->nested && x->recursive == y->recursive && x->sure_unowned == y->sure_unowned && x->counting == y->counting && x->lasting == y->lasting &&
	       x->null_ok == y->null_ok && x->bits == y->bits &&
	       x->from_arg == y->from_arg && x->callback == y->callback && x->data == y->data &&
	       x->element_param == y->element_param && x->data_param == y->data_param &&
	       x->stops == y->stops && x->element == y->element && x->keeps == y->keeps && x->say == y->say && x->set == y->set;
}

/* Append an effect; an exact double is a mistake. */
static void add_effect(struct builder *b, struct mark at, struct model_func *f,
		       const struct effect *e)
{
	struct effect *all;

	for (int i = 0; i < f->neffect; i++)
		if (effect_equal(&f->effects[i], e))
			die_at(at, "the same entry was given before for this function; take one of them out");
	all = ARENA_ARRAY(b->arena, struct effect, f->neffect + 1);
	if (f->neffect)
		memcpy(all, f->effects, sizeof(*all) * (size_t)f->neffect);
	all[f->neffect++] = *e;
	f->effects = all;
}

/* An effect with what an entry's common keys say. */
static struct effect effect_new(enum effect_kind kind, const char *what, const struct entry *e)
{
	return (struct effect){
		.kind = kind, .what = intern(what), .when = (enum effect_when)e->when,
		.arg = number_or(e->arg, MODEL_NONE), .nested_arg = -1, .owner_arg = -1, .mode = (enum lock_mode)e->mode,
		.from_arg = -1, .callback = -1, .data = -1, .element_param = -1, .data_param = -1, .set = -1,
	};
}

struct verb {
	const char *what;	/* the kind, if this verb was given */
	enum effect_kind kind;
};

/* The one verb of an entry; die() for none or several. */
static struct verb verb_of(struct mark at, const struct verb *verbs, int n, const char *names)
{
	struct verb found = { NULL, EFFECT_NONE };
	int given = 0;

	for (int i = 0; i < n; i++)
		if (verbs[i].what) {
			found = verbs[i];
			given++;
		}
	if (given != 1)
		die("%s:%d:%d: %s; expected exactly one of: %s", at.path, at.line, at.col,
		    given ? "several verbs in one entry" : "no verb in this entry", names);
	return found;
}

static void add_lock(struct builder *b, struct mark at, const struct entry *e)
{
	const struct verb verbs[] = {
		{ e->takes, EFFECT_TAKE }, { e->releases, EFFECT_RELEASE },
		{ e->downgrades, EFFECT_DOWNGRADE }, { e->asserts, EFFECT_ASSERT },
	};
	struct verb v = verb_of(at, verbs, 4, "takes, releases, downgrades, asserts");
	struct effect f = effect_new(v.kind, v.what, e);

	if (v.kind != EFFECT_TAKE && (e->try || e->nested || e->counting || e->nested_arg || e->owner_arg))
		die_at(at, "try, nested, nested_arg, owner_arg and counting go with takes only");
	if (e->recursive && v.kind != EFFECT_TAKE && v.kind != EFFECT_RELEASE)
		die_at(at, "recursive goes with takes and releases only");
	if (e->sure_unowned && !e->owner_arg)
		die_at(at, "sure_unowned needs owner_arg");
	f.try = e->try != 0;
	f.nested = e->nested != 0;
	f.recursive = e->recursive != 0;
	f.sure_unowned = e->sure_unowned != 0;
	f.counting = e->counting != 0;
	f.nested_arg = number_or(e->nested_arg, -1);
	f.owner_arg = number_or(e->owner_arg, -1);
	add_effect(b, at, func_of(b, at, e), &f);
}

static void add_reference(struct builder *b, struct mark at, const struct entry *e)
{
	const struct verb verbs[] = {
		{ e->gets, EFFECT_GET }, { e->puts, EFFECT_PUT },
		{ e->finds, EFFECT_FIND }, { e->owns, EFFECT_OWN }, { e->leaves, EFFECT_LEAVE },
	};
	struct verb v = verb_of(at, verbs, 5, "gets, puts, finds, owns, leaves");
	struct effect f = effect_new(v.kind, v.what, e);

	if (v.kind != EFFECT_FIND && !e->arg)
		die_at(at, "missing key arg; expected the number of the argument that is the object");
	if (e->drops && v.kind != EFFECT_FIND && v.kind != EFFECT_GET)
		die_at(at, "drops goes with finds and gets only");
	f.null_ok = e->null_ok != 0;
	f.counting = e->counting && v.kind != EFFECT_FIND;
	f.lasting = e->counting && v.kind == EFFECT_FIND;
	if (v.kind == EFFECT_FIND && (!e->arg || *e->arg == MODEL_RET)) {
		f.arg = MODEL_RET;
		f.when = WHEN_VALID;
	}
	f.from_arg = number_or(e->drops, -1);
	add_effect(b, at, func_of(b, at, e), &f);
}

/* "struct.field" into its two names. */
static void split_field(struct mark at, const char *s, const char **name, const char **field)
{
	const char *dot = strchr(s, '.');

	if (!dot || dot == s || !dot[1])
		die("%s:%d:%d: '%s' is no field; expected struct.field, as device.mutex", at.path, at.line,
		    at.col, s);
	*name = intern_n(s, (size_t)(dot - s));
	*field = intern(dot + 1);
}

static void add_iterator(struct builder *b, struct mark at, const struct entry *e)
{
	static const enum effect_kind kinds[] = { EFFECT_ITERATE, EFFECT_MATCH, EFFECT_CALL };
	struct effect f = effect_new(kinds[e->how], NULL, e);
	struct model_func *func = func_of(b, at, e);

	if (e->how != HOW_ONCE && (!e->element || !e->element_param))
		die_at(at, "missing key element or element_param; expected what the callback is given");
	if (e->finds && e->how != HOW_MATCH)
		die_at(at, "finds goes with how: match only");
	f.callback = *e->callback;
	f.data = number_or(e->data, -1);
	f.element_param = number_or(e->element_param, -1);
	f.data_param = number_or(e->data_param, -1);
	f.stops = e->stops != 0 || e->how == HOW_MATCH;
	f.element = intern(e->element);
	f.keeps = intern(e->keeps);
	f.say = intern(e->say);
	f.set = number_or(e->set, -1);
	if (!e->set != !e->member)
		die_at(at, "set and member go together");
	if (e->member)
		split_field(at, e->member, &f.member_struct, &f.member_field);
	add_effect(b, at, func, &f);
	if (!e->finds)
		return;
	f = effect_new(EFFECT_FIND, e->finds, e);
	f.arg = MODEL_RET;
	f.when = WHEN_VALID;
	add_effect(b, at, func, &f);
}

/* Room for one more element in an array of n elements of that size, of which *cap fit. */
static void *grow(struct arena *a, void *old, int n, int *cap, size_t size)
{
	void *p;

	if (n < *cap)
		return old;
	*cap = *cap ? *cap * 2 : 16;
	p = arena_alloc(a, (size_t)*cap * size);
	if (n)
		memcpy(p, old, (size_t)n * size);
	return p;
}

static void add_hint(struct builder *b, const struct entry *e)
{
	struct model *m = b->model;
	struct model_hint hint = {
		.kind = (enum effect_kind)e->does, .function = intern(e->function),
		.arg = number_or(e->does == EFFECT_SETUP ? e->callback : e->arg, MODEL_NONE),
		.lock_kind = intern(e->kind), .lock_class = intern(e->field),
	};

	m->hints = grow(b->arena, m->hints, m->nhint, &b->hint_cap, sizeof(hint));
	m->hints[m->nhint++] = hint;
}

static void add_function(struct builder *b, struct mark at, const struct entry *e)
{
	struct effect f = effect_new((enum effect_kind)e->does, NULL, e);

	if ((f.kind == EFFECT_ERROR || f.kind == EFFECT_STORE || f.kind == EFFECT_FREE || f.kind == EFFECT_INIT ||
	     f.kind == EFFECT_KEEP || f.kind == EFFECT_MANAGE || f.kind == EFFECT_ENLIST || f.kind == EFFECT_DELIST) && !e->arg)
		die_at(at, "missing key arg; expected the number of the argument that is meant");
	if (e->bits && (f.kind != EFFECT_SLEEP || !e->arg || *e->bits <= 0))
		die_at(at, "bits goes with does: sleep and an arg, and is a number above 0");
	f.bits = number_or(e->bits, 0);
	if (f.kind == EFFECT_ASK && !e->arg == !e->kind)
		die_at(at, "expected exactly one of: arg, kind");
	if (f.kind == EFFECT_ASSERTED && (!e->field || e->arg))
		die_at(at, "assert goes with field, the lock that callers hold, and no arg");
	if (f.kind == EFFECT_INIT || f.kind == EFFECT_ASK || f.kind == EFFECT_COMPLAIN || f.kind == EFFECT_ASSERTED ||
	    f.kind == EFFECT_ENLIST || f.kind == EFFECT_DELIST) {
		add_hint(b, e);
		return;
	}
	if (f.kind == EFFECT_SETUP && e->kind) {
		if (!e->callback || e->arg || e->field)
			die_at(at, "setup with kind goes with callback, and with no other key");
		add_hint(b, e);
		return;
	}
	if ((f.kind == EFFECT_WAIT || f.kind == EFFECT_SETUP) && (!e->arg || !e->field || !e->callback != (f.kind == EFFECT_WAIT)))
		die_at(at, "wait goes with arg and field, setup with arg, callback and field, or with callback and kind");
	f.callback = number_or(e->callback, -1);
	if (e->field)
		f.what = intern(e->field);
	if (f.kind == EFFECT_ALLOC || f.kind == EFFECT_ALLOC_MANAGED)
		f.arg = MODEL_RET;
	add_effect(b, at, func_of(b, at, e), &f);
}

/* The lock of a guard or a context: lock or lock_global, one of them. */
static void split_lock(struct mark at, const struct entry *e, const char **name,
		       const char **field, const char **global)
{
	if (!e->lock == !e->lock_global)
		die_at(at, "expected exactly one of: lock, lock_global");
	*name = *field = NULL;
	*global = intern(e->lock_global);
	if (e->lock)
		split_field(at, e->lock, name, field);
}

static void add_guard(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_guard g = { .is_list = e->list != 0 };

	split_field(at, e->field, &g.struct_name, &g.field);
	split_lock(at, e, &g.lock_struct, &g.lock_field, &g.lock_global);
	for (int i = 0; i < m->nguard; i++)
		if (m->guards[i].struct_name == g.struct_name && m->guards[i].field == g.field)
			die_at(at, "this field has a guard already; take one of them out");
	m->guards = grow(b->arena, m->guards, m->nguard, &b->guard_cap, sizeof(g));
	m->guards[m->nguard++] = g;
}

static void add_need(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_need n = { .keeper = intern(e->keeper), .say = intern(e->say) };

	split_field(at, e->field, &n.struct_name, &n.field);
	n.is_anyone = !strcmp(n.keeper, "anyone");
	for (int i = 0; i < m->nneed; i++)
		if (m->needs[i].struct_name == n.struct_name && m->needs[i].field == n.field)
			die_at(at, "what this field needs was said before; take one of them out");
	m->needs = grow(b->arena, m->needs, m->nneed, &b->need_cap, sizeof(n));
	m->needs[m->nneed++] = n;
}

static void add_context(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_context c = {
		.param = *e->param, .kind = intern(e->kind ? e->kind : "mutex"),
		.is_shared = e->mode == LOCK_SHARED, .on = intern(e->on), .unbinds = e->unbinds != 0,
	};

	split_field(at, e->slot, &c.struct_name, &c.field);
	if (e->in)
		split_field(at, e->in, &c.in_struct, &c.in_field);
	split_lock(at, e, &c.lock_struct, &c.lock_field, &c.lock_global);
	for (int i = 0; i < m->ncontext; i++) {
		const struct model_context *old = &m->contexts[i];

		if (old->struct_name == c.struct_name && old->field == c.field && old->param == c.param &&
		    old->lock_struct == c.lock_struct && old->lock_field == c.lock_field &&
		    old->lock_global == c.lock_global)
			die_at(at, "the same context was given before; take one of them out");
	}
	m->contexts = grow(b->arena, m->contexts, m->ncontext, &b->context_cap, sizeof(c));
	m->contexts[m->ncontext++] = c;
}

static void add_kind(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_kind k = { .name = intern(e->kind), .wait = (enum lock_wait)e->waits,
					.is_atomic = e->atomic != 0, .has_contexts = e->contexts != 0 };

	for (int i = 0; i < m->nkind; i++)
		if (m->kinds[i].name == k.name)
			die_at(at, "how one waits for this kind was said before; take one of them out");
	m->kinds = grow(b->arena, m->kinds, m->nkind, &b->kind_cap, sizeof(k));
	m->kinds[m->nkind++] = k;
}

static void add_owned(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_owned o;

	split_field(at, e->field, &o.struct_name, &o.field);
	for (int i = 0; i < m->nowned; i++)
		if (m->owned[i].struct_name == o.struct_name && m->owned[i].field == o.field)
			die_at(at, "this field was given before; take one of them out");
	m->owned = grow(b->arena, m->owned, m->nowned, &b->owned_cap, sizeof(o));
	m->owned[m->nowned++] = o;
}

static void add_name(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_name n = { .word = intern(e->word), .sense = (enum name_sense)e->says };

	for (int i = 0; i < m->nname; i++)
		if (m->names[i].word == n.word && m->names[i].sense == n.sense)
			die_at(at, "this word was given before; take one of them out");
	m->names = grow(b->arena, m->names, m->nname, &b->name_cap, sizeof(n));
	m->names[m->nname++] = n;
}

static void add_class(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_class c = { .name = intern(e->class) };

	if (!model_has_order(m, c.name))
		die_at(at, "this class was given before; take one of them out");
	m->classes = grow(b->arena, m->classes, m->nclass, &b->class_cap, sizeof(c));
	m->classes[m->nclass++] = c;
}

static void add_maker(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_maker k = {
		.function = intern(e->makes ? e->makes : e->uses), .is_use = e->uses, .arg = number_or(e->arg, -1), .with = *e->other,
	};

	if (!e->makes == !e->uses)
		die_at(at, "expected exactly one of: makes, uses");
	if (!e->uses != !e->arg)
		die_at(at, "uses goes with arg, the number of the argument that was made");
	split_field(at, e->compared, &k.struct_name, &k.field);
	if (model_find_maker(m, k.function))
		die_at(at, "this function was given before; take one of them out");
	m->makers = grow(b->arena, m->makers, m->nmaker, &b->maker_cap, sizeof(k));
	m->makers[m->nmaker++] = k;
}

static void add_field(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_field f = {
		.to = intern(e->to), .lock = intern(e->lock), .keeper = intern(e->keeper), .counts = intern(e->counts),
		.counter = intern(e->counter), .in = intern(e->in), .with = intern(e->with),
		.gone = intern(e->gone),
	};

	split_field(at, e->field, &f.struct_name, &f.field);
	if (f.keeper && strcmp(f.keeper, "owner") && strcmp(f.keeper, "forever"))
		die_at(at, "wrong value for 'keeper'; expected one of: owner, forever");
	for (int i = 0; i < m->nfield; i++)
		if (m->fields[i].struct_name == f.struct_name && m->fields[i].field == f.field)
			die_at(at, "this field was described before; take one of them out");
	m->fields = grow(b->arena, m->fields, m->nfield, &b->field_cap, sizeof(f));
	m->fields[m->nfield++] = f;
}

static void add_list(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_list l = {
		.back = intern(e->back), .lock = intern(e->lock), .counts = intern(e->counts),
	};

	split_field(at, e->head, &l.head_struct, &l.head);
	split_field(at, e->node, &l.node_struct, &l.node);
	m->lists = grow(b->arena, m->lists, m->nlist, &b->list_cap, sizeof(l));
	m->lists[m->nlist++] = l;
}

static void add_contract(struct builder *b, struct mark at, const struct entry *e)
{
	static const char *const effects[] = {"count", "get", "put", "link", "unlink", "init-list"};
	struct model *m = b->model;
	struct model_contract c = {
		.of = intern(e->of), .params = intern(e->params), .needs = intern(e->needs), .ensures = intern(e->ensures),
		.gives = intern(e->gives), .consumes = intern(e->consumes), .acquires = intern(e->acquires),
		.releases = intern(e->releases), .may_take = intern(e->may_take), .does = intern(e->effect),
		.file = intern(at.path), .line = at.line,
	};
	size_t i = 0;

	while (c.does && i < sizeof(effects) / sizeof(effects[0]) && strcmp(effects[i], c.does))
		i++;
	if (i == sizeof(effects) / sizeof(effects[0]))
		die_at(at, "wrong value for 'effect'; expected one of: count, get, put, link, unlink, init-list");
	for (int k = 0; k < m->ncontract; k++)
		if (m->contracts[k].of == c.of)
			die_at(at, "the same contract was given before; take one of them out");
	m->contracts = grow(b->arena, m->contracts, m->ncontract, &b->contract_cap, sizeof(c));
	m->contracts[m->ncontract++] = c;
}

static void add_ask(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_ask a = { .query = intern(e->query) };

	split_field(at, e->field, &a.struct_name, &a.field);
	for (int i = 0; i < m->nask; i++)
		if (m->asks[i].query == a.query && m->asks[i].struct_name == a.struct_name && m->asks[i].field == a.field)
			die_at(at, "this field was given before for this query; take one of them out");
	m->asks = grow(b->arena, m->asks, m->nask, &b->ask_cap, sizeof(a));
	m->asks[m->nask++] = a;
}

static void add_uncounted(struct builder *b, struct mark at, const struct entry *e)
{
	struct model *m = b->model;
	struct model_uncounted u = { .kind = intern(e->kind), .answer = e->where };

	if (!!e->by + !!e->where + !!e->where_not != 1)
		die_at(at, "expected exactly one of: by, where, where_not");
	if (e->by)
		split_field(at, e->by, &u.struct_name, &u.field);
	else
		u.asked = intern(e->where ? e->where : e->where_not);
	m->uncounted = grow(b->arena, m->uncounted, m->nuncounted, &b->uncounted_cap, sizeof(u));
	m->uncounted[m->nuncounted++] = u;
}

void model_add_entry(struct builder *b, enum section section, struct mark at, const struct entry *e)
{
	static void (*const add[SECTIONS])(struct builder *, struct mark, const struct entry *) = {
		[LOCKS] = add_lock, [REFERENCES] = add_reference, [ITERATORS] = add_iterator,
		[FUNCTIONS] = add_function, [GUARDS] = add_guard, [NEEDS] = add_need,
		[CONTEXTS] = add_context, [KINDS] = add_kind, [OWNED] = add_owned, [NAMES] = add_name, [CLASSES] = add_class,
		[MAKERS] = add_maker, [ASKS] = add_ask, [FIELDS] = add_field, [LISTS] = add_list, [CONTRACTS] = add_contract,
		[UNCOUNTED] = add_uncounted,
	};

	check_numbers(at, e);
	add[section](b, at, e);
}

/* The table of all functions that something is said of; of each the hints in their order. */
static void make_spots(struct builder *b)
{
	struct model *m = b->model;

	if (!m->nfunc && !m->nhint)
		return;
	for (m->nspot = 16; m->nspot < (size_t)(m->nfunc + m->nhint) * 2;)
		m->nspot *= 2;
	m->spots = ARENA_ARRAY(b->arena, struct model_spot, m->nspot);
	for (int i = 0; i < m->nfunc; i++) {
		struct model_spot *spot = model_spot(m, m->funcs[i]->name);

		spot->name = m->funcs[i]->name;
		spot->func = m->funcs[i];
	}
	for (int i = m->nhint - 1; i >= 0; i--) {
		struct model_spot *spot = model_spot(m, m->hints[i].function);

		spot->name = m->hints[i].function;
		m->hints[i].next = spot->hint;
		spot->hint = &m->hints[i];
	}
}

void model_finish(struct builder *b)
{
	struct model *m = b->model;

	map_sort(&b->functions);
	m->nfunc = (int)b->functions.n;
	m->funcs = ARENA_ARRAY(b->arena, struct model_func *, m->nfunc);
	for (int i = 0; i < m->nfunc; i++)
		m->funcs[i] = b->functions.entries[i].value;
	make_spots(b);
}
