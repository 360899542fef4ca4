/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

/*
 * Capture: compile commands in, flow out. One child process per unit runs clang and
 * lowers the bitcode, so that a crash, a hang or a hostile input costs one unit.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct text;
struct view;

/* One entry of a compile database that is a C unit of the kernel. Strings are the arena's. */
struct command {
	const char *directory;	/* absolute: where the command runs */
	const char *file;	/* absolute, normalised */
	char **argv;		/* argv[0] is the compiler, ended by NULL; as in the database */
	int argc;
};

struct command_list {
	struct command *items;	/* sorted by file, then by arguments; one per file (the first) */
	size_t n;
	size_t skipped;		/* entries left out: host tools, assembler, not C */
	bool told;		/* of some of them the user was told: what is to blame should be mended */
	const char *source_root;	/* absolute: common top of the source tree */
	const char *build;		/* absolute: the folder that holds the database */
	const char *database;	/* the file; NULL: none */
	uint64_t hash[2];	/* of its content and of the folder. XXH3-128 */
};

/*
 * Find a compile database: out gets build, database and hash, and no items. path is a build folder or a
 * compile_commands.json. die() when there is none: the message says what to do (devscope compdb).
 */
void commands_find(struct arena *a, const char *path, struct command_list *out);
/*
 * Read what was found. Entries may have "command" or "arguments". die() when it is not JSON (with line and column), or it
 * has no unit. No shell ever sees a command.
 */
void commands_read(struct arena *a, struct command_list *list);
/*
 * The items as bytes, appended to out; and from them, n bytes that stay where they are: JSON takes thirty times as long.
 * False if they are no such bytes, or of a machine with another order of bytes.
 */
void commands_pack(const struct command_list *list, struct text *out);
bool commands_unpack(struct arena *a, const void *bytes, size_t n, struct command_list *list);

/*
 * The one command that a checker is given by kbuild (CHECK=, scripts/Makefile.build): the compiler's words without the
 * compiler, run in the build folder. die() if no C file is among them.
 */
void commands_of_kbuild(struct arena *a, int argc, char **argv, struct command_list *out);

/* In place of a file's size. */
enum {
	DEP_NEVER = -1,		/* what was read is not known: what was made from it is never current */
	DEP_ABSENT = -2,	/* there was no such file, and the unit failed for that */
};

/* A file a unit was made from. */
struct dep {
	const char *path;	/* relative to the source root if inside it, else relative to the build folder, else absolute */
	uint64_t hash[2];	/* XXH3-128 of its content; of no meaning for DEP_NEVER and DEP_ABSENT */
	int64_t size, mtime_ns;	/* as seen when it was hashed: a quick check */
};

/* What came of one unit. */
struct captured {
	size_t index;		/* into the command list */
	bool ok;
	const char *error;	/* !ok: clang's first error line, or what happened ("killed after 300 s") */
	bool lasting;		/* !ok: it would fail again while deps are the same; else one of them is DEP_NEVER */
	const char *note;	/* something a user should know ("read without markers"); or NULL */
	const char *flow;	/* ok: the unit's text, flow_print_sealed() */
	size_t flow_len;
	struct dep *deps;
	size_t ndep;
	double cpu;		/* seconds of CPU the child and clang took */
	bool pch;		/* a precompiled header was used: nothing depends on it */
};

struct capture_options {
	const char *clang;	/* "clang-19" */
	int jobs;		/* children at once, at least 1 */
	int timeout;		/* seconds of wall time for a unit */
	const char *marker_dir;	/* folder that holds markers.h */
	const struct view *view;	/* the tree as it is read; NULL: as it is on the disk */
	const char *const *extra_args;	/* appended to each command; extra_n of them */
	size_t extra_n;
	const char *launcher;	/* program that runs clang: a compiler cache, a distributor; NULL: none. No precompiled headers then */
	bool no_pch;		/* parse all headers for each unit anew: the result is the same */
};

/*
 * Capture the commands list->items[want[0..nwant-1]]. done() is called in this process with those that ended, in no
 * order: some at a time, but a second after they did at the latest; what it is given lives until it returns. On SIGINT the
 * children are ended and capture_run() returns true: what was done is done. Where it pays, precompiled headers are made
 * first.
 */
bool capture_run(const struct command_list *list, const size_t *want, size_t nwant,
		 const struct capture_options *opt,
		 void (*done)(void *cookie, const struct captured *units, size_t n), void *cookie);

/*
 * What a unit's flow depends on besides its files: the arguments as clang gets them (without paths of this
 * machine), the markers, the tool's version. XXH3-128.
 */
void capture_key(const struct command_list *list, const struct command *cmd,
		 const struct capture_options *opt, uint64_t hash[2]);

/* devscope compdb [-o FILE] KERNEL_BUILD [TARGET...]; returns the exit status. */
int compdb_main(int argc, char **argv);

#endif
