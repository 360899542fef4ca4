// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dependency files (make rules, as clang -MD writes them) read into names, and the files hashed.
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
	dep->size = -1;
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

static int dep_compare(const void *a, const void *b)
{
	return strcmp(((const struct dep *)a)->path, ((const struct dep *)b)->path);
}

struct gathering {
	struct deps *deps;
	struct arena *arena;
	const struct command_list *list;
	const struct command *cmd;
	int64_t since_ns;
	struct captured *out;
	size_t cap;
};

static void gather(struct gathering *g, const char *name)
{
	char *file = path_absolute(g->arena, g->cmd->directory, name);
	const struct dep *dep;
	struct dep *mine;

	if (!strcmp(file, g->deps->markers) || path_inside(file, g->deps->folder))
		return;
	dep = look_up(g->deps, g->list, file);
	if (!dep)	/* "..", behind a symbolic link: ask for the name as it is */
		dep = look_up(g->deps, g->list,
			      arena_printf(g->arena, "%s%s%s", name[0] == '/' ? "" : g->cmd->directory,
					   name[0] == '/' ? "" : "/", name));
	if (!dep)
		return;
	if (g->out->ndep == g->cap) {
		struct dep *more = ARENA_ARRAY(g->arena, struct dep, g->cap = g->cap ? 2 * g->cap : 512);

		if (g->out->ndep)
			memcpy(more, g->out->deps, sizeof(*more) * g->out->ndep);
		g->out->deps = more;
	}
	mine = &g->out->deps[g->out->ndep++];
	*mine = *dep;
	if (dep->size < 0 && g->out->ok) {
		g->out->ok = false;
		g->out->error = arena_printf(g->arena, "%s: it is read, but not part of what is checked (not staged?)",
					     dep->path);
	}
	if (mine->mtime_ns >= g->since_ns) {
		mine->size = -1;
		mine->hash[0] = mine->hash[1] = 0;
	}
}

static void sort_out(struct captured *out)
{
	size_t kept = 0;

	qsort(out->deps, out->ndep, sizeof(*out->deps), dep_compare);
	for (size_t i = 0; i < out->ndep; i++)
		if (!kept || strcmp(out->deps[kept - 1].path, out->deps[i].path))
			out->deps[kept++] = out->deps[i];
	out->ndep = kept;
}

void deps_read(struct deps *d, struct arena *a, const struct command_list *list, const struct command *cmd,
	       const char *depfile, int64_t since_ns, struct captured *out)
{
	struct gathering g = { d, a, list, cmd, since_ns, out, 0 };
	struct text rule, name;
	const char *p = NULL;

	out->deps = NULL;
	out->ndep = 0;
	text_init(&rule);
	text_init(&name);
	if (!text_read_file(&rule, depfile))
		p = strstr(text_str(&rule), ": ");
	for (p = p ? p + 1 : ""; next_name(&p, &name);)
		gather(&g, text_str(&name));
	if (!out->ndep)
		gather(&g, cmd->file);
	if (out->ndep)
		sort_out(out);
	text_release(&name);
	text_release(&rule);
}
