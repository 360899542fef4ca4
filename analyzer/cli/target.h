/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

/* One configuration under check: its units, its program, what is found in it. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/view.h"
#include "cli/change.h"
#include "cli/fresh.h"
#include "cli/options.h"
#include "cli/units.h"
#include "db/store.h"
#include "infer/infer.h"
#include "infer/result.h"
#include "report/finding.h"
#include "report/summary_report.h"

struct model;

/* What a check of a change has besides. */
struct target_change {
	struct change change;
	struct run_info run;	/* of capturing what was before */
	struct id_list ids;
	struct unit **program;	/* before the change */
	size_t nprogram;
};

struct target {
	struct arena *keep;	/* what outlives the analysis */
	struct arena arena;	/* the program and what is learnt of it */
	const struct options *opt;
	const struct model *model;
	struct units units;	/* not with --flow */
	struct store *store;	/* NULL with --flow, and while nothing was to be read */
	const struct view *view;	/* the tree as it is looked at */
	struct view disk;
	struct id_list ids;	/* of the program */
	struct unit **program;	/* all units analysed */
	size_t nprogram;
	struct target_change *change;	/* NULL: all is checked, not a change */
	struct program_id program_id;	/* of a whole program from the store; else 0 */
	struct infer_result infer;
	bool is_found;		/* infer is of an earlier run: the program is the same. It need not be loaded then */
	struct finding_list findings;	/* within what was asked for; with their fingerprints */
	struct run_info run;
	struct map read_files;	/* what the program was made from; for a baseline only */
};

/* Check the configuration opt->build. If run.interrupted is set after it, nothing was analysed. */
void target_check(struct target *t, struct arena *keep, const struct options *opt, const struct model *model);
/*
 * Would all findings in that file (relative) have been found? Not if it is elsewhere, or was not read: its unit
 * failed, or is of another configuration. In a file that is no more there is nothing to find.
 */
bool target_covers(const struct target *t, const char *file);
/* Forget the program and the findings; views, store and what is in keep stay. */
void target_drop_program(struct target *t);
void target_release(struct target *t);

#endif
