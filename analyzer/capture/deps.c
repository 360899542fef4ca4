// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dependency files (make rules, as clang -MD writes them) read into names, and the files hashed. Of a unit that fails
 * for want of a file the names are noted that this file could come under.
 *
 * What is remembered of a file is what it held when it was first needed in this run. If it changes later,
 * units read after that are recorded with the older hash and are captured again next time: that errs on
 * the safe side. The other way round is caught by its time.
 */
#include "capture/deps.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/path.h"
#include "base/view.h"
#include "capture/capture.h"
#include "capture/child.h"

void deps_init(struct deps *d, const char *marker_dir, const char *folder, const struct view *view)
{
	memset(d, 0, sizeof(*d));
	d->view = view;
	d->folder = folder;
	arena_init(&d->arena);
	map_init(&d->known);
	text_init(&d->content);
	d->markers = path_absolute(&d->arena, marker_dir, "markers.h");
}

void deps_release(struct deps *d)
{
	text_release(&d->content);
	map_release(&d->known);
	arena_release(&d->arena);
}

static const char *name_of(const struct command_list *list, const char *file)
{
	const char *name = path_inside(file, list->source_root);

	if (!name)
		name = path_inside(file, list->build);
	return name ? name : file;
}

/* clang cannot be kept from files that the view does not have: what was made from one is never current. */
static const struct dep *look_up_absent(struct deps *d, const struct command_list *list, const char *file)
{
	struct dep *dep = ARENA_NEW(&d->arena, struct dep);

	file = arena_strdup(&d->arena, file);
	dep->path = name_of(list, file);
	dep->size = DEP_NEVER;
	map_set(&d->known, file, dep);
	return dep;
}

/* Hash a file, or take what is known of it. NULL if it cannot be read. */
static const struct dep *look_up(struct deps *d, const struct command_list *list, const char *file)
{
	struct dep *dep = map_get(&d->known, file);
	const char *content = d->view ? view_content(d->view, file) : file;
	struct stat st;
	XXH128_hash_t hash;
	bool replaced;

	if (dep)
		return dep;
	text_clear(&d->content);
	if (!content)
		return look_up_absent(d, list, file);
	if (stat(content, &st) || text_read_file(&d->content, content))
		return NULL;
	hash = XXH3_128bits(text_str(&d->content), d->content.len);
	dep = ARENA_NEW(&d->arena, struct dep);
	replaced = content != file;
	file = arena_strdup(&d->arena, file);
	dep->path = name_of(list, file);
	dep->hash[0] = hash.low64;
	dep->hash[1] = hash.high64;
	dep->size = st.st_size;
	if (!replaced)	/* else there is no time of it */
		dep->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	map_set(&d->known, file, dep);
	return dep;
}

/* The next name in a make rule's list at *cursor, or false at its end. */
static bool next_name(const char **cursor, struct text *out)
{
	const char *p = *cursor;

	text_clear(out);
	while (*p == ' ' || *p == '\n' || *p == '\t' || (*p == '\\' && p[1] == '\n'))
		p += *p == '\\' ? 2 : 1;
	while (*p && *p != ' ' && *p != '\n' && !(*p == '\\' && p[1] == '\n')) {
		if ((*p == '\\' && (p[1] == ' ' || p[1] == '#')) || (*p == '$' && p[1] == '$'))
			p++;
		text_putc(out, *p++);
	}
	*cursor = p;
	return out->len > 0;
}

/* By name; where one is twice, what is never current and what was absent come first. */
static int dep_compare(const void *a, const void *b)
{
	const struct dep *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	if (order || (x->size >= 0 && y->size >= 0))
		return order;
	return (x->size > y->size) - (x->size < y->size);
}

struct gathering {
	struct deps *deps;
	struct arena *arena;
	const struct child *child;
	int64_t since_ns;
	struct captured *out;
	size_t cap;
	struct map folders;	/* of the files; for a lasting failure */
};

static struct dep *add(struct gathering *g, const struct dep *dep)
{
	struct captured *out = g->out;

	if (out->ndep == g->cap) {
		struct dep *more = ARENA_ARRAY(g->arena, struct dep, g->cap = g->cap ? 2 * g->cap : 512);

		if (out->ndep)
			memcpy(more, out->deps, sizeof(*more) * out->ndep);
		out->deps = more;
	}
	out->deps[out->ndep] = *dep;
	return &out->deps[out->ndep++];
}

