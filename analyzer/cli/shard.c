// SPDX-License-Identifier: GPL-2.0-only
/*
 * A build read in parts, on several machines: devscope capture is the first half of a check, of all units asked for or
 * of one part of them; devscope merge joins the databases. A check of what was joined gives what it would have given
 * on one machine, for no result depends on how the database came to be.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/view.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/units.h"
#include "db/store.h"
#include "report/finding.h"
#include "report/summary_report.h"
#include "report/text_report.h"

enum { STATUS_DONE, STATUS_INCOMPLETE = 3, STATUS_INTERRUPTED = 130 };

/* --- capture --------------------------------------------------------------------- */

static void capture(struct arena *a, const struct options *opt, struct run_info *run)
{
	double start = progress_now();
	struct id_list program = {0};
	struct store *store;
	struct units units;
	struct view disk;

	units_select(a, opt, &units);
	if (opt->shards)
		units_select_part(&units, opt->shard, opt->shards);
	view_init(&disk, units.commands.source_root);
	store = units_open_store(&units, opt);
	store_keep_units(store, units.names, units.commands.n);
	units_refresh(&units, store, &disk, opt, run, &program);
	store_close(store);
	view_release(&disk);
	run->seconds[STAGE_CAPTURE] = progress_now() - start;
}

int capture_main(int argc, char **argv)
{
	struct finding_list none = {0};
	struct run_info run = {0};
	struct options opt;
	struct arena a;

	arena_init(&a);
	options_capture(&a, argc, argv, &opt);
	capture(&a, &opt, &run);
	output_summary(&opt, &none, &run);
	arena_release(&a);
	intern_release();
	if (run.interrupted)
		return STATUS_INTERRUPTED;
	return run.nfailed && !opt.allow_incomplete ? STATUS_INCOMPLETE : STATUS_DONE;
}

/* --- merge ----------------------------------------------------------------------- */

static void say_merged(const char *part, const struct store_merged *m)
{
	struct text out;

	text_init(&out);
	text_puts(&out, "devscope: ");
	text_report_add_safe(&out, part);
	text_printf(&out, ": %zu unit%s added, %zu known from before", m->added, m->added == 1 ? "" : "s", m->known);
	if (m->triage)
		text_printf(&out, "; %zu verdict%s added", m->triage, m->triage == 1 ? "" : "s");
	text_putc(&out, '\n');
	fputs(text_str(&out), stderr);
	text_release(&out);
}

int merge_main(int argc, char **argv)
{
	struct options opt;
	struct strings parts;
	struct store *store;
	struct units units;
	struct arena a;

	arena_init(&a);
	options_merge(&a, argc, argv, &opt);
	parts = opt.paths;
	opt.paths = (struct strings){0};
	units_select(&a, &opt, &units);
	store = units_open_store(&units, &opt);
	for (size_t i = 0; i < parts.n; i++)	/* before anything is written */
		store_check_part(store, parts.items[i]);
	for (size_t i = 0; i < parts.n; i++) {
		struct store_merged merged;

		store_merge(store, parts.items[i], &merged);
		if (!opt.quiet)
			say_merged(parts.items[i], &merged);
	}
	store_close(store);
	arena_release(&a);
	intern_release();
	return STATUS_DONE;
}
