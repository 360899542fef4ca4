// SPDX-License-Identifier: GPL-2.0-only
/*
 * devscope check, the main job. check_main() is the pipeline from the command line to the exit status: read
 * (capture what changed, load the program), analyse (infer, rules), print.
 */
#include "cli/cli.h"

#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "base/view.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/progress.h"
#include "cli/units.h"
#include "db/store.h"
#include "infer/infer.h"
#include "infer/model.h"
#include "report/baseline.h"
#include "report/finding.h"
#include "report/summary_report.h"
#include "rules/rule.h"

enum { STATUS_CLEAN, STATUS_FINDINGS, STATUS_USAGE, STATUS_INCOMPLETE, STATUS_INTERRUPTED = 130 };

/* One check, from its arguments to its findings. */
struct check {
	struct arena arena;	/* of the run */
	struct options opt;
	const struct model *model;
	struct units units;	/* not with --flow */
	struct store *store;	/* NULL with --flow */
	struct unit **program;	/* all units analysed */
	size_t nprogram;
	struct infer_result infer;
	struct finding_list findings;
	struct run_info run;
	struct view view;
	struct baseline *baseline;	/* NULL: none */
	struct map read_files;	/* what the program was made from, for the baseline */
};

/* Call f, and put the time it took down as that stage's. */
static void timed(struct check *c, enum run_stage stage, void (*f)(struct check *))
{
	double start = progress_now();

	f(c);
	c->run.seconds[stage] += progress_now() - start;
}

/* --- read ------------------------------------------------------------------------ */

static void capture_tree(struct check *c)
{
	const char *db = c->opt.db;

	units_select(&c->arena, &c->opt, &c->units);
	view_init(&c->view, c->units.commands.source_root);
	if (!db)
		db = units_default_db(&c->units);
	c->store = store_open(db, units_config(&c->units, &c->opt, db));
	units_capture(&c->units, c->store, &c->opt, &c->run);
}

static void load_program(struct check *c)
{
	if (c->opt.flow) {
		c->nprogram = program_read(&c->arena, &c->opt.paths, &c->program);
		c->run.wanted = c->run.captured = c->nprogram;
		view_init(&c->view, ".");
	} else {
		c->nprogram = store_load_units(c->store, &c->arena, &c->program);
	}
	c->run.program = c->nprogram;
}

/* --- analyse --------------------------------------------------------------------- */

static void infer_progress(void *cookie, size_t done, size_t total)
{
	(void)cookie;
	progress_at(done, total, NULL);
}

static void infer(struct check *c)
{
	struct infer_options how = {.model = c->model, .progress = infer_progress};

	progress_start("analyse", 0, c->opt.quiet);
	infer_run(&c->arena, c->program, c->nprogram, &how, &c->infer);
	progress_end();
	c->run.infer = &c->infer;
}

/* Does the finding, or the part of its path that is in its own function, lie in what was asked for? */
static bool in_scope(const struct check *c, const struct finding *f)
{
	if (c->opt.flow || units_in_scope(&c->units, f->fact->at.file))
		return true;
	for (int i = 0; i < f->fact->nstep; i++)
		if (!f->fact->steps[i].depth && units_in_scope(&c->units, f->fact->steps[i].at.file))
			return true;
	return false;
}

/* Fingerprints count equals over the whole program, so they are set before anything is left out. */
static void apply_rules(struct check *c)
{
	size_t n = 0;

	finding_list_init(&c->findings, &c->arena);
	rules_run(c->infer.facts, c->infer.nfact, &c->findings);
	finding_list_finish(&c->findings, &c->view);
	for (size_t i = 0; i < c->findings.n; i++)
		if (in_scope(c, &c->findings.items[i]))
			c->findings.items[n++] = c->findings.items[i];
	c->findings.n = n;
}

/* --- what counts ----------------------------------------------------------------- */

