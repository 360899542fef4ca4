/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_CHILD_H
#define CAPTURE_CHILD_H

/* What the child process of one unit does, and how its result comes back: as files in a private folder. */

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that a unit's files may take in the folder. Bitcode is most of them, 2 to 5 MB of a large one. */
#define CHILD_ROOM ((uint64_t)16 << 20)

struct arena;
struct capture_options;
struct captured;
struct command;
struct command_list;
struct pch_plan;

struct child {
	const struct command_list *list;
	const struct command *cmd;	/* NULL: a job of pch */
	struct pch_plan *pch;	/* NULL: no precompiled headers */
	const struct capture_options *opt;	/* clang is the program's path here */
	const char *folder;	/* private to this run */
	const char *overlay;	/* file that replaces others for clang; or NULL */
	size_t number;		/* tells the files of one child from another's; which job */
	char *const *env;	/* clang's environment */
	sigset_t mask;		/* signals as they were before the run */
};

/* The child's life: run clang, lower, leave the result, end. A job ends with status 0 if it was done. */
_Noreturn void child_run(const struct child *c);
/* In the parent, once it ended with wait status: read ok, error, lasting, note and flow. Strings are the arena's. */
void child_result(struct arena *a, const struct child *c, int status, struct captured *out);
/* Name of one of the child's files. "d" is the dependency file; see child.c. */
char *child_file(struct arena *a, const struct child *c, const char *kind);
/* Remove the child's files. */
void child_clean(struct arena *a, const struct child *c);

#endif
