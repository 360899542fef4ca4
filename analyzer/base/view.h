/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

/*
 * A view of a source tree: the files on the disk, save some whose content is taken from elsewhere. A commit
 * or the index is looked at so, without touching the work tree.
 */

#include <stdbool.h>

#include "base/map.h"

struct view {
	const char *root;	/* the source tree, absolute (or "." when nothing is known); NULL: no tree */
	struct map replaced;	/* absolute file name -> file that holds its content, or VIEW_ABSENT */
};

/* In place of a content: the view has no such file. */
extern const char VIEW_ABSENT[];

/* The tree as it is on the disk. root is borrowed. */
void view_init(struct view *v, const char *root);
void view_release(struct view *v);
/* Let the content of a file (absolute, plain) be that of another; both names are borrowed. */
void view_replace(struct view *v, const char *file, const char *content);
/* Where the content of file (absolute, plain) lies: often the file itself. NULL if the view has none. */
const char *view_content(const struct view *v, const char *file);

#endif
