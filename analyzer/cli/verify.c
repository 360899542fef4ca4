// SPDX-License-Identifier: GPL-2.0-only
/*
 * devscope verify: every obligation of the functions asked for, proven or open, and what is assumed. Entry:
 * verify_main(). The pipeline is that of a check (target.c); rules speak as well.
 */
#include "cli/cli.h"

#include <argp.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/message.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/target.h"
#include "infer/model.h"
#include "infer/obligation.h"
#include "report/text_report.h"
#include "rules/rule.h"

enum { STATUS_PROVEN, STATUS_OPEN, STATUS_INCOMPLETE = 3, STATUS_INTERRUPTED = 130 };

static const struct argp_option known[] = {
	{"build", 'p', "BUILD", 0, "Build folder or compile_commands.json (default: that of the folder PATH, or as for "
	 "check)", 1},
	{"db", OPT_DB, "FILE", 0, "The database (default: .devscope.db beside the compile database)", 1},
	{"no-cache", OPT_NO_CACHE, NULL, 0, "Read every unit asked for again", 1},
	{"flow", OPT_FLOW, NULL, 0, "Each PATH is a file of flow text (see devscope dump)", 1},
	{"models", OPT_MODELS, "FILE", 0, "Models and contracts of your own (repeat); contracts.yaml in a folder PATH is "
	 "taken by itself", 1},
	{"model-dir", OPT_MODEL_DIR, "DIR", 0, "Models to use in place of the built-in ones", 1},
	{"jobs", 'j', "N", 0, "Units to read at once (default: all processors)", 2},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0, "Give a unit up after that long (default: 300)", 2},
	{"clang", OPT_CLANG, "PROGRAM", 0, "The clang to read with (default: as for check)", 2},
	{"extra-arg", OPT_EXTRA, "ARG", 0, "One more argument for clang, at the end (repeat)", 2},
	{"open", OPT_OPEN, NULL, 0, "List only obligations that are open", 3},
	{"format", OPT_FORMAT, "FORMAT", 0, "text (default) or json", 3},
	{"color", OPT_COLOR, "WHEN", OPTION_ARG_OPTIONAL, "auto (default), always, never", 3},
	{"quiet", 'q', NULL, 0, "No progress, no summary of what was read", 3},
	{"stats", OPT_STATS, NULL, 0, "A complete summary: each note and function over budget", 3},
	{0},
};

static const char doc[] =
	"List what must hold for the functions in PATH to be right, each proven or open and why: a check says what it has "
	"found, this says also what it cannot rule out.\v"
	"Each of these is an obligation, at its place:\n"
	"\n"
	"  borrow     a pointer is used, or passed on, while something keeps its object\n"
	"  release    a lock that is taken is released on every path\n"
	"  reference  what is got is given back or handed on, on every path, and nothing else is\n"
	"  held       a lock that is required is held: for a field, or for a call\n"
	"  order      locks are taken in an order without cycles\n"
	"  promise    a call is given what its contract needs; a result is what it promises\n"
	"  loop       a loop goes on with the locks and references that it began with\n"
	"  sure       only ever open: devscope would stay quiet there (an unknown call, a cycle of calls that was cut, "
	"cases that were merged, a budget)\n"
	"\n"
	"Every function must balance, whoever calls it, unless a contract says otherwise. Contracts say what a function "
	"needs, gives and takes, what fields and lists keep, and what may be called through a pointer; they are sections "
	"of model files (rules/models/FORMAT.md), and a function is proven against its own. An assertion of lockdep says by "
	"itself that callers must hold a lock. What no contract speaks of is taken by its body, if that was read, and by "
	"the models.\n"
	"\n"
	"Example, which needs nothing but this source tree:\n"
	"\n"
	"  devscope verify examples/domain_allocator\n"
	"  devscope verify --open -p /tmp/build drivers/iommu/iommu.c\n"
	"\n"
	"Exit status: 0 all is proven and no rule speaks, 1 something is open, 2 wrong usage or an internal error, 3 a unit "
	"could not be read, 130 interrupted.";

