/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_BASELINE_H
#define REPORT_BASELINE_H

/*
 * Baselines: the findings that were there before, as a text file that lives in git. The first line names the
 * format and its version; then a line a finding,
 *
 *	FINGERPRINT RULE PATH FUNCTION
 *
 * sorted, so that git merges it. A finding is known by its fingerprint alone: it stays known when lines move,
 * and when its file does. Blank lines are nothing, nor are lines that begin with "#". In names, backslashes
 * and bytes that are no printable ASCII are \xHH; "-" is no name.
 */

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct finding_list;
struct text;

struct baseline;

/*
 * What a check was about. covers() says of a file (relative) whether all that is to be found in it would have
 * been found: of other files a check knows nothing, and leaves their entries alone.
 */
struct baseline_scope {
	bool (*covers)(void *cookie, const char *file);
	void *cookie;
};

/*
 * Read a file. die() with line and column on a mistake, and on a newer version. If there is no file, and it
 * need not be there, the baseline is empty; else die(). Everything lives in a.
 */
struct baseline *baseline_read(struct arena *a, const char *path, bool must_exist);
/* Take out of the list what the baseline knows. How many. */
size_t baseline_filter(struct baseline *b, struct finding_list *l);
/* How many entries are within the scope, and baseline_filter() met no finding of. */
size_t baseline_gone(const struct baseline *b, const struct baseline_scope *scope);
/* Append a baseline of these findings, and of what the old one has outside the scope. */
void baseline_print(struct text *out, const struct baseline *old, const struct finding_list *l,
		    const struct baseline_scope *scope);

#endif