/* Which files were read: those of the units, and headers by the functions that came from them. */
static void note_files(struct check *c)
{
	for (size_t i = 0; i < c->nprogram; i++) {
		map_set(&c->read_files, c->program[i]->file, c);
		for (int k = 0; k < c->program[i]->nfunc; k++)
			if (c->program[i]->funcs[k]->file)
				map_set(&c->read_files, c->program[i]->funcs[k]->file, c);
	}
}

/*
 * Would all findings in that file have been found? Not if it is elsewhere, or was not read: its unit failed,
 * or is of another configuration. In a file that is no more there is nothing to find.
 */
static bool is_covered(void *cookie, const char *file)
{
	struct check *c = cookie;

	if (c->opt.staged || c->opt.diff)
		return false;
	if (map_get(&c->read_files, file))
		return c->opt.flow || units_in_scope(&c->units, file);
	return !c->opt.flow && units_in_scope(&c->units, file) &&
	       !path_is_file(path_absolute(&c->arena, c->units.commands.source_root, file)) &&
	       !path_is_file(path_absolute(&c->arena, c->units.commands.build, file));
}

/* Write down what is found: from now on it is known. */
static void update_baseline(struct check *c, const struct baseline_scope *scope)
{
	struct text out;

	text_init(&out);
	baseline_print(&out, c->baseline, &c->findings, scope);
	output_text(&c->arena, c->opt.baseline, &out);
	text_release(&out);
	c->run.known = c->findings.n;
	c->findings.n = 0;
}

/* Take out what was known before; or, if so asked, make all of it known. */
static void apply_baseline(struct check *c)
{
	struct baseline_scope scope = {is_covered, c};

	if (!c->baseline)
		return;
	note_files(c);
	if (c->opt.update_baseline) {
		update_baseline(c, &scope);
		return;
	}
	c->run.known = baseline_filter(c->baseline, &c->findings);
	c->run.gone = baseline_gone(c->baseline, &scope);
}

static void report(struct check *c)
{
	apply_baseline(c);
	output_findings(&c->arena, &c->opt, &c->findings, &c->run, &c->view);
}

static int status(const struct check *c)
{
	for (size_t i = 0; i < c->findings.n && !c->opt.fail_never; i++)
		if (c->findings.items[i].level >= c->opt.fail_on)
			return STATUS_FINDINGS;
	if (c->run.nfailed && !c->opt.allow_incomplete)
		return STATUS_INCOMPLETE;
	if (c->opt.strict && (c->infer.over_budget || c->infer.unresolved))
		return STATUS_INCOMPLETE;
	return STATUS_CLEAN;
}

static void check_release(struct check *c)
{
	if (c->store)
		store_close(c->store);
	finding_list_release(&c->findings);
	map_release(&c->read_files);
	view_release(&c->view);
	infer_result_release(&c->infer);
	arena_release(&c->arena);
	intern_release();
}

int check_main(int argc, char **argv)
{
	struct check c = {0};
	int result;

	arena_init(&c.arena);
	options_check(&c.arena, argc, argv, &c.opt);
	c.model = model_load(&c.arena, c.opt.model_dir, c.opt.models.items, c.opt.models.n);
	if (c.opt.baseline)
		c.baseline = baseline_read(&c.arena, c.opt.baseline, !c.opt.update_baseline);
	if (!c.opt.flow)
		timed(&c, STAGE_CAPTURE, capture_tree);
	if (c.run.interrupted) {
		output_summary(&c.opt, &c.findings, &c.run);
		check_release(&c);
		return STATUS_INTERRUPTED;
	}
	timed(&c, STAGE_LOAD, load_program);
	timed(&c, STAGE_INFER, infer);
	timed(&c, STAGE_REPORT, apply_rules);
	timed(&c, STAGE_REPORT, report);
	output_summary(&c.opt, &c.findings, &c.run);
	result = status(&c);
	if (c.store)
		store_put_run(c.store, &c.findings, c.opt.command_line, result);
	check_release(&c);
	return result;
}
