// SPDX-License-Identifier: GPL-2.0-only
/* Hash map by strings: an array of entries in insertion order and an open-addressed index over it. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/message.h"

uint64_t map_hash(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}

void map_init(struct map *m)
{
	memset(m, 0, sizeof(*m));
}

void map_release(struct map *m)
{
	free(m->entries);
	free(m->slots);
	map_init(m);
}

static size_t find_slot(const struct map *m, const char *key)
{
	size_t h = map_hash(key, strlen(key)) & (m->size - 1);

	while (m->slots[h]) {
		const char *k = m->entries[m->slots[h] - 1].key;

		if (k == key || !strcmp(k, key))
			break;
		h = (h + 1) & (m->size - 1);
	}
	return h;
}

void *map_get(const struct map *m, const char *key)
{
	size_t h;

	if (!m->size)
		return NULL;
	h = find_slot(m, key);
	return m->slots[h] ? m->entries[m->slots[h] - 1].value : NULL;
}

static void rebuild(struct map *m, size_t size)
{
	free(m->slots);
	m->slots = calloc(size, sizeof(*m->slots));
	if (!m->slots)
		die("out of memory (%zu map slots)", size);
	m->size = size;
	for (size_t i = 0; i < m->n; i++)
		m->slots[find_slot(m, m->entries[i].key)] = (uint32_t)i + 1;
}

void map_set(struct map *m, const char *key, void *value)
{
	size_t h;

	if ((m->n + 1) * 2 > m->size)
		rebuild(m, m->size ? m->size * 2 : 16);
	h = find_slot(m, key);
	if (m->slots[h]) {
		m->entries[m->slots[h] - 1].value = value;
		return;
	}
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 8;
		m->entries = realloc(m->entries, m->cap * sizeof(*m->entries));
		if (!m->entries)
			die("out of memory (%zu map entries)", m->cap);
	}
	m->entries[m->n++] = (struct map_entry){key, value};
	m->slots[h] = (uint32_t)m->n;
}

static int by_key(const void *a, const void *b)
{
	const struct map_entry *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void map_sort(struct map *m)
{
	if (!m->n)
		return;
	qsort(m->entries, m->n, sizeof(*m->entries), by_key);
	rebuild(m, m->size);
}
