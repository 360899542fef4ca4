/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_WORDS_H
#define CAPTURE_WORDS_H

/* Shell command lines taken apart into words, as sh(1) would, without one. */

#include <stdbool.h>

struct arena;

/* One simple command of a line. The words live in the arena; argv is ended by NULL. */
struct words {
	char **argv;
	int argc;
	bool expands;	/* a shell would put something else in place of $x, $(x) or `x` */
	bool open;	/* a quote is never closed */
	char end;	/* the operator that ended it (one of ;|&<>() or a newline), 0 for none */
};

/*
 * Read the simple command at *cursor, which is moved behind the operator that ends it. False at the
 * end of the text. Empty commands (argc 0) are given too.
 */
bool words_next(struct arena *a, const char **cursor, struct words *out);
/*
 * Split text that must be one plain command. False if a shell would do more with it than run it
 * (operators, redirections, expansions), or if a quote is open, or if there is no word.
 */
bool words_split(struct arena *a, const char *text, struct words *out);

#endif
