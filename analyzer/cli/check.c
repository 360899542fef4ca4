// SPDX-License-Identifier: GPL-2.0-only
/*
 * devscope check, the main job. check_main() is the pipeline from the command line to the exit status: read
 * (capture what changed, load the program), analyse (infer, rules), print.
 */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "base/view.h"
#include "cli/change.h"
#include "cli/fresh.h"
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

/* What a check of a change has besides. */
struct change_check {
	struct change change;
	struct run_info run;	/* of capturing what was before */
	struct id_list ids;
	struct unit **program;	/* before the change */
	size_t nprogram;
};

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
	const struct view *view;	/* the tree as it is looked at */
	struct view disk;
	struct id_list ids;	/* of the program */
	struct change_check *change;	/* NULL: all is checked, not a change */
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

static void open_store(struct check *c)
{
	const char *db = c->opt.db ? c->opt.db : units_default_db(&c->units);

	c->store = store_open(db, units_config(&c->units, &c->opt, db));
	store_keep_units(c->store, c->units.names, c->units.commands.n);
}

static void capture_view(struct check *c, const struct view *view, struct run_info *run, struct id_list *ids)
{
	struct fresh fresh;

	fresh_look(&fresh, &c->arena, c->store, &c->units.commands, view);
	units_capture(&c->units, &fresh, view, &c->opt, run, ids);
	fresh_release(&fresh);
}

static void capture_tree(struct check *c)
{
	units_select(&c->arena, &c->opt, &c->units);
	view_init(&c->disk, c->units.commands.source_root);
	c->view = &c->disk;
	open_store(c);
	capture_view(c, c->view, &c->run, &c->ids);
}

/* Changed files that no unit is made from, as far as is known: nobody checks them. */
static void note_outside(struct check *c, const struct fresh *fresh)
{
	const struct map *files = &c->change->change.files;

	c->run.outside = ARENA_ARRAY(&c->arena, const char *, files->n);
	for (size_t i = 0; i < files->n; i++) {
		struct map one, made;

		map_init(&one);
		map_init(&made);
		map_set(&one, files->entries[i].key, c);
		fresh_made_from(fresh, &one, &made);
		if (!made.n && !units_has(&c->units, files->entries[i].key))
			c->run.outside[c->run.noutside++] = files->entries[i].key;
		map_release(&one);
		map_release(&made);
	}
}

/* The units of a change, as they were and as they are. */
static void capture_change(struct check *c)
{
	struct change_check *cc = ARENA_NEW(&c->arena, struct change_check);
	struct fresh fresh;
	size_t n;

	c->change = cc;
	units_select(&c->arena, &c->opt, &c->units);
	change_read(&cc->change, &c->arena, &c->opt, c->units.commands.source_root);
	c->view = &cc->change.after;
	c->run.since = cc->change.since;
	c->run.changed_files = cc->change.files.n;
	if (!cc->change.files.n)
		return;
	open_store(c);
	fresh_look(&fresh, &c->arena, c->store, &c->units.commands, c->view);
	n = units_select_changed(&c->units, &fresh, &cc->change.files);
	note_outside(c, &fresh);
	if (n)
		units_capture(&c->units, &fresh, c->view, &c->opt, &c->run, &c->ids);
	fresh_release(&fresh);
	if (n && !c->run.interrupted)
		capture_view(c, &cc->change.before, &cc->run, &cc->ids);
	c->run.interrupted |= cc->run.interrupted;
}

static int unit_by_file(const void *a, const void *b)
{
	return strcmp((*(struct unit *const *)a)->file, (*(struct unit *const *)b)->file);
}

static struct unit **load(struct check *c, const struct id_list *ids)
{
	struct unit **units = ARENA_ARRAY(&c->arena, struct unit *, ids->n);

	store_load_units(c->store, &c->arena, ids->ids, ids->n, units);
	return units;
}

