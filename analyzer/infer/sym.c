// SPDX-License-Identifier: GPL-2.0-only
/*
 * Symbolic values: hash-consing, folding, masks. One open-addressed table; a node
 * is looked up by its fields before it is made. Names that are only for people are
 * not part of a node's identity: the first one given stays.
 */
#include "infer/sym.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"

#define MAX_DEPTH 6	/* loads in a name; deeper values become unknowns */
#define MAX_SIZE 48	/* symbols in an expression; larger ones (hashes, checksums) become unknowns */
#define SITE_LARGE (-5)	/* the site of those */

void sym_table_init(struct sym_table *t, struct arena *a)
{
	memset(t, 0, sizeof(*t));
	t->arena = a;
}

void sym_table_release(struct sym_table *t)
{
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

static uint64_t turned(uint64_t h, int n)
{
	return h << n | h >> (64 - n);
}

/*
 * Identity by fields; pointers inside are of the same table or interned, so hashing them is stable enough. Never 0,
 * which marks free slots. Two chains of multiplications: most of a run is spent looking symbols up.
 */
static uint32_t sym_hash(const struct sym *s)
{
	uint64_t x = (uint64_t)s->value * 0x9e3779b97f4a7c15ULL + (s->kind * 31u + s->sub);
	uint64_t y = (uint64_t)(uint32_t)s->site << 32 | (uint32_t)s->turn;

	y = y * 0xff51afd7ed558ccdULL + ((s->a ? (uint64_t)s->a->id + 1 : 0) << 32 | (s->b ? (uint32_t)s->b->id + 1 : 0));
	if (s->kind == SYM_GLOBAL || s->kind == SYM_FUNC)
		y += (uintptr_t)s->name;
	x = (x ^ turned(y * 0xc4ceb9fe1a85ec53ULL, 29)) * 0xff51afd7ed558ccdULL;
	return (uint32_t)(x >> 32) | 1;
}

static bool same(const struct sym *x, const struct sym *y)
{
	return x->kind == y->kind && x->sub == y->sub && x->value == y->value && x->site == y->site &&
	       x->turn == y->turn && x->a == y->a && x->b == y->b &&
	       ((x->kind != SYM_GLOBAL && x->kind != SYM_FUNC) || x->name == y->name);
}

static bool same_names(const struct sym *x, const struct sym *y)
{
	return x->field == y->field && x->struct_name == y->struct_name && x->name == y->name && x->first == y->first &&
	       x->first_struct == y->first_struct;
}

/* The same with the names that tell symbols apart where one table serves many functions. */
static uint32_t hash_with_names(const struct sym *s)
{
	uint64_t h = sym_hash(s);

	h = (h ^ (uintptr_t)s->name) * 0x9e3779b97f4a7c15ULL;
	h = (h ^ turned((uintptr_t)s->field, 32)) * 0xff51afd7ed558ccdULL;
	h = (h ^ (uintptr_t)s->struct_name) * 0x9e3779b97f4a7c15ULL;
	h = (h ^ turned((uintptr_t)s->first, 32) ^ (uintptr_t)s->first_struct) * 0xff51afd7ed558ccdULL;
	return (uint32_t)(h >> 32) | 1;
}

static void grow(struct sym_table *t)
{
	uint32_t size = t->size ? t->size * 2 : 256;
	struct sym_slot *slots = calloc(size, sizeof(*slots));

	if (!slots)
		die("out of memory (%u symbols)", size);
	for (uint32_t i = 0; i < t->size; i++) {
		uint32_t h;

		if (!t->slots[i].hash)
			continue;
		for (h = t->slots[i].hash >> 1 & (size - 1); slots[h].hash; h = (h + 1) & (size - 1))
			;
		slots[h] = t->slots[i];
	}
	free(t->slots);
	t->slots = slots;
	t->size = size;
}

static const struct sym *add(struct sym_table *t, struct sym_slot *slot, uint32_t hash, const struct sym *want)
{
	struct sym *s = arena_copy(t->arena, want, sizeof(*want));

	s->id = t->next_id++;
	s->size = (uint8_t)(1 + (s->a ? s->a->size : 0) + (s->b ? s->b->size : 0));
	s->load = NULL;
	s->opposite = NULL;
	s->is_closed = s->kind == SYM_INT || s->kind == SYM_GLOBAL || s->kind == SYM_FUNC ||
		       (s->kind == SYM_ADDR && s->a->is_closed);
	t->used++;
	slot->hash = hash;
	slot->sym = s;
	return s;
}

static const struct sym *make(struct sym_table *t, const struct sym *want)
{
	uint32_t hash = t->by_field ? hash_with_names(want) : sym_hash(want), h;

	if (t->used * 2 >= t->size)
		grow(t);
	for (h = hash >> 1 & (t->size - 1); t->slots[h].hash; h = (h + 1) & (t->size - 1)) {
		struct sym *old = (struct sym *)t->slots[h].sym;

		if (t->slots[h].hash != hash || !same(old, want) || (t->by_field && !same_names(old, want)))
			continue;
		sym_name_first(old, want->first_struct, want->first);
		if (!old->field && want->field) {
			old->struct_name = want->struct_name;
			old->field = want->field;
		}
		return old;
	}
	return add(t, &t->slots[h], hash, want);
}

/*
 * An operation too large to be worth a tree: an unknown that stands for just these operands. It keeps walks over
 * symbols short, which share parts and would otherwise be gone over again and again.
 */
static const struct sym *make_large(struct sym_table *t, enum flow_sub sub, const struct sym *a, const struct sym *b)
{
	return make(t, &(struct sym){.kind = SYM_NEW, .site = SITE_LARGE, .turn = (int)sub,
				    .value = (int64_t)a->id << 32 | b->id});
}

static bool is_large(const struct sym *a, const struct sym *b)
{
	return a->size + b->size >= MAX_SIZE;
}

const struct sym *sym_int(struct sym_table *t, int64_t value)
{
	return make(t, &(struct sym){.kind = SYM_INT, .value = value});
}

const struct sym *sym_param(struct sym_table *t, int n, const char *name)
{
	return make(t, &(struct sym){.kind = SYM_PARAM, .value = n, .name = name});
}

const struct sym *sym_global(struct sym_table *t, const char *name)
{
	return make(t, &(struct sym){.kind = SYM_GLOBAL, .name = name});
}

const struct sym *sym_func(struct sym_table *t, const char *name, int64_t node)
{
	return make(t, &(struct sym){.kind = SYM_FUNC, .name = name, .value = node});
}

const struct sym *sym_stack(struct sym_table *t, int site, const char *name)
{
	return make(t, &(struct sym){.kind = SYM_STACK, .value = site, .name = name});
}

const struct sym *sym_new(struct sym_table *t, int site, int64_t ordinal, int turn, const char *name)
{
	return make(t, &(struct sym){.kind = SYM_NEW, .site = site, .value = ordinal, .turn = turn, .name = name});
}

const struct sym *sym_addr(struct sym_table *t, const struct sym *base, int64_t offset,
			   const char *struct_name, const char *field)
{
	if (base->kind == SYM_INT)
		return sym_int(t, base->value + offset);
	if (base->kind == SYM_ADDR) {
		offset += base->value;
		base = base->a;
	}
	if (!offset) {
		sym_name_first(base, struct_name, field);
		return base;
	}
	return make(t, &(struct sym){.kind = SYM_ADDR, .a = base, .value = offset, .depth = base->depth,
				    .is_set = base->is_set, .struct_name = struct_name, .field = field});
}

void sym_name_first(const struct sym *base, const char *struct_name, const char *field)
{
	struct sym *s = (struct sym *)base;

	if (!field || s->first)
		return;
	s->first_struct = struct_name;
	s->first = field;
}

const struct sym *sym_elem(struct sym_table *t, const struct sym *base, const struct sym *index)
{
	if (index && is_large(base, index))
		index = NULL;
	return make(t, &(struct sym){.kind = SYM_ELEM, .a = base, .b = index, .depth = (uint8_t)(base->depth + 1),
				    .is_set = true});
}

const struct sym *sym_load(struct sym_table *t, const struct sym *addr)
{
	struct sym *s = (struct sym *)addr;

	if (addr->depth >= MAX_DEPTH)
		return NULL;
	if (!s->load)
		s->load = make(t, &(struct sym){.kind = SYM_LOAD, .a = addr, .depth = (uint8_t)(addr->depth + 1),
					       .is_set = addr->is_set});
	return s->load;
}

enum flow_sub cmp_negate(enum flow_sub sub)
{
	switch (sub) {
	case CMP_EQ: return CMP_NE;
	case CMP_NE: return CMP_EQ;
	case CMP_ULT: return CMP_UGE;
	case CMP_ULE: return CMP_UGT;
	case CMP_UGT: return CMP_ULE;
	case CMP_UGE: return CMP_ULT;
	case CMP_SLT: return CMP_SGE;
	case CMP_SLE: return CMP_SGT;
	case CMP_SGT: return CMP_SLE;
	case CMP_SGE: return CMP_SLT;
	default: return sub;
	}
}

static enum flow_sub cmp_swap(enum flow_sub sub)
{
	switch (sub) {
	case CMP_ULT: return CMP_UGT;
	case CMP_ULE: return CMP_UGE;
	case CMP_UGT: return CMP_ULT;
	case CMP_UGE: return CMP_ULE;
	case CMP_SLT: return CMP_SGT;
	case CMP_SLE: return CMP_SGE;
	case CMP_SGT: return CMP_SLT;
	case CMP_SGE: return CMP_SLE;
	default: return sub;
	}
}

static bool cmp_ints(enum flow_sub sub, int64_t a, int64_t b)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;

	switch (sub) {
	case CMP_EQ: return a == b;
	case CMP_NE: return a != b;
	case CMP_ULT: return x < y;
	case CMP_ULE: return x <= y;
	case CMP_UGT: return x > y;
	case CMP_UGE: return x >= y;
	case CMP_SLT: return a < b;
	case CMP_SLE: return a <= b;
	case CMP_SGT: return a > b;
	default: return a >= b;
	}
}

