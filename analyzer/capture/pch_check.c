// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recording and checking precompiled headers; pch_check.h has the idea.
 *
 * Both are walks that look at each name where it is mentioned, and through macros at the names in their bodies.
 * In the header's files the recorded state is compared. In the unit's other files the state to compare with
 * is the one after the header, because the header comes first. A macro that the unit defines itself before
 * all of the header was read must not be mentioned by what is left of it.
 *
 * One kind of macro may differ: a format prefix, such as kernel messages are built with, which only changes
 * what strings hold, if the header does no more than give it a default.
 */
#include "capture/pch_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"

struct frame {
	struct pch_node *node;	/* NULL: a file that is not of the header */
	int at;			/* of the node's mentions, the next */
	bool open;		/* inside a declaration */
	/* when recording: what the node gets in the end */
	struct pch_mention *mentions;
	size_t nmention, mention_room;
	pp_name *names;
	size_t nname, name_room;
};

struct looking {
	struct pch_record *record;	/* written to when recording */
	struct frame frames[256];
	int depth;
	uint32_t *seen, serial, room;	/* names met at this item */
	pp_name *queue;
	size_t nqueue, queue_room;
	uint8_t *own;			/* by name: 1: the unit defines it; 2: and it does not matter */
	int entered;			/* files of the header */
	int packs;			/* #pragma pack(push, ...) that are open */
	bool packed;			/* #pragma pack(N) outside of them */
	bool done;			/* all of it was read, and the unit may use it */
	const struct pp_file *blame;	/* the file of the header that it may not for; or NULL */
};

bool pch_can_hold(const struct pp_file *f)
{
	return f->guard || f->once;
}

/* --- names, and names behind them --- */

static void *grown(void *p, size_t old, size_t new, size_t size)
{
	void *more = p ? realloc(p, new * size) : calloc(new, size);

	if (!more)
		die("out of memory");
	if (p)
		memset((char *)more + old * size, 0, (new - old) * size);
	return more;
}

static void look_begin(struct looking *l, const struct pp *pp)
{
	if (l->room < pp->room) {
		l->seen = grown(l->seen, l->room, pp->room, sizeof(*l->seen));
		l->own = grown(l->own, l->room, pp->room, 1);
		l->room = pp->room;
	}
	l->serial++;
	l->nqueue = 0;
}

static void look_at(struct looking *l, pp_name name)
{
	if (l->seen[name] == l->serial)
		return;
	l->seen[name] = l->serial;
	if (l->nqueue == l->queue_room) {
		size_t room = l->queue_room ? 2 * l->queue_room : 4096;

		l->queue = grown(l->queue, l->queue_room, room, sizeof(*l->queue));
		l->queue_room = room;
	}
	l->queue[l->nqueue++] = name;
}

static void look_at_words(struct looking *l, const struct pp_token *tokens, int n)
{
	for (int i = 0; i < n; i++)
		if (tokens[i].kind == PP_WORD)
			look_at(l, tokens[i].name);
}

/* All names that item i mentions, into the queue. */
static void look(struct looking *l, const struct pp_walk *w, const struct pp_item *item)
{
	look_begin(l, w->pp);
	if (item->kind != PP_INCLUDE && item->kind != PP_INCLUDE_NEXT && item->name)
		look_at(l, item->name);
	if (item->kind == PP_IFDEF || item->kind == PP_IFNDEF || item->kind == PP_DEFINE ||
	    item->kind == PP_UNDEF)
		return;
	for (int i = 0; i < item->nname; i++)
		look_at(l, item->names[i]);
	look_at_words(l, item->tokens, item->ntoken);
	for (size_t i = 0; i < l->nqueue; i++) {
		const struct pp_macro *m = pp_macro(w, l->queue[i]);

		if (m)
			look_at_words(l, m->body, m->nbody);
	}
}

/* --- recording --- */

static uint32_t place_of(const struct pch_record *r, pp_name name)
{
	return name < r->nname ? r->place[name] : 0;
}

static void add_mention(struct frame *at, struct pch_mention m)
{
	if (at->nmention == at->mention_room) {
		at->mention_room = at->mention_room ? 2 * at->mention_room : 64;
		at->mentions = grown(at->mentions, at->nmention, at->mention_room, sizeof(m));
	}
	at->mentions[at->nmention++] = m;
}

static void add_name(struct frame *at, pp_name name)
{
	if (at->nname == at->name_room) {
		at->name_room = at->name_room ? 2 * at->name_room : 1024;
		at->names = grown(at->names, at->nname, at->name_room, sizeof(name));
	}
	at->names[at->nname++] = name;
}

