// SPDX-License-Identifier: GPL-2.0-only
/*
 * devscope cc, the checker that kbuild runs for each unit: make C=1 CHECK="devscope cc". It is given the words that the
 * compiler would be given, behind some that are meant for Sparse. It brings the unit into the database of the
 * build folder, where "devscope check" finds it too, and reports on that unit, with all that the database holds as
 * the rest of the program.
 *
 * Findings go to stderr, as build robots want them, and the status is 0 unless told otherwise: a checker that
 * fails would stop make.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/view.h"
#include "cli/cli.h"
#include "cli/fresh.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/units.h"
#include "db/store.h"
#include "infer/infer.h"
#include "infer/model.h"
#include "report/baseline.h"
#include "report/finding.h"
#include "report/summary_report.h"
#include "report/text_report.h"
#include "rules/rule.h"

struct cc {
	struct arena arena;
	struct options opt;
	struct units units;	/* the one unit */
	struct store *store;
	struct view view;
	struct run_info run;
	struct unit **program;
	size_t nprogram;
	struct finding_list findings;
};

/* Bring the unit up to date. The program: the versions of all others that fit the tree best, and it as the last. */
static void capture(struct cc *c)
{
	const char *file = c->units.names[0], *last = file;
	struct id_list own = {0};
	struct fresh fresh;
	int64_t *ids;
	size_t n = 0;

	c->opt.build = c->units.commands.build;
	c->store = units_open_store(&c->units, &c->opt);
	fresh_look(&fresh, &c->arena, c->store, &c->units.commands, &c->view);
	units_capture(&c->units, &fresh, &c->view, &c->opt, &c->run, &own);
	ids = ARENA_ARRAY(&c->arena, int64_t, fresh.n + 1);
	for (size_t i = 0; own.n && i < fresh.n; i++) {
		const struct stored_unit *u;

		if (fresh.units[i].file == last || fresh.units[i].file == file)
			continue;
		last = fresh.units[i].file;
		u = fresh_current(&fresh, last, NULL);
		if (!u)
			u = fresh_any(&fresh, last);
		if (u)
			ids[n++] = u->id;
	}
	if (own.n)
		ids[n++] = own.ids[0];
	fresh_release(&fresh);
	c->nprogram = n;
	c->program = ARENA_ARRAY(&c->arena, struct unit *, n);
	store_load_units(c->store, &c->arena, ids, n, c->program);
}

/* The findings of this unit's own functions: each function belongs to one unit, so make reports it once. */
static void analyse(struct cc *c)
{
	struct infer_cache cache;
	const struct infer_options how = {
		.model = model_load(&c->arena, c->opt.model_dir, c->opt.models.items, c->opt.models.n),
		.roots = &c->program[c->nprogram - 1],
		.nroot = 1,
		.cache = &cache,
	};
	struct infer_result result;
	size_t n = 0;

	store_cache(c->store, &cache);
	infer_run(&c->arena, c->program, c->nprogram, &how, &result);
	infer_hold_back(&result);
	store_save_summaries(c->store);
	rules_run(result.facts, result.nfact, &c->findings);
	finding_list_finish(&c->findings, &c->view);
	for (size_t i = 0; i < c->findings.n; i++)
		if (!strcmp(c->findings.items[i].fact->unit->file, c->units.names[0]))
			c->findings.items[n++] = c->findings.items[i];
	c->findings.n = n;
	if (c->opt.baseline)
		baseline_filter(baseline_read(&c->arena, c->opt.baseline, true), &c->findings);
	infer_result_release(&result);
}

static void print(const struct cc *c)
{
	struct text out;

	text_init(&out);
	for (size_t i = 0; i < c->run.nfailed; i++) {
		text_puts(&out, "devscope: not checked: ");
		text_report_add_safe(&out, c->run.failed[i].file);
		text_puts(&out, ": ");
		text_report_add_safe(&out, c->run.failed[i].text);
		text_putc(&out, '\n');
	}
	text_report_print(&out, &c->findings, output_color(c->opt.color, STDERR_FILENO));
	fflush(stderr);
	if (out.len && write(STDERR_FILENO, out.s, out.len) < 0)	/* at once: other checkers print too */
		exit(2);
	text_release(&out);
}

int cc_main(int argc, char **argv)
{
	struct cc c = {0};
	int first, status = 0;

	arena_init(&c.arena);
	first = options_cc(&c.arena, argc, argv, &c.opt);
	units_single(&c.arena, argc - first, argv + first, &c.units);
	view_init(&c.view, c.units.commands.source_root);
	finding_list_init(&c.findings, &c.arena);
	capture(&c);
	if (!c.run.interrupted && c.nprogram)
		analyse(&c);
	print(&c);
	for (size_t i = 0; i < c.findings.n && !c.opt.fail_never; i++)
		status |= c.findings.items[i].level >= c.opt.fail_on;
	store_close(c.store);
	finding_list_release(&c.findings);
	view_release(&c.view);
	arena_release(&c.arena);
	intern_release();
	return c.run.interrupted ? 130 : status;
}
