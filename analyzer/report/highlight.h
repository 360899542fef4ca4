/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_HIGHLIGHT_H
#define REPORT_HIGHLIGHT_H

/* C as HTML with its words told apart, a line at a time. */

#include <stddef.h>

struct text;

/* What a line begins in. */
enum highlight {
	HIGHLIGHT_CODE,
	HIGHLIGHT_COMMENT,		/* a comment that an earlier line began */
	HIGHLIGHT_DIRECTIVE,		/* a directive whose last line ended in a backslash */
	HIGHLIGHT_DIRECTIVE_COMMENT,	/* a comment within a directive */
};

/*
 * Append a line (without its newline): <b> keyword, <i> comment, <u> string or character, <var> number,
 * <samp> directive. The words at the n columns (in bytes, from 1) are in <mark>. out may be NULL, to learn
 * only what the next line begins in, which is returned.
 */
enum highlight highlight_line(struct text *out, const char *line, enum highlight in, const int *columns,
			      int n);

#endif