static bool holds_when_equal(enum flow_sub sub)
{
	return sub == CMP_EQ || sub == CMP_ULE || sub == CMP_UGE || sub == CMP_SLE || sub == CMP_SGE;
}

const struct sym *sym_not(struct sym_table *t, const struct sym *s)
{
	if (s->kind == SYM_INT)
		return sym_int(t, !s->value);
	if (s->kind == SYM_CMP)
		return sym_cmp(t, cmp_negate(s->sub), s->a, s->b);
	return sym_cmp(t, CMP_EQ, s, sym_int(t, 0));
}

/* What is learnt of a comparison holds of its opposite: each knows the other. */
static const struct sym *make_cmp(struct sym_table *t, enum flow_sub sub, const struct sym *a, const struct sym *b)
{
	struct sym want = {.kind = SYM_CMP, .sub = sub, .a = a, .b = b, .depth = a->depth > b->depth ? a->depth : b->depth,
			   .is_set = a->is_set || b->is_set};
	struct sym *s = (struct sym *)make(t, &want), *o;

	if (s->opposite)
		return s;
	want.sub = cmp_negate(sub);
	o = (struct sym *)make(t, &want);
	s->opposite = o;
	o->opposite = s;
	return s;
}

const struct sym *sym_cmp(struct sym_table *t, enum flow_sub sub, const struct sym *a, const struct sym *b)
{
	unsigned mask;

	if (a->kind == SYM_INT && b->kind == SYM_INT)
		return sym_int(t, cmp_ints(sub, a->value, b->value));
	if (a == b && !a->is_set)
		return sym_int(t, holds_when_equal(sub));
	if (a->kind == SYM_INT || (b->kind != SYM_INT && b->id < a->id)) {
		const struct sym *swap = a;

		a = b;
		b = swap;
		sub = cmp_swap(sub);
	}
	if (b->kind == SYM_INT && a->kind == SYM_CMP && (sub == CMP_EQ || sub == CMP_NE)) {
		if (b->value == 0)
			return sub == CMP_NE ? a : sym_not(t, a);
		if (b->value == 1 || b->value == -1)
			return sub == CMP_EQ ? a : sym_not(t, a);
	}
	if (b->kind == SYM_INT) {
		mask = sym_mask(a);
		if (!(mask & mask_of_cmp(sub, b->value)))
			return sym_int(t, 0);
		if (!(mask & mask_of_cmp(cmp_negate(sub), b->value)))
			return sym_int(t, 1);
	}
	/* Two different fields of one object, two different variables: not equal. */
	if ((sub == CMP_EQ || sub == CMP_NE) && a->kind == SYM_ADDR && b->kind == SYM_ADDR && a->a == b->a &&
	    !a->is_set)
		return sym_int(t, sub == CMP_NE);
	if (is_large(a, b))
		return make_large(t, sub, a, b);
	return make_cmp(t, sub, a, b);
}