/* The program before the change: what it has in common with the one after it is loaded once. */
static void load_before(struct check *c)
{
	struct change_check *cc = c->change;
	struct id_list other = {.ids = ARENA_ARRAY(&c->arena, int64_t, cc->ids.n)};
	struct unit **loaded;
	size_t k = 0, next = 0;

	cc->nprogram = cc->ids.n;
	cc->program = ARENA_ARRAY(&c->arena, struct unit *, cc->ids.n);
	for (size_t i = 0; i < cc->ids.n; i++) {	/* both are in the order of the commands */
		size_t at = k;

		while (at < c->ids.n && c->ids.ids[at] != cc->ids.ids[i])
			at++;
		if (at < c->ids.n)
			cc->program[i] = c->program[k = at];
		else
			other.ids[other.n++] = cc->ids.ids[i];
	}
	loaded = load(c, &other);
	for (size_t i = 0; i < cc->ids.n; i++)
		if (!cc->program[i])
			cc->program[i] = loaded[next++];
	qsort(cc->program, cc->nprogram, sizeof(*cc->program), unit_by_file);
}

static void load_program(struct check *c)
{
	if (c->opt.flow) {
		c->nprogram = program_read(&c->arena, &c->opt.paths, &c->program);
		c->run.wanted = c->run.captured = c->nprogram;
		view_init(&c->disk, ".");
		c->view = &c->disk;
	} else if (c->ids.n) {
		c->nprogram = c->ids.n;
		c->program = load(c, &c->ids);
		if (c->change)
			load_before(c);
		qsort(c->program, c->nprogram, sizeof(*c->program), unit_by_file);
	}
	c->run.program = c->nprogram;
}

/* --- analyse --------------------------------------------------------------------- */

static void infer_progress(void *cookie, size_t done, size_t total)
{
	(void)cookie;
	progress_at(done, total, NULL);
}

static void infer(struct check *c, struct unit *const *program, size_t n, struct infer_result *out)
{
	struct infer_options how = {.model = c->model, .progress = infer_progress};

	progress_start("analyse", 0, c->opt.quiet);
	infer_run(&c->arena, program, n, &how, out);
	progress_end();
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
static void apply_rules(struct check *c, const struct infer_result *infer, const struct view *view,
			struct finding_list *l)
{
	size_t n = 0;

	finding_list_init(l, &c->arena);
	rules_run(infer->facts, infer->nfact, l);
	finding_list_finish(l, view);
	for (size_t i = 0; i < l->n; i++)
		if (in_scope(c, &l->items[i]))
			l->items[n++] = l->items[i];
	l->n = n;
}

/* What a change brings: what is found after it and was not before. */
static void analyse_change(struct check *c)
{
	struct change_check *cc = c->change;
	struct finding_list before;
	struct infer_result was;

	change_find_functions(&cc->change, cc->program, cc->nprogram, c->program, c->nprogram);
	c->run.changed_functions = cc->change.functions.n;
	if (!cc->change.functions.n)
		return;
	infer(c, c->program, c->nprogram, &c->infer);
	c->run.infer = &c->infer;
	apply_rules(c, &c->infer, c->view, &c->findings);
	if (!c->findings.n)
		return;
	infer(c, cc->program, cc->nprogram, &was);
	apply_rules(c, &was, &cc->change.before, &before);
	change_filter(&cc->change, &c->findings, &before, &c->run.before, &c->run.elsewhere);
	finding_list_release(&before);
	infer_result_release(&was);
}

static void analyse(struct check *c)
{
	if (c->change) {
		analyse_change(c);
		return;
	}
	infer(c, c->program, c->nprogram, &c->infer);
	c->run.infer = &c->infer;
	apply_rules(c, &c->infer, c->view, &c->findings);
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
	output_findings(&c->arena, &c->opt, &c->findings, &c->run, c->view);
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
	view_release(&c->disk);
	if (c->change)
		change_release(&c->change->change);
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
		timed(&c, STAGE_CAPTURE, c.opt.staged || c.opt.diff ? capture_change : capture_tree);
	if (c.run.interrupted) {
		output_summary(&c.opt, &c.findings, &c.run);
		check_release(&c);
		return STATUS_INTERRUPTED;
	}
	timed(&c, STAGE_LOAD, load_program);
	timed(&c, STAGE_INFER, analyse);
	timed(&c, STAGE_REPORT, report);
	output_summary(&c.opt, &c.findings, &c.run);
	result = status(&c);
	if (c.store)
		store_put_run(c.store, &c.findings, c.opt.command_line, result);
	check_release(&c);
	return result;
}