static void gather(struct gathering *g, const char *name)
{
	const char *directory = g->child->cmd->directory;
	char *file = path_absolute(g->arena, directory, name);
	const struct dep *dep;
	struct dep *mine;

	if (!strcmp(file, g->deps->markers) || path_inside(file, g->deps->folder))
		return;
	dep = look_up(g->deps, g->child->list, file);
	if (!dep)	/* "..", behind a symbolic link: ask for the name as it is */
		dep = look_up(g->deps, g->child->list,
			      arena_printf(g->arena, "%s%s%s", name[0] == '/' ? "" : directory,
					   name[0] == '/' ? "" : "/", name));
	if (!dep)
		return;
	mine = add(g, dep);
	if (dep->size < 0 && g->out->ok) {
		g->out->ok = false;
		g->out->error = arena_printf(g->arena, "%s: it is read, but not part of what is checked (not staged?)",
					     dep->path);
	}
	if (mine->mtime_ns >= g->since_ns) {
		mine->size = DEP_NEVER;
		mine->hash[0] = mine->hash[1] = 0;
	}
	if (g->out->lasting)
		map_set(&g->folders, path_parent(g->arena, file), g);
}

/* The files that a dependency file lists, if it is there. */
static void gather_rule(struct gathering *g, const char *kind)
{
	struct text rule, name;
	const char *p = NULL;

	text_init(&rule);
	text_init(&name);
	if (!text_read_file(&rule, child_file(g->arena, g->child, kind)))
		p = strstr(text_str(&rule), ": ");
	for (p = p ? p + 1 : ""; next_name(&p, &name);)
		gather(g, text_str(&name));
	text_release(&name);
	text_release(&rule);
}

static bool has(const struct captured *unit, const char *path)
{
	for (size_t i = 0; i < unit->ndep; i++)
		if (!strcmp(unit->deps[i].path, path))
			return true;
	return false;
}

/*
 * clang did not find a file of this name. If one is there nevertheless, and it is not among those read, then it came
 * meanwhile, or is not looked for here, or cannot be read: it is not known what clang would do now.
 */
static void add_absent(struct gathering *g, const char *file)
{
	const struct view *view = g->deps->view;
	const char *content = view ? view_content(view, file) : file;
	struct dep dep = { .path = name_of(g->child->list, file), .size = DEP_ABSENT, .hash = { 1 } };

	if (path_is_file(content ? content : file)) {
		if (has(g->out, dep.path))
			return;
		dep.size = DEP_NEVER;
		dep.hash[0] = 0;
	}
	add(g, &dep);
}

/* It did not find that name in that folder. The plain name of one with ".." may be another place than clang looked at. */
static void gather_absent(struct gathering *g, const char *folder, const char *name)
{
	add_absent(g, path_absolute(g->arena, folder, name));
	if (name[0] != '/' && strstr(name, "../"))
		add_absent(g, arena_printf(g->arena, "%s/%s", folder, name));
}

/* What the child left of a file that is missing: its name, then folders. Those of the files read come on top. */
static void gather_missing(struct gathering *g)
{
	const char *directory = g->child->cmd->directory, *folder, *name;
	struct text said;
	char *rest;

	text_init(&said);
	text_read_file(&said, child_file(g->arena, g->child, "missing"));
	rest = arena_strdup(g->arena, text_str(&said));
	text_release(&said);
	name = strsep(&rest, "\n");
	if (!*name)
		return;
	while ((folder = strsep(&rest, "\n")) && *folder)
		map_set(&g->folders, path_absolute(g->arena, directory, folder), g);
	map_set(&g->folders, directory, g);
	for (size_t i = 0; i < g->folders.n; i++)
		gather_absent(g, g->folders.entries[i].key, name);
}

/* Each name once; as the two sorts of it when something was not there below one of the two folders it stands for. */
static void sort_out(struct captured *out)
{
	size_t kept = 0;

	qsort(out->deps, out->ndep, sizeof(*out->deps), dep_compare);
	for (size_t i = 0; i < out->ndep; i++) {
		const struct dep *last = kept ? &out->deps[kept - 1] : NULL, *dep = &out->deps[i];

		if (!last || strcmp(last->path, dep->path) || (last->size == DEP_ABSENT && dep->size != DEP_ABSENT))
			out->deps[kept++] = *dep;
	}
	out->ndep = kept;
}

void deps_read(struct deps *d, struct arena *a, const struct child *child, int64_t since_ns, struct captured *out)
{
	struct gathering g = { .deps = d, .arena = a, .child = child, .since_ns = since_ns, .out = out };
	const struct dep never = { .path = name_of(child->list, child->cmd->file), .size = DEP_NEVER };

	out->deps = NULL;
	out->ndep = 0;
	map_init(&g.folders);
	gather_rule(&g, "d");
	gather_rule(&g, "d2");
	if (!out->ndep)
		gather(&g, child->cmd->file);
	if (out->lasting)
		gather_missing(&g);
	else if (!out->ok)
		add(&g, &never);
	if (out->ndep)
		sort_out(out);
	map_release(&g.folders);
}
