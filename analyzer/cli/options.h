/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/* The command lines of the subcommands, and where the program's own data lies. */

#include <stdbool.h>
#include <stddef.h>

#include "report/finding.h"

struct argp_option;
struct arena;

/* Options without a letter. */
enum {
	OPT_DB = 256, OPT_SARIF, OPT_FORMAT, OPT_MODELS, OPT_MODEL_DIR, OPT_FAIL_ON, OPT_TIMEOUT, OPT_CLANG,
	OPT_EXTRA, OPT_ALLOW_INCOMPLETE, OPT_STRICT, OPT_COLOR, OPT_STATS, OPT_NO_CACHE, OPT_FLOW, OPT_HTML,
	OPT_BASELINE, OPT_UPDATE_BASELINE, OPT_STAGED, OPT_DIFF, OPT_SHARD, OPT_NO_PCH,
	OPT_LAUNCHER, OPT_OPEN,
};

struct strings {
	const char **items;
	size_t n;
};

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	const char *build;	/* build folder or compile database: the first -p, or found */
	struct strings builds;	/* all -p */
	struct strings paths;	/* which units and findings; none: all */
	int jobs;		/* children at once */
	int timeout;		/* seconds for a unit */
	const char *db;		/* NULL: beside the compile database */
	int shard, shards;	/* capture: only that part of so many, from 1; 0, 0: all */
	const char *sarif, *html;	/* files to write, "-" for stdout; NULL: none */
	bool text, github;	/* findings as text, as annotations on stdout */
	bool json;		/* verify: as JSON */
	bool open_only;		/* verify: list only what is open */
	bool prove;		/* gather obligations */
	const char *baseline;	/* findings that do not count; NULL: none */
	bool update_baseline;	/* write it anew instead */
	bool staged;		/* check what is staged in git */
	const char *diff;	/* check what changed since that revision; NULL: not */
	const char *clang, *launcher;
	const char *model_dir;	/* the models to begin with */
	const char *marker_dir;	/* holds markers.h */
	struct strings models;	/* --models */
	struct strings extra;	/* --extra-arg */
	enum level fail_on;	/* findings from this level on make status 1 */
	bool fail_never;	/* none does */
	bool allow_incomplete, strict, quiet, stats, no_cache, no_pch;
	bool flow;		/* paths are flow text files */
	enum color_mode color;
	const char *command_line;	/* as given, for the record */
};

/* Parse the arguments of "devscope check"; ends the program on --help and on mistakes (status 2). */
void options_check(struct arena *a, int argc, char **argv, struct options *out);
/*
 * The same for "devscope verify", whose options are known. A folder among the paths brings its own contracts.yaml, and
 * its own compile database if no build was named.
 */
void options_verify(struct arena *a, int argc, char **argv, const struct argp_option *known, const char *doc,
		    struct options *out);
/*
 * The same for "devscope cc": options in the form --NAME=VALUE, among words that are meant for other checkers. Returns
 * where the compiler's own words begin.
 */
int options_cc(struct arena *a, int argc, char **argv, struct options *out);
/* The same for "devscope capture"; one build. */
void options_capture(struct arena *a, int argc, char **argv, struct options *out);
/* The same for "devscope merge": paths are the databases to merge; one build. */
void options_merge(struct arena *a, int argc, char **argv, struct options *out);
/* The same for "devscope dump": words are what is not an option. */
void options_dump(struct arena *a, int argc, char **argv, struct options *out);

#endif
