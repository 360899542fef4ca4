// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packing. Numbers are written seven bits to a byte, signs folded in. A function symbol is
 * written with the key of its node and found again by it: node numbers are of one run.
 */
#include "infer/pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "infer/callgraph.h"
#include "infer/lines.h"
#include "infer/sym.h"

#define MAX_TREE 128		/* symbols in a symbol: more than sym.c makes, and few enough to go down into */
#define MAX_PARAM 256

/* ------------------------------------------------------------------ numbering */

static uint32_t slot_of(const struct numbers *n, const void *key)
{
	uint32_t h = (uint32_t)(((uintptr_t)key >> 3) * 0x9e3779b1u) & (n->size - 1);

	while (n->keys[h] && n->keys[h] != key)
		h = (h + 1) & (n->size - 1);
	return h;
}

static void grow(struct numbers *n)
{
	struct numbers old = *n;

	n->size = old.size ? old.size * 2 : 64;
	n->keys = calloc(n->size, sizeof(*n->keys));
	n->values = calloc(n->size, sizeof(*n->values));
	if (!n->keys || !n->values)
		die("out of memory (%u names)", n->size);
	for (uint32_t i = 0; i < old.size; i++)
		if (old.keys[i]) {
			uint32_t h = slot_of(n, old.keys[i]);

			n->keys[h] = old.keys[i];
			n->values[h] = old.values[i];
		}
	free(old.keys);
	free(old.values);
}

/* The number of key, from 1; 0 when it is not there yet. */
static uint32_t number_of(const struct numbers *n, const void *key)
{
	return n->size ? n->values[slot_of(n, key)] : 0;
}

static void add_number(struct numbers *n, const void *key)
{
	uint32_t h;

	if (n->n * 2 >= n->size)
		grow(n);
	h = slot_of(n, key);
	n->keys[h] = key;
	n->values[h] = ++n->n;
}

/* ------------------------------------------------------------------ writing */

void packer_init(struct packer *p, const struct program *program)
{
	memset(p, 0, sizeof(*p));
	p->program = program;
	text_init(&p->out);
}

void packer_release(struct packer *p)
{
	free(p->names.keys);
	free(p->names.values);
	free(p->syms.keys);
	free(p->syms.values);
	text_release(&p->out);
}

void pack_int(struct packer *p, int64_t v)
{
	uint64_t u = (uint64_t)v << 1 ^ (v < 0 ? ~UINT64_C(0) : 0);
	char bytes[10];
	size_t n = 0;

	for (; u >= 128; u >>= 7)
		bytes[n++] = (char)(u | 128);
	bytes[n++] = (char)u;
	text_add(&p->out, bytes, n);
}

void pack_hash(struct packer *p, uint64_t v)
{
	text_add(&p->out, (const char *)&v, sizeof(v));
}

void pack_bytes(struct packer *p, const void *bytes, size_t n)
{
	pack_int(p, (int64_t)n);
	text_add(&p->out, bytes, n);
}

/* 0: NULL. 1: a new one follows. 2 and more: number less 1. */
void pack_name(struct packer *p, const char *s)
{
	uint32_t n = s ? number_of(&p->names, s) : 0;

	pack_int(p, !s ? 0 : n ? (int64_t)n + 1 : 1);
	if (!s || n)
		return;
	add_number(&p->names, s);
	pack_bytes(p, s, strlen(s));
}

void pack_sym(struct packer *p, const struct sym *s)
{
	uint32_t n = s ? number_of(&p->syms, s) : 0;

	pack_int(p, !s ? 0 : n ? (int64_t)n + 1 : 1);
	if (!s || n)
		return;
	pack_int(p, s->kind);
	pack_int(p, s->sub | s->depth << 8 | (s->is_set ? 1 << 16 : 0));
	pack_int(p, s->site);
	pack_int(p, s->turn);
	if (s->kind == SYM_FUNC)
		pack_hash(p, s->value ? p->program->nodes[s->value - 1]->key : 0);
	else
		pack_int(p, s->value);
	pack_sym(p, s->a);
	pack_sym(p, s->b);
	pack_name(p, s->name);
	pack_name(p, s->struct_name);
	pack_name(p, s->field);
	pack_name(p, s->first_struct);
	pack_name(p, s->first);
	add_number(&p->syms, s);
}

/* By the function that it moves with, if there is one, and lines from its own. Without a program: as it is. */
void pack_place(struct packer *p, struct place at)
{
	int count = p->program && at.line && at.in ? lines_count(p->program, at.in) : 0;

	pack_name(p, at.file);
	pack_int(p, count);
	if (count)
		pack_name(p, at.in->name);
	if (count > 1) {
		pack_hash(p, at.in->hash[0]);
		pack_int(p, lines_number(p->program, at.in));
	}
	pack_int(p, at.line - (count ? at.in->line : 0));
	pack_int(p, at.col);
}

/* ------------------------------------------------------------------ reading */

void unpacker_init(struct unpacker *u, struct program *program, struct sym_table *table, const void *bytes, size_t n)
{
	memset(u, 0, sizeof(*u));
	u->program = program;
	u->table = table;
	u->at = bytes;
	u->end = u->at + n;
}

void unpacker_release(struct unpacker *u)
{
	free(u->names);
	free(u->syms);
}

static void fail(struct unpacker *u)
{
	u->failed = true;
	u->at = u->end;
}

int64_t unpack_int(struct unpacker *u)
{
	uint64_t v = 0;

	for (int shift = 0; shift < 64; shift += 7) {
		if (u->at == u->end)
			break;
		v |= (uint64_t)(*u->at & 127) << shift;
		if (!(*u->at++ & 128))
			return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
	}
	fail(u);
	return 0;
}

