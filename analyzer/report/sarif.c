// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings as SARIF 2.1.0 (OASIS), as GitHub's code scanning and the editors' viewers read it:
 *
 * - one linear flow a result, for viewers show no more; nesting tells callees and callbacks;
 * - every location, of results and of steps, names its function as a logical location;
 * - snippets are filled in where the source can be read, for viewers without it;
 * - two fingerprints: ours, and the line hash that GitHub would make itself;
 * - all that could not be analysed is a notification of the invocation.
 *
 * Paths are relative to the base SRCROOT, whose place the file does not tell.
 */
#include "report/sarif.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "infer/infer.h"
#include "report/finding.h"
#include "report/source.h"
#include "report/summary_report.h"
#include "report/text_report.h"
#include "rules/rule.h"

#ifndef DEVSCOPE_VERSION
#define DEVSCOPE_VERSION "0"
#endif

#define MAX_DESCRIPTION 1000	/* GitHub takes 1024 characters */
#define CONTEXT_LINES 3		/* shown before and after a place */

/* What one document is made with. */
struct sarif {
	struct source source;
	struct arena arena;
};

/* --- pieces ---------------------------------------------------------------------- */

/* A message object. Braces are doubled: alone they would be placeholders (SARIF 3.11.5). */
static void add_message(struct json *object, const char *key, const char *s)
{
	struct json *message = json_add_object(object, key);
	struct text t;

	text_init(&t);
	for (; s && *s; s++) {
		if (*s == '{' || *s == '}')
			text_putc(&t, *s);
		text_putc(&t, *s);
	}
	json_add_text(message, "text", text_str(&t));
	text_release(&t);
}

/* As much of s as is a sentence, with a full stop: what viewers expect of a message. */
static const char *sentence(struct sarif *d, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (!n)
		return "";
	return strchr(".!?:", s[n - 1]) ? s : arena_printf(&d->arena, "%s.", s);
}

/*
 * A path as a relative URI. One outside of the tree keeps its last part only: no path of a machine is told.
 */
static void add_artifact(struct json *object, const char *path)
{
	struct json *artifact = json_add_object(object, "artifactLocation");
	bool inside = *path != '/';
	const char *p = inside ? path : strrchr(path, '/') + 1;
	struct text t;

	text_init(&t);
	for (; *p; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    strchr("-._~/+,=@", *p))
			text_putc(&t, *p);
		else
			text_printf(&t, "%%%02X", (unsigned char)*p);
	}
	json_add_text(artifact, "uri", text_str(&t));
	if (inside)
		json_add_text(artifact, "uriBaseId", "SRCROOT");
	text_release(&t);
}

static void add_snippet(struct json *region, const char *s)
{
	if (s)
		json_add_text(json_add_object(region, "snippet"), "text", s);
}

/* A region of one line around a place, and the lines around that. */
static void add_regions(struct sarif *d, struct json *physical, const struct place *at, bool context)
{
	int first = at->line > CONTEXT_LINES ? at->line - CONTEXT_LINES : 1;
	int last = at->line + CONTEXT_LINES, count = source_count(&d->source, at->file);
	struct json *region;

	region = json_add_object(physical, "region");
	json_add_int(region, "startLine", at->line);
	if (at->col > 0)
		json_add_int(region, "startColumn", source_column(&d->source, at->file, at->line, at->col));
	add_snippet(region, source_lines(&d->source, at->file, at->line, at->line));
	if (!context || at->line > count)
		return;
	region = json_add_object(physical, "contextRegion");
	json_add_int(region, "startLine", first);
	json_add_int(region, "endLine", last < count ? last : count);
	add_snippet(region, source_lines(&d->source, at->file, first, last));
}

static void add_physical(struct sarif *d, struct json *location, const struct place *at, bool context)
{
	struct json *physical;

	if (!at->file || !*at->file)
		return;
	physical = json_add_object(location, "physicalLocation");
	add_artifact(physical, at->file);
	if (at->line > 0)
		add_regions(d, physical, at, context);
}

