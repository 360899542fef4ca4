// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orders of locks that contradict each other. Entry: order_check().
 *
 * Only classes that lie on a cycle are looked at: edges between them that no feasible way shows are taken out, until
 * none is left to take out. Of what remains each pair of opposite edges is a finding, and for classes without one the
 * shortest cycle through them, if a way can be chosen for each of its edges so that they can meet: not when all
 * begin under one lock of another class, nor when a lock is only read in both places and readers do not wait.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "infer/held_entry.h"
#include "infer/order.h"
#include "infer/simulate.h"

#define MAX_WAYS 6
#define MAX_CYCLES 400
#define SHORT_WAY 4		/* calls that are believed without doubt */
#define MOST_STEPS 10		/* of all ways of a cycle */
#define MOST_TOLD (ORDER_LENGTH * (ORDER_STEPS + 2))

/* ------------------------------------------------------------------ what lies on cycles */

static bool is_followed(const struct order *o, size_t a, size_t b)
{
	return a != b && order_has_edge(o, a, b);
}

static void drop_edge(struct order *o, size_t a, size_t b)
{
	o->edges[a * o->words + b / 64] &= ~(1ULL << b % 64);
}

static void find_components(const struct order *o, int *component)
{
	struct arena scratch;
	uint32_t *first, *to;
	size_t n = 0, count = 0;
	struct graph g;

	arena_init(&scratch);
	for (size_t w = 0; w < o->nclass * o->words; w++)
		count += (size_t)__builtin_popcountll(o->edges[w]);
	first = ARENA_ARRAY(&scratch, uint32_t, o->nclass + 1);
	to = ARENA_ARRAY(&scratch, uint32_t, count);
	for (size_t a = 0; a < o->nclass; a++) {
		for (size_t b = 0; b < o->nclass; b++)
			if (is_followed(o, a, b))
				to[n++] = (uint32_t)b;
		first[a + 1] = (uint32_t)n;
	}
	g = (struct graph){o->nclass, first, to};
	scc_find(&g, component, NULL);
	arena_release(&scratch);
}

/* Take out edges on cycles that nothing shows; each is looked at once. True when there were any. */
static bool prune(struct order *o, const int *component, uint64_t *shown)
{
	struct order_way w;
	bool any = false;

	for (size_t a = 0; a < o->nclass; a++)
		for (size_t b = 0; b < o->nclass; b++) {
			uint64_t *seen = &shown[a * o->words + b / 64], bit = 1ULL << b % 64;

			if (component[a] != component[b] || !is_followed(o, a, b) || *seen & bit)
				continue;
			*seen |= bit;
			if (order_ways(o, a, b, &w, 1))
				continue;
			drop_edge(o, a, b);
			any = true;
		}
	return any;
}

/* ------------------------------------------------------------------ can the ways meet? */

static bool holds(const struct held_note *n, const char *class_name)
{
	for (int i = 0; n && i < n->nlock; i++)
		if (!n->locks[i].is_released && !n->locks[i].is_shared && n->locks[i].class_name == class_name)
			return true;
	return false;
}

static bool is_in(const struct order *o, const struct order_cycle *c, const char *class_name)
{
	for (int i = 0; i < c->n; i++)
		if (o->classes[c->classes[i]] == class_name)
			return true;
	return false;
}

static bool holds_on_entry(const struct order *o, const struct order_way *w, const char *class_name)
{
	const struct held_entry *e = &o->entries[w->first->index];

	for (int i = 0; i < e->n; i++)
		if (!e->locks[i].is_shared && e->locks[i].class_name == class_name)
			return true;
	return false;
}

/* Is a lock of another class held in both before the last lock is taken? */
static bool has_outer(const struct order *o, const struct order_cycle *c, const struct order_way *x, const struct order_way *y)
{
	for (int i = 0; i < o->entries[x->first->index].n; i++) {
		const struct held_entry_lock *l = &o->entries[x->first->index].locks[i];

		if (l->is_shared || is_in(o, c, l->class_name))
			continue;
		if (holds_on_entry(o, y, l->class_name))
			return true;
		for (int j = 0; j < y->n; j++)
			if (holds(y->steps[j].note, l->class_name))
				return true;
	}
	for (int i = 0; i < x->n; i++)
		for (int k = 0; x->steps[i].note && k < x->steps[i].note->nlock; k++) {
			const struct held_lock *l = &x->steps[i].note->locks[k];

			if (l->is_released || l->is_shared || is_in(o, c, l->class_name))
				continue;
			if (holds_on_entry(o, y, l->class_name))
				return true;
			for (int j = 0; j < y->n; j++)
				if (holds(y->steps[j].note, l->class_name))
					return true;
		}
	return false;
}

