// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program, or several, back from the database. Entry: store_load_units(). Of each function only the brief is read;
 * its body is unpacked and parsed when somebody asks for it, see func_read(). Until store_end_reading() the file is
 * looked at as it was when the units were loaded, whatever another devscope writes meanwhile.
 */
#include "db/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "db/store_own.h"
#include "flow/flow.h"
#include "flow/flow_brief.h"
#include "flow/flow_text.h"

#define MOST_TEXT (256u << 20)	/* bytes of flow of one function: more is damage */
#define MANY 64			/* units: then all functions are gone through, not looked up one by one */

/* Where functions' bodies come from. */
struct body_source {
	struct func_source source;
	struct store *store;
	struct arena *arena;
};

/* A function that stands at different lines in different units: as it is in all but the first. */
struct moved {
	const struct moved *next;
	struct func fn;
};

/* Where a function of the unit at work is. */
struct row {
	int64_t id;
	int line;
};

/* Functions by row number. */
struct loaded {
	struct body_source *source;
	struct func **funcs;
	size_t n;
	const struct moved *moved;
	struct row *rows;	/* of the functions of the unit at work */
	size_t nrow, cap;
};

enum { NOWHERE = -1 };		/* the line of a function that no unit asked for yet */

static _Noreturn void die_damaged(const struct store *s, const char *what)
{
	die("%s is damaged (function %s): move it away and run again, all but triage is rebuilt", s->path, what);
}

/* ------------------------------------------------------------------ bodies */

/* The text of a function, the caller's to free; NULL if it is damaged. */
static char *unpack(struct store *s, const void *p, size_t packed, size_t size)
{
	char *buf;

	if (size > MOST_TEXT || ZSTD_getFrameContentSize(p, packed) != size)
		return NULL;
	buf = malloc(size + 1);
	if (!buf)
		die("out of memory (%zu bytes asked for)", size + 1);
	buf[size] = '\0';
	if (ZSTD_decompressDCtx(s->decompress, buf, size, p, packed) == size)
		return buf;
	free(buf);
	return NULL;
}

static void note_lent(struct store *s, struct func *fn)
{
	if (s->nborrower == s->borrower_cap) {
		s->borrower_cap = s->borrower_cap ? s->borrower_cap * 2 : 256;
		s->borrowers = realloc(s->borrowers, s->borrower_cap * sizeof(*s->borrowers));
		if (!s->borrowers)
			die("out of memory (%zu functions)", s->borrower_cap);
	}
	s->borrowers[s->nborrower++] = fn;
}

static void lend_bodies(struct func_source *source, bool is_lent)
{
	struct store *s = ((struct body_source *)source)->store;

	for (size_t i = 0; i < s->nborrower; i++) {
		s->borrowers[i]->insns = NULL;
		s->borrowers[i]->blocks = NULL;
		s->borrowers[i]->text = NULL;
	}
	s->nborrower = 0;
	s->is_lending = is_lent;
	if (is_lent) {
		arena_clear(&s->lent);
		return;
	}
	arena_release(&s->lent);
	free(s->borrowers);
	s->borrowers = NULL;
	s->borrower_cap = 0;
}

static void take_body(struct body_source *b, struct func *fn, const char *text)
{
	const char *cursor = text;
	struct func *whole;
	struct text error;

	text_init(&error);
	whole = flow_parse_func(b->store->is_lending ? &b->store->lent : b->arena, &cursor, fn->line, &error);
	if (!whole)
		die("%s holds flow this devscope cannot read (function %s, %s): move it away and run "
		    "again, all but triage is rebuilt", b->store->path, fn->name, text_str(&error));
	if (memcmp(whole->hash, fn->hash, sizeof(fn->hash)))
		die_damaged(b->store, fn->name);
	fn->ninsn = whole->ninsn;
	fn->insns = whole->insns;
	for (int i = 0; i < fn->ninsn; i++)
		if (fn->insns[i].at.in)
			fn->insns[i].at.in = fn;
	fn->nblock = whole->nblock;
	fn->blocks = whole->blocks;
	fn->text = whole->text;
	if (b->store->is_lending)
		note_lent(b->store, fn);
	text_release(&error);
}