static void add_logical(struct json *location, const char *function)
{
	struct json *logical;

	if (!function || !*function)
		return;
	logical = json_push_object(json_add_array(location, "logicalLocations"));
	json_add_text(logical, "name", function);
	json_add_text(logical, "kind", "function");
}

/* --- the tool -------------------------------------------------------------------- */

static const char *sarif_level(enum level level)
{
	return level == LEVEL_ADVICE ? "note" : level_name(level);
}

static void add_rule_properties(struct json *descriptor, const struct rule *rule)
{
	static const char *const precision[] = {"medium", "medium", "high"};
	static const char *const severity[] = {"recommendation", "warning", "error"};
	struct json *properties = json_add_object(descriptor, "properties"), *tags;

	tags = json_add_array(properties, "tags");
	json_push_text(tags, "correctness");
	json_push_text(tags, "linux-kernel");
	if (strstr(rule->id, "lock") || strstr(rule->id, "atomic") || strstr(rule->id, "rcu"))
		json_push_text(tags, "locking");
	else
		json_push_text(tags, "lifetime");
	json_add_text(properties, "precision", precision[rule->level]);
	json_add_text(properties, "problem.severity", severity[rule->level]);
}

/* The first paragraph of the help that is no heading: why the rule matters. */
static const char *full_description(struct sarif *d, const struct rule *rule)
{
	const char *p = rule->help ? rule->help : "", *end;
	size_t n;

	while (*p == '\n' || *p == '#')
		p = *p == '#' ? p + strcspn(p, "\n") : p + 1;
	end = strstr(p, "\n\n");
	n = end ? (size_t)(end - p) : strlen(p);
	if (n > MAX_DESCRIPTION || !n)
		return sentence(d, rule->summary);
	return sentence(d, arena_strndup(&d->arena, p, n));
}

static void add_rule(struct sarif *d, struct json *array, const struct rule *rule)
{
	struct json *descriptor = json_push_object(array), *help;

	json_add_text(descriptor, "id", rule->id);
	json_add_text(descriptor, "name", rule->name);
	add_message(descriptor, "shortDescription", sentence(d, rule->summary));
	add_message(descriptor, "fullDescription", full_description(d, rule));
	help = json_add_object(descriptor, "help");
	json_add_text(help, "text", rule->help ? rule->help : rule->summary);
	json_add_text(help, "markdown", rule->help ? rule->help : rule->summary);
#ifdef DEVSCOPE_URL
	json_add_text(descriptor, "helpUri", arena_printf(&d->arena, DEVSCOPE_URL "#%s", rule->id));
#endif
	json_add_text(json_add_object(descriptor, "defaultConfiguration"), "level", sarif_level(rule->level));
	add_rule_properties(descriptor, rule);
}

/* The kinds of notification, by id. */
static const struct { const char *id, *name, *text; } notices[] = {
	{"unit-failed", "UnitFailed", "A translation unit could not be read: nothing in it was analysed."},
	{"unit-note", "UnitNote", "A translation unit was read with a restriction."},
	{"over-budget", "OverBudget", "A function was cut short: findings in it may be missing."},
	{"unsure-quiet", "UnsureQuiet", "How often the analysis stayed quiet for not being sure, by kind."},
	{"calls-unresolved", "CallsUnresolved", "Calls of functions that were not read and have no model."},
	{"run-interrupted", "RunInterrupted", "The run was interrupted: only a part was analysed."},
};

static void add_tool(struct sarif *d, struct json *run)
{
	struct json *driver = json_add_object(json_add_object(run, "tool"), "driver"), *array;

	json_add_text(driver, "name", "devscope");
	json_add_text(driver, "fullName", "devscope " DEVSCOPE_VERSION);
	json_add_text(driver, "version", DEVSCOPE_VERSION);
	json_add_text(driver, "semanticVersion", DEVSCOPE_VERSION);
#ifdef DEVSCOPE_URL
	json_add_text(driver, "informationUri", DEVSCOPE_URL);
#endif
	array = json_add_array(driver, "rules");
	for (size_t i = 0; rules[i]; i++)
		add_rule(d, array, rules[i]);
	array = json_add_array(driver, "notifications");
	for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++) {
		struct json *descriptor = json_push_object(array);

		json_add_text(descriptor, "id", notices[i].id);
		json_add_text(descriptor, "name", notices[i].name);
		add_message(descriptor, "shortDescription", notices[i].text);
		add_message(descriptor, "fullDescription", notices[i].text);
		add_message(descriptor, "help", notices[i].text);
	}
}