/* Nobody waits for readers where only readers meet, but for those of a lock that keeps new readers out for a writer. */
static bool only_reads(const struct order *o, const struct order_cycle *c, int i)
{
	return order_needs_writer(c, i) && model_wait(o->an->options->model, c->ways[i].held->kind) != WAIT_ASLEEP;
}

static bool can_meet(const struct order *o, const struct order_cycle *c)
{
	for (int i = 0; i < c->n; i++) {
		if (only_reads(o, c, i) || order_are_namesakes(o, c, i))
			return false;
		for (int k = 0; k < i; k++)
			if (has_outer(o, c, &c->ways[i], &c->ways[k]))
				return false;
	}
	return true;
}

/* Long ways prove little, and those through tables of functions; and many of them in a circle nothing. */
static bool is_believed(const struct order_cycle *c)
{
	int nfield = 0, longest = 0, all = 0;

	for (int i = 0; i < c->n; i++) {
		nfield += c->ways[i].nfield;
		all += c->ways[i].n;
		longest = c->ways[i].n > longest ? c->ways[i].n : longest;
	}
	return nfield <= 1 && all <= MOST_STEPS && longest <= (c->n > 2 ? SHORT_WAY : ORDER_STEPS);
}

/* The ways of each edge to choose from. */
struct choice {
	const struct order *o;
	bool guesses;		/* those that are guesses count */
	int n[ORDER_LENGTH];
	struct order_way ways[ORDER_LENGTH][MAX_WAYS];
};

/* Choose a way for each edge from the i-th on. */
static bool choose(const struct choice *h, struct order_cycle *c, int i)
{
	if (i == c->n || i == ORDER_LENGTH)
		return is_believed(c) && can_meet(h->o, c) && (h->guesses || !order_is_guess(h->o, c));
	for (int k = 0; k < h->n[i]; k++) {
		c->ways[i] = h->ways[i][k];
		if (choose(h, c, i + 1))
			return true;
	}
	return false;
}

/* Find ways that can meet, and are no guess if there are such. */
static bool settle(struct order *o, struct order_cycle *c, bool *is_guess)
{
	struct choice h = {.o = o};

	for (int i = 0; i < c->n; i++)
		h.n[i] = order_ways(o, c->classes[i], c->classes[(i + 1) % c->n], h.ways[i], MAX_WAYS);
	*is_guess = false;
	if (choose(&h, c, 0))
		return true;
	*is_guess = h.guesses = true;
	return choose(&h, c, 0);
}

/* ------------------------------------------------------------------ facts */

struct story {
	struct arena *arena;
	struct step *items;
	int n, depth;
	char label;
	const char *locks;
};

static void tell(struct story *s, enum step_kind kind, struct place at, const char *func, const char *text)
{
	s->items[s->n++] = (struct step){
		.kind = kind, .depth = s->depth, .at = at, .func = func, .text = arena_printf(s->arena, "[%c] %s", s->label, text),
		.locks = s->locks, .borrows = "", .refs = "",
	};
}

static struct place place_of(const struct func *fn)
{
	return (struct place){fn->file, fn->line, 0, fn};
}

static const char *name_of(const struct order *o, size_t c)
{
	return flow_plain_name(o->classes[c]);
}

static const char *in_words(const struct order *o, size_t c)
{
	return o->is_wait[c] ? arena_printf(o->an->arena, "the end of %s", name_of(o, c)) : name_of(o, c);
}

