// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which units a check is about, and bringing the database up to date with them. fresh.c knows which versions
 * in it are those of the tree. A unit that failed is tried again once a file changed or came that might mend it; what
 * is said of it is the same either way.
 */
#include "cli/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/message.h"
#include "base/path.h"
#include "base/text.h"
#include "base/view.h"
#include "cli/fresh.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "db/store.h"
#include "report/summary_report.h"

/* --- the database it goes to ----------------------------------------------------- */

static const char *resolved(struct arena *a, const char *path)
{
	char *real = realpath(path, NULL);
	const char *s = real ? arena_strdup(a, real) : path;

	free(real);
	return s;
}

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

/* The folder that the database is in. */
static const char *folder_of(struct arena *a, const char *db)
{
	char *cwd = getcwd(NULL, 0);
	const char *folder = path_parent(a, path_absolute(a, cwd ? cwd : "/", db));

	free(cwd);
	return folder;
}

const char *units_config(const struct units *u, const struct options *opt, const char *db)
{
	struct arena *a = u->arena;
	const char *name = way(a, resolved(a, folder_of(a, db)), resolved(a, u->commands.build));

	if (path_is_file(opt->build) && strcmp(path_base(opt->build), "compile_commands.json"))
		name = arena_printf(a, "%s/%s", name, path_base(opt->build));
	return name;
}

/* Is there a build by that name, as seen from where the database is? */
static bool is_build(struct arena *a, const char *db, const char *config)
{
	const char *build = path_absolute(a, folder_of(a, db), config);

	return path_is_file(build) || path_is_file(arena_printf(a, "%s/compile_commands.json", build));
}

/* A database that was copied here has its build under the name that it had there. */
static struct store *open_store(const struct units *u, const struct options *opt, const char *db)
{
	const char *config = units_config(u, opt, db);
	struct store *s = store_open(db, config);
	const char *other = store_other_config(s, u->arena);

	if (other && !is_build(u->arena, db, other))
		store_adopt_config(s, other, config);
	return s;
}

static void keep_commands(struct store *s, const struct command_list *list)
{
	struct text bytes;

	text_init(&bytes);
	commands_pack(list, &bytes);
	store_keep_commands(s, list->hash, bytes.s, bytes.len);
	text_release(&bytes);
}

struct store *units_open_store(struct units *u, const struct options *opt)
{
	struct store *s = u->store;

	u->store = NULL;
	if (!s)
		s = open_store(u, opt, opt->db ? opt->db : units_default_db(u));
	if (u->read && !u->commands.told)
		keep_commands(s, &u->commands);
	return s;
}

void units_release(struct units *u)
{
	if (u->store)
		store_close(u->store);
	u->store = NULL;
}

/* --- what was asked for ---------------------------------------------------------- */

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

/* The commands, from the database if there is one that has them: none is made before they are known to be good. */
static void read_commands(struct units *u, const struct options *opt)
{
	const char *db = opt->db ? opt->db : units_default_db(u);
	const void *kept = NULL;
	size_t n = 0;

	if (path_is_file(db)) {
		u->store = open_store(u, opt, db);
		kept = store_find_commands(u->store, u->arena, u->commands.hash, &n);
	}
	if (kept && commands_unpack(u->arena, kept, n, &u->commands))
		return;
	commands_read(u->arena, &u->commands);
	u->read = true;
}

void units_select(struct arena *a, const struct options *opt, struct units *out)
{
	memset(out, 0, sizeof(*out));
	out->arena = a;
	commands_find(a, opt->build, &out->commands);
	read_commands(out, opt);
	set_names(out);
	out->scope = ARENA_ARRAY(a, const char *, opt->paths.n);
	for (size_t i = 0; i < opt->paths.n; i++) {
		const char *path = opt->paths.items[i], *scope = find_scope(out, path);

		if (!scope) {
			units_release(out);
			die("no unit of this build is in %s: give a .c file or a folder, relative to the "
			    "current folder or to %s; for a header, give the units that include it; if it "
			    "is new to the build, run \"devscope compdb\" again", path,
			    out->commands.source_root);
		}
		out->scope[out->nscope++] = scope;
	}
	out->wanted = ARENA_ARRAY(a, size_t, out->commands.n);
	for (size_t i = 0; i < out->commands.n; i++)
		if (units_in_scope(out, out->names[i]))
			out->wanted[out->nwanted++] = i;
}