/* --- the invocation -------------------------------------------------------------- */

static void add_notice(struct sarif *d, struct json *array, const char *id, const char *level,
		       const char *file, const char *message)
{
	struct json *notice = json_push_object(array), *descriptor;
	struct place at = {.file = file};

	descriptor = json_add_object(notice, "descriptor");
	json_add_text(descriptor, "id", id);
	for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++)
		if (!strcmp(notices[i].id, id))
			json_add_int(descriptor, "index", (int64_t)i);
	if (file)
		add_physical(d, json_push_object(json_add_array(notice, "locations")), &at, false);
	json_add_text(notice, "level", level);
	add_message(notice, "message", sentence(d, message));
}

static void add_infer_notices(struct sarif *d, struct json *array, const struct infer_result *r)
{
	for (size_t i = 0; i < r->over_budget; i++)
		add_notice(d, array, "over-budget", "warning", NULL,
			   arena_printf(&d->arena, "Over budget: %s", r->over_budget_names[i]));
	for (int k = 0; k < UNSURE_KINDS; k++)
		if (r->unsure[k])
			add_notice(d, array, "unsure-quiet", "note", NULL,
				   arena_printf(&d->arena, "Not sure, so quiet, %lu times: %s", r->unsure[k],
						unsure_name((enum unsure_kind)k)));
	if (r->unresolved)
		add_notice(d, array, "calls-unresolved", "note", NULL,
			   arena_printf(&d->arena, "%zu calls of functions neither read nor modelled",
					r->unresolved));
}

/* One of each configuration. */
static void add_invocation(struct sarif *d, struct json *invocations, const struct run_info *info)
{
	struct json *invocation = json_push_object(invocations), *array;

	if (info->label)
		json_add_text(json_add_object(invocation, "properties"), "configuration", info->label);
	json_add_bool(invocation, "executionSuccessful", !info->nfailed && !info->interrupted);
	array = json_add_array(invocation, "toolExecutionNotifications");
	if (info->interrupted)
		add_notice(d, array, "run-interrupted", "error", NULL, "The run was interrupted");
	for (size_t i = 0; i < info->nfailed; i++)
		add_notice(d, array, "unit-failed", "error", info->failed[i].file,
			   arena_printf(&d->arena, "%s could not be read: %s", info->failed[i].file,
					info->failed[i].text));
	for (size_t i = 0; i < info->nnoted; i++)
		add_notice(d, array, "unit-note", "note", info->noted[i].file,
			   arena_printf(&d->arena, "%s: %s", info->noted[i].file, info->noted[i].text));
	if (info->infer)
		add_infer_notices(d, array, info->infer);
}

/* --- results --------------------------------------------------------------------- */

/* A place for everything: what has no line of its own stands at its function. */
static struct place place_or_function(const struct place *at, const struct fact *fact)
{
	struct place place = *at;

	if (!place.file && fact->fn)
		place = (struct place){.file = fact->fn->file, .line = fact->fn->line};
	return place;
}

static void add_state(struct json *location, const struct step *step)
{
	const struct { const char *key, *text; } held[] = {
		{"locks", step->locks}, {"borrows", step->borrows}, {"references", step->refs},
	};
	struct json *state = NULL;

	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		if (!held[i].text || !*held[i].text)
			continue;
		if (!state)
			state = json_add_object(location, "state");
		add_message(state, held[i].key, held[i].text);
	}
}

static bool is_essential(enum step_kind kind)
{
	return kind == STEP_USE || kind == STEP_FAULT || kind == STEP_STORE || kind == STEP_ITERATED;
}

