/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_CHANGE_H
#define CLI_CHANGE_H

/*
 * A change under review: what is staged, or what came since a revision. It is two views of the tree, and the files
 * and functions that differ between them.
 */

#include <stddef.h>

#include "base/map.h"
#include "base/view.h"

struct arena;
struct finding;
struct finding_list;
struct options;
struct unit;

struct change {
	const char *since;	/* for people: "HEAD", or the revision as given */
	struct view before, after;
	struct map files;	/* C files that differ: relative to the source tree, interned */
	struct map functions;	/* names of functions that do, see change_find_functions() */
};

/* Ask git what the options want to know of the source tree. die() if git cannot tell. */
void change_read(struct change *c, struct arena *a, const struct options *opt, const char *source_root);
void change_release(struct change *c);
/*
 * Find the functions that the compiler sees differently: by their flow, where lines and columns do not count. So
 * a changed macro or header is seen, and a changed comment is not. The units are the same ones of both programs.
 */
void change_find_functions(struct change *c, struct unit *const *before, size_t nbefore,
			   struct unit *const *after, size_t nafter);
/* Does the path of the finding touch a function that changed: go through it, or through one that calls it? */
bool change_touches(const struct change *c, const struct finding *f);
/*
 * Keep of the findings after the change those that were not there before it, and touch it. *old gets how many were there
 * before, *elsewhere how many are new and show nothing that changed.
 */
void change_filter(const struct change *c, struct finding_list *after, const struct finding_list *before,
		   size_t *old, size_t *elsewhere);

#endif