int unpack_count(struct unpacker *u)
{
	int64_t n = unpack_int(u);

	if (n < 0 || n > u->end - u->at) {
		fail(u);
		return 0;
	}
	return (int)n;
}

uint64_t unpack_hash(struct unpacker *u)
{
	uint64_t v;

	if (u->end - u->at < (ptrdiff_t)sizeof(v)) {
		fail(u);
		return 0;
	}
	memcpy(&v, u->at, sizeof(v));
	u->at += sizeof(v);
	return v;
}

const void *unpack_bytes(struct unpacker *u, size_t *n)
{
	const void *bytes;

	*n = (size_t)unpack_count(u);
	bytes = u->at;
	u->at += *n;
	return bytes;
}

static void *grown(void *old, uint32_t *cap, size_t size)
{
	void *now;

	*cap = *cap ? *cap * 2 : 64;
	now = realloc(old, *cap * size);
	if (!now)
		die("out of memory (%u names)", *cap);
	return now;
}

const char *unpack_name(struct unpacker *u)
{
	int64_t n = unpack_int(u);
	const char *s;
	size_t len;

	if (n != 1) {
		if (n < 0 || n > (int64_t)u->nname + 1)
			fail(u);
		return n < 2 || u->failed ? NULL : u->names[n - 2];
	}
	s = unpack_bytes(u, &len);
	if (u->failed)
		return NULL;
	if (u->nname == u->name_cap)
		u->names = grown(u->names, &u->name_cap, sizeof(*u->names));
	return u->names[u->nname++] = intern_n(s, len);
}

/* The number that stands for the function in this run; 0 was one that was not read, and must be still. */
static int64_t unpack_func(struct unpacker *u, const char *name, uint64_t key)
{
	const struct node *n;

	if (!key) {
		if (!name || program_global(u->program, name))
			fail(u);
		return 0;
	}
	n = program_find(u->program, key, name);
	if (!n)
		fail(u);
	return n ? (int64_t)n->index + 1 : 0;
}

/* Has it the operands of its kind, and is the tree one that walks can go down? */
static bool has_operands(const struct sym *s)
{
	int size = 1 + (s->a ? s->a->size : 0) + (s->b ? s->b->size : 0);

	if (size > MAX_TREE)
		return false;
	switch (s->kind) {
	case SYM_ADDR: return s->a && !s->b && s->a->kind != SYM_ADDR;
	case SYM_ELEM: return s->a;
	case SYM_LOAD: return s->a && !s->b;
	case SYM_BIN: case SYM_CMP: case SYM_ALL: return s->a && s->b;
	default: return !s->a && !s->b;
	}
}

/* Can a symbol be so? Bytes from a file may say anything. */
static bool is_sane(const struct sym *s)
{
	switch (s->kind) {
	case SYM_PARAM:
		if (s->value < 0 || s->value >= MAX_PARAM)
			return false;
		break;
	case SYM_GLOBAL: case SYM_FUNC:
		if (!s->name)
			return false;
		break;
	case SYM_BIN:
		return s->sub >= BIN_ADD && s->sub <= BIN_OTHER && has_operands(s);
	case SYM_CMP:
		return s->sub >= CMP_EQ && s->sub <= CMP_SGE && has_operands(s);
	default:
		break;
	}
	return s->kind <= SYM_ALL && !s->sub && has_operands(s);
}

static const struct sym *unpack_new_sym(struct unpacker *u)
{
	int64_t kind = unpack_int(u), how = unpack_int(u);
	struct sym s = {.kind = (uint8_t)kind};
	uint64_t key = 0;

	s.sub = (uint8_t)how;
	s.depth = (uint8_t)(how >> 8);
	s.is_set = how >> 16 & 1;
	s.site = (int)unpack_int(u);
	s.turn = (int)unpack_int(u);
	if (s.kind == SYM_FUNC)
		key = unpack_hash(u);
	else
		s.value = unpack_int(u);
	s.a = unpack_sym(u);
	s.b = unpack_sym(u);
	s.name = unpack_name(u);
	s.struct_name = unpack_name(u);
	s.field = unpack_name(u);
	s.first_struct = unpack_name(u);
	s.first = unpack_name(u);
	if (s.kind == SYM_FUNC)
		s.value = unpack_func(u, s.name, key);
	if (kind != s.kind || !is_sane(&s))
		fail(u);
	return u->failed ? NULL : sym_restore(u->table, &s);
}

const struct sym *unpack_sym(struct unpacker *u)
{
	int64_t n = unpack_int(u);
	const struct sym *s;

	if (n != 1) {
		if (n < 0 || n > (int64_t)u->nsym + 1)
			fail(u);
		return n < 2 || u->failed ? NULL : u->syms[n - 2];
	}
	if (u->depth == MAX_TREE) {
		fail(u);
		return NULL;
	}
	u->depth++;
	s = unpack_new_sym(u);
	u->depth--;
	if (!s)
		return NULL;
	if (u->nsym == u->sym_cap)
		u->syms = grown(u->syms, &u->sym_cap, sizeof(*u->syms));
	return u->syms[u->nsym++] = s;
}

struct place unpack_place(struct unpacker *u)
{
	struct place at = {.file = unpack_name(u)};
	int count = (int)unpack_int(u);

	if (count) {
		const char *name = unpack_name(u);
		uint64_t hash = count > 1 ? unpack_hash(u) : 0;
		int number = count > 1 ? (int)unpack_int(u) : 0;

		at.in = u->program ? lines_find(u->program, at.file, name, count, hash, number) : NULL;
		if (!at.in)
			fail(u);
	}
	at.line = (int)((uint32_t)unpack_int(u) + (uint32_t)(at.in ? at.in->line : 0));
	at.col = (int)unpack_int(u);
	return at;
}