void units_select_part(struct units *u, int part, int parts)
{
	size_t n = 0;

	for (size_t i = 0; i < u->nwanted; i++) {
		const char *name = u->names[u->wanted[i]];

		if (XXH3_64bits(name, strlen(name)) % (unsigned int)parts == (unsigned int)part - 1)
			u->wanted[n++] = u->wanted[i];
	}
	u->nwanted = n;
}

void units_single(struct arena *a, int argc, char **argv, struct units *out)
{
	memset(out, 0, sizeof(*out));
	out->arena = a;
	commands_of_kbuild(a, argc, argv, &out->commands);
	set_names(out);
	out->wanted = ARENA_ARRAY(a, size_t, 1);
	out->nwanted = 1;
}

bool units_has(const struct units *u, const char *file)
{
	for (size_t i = 0; i < u->commands.n; i++)
		if (!strcmp(u->names[i], file))
			return true;
	return false;
}

bool units_in_scope(const struct units *u, const char *file)
{
	for (size_t i = 0; i < u->nscope; i++)
		if (file && is_under(file, u->scope[i]))
			return true;
	return !u->nscope;
}

/* --- what a change is about ------------------------------------------------------ */

size_t units_select_changed(struct units *u, const struct fresh *f, const struct map *changed)
{
	struct map made;
	size_t n = 0;

	map_init(&made);
	fresh_made_from(f, changed, &made);
	for (size_t i = 0; i < u->nwanted; i++) {
		const char *name = u->names[u->wanted[i]];

		if (map_get(&made, name) || map_get(changed, name))
			u->wanted[n++] = u->wanted[i];
	}
	map_release(&made);
	return u->nwanted = n;
}

/* --- capture --------------------------------------------------------------------- */

/* What units_capture() and its callback share. */
struct capturing {
	const struct units *units;
	struct store *store;
	struct run_info *run;
	const struct capture_options *opt;
	int64_t *ids;		/* per command: the unit captured now; 0 */
	size_t todo, done;
};

static void add_note(struct arena *a, struct unit_note *list, size_t *n, const char *file, const char *text)
{
	list[(*n)++] = (struct unit_note){.file = file, .text = arena_strdup(a, text)};
}

static void note_failed(struct capturing *cap, const char *file, const char *error)
{
	add_note(cap->units->arena, cap->run->failed, &cap->run->nfailed, file, error ? error : "no reason given");
}

static void take_unit(struct capturing *cap, const struct captured *c)
{
	const struct units *u = cap->units;
	const char *name = u->names[c->index];
	uint64_t key[2];

	capture_key(&u->commands, &u->commands.items[c->index], cap->opt, key);
	cap->ids[c->index] = store_put_unit(cap->store, name, key, c);
	cap->run->pch += c->pch;
	if (c->ok)
		cap->run->captured++;
	else
		note_failed(cap, name, c->error);
	if (c->ok && c->note)
		add_note(u->arena, cap->run->noted, &cap->run->nnoted, name, c->note);
	progress_at(++cap->done, cap->todo, name);
}

static void units_captured(void *cookie, const struct captured *units, size_t n)
{
	struct capturing *cap = cookie;

	store_begin_units(cap->store);
	for (size_t i = 0; i < n; i++)
		take_unit(cap, &units[i]);
	store_end_units(cap->store);
}