static int by_name(const void *a, const void *b)
{
	pp_name x = *(const pp_name *)a, y = *(const pp_name *)b;

	return (x > y) - (x < y);
}

/* What the frame gathered, into its node. */
static void finish_node(struct pch_record *r, struct frame *at)
{
	struct pch_node *n = at->node;
	size_t kept = 0;

	if (at->nname)
		qsort(at->names, at->nname, sizeof(*at->names), by_name);
	for (size_t i = 0; i < at->nname; i++)
		if (!kept || at->names[kept - 1] != at->names[i])
			at->names[kept++] = at->names[i];
	n->nname = (int)kept;
	n->names = kept ? arena_copy(&r->arena, at->names, sizeof(*at->names) * kept) : NULL;
	n->nmention = (int)at->nmention;
	if (at->nmention)
		n->mentions = arena_copy(&r->arena, at->mentions, sizeof(*at->mentions) * at->nmention);
	free(at->names);
	free(at->mentions);
}

static struct pch_node *child_of(const struct pch_node *n, int item)
{
	for (int i = 0; i < n->nchild; i++)
		if (n->children[i].item == item)
			return n->children[i].node;
	return NULL;
}

static struct pch_node *add_child(struct pch_record *r, struct pch_node *n, int item)
{
	struct pch_child *more = ARENA_ARRAY(&r->arena, struct pch_child, n->nchild + 1);

	if (n->nchild)
		memcpy(more, n->children, sizeof(*more) * (size_t)n->nchild);
	n->children = more;
	more[n->nchild++] = (struct pch_child){ item, ARENA_NEW(&r->arena, struct pch_node) };
	return more[n->nchild - 1].node;
}

static bool push(struct looking *l, struct pch_node *n)
{
	if (l->depth == (int)(sizeof(l->frames) / sizeof(l->frames[0])))
		return false;
	l->frames[l->depth++] = (struct frame){ .node = n };
	return true;
}

static bool record_enter(struct pp_walk *w, struct pp_file *f, int item)
{
	struct looking *l = w->cookie;
	struct pch_record *r = l->record;
	struct pch_node *parent = l->depth ? l->frames[l->depth - 1].node : NULL, *n;

	if (l->depth > 1 && !pch_can_hold(f)) {
		n = add_child(r, parent, item);
	} else {
		n = ARENA_NEW(&r->arena, struct pch_node);
		if (f->index < r->nfile && l->depth && !r->nodes[f->index]) {
			r->nodes[f->index] = n;
			r->nmember++;
		} else if (l->depth) {
			return false;	/* twice, guard or not */
		}
	}
	n->file = f;
	return push(l, n);
}

static void record_leave(struct pp_walk *w, struct pp_file *f)
{
	struct looking *l = w->cookie;

	(void)f;
	finish_node(l->record, &l->frames[--l->depth]);
}

/* #ifndef X, #define X ..., #endif: X has a default, nothing else depends on it. */
static bool is_default(const struct pp_file *f, int i)
{
	pp_name name = f->items[i].name;
	int end = f->items[i].next, defines = 0;

	if (f->items[i].kind != PP_IFNDEF || f->items[end].kind != PP_ENDIF)
		return false;
	for (i++; i < end; i++) {
		const struct pp_item *item = &f->items[i];

		if (item->kind == PP_DEFINE && item->name == name)
			defines++;
		else if (item->kind != PP_TEXT || item->nname)
			return false;
	}
	return defines == 1;
}

/* Is item i the #define in such a default? */
static bool is_default_value(const struct pp_file *f, int i)
{
	int k = i - 1;

	while (k > 0 && f->items[k].kind == PP_TEXT && !f->items[k].nname)
		k--;
	return k >= 0 && f->items[i].kind == PP_DEFINE && is_default(f, k) &&
	       f->items[k].name == f->items[i].name;
}

static bool record_reach(struct pp_walk *w, struct pp_file *f, int i)
{
	struct looking *l = w->cookie;
	struct pch_record *r = l->record;
	struct frame *at = &l->frames[l->depth - 1];
	bool tests = f->items[i].kind != PP_TEXT && !is_default(f, i) && !is_default_value(f, i);

	if (f->items[i].kind == PP_INCLUDE_NEXT)
		return false;	/* it would lead elsewhere */
	look(l, w, &f->items[i]);
	for (size_t k = 0; k < l->nqueue; k++) {
		pp_name name = l->queue[k];

		add_name(at, name);
		if (tests && name < r->nname)
			r->tested[name] = 1;
		if (place_of(r, name))
			add_mention(at, (struct pch_mention){ i, name, pp_macro(w, name) });
	}
	return true;
}

