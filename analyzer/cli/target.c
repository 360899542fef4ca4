// SPDX-License-Identifier: GPL-2.0-only
/*
 * One configuration under check, from the compile database to its findings: target_check() is the pipeline
 * (capture what changed, load the program, infer, rules). The program and all that is learnt of it live in the
 * target's own arena, which goes before the next configuration comes; findings are moved out of it first.
 */
#include "cli/target.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cli/program.h"
#include "cli/progress.h"
#include "infer/model.h"
#include "rules/rule.h"

/* Call f, and put the time it took down as that stage's. */
static void timed(struct target *t, enum run_stage stage, void (*f)(struct target *))
{
	double start = progress_now();

	f(t);
	t->run.seconds[stage] += progress_now() - start;
}

/* --- read ------------------------------------------------------------------------ */

static void open_store(struct target *t)
{
	t->store = units_open_store(&t->units, t->opt);
	store_keep_units(t->store, t->units.names, t->units.commands.n);
}

static void capture_tree(struct target *t)
{
	units_select(t->keep, t->opt, &t->units);
	view_init(&t->disk, t->units.commands.source_root);
	t->view = &t->disk;
	open_store(t);
	units_refresh(&t->units, t->store, t->view, t->opt, &t->run, &t->ids);
}

/* Changed files that no unit is made from, as far as is known: nobody checks them. */
static void note_outside(struct target *t, const struct fresh *fresh)
{
	const struct map *files = &t->change->change.files;

	t->run.outside = ARENA_ARRAY(t->keep, const char *, files->n);
	for (size_t i = 0; i < files->n; i++) {
		struct map one, made;

		map_init(&one);
		map_init(&made);
		map_set(&one, files->entries[i].key, t);
		fresh_made_from(fresh, &one, &made);
		if (!made.n && !units_has(&t->units, files->entries[i].key))
			t->run.outside[t->run.noutside++] = files->entries[i].key;
		map_release(&one);
		map_release(&made);
	}
}

/* The units of a change, as they were and as they are. */
static void capture_change(struct target *t)
{
	struct target_change *cc = ARENA_NEW(t->keep, struct target_change);
	struct fresh fresh;
	size_t n;

	t->change = cc;
	units_select(t->keep, t->opt, &t->units);
	change_read(&cc->change, t->keep, t->opt, t->units.commands.source_root);
	t->view = &cc->change.after;
	t->run.since = cc->change.since;
	t->run.changed_files = cc->change.files.n;
	if (!cc->change.files.n)
		return;
	open_store(t);
	fresh_look(&fresh, &t->arena, t->store, &t->units.commands, t->view);
	n = units_select_changed(&t->units, &fresh, &cc->change.files);
	note_outside(t, &fresh);
	if (n)
		units_capture(&t->units, &fresh, t->view, t->opt, &t->run, &t->ids);
	fresh_release(&fresh);
	if (n && !t->run.interrupted)
		units_refresh(&t->units, t->store, &cc->change.before, t->opt, &cc->run, &cc->ids);
	t->run.interrupted |= cc->run.interrupted;
	t->run.before_failed = cc->run.nfailed;
}

static void infer_progress(void *cookie, size_t done, size_t total)
{
	(void)cookie;
	progress_at(done, total, NULL);
}

/* How this target is analysed, and with what cache. */
static struct infer_options how_to(const struct target *t, struct infer_cache *cache)
{
	struct infer_options how = {.model = t->model, .progress = infer_progress, .prove = t->opt->prove};

	if (t->store && !t->opt->no_cache && !how.prove) {
		store_cache(t->store, cache);
		how.cache = cache;
	}
	return how;
}

static struct unit **load(struct target *t, const struct id_list *ids)
{
	struct unit **units = ARENA_ARRAY(&t->arena, struct unit *, ids->n);

	store_load_units(t->store, &t->arena, ids->ids, ids->n, units);
	return units;
}

/* The program before the change: what it has in common with the one after it is loaded once. */
static void load_before(struct target *t)
{
	struct target_change *cc = t->change;
	struct id_list other = {.ids = ARENA_ARRAY(&t->arena, int64_t, cc->ids.n)};
	struct unit **loaded;
	size_t k = 0, next = 0;

	cc->nprogram = cc->ids.n;
	cc->program = ARENA_ARRAY(&t->arena, struct unit *, cc->ids.n);
	for (size_t i = 0; i < cc->ids.n; i++) {	/* both are in the order of the commands */
		size_t at = k;

		while (at < t->ids.n && t->ids.ids[at] != cc->ids.ids[i])
			at++;
		if (at < t->ids.n)
			cc->program[i] = t->program[k = at];
		else
			other.ids[other.n++] = cc->ids.ids[i];
	}
	loaded = load(t, &other);
	for (size_t i = 0; i < cc->ids.n; i++)
		if (!cc->program[i])
			cc->program[i] = loaded[next++];
	qsort(cc->program, cc->nprogram, sizeof(*cc->program), unit_compare);
}

