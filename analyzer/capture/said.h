/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_SAID_H
#define CAPTURE_SAID_H

/* What comments say of locks: those above functions of what their callers hold, those in structs of what guards a member. */

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct func;
struct view;

/* A comment says that a member of a struct is guarded by another. */
struct said_guard {
	const char *struct_name, *field, *lock;
	bool is_vague;		/* field may be a word like others */
};

/* The text of a source file. */
struct said {
	struct arena *arena;
	const char *text;
	size_t *starts;		/* of line i + 1; starts[nline] is the text's end */
	int nline;
	struct said_guard *guards;
	int nguard, room;
};

/* Read the file as the view (or NULL) has it; nothing is said in one that cannot be read. All lives in a. */
void said_read(struct said *s, struct arena *a, const struct view *view, const char *file);
/*
 * "said_held:ec_dev->lock,next_event": the names in the sentence which says that callers of the function in that line
 * hold a lock. One of them is the lock's. NULL if there is no such sentence.
 */
const char *said_note(const struct said *s, int line);
/* "said_free" if a comment in those lines says that no lock is needed there; else NULL. */
const char *said_free(const struct said *s, int first, int last);
/*
 * "said_guard:chip.queue=lock,chip.state~lock": members that the function touches, and the member that a comment says
 * guards them; "~" where the member's name may be a word like others. NULL if there are none.
 */
const char *said_guards(const struct said *s, const struct func *fn);

#endif