static void read_body(struct func_source *source, struct func *fn)
{
	struct body_source *b = (struct body_source *)source;
	struct stmt *st = db_prepare(b->store->db, "SELECT size, text FROM func WHERE id = ?1 AND hash = ?2");
	char *text;

	db_bind_int(st, 1, fn->row);
	store_bind_hash(st, 2, fn->hash);
	while (db_step(st)) {
		size_t packed;
		const void *p = db_col_blob(st, 1, &packed);

		text = unpack(b->store, p, packed, (size_t)db_col_int(st, 0));
		if (!text)
			die_damaged(b->store, fn->name);
		take_body(b, fn, text);
		free(text);
	}
	if (!fn->insns)
		die("%s: another devscope dropped a function meanwhile: run again", b->store->path);
}

/* ------------------------------------------------------------------ briefs */

static void take_brief(struct loaded *l, struct stmt *st, int64_t id)
{
	struct store *s = l->source->store;
	uint64_t hash[2];
	const void *brief;
	struct func *fn;
	size_t n;

	store_col_hash(st, 1, hash);
	brief = db_col_blob(st, 2, &n);
	fn = flow_parse_brief(l->source->arena, brief, n, hash);
	if (!fn)
		die_damaged(s, db_col_text(st, 3));
	fn->source = &l->source->source;
	fn->row = id;
	fn->line = NOWHERE;
	fn->end_line += NOWHERE;
	l->funcs[id] = fn;
}

/* The function of that row, at that line. */
static struct func *place_func(struct loaded *l, struct func *fn, int line)
{
	struct moved *m;

	if (fn->line == NOWHERE)
		flow_place_func(fn, line);
	if (fn->line == line)
		return fn;
	for (const struct moved *k = l->moved; k; k = k->next)
		if (k->fn.row == fn->row && k->fn.line == line)
			return (struct func *)&k->fn;
	m = ARENA_NEW(l->source->arena, struct moved);
	*m = (struct moved){.next = l->moved, .fn = *fn};
	m->fn.insns = NULL;
	m->fn.blocks = NULL;
	m->fn.text = NULL;
	flow_place_func(&m->fn, line);
	l->moved = m;
	return &m->fn;
}

/* The function of that row, read now if it was not before. */
static struct func *get_func(struct loaded *l, int64_t id)
{
	struct store *s = l->source->store;
	struct stmt *st;

	if (id < 1 || (size_t)id >= l->n)
		die_damaged(s, "of a unit that is not there");
	if (l->funcs[id])
		return l->funcs[id];
	st = db_prepare(s->db, "SELECT id, hash, brief, name FROM func WHERE id = ?1");
	db_bind_int(st, 1, id);
	while (db_step(st))
		take_brief(l, st, id);
	if (!l->funcs[id])
		die_damaged(s, "of a unit that is not there");
	return l->funcs[id];
}

/* All functions that any unit of the database has: one walk is quicker than so many lookups. */
static void get_all(struct loaded *l)
{
	struct stmt *st = db_prepare(l->source->store->db, "SELECT id, hash, brief, name FROM func");

	while (db_step(st)) {
		int64_t id = db_col_int(st, 0);

		if (id > 0 && (size_t)id < l->n)
			take_brief(l, st, id);
	}
}

/* ------------------------------------------------------------------ units */

static int by_name_then_text(const void *a, const void *b)
{
	const struct func *x = *(const struct func *const *)a, *y = *(const struct func *const *)b;

	return x->name != y->name ? strcmp(x->name, y->name) : strcmp(func_read(x)->text, func_read(y)->text);
}

