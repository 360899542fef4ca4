/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DB_STORE_OWN_H
#define DB_STORE_OWN_H

/* What the files behind store.h share, and nobody else. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zstd.h>

#include "base/arena.h"
#include "base/map.h"
#include "db/db.h"

struct func;
struct unit;

struct store {
	struct db *db;
	char *path;
	int64_t config;		/* row of the configuration at work */
	struct summaries *summaries;	/* store_summaries.c; NULL until the first is asked for */
	bool is_lending;	/* store_load.c: bodies go to that arena, their functions into that list */
	struct arena lent;
	struct func **borrowers;
	size_t nborrower, borrower_cap;
	struct arena files;	/* store_units.c: what is known of the files of the units being saved */
	struct map known_files;	/* by path: struct stored_file */
	bool reading;		/* a transaction that only reads is open: store_load.c */
	bool changed;		/* a unit was added: one may have too many versions */
	bool dropped;		/* there may be rows nobody uses */
	ZSTD_CCtx *compress;
	ZSTD_DCtx *decompress;
};

/* The file is looked at as it is now until store_end_reading(). */
void store_begin_reading(struct store *s);
/* Begin a transaction that writes; one that only reads ends. */
void store_begin(struct store *s);
/* Forget summaries that were not saved. */
void store_drop_summaries(struct store *s);

/* A hash as it is stored: 16 bytes, the most significant first. */
void store_bind_hash(struct stmt *st, int i, const uint64_t hash[2]);
void store_col_hash(struct stmt *st, int i, uint64_t hash[2]);
/* The one number that a question with one parameter is answered with. */
size_t store_count(struct store *s, const char *sql, int64_t arg);
/* A hash of all that a unit holds, with the lines it stands at. */
int64_t store_unit_content(const struct unit *u);
/*
 * Drop all but the last few versions of each unit, and all but the last few attempts that failed: at the end, when no
 * run may still want one of them. Were there any?
 */
bool store_drop_versions(struct store *s);

#endif