static void tell_way(struct story *s, const struct order *o, const struct order_way *w, size_t from, size_t to)
{
	const struct order_step *last = &w->steps[w->n - 1];

	s->depth = 0;
	s->locks = o->is_wait[from] ? "" : name_of(o, from);
	if (w->held)
		tell(s, STEP_LOCK, w->held->at, w->first->fn->name,
		     arena_printf(s->arena, "takes %s%s", name_of(o, from), w->held->is_shared ? " (shared)" : ""));
	else
		tell(s, STEP_ENTER, place_of(w->first->fn), w->first->fn->name,
		     arena_printf(s->arena, o->is_wait[from] ? "%s() runs for %s, whose end is waited for"
							     : "%s() is called with %s held",
				  w->first->fn->name, name_of(o, from)));
	for (int i = 0; i < w->n - 1; i++, s->depth++) {
		const struct held_note *n = w->steps[i].note;
		const char *callee = w->steps[i + 1].node->fn->name;

		tell(s, STEP_CALL, n->at, w->steps[i].node->fn->name,
		     n->kind == HELD_FIELD ? arena_printf(s->arena, "calls %s() through %s", callee, n->name)
					   : arena_printf(s->arena, "calls %s()", callee));
	}
	tell(s, STEP_FAULT, last->note->at, last->node->fn->name,
	     o->is_wait[to] ? arena_printf(s->arena, "waits for %s", in_words(o, to))
			    : arena_printf(s->arena, "takes %s%s", name_of(o, to), last->note->is_shared ? " (shared)" : ""));
}

/* Who waits between readers. */
static void tell_writer(struct story *s, const struct order *o, size_t class)
{
	struct order_step w = order_writer(o, class);

	s->label++;
	s->depth = 0;
	s->locks = "";
	if (w.node)
		tell(s, STEP_FAULT, w.note->at, w.node->fn->name,
		     arena_printf(s->arena, "waits to take %s for itself: no new reader gets it meanwhile", name_of(o, class)));
}

/* "a.lock, b.lock" */
static const char *list_classes(const struct order *o, const struct order_cycle *c, const char *between)
{
	struct text t;
	const char *s;

	text_init(&t);
	for (int i = 0; i < c->n; i++)
		text_printf(&t, "%s%s", i ? between : "", name_of(o, c->classes[i]));
	s = arena_strdup(o->an->arena, text_str(&t));
	text_release(&t);
	return s;
}

/* "f() takes b.lock with a.lock held" for each. */
static const char *say_ways(const struct order *o, const struct order_cycle *c)
{
	struct text t;
	const char *s;

	text_init(&t);
	for (int i = 0; i < c->n; i++) {
		size_t from = c->classes[i], to = c->classes[(i + 1) % c->n];

		text_printf(&t, "%s%s() ", i ? i == c->n - 1 ? ", and " : ", " : "", c->ways[i].first->fn->name);
		if (o->is_wait[to])
			text_printf(&t, "waits for %s with %s held", in_words(o, to), name_of(o, from));
		else if (o->is_wait[from])
			text_printf(&t, "takes %s before %s has ended", name_of(o, to), name_of(o, from));
		else
			text_printf(&t, "takes %s with %s held", name_of(o, to), name_of(o, from));
	}
	for (int i = 0; i < c->n; i++) {
		struct order_step w = order_needs_writer(c, i) ? order_writer(o, c->classes[i]) : (struct order_step){0};

		if (w.node)
			text_printf(&t, ", while %s() waits to write %s", w.node->fn->name, name_of(o, c->classes[i]));
	}
	s = arena_strdup(o->an->arena, text_str(&t));
	text_release(&t);
	return s;
}

/* What one may well argue about: code that runs once, tables of functions, long ways, readers that meet. */
static bool is_doubted(const struct order_cycle *c)
{
	for (int i = 0; i < c->n; i++) {
		const struct order_way *w = &c->ways[i], *before = &c->ways[(i + c->n - 1) % c->n];

		if (w->is_init || w->nfield || w->n > SHORT_WAY ||
		    (w->held && w->held->is_shared && before->steps[before->n - 1].note->is_shared))
			return true;
	}
	return false;
}

static void report(struct order *o, const struct order_cycle *c, bool is_guess)
{
	struct analysis *an = o->an;
	struct story s = {.arena = an->arena, .items = ARENA_ARRAY(an->arena, struct step, MOST_TOLD)};
	struct fact *f = ARENA_NEW(an->arena, struct fact);
	const struct order_way *w = &c->ways[0], *back = &c->ways[c->n - 1];
	bool waits = false;

	for (int i = 0; i < c->n; i++) {
		s.label = (char)('A' + i);
		tell_way(&s, o, &c->ways[i], c->classes[i], c->classes[(i + 1) % c->n]);
		waits |= o->is_wait[c->classes[i]];
	}
	for (int i = 0; i < c->n; i++)
		if (order_needs_writer(c, i))
			tell_writer(&s, o, c->classes[i]);
	*f = (struct fact){
		.kind = waits && c->n == 2 ? FACT_WAIT_DEADLOCK : FACT_LOCK_ORDER, .fn = w->first->fn, .unit = w->first->unit,
		.at = w->steps[0].note ? w->steps[0].note->at : w->held->at, .object = list_classes(o, c, " and "),
		.class = list_classes(o, c, ", "), .kind_name = "", .function = back->first->fn->name, .say = say_ways(o, c),
		.origin = back->steps[0].note ? back->steps[0].note->at : place_of(back->first->fn),
		.is_inferred = is_guess, .is_warned = is_doubted(c), .nstep = s.n, .steps = s.items,
	};
	explain_add(an, f);
}

