// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions in brief. Entry points: flow_print_brief(), flow_parse_brief(). All numbers are written seven bits to a
 * byte. First a hash of what follows and of the function's own; then the names, each once; then what stands in the
 * text's first line; then the links. Names are told by number, 0 being none.
 */
#include "flow/flow_brief.h"

#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"
#include "flow/flow.h"

enum { IS_STATIC = 1, IS_VARIADIC = 2, RETURNS_VALUE = 4, RETURNS_POINTER = 8 };
enum { FEW = 64 };		/* names that need no memory of their own */

/* ------------------------------------------------------------------ writing */

/* The names of a function: number n is names[n - 1]. */
struct namer {
	struct map numbers;		/* by name */
	struct text names, rest;
};

static void put(struct text *out, uint64_t v)
{
	for (; v >= 128; v >>= 7)
		text_putc(out, (char)(v | 128));
	text_putc(out, (char)v);
}

static uint64_t number_of(struct namer *w, const char *name)
{
	uint64_t n;

	if (!name)
		return 0;
	n = (uint64_t)(uintptr_t)map_get(&w->numbers, name);
	if (n)
		return n;
	n = w->numbers.n + 1;
	map_set(&w->numbers, name, (void *)(uintptr_t)n);
	put(&w->names, strlen(name));
	text_puts(&w->names, name);
	return n;
}

static void put_head(struct namer *w, const struct func *fn)
{
	const char *const names[] = {fn->name, fn->file, fn->section, fn->notes};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(&w->rest, number_of(w, names[i]));
	put(&w->rest, (uint32_t)(fn->end_line - fn->line));
	put(&w->rest, (fn->is_static ? IS_STATIC : 0u) | (fn->is_variadic ? IS_VARIADIC : 0u) |
	    (fn->returns_value ? RETURNS_VALUE : 0u) | (fn->returns_pointer ? RETURNS_POINTER : 0u));
	put(&w->rest, (uint64_t)fn->ninsn);
	put(&w->rest, (uint64_t)fn->nblock);
	put(&w->rest, (uint64_t)fn->nparam);
	for (int i = 0; i < fn->nparam; i++) {
		put(&w->rest, number_of(w, fn->params[i].name));
		put(&w->rest, number_of(w, fn->params[i].type) << 1 | fn->params[i].is_pointer);
	}
}

static uint64_t check_of(const void *bytes, size_t n, const uint64_t hash[2])
{
	return map_hash(bytes, n) ^ hash[0];
}

void flow_print_brief(struct text *out, const struct func *fn)
{
	struct namer w = {0};
	struct text all;
	uint64_t check;

	map_init(&w.numbers);
	put_head(&w, fn);
	put(&w.rest, (uint64_t)fn->nlink);
	for (int i = 0; i < fn->nlink; i++)
		put(&w.rest, number_of(&w, fn->links[i].name) << 3 | (uint64_t)fn->links[i].kind);
	text_init(&all);
	put(&all, w.numbers.n);
	text_add(&all, text_str(&w.names), w.names.len);
	text_add(&all, text_str(&w.rest), w.rest.len);
	check = check_of(all.s, all.len, fn->hash);
	text_add(out, (const char *)&check, sizeof(check));
	text_add(out, all.s, all.len);
	text_release(&all);
	text_release(&w.names);
	text_release(&w.rest);
	map_release(&w.numbers);
}

/* ------------------------------------------------------------------ reading */

struct reader {
	const unsigned char *start, *at, *end;
	uint64_t outline;		/* of what was gone through with add_outline() */
	const char **names;
	uint64_t nname;
	bool failed;
};

static uint64_t get(struct reader *r)
{
	uint64_t v = 0;

	for (int shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		v |= (uint64_t)(*r->at & 127) << shift;
		if (!(*r->at++ & 128))
			return v;
	}
	r->failed = true;
	r->at = r->end;
	return 0;
}

