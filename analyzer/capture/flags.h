/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_FLAGS_H
#define CAPTURE_FLAGS_H

/* Compile commands of any gcc or clang, made into the arguments devscope's own clang gets. */

#include <stdbool.h>

struct arena;
struct capture_options;
struct command;
struct command_list;

struct flags {
	char **argv;		/* argv[0] is the clang to run; ended by NULL */
	int argc;
	const char *note;	/* what was dropped because it loads or runs code, or NULL */
};

/*
 * Index of the compiler in argv: behind the launchers (ccache, distcc and the like) and their
 * assignments. argc if there is none.
 */
int flags_compiler(char *const *argv, int argc);
/* Is this word one of the arguments? */
bool flags_has(char *const *argv, int argc, const char *word);
/*
 * All of clang's arguments save those that name files of this run: the unit itself, the markers,
 * what is written. Includes opt->extra_args.
 */
void flags_make(struct arena *a, const struct command_list *list, const struct command *cmd,
		const struct capture_options *opt, struct flags *out);
/* Append one word. */
void flags_add(struct arena *a, struct flags *f, const char *word);
/*
 * clang refused its arguments and said so in messages: take those it named out. Returns how many;
 * their names are appended to note, which may be NULL before.
 */
int flags_strip_refused(struct arena *a, struct flags *f, const char *messages);

#endif