static bool fold_ints(enum flow_sub sub, int64_t a, int64_t b, int64_t *out)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;

	switch (sub) {
	case BIN_ADD: *out = (int64_t)(x + y); return true;
	case BIN_SUB: *out = (int64_t)(x - y); return true;
	case BIN_MUL: *out = (int64_t)(x * y); return true;
	case BIN_AND: *out = a & b; return true;
	case BIN_OR: *out = a | b; return true;
	case BIN_XOR: *out = a ^ b; return true;
	case BIN_SHL: *out = y < 64 ? (int64_t)(x << y) : 0; return y < 64;
	/* Of negative numbers the result depends on the type. */
	case BIN_SHR: *out = y < 64 ? a >> y : 0; return a >= 0 && y < 64;
	case BIN_DIV: *out = b > 0 ? a / b : 0; return a >= 0 && b > 0;
	case BIN_REM: *out = b > 0 ? a % b : 0; return a >= 0 && b > 0;
	default: return false;
	}
}

static int by_id(const void *a, const void *b)
{
	const struct sym *x = *(const struct sym *const *)a, *y = *(const struct sym *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static const struct sym *both(struct sym_table *t, const struct sym *a, const struct sym *b)
{
	if (is_large(a, b))
		return make_large(t, SUB_NONE, a, b);
	return make(t, &(struct sym){.kind = SYM_ALL, .a = a, .b = b, .depth = a->depth > b->depth ? a->depth : b->depth,
				    .is_set = a->is_set || b->is_set});
}

const struct sym *sym_all(struct sym_table *t, const struct sym **terms, int n)
{
	const struct sym *all = NULL;
	int kept = 0;

	for (int i = 0; i < n; i++) {
		const struct sym *s = terms[i];

		if (s->kind == SYM_CMP && s->sub == CMP_NE && s->b->kind == SYM_INT && !s->b->value)
			s = s->a;	/* x != 0 and x say the same */
		if (sym_mask(s) & MASK_ZERO)
			terms[kept++] = s;
	}
	qsort(terms, (size_t)kept, sizeof(terms[0]), by_id);
	for (int i = 0; i < kept; i++)
		if (!i || terms[i] != terms[i - 1])
			all = all ? both(t, all, terms[i]) : terms[i];
	return all ? all : sym_int(t, 1);
}

static bool is_address(const struct sym *s)
{
	return s->kind == SYM_ADDR || s->kind == SYM_GLOBAL || s->kind == SYM_STACK || s->kind == SYM_ELEM;
}

/*
 * Some bits of x, in one form however they are taken out: of what was masked before, of what had other bits set, of
 * what was shifted. NULL when there is nothing to make simpler.
 */
static const struct sym *simpler_bits(struct sym_table *t, const struct sym *x, int64_t bits)
{
	int64_t c = x->kind == SYM_BIN && x->b->kind == SYM_INT ? x->b->value : 0;

	if (!bits)
		return sym_int(t, 0);
	if (!c)
		return NULL;
	if (x->sub == BIN_AND)
		return sym_bin(t, BIN_AND, x->a, sym_int(t, bits & c));
	if (x->sub == BIN_OR && !(bits & c))
		return sym_bin(t, BIN_AND, x->a, sym_int(t, bits));
	if (x->sub == BIN_OR && (bits & c) == bits)
		return sym_int(t, bits);
	/* Low bits that were cleared and then set or added ("x = (x & ~MASK) + STATE"). */
	if ((x->sub == BIN_OR || (x->sub == BIN_ADD && !(bits & (bits + 1)))) && x->a->kind == SYM_BIN && x->a->sub == BIN_AND &&
	    x->a->b->kind == SYM_INT && !(x->a->b->value & bits))
		return sym_int(t, c & bits);
	if (x->sub == BIN_SHR && c > 0 && c < 32 && bits > 0 && bits < INT64_C(1) << 31)
		return sym_bin(t, BIN_SHR, sym_bin(t, BIN_AND, x->a, sym_int(t, bits << c)), x->b);
	return NULL;
}

const struct sym *sym_unshifted(const struct sym *s)
{
	const struct sym *x = s->kind == SYM_BIN && s->sub == BIN_SHR && s->b->kind == SYM_INT ? s->a : NULL;

	if (x && x->kind == SYM_BIN && x->sub == BIN_AND && x->b->kind == SYM_INT && s->b->value >= 0 && s->b->value < 32 &&
	    !(x->b->value & ((INT64_C(1) << s->b->value) - 1)))
		return x;
	return s;
}

const struct sym *sym_bin(struct sym_table *t, enum flow_sub sub, const struct sym *a, const struct sym *b)
{
	int64_t v;

	if (a->kind == SYM_INT && b->kind == SYM_INT && fold_ints(sub, a->value, b->value, &v))
		return sym_int(t, v);
	if (sub == BIN_ADD && a->kind == SYM_INT)
		return sym_bin(t, sub, b, a);
	if (sub == BIN_SUB && b->kind == SYM_INT)
		return sym_bin(t, BIN_ADD, a, sym_int(t, -b->value));
	if (sub == BIN_ADD && b->kind == SYM_INT) {
		if (b->value == 0)
			return a;
		if (is_address(a))
			return sym_addr(t, a, b->value, NULL, NULL);
		if (a->kind == SYM_BIN && a->sub == BIN_ADD && a->b->kind == SYM_INT)
			return sym_bin(t, BIN_ADD, a->a, sym_int(t, a->b->value + b->value));
	}
	if (sub == BIN_XOR && b->kind == SYM_INT && a->kind == SYM_CMP && (b->value == 1 || b->value == -1))
		return sym_not(t, a);
	if (sub == BIN_AND && b->kind == SYM_INT && a->kind == SYM_CMP)
		return b->value & 1 ? a : sym_int(t, 0);
	if (sub == BIN_AND && b->kind == SYM_INT) {
		const struct sym *simpler = simpler_bits(t, a, b->value);

		if (simpler)
			return simpler;
	}
	if (sub == BIN_AND && a == b)
		return a;
	if (sub == BIN_OR && b->kind == SYM_INT && b->value == 0)
		return a;
	if (is_large(a, b))
		return make_large(t, sub, a, b);
	return make(t, &(struct sym){.kind = SYM_BIN, .sub = sub, .a = a, .b = b,
				    .depth = a->depth > b->depth ? a->depth : b->depth,
				    .is_set = a->is_set || b->is_set});
}

const struct sym *sym_restore(struct sym_table *t, const struct sym *fields)
{
	return make(t, fields);
}

const struct sym *sym_import(struct sym_table *t, const struct sym *s)
{
	struct sym copy;

	if (!s)
		return NULL;
	copy = *s;
	copy.a = sym_import(t, s->a);
	copy.b = sym_import(t, s->b);
	return make(t, &copy);
}

const struct sym *sym_object(const struct sym *s)
{
	return s->kind == SYM_ADDR ? s->a : s;
}

const struct sym *sym_root(const struct sym *s)
{
	while (s->kind == SYM_ADDR || s->kind == SYM_LOAD || s->kind == SYM_ELEM || s->kind == SYM_BIN)
		s = s->a;
	return s;
}

bool sym_contains(const struct sym *s, const struct sym *part)
{
	return s && (s == part || sym_contains(s->a, part) || sym_contains(s->b, part));
}

bool sym_is_machine(const struct sym *s)
{
	return s->kind == SYM_NEW && s->site <= SYM_MACHINE && !s->value;
}

bool sym_is_outer(const struct sym *s)
{
	if (!s)
		return true;
	if (s->kind == SYM_STACK || (s->kind == SYM_NEW && !sym_is_machine(s)))
		return false;
	return sym_is_outer(s->a) && sym_is_outer(s->b);
}

static unsigned mask_of_int(int64_t v)
{
	return v == 0 ? MASK_ZERO : v > 0 ? MASK_POSITIVE : v >= -4095 ? MASK_ERROR : MASK_LOW;
}

unsigned sym_mask(const struct sym *s)
{
	switch (s->kind) {
	case SYM_INT:
		return mask_of_int(s->value);
	case SYM_GLOBAL: case SYM_FUNC: case SYM_STACK: case SYM_ADDR: case SYM_ELEM:
		return MASK_VALID;
	case SYM_CMP: case SYM_ALL:
		return MASK_ZERO | MASK_POSITIVE;
	case SYM_BIN:
		if (s->sub == BIN_AND && s->b->kind == SYM_INT && s->b->value >= 0)
			return MASK_ZERO | MASK_POSITIVE;
		if (s->sub == BIN_OR && s->b->kind == SYM_INT && s->b->value)
			return MASK_ANY & ~MASK_ZERO;
		return MASK_ANY;
	default:
		return MASK_ANY;
	}
}

/* Does [lo, hi] meet the values x with x <sub> c? */
static bool meets_signed(enum flow_sub sub, int64_t c, int64_t lo, int64_t hi)
{
	switch (sub) {
	case CMP_SLT: return lo < c;
	case CMP_SLE: return lo <= c;
	case CMP_SGT: return hi > c;
	case CMP_SGE: return hi >= c;
	case CMP_EQ: return lo <= c && c <= hi;
	default: return lo != hi || lo != c;	/* CMP_NE */
	}
}

static bool meets_unsigned(enum flow_sub sub, uint64_t c, uint64_t lo, uint64_t hi)
{
	switch (sub) {
	case CMP_ULT: return lo < c;
	case CMP_ULE: return lo <= c;
	case CMP_UGT: return hi > c;
	default: return hi >= c;		/* CMP_UGE */
	}
}

unsigned mask_of_cmp(enum flow_sub sub, int64_t c)
{
	static const struct { unsigned bit; int64_t lo, hi; } classes[] = {
		{MASK_ZERO, 0, 0},
		{MASK_POSITIVE, 1, INT64_MAX},
		{MASK_ERROR, -4095, -1},
		{MASK_LOW, INT64_MIN, -4096},
	};
	unsigned mask = 0;

	for (size_t i = 0; i < 4; i++) {
		bool meets = sub >= CMP_ULT && sub <= CMP_UGE
			? meets_unsigned(sub, (uint64_t)c, (uint64_t)classes[i].lo, (uint64_t)classes[i].hi)
			: meets_signed(sub, c, classes[i].lo, classes[i].hi);

		if (meets)
			mask |= classes[i].bit;
	}
	return mask;
}
