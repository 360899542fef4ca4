// SPDX-License-Identifier: GPL-2.0-only
/*
 * Precompiled headers for a run: sets of units, the jobs that make headers, and which header a unit uses.
 *
 * Entry points: see pch.h. A set is asked about first: one run of clang tells the macros behind markers.h and
 * answers what #if can ask of a compiler. From there on what units include is followed by pp.c, without
 * clang. pch_choose.c picks the headers; each unit then proves in its own child that it may use one.
 */
#include "capture/pch.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "base/view.h"
#include "capture/capture.h"
#include "capture/child.h"
#include "capture/pch_plan.h"

enum {
	LEAST = 8,		/* units that make a set worth a header */
	ASKS = 4,		/* times clang is asked about a set */
	CHUNK = 64,		/* units that one job decides for */
	CLANG_LEAST = 19,
};

/* --- words of a command --- */

/* Is word i of f an #include folder? The number of words it takes, 0 for no. */
static int folder_words(const struct flags *f, int i)
{
	static const char *const names[] = { "-I", "-iquote", "-isystem", "-idirafter" };

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		size_t n = strlen(names[k]);

		if (!strncmp(f->argv[i], names[k], n))
			return f->argv[i][n] || i + 1 == f->argc ? 1 : 2;
	}
	return 0;
}

/* Is it a macro that kbuild names the unit with? The same; *value is what follows -D. */
static int own_words(const struct flags *f, int i, const char **value)
{
	const char *s = f->argv[i];
	int n = 1;

	if (strncmp(s, "-D", 2))
		return 0;
	s += 2;
	if (!*s && i + 1 < f->argc)
		s = f->argv[i + 1], n = 2;
	*value = s;
	s += strspn(s, "_");
	return strncmp(s, "KBUILD_", 7) ? 0 : n;
}

/* The words that all units of a set share, save for folders. */
static const char *set_key(struct arena *a, const struct command *cmd, const struct flags *f)
{
	struct text t = { 0 };
	const char *key, *value;

	text_printf(&t, "%s\n", cmd->directory);
	for (int i = 0; i < f->argc;) {
		int n = folder_words(f, i);

		n = n ? n : own_words(f, i, &value);
		if (!n)
			text_printf(&t, "%s\n", f->argv[i]);
		i += n ? n : 1;
	}
	key = arena_strdup(a, text_str(&t));
	text_release(&t);
	return key;
}

/* The folder words of a command, "-isystem X" joined to one; their number. */
static int take_folders(struct arena *a, const struct flags *f, const char ***out)
{
	const char **words = ARENA_ARRAY(a, const char *, f->argc);
	int n = 0;

	for (int i = 0; i < f->argc;) {
		int k = folder_words(f, i);

		if (k)
			words[n++] = arena_printf(a, "%s%s", f->argv[i], k == 2 ? f->argv[i + 1] : "");
		i += k ? k : 1;
	}
	*out = words;
	return n;
}

static void make_search(struct arena *a, const char **words, int n, const char *dir, struct pp_search *out)
{
	static const struct { const char *name; bool quote; } kinds[] = {
		{ "-iquote", true }, { "-I", false }, { "-isystem", false }, { "-idirafter", false },
	};

	memset(out, 0, sizeof(*out));
	out->quote = ARENA_ARRAY(a, const char *, n);
	out->angle = ARENA_ARRAY(a, const char *, n);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (int i = 0; i < n; i++) {
			size_t len = strlen(kinds[k].name);
			const char *folder;

			if (strncmp(words[i], kinds[k].name, len))
				continue;
			folder = path_absolute(a, dir, words[i] + len);
			if (kinds[k].quote)
				out->quote[out->nquote++] = folder;
			else
				out->angle[out->nangle++] = folder;
		}
}

/* --- sets --- */

