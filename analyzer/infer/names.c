// SPDX-License-Identifier: GPL-2.0-only
/* Sets of names. Entry points: names_join(), names_common(), names_without(), names_has(), names_meet(). */
#include "infer/names.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

bool names_has(const struct names *s, const char *name)
{
	for (int i = 0; s && i < s->n; i++)
		if (s->items[i] == name)
			return true;
	return false;
}

bool names_may_have(const struct names *s, const char *name)
{
	return names_has(s, name) || names_has(s, intern(LOCK_OF_ANY_CLASS));
}

bool names_meet(const struct names *a, const struct names *b)
{
	for (int i = 0; a && i < a->n; i++)
		if (names_has(b, a->items[i]))
			return true;
	return false;
}

struct names *names_new(struct arena *a, int room)
{
	return arena_alloc(a, sizeof(struct names) + sizeof(const char *) * (size_t)room);
}

const struct names *names_one(struct arena *a, const char *name)
{
	struct names *s = names_new(a, 1);

	s->n = 1;
	s->items[0] = name;
	return s;
}

bool names_equal(const struct names *x, const struct names *y)
{
	if (!x || !y || x == y)
		return x == y;
	return x->n == y->n && !memcmp(x->items, y->items, sizeof(x->items[0]) * (size_t)x->n);
}

/* Both are sorted alike, and a name is its address. */
static bool is_within(const struct names *x, const struct names *of)
{
	int k = 0;

	for (int i = 0; i < x->n; i++) {
		while (k < of->n && of->items[k] != x->items[i])
			k++;
		if (k++ == of->n)
			return false;
	}
	return true;
}

const struct names *names_join(struct arena *a, const struct names *x, const struct names *y)
{
	struct names *s;
	int i = 0, k = 0;

	if (!x || !y)
		return x ? x : y;
	if (is_within(y, x))
		return x;
	if (is_within(x, y))
		return y;
	s = names_new(a, x->n + y->n);
	while (i < x->n || k < y->n) {
		int c = i == x->n ? 1 : k == y->n ? -1 : x->items[i] == y->items[k] ? 0 : strcmp(x->items[i], y->items[k]);

		s->items[s->n++] = c <= 0 ? x->items[i] : y->items[k];
		i += c <= 0;
		k += c >= 0;
	}
	return s;
}

/* Those of x that are in y, or those that are not. */
static const struct names *names_chosen(struct arena *a, const struct names *x, const struct names *y, bool in_both)
{
	struct names *s;
	int i = 0;

	while (x && i < x->n && names_has(y, x->items[i]) == in_both)
		i++;
	if (!x || i == x->n)
		return x;
	s = names_new(a, x->n);
	for (i = 0; i < x->n; i++)
		if (names_has(y, x->items[i]) == in_both)
			s->items[s->n++] = x->items[i];
	return s->n ? s : NULL;
}

const struct names *names_common(struct arena *a, const struct names *x, const struct names *y)
{
	return names_chosen(a, x, y, true);
}

const struct names *names_without(struct arena *a, const struct names *x, const struct names *y)
{
	return y ? names_chosen(a, x, y, false) : x;
}
