// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which units a check is about, and which of them the database already has as they are. A unit is current
 * when it was captured under the same key (arguments, markers, version) and none of its files has changed:
 * same size and time, or else the same content. Units that failed are tried again each time, for what they
 * missed may have come.
 */
#include "cli/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "db/store.h"
#include "report/summary_report.h"

/* --- what was asked for ---------------------------------------------------------- */

static const char *resolved(struct arena *a, const char *path)
{
	char *real = realpath(path, NULL);
	const char *s = real ? arena_strdup(a, real) : path;

	free(real);
	return s;
}

/*
 * An absolute path as units are named: "" for the whole tree, NULL if it is neither in the tree nor in the
 * build.
 */
static const char *relative_name(const struct units *u, const char *path)
{
	const char *const tops[] = {
		u->commands.source_root, u->commands.build,
		resolved(u->arena, u->commands.source_root), resolved(u->arena, u->commands.build),
	};

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		const char *inside = path_inside(path, tops[i]);

		if (inside)
			return inside;
		if (!strcmp(path, tops[i]))
			return "";
	}
	return NULL;
}

static bool is_under(const char *file, const char *scope)
{
	size_t n = strlen(scope);

	return !n || (!strncmp(file, scope, n) && (!file[n] || file[n] == '/'));
}

static bool has_unit(const struct units *u, const char *scope)
{
	for (size_t i = 0; i < u->commands.n; i++)
		if (is_under(u->names[i], scope))
			return true;
	return false;
}

/* What a path on the command line means; NULL if no unit is there. */
static const char *find_scope(struct units *u, const char *path)
{
	char *cwd = getcwd(NULL, 0);
	const char *tries[4];

	tries[0] = path_absolute(u->arena, cwd ? cwd : "/", path);
	tries[1] = resolved(u->arena, tries[0]);
	tries[2] = path_absolute(u->arena, u->commands.source_root, path);
	tries[3] = path_absolute(u->arena, u->commands.build, path);
	free(cwd);
	for (int i = 0; i < 4; i++) {
		const char *name = relative_name(u, tries[i]);

		if (name && has_unit(u, name))
			return name;
	}
	return NULL;
}

static void set_names(struct units *u)
{
	u->names = ARENA_ARRAY(u->arena, const char *, u->commands.n);
	for (size_t i = 0; i < u->commands.n; i++) {
		const char *file = u->commands.items[i].file, *name = relative_name(u, file);

		u->names[i] = intern(name && *name ? name : file);
	}
}

void units_select(struct arena *a, const struct options *opt, struct units *out)
{
	memset(out, 0, sizeof(*out));
	out->arena = a;
	commands_read(a, opt->build, &out->commands);
	set_names(out);
	out->scope = ARENA_ARRAY(a, const char *, opt->paths.n);
	for (size_t i = 0; i < opt->paths.n; i++) {
		const char *path = opt->paths.items[i], *scope = find_scope(out, path);

		if (!scope)
			die("no unit of this build is in %s: give a .c file or a folder, relative to the "
			    "current folder or to %s; for a header, give the units that include it; if it "
			    "is new to the build, run \"devscope compdb\" again", path,
			    out->commands.source_root);
		out->scope[out->nscope++] = scope;
	}
	out->wanted = ARENA_ARRAY(a, size_t, out->commands.n);
	for (size_t i = 0; i < out->commands.n; i++)
		if (units_in_scope(out, out->names[i]))
			out->wanted[out->nwanted++] = i;
}

bool units_in_scope(const struct units *u, const char *file)
{
	for (size_t i = 0; i < u->nscope; i++)
		if (file && is_under(file, u->scope[i]))
			return true;
	return !u->nscope;
}

/* --- the database it goes to ----------------------------------------------------- */

const char *units_default_db(const struct units *u)
{
	return arena_printf(u->arena, "%s/.devscope.db", u->commands.build);
}