/* The wanted units that the view has, and the database not as they are there; counts the others. */
static size_t *find_stale(struct capturing *cap, const struct fresh *f, const struct view *view, bool no_cache)
{
	const struct units *u = cap->units;
	size_t *stale = ARENA_ARRAY(u->arena, size_t, u->nwanted);

	for (size_t i = 0; i < u->nwanted; i++) {
		const struct command *cmd = &u->commands.items[u->wanted[i]];
		const char *name = u->names[u->wanted[i]];
		const struct stored_unit *known = NULL, *failed = NULL;
		uint64_t key[2];

		if (!view_content(view, cmd->file))
			continue;
		cap->run->wanted++;
		capture_key(&u->commands, cmd, cap->opt, key);
		if (!no_cache)
			known = fresh_current(f, name, key);
		if (!no_cache && !known)
			failed = fresh_failed(f, name, key);
		if (failed) {
			note_failed(cap, name, failed->error);
			continue;
		}
		if (!known) {
			stale[cap->todo++] = u->wanted[i];
			continue;
		}
		cap->ids[u->wanted[i]] = known->id;
		cap->run->cached++;
		if (known->note)
			add_note(u->arena, cap->run->noted, &cap->run->nnoted, name, known->note);
	}
	return stale;
}

/*
 * The program: of each wanted unit what was captured or found, of each other one what the database has of the view,
 * or else whatever it has.
 */
static void make_program(const struct capturing *cap, const struct fresh *f, const struct view *view,
			 const bool *wanted, struct id_list *out)
{
	const struct units *u = cap->units;

	out->ids = ARENA_ARRAY(u->arena, int64_t, u->commands.n);
	for (size_t i = 0; i < u->commands.n; i++) {
		const struct stored_unit *known = NULL;
		int64_t id = cap->ids[i];

		if (!wanted[i] && view_content(view, u->commands.items[i].file)) {
			known = fresh_current(f, u->names[i], NULL);
			if (!known)
				known = fresh_any(f, u->names[i]);
		}
		if (known)
			id = known->id;
		if (id)
			out->ids[out->n++] = id;
	}
}

static int by_file(const void *a, const void *b)
{
	return strcmp(((const struct unit_note *)a)->file, ((const struct unit_note *)b)->file);
}

void units_capture(const struct units *u, const struct fresh *f, const struct view *view,
		   const struct options *opt, struct run_info *run, struct id_list *program)
{
	struct capture_options how = {
		.clang = opt->clang, .jobs = opt->jobs, .timeout = opt->timeout, .view = view,
		.marker_dir = opt->marker_dir, .extra_args = opt->extra.items, .extra_n = opt->extra.n,
		.launcher = opt->launcher, .no_pch = opt->no_pch,
	};
	struct capturing cap = {.units = u, .store = f->store, .run = run, .opt = &how};
	bool *wanted = ARENA_ARRAY(u->arena, bool, u->commands.n);
	size_t *stale;

	cap.ids = ARENA_ARRAY(u->arena, int64_t, u->commands.n);
	run->failed = ARENA_ARRAY(u->arena, struct unit_note, u->nwanted);
	run->noted = ARENA_ARRAY(u->arena, struct unit_note, u->nwanted);
	for (size_t i = 0; i < u->nwanted; i++)
		wanted[u->wanted[i]] = true;
	stale = find_stale(&cap, f, view, opt->no_cache);
	progress_start("capture", cap.todo, opt->quiet);
	progress_at(0, cap.todo, NULL);
	if (cap.todo)
		run->interrupted = capture_run(&u->commands, stale, cap.todo, &how, units_captured, &cap);
	progress_end();
	if (run->nfailed)
		qsort(run->failed, run->nfailed, sizeof(*run->failed), by_file);
	if (run->nnoted)
		qsort(run->noted, run->nnoted, sizeof(*run->noted), by_file);
	make_program(&cap, f, view, wanted, program);
}

void units_refresh(const struct units *u, struct store *store, const struct view *view, const struct options *opt,
		   struct run_info *run, struct id_list *program)
{
	struct fresh fresh;

	fresh_look(&fresh, u->arena, store, &u->commands, view);
	units_capture(u, &fresh, view, opt, run, program);
	fresh_release(&fresh);
}