/* What is not about one unit, and not about what comes out. */
static void take_flags(struct arena *a, const struct flags *f, struct flags *out)
{
	const char *value;

	memset(out, 0, sizeof(*out));
	for (int i = 0; i < f->argc;) {
		int n = folder_words(f, i);

		n = n ? n : own_words(f, i, &value);
		if (!n && strcmp(f->argv[i], "-c") && strcmp(f->argv[i], "-emit-llvm"))
			flags_add(a, out, f->argv[i]);
		i += n ? n : 1;
	}
}

static struct pch_set *add_set(struct pch_plan *plan, const char *key, const struct command *cmd,
			       const struct flags *f)
{
	struct pch_set *set = ARENA_NEW(&plan->arena, struct pch_set);

	set->key = key;
	set->cmd = cmd;
	set->number = (int)plan->nset;
	set->macros = arena_printf(&plan->arena, "%s/set%d.macros", plan->folder, set->number);
	set->deps = arena_printf(&plan->arena, "%s/set%d.d", plan->folder, set->number);
	set->question = arena_printf(&plan->arena, "%s/set%d.c", plan->folder, set->number);
	take_flags(&plan->arena, f, &set->flags);
	set->nfolder = take_folders(&plan->arena, f, &set->folders);
	map_set(&plan->by_key, key, set);
	plan->sets[plan->nset++] = set;
	return set;
}

static void add_unit(struct pch_plan *plan, struct arena *scratch, size_t index)
{
	const struct command *cmd = &plan->list->items[index];
	const char *key, **folders;
	struct pch_set *set;
	struct flags f;
	int n, i = 0;

	flags_make(scratch, plan->list, cmd, plan->opt, &f);
	key = set_key(scratch, cmd, &f);
	set = map_get(&plan->by_key, key);
	if (!set)
		set = add_set(plan, arena_strdup(&plan->arena, key), cmd, &f);
	n = take_folders(scratch, &f, &folders);
	while (i < n && i < set->nfolder && !strcmp(folders[i], set->folders[i]))
		i++;
	set->nfolder = i;
	if (set->n == set->room) {
		size_t *more = ARENA_ARRAY(&plan->arena, size_t, set->room = set->room ? 2 * set->room : 16);

		if (set->n)
			memcpy(more, set->units, sizeof(*more) * set->n);
		set->units = more;
	}
	set->units[set->n++] = index;
}

static void finish_set(struct pch_plan *plan, struct pch_set *set)
{
	if (set->n < LEAST)
		set->state = PCH_DONE;
	for (int i = 0; i < set->nfolder; i++)
		flags_add(&plan->arena, &set->flags, set->folders[i]);
	make_search(&plan->arena, set->folders, set->nfolder, set->cmd->directory, &set->search);
}

struct pch_plan *pch_begin(const struct command_list *list, const size_t *want, size_t nwant,
			   const struct capture_options *opt, const char *folder)
{
	struct pch_plan *plan;
	struct arena scratch;

	if (opt->no_pch || opt->launcher || nwant < LEAST || (opt->view && opt->view->replaced.n))
		return NULL;
	plan = calloc(1, sizeof(*plan));
	if (!plan)
		die("out of memory");
	arena_init(&scratch);
	plan->list = list;
	plan->opt = opt;
	plan->folder = folder;
	map_init(&plan->by_key);
	pp_init(&plan->pp);
	pp_walk_init(&plan->walk, &plan->pp);
	plan->units = want;
	plan->nunit = nwant;
	plan->choice = ARENA_ARRAY(&plan->arena, struct pch_header *, list->n);
	plan->sets = ARENA_ARRAY(&plan->arena, struct pch_set *, nwant);
	for (size_t i = 0; i < nwant; i++) {
		arena_clear(&scratch);
		add_unit(plan, &scratch, want[i]);
	}
	for (size_t i = 0; i < plan->nset; i++)
		finish_set(plan, plan->sets[i]);
	arena_release(&scratch);
	return plan;
}

/* What only planning and deciding need: much, and each child is a fork of this process. */
static void forget(struct pch_plan *plan)
{
	for (size_t i = 0; i < plan->nset; i++)
		for (int k = 0; k < plan->sets[i]->nheader; k++)
			pch_record_release(&plan->sets[i]->headers[k].record);
	pp_walk_release(&plan->walk);
	pp_release(&plan->pp);
	malloc_trim(0);
}