/* Which names the header changes: from the first of two walks, before it is taken back. */
static void record_changes(struct pch_record *r, struct pp_walk *w, size_t from)
{
	r->nname = w->pp->nname;
	r->place = ARENA_ARRAY(&r->arena, uint32_t, r->nname);
	r->tested = ARENA_ARRAY(&r->arena, uint8_t, r->nname);
	r->changed = ARENA_ARRAY(&r->arena, struct pp_change, w->nchange - from);
	for (size_t i = from; i < w->nchange; i++) {
		pp_name name = w->changes[i].name;

		if (r->place[name])
			continue;
		r->changed[r->nchanged++] = (struct pp_change){ name, pp_macro(w, name) };
		r->place[name] = r->nchanged;
	}
}

static void look_release(struct looking *l)
{
	free(l->seen);
	free(l->queue);
	free(l->own);
}

bool pch_record(struct pch_record *r, struct pp_walk *w, struct pp_file *header)
{
	static const struct pp_hooks hooks = { record_enter, record_leave, record_reach, true };
	struct looking l = { .record = r };
	size_t from = w->nchange;
	uint8_t *done = NULL;
	int ndone = w->ndone;
	bool ok;

	memset(r, 0, sizeof(*r));
	if (ndone) {
		done = grown(NULL, 0, (size_t)ndone, 1);
		memcpy(done, w->done, (size_t)ndone);
	}
	w->hooks = NULL;
	ok = pp_walk_file(w, header);
	if (ok) {
		record_changes(r, w, from);
		r->nfile = w->pp->nfile;
		r->nodes = ARENA_ARRAY(&r->arena, struct pch_node *, r->nfile);
		pp_rewind(w, from);
		pp_forget_files(w);
		if (ndone)
			memcpy(w->done, done, (size_t)ndone);
		w->hooks = &hooks;
		w->cookie = &l;
		ok = pp_walk_file(w, header);
		w->hooks = NULL;
	}
	pp_rewind(w, from);
	pp_forget_files(w);
	if (ndone)
		memcpy(w->done, done, (size_t)ndone);
	while (l.depth)	/* where it was broken off */
		finish_node(r, &l.frames[--l.depth]);
	free(done);
	look_release(&l);
	return ok;
}

void pch_record_release(struct pch_record *r)
{
	arena_release(&r->arena);
}

/* --- checking --- */

static bool is_string(const struct pp_macro *m)
{
	for (int i = 0; m && i < m->nbody; i++)
		if (m->body[i].kind != PP_STRING || m->nparam >= 0)
			return false;
	return m && m->nbody;
}

/* Does the macro only put strings around what it is given? */
static bool is_format(const struct pp_walk *w, const struct pp_macro *m)
{
	if (!m || m->nparam != 1 || m->variadic)
		return false;
	for (int i = 0; i < m->nbody; i++)
		if (m->body[i].kind != PP_STRING && m->body[i].name != m->params[0] &&
		    !(m->body[i].kind == PP_WORD && is_string(pp_macro(w, m->body[i].name))))
			return false;
	return true;
}

static bool is_same(const struct looking *l, const struct pp_walk *w, pp_name name, const struct pp_macro *as)
{
	return pp_same_macro(pp_macro(w, name), as) || (name < l->room && l->own[name] == 2);
}

bool pch_mentions(const struct pch_node *n, pp_name name)
{
	return n->nname && bsearch(&name, n->names, (size_t)n->nname, sizeof(name), by_name);
}

/* Nothing that the unit defined itself may be mentioned in the node. */
static bool is_clean(const struct looking *l, const struct pch_node *n)
{
	for (int i = 0; i < n->nname; i++)
		if (n->names[i] < l->room && l->own[n->names[i]] == 1)
			return false;
	for (int i = 0; i < n->nchild; i++)
		if (!is_clean(l, n->children[i].node))
			return false;
	return true;
}

static void check_leave(struct pp_walk *w, struct pp_file *f)
{
	struct looking *l = w->cookie;

	(void)f;
	l->depth--;
}