static const struct {
	const char *name, *what;
} kinds[OBLIGATION_KINDS] = {
	[OBLIGATION_BORROW] = {"borrow", "pointers are used while their object is kept"},
	[OBLIGATION_RELEASE] = {"release", "locks are released on every path"},
	[OBLIGATION_REFERENCE] = {"reference", "references are given back or handed on"},
	[OBLIGATION_HELD] = {"held", "required locks are held"},
	[OBLIGATION_ORDER] = {"order", "locks are taken in an order without cycles"},
	[OBLIGATION_PROMISE] = {"promise", "calls and results are as contracts say"},
	[OBLIGATION_LOOP] = {"loop", "loops go on as they began"},
	[OBLIGATION_SURE] = {"sure", "nothing is left out"},
};

static const char *const assumptions[] = {
	"Distinct paths are distinct objects: two names mean one object only where code or a contract says so.",
	"Between taking a lock and releasing it, what it guards changes by this path only (sequential semantics).",
	"Models say truly what functions do that were not read, and contracts what fields and lists keep.",
	"Parameters are kept by callers, who are asked for it wherever they were read.",
	"What a loop does to memory in a third turn it has done in one of the first two; what it holds is proven.",
	"Numbers, the contents of memory, and whether a pointer is NULL are not proven.",
};

struct verify {
	struct arena arena;
	struct options opt;
	const struct model *model;
	struct target target;
	size_t proven[OBLIGATION_KINDS], open[OBLIGATION_KINDS];
	size_t nproven, nopen;
};

static bool in_scope(const struct verify *v, const struct obligation *o)
{
	return v->opt.flow || (o->fn->file && units_in_scope(&v->target.units, o->fn->file));
}

static void count(struct verify *v)
{
	const struct infer_result *r = &v->target.infer;

	for (size_t i = 0; i < r->nobligation; i++) {
		const struct obligation *o = r->obligations[i];

		if (!in_scope(v, o))
			continue;
		o->is_open ? v->open[o->kind]++ : v->proven[o->kind]++;
		o->is_open ? v->nopen++ : v->nproven++;
	}
}

/* ------------------------------------------------------------------ text */

static void print_obligations(struct verify *v, struct text *out, bool color)
{
	const struct infer_result *r = &v->target.infer;

	for (size_t i = 0; i < r->nobligation; i++) {
		const struct obligation *o = r->obligations[i];
		const char *mark = !color ? "" : o->is_open ? "\033[1;31m" : "\033[32m";

		if (!in_scope(v, o) || (v->opt.open_only && !o->is_open))
			continue;
		text_printf(out, "%s:%d:%d: %s%s%s: %s: %s: %s [%s]\n", o->at.file ? o->at.file : "?", o->at.line, o->at.col, mark,
			    o->is_open ? "open" : "proven", color ? "\033[0m" : "", kinds[o->kind].name, o->object, o->why,
			    o->fn->name);
	}
}

static void print_counts(const struct verify *v, struct text *out)
{
	text_printf(out, "\n%-10s %7s %7s\n", "", "proven", "open");
	for (int k = 0; k < OBLIGATION_KINDS; k++)
		text_printf(out, "%-10s %7zu %7zu   %s\n", kinds[k].name, v->proven[k], v->open[k], kinds[k].what);
	text_printf(out, "%-10s %7zu %7zu\n", "all", v->nproven, v->nopen);
}

static void print_assumptions(const struct verify *v, struct text *out)
{
	const struct model *m = v->model;

	text_puts(out, "\nassumed:\n");
	for (size_t i = 0; i < sizeof(assumptions) / sizeof(assumptions[0]); i++)
		text_printf(out, "  %s\n", assumptions[i]);
	if (m->ncontract)
		text_printf(out, "  By contract: %d functions and callbacks, %d fields, %d lists.\n", m->ncontract, m->nfield, m->nlist);
	for (int i = 0; i < m->nfield; i++)
		if (m->fields[i].gone)
			text_printf(out, "  %s.%s owns nothing when its object is freed: %s.\n", m->fields[i].struct_name,
				    m->fields[i].field, m->fields[i].gone);
}

