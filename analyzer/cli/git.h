/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_GIT_H
#define CLI_GIT_H

/*
 * What devscope asks of git: which files differ, and what was in them. git is run as the user would run it, with
 * the environment it gives its hooks; nothing is written but by git_set().
 */

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct git {
	struct arena *arena;
	const char *dir;	/* where git is run; NULL: here, where its environment points */
	const char *top;	/* the work tree's top, absolute */
};

/* A file that differs between two sides. */
struct git_change {
	const char *path;	/* relative to the top */
	const char *before, *after;	/* object names; NULL: no file there. after is zeros for the work tree */
};

/* A setting of git's ("devscope.build") for the folder; NULL if it is not set, or there is no git. */
const char *git_setting(struct arena *a, const char *dir, const char *name);
/* The repository that the folder lies in. die() if there is none, or no git. */
void git_open(struct git *g, struct arena *a, const char *dir);
/* The commit that a revision names. die() if it names none. */
const char *git_commit(struct git *g, const char *revision);
/* What HEAD stands for: a commit, or the empty tree before the first one. */
const char *git_head(struct git *g);
/* Regular files that differ: between tree and index, index and work tree, tree and work tree. Sorted by path. */
size_t git_diff_staged(struct git *g, const char *tree, struct git_change **out);
size_t git_diff_unstaged(struct git *g, struct git_change **out);
size_t git_diff_tree(struct git *g, const char *tree, struct git_change **out);
/* Fetch n objects; names[i] is where the content of objects[i] can be opened while this process lives. */
void git_contents(struct git *g, const char *const *objects, size_t n, const char **names);
/* Write a setting into the repository. die() if git will not. */
void git_set(struct git *g, const char *name, const char *value);
/* A path that git knows by name ("hooks"), as an absolute one. */
const char *git_path(struct git *g, const char *name);

#endif
