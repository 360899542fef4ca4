/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_KBUILD_H
#define CAPTURE_KBUILD_H

/* A kernel's build folder: how it was configured, and the commands that compile its C files. */

#include <stddef.h>

#include "base/map.h"

struct arena;

struct kbuild {
	struct arena *arena;
	const char *build;	/* absolute */
	const char *source;	/* absolute */
	char **settings;	/* make variables, as "ARCH=arm64" and "LLVM=-19"; ended by NULL */
	struct map commands;	/* file to struct command */
	size_t unclear;		/* commands left out because a shell would expand something in them */
	const char *trouble;	/* make's first complaint, or NULL */
};

/* Open a build folder. die() if it is none, or not configured or prepared; the message says what to do. */
void kbuild_open(struct kbuild *k, struct arena *a, const char *path);
void kbuild_close(struct kbuild *k);
/*
 * A target as make wants it: folders get their slash. die() if it is no plain name below the tree.
 */
const char *kbuild_target(struct kbuild *k, const char *target);
/* Add the commands that built what is below the folder (or is the object) of target; "" for all. */
void kbuild_read_built(struct kbuild *k, const char *target);
/* Add the commands that a dry run of make says it would run for these targets (ended by NULL). */
void kbuild_read_dry_run(struct kbuild *k, char *const *targets);
/* How many of the commands are for this target. */
size_t kbuild_count(const struct kbuild *k, const char *target);
/* Forget commands that are for none of the targets: what make wants first for itself. */
void kbuild_keep(struct kbuild *k, char *const *targets);

#endif
