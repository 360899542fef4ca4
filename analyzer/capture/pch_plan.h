/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CAPTURE_PCH_PLAN_H
#define CAPTURE_PCH_PLAN_H

/* The state of a plan, shared by pch.c (sets, jobs, units) and pch_choose.c (which headers). */

#include "capture/flags.h"
#include "capture/pch.h"
#include "capture/pch_check.h"

/* A precompiled header to be. */
struct pch_header {
	struct pch_record record;
	const char *text, *file;	/* what it is made from, and itself: files of this run */
	size_t weight;			/* bytes of source in it */
	bool ready;
};

enum { PCH_HEADERS = 64 };	/* at most, for a set */

enum pch_state { PCH_ASK, PCH_ASKED, PCH_MAKE, PCH_DONE };

/* Units with equal flags. */
struct pch_set {
	const char *key;
	const struct command *cmd;	/* the first unit's */
	struct flags flags;	/* without what is about one unit: other folders, KBUILD_* */
	const char **folders;	/* the words for #include folders that all begin with */
	int nfolder;
	size_t *units;		/* into the command list */
	size_t n, room;
	enum pch_state state;
	int number, asks;
	size_t asked;		/* questions answered */
	const char *macros, *deps, *question;	/* files of this run */
	struct pp_file *start;	/* the macros behind markers.h */
	struct pp_file **before;	/* the files read until there */
	int nbefore;
	size_t before_weight;
	struct pp_search search;
	struct pch_header headers[PCH_HEADERS];
	int nheader;
};

struct pch_job {
	struct pch_set *set;		/* NULL: decide for units */
	struct pch_header *header;	/* NULL: ask */
	size_t from, to;		/* of the plan's units: decide for these */
	const char *file;		/* of this run: what was decided, a line "UNIT SET HEADER" each */
};

struct pch_plan {
	struct arena arena;
	struct pp pp;
	struct pp_walk walk;
	struct pch_set *at;	/* the walk's macros began as this set's ... */
	size_t begun;		/* ... after so many changes */
	const struct command_list *list;
	const struct capture_options *opt;
	const char *folder;
	struct pch_set **sets;
	size_t nset;
	struct map by_key;
	struct pch_job *jobs;
	size_t njob;
	const size_t *units;		/* wanted */
	size_t nunit;
	struct pch_header **choice;	/* for each command; NULL: none */
	bool deciding, decided;		/* the last round is on; is over */
};

/* A unit as a walk begins it. */
struct pch_unit {
	struct pp_search search;
	struct pp_file *file;
	pp_name own[64];	/* what its own -D define */
	int nown;
};

/* Let the plan's walk stand where markers.h ends, with the folders of search. */
bool pch_start(struct pch_plan *plan, struct pch_set *set, const struct pp_search *search);
/* The same for a unit of the set, with its own macros. False if it cannot be followed. */
bool pch_start_unit(struct pch_plan *plan, struct pch_set *set, struct arena *a, const struct command *cmd,
		    const struct flags *f, struct pch_unit *out);
/* Walk the unit: the files it reads, in order, those of before left out. NULL if that fails. */
struct pp_file **pch_closure(struct pch_plan *plan, struct arena *a, struct pch_unit *unit, int *n);
/* Choose the headers of a set, record them, write their text. False when clang must be asked again first. */
bool pch_choose(struct pch_plan *plan, struct pch_set *set);

#endif
