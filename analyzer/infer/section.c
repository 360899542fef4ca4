// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read sections: RCU and its kin, locks that nobody waits for. What is read in one from where others may replace it
 * is kept until the outermost section ends (struct loan, then struct dead). Entry points: section_read() for pointers
 * read from memory, section_lend() for what functions give, section_end(); section_settle() when all is known.
 *
 * Models say which functions give such pointers, and with another lock held it is taken to be that lock which keeps
 * what they give, or a read section that goes on after the unlock. What is counted meanwhile, written to under a lock or
 * taken out of where it was found, is claimed, and stays (section_keep(), section_take_out()). A pointer read as one that
 * may change meanwhile (READ_ONCE(), which is what rcu_dereference() is made of), in a read section and with no other
 * lock held, is concluded to be one. Reading it again later, by other means, says that something else keeps it.
 */
#include "base/arena.h"
#include "infer/explain.h"

#define MOST_MISLED 2	/* functions that use what one lookup gave them after its section */

static bool is_section(const struct sim *sim, const struct held *h)
{
	return model_wait(sim->an->options->model, h->kind) == WAIT_NEVER;
}

static bool is_held(const struct held *h)
{
	return h->state == LOCK_HELD || h->state == LOCK_ASSERTED;
}

bool section_holds(const struct sim *sim, const struct state *st)
{
	for (int i = 0; st->locks && i < st->locks->n; i++)
		if (is_held(&st->locks->items[i]) && is_section(sim, &st->locks->items[i]))
			return true;
	return false;
}

/* Another lock, which may well be what keeps it. */
static bool holds_other(const struct sim *sim, const struct state *st)
{
	for (int i = 0; st->locks && i < st->locks->n; i++)
		if (is_held(&st->locks->items[i]) && !is_section(sim, &st->locks->items[i]))
			return true;
	return false;
}

/* The lock, no read section, that this path took last; NULL if there is one of our callers'. */
static const struct sym *last_lock(const struct sim *sim, const struct state *st)
{
	const struct sym *last = NULL;

	for (int i = 0; st->locks && i < st->locks->n; i++) {
		const struct held *h = &st->locks->items[i];

		if (!is_held(h) || is_section(sim, h))
			continue;
		if (h->state == LOCK_ASSERTED || h->is_vague)
			return NULL;
		last = h->lock;
	}
	return last;
}

/*
 * Something was written to the object on this path, or what it points to was counted: who claims what was found under a
 * lock does so. Readers cannot.
 */
static bool is_claimed(const struct state *st, const struct sym *root)
{
	for (int i = 0; i < st->ncell; i++)
		if (sym_object(st->cells[i].addr) == root)
			return true;
	for (int i = 0; st->refs && i < st->refs->n; i++) {
		const struct sym *object = sym_object(st->refs->items[i].object);

		if (st->refs->items[i].count > 0 && object->kind == SYM_LOAD && sym_object(object->a) == root)
			return true;
	}
	return false;
}

static const struct dead *find_ended(const struct state *st, const struct sym *root)
{
	for (int i = 0; st->dead && i < st->dead->n; i++)
		if (st->dead->items[i].by_section && st->dead->items[i].root == root)
			return &st->dead->items[i];
	return NULL;
}

void section_lend(struct sim *sim, struct state *st, const struct sym *value, enum lent lent)
{
	struct loan l = {.root = sym_object(value), .lent = lent};
	const struct dead *ended = find_ended(st, l.root);

	if (ended)
		state_drop_dead(&sim->pool, st, ended);
	/* What a task has of its own, nobody takes from it. */
	if (lent == LENT_NOT || (l.root->kind != SYM_LOAD && l.root->kind != SYM_NEW) || l.root->is_set ||
	    sym_is_machine(sym_root(l.root)))
		return;
	if (holds_other(sim, st)) {
		l.lock = lent >= LENT_LIKELY ? last_lock(sim, st) : NULL;
		if (!l.lock)
			return;
	}
	state_add_loan(&sim->pool, st, &l);
}

static const struct loan *find_loan(const struct state *st, const struct sym *root)
{
	for (int i = 0; st->loans && i < st->loans->n; i++)
		if (st->loans->items[i].root == root)
			return &st->loans->items[i];
	return NULL;
}

void section_keep(struct sim *sim, struct state *st, const struct sym *pointer)
{
	const struct sym *object = sym_object(pointer), *holder = object->kind == SYM_LOAD ? sym_object(object->a) : NULL;
	const struct loan *l = holder ? find_loan(st, holder) : NULL;

	state_drop_loan(&sim->pool, st, object);
	if (l && l->lock)	/* of who counts under that lock what it points to, as in is_claimed() */
		state_drop_loan(&sim->pool, st, holder);
}

void section_read(struct sim *sim, struct state *st, const struct sym *value, const struct insn *load)
{
	section_lend(sim, st, value, load->is_volatile ? LENT_INFERRED : LENT_NOT);
}