void pch_end(struct pch_plan *plan)
{
	if (!plan)
		return;
	if (!plan->decided)
		forget(plan);
	map_release(&plan->by_key);
	arena_release(&plan->arena);
	free(plan);
}

/* --- jobs --- */

static bool write_file(const char *path, const struct text *t)
{
	FILE *f = fopen(path, "wb");
	bool ok = f && fwrite(text_str(t), 1, t->len, f) == t->len;

	return f && !fclose(f) && ok;
}

/* The file that asks clang all questions so far. */
static bool write_questions(struct pch_plan *plan, struct pch_set *set)
{
	struct text t = { 0 };
	bool ok;

	for (size_t i = 0; i < plan->pp.questions.n; i++)
		text_printf(&t, "#if %s\n#define %s\n#endif\n", plan->pp.questions.entries[i].key,
			    plan->pp.names[pp_answer(&plan->pp, i + 1)]);
	set->asked = plan->pp.questions.n;
	ok = ++set->asks <= ASKS && write_file(set->question, &t);
	text_release(&t);
	return ok;
}

/* The names in a make rule, as files. */
static void read_before(struct pch_plan *plan, struct pch_set *set)
{
	struct arena scratch = { 0 };
	struct text rule = { 0 };
	char *word, *rest, *next;

	text_read_file(&rule, set->deps);
	set->nbefore = 0;
	set->before_weight = 0;
	set->before = ARENA_ARRAY(&plan->arena, struct pp_file *, rule.len / 2 + 1);
	rest = rule.s ? strstr(rule.s, ": ") : NULL;
	for (rest = rest ? rest + 1 : NULL; rest && (word = strtok_r(rest, " \\\n", &next)); rest = next) {
		struct pp_file *f = pp_open(&plan->pp, path_absolute(&scratch, set->cmd->directory, word));

		if (!f)
			continue;
		set->before[set->nbefore++] = f;
		set->before_weight += f->size;
	}
	arena_release(&scratch);
	text_release(&rule);
}

static bool is_new_enough(struct pch_plan *plan, struct pch_set *set)
{
	const struct pp_macro *m;

	if (!pch_start(plan, set, &set->search))
		return false;
	m = pp_macro(&plan->walk, pp_intern(&plan->pp, "__clang_major__", 15));
	return m && m->nbody == 1 && atoi(plan->pp.names[m->body[0].name]) >= CLANG_LEAST;
}

static bool read_answers(struct pch_plan *plan, struct pch_set *set)
{
	struct text t = { 0 };

	if (text_read_file(&t, set->macros))
		return false;
	plan->at = NULL;
	set->start = pp_scan(&plan->pp, set->macros, text_str(&t), t.len);
	text_release(&t);
	read_before(plan, set);
	return is_new_enough(plan, set);
}

static void add_job(struct pch_plan *plan, struct pch_set *set, struct pch_header *header)
{
	plan->jobs[plan->njob++] = (struct pch_job){ .set = set, .header = header };
}

/* What comes next for a set. */
static void advance(struct pch_plan *plan, struct pch_set *set)
{
	if (set->state == PCH_ASKED)
		set->state = !read_answers(plan, set) ? PCH_DONE : pch_choose(plan, set) ? PCH_MAKE : PCH_ASK;
	if (set->state == PCH_ASK && write_questions(plan, set))
		add_job(plan, set, NULL);
	if (set->state == PCH_MAKE)
		for (int i = 0; i < set->nheader; i++)
			add_job(plan, set, &set->headers[i]);
	if (set->state == PCH_ASK || set->state == PCH_MAKE)
		set->state = PCH_DONE;	/* unless its job says otherwise */
}

