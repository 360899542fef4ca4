// SPDX-License-Identifier: GPL-2.0-only
/* devscope dump: what a stage made of one unit, as text. Goldens hang on it. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/message.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/program.h"
#include "cli/units.h"
#include "db/store.h"
#include "flow/flow.h"
#include "flow/flow_text.h"
#include "infer/infer.h"
#include "infer/model.h"

/* The newest version of each unit that could be read. */
static size_t load_newest(struct arena *a, struct store *store, struct unit ***program)
{
	struct stored_unit *known;
	size_t n = store_units(store, a, &known), kept = 0;
	int64_t *ids = ARENA_ARRAY(a, int64_t, n);
	const char *last = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!known[i].ok || known[i].file == last)
			continue;
		last = known[i].file;
		ids[kept++] = known[i].id;
	}
	*program = ARENA_ARRAY(a, struct unit *, kept);
	store_load_units(store, a, ids, kept, *program);
	for (size_t i = 0; i < kept; i++)	/* the store is about to be closed */
		for (int k = 0; k < (*program)[i]->nfunc; k++)
			func_read((*program)[i]->funcs[k]);
	return kept;
}

/* The program the unit is in, from its file of flow text or from the database. */
static size_t read_program(struct arena *a, struct options *opt, struct unit ***program)
{
	struct strings file = {.items = opt->paths.items + 1, .n = 1};
	struct store *store;
	struct units units;
	size_t n;

	if (opt->flow)
		return program_read(a, &file, program);
	opt->paths = file;
	units_select(a, opt, &units);
	if (units.nwanted != 1)
		die("dump: %s is %zu units; name one", file.items[0], units.nwanted);
	store = units_open_store(&units, opt);
	n = load_newest(a, store, program);
	store_close(store);
	opt->paths.items[0] = units.names[units.wanted[0]];
	return n;
}

static const struct unit *find_unit(const struct options *opt, struct unit *const *program, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (opt->flow || !strcmp(program[i]->file, opt->paths.items[0]))
			return program[i];
	die("%s is not in the database: \"devscope check\" it first, or it could not be read",
	    opt->paths.items[0]);
}

static void dump_flow(struct arena *a, const struct options *opt, struct unit *const *program, size_t n,
		      struct text *out)
{
	(void)a;
	flow_print_unit(out, find_unit(opt, program, n));
}

static void dump_inferred(struct arena *a, const struct options *opt, struct unit *const *program, size_t n,
			  struct text *out, void (*print)(struct text *, const struct unit *))
{
	struct infer_result result;
	struct infer_options how = {
		.model = model_load(a, opt->model_dir, opt->models.items, opt->models.n),
	};

	infer_run(a, program, n, &how, &result);
	print(out, find_unit(opt, program, n));
	infer_result_release(&result);
}

static void dump_summary(struct arena *a, const struct options *opt, struct unit *const *program, size_t n,
			 struct text *out)
{
	dump_inferred(a, opt, program, n, out, infer_print_summaries);
}

static void dump_reach(struct arena *a, const struct options *opt, struct unit *const *program, size_t n,
		       struct text *out)
{
	dump_inferred(a, opt, program, n, out, infer_print_reach);
}

static void dump_order(struct arena *a, const struct options *opt, struct unit *const *program, size_t n,
		       struct text *out)
{
	dump_inferred(a, opt, program, n, out, infer_print_order);
}

static void dump_contexts(struct arena *a, const struct options *opt, struct unit *const *program, size_t n,
			  struct text *out)
{
	dump_inferred(a, opt, program, n, out, infer_print_contexts);
}

static const struct {
	const char *name;
	void (*print)(struct arena *, const struct options *, struct unit *const *, size_t, struct text *);
} dumps[] = {
	{"flow", dump_flow},
	{"summary", dump_summary},
	{"reach", dump_reach},
	{"order", dump_order},
	{"contexts", dump_contexts},
};

int dump_main(int argc, char **argv)
{
	struct arena a;
	struct options opt;
	struct text out;
	struct unit **program;
	size_t n, k = 0;

	arena_init(&a);
	text_init(&out);
	options_dump(&a, argc, argv, &opt);
	while (k < sizeof(dumps) / sizeof(dumps[0]) && strcmp(dumps[k].name, opt.paths.items[0]))
		k++;
	if (k == sizeof(dumps) / sizeof(dumps[0]))
		die("dump %s: there are flow, summary, reach, order and contexts", opt.paths.items[0]);
	n = read_program(&a, &opt, &program);
	dumps[k].print(&a, &opt, program, n, &out);
	fputs(text_str(&out), stdout);
	text_release(&out);
	arena_release(&a);
	intern_release();
	return fflush(stdout) ? 2 : 0;
}