/* ------------------------------------------------------------------ cycles */

static bool try_cycle(struct order *o, struct order_cycle *c)
{
	bool is_guess;

	/* It begins with a lock that is held, if there are waits. */
	for (int i = 0; i < c->n && o->is_wait[c->classes[0]]; i++) {
		size_t first = c->classes[0];

		memmove(c->classes, c->classes + 1, sizeof(*c->classes) * (size_t)(c->n - 1));
		c->classes[c->n - 1] = first;
	}
	if (o->is_wait[c->classes[0]])
		return false;
	if (!settle(o, c, &is_guess)) {
		o->an->result->unsure[UNSURE_ORDER]++;
		return false;
	}
	report(o, c, is_guess);
	return true;
}

/* The shortest cycle from start on, within its component. */
static bool find_shortest(const struct order *o, const int *component, size_t start, struct order_cycle *c)
{
	struct arena scratch;
	uint32_t *queue, *from, *depth;
	size_t head = 0, tail = 0, end = 0;
	bool found = false;

	arena_init(&scratch);
	queue = ARENA_ARRAY(&scratch, uint32_t, o->nclass);
	from = ARENA_ARRAY(&scratch, uint32_t, o->nclass);
	depth = ARENA_ARRAY(&scratch, uint32_t, o->nclass);
	queue[tail++] = (uint32_t)start;
	depth[start] = 1;
	while (head < tail && !found) {
		size_t a = queue[head++];

		for (size_t b = 0; b < o->nclass && !found; b++) {
			if (component[b] != component[start] || !is_followed(o, a, b))
				continue;
			found = b == start;
			end = a;
			if (depth[b] || depth[a] == ORDER_LENGTH)
				continue;
			depth[b] = depth[a] + 1;
			from[b] = (uint32_t)a;
			queue[tail++] = (uint32_t)b;
		}
	}
	c->n = found ? (int)depth[end] : 0;
	for (int i = c->n; i-- > 0; end = from[end])
		c->classes[i] = end;
	arena_release(&scratch);
	return found;
}

static void report_cycles(struct order *o, const int *component)
{
	bool *told = ARENA_ARRAY(o->arena, bool, o->nclass);
	int n = 0;

	for (size_t a = 0; a < o->nclass; a++)
		for (size_t b = a + 1; b < o->nclass && n < MAX_CYCLES; b++) {
			struct order_cycle c = {.n = 2, .classes = {a, b}};

			if (!is_followed(o, a, b) || !is_followed(o, b, a))
				continue;
			told[a] = told[b] = true;
			n += try_cycle(o, &c);
		}
	for (size_t a = 0; a < o->nclass && n < MAX_CYCLES; a++) {
		struct order_cycle c;

		if (told[a] || !find_shortest(o, component, a, &c))
			continue;
		for (int i = 0; i < c.n; i++)
			told[c.classes[i]] = true;
		n += try_cycle(o, &c);
	}
}

void order_check(struct order *o)
{
	int *component = ARENA_ARRAY(o->arena, int, o->nclass);
	uint64_t *shown = ARENA_ARRAY(o->arena, uint64_t, o->nclass * o->words);

	do
		find_components(o, component);
	while (prune(o, component, shown));
	o->is_careful = true;
	o->callers = graph_turn(&o->g->graph, o->arena);
	report_cycles(o, component);
}

void order_print(struct text *out, struct order *o)
{
	struct order_way w;

	text_puts(out, "digraph lock_order {\n");
	for (size_t a = 0; a < o->nclass; a++)
		for (size_t b = 0; b < o->nclass; b++)
			if (is_followed(o, a, b) && order_ways(o, a, b, &w, 1))
				text_printf(out, "\t\"%s\" -> \"%s\" [label=\"%s\"%s];\n", o->classes[a], o->classes[b],
					    w.first->fn->name, o->is_wait[a] || o->is_wait[b] ? ", style=dashed" : "");
	text_puts(out, "}\n");
}
