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
struct infer_cache;
struct program_id;
struct store;
struct unit;

/*
 * Open or make the database file. A file of an older schema whose content can be rebuilt is emptied, with a
 * note; what people wrote is kept. A newer schema, or a file that is not SQLite or damaged: die(), saying
 * so and what to do. config keys the entries (one database can hold several).
 */
struct store *store_open(const char *path, const char *config);
/*
 * A file may come from elsewhere, with the names it had there. The only other configuration in it, if ours has no units;
 * else NULL. In a.
 */
const char *store_other_config(struct store *s, struct arena *a);
/* That other one is ours from now on, under the name config. */
void store_adopt_config(struct store *s, const char *other, const char *config);
void store_close(struct store *s);

/* What was kept of a compile database of that hash (command_list), *n bytes in a; NULL for none. */
const void *store_find_commands(struct store *s, struct arena *a, const uint64_t hash[2], size_t *n);
/* Keep that, in place of what was. */
void store_keep_commands(struct store *s, const uint64_t hash[2], const void *bytes, size_t n);

/* A version of a unit, as it was captured. */
struct stored_unit {
	int64_t id;
	const char *file;	/* interned */
	bool ok;
	uint64_t key[2];	/* capture_key() it was captured under */
	const char *error;	/* !ok */
	const char *note;
};

/* One content of a file that units were made from. */
struct stored_file {
	int64_t id;
	struct dep dep;
};

/* All versions of all units, by file, the newest first. They live in a. Their number. */
size_t store_units(struct store *s, struct arena *a, struct stored_unit **out);
/* All contents of all files, by path. They live in a. Their number. */
size_t store_files(struct store *s, struct arena *a, struct stored_file **out);
/* The ids of the units that were made from that content. */
size_t store_file_units(struct store *s, struct arena *a, int64_t file, int64_t **out);
/* Note the new size and time of a file whose content turned out the same. */
void store_touch_file(struct store *s, int64_t file, int64_t size, int64_t mtime_ns);
/* Units are saved between these two, in one transaction. */
void store_begin_units(struct store *s);
void store_end_units(struct store *s);
/*
 * Save one captured unit as the newest version of that file; the last few versions before it are kept when the store is
 * closed. Its id; 0 if it could not be read.
 */
int64_t store_put_unit(struct store *s, const char *file, const uint64_t key[2], const struct captured *c);
/*
 * Forget the units whose files are not among the n given: they are no longer in the compile database.
 * Returns how many.
 */
size_t store_keep_units(struct store *s, const char *const *files, size_t n);
/*
 * Load the flow of the units of these ids, which were captured well: out[i] is that of ids[i], sorted as they are.
 * Functions that several units share are there once; their bodies are read by func_read() only, while the store is
 * open. Everything lives in a.
 */
void store_load_units(struct store *s, struct arena *a, const int64_t *ids, size_t n, struct unit **out);
/* Which program the units of these ids make, to the letter: for result_find(). Cheaper than to load them. */
void store_program_id(struct store *s, const int64_t *ids, size_t n, struct program_id *out);
/*
 * The bodies that were to be read have been. From the loading until then, or until something is saved, the store shows
 * what it held then.
 */
void store_end_reading(struct store *s);
/* What a merge did. */
struct store_merged {
	size_t added, known;	/* versions of units: taken over; there already, with the same contents of all files */
	size_t triage;		/* verdicts taken over */
};

/*
 * Can that database file be merged: is it one of devscope's, whole, of this schema, not the store's own file, and
 * clear which of its configurations is meant? die() if not, saying what to do.
 */
void store_check_part(struct store *s, const char *path);
/*
 * Take over what another database file, captured elsewhere, has of the configuration at work: that of the same name
 * there, else the only one. Each version of a unit becomes the newest here unless it is known; the last few are kept.
 * Verdicts of people are added where there is none. All of it or, if it ends in between, nothing. die() as
 * store_check_part().
 */
void store_merge(struct store *s, const char *path, struct store_merged *out);
/*
 * What was learnt of functions in earlier runs, under keys and in bytes that are infer's. What was kept is in the file
 * after store_save_summaries().
 */
void store_cache(struct store *s, struct infer_cache *out);
void store_save_summaries(struct store *s);
/* Save a run and its findings (with steps). */
void store_put_run(struct store *s, const struct finding_list *findings, const char *command_line,
		   int status);

#endif
