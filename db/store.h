/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DB_STORE_H
#define DB_STORE_H

/*
 * The database as the program sees it: units with their flow by content, what failed,
 * runs and findings. Schema and its meaning: schema.sql. SQLite itself is behind db.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/capture.h"

struct arena;
struct finding_list;
struct store;
struct unit;

/*
 * Open or make the database file. A file of an older schema whose content can be rebuilt is emptied, with a
 * note; what people wrote is kept. A newer schema, or a file that is not SQLite or damaged: die(), saying
 * so and what to do. config keys the entries (one database can hold several).
 */
struct store *store_open(const char *path, const char *config);
void store_close(struct store *s);

/* A unit known from before, for deciding whether it must be captured again. */
struct stored_unit {
	bool known, ok;
	uint64_t key[2];	/* capture_key() it was captured under */
	const char *error;	/* !ok */
	const char *note;
	size_t ndep;
	struct dep *deps;
};

/* Look a unit up by its relative file name. The answer's strings live in a. */
void store_find_unit(struct store *s, struct arena *a, const char *file, struct stored_unit *out);
/* Save one captured unit, in one transaction: replaces what was known of that file. */
void store_put_unit(struct store *s, const char *file, const uint64_t key[2], const struct captured *c);
/* Note new size and mtime of deps whose content turned out the same. */
void store_touch_deps(struct store *s, const char *file, const struct dep *deps, size_t n);
/*
 * Forget the units whose files are not among the n given: they are no longer in the compile database.
 * Returns how many.
 */
size_t store_keep_units(struct store *s, const char *const *files, size_t n);
/*
 * Load the flow of all units of this configuration that were captured well, sorted by file. Function bodies
 * that several units share are parsed once. Everything lives in a. Returns the number of units.
 */
size_t store_load_units(struct store *s, struct arena *a, struct unit ***out);
/* Save a run and its findings (with steps). */
void store_put_run(struct store *s, const struct finding_list *findings, const char *command_line,
		   int status);

#endif
