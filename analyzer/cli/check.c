// SPDX-License-Identifier: GPL-2.0-only
/*
 * devscope check, the main job. check_main() goes from the command line to the exit status: each configuration is
 * checked by itself (target.c), what is found in them is joined, what counts is printed.
 */
#include "cli/cli.h"

#include <string.h>

#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/target.h"
#include "infer/model.h"
#include "report/baseline.h"

enum { STATUS_CLEAN, STATUS_FINDINGS, STATUS_USAGE, STATUS_INCOMPLETE, STATUS_INTERRUPTED = 130 };

/* One check, from its arguments to its findings. */
struct check {
	struct arena arena;	/* of the run */
	struct options opt;
	struct options *each;	/* per configuration: the same with its build */
	struct target *targets;
	size_t ntarget;		/* that were begun */
	struct finding_list findings;	/* of all */
	struct run_info run;	/* of the first; the others hang behind it */
	struct baseline *baseline;	/* NULL: none */
};

/* --- configurations -------------------------------------------------------------- */

/* How a configuration is called: by its folder; where two have that name, as it was given. */
static const char *label(const struct check *c, size_t i)
{
	const struct strings *builds = &c->opt.builds;
	const char *name = path_base(builds->items[i]);

	if (!strcmp(name, "compile_commands.json") || !*name)
		return builds->items[i];
	for (size_t k = 0; k < builds->n; k++)
		if (k != i && !strcmp(path_base(builds->items[k]), name))
			return builds->items[i];
	return name;
}

static bool check_targets(struct check *c)
{
	const struct model *model = model_load(&c->arena, c->opt.model_dir, c->opt.models.items, c->opt.models.n);
	size_t n = c->opt.builds.n ? c->opt.builds.n : 1;

	c->targets = ARENA_ARRAY(&c->arena, struct target, n);
	c->each = ARENA_ARRAY(&c->arena, struct options, n);
	finding_list_init(&c->findings, &c->arena);
	for (size_t i = 0; i < n; i++) {
		struct target *t = &c->targets[c->ntarget++];

		c->each[i] = c->opt;
		if (c->opt.builds.n)
			c->each[i].build = c->opt.builds.items[i];
		target_check(t, &c->arena, &c->each[i], model);
		if (n > 1)
			t->run.label = label(c, i);
		if (i)
			c->targets[i - 1].run.next = &t->run;
		if (t->run.interrupted)
			return false;
		if (strcmp(t->view->root, c->targets[0].view->root))
			die("-p %s is of another source tree than -p %s: check each by itself", c->each[i].build,
			    c->each[0].build);
		finding_list_join(&c->findings, &t->findings, t->run.label);
		if (n > 1)
			target_drop_program(t);
	}
	if (n > 1)
		finding_list_joined(&c->findings, (int)n);
	return true;
}

/* --- what counts ----------------------------------------------------------------- */

/* What one configuration should have read and could not is not covered, whatever the others say. */
static bool is_covered(void *cookie, const char *file)
{
	const struct check *c = cookie;
	bool covered = false;

	for (size_t i = 0; i < c->ntarget; i++) {
		if (target_covers(&c->targets[i], file))
			covered = true;
		else if (units_has(&c->targets[i].units, file))
			return false;
	}
	return covered;
}

/* Write down what is found: from now on it is known. */
static void update_baseline(struct check *c, const struct baseline_scope *scope)
{
	struct text out;

	text_init(&out);
	baseline_print(&out, c->baseline, &c->findings, scope);
	output_text(&c->arena, c->opt.baseline, &out);
	text_release(&out);
	c->targets[0].run.known = c->findings.n;
	c->findings.n = 0;
}

/* Take out what was known before; or, if so asked, make all of it known. */
static void apply_baseline(struct check *c)
{
	struct baseline_scope scope = {is_covered, c};

	if (!c->baseline)
		return;
	if (c->opt.update_baseline) {
		update_baseline(c, &scope);
		return;
	}
	c->targets[0].run.known = baseline_filter(c->baseline, &c->findings);
	c->targets[0].run.gone = baseline_gone(c->baseline, &scope);
}

static int status(const struct check *c)
{
	for (size_t i = 0; i < c->findings.n && !c->opt.fail_never; i++)
		if (c->findings.items[i].level >= c->opt.fail_on)
			return STATUS_FINDINGS;
	for (const struct run_info *run = &c->targets[0].run; run; run = run->next) {
		if (run->nfailed && !c->opt.allow_incomplete)
			return STATUS_INCOMPLETE;
		if (c->opt.strict && run->infer && (run->infer->over_budget || run->infer->unresolved))
			return STATUS_INCOMPLETE;
	}
	return STATUS_CLEAN;
}

/* Does the finding show in the configuration of that name? */
static bool shows_in(const struct finding *f, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	for (const char *at = f->configs; at && name; at = strstr(at, ", "), at = at ? at + 2 : NULL)
		if (!strncmp(at, name, n) && (!at[n] || at[n] == ','))
			return true;
	return !f->configs || !name;
}

/* Keep what was found in each configuration in its own database. */
static void put_run(const struct check *c, const struct target *t, int result)
{
	struct finding_list own;

	if (!t->store)
		return;
	finding_list_init(&own, t->keep);
	for (size_t i = 0; i < c->findings.n; i++) {
		const struct finding *f = &c->findings.items[i];

		if (!shows_in(f, t->run.label))
			continue;
		finding_list_add(&own, f->rule, f->level, f->fact, f->message, f->fix);
		memcpy(own.items[own.n - 1].fingerprint, f->fingerprint, sizeof(f->fingerprint));
	}
	store_put_run(t->store, &own, c->opt.command_line, result);
	finding_list_release(&own);
}

static void check_release(struct check *c)
{
	finding_list_release(&c->findings);
	for (size_t i = 0; i < c->ntarget; i++)
		target_release(&c->targets[i]);
	arena_release(&c->arena);
	intern_release();
}

int check_main(int argc, char **argv)
{
	struct check c = {0};
	int result = STATUS_INTERRUPTED;

	arena_init(&c.arena);
	options_check(&c.arena, argc, argv, &c.opt);
	if (c.opt.baseline)
		c.baseline = baseline_read(&c.arena, c.opt.baseline, !c.opt.update_baseline);
	if (check_targets(&c)) {
		apply_baseline(&c);
		output_findings(&c.arena, &c.opt, &c.findings, &c.targets[0].run, c.targets[0].view);
		result = status(&c);
	}
	output_summary(&c.opt, &c.findings, &c.targets[0].run);
	for (size_t i = 0; i < c.ntarget && result != STATUS_INTERRUPTED; i++)
		put_run(&c, &c.targets[i], result);
	check_release(&c);
	return result;
}