/* The way from one absolute folder to another. */
static const char *way(struct arena *a, const char *from, const char *to)
{
	size_t common = 0;
	struct text t;
	const char *s;

	for (size_t i = 0; ; i++) {
		bool end_from = !from[i] || from[i] == '/', end_to = !to[i] || to[i] == '/';

		if (end_from && end_to)
			common = i;
		if (!from[i] || !to[i] || from[i] != to[i])
			break;
	}
	text_init(&t);
	for (const char *p = from + common; *p; p++)
		if (*p == '/' && p[1])
			text_puts(&t, t.len ? "/.." : "..");
	to += common;
	to += strspn(to, "/");
	if (*to)
		text_printf(&t, "%s%s", t.len ? "/" : "", to);
	s = arena_strdup(a, t.len ? text_str(&t) : ".");
	text_release(&t);
	return s;
}

const char *units_config(const struct units *u, const struct options *opt, const char *db)
{
	struct arena *a = u->arena;
	char *cwd = getcwd(NULL, 0);
	const char *folder = path_parent(a, path_absolute(a, cwd ? cwd : "/", db)), *name;

	free(cwd);
	name = way(a, resolved(a, folder), resolved(a, u->commands.build));
	if (path_is_file(opt->build) && strcmp(path_base(opt->build), "compile_commands.json"))
		name = arena_printf(a, "%s/%s", name, path_base(opt->build));
	return name;
}

/* --- what is current ------------------------------------------------------------- */

/* A file on the disk, looked at once a run. */
struct seen_file {
	bool there, hashed;
	int64_t size, mtime_ns;
	uint64_t hash[2];
};

struct freshness {
	const struct units *units;
	struct map files;	/* absolute path -> struct seen_file */
};

static struct seen_file *see_file(struct freshness *fr, const char *path)
{
	struct seen_file *f = map_get(&fr->files, path);
	struct stat st;

	if (f)
		return f;
	f = ARENA_NEW(fr->units->arena, struct seen_file);
	map_set(&fr->files, arena_strdup(fr->units->arena, path), f);
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return f;
	f->there = true;
	f->size = st.st_size;
	f->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return f;
}

static bool same_content(struct seen_file *f, const char *path, const struct dep *d)
{
	struct text t;

	if (f->size != d->size)
		return false;
	text_init(&t);
	if (!f->hashed && !text_read_file(&t, path)) {
		XXH128_hash_t h = XXH3_128bits(text_str(&t), t.len);

		f->hash[0] = h.low64;
		f->hash[1] = h.high64;
		f->hashed = true;
	}
	text_release(&t);
	return f->hashed && f->hash[0] == d->hash[0] && f->hash[1] == d->hash[1];
}

/* Is the file still what the unit was made from? If only its time is new, d gets that and *touched is set. */
static bool dep_current(struct freshness *fr, struct dep *d, bool *touched)
{
	const struct command_list *c = &fr->units->commands;
	const char *const tops[] = {c->source_root, c->build};
	char path[8192];

	for (int i = 0; i < 2; i++) {
		struct seen_file *f;
		int n = *d->path == '/' ? snprintf(path, sizeof(path), "%s", d->path)
					: snprintf(path, sizeof(path), "%s/%s", tops[i], d->path);

		if (n < 0 || (size_t)n >= sizeof(path))
			return false;
		f = see_file(fr, path);
		if (!f->there)
			continue;
		if (f->size == d->size && f->mtime_ns == d->mtime_ns)
			return true;
		if (!same_content(f, path, d))
			continue;
		d->mtime_ns = f->mtime_ns;
		return *touched = true;
	}
	return false;
}

static bool unit_current(struct freshness *fr, struct store *store, const char *name, const uint64_t key[2],
			 struct stored_unit *stored)
{
	size_t ntouched = 0;

	if (!stored->known || !stored->ok || stored->key[0] != key[0] || stored->key[1] != key[1])
		return false;
	for (size_t i = 0; i < stored->ndep; i++) {
		bool touched = false;
		struct dep d = stored->deps[i];

		if (!dep_current(fr, &d, &touched))
			return false;
		if (touched)
			stored->deps[ntouched++] = d;
	}
	if (ntouched)
		store_touch_deps(store, name, stored->deps, ntouched);
	return true;
}