static bool is_proven(const struct verify *v)
{
	return !v->nopen && !v->target.findings.n && !v->target.run.nfailed;
}

static void print_text(struct verify *v)
{
	bool color = output_color(v->opt.color, STDOUT_FILENO);
	struct text out;

	text_init(&out);
	print_obligations(v, &out, color);
	text_report_print(&out, &v->target.findings, color);
	print_counts(v, &out);
	print_assumptions(v, &out);
	if (is_proven(v))
		text_printf(&out, "\nall %zu obligations are proven\n", v->nproven);
	else
		text_printf(&out, "\n%zu of %zu obligations are open, %zu findings\n", v->nopen, v->nopen + v->nproven,
			    v->target.findings.n);
	output_text(&v->arena, "-", &out);
	text_release(&out);
}

/* ------------------------------------------------------------------ JSON */

static void add_place(struct json *o, struct place at, const char *function)
{
	json_add_text(o, "file", at.file);
	json_add_int(o, "line", at.line);
	json_add_int(o, "column", at.col);
	json_add_text(o, "function", function);
}

static void add_counts(const struct verify *v, struct json *top)
{
	struct json *counts = json_add_object(top, "counts");

	for (int k = 0; k < OBLIGATION_KINDS; k++) {
		struct json *c = json_add_object(counts, kinds[k].name);

		json_add_int(c, "proven", (int64_t)v->proven[k]);
		json_add_int(c, "open", (int64_t)v->open[k]);
	}
}

static void print_json(struct verify *v)
{
	const struct infer_result *r = &v->target.infer;
	struct json *top = json_object(), *all;
	int err;

	json_add_bool(top, "proven", is_proven(v));
	add_counts(v, top);
	all = json_add_array(top, "obligations");
	for (size_t i = 0; i < r->nobligation; i++) {
		const struct obligation *o = r->obligations[i];
		struct json *j;

		if (!in_scope(v, o) || (v->opt.open_only && !o->is_open))
			continue;
		j = json_push_object(all);
		json_add_text(j, "kind", kinds[o->kind].name);
		json_add_bool(j, "open", o->is_open);
		add_place(j, o->at, o->fn->name);
		json_add_text(j, "object", o->object);
		json_add_text(j, "why", o->why);
	}
	all = json_add_array(top, "findings");
	for (size_t i = 0; i < v->target.findings.n; i++) {
		const struct finding *f = &v->target.findings.items[i];
		struct json *j = json_push_object(all);

		json_add_text(j, "rule", f->rule->id);
		add_place(j, f->fact->at, f->fact->fn->name);
		json_add_text(j, "message", f->message);
	}
	all = json_add_array(top, "assumptions");
	for (size_t i = 0; i < sizeof(assumptions) / sizeof(assumptions[0]); i++)
		json_push_text(all, assumptions[i]);
	fflush(stdout);
	err = json_write_file(top, "/dev/stdout");
	json_free(top);
	if (err)
		die("the obligations cannot be written to stdout: %s", strerror(-err));
}

/* ------------------------------------------------------------------ entry */

int verify_main(int argc, char **argv)
{
	struct verify v = {0};
	int status = STATUS_INTERRUPTED;

	arena_init(&v.arena);
	options_verify(&v.arena, argc, argv, known, doc, &v.opt);
	v.opt.prove = true;
	v.model = model_load(&v.arena, v.opt.model_dir, v.opt.models.items, v.opt.models.n);
	target_check(&v.target, &v.arena, &v.opt, v.model);
	if (!v.target.run.interrupted) {
		count(&v);
		v.opt.json ? print_json(&v) : print_text(&v);
		status = v.nopen || v.target.findings.n ? STATUS_OPEN : v.target.run.nfailed ? STATUS_INCOMPLETE : STATUS_PROVEN;
	}
	output_summary(&v.opt, &v.target.findings, &v.target.run);
	target_release(&v.target);
	arena_release(&v.arena);
	intern_release();
	return status;
}
