// SPDX-License-Identifier: GPL-2.0-only
/*
 * devscope check, the main job. check_main() is the pipeline from the command line to the exit status: read
 * (capture what changed, load the program), analyse (infer, rules), print.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/message.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/program.h"
#include "cli/progress.h"
#include "cli/units.h"
#include "db/store.h"
#include "infer/infer.h"
#include "infer/model.h"
#include "report/finding.h"
#include "report/sarif.h"
#include "report/summary_report.h"
#include "report/text_report.h"
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
	const char *source_root;
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
	c->source_root = c->units.commands.source_root;
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
		c->source_root = ".";
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
	finding_list_finish(&c->findings, c->source_root);
	for (size_t i = 0; i < c->findings.n; i++)
		if (in_scope(c, &c->findings.items[i]))
			c->findings.items[n++] = c->findings.items[i];
	c->findings.n = n;
}

/* --- print ----------------------------------------------------------------------- */

static bool want_color(enum color_mode mode)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

static void print_text(struct check *c)
{
	struct text out;

	text_init(&out);
	text_report_print(&out, &c->findings, want_color(c->opt.color));
	fwrite(text_str(&out), 1, out.len, stdout);
	text_release(&out);
	if (fflush(stdout) || ferror(stdout))
		die("the findings cannot be written to stdout: %s", strerror(errno));
}

/*
 * A regular file comes into being whole, under another name first; "-" and devices are written to as they
 * are.
 */
static void write_sarif(struct check *c)
{
	struct json *log = sarif_make(&c->findings, &c->run, c->source_root);
	const char *path = strcmp(c->opt.sarif, "-") ? c->opt.sarif : "/dev/stdout", *to = path;
	struct stat st;
	int err;

	if (stat(path, &st) || S_ISREG(st.st_mode))
		to = arena_printf(&c->arena, "%s.%ld.tmp", path, (long)getpid());
	fflush(stdout);
	err = json_write_file(log, to);
	if (!err && to != path && rename(to, path))
		err = -errno;
	if (err && to != path)
		unlink(to);
	if (err)
		die("%s cannot be written: %s", path, strerror(-err));
	json_free(log);
}

static void report(struct check *c)
{
	if (c->opt.text)
		print_text(c);
	if (c->opt.sarif)
		write_sarif(c);
}

static void print_summary(struct check *c)
{
	struct text out;

	if (c->opt.quiet)
		return;
	text_init(&out);
	summary_report_print(&out, &c->run, &c->findings, c->opt.stats);
	fputs(text_str(&out), stderr);
	text_release(&out);
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
	if (!c.opt.flow)
		timed(&c, STAGE_CAPTURE, capture_tree);
	if (c.run.interrupted) {
		print_summary(&c);
		check_release(&c);
		return STATUS_INTERRUPTED;
	}
	timed(&c, STAGE_LOAD, load_program);
	timed(&c, STAGE_INFER, infer);
	timed(&c, STAGE_REPORT, apply_rules);
	timed(&c, STAGE_REPORT, report);
	print_summary(&c);
	result = status(&c);
	if (c.store)
		store_put_run(c.store, &c.findings, c.opt.command_line, result);
	check_release(&c);
	return result;
}
