/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_UNITS_H
#define CLI_UNITS_H

/* The units of a build: what they are called, which are asked for, which must be read again. */

#include <stdbool.h>
#include <stddef.h>

#include "capture/capture.h"

struct arena;
struct options;
struct run_info;
struct store;

struct units {
	struct arena *arena;	/* owns all that hangs here */
	struct command_list commands;
	const char **names;	/* of each command: its file relative to the source tree (or the build) */
	const char **scope;	/* what was asked for: relative files and folders; none: all */
	size_t nscope;
	size_t *wanted;		/* commands asked for, in order */
	size_t nwanted;
};

/* Read the compile database and find what the paths mean. die() for a path that no unit is in. */
void units_select(struct arena *a, const struct options *opt, struct units *out);
/* Is this file (relative) among what was asked for? */
bool units_in_scope(const struct units *u, const char *file);
/* Where the database lies if nobody says otherwise. */
const char *units_default_db(const struct units *u);
/* The name of this configuration in a database at that path. */
const char *units_config(const struct units *u, const struct options *opt, const char *db);
/*
 * Bring the database up to date with the wanted units: capture those that are new, changed or failed
 * before, and forget those that are no longer in the compile database. Fills in the units part of run.
 */
void units_capture(const struct units *u, struct store *store, const struct options *opt,
		   struct run_info *run);

#endif
