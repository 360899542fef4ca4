// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report as a page: a head that counts, a table of the findings, what there is to say of the run, and
 * each finding with its path. It is whole without script; page.js adds a filter, keys, and shows one finding
 * at a time. The policy in its head lets nothing be loaded, and no other style and script than these two run.
 *
 * Thousands of findings must open: end tags that HTML leaves out are left out, and what is not seen is not
 * laid out (page.css).
 */
#include "report/html.h"

#include <stdbool.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "infer/infer.h"
#include "report/finding.h"
#include "report/html_path.h"
#include "report/html_text.h"
#include "report/markdown.h"
#include "report/page_css.inc"
#include "report/page_js.inc"
#include "report/summary_report.h"
#include "rules/rule.h"

#define LEVELS 3

static size_t count_rule(const struct finding_list *l, const struct rule *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->items[i].rule == rule;
	return n;
}

static size_t count_level(const struct finding_list *l, enum level level)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->items[i].level == level;
	return n;
}

/* "path:line" with the folder in an element of its own, that may be cut short. */
static void add_short_place(struct text *out, const struct place *at)
{
	const char *file = at->file ? at->file : "(unknown place)", *base = path_base(file);

	if (base > file) {
		text_puts(out, "<span>");
		html_add_n(out, file, (size_t)(base - file));
		text_puts(out, "</span>");
	}
	html_add(out, base);
	if (at->file && at->line > 0)
		text_printf(out, ":%d", at->line);
}

/* "path:line:col", with as much of that as is known. */
static void add_place(struct text *out, const struct place *at)
{
	html_add(out, at->file ? at->file : "(unknown place)");
	if (at->file && at->line > 0)
		text_printf(out, ":%d", at->line);
	if (at->file && at->line > 0 && at->col > 0)
		text_printf(out, ":%d", at->col);
}

static void add_level(struct text *out, enum level level)
{
	text_printf(out, "<span class=%s>%s</span>", level_name(level), level_name(level));
}

/* --- the head -------------------------------------------------------------------- */

static void add_document_head(struct text *out, const struct finding_list *l)
{
	text_puts(out, "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n");
	text_printf(out, "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
		    "style-src 'sha256-%s'; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n",
		    page_css_sha256, page_js_sha256);
	text_puts(out, "<meta name=viewport content=\"width=device-width\">\n"
		  "<meta name=color-scheme content=\"light dark\">\n"
		  "<meta name=generator content=\"devscope " DEVSCOPE_VERSION "\">\n");
	text_printf(out, "<title>%zu finding%s - devscope</title>\n", l->n, text_plural(l->n));
	text_printf(out, "<style>%s</style>\n<script>%s</script>\n", page_css, page_js);
}

static void add_counts(struct text *out, const struct finding_list *l)
{
	const char *separator = ": ";

	text_printf(out, "<p class=counts><strong>%zu finding%s</strong>", l->n, text_plural(l->n));
	for (int i = LEVELS - 1; i >= 0; i--) {
		enum level level = (enum level)i;
		size_t n = count_level(l, level);

		if (!n)
			continue;
		text_printf(out, "%s<span class=%s>%zu %s%s</span>", separator, level_name(level), n,
			    level_name(level), level == LEVEL_ADVICE ? "" : text_plural(n));
		separator = ", ";
	}
}

static void add_run(struct text *out, const struct run_info *run)
{
	size_t nread = 0, nfailed = 0;

	for (const struct run_info *r = run; r; r = r->next) {
		nread += r->cached + r->captured;
		nfailed += r->nfailed;
	}
	text_printf(out, "<p class=counts>%zu unit%s read", nread, text_plural(nread));
	if (nfailed)
		text_printf(out, ", <span class=error>%zu failed</span>", nfailed);
	if (run->since)
		text_puts(out, "; only a change was checked");
	if (run->known)
		text_printf(out, "; %zu known from the baseline", run->known);
	if (run->interrupted)
		text_puts(out, "; <span class=error>interrupted</span>");
	text_puts(out, "\n");
}

/* Filled in and shown by page.js: without it there is nothing to filter with. */
static void add_filter(struct text *out)
{
	text_puts(out, "<form role=search hidden>\n"
		  "<label>Rule <select id=by-rule><option value=\"\">all</select></label>\n"
		  "<label>Level <select id=by-level><option value=\"\">all</select></label>\n"
		  "<label>Folder <select id=by-folder><option value=\"\">all</select></label>\n"
		  "<label>Text <input id=by-text type=search spellcheck=false autocomplete=off></label>\n"
		  "<output></output>\n"
		  "<button type=button id=keys-button aria-haspopup=dialog>Keys</button>\n"
		  "</form>\n");
}

