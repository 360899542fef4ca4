/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_SOURCE_H
#define REPORT_SOURCE_H

/*
 * The source lines that reports quote. Files are read once, only below the root, and only
 * regular ones: file names come from debug info and may say anything.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/map.h"

struct view;

struct source {
	const struct view *view;
	char *root;		/* the tree's top, resolved; NULL: no text at all */
	struct arena arena;	/* all that was read */
	struct map files;	/* name -> struct source_file */
};

/* Start; view is borrowed and may be NULL (no text at all). */
void source_init(struct source *s, const struct view *view);
void source_release(struct source *s);
/*
 * Lines first to last (cut to what is there) without the last newline, NULL if not known. Borrowed until
 * release.
 */
const char *source_lines(struct source *s, const char *file, int first, int last);
/* How many lines the file has; 0 if it cannot be read. */
int source_count(struct source *s, const char *file);
/* A column in bytes as a column in UTF-16 units, as SARIF wants it. Unknown lines: col. */
int source_column(struct source *s, const char *file, int line, int col);
/*
 * The hash of a line by which GitHub's code scanning recognises a finding, "hex:count"; NULL if not known.
 * It is over the first 100 characters from there on that are not blanks, so it survives moved lines.
 */
const char *source_line_hash(struct source *s, const char *file, int line);

#endif
