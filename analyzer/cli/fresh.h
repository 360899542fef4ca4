/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_FRESH_H
#define CLI_FRESH_H

/* Which of the stored versions of units are those of a view of the tree. */

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "db/store.h"

struct arena;
struct command_list;
struct view;

struct fresh {
	struct arena *arena;	/* owns all that hangs here */
	struct store *store;
	struct stored_unit *units;	/* all versions, by file, the newest first */
	size_t n;
	bool *is_stale;		/* per version: made from content that the view does not have */
	struct map first;	/* file -> struct stored_unit, its newest version */
	struct stored_file *files;
	size_t nfile;
	size_t *by_id;		/* unit id -> 1 + index; for ids below nid */
	int64_t nid;
};

/*
 * Look at all files that units were made from, once each: by size and time, else by content. What has a new time only
 * is noted in the database. Call fresh_release() at the end.
 */
void fresh_look(struct fresh *f, struct arena *a, struct store *store, const struct command_list *commands,
		const struct view *view);
void fresh_release(struct fresh *f);
/* The newest version of that file (interned) that was read and that the view's content gives, under that key (NULL: any). */
const struct stored_unit *fresh_current(const struct fresh *f, const char *file, const uint64_t key[2]);
/* The newest attempt at that file that failed, and would again with the view's content. */
const struct stored_unit *fresh_failed(const struct fresh *f, const char *file, const uint64_t key[2]);
/* The newest version of that file that could be read, of whatever content; NULL if there is none. */
const struct stored_unit *fresh_any(const struct fresh *f, const char *file);
/* Add to out (file, interned -> any) the units of which some version was made from one of these files. */
void fresh_made_from(const struct fresh *f, const struct map *files, struct map *out);

#endif