static void add_keys(struct text *out)
{
	text_puts(out, "<dialog id=keys aria-labelledby=keys-title>\n<h2 id=keys-title>Keys</h2>\n<dl>\n"
		  "<dt><kbd>n</kbd> <kbd>p</kbd><dd>next, previous finding\n"
		  "<dt><kbd>j</kbd> <kbd>k</kbd><dd>next, previous step\n"
		  "<dt><kbd>/</kbd><dd>filter by text; <kbd>Enter</kbd> opens the first that is left\n"
		  "<dt><kbd>Esc</kbd><dd>leave the filter, the step, the finding\n"
		  "<dt><kbd>?</kbd><dd>these keys\n"
		  "</dl>\n<form method=dialog><button>Close</button></form>\n</dialog>\n");
}

static void add_header(struct text *out, const struct finding_list *l, const struct run_info *run)
{
	text_puts(out, "<header>\n<h1><a href=\"#overview\">devscope</a></h1>\n");
	add_counts(out, l);
	add_run(out, run);
	add_filter(out);
	text_puts(out, "</header>\n");
}

/* --- the table ------------------------------------------------------------------- */

static void add_row(struct text *out, const struct finding *f)
{
	text_printf(out, "<tr><td class=%s>%s<td>%s<td><a href=#%s>", level_name(f->level),
		    level_name(f->level), f->rule->id, f->fingerprint);
	add_short_place(out, &f->fact->at);
	text_puts(out, "</a><td>");
	if (f->fact->fn)
		html_add(out, f->fact->fn->name);
	text_puts(out, f->fact->fn ? "()<td>" : "<td>");
	html_add(out, f->message);
	text_putc(out, '\n');
}

static void add_table(struct text *out, const struct finding_list *l)
{
	text_puts(out, "<nav id=list aria-label=Findings tabindex=-1>\n");
	if (l->n) {
		text_puts(out, "<table>\n<colgroup><col class=c1><col class=c2><col class=c3><col class=c4>"
			  "<col></colgroup>\n"
			  "<thead><tr><th scope=col>Level<th scope=col>Rule<th scope=col>Place"
			  "<th scope=col>Function<th scope=col>What\n<tbody>\n");
		for (size_t i = 0; i < l->n; i++)
			add_row(out, &l->items[i]);
		text_puts(out, "</table>\n");
	} else {
		text_puts(out, "<p>Nothing was found in what was read.\n");
	}
	text_puts(out, "</nav>\n");
}

/* --- the run --------------------------------------------------------------------- */

static void add_rules(struct text *out, const struct finding_list *l)
{
	text_puts(out, "<h3>Rules</h3>\n<div class=rules>\n");
	for (size_t i = 0; rules[i]; i++) {
		text_puts(out, "<details><summary><b>");
		html_add(out, rules[i]->id);
		text_puts(out, "</b> ");
		add_level(out, rules[i]->level);
		text_printf(out, " <span>%zu</span> ", count_rule(l, rules[i]));
		html_add(out, rules[i]->summary);
		text_puts(out, "</summary>\n<div class=help id=\"rule-");
		html_add(out, rules[i]->id);
		text_puts(out, "\">\n");
		markdown_add_html(out, rules[i]->help ? rules[i]->help : rules[i]->summary);
		text_puts(out, "</div></details>\n");
	}
	text_puts(out, "</div>\n");
}

static void add_unit_notes(struct text *out, const char *title, const struct unit_note *notes, size_t n,
			   bool open)
{
	if (!n)
		return;
	text_printf(out, "<details%s><summary>%zu %s</summary>\n<ul>\n", open ? " open" : "", n, title);
	for (size_t i = 0; i < n; i++) {
		text_puts(out, "<li><code>");
		html_add(out, notes[i].file);
		text_puts(out, "</code> ");
		html_add(out, notes[i].text);
		text_putc(out, '\n');
	}
	text_puts(out, "</ul></details>\n");
}

static void add_unsure(struct text *out, const struct infer_result *r)
{
	unsigned long sum = 0;

	for (int k = 0; k < UNSURE_KINDS; k++)
		sum += r->unsure[k];
	if (!sum)
		return;
	text_printf(out, "<details><summary>%lu time%s the analysis stayed quiet, not being sure</summary>\n"
		    "<table>\n<thead><tr><th scope=col>Times<th scope=col>Why\n<tbody>\n", sum, text_plural(sum));
	for (int k = 0; k < UNSURE_KINDS; k++)
		if (r->unsure[k])
			text_printf(out, "<tr><td>%lu<td>%s\n", r->unsure[k],
				    unsure_name((enum unsure_kind)k));
	text_puts(out, "</table></details>\n");
}

/* The rest of a list to unfold. */
static void add_names(struct text *out, const char *const *names, size_t n)
{
	text_puts(out, "<ul>\n");
	for (size_t i = 0; i < n; i++) {
		text_puts(out, "<li><code>");
		html_add(out, names[i]);
		text_puts(out, "</code>\n");
	}
	text_puts(out, "</ul></details>\n");
}

