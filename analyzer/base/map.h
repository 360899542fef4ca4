/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_MAP_H
#define BASE_MAP_H

/*
 * Hash map from string to pointer. Keys are compared as strings and borrowed: they
 * must outlive the map (interned names do). Iteration goes in insertion order, so
 * that nothing printed depends on addresses or hashes.
 */

#include <stddef.h>
#include <stdint.h>

struct map_entry {
	const char *key;
	void *value;
};

struct map {
	struct map_entry *entries;	/* in insertion order */
	size_t n, cap;
	uint32_t *slots;		/* index + 1 into entries, 0 for empty */
	size_t size;			/* slots, a power of two */
};

void map_init(struct map *m);
void map_release(struct map *m);
/* The value of key, or NULL. */
void *map_get(const struct map *m, const char *key);
/* Set key to value (which replaces an older one). */
void map_set(struct map *m, const char *key, void *value);
/* Sort entries by key, for printing; lookups go on working. */
void map_sort(struct map *m);
/* A 64-bit hash of n bytes (XXH3); the same on every machine and run. */
uint64_t map_hash(const void *p, size_t n);

#endif