static bool check_enter(struct pp_walk *w, struct pp_file *f, int item)
{
	struct looking *l = w->cookie;
	const struct frame *up = l->depth ? &l->frames[l->depth - 1] : NULL;
	struct pch_node *parent = up ? up->node : NULL, *n = NULL;

	if (pch_can_hold(f))
		n = f->index < l->record->nfile ? l->record->nodes[f->index] : NULL;
	else if (parent)
		n = child_of(parent, item);
	if (parent && !n)
		return false;
	if (n && pch_can_hold(f)) {
		l->entered++;
		l->blame = f;
		if ((!parent && up && (up->open || l->packs || l->packed)) || !is_clean(l, n))
			return false;
		l->blame = NULL;
	}
	return push(l, n);
}

/* Is everything as the header leaves it? */
static bool is_settled(const struct looking *l, const struct pp_walk *w)
{
	for (uint32_t i = 0; i < l->record->nchanged; i++) {
		const struct pp_change *c = &l->record->changed[i];

		if (!(c->name < l->room && l->own[c->name]) && !is_same(l, w, c->name, c->before))
			return false;
	}
	return true;
}

static void add_own(struct looking *l, const struct pp_walk *w, pp_name name, const struct pp_macro *m)
{
	const struct pch_record *r = l->record;

	look_begin(l, w->pp);
	l->own[name] = is_format(w, m) && (name >= r->nname || !r->tested[name]) && l->own[name] != 1 ? 2 : 1;
}

/* Item i of a file of the header. */
static bool check_node(struct looking *l, const struct pp_walk *w, struct frame *at, int i)
{
	const struct pch_node *n = at->node;

	for (; at->at < n->nmention && n->mentions[at->at].item <= i; at->at++) {
		const struct pch_mention *m = &n->mentions[at->at];

		if (m->item < i ? !(m->name < l->room && l->own[m->name] == 2) :
				  !is_same(l, w, m->name, m->macro)) {
			l->blame = n->file;
			return false;
		}
	}
	return true;
}

/*
 * How structs are laid out from here on: files of the header must be entered as if no pragma had said. Within a push
 * what is set ends with the pop. False for any other pragma.
 */
static bool check_pragma(struct looking *l, const struct pp *pp, const struct pp_item *item)
{
	const char *words[3] = { "", "", "" };

	for (int i = 0; i < item->ntoken && i < 3; i++)
		words[i] = pp->names[item->tokens[i].name];
	if (strcmp(words[0], "pack") || strcmp(words[1], "("))
		return false;
	if (!strcmp(words[2], "push"))
		l->packs++;
	else if (!strcmp(words[2], "pop"))
		l->packs--;
	else if (!l->packs)
		l->packed = strcmp(words[2], ")");
	return l->packs >= 0;
}

/* Item i of another file: what it mentions must be what it is after the header. */
static bool check_other(struct looking *l, const struct pp_walk *w, struct frame *at,
			const struct pp_item *item)
{
	if (item->kind == PP_TEXT)
		at->open = item->open;
	if (item->kind == PP_PRAGMA)
		return check_pragma(l, w->pp, item);
	if (item->kind == PP_DEFINE || item->kind == PP_UNDEF) {
		add_own(l, w, item->name, item->macro);
		return true;
	}
	look(l, w, item);
	for (size_t k = 0; k < l->nqueue; k++) {
		pp_name name = l->queue[k];
		uint32_t place = place_of(l->record, name);

		if (place && !l->own[name] && !is_same(l, w, name, l->record->changed[place - 1].before))
			return false;
	}
	return true;
}

static bool check_reach(struct pp_walk *w, struct pp_file *f, int i)
{
	struct looking *l = w->cookie;
	struct frame *at = &l->frames[l->depth - 1];

	if (at->node)
		return check_node(l, w, at, i);
	if (l->entered == l->record->nmember) {
		l->done = is_settled(l, w);
		return false;
	}
	return check_other(l, w, at, &f->items[i]);
}

bool pch_check(const struct pch_record *r, struct pp_walk *w, struct pp_file *unit, const pp_name *own,
	       int nown, const struct pp_file **blame)
{
	static const struct pp_hooks hooks = { check_enter, check_leave, check_reach, true };
	struct looking l = { .record = (struct pch_record *)r };

	for (int i = 0; i < nown; i++)
		add_own(&l, w, own[i], NULL);
	w->hooks = &hooks;
	w->cookie = &l;
	if (pp_walk_file(w, unit) && l.entered == r->nmember)
		l.done = is_settled(&l, w);
	w->hooks = NULL;
	*blame = l.blame;
	look_release(&l);
	return l.done;
}
