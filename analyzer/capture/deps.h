/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_DEPS_H
#define CAPTURE_DEPS_H

/* The files a unit was made from, and what was in them. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"

struct captured;
struct child;
struct view;

/* Files hashed so far: a header is read once a run, not once a unit. */
struct deps {
	struct arena arena;
	struct map known;	/* absolute name to struct dep */
	struct text content;	/* the file being hashed */
	const struct view *view;	/* NULL: the disk */
	const char *markers;	/* absolute name of markers.h: part of the key, not a dependency */
	const char *folder;	/* files of the run, precompiled headers: no dependencies either */
};

/* folder: of this run's files; view: the tree as it is read, NULL for the disk. Strings are borrowed. */
void deps_init(struct deps *d, const char *marker_dir, const char *folder, const struct view *view);
void deps_release(struct deps *d);
/*
 * Fill out->deps and out->ndep from the dependency files that child left (or, when there is none, with the unit's own
 * file), sorted by name. A unit that reads a file which the view does not have fails: out->ok and out->error are set
 * then. A file changed since since_ns (clock time: when the unit's child began) may not be what clang read, and is
 * DEP_NEVER. A failure that is lasting for want of a file has DEP_ABSENT for each place where that was looked for; one
 * that may pass has a DEP_NEVER.
 */
void deps_read(struct deps *d, struct arena *a, const struct child *child, int64_t since_ns, struct captured *out);

#endif