/* Is all known that there is to find, since the program is what it was? Then it need not be loaded. */
static bool find_result(struct target *t)
{
	struct infer_cache cache;
	struct infer_options how = how_to(t, &cache);

	if (t->change || t->opt->flow || !how.cache || !t->ids.n)
		return false;
	store_program_id(t->store, t->ids.ids, t->ids.n, &t->program_id);
	t->is_found = result_find(&t->arena, &t->program_id, &how, &t->infer);
	return t->is_found && !t->opt->baseline;	/* which asks for the program's files: note_files() */
}

static void load_program(struct target *t)
{
	t->run.program = t->ids.n;
	if (find_result(t))
		return;
	if (t->opt->flow) {
		t->nprogram = program_read(&t->arena, &t->opt->paths, &t->program);
		t->run.wanted = t->run.captured = t->nprogram;
		view_init(&t->disk, ".");
		t->view = &t->disk;
	} else if (t->ids.n) {
		t->nprogram = t->ids.n;
		t->program = load(t, &t->ids);
		if (t->change)
			load_before(t);
		qsort(t->program, t->nprogram, sizeof(*t->program), unit_compare);
	}
	t->run.program = t->nprogram;
}

/* --- analyse --------------------------------------------------------------------- */

/* What was asked for: to prove the rest of a kernel as well would be idle. */
static size_t find_roots(struct target *t, struct unit *const *program, size_t n, struct unit *const **roots)
{
	struct unit **found = ARENA_ARRAY(&t->arena, struct unit *, n);
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (units_in_scope(&t->units, program[i]->file))
			found[kept++] = program[i];
	*roots = found;
	return kept;
}

static void infer(struct target *t, struct unit *const *program, size_t n, struct infer_result *out)
{
	struct infer_cache cache;
	struct infer_options how = how_to(t, &cache);

	progress_start("analyse", 0, t->opt->quiet);
	if (how.prove && t->opt->paths.n && !t->opt->flow)
		how.nroot = find_roots(t, program, n, &how.roots);
	infer_run(&t->arena, program, n, &how, out);
	if (t->program_id.names)
		result_keep(&t->program_id, &how, out);
	if (!t->opt->doubtful)
		infer_hold_back(out);
	if (how.cache)
		store_save_summaries(t->store);
	progress_end();
}

/* Is it a callee that goes wrong, and does the end of its part of the path lie in what was asked for? */
static bool ends_in_scope(const struct target *t, const struct fact *fact)
{
	if (fact->kind != FACT_LOCK_TAKEN_AGAIN && fact->kind != FACT_SLEEP_IN_ATOMIC)
		return false;
	for (int i = fact->nstep - 1; i >= 0 && fact->steps[i].depth; i--)
		if (units_in_scope(&t->units, fact->steps[i].at.file))
			return true;
	return false;
}

/* Is it told where the mistake was made? */
static bool is_told_elsewhere(const struct target *t, const struct finding *f)
{
	return f->fact->cause.file && (t->opt->flow || units_in_scope(&t->units, f->fact->cause.file));
}

/*
 * Does the finding, or the part of its path that is in its own function, lie in what was asked for? Of a chain
 * through many functions, that is everybody's, the end counts as well: where it is that the lock is taken again.
 */
static bool in_scope(const struct target *t, const struct finding *f)
{
	const struct fact *fact = f->fact;

	if (t->opt->flow || units_in_scope(&t->units, fact->at.file) ||
	    ((fact->kind == FACT_LOCK_REENTRY || fact->kind == FACT_LOCK_ORDER || fact->kind == FACT_WAIT_DEADLOCK) &&
	     units_in_scope(&t->units, fact->origin.file)))
		return true;
	if (ends_in_scope(t, fact))
		return true;
	for (int i = 0; i < fact->nstep; i++)
		if (!fact->steps[i].depth && !strcmp(fact->steps[i].func, fact->fn->name) &&
		    units_in_scope(&t->units, fact->steps[i].at.file))
			return true;
	return false;
}