static void add_row(struct loaded *l, int64_t id, int64_t line)
{
	if (line < 0 || line > INT32_MAX)
		die_damaged(l->source->store, "of a line that is not there");
	if (l->nrow == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 256;
		l->rows = realloc(l->rows, l->cap * sizeof(*l->rows));
		if (!l->rows)
			die("out of memory (%zu functions)", l->cap);
	}
	l->rows[l->nrow++] = (struct row){id, (int)line};
}

static void load_funcs(struct loaded *l, int64_t id, struct unit *u)
{
	struct stmt *st = db_prepare(l->source->store->db, "SELECT func, line FROM unit_func WHERE unit = ?1");

	l->nrow = 0;
	db_bind_int(st, 1, id);
	while (db_step(st))
		add_row(l, db_col_int(st, 0), db_col_int(st, 1));
	u->funcs = ARENA_ARRAY(l->source->arena, struct func *, l->nrow);
	for (size_t i = 0; i < l->nrow; i++)
		u->funcs[u->nfunc++] = place_func(l, get_func(l, l->rows[i].id), l->rows[i].line);
	if (u->nfunc)
		qsort(u->funcs, (size_t)u->nfunc, sizeof(*u->funcs), by_name_then_text);
}

static void load_slots(struct store *s, struct arena *a, int64_t id, struct unit *u)
{
	size_t n = store_count(s, "SELECT count(*) FROM slot WHERE unit = ?1", id);
	struct stmt *st = db_prepare(s->db, "SELECT struct, field, func, object, file, line, col FROM slot "
				     "WHERE unit = ?1 ORDER BY rowid");

	u->slots = ARENA_ARRAY(a, struct slot, n);
	db_bind_int(st, 1, id);
	while (db_step(st)) {
		struct slot *slot = &u->slots[u->nslot++];

		slot->struct_name = intern(db_col_text(st, 0));
		slot->field = intern(db_col_text(st, 1));
		slot->func = intern(db_col_text(st, 2));
		slot->object = intern(db_col_text(st, 3));
		slot->at.file = intern(db_col_text(st, 4));
		slot->at.line = (int)db_col_int(st, 5);
		slot->at.col = (int)db_col_int(st, 6);
	}
}

static struct unit *load_unit(struct loaded *l, int64_t id)
{
	struct store *s = l->source->store;
	struct stmt *st = db_prepare(s->db, "SELECT file FROM unit WHERE id = ?1");
	struct unit *u = ARENA_NEW(l->source->arena, struct unit);

	db_bind_int(st, 1, id);
	while (db_step(st))
		u->file = intern(db_col_text(st, 0));
	if (!u->file)
		die("%s: another devscope dropped a unit meanwhile: run again", s->path);
	load_funcs(l, id, u);
	load_slots(s, l->source->arena, id, u);
	return u;
}

void store_begin_reading(struct store *s)
{
	if (!s->reading)
		db_exec(s->db, "BEGIN");
	s->reading = true;
}

void store_load_units(struct store *s, struct arena *a, const int64_t *ids, size_t n, struct unit **out)
{
	struct loaded l = {.source = ARENA_NEW(a, struct body_source)};

	*l.source = (struct body_source){{read_body, lend_bodies}, s, a};
	db_keep(s->db, false);
	store_begin_reading(s);
	l.n = (size_t)db_int(s->db, "SELECT max(id) FROM func") + 1;
	if (l.n > INT32_MAX)
		die("%s is damaged (function %zu): move it away and run again, all but triage is rebuilt", s->path, l.n);
	l.funcs = calloc(l.n, sizeof(*l.funcs));
	if (!l.funcs)
		die("out of memory (%zu functions)", l.n);
	if (n > MANY)
		get_all(&l);
	for (size_t i = 0; i < n; i++)
		out[i] = load_unit(&l, ids[i]);
	free(l.funcs);
	free(l.rows);
}

void store_end_reading(struct store *s)
{
	if (!s->reading)
		return;
	db_commit(s->db);
	s->reading = false;
}
