// SPDX-License-Identifier: GPL-2.0-only
/* Spellings as numbers, and what else a whole run shares: questions to the compiler, equality of macros. */
#include "capture/pp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

static void *resized(void *p, size_t n, size_t size)
{
	p = realloc(p, n * size);
	if (!p)
		die("out of memory (%zu names)", n);
	return p;
}

static uint32_t *slot_of(const struct pp *pp, const char *s, size_t n)
{
	size_t h = map_hash(s, n) & (pp->nslot - 1);

	while (pp->slots[h]) {
		const char *known = pp->names[pp->slots[h]];

		if (!strncmp(known, s, n) && !known[n])
			break;
		h = (h + 1) & (pp->nslot - 1);
	}
	return &pp->slots[h];
}

static void more_names(struct pp *pp)
{
	uint32_t room = pp->room ? 2 * pp->room : 1 << 16;

	pp->names = resized(pp->names, room, sizeof(*pp->names));
	pp->seen = resized(pp->seen, room, sizeof(*pp->seen));
	memset(pp->seen + pp->room, 0, sizeof(*pp->seen) * (room - pp->room));
	pp->room = room;
	free(pp->slots);
	pp->nslot = 2 * room;
	pp->slots = calloc(pp->nslot, sizeof(*pp->slots));
	if (!pp->slots)
		die("out of memory (%u names)", room);
	for (uint32_t i = 1; i < pp->nname; i++)
		*slot_of(pp, pp->names[i], strlen(pp->names[i])) = i;
}

pp_name pp_intern(struct pp *pp, const char *s, size_t n)
{
	uint32_t *slot = slot_of(pp, s, n);

	if (*slot)
		return *slot;
	if (pp->nname == pp->room) {
		more_names(pp);
		slot = slot_of(pp, s, n);
	}
	pp->names[pp->nname] = arena_strndup(&pp->arena, s, n);
	return *slot = pp->nname++;
}

void pp_init(struct pp *pp)
{
	memset(pp, 0, sizeof(*pp));
	map_init(&pp->files);
	map_init(&pp->questions);
	pp->nname = 1;
	more_names(pp);
	pp->defined = pp_intern(pp, "defined", 7);
	pp->va_args = pp_intern(pp, "__VA_ARGS__", 11);
	pp->has_include = pp_intern(pp, "__has_include", 13);
	pp->has_include_next = pp_intern(pp, "__has_include_next", 18);
	pp->line = pp_intern(pp, "__LINE__", 8);
	pp->counter = pp_intern(pp, "__COUNTER__", 11);
}

void pp_release(struct pp *pp)
{
	free(pp->names);
	free(pp->seen);
	free(pp->slots);
	free(pp->list);
	text_release(&pp->content);
	map_release(&pp->files);
	map_release(&pp->questions);
	arena_release(&pp->arena);
}

pp_name pp_answer(struct pp *pp, size_t n)
{
	char name[60];

	return pp_intern(pp, name, (size_t)snprintf(name, sizeof(name), "__devscope_answer_%zu", n));
}

bool pp_same_macro(const struct pp_macro *a, const struct pp_macro *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->nparam != b->nparam || a->variadic != b->variadic || a->nbody != b->nbody)
		return false;
	for (int i = 0; i < a->nparam; i++)
		if (a->params[i] != b->params[i])
			return false;
	for (int i = 0; i < a->nbody; i++)
		if (a->body[i].name != b->body[i].name || a->body[i].space != b->body[i].space)
			return false;
	return true;
}