/* Fingerprints count equals over the whole program, so they are set before anything is left out. */
static void apply_rules(struct target *t, const struct infer_result *infer, const struct view *view,
			struct finding_list *l)
{
	size_t n = 0;

	finding_list_init(l, &t->arena);
	rules_run(infer->facts, infer->nfact, l);
	finding_list_finish(l, view);
	for (size_t i = 0; i < l->n; i++)
		if (in_scope(t, &l->items[i]) && !is_told_elsewhere(t, &l->items[i]))
			l->items[n++] = l->items[i];
	l->n = n;
}

/* What the summary says of the analysis outlives it. */
static void keep_counts(struct target *t)
{
	struct infer_result *kept = arena_copy(t->keep, &t->infer, sizeof(t->infer));

	kept->facts = NULL;
	kept->nfact = 0;
	kept->over_budget_names = ARENA_ARRAY(t->keep, const char *, kept->over_budget);
	for (size_t i = 0; i < kept->over_budget; i++)
		kept->over_budget_names[i] = arena_strdup(t->keep, t->infer.over_budget_names[i]);
	t->run.infer = kept;
}

/* What a change brings: what is found after it and was not before. */
static void analyse_change(struct target *t)
{
	struct target_change *cc = t->change;
	struct finding_list before;
	struct infer_result was;

	change_find_functions(&cc->change, cc->program, cc->nprogram, t->program, t->nprogram);
	t->run.changed_functions = cc->change.functions.n;
	if (!cc->change.functions.n)
		return;
	infer(t, t->program, t->nprogram, &t->infer);
	keep_counts(t);
	apply_rules(t, &t->infer, t->view, &t->findings);
	if (!t->findings.n)
		return;
	infer(t, cc->program, cc->nprogram, &was);
	apply_rules(t, &was, &cc->change.before, &before);
	change_filter(&cc->change, &t->findings, &before, &t->run.before, &t->run.elsewhere);
	finding_list_release(&before);
	infer_result_release(&was);
}

/* Which files were read: those of the units, and headers by the functions that came from them. */
static void note_files(struct target *t)
{
	for (size_t i = 0; i < t->nprogram; i++) {
		map_set(&t->read_files, t->program[i]->file, t);
		for (int k = 0; k < t->program[i]->nfunc; k++)
			if (t->program[i]->funcs[k]->file)
				map_set(&t->read_files, t->program[i]->funcs[k]->file, t);
	}
}

static void analyse(struct target *t)
{
	if (t->change) {
		analyse_change(t);
		return;
	}
	if (t->opt->baseline)
		note_files(t);
	if (!t->is_found)
		infer(t, t->program, t->nprogram, &t->infer);
	else if (!t->opt->doubtful)
		infer_hold_back(&t->infer);
	keep_counts(t);
	apply_rules(t, &t->infer, t->view, &t->findings);
}

/* --- all of it ------------------------------------------------------------------- */

void target_check(struct target *t, struct arena *keep, const struct options *opt, const struct model *model)
{
	memset(t, 0, sizeof(*t));
	arena_init(&t->arena);
	t->keep = keep;
	t->opt = opt;
	t->model = model;
	finding_list_init(&t->findings, &t->arena);
	if (!opt->flow)
		timed(t, STAGE_CAPTURE, opt->staged || opt->diff ? capture_change : capture_tree);
	if (t->run.interrupted)
		return;
	timed(t, STAGE_LOAD, load_program);
	timed(t, STAGE_INFER, analyse);
	t->run.nfinding = t->findings.n;
}

bool target_covers(const struct target *t, const char *file)
{
	if (t->opt->staged || t->opt->diff)
		return false;
	if (map_get(&t->read_files, file))
		return t->opt->flow || units_in_scope(&t->units, file);
	return !t->opt->flow && units_in_scope(&t->units, file) &&
	       !path_is_file(path_absolute(t->keep, t->units.commands.source_root, file)) &&
	       !path_is_file(path_absolute(t->keep, t->units.commands.build, file));
}

void target_drop_program(struct target *t)
{
	finding_list_release(&t->findings);
	infer_result_release(&t->infer);
	arena_release(&t->arena);
	t->program = NULL;
	t->nprogram = 0;
}

void target_release(struct target *t)
{
	target_drop_program(t);
	if (t->store)
		store_close(t->store);
	units_release(&t->units);
	map_release(&t->read_files);
	view_release(&t->disk);
	if (t->change)
		change_release(&t->change->change);
}
