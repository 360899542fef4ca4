/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REPORT_SUMMARY_REPORT_H
#define REPORT_SUMMARY_REPORT_H

/* What came of a run besides its findings: what was read, what was not, and what is not sure. */

#include <stdbool.h>
#include <stddef.h>

struct finding_list;
struct infer_result;
struct text;

enum run_stage { STAGE_CAPTURE, STAGE_LOAD, STAGE_INFER, STAGE_REPORT, STAGES };

/* A unit that was asked for, and what there is to say of it. */
struct unit_note {
	const char *file, *text;
};

struct run_info {
	size_t wanted;			/* units asked for */
	size_t cached;			/* of these: the database had them as they are */
	size_t captured;		/* of these: read now */
	size_t pch;			/* of these: with a precompiled header */
	size_t program;			/* units in the program analysed */
	struct unit_note *failed;	/* of the wanted: could not be read, and why; sorted by file */
	size_t nfailed;
	struct unit_note *noted;	/* of the wanted: read, with a remark; sorted by file */
	size_t nnoted;
	const struct infer_result *infer;	/* NULL: not reached */
	const char *since;		/* only what came since then was checked; NULL: all */
	size_t changed_files, changed_functions;
	const char **outside;		/* changed files that no unit is known to be made from */
	size_t noutside;
	size_t before;			/* findings left out: they were there before the change */
	size_t before_failed;		/* units that could not be read as they were before it */
	size_t nfinding;		/* found in this configuration */
	size_t elsewhere;		/* new ones left out: they show nothing that changed */
	size_t known;			/* findings left out: the baseline has them */
	size_t gone;			/* entries of the baseline that nothing was found for */
	double seconds[STAGES];		/* of wall time */
	bool interrupted;
	const char *label;		/* of several configurations, which; NULL: there is one */
	const struct run_info *next;	/* the next configuration */
};

/*
 * Append one compact block for stderr. On a clean run it holds neither "warn" nor "error": build robots count
 * these words. all: every kind of unsureness and each stage's time, not only the essence.
 */
void summary_report_print(struct text *out, const struct run_info *run, const struct finding_list *l,
			  bool all);

#endif
