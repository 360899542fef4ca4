// SPDX-License-Identifier: GPL-2.0-only
/* What the models say of a function, a field, a kind of lock. Entries: model_find() and its like. */
#include "infer/model_entry.h"

#include <string.h>

#include "base/text.h"

/* Names are interned: their addresses stand for them. */
struct model_spot *model_spot(const struct model *m, const char *name)
{
	size_t at = intern_hash(name, 0) & (m->nspot - 1);

	while (m->spots[at].name && m->spots[at].name != name)
		at = (at + 1) & (m->nspot - 1);
	return &m->spots[at];
}

const struct model_func *model_find(const struct model *m, const char *name)
{
	return m->nspot ? model_spot(m, name)->func : NULL;
}

/* Is it field, or field of a member? */
static bool names_field(const char *path, const char *field)
{
	size_t n = strlen(path), m = strlen(field);

	return n > m && path[n - m - 1] == '.' && !strcmp(path + n - m, field);
}

bool model_is_owned(const struct model *m, const char *struct_name, const char *field)
{
	for (int i = 0; struct_name && field && i < m->nowned; i++)
		if ((m->owned[i].struct_name == struct_name && m->owned[i].field == field) ||
		    names_field(field, m->owned[i].field))
			return true;
	return false;
}

const struct model_maker *model_find_maker(const struct model *m, const char *function)
{
	for (int i = 0; i < m->nmaker; i++)
		if (m->makers[i].function == function)
			return &m->makers[i];
	return NULL;
}

enum lock_wait model_wait(const struct model *m, const char *kind)
{
	for (int i = 0; i < m->nkind; i++)
		if (m->kinds[i].name == kind)
			return m->kinds[i].wait;
	return WAIT_SPINNING;
}

bool model_does(const struct model_func *f, enum effect_kind kind)
{
	for (int i = 0; f && i < f->neffect; i++)
		if (f->effects[i].kind == kind)
			return true;
	return false;
}

const struct model_hint *model_find_hint(const struct model *m, enum effect_kind kind, const char *function,
					 const struct model_hint *after)
{
	const struct model_hint *h = after ? after->next : m->nspot ? model_spot(m, function)->hint : NULL;

	while (h && h->kind != kind)
		h = h->next;
	return h;
}

bool model_has_order(const struct model *m, const char *class_name)
{
	for (int i = 0; i < m->nclass; i++)
		if (m->classes[i].name == class_name)
			return false;
	return true;
}

static const struct model_kind *find_kind(const struct model *m, const char *kind)
{
	for (int i = 0; i < m->nkind; i++)
		if (m->kinds[i].name == kind)
			return &m->kinds[i];
	return NULL;
}

bool model_is_atomic(const struct model *m, const char *kind)
{
	const struct model_kind *k = find_kind(m, kind);

	return k && k->is_atomic;
}

bool model_has_contexts(const struct model *m, const char *kind)
{
	const struct model_kind *k = find_kind(m, kind);

	return k && k->has_contexts;
}

/* Words of a name are parted by underscores. */
static bool has_word(const char *name, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(name, word); at; at = strstr(at + 1, word))
		if ((at == name || at[-1] == '_') && (!at[n] || at[n] == '_'))
			return true;
	return false;
}

bool model_name_says(const struct model *m, const char *name, enum name_sense sense)
{
	for (int i = 0; i < m->nname; i++)
		if (m->names[i].sense == sense && has_word(name, m->names[i].word))
			return true;
	return false;
}

const struct model_need *model_find_need(const struct model *m, const char *struct_name, const char *field)
{
	for (int i = 0; struct_name && field && i < m->nneed; i++)
		if (m->needs[i].struct_name == struct_name && m->needs[i].field == field)
			return &m->needs[i];
	return NULL;
}
