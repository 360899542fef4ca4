// SPDX-License-Identifier: GPL-2.0-only
/* The program, or several, back from the database: each function body is unpacked and parsed once. */
#include "db/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "db/store_own.h"
#include "flow/flow.h"
#include "flow/flow_text.h"

#define MOST_TEXT (256u << 20)	/* bytes of flow of one function: more is damage */

/* Functions by row number, parsed once each. */
struct loaded {
	struct func **funcs;
	size_t n;
	char *buf;		/* text of the function at work */
	size_t cap;
};

/* Decompress one function's text into l->buf. False if it is damaged. */
static bool unpack(struct store *s, struct loaded *l, const void *p, size_t packed, size_t size)
{
	if (size > MOST_TEXT || ZSTD_getFrameContentSize(p, packed) != size)
		return false;
	if (l->cap <= size) {
		free(l->buf);
		l->cap = size * 2 + 1;
		l->buf = malloc(l->cap);
		if (!l->buf)
			die("out of memory (%zu bytes asked for)", l->cap);
	}
	l->buf[size] = '\0';
	return ZSTD_decompressDCtx(s->decompress, l->buf, size, p, packed) == size;
}

static struct func *parse_func(struct store *s, struct arena *a, struct loaded *l, struct stmt *st)
{
	size_t size = (size_t)db_col_int(st, 2), packed;
	const void *p = db_col_blob(st, 3, &packed);
	const char *cursor, *name = db_col_text(st, 1);
	struct text error;
	struct func *fn;

	if (!unpack(s, l, p, packed, size))
		die("%s is damaged (function %s): move it away and run again, all but triage is rebuilt",
		    s->path, name);
	cursor = l->buf;
	text_init(&error);
	fn = flow_parse_func(a, &cursor, &error);
	if (!fn)
		die("%s holds flow this devscope cannot read (function %s, %s): move it away and run "
		    "again, all but triage is rebuilt", s->path, name, text_str(&error));
	text_release(&error);
	return fn;
}

/* The function of that row, parsed now if it was not before. */
static struct func *get_func(struct store *s, struct arena *a, struct loaded *l, int64_t id)
{
	struct stmt *st;

	if (l->funcs[id])
		return l->funcs[id];
	st = db_prepare(s->db, "SELECT id, name, size, text FROM func WHERE id = ?1");
	db_bind_int(st, 1, id);
	while (db_step(st))
		l->funcs[id] = parse_func(s, a, l, st);
	return l->funcs[id];
}

static int by_name_then_text(const void *a, const void *b)
{
	const struct func *const *x = a, *const *y = b;
	int c = strcmp((*x)->name, (*y)->name);

	return c ? c : strcmp((*x)->text, (*y)->text);
}

static void load_unit(struct store *s, struct arena *a, struct loaded *l, int64_t id, struct unit *u)
{
	size_t nfunc = store_count(s, "SELECT count(*) FROM unit_func WHERE unit = ?1", id);
	size_t nslot = store_count(s, "SELECT count(*) FROM slot WHERE unit = ?1", id);
	struct stmt *st;

	u->funcs = ARENA_ARRAY(a, struct func *, nfunc);
	st = db_prepare(s->db, "SELECT func FROM unit_func WHERE unit = ?1");
	db_bind_int(st, 1, id);
	while (db_step(st))
		u->funcs[u->nfunc++] = get_func(s, a, l, db_col_int(st, 0));
	if (u->nfunc)
		qsort(u->funcs, (size_t)u->nfunc, sizeof(*u->funcs), by_name_then_text);
	u->slots = ARENA_ARRAY(a, struct slot, nslot);
	st = db_prepare(s->db, "SELECT struct, field, func, object, file, line, col FROM slot "
			"WHERE unit = ?1 ORDER BY rowid");
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

void store_load_units(struct store *s, struct arena *a, const int64_t *ids, size_t n, struct unit **out)
{
	struct loaded l = {0};

	db_exec(s->db, "BEGIN");	/* one view of the file, whatever another devscope writes meanwhile */
	l.n = (size_t)db_int(s->db, "SELECT max(id) FROM func") + 1;
	if (l.n > INT32_MAX)
		die("%s is damaged (function %zu): move it away and run again, all but triage is rebuilt", s->path, l.n);
	l.funcs = calloc(l.n, sizeof(*l.funcs));
	if (!l.funcs)
		die("out of memory (%zu functions)", l.n);
	for (size_t i = 0; i < n; i++) {
		struct stmt *st = db_prepare(s->db, "SELECT file FROM unit WHERE id = ?1");

		out[i] = ARENA_NEW(a, struct unit);
		db_bind_int(st, 1, ids[i]);
		while (db_step(st))
			out[i]->file = intern(db_col_text(st, 0));
		if (!out[i]->file)
			die("%s: another devscope dropped a unit meanwhile: run again", s->path);
		load_unit(s, a, &l, ids[i], out[i]);
	}
	db_commit(s->db);
	free(l.funcs);
	free(l.buf);
}
