// SPDX-License-Identifier: GPL-2.0-only
/*
 * devscope query: questions about the program that the database holds. query_main() loads it as it is there,
 * analyses it as a check does, with what was learnt before, and has the query answered. Nothing is captured: an
 * answer that comes after an hour of reading is none.
 */
#include "cli/cli.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/path.h"
#include "base/view.h"
#include "cli/fresh.h"
#include "cli/options.h"
#include "cli/program.h"
#include "cli/progress.h"
#include "cli/units.h"
#include "infer/model.h"
#include "query/query.h"

/* Options that no other command has. */
enum { OPT_FIELD = 512, OPT_FROM_FIELD, OPT_FROM, OPT_TO, OPT_DEPTH, OPT_LIMIT, OPT_HELP };

/* One query, from its arguments to its answer. */
struct asking {
	struct arena arena;
	struct options opt;
	const struct query *query;
	struct query_args args;
	struct strings fields, from_fields, froms, tos, names, flow;
	unsigned given;			/* of enum query_option */
	struct units units;
	struct store *store;
	struct unit **program;
	size_t nprogram, nstale, nfailed;
	struct infer_options how;	/* the analysis borrows these two until its result is released */
	struct infer_cache cache;
	struct infer_result result;
};

static const struct argp_option options[] = {
	{"build", 'p', "BUILD", 0, "Build folder or compile_commands.json (default: as for check)", 1},
	{"db", OPT_DB, "FILE", 0, "The database (default: .devscope.db beside the compile database)", 1},
	{"flow", OPT_FLOW, "FILE", 0, "Ask about this file of flow text instead (repeat)", 1},
	{"models", OPT_MODELS, "FILE", 0, "Models of your own (repeat)", 1},
	{"model-dir", OPT_MODEL_DIR, "DIR", 0, "Models to use in place of the built-in ones", 1},
	{"no-cache", OPT_NO_CACHE, NULL, 0, "Analyse all anew, whatever the database knows of earlier runs", 1},
	{"field", OPT_FIELD, "STRUCT.FIELD", 0, "alloc-depends: the functions in that field (repeat)", 2},
	{"from-field", OPT_FROM_FIELD, "STRUCT.FIELD", 0, "paths: start at the functions in that field (repeat)", 2},
	{"from", OPT_FROM, "FUNCTION", 0, "paths: start at that function (repeat)", 2},
	{"to", OPT_TO, "FUNCTION", 0, "paths: end at that function (repeat)", 2},
	{"depth", OPT_DEPTH, "N", 0, "Go on to callers of callers, N calls far", 2},
	{"limit", OPT_LIMIT, "N", 0, "Show the first N only", 2},
	{"format", OPT_FORMAT, "FORMAT", 0, "text (default), json, or dot where the answer is a graph", 3},
	{"quiet", 'q', NULL, 0, "No progress, no notes", 3},
	{"help", OPT_HELP, NULL, 0, "This text; after the name of a query: what it answers", 4},
	{0},
};

static const struct {
	const char *name;
	unsigned option;
} option_names[] = {
	{"--field", QUERY_FIELD}, {"--from-field", QUERY_FROM_FIELD}, {"--from", QUERY_FROM}, {"--to", QUERY_TO},
	{"--depth", QUERY_DEPTH}, {"--limit", QUERY_LIMIT},
};

static const char doc[] =
	"Answer a question about the program that the database of BUILD holds: what was captured by a check, now or "
	"before.";

/* --- the command line ------------------------------------------------------------- */

static void add(struct arena *a, struct strings *s, const char *item)
{
	const char **more = ARENA_ARRAY(a, const char *, s->n + 1);

	if (s->n)
		memcpy(more, s->items, s->n * sizeof(*more));
	more[s->n++] = item;
	s->items = more;
}

static int number(const char *option, const char *s)
{
	char *end;
	long v = strtol(s, &end, 10);

	if (end == s || *end || v < 1 || v > 1000000)
		die("%s %s: a number from 1 on is expected", option, s);
	return (int)v;
}

static void set_format(struct asking *k, const char *s)
{
	if (!strcmp(s, "text"))
		k->args.format = QUERY_TEXT;
	else if (!strcmp(s, "json"))
		k->args.format = QUERY_JSON;
	else if (!strcmp(s, "dot"))
		k->args.format = QUERY_DOT;
	else
		die("--format %s: there are text, json and dot", s);
}