/* A number of things that take a byte or more each. */
static uint64_t get_count(struct reader *r)
{
	uint64_t n = get(r);

	if (n <= (uint64_t)(r->end - r->at))
		return n;
	r->failed = true;
	return 0;
}

static const char *name_of(struct reader *r, uint64_t n)
{
	if (n <= r->nname)
		return n ? r->names[n - 1] : NULL;
	r->failed = true;
	return NULL;
}

static void get_names(struct reader *r)
{
	for (uint64_t i = 0; i < r->nname; i++) {
		uint64_t len = get_count(r);

		r->names[i] = intern_n((const char *)r->at, len);
		r->at += len;
	}
}

/* What stands between start and the place reached is part of the outline. */
static void add_outline(struct reader *r)
{
	const uint64_t parts[] = {r->outline, map_hash(r->start, (size_t)(r->at - r->start))};

	r->outline = map_hash(parts, sizeof(parts));
	r->start = r->at;
}

static void get_head(struct reader *r, struct arena *a, struct func *fn)
{
	uint64_t how;

	fn->name = name_of(r, get(r));
	fn->file = name_of(r, get(r));
	fn->section = name_of(r, get(r));
	fn->notes = name_of(r, get(r));
	add_outline(r);
	fn->end_line = (int)get(r);
	r->start = r->at;
	how = get(r);
	add_outline(r);
	fn->is_static = how & IS_STATIC;
	fn->is_variadic = how & IS_VARIADIC;
	fn->returns_value = how & RETURNS_VALUE;
	fn->returns_pointer = how & RETURNS_POINTER;
	fn->ninsn = (int)get(r);
	fn->nblock = (int)get(r);
	r->start = r->at;
	fn->nparam = (int)get_count(r);
	fn->params = ARENA_ARRAY(a, struct param, fn->nparam);
	for (int i = 0; i < fn->nparam; i++) {
		uint64_t type;

		fn->params[i].name = name_of(r, get(r));
		type = get(r);
		fn->params[i].is_pointer = type & 1;
		fn->params[i].type = name_of(r, type >> 1);
	}
}

static void get_links(struct reader *r, struct arena *a, struct func *fn)
{
	struct flow_link *links;

	fn->nlink = (int)get_count(r);
	fn->links = links = ARENA_ARRAY(a, struct flow_link, fn->nlink);
	for (int i = 0; i < fn->nlink; i++) {
		uint64_t v = get(r);
		bool has_name;

		links[i].kind = (enum flow_link_kind)(v & 7);
		links[i].name = name_of(r, v >> 3);
		has_name = links[i].kind != LINK_INDIRECT && links[i].kind != LINK_LOST;
		r->failed |= links[i].kind >= LINK_KINDS || has_name != (links[i].name != NULL);
	}
}

struct func *flow_parse_brief(struct arena *a, const void *bytes, size_t n, const uint64_t hash[2])
{
	struct reader r = {.at = bytes, .end = (const unsigned char *)bytes + n};
	const char *few[FEW];
	struct func *fn;
	uint64_t check;

	if (n < sizeof(check))
		return NULL;
	memcpy(&check, bytes, sizeof(check));
	r.at += sizeof(check);
	if (check_of(r.at, n - sizeof(check), hash) != check)
		return NULL;
	r.start = r.at;
	r.nname = get_count(&r);
	r.names = r.nname <= FEW ? few : ARENA_ARRAY(a, const char *, r.nname);
	get_names(&r);
	fn = ARENA_NEW(a, struct func);
	memcpy(fn->hash, hash, sizeof(fn->hash));
	get_head(&r, a, fn);
	get_links(&r, a, fn);
	add_outline(&r);
	fn->outline = r.outline;
	return r.failed || r.at != r.end || !fn->name ? NULL : fn;
}

void flow_place_func(struct func *fn, int line)
{
	fn->end_line += line - fn->line;
	fn->line = line;
}