/* --- capture --------------------------------------------------------------------- */

/* What units_capture() and its callback share. */
struct capturing {
	const struct units *units;
	struct store *store;
	struct run_info *run;
	const struct capture_options *opt;
	size_t todo;
};

static void add_note(struct arena *a, struct unit_note *list, size_t *n, const char *file, const char *text)
{
	list[(*n)++] = (struct unit_note){.file = file, .text = arena_strdup(a, text)};
}

static void unit_captured(void *cookie, const struct captured *c)
{
	struct capturing *cap = cookie;
	const struct units *u = cap->units;
	const char *name = u->names[c->index];
	uint64_t key[2];

	capture_key(&u->commands, &u->commands.items[c->index], cap->opt, key);
	store_put_unit(cap->store, name, key, c);
	if (c->ok)
		cap->run->captured++;
	else
		add_note(u->arena, cap->run->failed, &cap->run->nfailed, name,
			 c->error ? c->error : "no reason given");
	if (c->ok && c->note)
		add_note(u->arena, cap->run->noted, &cap->run->nnoted, name, c->note);
	progress_at(cap->run->captured + cap->run->nfailed, cap->todo, name);
}

/* The wanted units that are not in the database as they are; counts the others. */
static size_t *find_stale(struct capturing *cap, bool no_cache, size_t *n)
{
	const struct units *u = cap->units;
	size_t *stale = ARENA_ARRAY(u->arena, size_t, u->nwanted);
	struct freshness fr = {.units = u};
	struct arena scratch;

	arena_init(&scratch);
	map_init(&fr.files);
	*n = 0;
	for (size_t i = 0; i < u->nwanted; i++) {
		const char *name = u->names[u->wanted[i]];
		struct stored_unit stored = {0};
		uint64_t key[2];

		arena_clear(&scratch);
		capture_key(&u->commands, &u->commands.items[u->wanted[i]], cap->opt, key);
		if (!no_cache)
			store_find_unit(cap->store, &scratch, name, &stored);
		if (!unit_current(&fr, cap->store, name, key, &stored)) {
			stale[(*n)++] = u->wanted[i];
			continue;
		}
		cap->run->cached++;
		if (stored.note)
			add_note(u->arena, cap->run->noted, &cap->run->nnoted, name, stored.note);
	}
	map_release(&fr.files);
	arena_release(&scratch);
	return stale;
}

static int by_file(const void *a, const void *b)
{
	return strcmp(((const struct unit_note *)a)->file, ((const struct unit_note *)b)->file);
}

void units_capture(const struct units *u, struct store *store, const struct options *opt,
		   struct run_info *run)
{
	struct capture_options how = {
		.clang = opt->clang, .jobs = opt->jobs, .timeout = opt->timeout,
		.marker_dir = opt->marker_dir, .extra_args = opt->extra.items, .extra_n = opt->extra.n,
	};
	struct capturing cap = {.units = u, .store = store, .run = run, .opt = &how};
	size_t *stale;

	run->wanted = u->nwanted;
	run->failed = ARENA_ARRAY(u->arena, struct unit_note, u->nwanted);
	run->noted = ARENA_ARRAY(u->arena, struct unit_note, u->nwanted);
	store_keep_units(store, u->names, u->commands.n);
	stale = find_stale(&cap, opt->no_cache, &cap.todo);
	progress_start("capture", cap.todo, opt->quiet);
	progress_at(0, cap.todo, NULL);
	if (cap.todo)
		run->interrupted = capture_run(&u->commands, stale, cap.todo, &how, unit_captured, &cap);
	progress_end();
	if (run->nfailed)
		qsort(run->failed, run->nfailed, sizeof(*run->failed), by_file);
	if (run->nnoted)
		qsort(run->noted, run->nnoted, sizeof(*run->noted), by_file);
}