static void print_query_help(const struct query *q)
{
	printf("Usage: devscope query [OPTION...] %s %s\n\n%s.\n\n%s\n", q->name, q->usage, q->summary, q->help);
	fputs("Formats: text", stdout);
	fputs(q->formats & QUERY_JSON ? ", json" : "", stdout);
	fputs(q->formats & QUERY_DOT ? ", dot" : "", stdout);
	puts(". \"devscope query --help\" lists the options.");
}

static void print_help(struct argp_state *state)
{
	argp_state_help(state, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG);
	puts("\nQueries (\"devscope query NAME --help\" tells more of each):\n");
	for (const struct query *q = queries; q->name; q++)
		printf("  %-20s %s\n", q->name, q->summary);
	puts("\nWhat is asked about is what \"devscope check\" or \"devscope capture\" have read for this build, as it was "
	     "then;\na function is called by its name, or as FILE:NAME where there are several. The answer goes to stdout, "
	     "sorted.\n\nExit status: 0 answered, 2 wrong usage or an internal error, 3 answered, but units of this build "
	     "could not be read.");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct asking *k = state->input;
	struct arena *a = &k->arena;

	switch (key) {
	case 'p': k->opt.build = arg; return 0;
	case 'q': k->opt.quiet = true; return 0;
	case OPT_DB: k->opt.db = arg; return 0;
	case OPT_NO_CACHE: k->opt.no_cache = true; return 0;
	case OPT_FLOW: add(a, &k->flow, arg); return 0;
	case OPT_MODELS: add(a, &k->opt.models, arg); return 0;
	case OPT_MODEL_DIR: k->opt.model_dir = arg; return 0;
	case OPT_FORMAT: set_format(k, arg); return 0;
	case OPT_FIELD: add(a, &k->fields, arg); k->given |= QUERY_FIELD; return 0;
	case OPT_FROM_FIELD: add(a, &k->from_fields, arg); k->given |= QUERY_FROM_FIELD; return 0;
	case OPT_FROM: add(a, &k->froms, arg); k->given |= QUERY_FROM; return 0;
	case OPT_TO: add(a, &k->tos, arg); k->given |= QUERY_TO; return 0;
	case OPT_DEPTH: k->args.depth = number("--depth", arg); k->given |= QUERY_DEPTH; return 0;
	case OPT_LIMIT: k->args.limit = number("--limit", arg); k->given |= QUERY_LIMIT; return 0;
	case OPT_HELP:
		if (k->query)
			print_query_help(k->query);
		else
			print_help(state);
		exit(0);
	case ARGP_KEY_ARG:
		if (k->query)
			add(a, &k->names, arg);
		else if (!(k->query = query_find(arg)))
			die("there is no query \"%s\": \"devscope query --help\" lists them", arg);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* Does what was given make sense for this query? */
static void check_arguments(struct asking *k)
{
	const struct query *q = k->query;

	if (!q)
		die("query: say which (devscope query --help lists them)");
	for (size_t i = 0; i < sizeof(option_names) / sizeof(option_names[0]); i++)
		if (k->given & option_names[i].option && !(q->options & option_names[i].option))
			die("%s is not for this query: devscope query [OPTION...] %s %s", option_names[i].name, q->name, q->usage);
	if ((int)k->names.n < q->names_least || (q->names_most >= 0 && (int)k->names.n > q->names_most))
		die("this query is asked as: devscope query [OPTION...] %s %s", q->name, q->usage);
	if (!(q->formats & k->args.format))
		die("--format: %s has text and json only, it is no graph", q->name);
}

static void parse(struct asking *k, int argc, char **argv)
{
	static const struct argp argp = {.options = options, .parser = parse_option, .args_doc = "NAME [ARGUMENT...]", .doc = doc};

	k->args.format = QUERY_TEXT;
	argp_err_exit_status = 2;
	if (argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, k))
		exit(2);
	check_arguments(k);
	options_defaults(&k->arena, &k->opt, !k->flow.n);
	k->args.names = k->names.items;
	k->args.nname = k->names.n;
	k->args.fields = k->fields.items;
	k->args.nfield = k->fields.n;
	k->args.from_fields = k->from_fields.items;
	k->args.nfrom_field = k->from_fields.n;
	k->args.froms = k->froms.items;
	k->args.nfrom = k->froms.n;
	k->args.tos = k->tos.items;
	k->args.nto = k->tos.n;
}

/* --- the program ------------------------------------------------------------------- */

static bool in_scope(void *cookie, const char *file)
{
	return units_in_scope(&((struct asking *)cookie)->units, file);
}

/* The newest version of each unit: as the tree is now, if there is one. */
static size_t choose_units(struct asking *k, int64_t *ids)
{
	struct view disk;
	struct fresh fresh;
	size_t n = 0;

	view_init(&disk, k->units.commands.source_root);
	fresh_look(&fresh, &k->arena, k->store, &k->units.commands, &disk);
	for (size_t i = 0; i < k->units.commands.n; i++) {
		const struct stored_unit *known = fresh_current(&fresh, k->units.names[i], NULL);

		k->nfailed += !known && fresh_failed(&fresh, k->units.names[i], NULL);
		if (!known) {
			known = fresh_any(&fresh, k->units.names[i]);
			k->nstale += known != NULL;
		}
		if (known)
			ids[n++] = known->id;
	}
	fresh_release(&fresh);
	view_release(&disk);
	return n;
}

static void load(struct asking *k)
{
	const char *db;
	int64_t *ids;

	if (k->flow.n) {
		k->nprogram = program_read(&k->arena, &k->flow, &k->program);
		return;
	}
	if (!k->query->names_least && k->query->names_most < 0)	/* they are paths */
		k->opt.paths = k->names;
	units_select(&k->arena, &k->opt, &k->units);
	db = k->opt.db ? k->opt.db : units_default_db(&k->units);
	if (!path_is_file(db))
		die("there is no database %s yet: \"devscope check -p %s\" makes it", db, k->opt.build);
	k->args.in_scope = in_scope;
	k->args.cookie = k;
	k->store = units_open_store(&k->units, &k->opt);
	ids = ARENA_ARRAY(&k->arena, int64_t, k->units.commands.n);
	k->nprogram = choose_units(k, ids);
	if (!k->nprogram)
		die("%s holds no unit of this build: \"devscope check -p %s\" or \"devscope capture\" reads them", db,
		    k->opt.build);
	k->program = ARENA_ARRAY(&k->arena, struct unit *, k->nprogram);
	store_load_units(k->store, &k->arena, ids, k->nprogram, k->program);
	qsort(k->program, k->nprogram, sizeof(*k->program), unit_compare);
}

static void at_node(void *cookie, size_t done, size_t total)
{
	(void)cookie;
	progress_at(done, total, NULL);
}

static void analyse(struct asking *k)
{
	k->how.progress = at_node;
	k->how.model = model_load(&k->arena, k->opt.model_dir, k->opt.models.items, k->opt.models.n);
	if (k->store && !k->opt.no_cache) {
		store_cache(k->store, &k->cache);
		k->how.cache = &k->cache;
	}
	progress_start("analyse", 0, k->opt.quiet);
	infer_run(&k->arena, k->program, k->nprogram, &k->how, &k->result);
	progress_end();
}

/* What the answer does not cover. */
static void print_notes(const struct asking *k)
{
	size_t all = k->units.commands.n;

	if (k->opt.quiet || k->flow.n)
		return;
	fprintf(stderr, "devscope: asked %zu of the %zu units of this build", k->nprogram, all);
	if (k->nprogram < all)
		fputs("; the others were not read yet (\"devscope capture\" does)", stderr);
	if (k->nstale)
		fprintf(stderr, "; %zu changed since they were read", k->nstale);
	if (k->nfailed)
		fprintf(stderr, "; %zu could not be read", k->nfailed);
	fputs("\n", stderr);
}

int query_main(int argc, char **argv)
{
	struct asking *k = calloc(1, sizeof(*k));
	struct text out;
	int status;

	if (!k)
		die("out of memory");
	arena_init(&k->arena);
	text_init(&out);
	parse(k, argc, argv);
	load(k);
	analyse(k);
	query_answer(k->query, &k->arena, &k->args, &out);
	fputs(text_str(&out), stdout);
	if (k->store && !k->opt.no_cache)
		store_save_summaries(k->store);
	infer_result_release(&k->result);
	if (k->store)
		store_close(k->store);
	print_notes(k);
	status = fflush(stdout) ? 2 : k->nfailed ? 3 : 0;
	text_release(&out);
	arena_release(&k->arena);
	free(k);
	intern_release();
	return status;
}