static void add_step(struct sarif *d, struct json *array, const struct finding *f, int i)
{
	const struct step *step = &f->fact->steps[i];
	struct json *flow = json_push_object(array), *location = json_add_object(flow, "location");
	struct place at = place_or_function(&step->at, f->fact);
	struct text message;

	add_physical(d, location, &at, true);
	add_logical(location, step->func ? step->func : f->fact->fn ? f->fact->fn->name : NULL);
	text_init(&message);
	text_puts(&message, step->text ? step->text : "");
	text_report_add_held(&message, step);
	add_message(location, "message", text_str(&message));
	text_release(&message);
	add_state(flow, step);
	json_add_int(flow, "nestingLevel", step->depth);
	json_add_int(flow, "executionOrder", i + 1);
	json_add_text(flow, "importance", is_essential(step->kind) ? "essential" : "important");
}

static void add_flow(struct sarif *d, struct json *result, const struct finding *f)
{
	struct json *threads, *steps;

	if (!f->fact->nstep)
		return;
	threads = json_add_array(json_push_object(json_add_array(result, "codeFlows")), "threadFlows");
	steps = json_add_array(json_push_object(threads), "locations");
	for (int i = 0; i < f->fact->nstep; i++)
		add_step(d, steps, f, i);
}

static void add_origin(struct sarif *d, struct json *result, const struct fact *fact)
{
	struct json *location;

	if (!fact->origin.file || fact->origin.line < 1)
		return;
	location = json_push_object(json_add_array(result, "relatedLocations"));
	json_add_int(location, "id", 1);
	add_physical(d, location, &fact->origin, true);
	add_message(location, "message", arena_printf(&d->arena, "Where it began: %s.",
						      fact->object ? fact->object : "the path"));
}

static void add_fingerprints(struct sarif *d, struct json *result, const struct finding *f)
{
	struct json *prints = json_add_object(result, "partialFingerprints");

	json_add_text(prints, "devscope/v1", f->fingerprint);
	json_add_text(prints, "primaryLocationLineHash",
		      source_line_hash(&d->source, f->fact->at.file, f->fact->at.line));
}

static int rule_index(const struct rule *rule)
{
	int i = 0;

	while (rules[i] && rules[i] != rule)
		i++;
	return rules[i] ? i : -1;
}

static void add_result(struct sarif *d, struct json *array, const struct finding *f)
{
	struct json *result = json_push_object(array), *location;
	struct place at = place_or_function(&f->fact->at, f->fact);
	const char *message = sentence(d, f->message);

	if (f->fix && *f->fix)
		message = arena_printf(&d->arena, "%s Fix: %s", message, sentence(d, f->fix));
	json_add_text(result, "ruleId", f->rule->id);
	if (rule_index(f->rule) >= 0)
		json_add_int(result, "ruleIndex", rule_index(f->rule));
	json_add_text(result, "level", sarif_level(f->level));
	add_message(result, "message", message);
	location = json_push_object(json_add_array(result, "locations"));
	add_physical(d, location, &at, true);
	add_logical(location, f->fact->fn ? f->fact->fn->name : NULL);
	add_fingerprints(d, result, f);
	add_flow(d, result, f);
	add_origin(d, result, f->fact);
	if (f->configs)
		json_add_text(json_add_object(result, "properties"), "configurations", f->configs);
}

struct json *sarif_make(const struct finding_list *l, const struct run_info *info, const struct view *view)
{
	struct json *log = json_object(), *run, *base, *results, *invocations;
	struct sarif d;

	source_init(&d.source, view);
	arena_init(&d.arena);
	json_add_text(log, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_add_text(log, "version", "2.1.0");
	run = json_push_object(json_add_array(log, "runs"));
	add_tool(&d, run);
	invocations = json_add_array(run, "invocations");
	for (; info; info = info->next)
		add_invocation(&d, invocations, info);
	json_add_text(json_add_object(run, "automationDetails"), "id", "devscope/");
	base = json_add_object(json_add_object(run, "originalUriBaseIds"), "SRCROOT");
	add_message(base, "description", "The top of the source tree that was analysed.");
	json_add_text(run, "columnKind", "utf16CodeUnits");
	results = json_add_array(run, "results");
	for (size_t i = 0; i < l->n; i++)
		add_result(&d, results, &l->items[i]);
	arena_release(&d.arena);
	source_release(&d.source);
	return log;
}