/* The locks held now that may go on keeping things: those that are no read sections. */
static const struct lock_set *keepers(struct sim *sim, const struct state *st)
{
	return holds_other(sim, st) ? st->locks : NULL;
}

void section_take_out(struct sim *sim, struct state *st)
{
	for (int i = 0; st->loans && i < st->loans->n; i++)
		if (st->loans->items[i].lock) {
			state_drop_loan(&sim->pool, st, st->loans->items[i].root);
			i = -1;
		}
}

/* The lock is released that may have kept it, and the read section goes on that it was found in. */
static void lend_on(struct sim *sim, struct state *st, struct loan l)
{
	l.lock = NULL;
	l.lent = LENT_INFERRED;
	state_drop_loan(&sim->pool, st, l.root);
	state_add_loan(&sim->pool, st, &l);
}

void section_end(struct sim *sim, struct state *st, const struct sym *lock, const char *kind, const struct trace *step)
{
	bool is_read = model_wait(sim->an->options->model, kind) == WAIT_NEVER;
	const struct loan_set *loans = st->loans;

	if (is_read && section_holds(sim, st))
		return;
	for (int i = 0; loans && i < loans->n; i++) {
		struct dead d = {
			.root = loans->items[i].root, .by_section = true, .function = step->callee, .lock = lock,
			.kind = kind, .spanned = keepers(sim, st), .began = step->at,
			.lent = is_read ? loans->items[i].lent : LENT_INFERRED,
		};

		if (is_read ? loans->items[i].lock != NULL : loans->items[i].lock != lock)
			continue;
		if (!is_read && section_holds(sim, st)) {
			lend_on(sim, st, loans->items[i]);
			continue;
		}
		state_drop_loan(&sim->pool, st, d.root);
		if ((is_read || !is_claimed(st, d.root)) && state_mask(st, d.root) & MASK_VALID)
			state_add_dead(&sim->pool, st, &d);
	}
}

/* Was there a read section on the path, of its own? */
static bool had_section(const struct sim *sim, const struct state *st)
{
	for (int i = 0; st->locks && i < st->locks->n; i++)
		if (is_section(sim, &st->locks->items[i]))
			return true;
	return false;
}

/* An object that was there before is returned, and no read section was needed to come by it. */
static bool gives_without(const struct sim *sim, const struct state *st)
{
	const struct sym *root = st->ret ? sym_root(st->ret) : NULL;

	if (!root || had_section(sim, st) || state_mask(st, st->ret) & ~(unsigned)MASK_VALID || state_find_ref(st, st->ret))
		return false;
	return sym_object(st->ret)->kind == SYM_LOAD || (root->kind == SYM_NEW && root->site < 0);
}

/*
 * Some paths return what they have found in a read section, and others, without one, an object of that sort: the
 * section is for what the lookup walks over, and something else keeps the object.
 */
void section_doubt(struct sim *sim)
{
	bool without = false;

	for (const struct state *st = sim->exits; st && !without; st = st->next)
		without = gives_without(sim, st);
	for (struct state *st = sim->exits; st && without; st = st->next) {
		const struct dead *d = st->ret ? find_ended(st, sym_object(st->ret)) : NULL;

		if (!d)
			continue;
		unsure(sim->an, UNSURE_DOUBTFUL, st->at);
		state_drop_dead(&sim->pool, st, d);
	}
}

enum lent section_lent(const struct state *st, const struct sym *value)
{
	const struct loan *l = find_loan(st, sym_object(value));

	return l && !l->lock ? l->lent : LENT_NOT;
}

/* Where the callee that gave the object has ended its own section; no file: it was the function itself, or nobody. */
static struct place end_in_lookup(const struct fact *f)
{
	for (int i = 0; f->kind == FACT_USE_AFTER_SECTION && i < f->nstep; i++)
		if (f->steps[i].kind == STEP_UNLOCK)
			return f->steps[i].depth ? f->steps[i].at : (struct place){0};
	return (struct place){0};
}

/* How many functions use what a lookup gives whose section has ended there? */
static int count_misled(const struct infer_result *r, struct place end)
{
	const struct func *last = NULL;
	int n = 0;

	for (size_t i = 0; i < r->nfact; i++) {
		if (!is_same_place(end_in_lookup(r->facts[i]), end) || r->facts[i]->fn == last)
			continue;
		last = r->facts[i]->fn;
		n++;
	}
	return n;
}

void section_settle(struct analysis *an)
{
	const struct infer_result *r = an->result;

	for (size_t i = 0; i < r->nfact; i++) {
		struct place end = end_in_lookup(r->facts[i]);
		struct fact *f;

		if (!end.file || r->facts[i]->is_inferred || count_misled(r, end) <= MOST_MISLED)
			continue;
		f = arena_copy(an->arena, r->facts[i], sizeof(*f));
		f->is_inferred = true;
		f->say = "in doubt: others use it so, too, and may know what keeps it";
		r->facts[i] = f;
	}
}