static void add_program(struct text *out, const struct run_info *run)
{
	const struct infer_result *r = run->infer;

	if (!r)
		return;
	text_printf(out, "<p>%zu function%s of %zu unit%s were analysed as one program. %zu call%s of "
		    "functions that were neither read nor modelled.\n", r->nfunc, text_plural(r->nfunc), run->program,
		    text_plural(run->program), r->unresolved, text_plural(r->unresolved));
	if (r->over_budget) {
		text_printf(out, "<details><summary>%zu function%s over budget: findings in them may be "
			    "missing</summary>\n", r->over_budget, text_plural(r->over_budget));
		add_names(out, r->over_budget_names, r->over_budget);
	}
	add_unsure(out, r);
}

static void add_change(struct text *out, const struct run_info *run)
{
	if (!run->since)
		return;
	text_puts(out, "<p>Only what came since <code>");
	html_add(out, run->since);
	text_printf(out, "</code> was checked: %zu C file%s and %zu function%s changed. Left out: %zu "
		    "finding%s from before, and %zu newer whose path shows no changed function.\n", run->changed_files,
		    text_plural(run->changed_files), run->changed_functions, text_plural(run->changed_functions),
		    run->before, text_plural(run->before), run->elsewhere);
	if (!run->noutside)
		return;
	text_printf(out, "<details open><summary>%zu changed file%s not checked: no unit of this build that "
		    "was read is made from %s</summary>\n", run->noutside, text_plural(run->noutside),
		    run->noutside == 1 ? "it" : "them");
	add_names(out, run->outside, run->noutside);
}

/* What was read and learnt of one configuration. */
static void add_configuration(struct text *out, const struct run_info *run)
{
	if (run->label) {
		text_puts(out, "<h3>Configuration <code>");
		html_add(out, run->label);
		text_puts(out, "</code></h3>\n");
	} else {
		text_puts(out, "<h3>What was read</h3>\n");
	}
	text_printf(out, "<p>%zu unit%s asked for, %zu read, %zu failed%s.\n", run->wanted,
		    text_plural(run->wanted), run->cached + run->captured, run->nfailed,
		    run->interrupted ? "; the run was interrupted" : "");
	add_change(out, run);
	add_unit_notes(out, "could not be read: nothing in them was analysed", run->failed, run->nfailed,
		       true);
	add_program(out, run);
	add_unit_notes(out, "read with a remark", run->noted, run->nnoted, false);
}

static void add_overview(struct text *out, const struct finding_list *l, const struct run_info *run)
{
	text_puts(out, "<section id=overview aria-labelledby=overview-title>\n"
		  "<h2 id=overview-title tabindex=-1>Overview</h2>\n");
	add_rules(out, l);
	if (run->known || run->gone)
		text_printf(out, "<p>The baseline knows %zu of the findings, which are left out here; %zu of "
			    "its entries were not found any more.\n", run->known, run->gone);
	for (; run; run = run->next)
		add_configuration(out, run);
	text_puts(out, "</section>\n");
}

/* --- findings -------------------------------------------------------------------- */

static void add_finding(struct text *out, struct code *code, const struct finding *f)
{
	text_printf(out, "<article id=%s>\n<h2 tabindex=-1>", f->fingerprint);
	html_add(out, f->message);
	text_puts(out, "</h2>\n<p class=where>");
	add_level(out, f->level);
	text_puts(out, " <a href=\"#rule-");
	html_add(out, f->rule->id);
	text_printf(out, "\">%s</a> <code>", f->rule->id);
	add_place(out, &f->fact->at);
	text_puts(out, "</code>");
	if (f->fact->fn) {
		text_puts(out, " in <code>");
		html_add(out, f->fact->fn->name);
		text_puts(out, "()</code>");
	}
	text_printf(out, " <a class=print href=#%s>%s</a>\n", f->fingerprint, f->fingerprint);
	if (f->fix && *f->fix) {
		text_puts(out, "<p class=fix><b>Fix</b> ");
		html_add(out, f->fix);
		text_putc(out, '\n');
	}
	if (f->configs) {
		text_puts(out, "<p>Only in configuration <code>");
		html_add(out, f->configs);
		text_puts(out, "</code>\n");
	}
	html_add_path(out, code, f->fact);
	text_puts(out, "</article>\n");
}

void html_report_print(struct text *out, const struct finding_list *l, const struct run_info *run,
		       const struct view *view)
{
	struct code code;

	code_init(&code, view);
	add_document_head(out, l);
	text_puts(out, "<body>\n");
	add_header(out, l, run);
	add_table(out, l);
	text_puts(out, "<main>\n");
	add_overview(out, l, run);
	for (size_t i = 0; i < l->n; i++)
		add_finding(out, &code, &l->items[i]);
	text_puts(out, "</main>\n");
	add_keys(out);
	text_puts(out, "</html>\n");
	code_release(&code);
}