static void add_decisions(struct pch_plan *plan)
{
	int headers = 0;

	for (size_t i = 0; i < plan->nset; i++)
		headers += plan->sets[i]->nheader;
	for (size_t from = 0; headers && from < plan->nunit; from += CHUNK) {
		struct pch_job *job = &plan->jobs[plan->njob++];
		size_t to = from + CHUNK;

		*job = (struct pch_job){ .from = from, .to = to < plan->nunit ? to : plan->nunit };
		job->file = arena_printf(&plan->arena, "%s/decided%zu", plan->folder, from);
	}
}

/* What the children decided. */
static void read_decisions(struct pch_plan *plan)
{
	struct text t = { 0 };

	for (size_t i = 0; i < plan->njob; i++) {
		size_t unit, set, header;
		int n;

		text_clear(&t);
		if (!plan->jobs[i].file || text_read_file(&t, plan->jobs[i].file))
			continue;
		for (const char *p = text_str(&t); sscanf(p, "%zu %zu %zu\n%n", &unit, &set, &header, &n) == 3;
		     p += n)
			if (unit < plan->list->n && set < plan->nset && header < PCH_HEADERS)
				plan->choice[unit] = &plan->sets[set]->headers[header];
	}
	text_release(&t);
}

size_t pch_round(struct pch_plan *plan)
{
	bool asking = false;

	if (plan->decided)
		return 0;
	if (plan->deciding) {
		read_decisions(plan);
		forget(plan);
		plan->decided = true;
		return 0;
	}
	if (!plan->jobs)
		plan->jobs = ARENA_ARRAY(&plan->arena, struct pch_job,
					 plan->nset * PCH_HEADERS + plan->nset + plan->nunit / CHUNK + 1);
	plan->njob = 0;
	for (size_t i = 0; i < plan->nset; i++)
		advance(plan, plan->sets[i]);
	for (size_t i = 0; i < plan->njob; i++)
		asking |= !plan->jobs[i].header;
	plan->deciding = !asking;
	if (!asking)
		add_decisions(plan);
	return plan->njob ? plan->njob : pch_round(plan);
}

static void clang_words(const struct pch_plan *plan, const struct pch_job *job, struct arena *a,
			struct flags *out)
{
	const struct pch_set *set = job->set;
	const char *markers = arena_printf(a, "%s/markers.h", plan->opt->marker_dir);
	const char *const asking[] = { "-include", markers, "-x", "c", "-dM", "-E", "-MD", "-MF", set->deps,
				       "-o", set->macros, set->question, NULL };
	const char *const making[] = { "-x", "c-header", "-o", job->header ? job->header->file : "",
				       job->header ? job->header->text : "", NULL };

	for (const char *const *word = job->header ? making : asking; *word; word++)
		flags_add(a, out, *word);
}

const struct command *pch_job(const struct pch_plan *plan, size_t i, struct arena *a, struct flags *out)
{
	const struct pch_job *job = &plan->jobs[i];

	memset(out, 0, sizeof(*out));
	if (!job->set)
		return NULL;
	for (int k = 0; k < job->set->flags.argc; k++)
		flags_add(a, out, job->set->flags.argv[k]);
	clang_words(plan, job, a, out);
	return job->set->cmd;
}

void pch_job_done(struct pch_plan *plan, size_t i, bool ok)
{
	struct pch_job *job = &plan->jobs[i];

	if (job->header) {
		/* Units must not fail for want of the room that headers took. */
		job->header->ready = ok && path_room(plan->folder) >= (uint64_t)plan->opt->jobs * CHILD_ROOM;
		if (!job->header->ready)
			unlink(job->header->file);
	} else if (job->set && ok) {
		job->set->state = PCH_ASKED;
	}
}

/* --- units --- */

bool pch_start(struct pch_plan *plan, struct pch_set *set, const struct pp_search *search)
{
	struct pp_walk *w = &plan->walk;

	pp_rewind(w, plan->at == set ? plan->begun : 0);
	pp_forget_files(w);
	w->failure = NULL;
	w->steps = 0;
	w->depth = 0;
	w->hooks = NULL;
	w->search = search;
	w->asked = set->asked;
	if (plan->at != set && !pp_walk_file(w, set->start)) {
		plan->at = NULL;
		return false;
	}
	plan->at = set;
	plan->begun = w->nchange;
	for (int i = 0; i < set->nbefore; i++)
		if (set->before[i]->once)
			pp_mark_done(w, set->before[i]);
	return true;
}

