/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_UNITS_H
#define CLI_UNITS_H

/* The units of a build: what they are called, which are asked for, which must be read again. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/capture.h"

struct arena;
struct fresh;
struct map;
struct options;
struct run_info;
struct store;
struct view;

struct id_list {
	int64_t *ids;	/* of units in the database */
	size_t n;
};

struct units {
	struct arena *arena;	/* owns all that hangs here */
	struct command_list commands;
	const char **names;	/* of each command: its file relative to the source tree (or the build) */
	const char **scope;	/* what was asked for: relative files and folders; none: all */
	size_t nscope;
	size_t *wanted;		/* commands asked for, in order */
	size_t nwanted;
	struct store *store;	/* opened for a look at what it has of the compile database; units_open_store() hands it on */
	bool read;		/* the compile database was read anew */
};

/* Read the compile database and find what the paths mean. die() for a path that no unit is in. */
void units_select(struct arena *a, const struct options *opt, struct units *out);
/*
 * Of the wanted units, keep those of one part of so many (from 1). Which part a unit is in hangs on its name alone: it is
 * the same on each machine, whatever other units there are.
 */
void units_select_part(struct units *u, int part, int parts);
/* The one unit that kbuild says to check with these words (commands_of_kbuild()). */
void units_single(struct arena *a, int argc, char **argv, struct units *out);
/* Is this file (relative) a unit of the build? */
bool units_has(const struct units *u, const char *file);
/* Is this file (relative) among what was asked for? */
bool units_in_scope(const struct units *u, const char *file);
/* Where the database lies if nobody says otherwise. */
const char *units_default_db(const struct units *u);
/* Open the database of these units: --db, else the default one. The caller closes it. */
struct store *units_open_store(struct units *u, const struct options *opt);
/* Where it was not opened after all. */
void units_release(struct units *u);
/* The name of this configuration in a database at that path. */
const char *units_config(const struct units *u, const struct options *opt, const char *db);
/*
 * Of the wanted units, keep those made from one of the changed files (names interned), as far as is known, and
 * those that are themselves changed. How many are left.
 */
size_t units_select_changed(struct units *u, const struct fresh *f, const struct map *changed);
/*
 * Bring the database up to date with the wanted units of the view: capture those that are new or changed, and those
 * that failed if that may have passed. Fills in the units part of run, and the ids of the program: all that the
 * database has, in order of the commands.
 */
void units_capture(const struct units *u, const struct fresh *f, const struct view *view,
		   const struct options *opt, struct run_info *run, struct id_list *program);

/* The same, after a look at what the database has of the view. */
void units_refresh(const struct units *u, struct store *store, const struct view *view, const struct options *opt,
		   struct run_info *run, struct id_list *program);

#endif
