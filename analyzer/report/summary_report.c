// SPDX-License-Identifier: GPL-2.0-only
/*
 * The summary at the end of a run. Nothing that was not analysed is left unsaid: units that failed,
 * functions over budget, and how often the analysis stayed quiet for not being sure.
 */
#include "report/summary_report.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "infer/infer.h"
#include "report/finding.h"
#include "report/text_report.h"
#include "rules/rule.h"

#define MAX_LISTED 20	/* units or functions; the rest is counted, and complete in SARIF */

/* One unit and what there is to say of it; a compiler's message names the file itself. */
static void add_unit(struct text *out, const char *head, const struct unit_note *unit)
{
	size_t n = strlen(unit->file);

	text_printf(out, "  %s: ", head);
	if (strncmp(unit->text, unit->file, n) || unit->text[n] != ':') {
		text_report_add_safe(out, unit->file);
		text_puts(out, ": ");
	}
	text_report_add_safe(out, unit->text);
	text_puts(out, "\n");
}

static void add_failed(struct text *out, const struct run_info *run)
{
	for (size_t i = 0; i < run->nfailed && i < MAX_LISTED; i++)
		add_unit(out, "failed", &run->failed[i]);
	if (run->nfailed > MAX_LISTED)
		text_printf(out, "  failed: and %zu more\n", run->nfailed - MAX_LISTED);
}

static void add_units(struct text *out, const struct run_info *run, bool all)
{
	text_printf(out, "devscope: %zu unit%s asked for: %zu read, %zu known from before, %zu failed",
		    run->wanted, text_plural(run->wanted), run->captured, run->cached, run->nfailed);
	if (run->interrupted)
		text_puts(out, "; interrupted (what was read is kept)");
	text_puts(out, "\n");
	if (all)
		text_printf(out, "  precompiled headers: used for %zu unit%s\n", run->pch, text_plural(run->pch));
	add_failed(out, run);
}

static void add_notes(struct text *out, const struct run_info *run)
{
	for (size_t i = 0; i < run->nnoted && i < MAX_LISTED; i++)
		add_unit(out, "note", &run->noted[i]);
	if (run->nnoted > MAX_LISTED)
		text_printf(out, "  note: and %zu more\n", run->nnoted - MAX_LISTED);
}

static void add_program(struct text *out, const struct run_info *run, bool all)
{
	const struct infer_result *r = run->infer;
	size_t most = all ? r->over_budget : 5;

	text_printf(out, "  program: %zu unit%s, %zu function%s, %zu over budget, %zu call%s unresolved\n",
		    run->program, text_plural(run->program), r->nfunc, text_plural(r->nfunc), r->over_budget,
		    r->unresolved, text_plural(r->unresolved));
	if (all)
		text_printf(out, "  ops tables: %zu function%s in them, %zu edge%s through them, %zu call%s through "
			    "pointers unresolved\n", r->nslot, text_plural(r->nslot), r->nslot_edge,
			    text_plural(r->nslot_edge), r->unresolved_pointers, text_plural(r->unresolved_pointers));
	for (size_t i = 0; i < r->over_budget && i < most; i++) {
		text_puts(out, "  over budget: ");
		text_report_add_safe(out, r->over_budget_names[i]);
		text_puts(out, "\n");
	}
	if (r->over_budget > most)
		text_printf(out, "  over budget: and %zu more (--stats lists them)\n", r->over_budget - most);
}

static void add_unsure(struct text *out, const struct infer_result *r)
{
	unsigned long most = 0;
	int width;

	for (int k = 0; k < UNSURE_KINDS; k++)
		most = r->unsure[k] > most ? r->unsure[k] : most;
	width = snprintf(NULL, 0, "%lu", most);
	text_printf(out, "  stayed quiet, not being sure:%s\n", most ? "" : " never");
	for (int k = 0; k < UNSURE_KINDS; k++)
		if (r->unsure[k])
			text_printf(out, "    %*lu %s\n", width, r->unsure[k], unsure_name((enum unsure_kind)k));
}

static void add_findings(struct text *out, const struct run_info *run, const struct finding_list *l)
{
	const char *separator = "";

	text_printf(out, "  findings: %zu", l->n);
	for (size_t r = 0; rules[r]; r++) {
		size_t n = 0;

		for (size_t i = 0; i < l->n; i++)
			n += l->items[i].rule == rules[r];
		if (n)
			text_printf(out, "%s%zu %s", *separator ? separator : " (", n, rules[r]->id);
		if (n)
			separator = ", ";
	}
	text_puts(out, *separator ? ")" : "");
	if (run->known)
		text_printf(out, "; %zu known from the baseline", run->known);
	if (run->gone)
		text_printf(out, "; %zu of the baseline not found any more (--update-baseline takes them out)",
			    run->gone);
	text_puts(out, "\n");
}

static void add_change(struct text *out, const struct run_info *run, size_t n)
{
	text_puts(out, "devscope: since ");
	text_report_add_safe(out, run->since);
	text_printf(out, ": %zu C file%s, %zu unit%s and %zu function%s changed; %zu finding%s, %zu from before\n",
		    run->changed_files, text_plural(run->changed_files), run->wanted, text_plural(run->wanted),
		    run->changed_functions, text_plural(run->changed_functions), n, text_plural(n), run->before);
	if (run->before_failed)
		text_printf(out, "  %zu unit%s could not be read as before: all findings there count as new\n",
			    run->before_failed, text_plural(run->before_failed));
	if (run->elsewhere)
		text_printf(out, "  %zu more finding%s since then, whose path shows no changed function: check the whole "
			    "to see %s\n", run->elsewhere, text_plural(run->elsewhere), run->elsewhere == 1 ? "it" : "them");
	for (size_t i = 0; i < run->noutside && i < MAX_LISTED; i++) {
		text_puts(out, "  not checked: ");
		text_report_add_safe(out, run->outside[i]);
		text_puts(out, " (no unit of this build that was read is made from it)\n");
	}
	if (run->noutside > MAX_LISTED)
		text_printf(out, "  not checked: and %zu more\n", run->noutside - MAX_LISTED);
}

static void add_run(struct text *out, const struct run_info *run, const struct finding_list *l, bool all)
{
	if (run->label)
		text_printf(out, "devscope: configuration %s\n", run->label);
	if (run->since)
		add_change(out, run, run->label ? run->nfinding : l->n);
	if (run->since && !all && !run->interrupted) {
		add_failed(out, run);
		return;
	}
	add_units(out, run, all);
	if (all)
		add_notes(out, run);
	else if (run->nnoted)
		text_printf(out, "  notes on %zu unit%s (--stats lists them)\n", run->nnoted,
			    text_plural(run->nnoted));
	if (run->infer) {
		add_program(out, run, all);
		add_unsure(out, run->infer);
		if (!run->label)
			add_findings(out, run, l);
		if (all)
			text_printf(out, "  simulated now: %zu function%s\n", run->infer->nsimulated,
				    text_plural(run->infer->nsimulated));
	}
	text_printf(out, "  time: capture %.1f s, load %.1f s, infer %.1f s, rules and report %.1f s\n",
		    run->seconds[STAGE_CAPTURE], run->seconds[STAGE_LOAD], run->seconds[STAGE_INFER],
		    run->seconds[STAGE_REPORT]);
}

void summary_report_print(struct text *out, const struct run_info *run, const struct finding_list *l,
			  bool all)
{
	const struct run_info *first = run;

	for (; run; run = run->next)
		add_run(out, run, l, all);
	if (first->label && !first->since) {
		text_puts(out, "devscope: all configurations\n");
		add_findings(out, first, l);
	}
}