/* The macros of the unit alone, as -D gives them: "name=value". */
static bool define_own(struct pch_plan *plan, const struct flags *f, struct pch_unit *unit)
{
	struct text t = { 0 };
	const char *value;
	struct pp_file *file;
	bool ok = true;

	for (int i = 0; i < f->argc && ok; i++) {
		size_t n;

		if (!own_words(f, i, &value))
			continue;
		n = strcspn(value, "=");
		ok = unit->nown < (int)(sizeof(unit->own) / sizeof(unit->own[0])) && !strpbrk(value, "\n\\(");
		if (ok)
			unit->own[unit->nown++] = pp_intern(&plan->pp, value, n);
		text_printf(&t, "#define %.*s %s\n", (int)n, value, value[n] ? value + n + 1 : "1");
	}
	file = pp_scan(&plan->pp, "/", text_str(&t), t.len);
	text_release(&t);
	return ok && pp_walk_file(&plan->walk, file);
}

bool pch_start_unit(struct pch_plan *plan, struct pch_set *set, struct arena *a, const struct command *cmd,
		    const struct flags *f, struct pch_unit *out)
{
	const char **folders;
	int n;

	memset(out, 0, sizeof(*out));
	n = take_folders(a, f, &folders);
	make_search(a, folders, n, cmd->directory, &out->search);
	out->search.common = set;
	while (out->search.ncommon < set->nfolder && !strncmp(set->folders[out->search.ncommon], "-I", 2))
		out->search.ncommon++;
	out->file = pp_open(&plan->pp, cmd->file);
	return out->file && pch_start(plan, set, &out->search) && define_own(plan, f, out);
}

static bool holds_all(const struct pch_record *r, struct pp_file *const *files, int n)
{
	int held = 0;

	for (int i = 0; i < n; i++)
		held += files[i]->index < r->nfile && r->nodes[files[i]->index];
	return held == r->nmember;
}

/* The header that a unit may use, by its number in the unit's set; -1 for none. */
static int decide(struct pch_plan *plan, struct arena *a, const struct command *cmd, struct pch_set **of)
{
	const struct pp_file *blame;
	struct pp_file **files;
	struct pch_unit unit;
	struct pch_set *set;
	struct flags f;
	int n;

	flags_make(a, plan->list, cmd, plan->opt, &f);
	set = map_get(&plan->by_key, set_key(a, cmd, &f));
	*of = set;
	if (!set || !set->nheader || !pch_start_unit(plan, set, a, cmd, &f, &unit))
		return -1;
	files = pch_closure(plan, a, &unit, &n);
	for (int i = 0; files && i < set->nheader; i++) {
		const struct pch_header *h = &set->headers[i];

		if (holds_all(&h->record, files, n) && pch_start_unit(plan, set, a, cmd, &f, &unit) &&
		    pch_check(&h->record, &plan->walk, unit.file, unit.own, unit.nown, &blame))
			return i;
	}
	return -1;
}

bool pch_decide(struct pch_plan *plan, size_t i)
{
	const struct pch_job *job = &plan->jobs[i];
	struct arena a = { 0 };
	struct text t = { 0 };

	for (size_t k = job->from; k < job->to; k++) {
		size_t unit = plan->units[k];
		struct pch_set *set;
		int header = decide(plan, &a, &plan->list->items[unit], &set);

		if (header >= 0)
			text_printf(&t, "%zu %d %d\n", unit, set->number, header);
		arena_clear(&a);
	}
	return write_file(job->file, &t);
}

const char *pch_for_unit(const struct pch_plan *plan, size_t index)
{
	const struct pch_header *h = plan->choice[index];

	return h && h->ready ? h->file : NULL;
}
