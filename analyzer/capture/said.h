/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_SAID_H
#define CAPTURE_SAID_H

/* What the comment above a function says of locks that its callers hold. */

#include <stddef.h>

struct arena;

/* The text of a source file. */
struct said {
	struct arena *arena;
	const char *text;
	size_t *starts;		/* of line i + 1; starts[nline] is the text's end */
	int nline;
};

/* Read the file; nothing is said in one that cannot be read. All lives in a. */
void said_read(struct said *s, struct arena *a, const char *path);
/*
 * "said_held:ec_dev->lock,next_event": the names in the sentence which says that callers of the function in that line
 * hold a lock. One of them is the lock's. NULL if there is no such sentence.
 */
const char *said_note(const struct said *s, int line);

#endif
